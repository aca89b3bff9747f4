//go:build windows

// Formatmessage calls FormatMessageW for each line of its input: a message text in
// Go's quotes and the arguments, all parted by tabs, an argument being a quoted
// string or a number; or the word system and the number of a message of the system,
// in US English. It prints the quoted result, or "error" and the number. It
// is for Windows, or Wine.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

const (
	ignoreInserts = 0x200
	fromString    = 0x400
	fromSystem    = 0x1000
	argumentArray = 0x2000
)

func main() {
	call := syscall.NewLazyDLL("kernelbase.dll").NewProc("FormatMessageW")
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	w := bufio.NewWriter(os.Stdout)
	empty := utf16("")
	out := make([]uint16, 1<<16)
	for in.Scan() {
		fields := strings.Split(in.Text(), "\t")
		if fields[0] == "system" {
			id, err := strconv.ParseUint(fields[1], 10, 32)
			if err != nil {
				panic(err)
			}
			n, _, err := call.Call(fromSystem|ignoreInserts, 0, uintptr(id), 0x409, uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)), 0)
			put(w, out[:n], err)
			continue
		}
		text := utf16(unquote(fields[0]))
		keep := [][]uint16{text, empty}
		var args [128]uintptr
		for i := range args {
			args[i] = uintptr(unsafe.Pointer(&empty[0]))
		}
		for i, a := range fields[1:] {
			if a[0] == '"' {
				s := utf16(unquote(a))
				keep = append(keep, s)
				args[i] = uintptr(unsafe.Pointer(&s[0]))
				continue
			}
			n, err := strconv.ParseInt(a, 10, 64)
			if err != nil {
				panic(err)
			}
			args[i] = uintptr(n)
		}
		n, _, err := call.Call(fromString|argumentArray, uintptr(unsafe.Pointer(&text[0])), 0, 0,
			uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)), uintptr(unsafe.Pointer(&args[0])))
		put(w, out[:n], err)
		runtime.KeepAlive(keep)
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
}

// put writes a result, or the error if there is none.
func put(w io.Writer, out []uint16, err error) {
	if len(out) == 0 {
		fmt.Fprintf(w, "error %d\n", err)
	} else {
		fmt.Fprintf(w, "%q\n", syscall.UTF16ToString(out))
	}
}

func utf16(s string) []uint16 {
	u, err := syscall.UTF16FromString(s)
	if err != nil {
		panic(err)
	}
	return u
}

func unquote(s string) string {
	u, err := strconv.Unquote(s)
	if err != nil {
		panic(err)
	}
	return u
}
