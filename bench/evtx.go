package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
	"netelf.example/render"
)

// evtxEnv makes the program one that reads the .evtx file it is given, in the way
// that the value says: a process of its own, as its peers are.
const evtxEnv = "NETELF_BENCH_EVTX"

// benchEvtx repeats the chunks of real logs, with new numbers and right checksums,
// and has every program read them.
func benchEvtx(w io.Writer, work string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Another process makes the files: what it needs of memory would be told of all
	// that this one starts.
	made := exec.Command(self, fmt.Sprintf("-size=%d", *small), work)
	made.Env = append(os.Environ(), evtxEnv+"=make")
	made.Stderr = os.Stderr
	out, err := made.Output()
	if err != nil {
		return fmt.Errorf("make .evtx files: %w", err)
	}
	one, short := file{path: filepath.Join(work, "one.evtx")}, file{path: filepath.Join(work, "short.evtx")}
	about, numbers, _ := strings.Cut(string(out), "\n")
	if _, err := fmt.Sscan(numbers, &one.bytes, &one.records, &short.bytes, &short.records); err != nil {
		return fmt.Errorf("make .evtx files: %w", err)
	}
	fmt.Fprintf(w, "\n%s\n", about)
	core := []string{"taskset", "-c", "0"}
	us := func(name, how string, prefix []string, f file) *program {
		return &program{name: name, args: slices.Concat(prefix, []string{"env", evtxEnv + "=" + how, self, f.path}), in: f}
	}
	them := func(name string, f file, args ...string) *program {
		return &program{name: name, args: slices.Concat(core, args, []string{f.path}), in: f}
	}
	for _, part := range []struct {
		title    string
		programs []*program
	}{
		{"all events, one core; ratio to Rust's evtx", []*program{
			them("evtx_dump (Rust), json", one, "evtx_dump", "-t", "1", "-o", "jsonl"),
			them("evtx_dump, json, with checksums", one, "evtx_dump", "-t", "1", "--validate-checksums", "-o", "jsonl"),
			us("netelf, json", "json", core, one),
			us("netelf, json, without checksums", "json,noverify", core, one),
			them("evtx_dump (Rust), xml", one, "evtx_dump", "-t", "1", "-o", "xml"),
			us("netelf, the events' own xml", "xml", core, one),
		}},
		{"all events as json, all cores; ratio to Rust's evtx", []*program{
			{name: "evtx_dump (Rust)", args: []string{"evtx_dump", "-o", "jsonl", one.path}, in: one},
			us("netelf", "json,parallel", nil, one),
		}},
		{"a selection that matches nothing, one core; ratio to cat", []*program{
			them("cat", one, "cat"),
			us("netelf, none by id", "id", core, one),
			us("netelf, none by source", "source", core, one),
			us("netelf, none by time", "time", core, one),
			us("netelf, none by a name", "named", core, one),
		}},
		{"one MiB, all events as xml, one core; ratio to evtxexport", []*program{
			them("evtxexport (libevtx)", short, "evtxexport", "-f", "xml"),
			them("python-evtx", short, "python3", "-c", pythonEvtx),
			us("netelf, the events' own xml", "xml", core, short),
		}},
	} {
		if err := compare(w, part.title, part.programs); err != nil {
			return err
		}
	}
	return nil
}

// makeAll makes the files, and says of what and how large.
func makeAll(w io.Writer, work string) error {
	chunks, from, err := evtxChunks("*.evtx")
	if err != nil {
		return err
	}
	// Not everybody reads all of them: these everybody does.
	plain, _, err := evtxChunks("security.evtx")
	if err != nil {
		return err
	}
	one, err := makeEvtx(filepath.Join(work, "one.evtx"), chunks, int64(*small)<<20)
	if err != nil {
		return err
	}
	short, err := makeEvtx(filepath.Join(work, "short.evtx"), plain, 1<<20)
	fmt.Fprintf(w, "%d different chunks of %s, repeated\n%d %d %d %d\n", len(chunks), from, one.bytes, one.records, short.bytes, short.records)
	return err
}

// pythonEvtx has python-evtx print the XML of all records.
const pythonEvtx = "import sys, Evtx.Evtx as e\nwith e.Evtx(sys.argv[1]) as log:\n for r in log.records(): print(r.xml())"

// evtxChunks are chunks of real logs whose checksums are right, or where there are
// none at hand of events that are made.
func evtxChunks(pattern string) (chunks [][]byte, from string, err error) {
	dir := os.Getenv("NETELF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "shared", "corpus")
	}
	from = "real logs"
	names, err := filepath.Glob(filepath.Join(dir, "evtx", pattern))
	if err != nil {
		return nil, "", err
	}
	var files [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, "", err
		}
		files = append(files, b)
	}
	if len(files) == 0 {
		from = "events that were made for it (NETELF_CORPUS has no real logs)"
		var events []*eventlog.Event
		for i := range 5000 {
			e := logtest.Realistic(i)
			e.RecordNumber = uint64(i + 1)
			events = append(events, e)
		}
		b, err := new(logtest.EVTX).Bytes(events)
		if err != nil {
			return nil, "", err
		}
		files = append(files, b)
	}
	for _, b := range files {
		for at := evtx.HeaderBlockSize; at+evtx.ChunkSize <= len(b); at += evtx.ChunkSize {
			c := b[at : at+evtx.ChunkSize]
			var h evtx.ChunkHeader
			if h.UnmarshalBinary(c) != nil {
				continue
			}
			if header, data := h.Checksums(c); header == h.Checksum && data == h.DataChecksum && h.FirstRecordID <= h.LastRecordID {
				chunks = append(chunks, c)
			}
		}
	}
	return chunks, from, nil
}

// makeEvtx writes a clean file of about so many bytes.
func makeEvtx(name string, chunks [][]byte, size int64) (f file, err error) {
	out, err := os.Create(name)
	if err != nil {
		return f, err
	}
	defer func() {
		if e := out.Close(); err == nil {
			err = e
		}
	}()
	next, n := uint64(1), int64(0)
	for ; evtx.HeaderBlockSize+n*evtx.ChunkSize < size; n++ {
		c := slices.Clone(chunks[n%int64(len(chunks))])
		if next, err = renumber(c, next); err != nil {
			return f, err
		}
		if _, err := out.WriteAt(c, evtx.HeaderBlockSize+n*evtx.ChunkSize); err != nil {
			return f, err
		}
	}
	h := evtx.FileHeader{LastChunk: uint64(n - 1), NextRecordID: next, Chunks: uint16(n)}
	head, err := h.AppendBinary(nil)
	if err != nil {
		return f, err
	}
	_, err = out.WriteAt(head, 0)
	return file{name, evtx.HeaderBlockSize + n*evtx.ChunkSize, int64(next - 1)}, err
}

// renumber gives the records of a chunk numbers from first on, and makes its
// checksums right.
func renumber(c []byte, first uint64) (next uint64, err error) {
	var h evtx.ChunkHeader
	if err := h.UnmarshalBinary(c); err != nil {
		return 0, err
	}
	next = first
	for at := evtx.ChunkDataOffset; at+evtx.MinRecordSize <= int(h.FreeSpaceOffset); next++ {
		binary.LittleEndian.PutUint64(c[at+8:], next)
		at += max(evtx.MinRecordSize, int(binary.LittleEndian.Uint32(c[at+4:])))
	}
	h.FirstRecordNumber, h.LastRecordNumber, h.FirstRecordID, h.LastRecordID = first, next-1, first, next-1
	_, h.DataChecksum = h.Checksums(c)
	for range 2 { // the second time with the checksum of the first
		b, err := h.AppendBinary(nil)
		if err != nil {
			return 0, err
		}
		copy(c, b)
		h.Checksum, _ = h.Checksums(c)
	}
	return next, nil
}

// runEvtx reads a file in one way.
func runEvtx(how, name string) error {
	opts := &evtx.Options{Origin: &eventlog.Origin{Log: name}}
	sel := new(eventlog.Selection)
	format := render.JSON
	switch how {
	case "make":
		return makeAll(os.Stdout, name)
	case "json":
	case "json,noverify":
		opts.NoVerify = true
	case "json,parallel":
		opts.Parallel = runtime.GOMAXPROCS(0)
	case "xml":
		sel.Want = eventlog.FieldXML.Bit()
	case "id":
		sel.Where = eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 65001)
	case "source":
		sel.Where = eventlog.TextTerm(eventlog.FieldSource, eventlog.Eq, "no such source")
	case "time":
		sel.Where = eventlog.RangeTerm(eventlog.FieldTimeGenerated, 0, 1)
	case "named":
		sel.Where = eventlog.NamedTerm(eventlog.FieldNamed, "TargetUserName", eventlog.Eq, "no such user")
	default:
		return fmt.Errorf("no way to read called %q", how)
	}
	r, err := evtx.Open(name, opts)
	if err != nil {
		return err
	}
	defer r.Close()
	ctx := context.Background()
	c, err := r.Read(ctx, sel)
	if err != nil {
		return err
	}
	defer c.Close()
	w, err := render.New(os.Stdout, format, nil)
	if err != nil {
		return err
	}
	text := bufio.NewWriterSize(os.Stdout, 64<<10)
	var e eventlog.Event
	for {
		err := c.Next(ctx, &e)
		if err == io.EOF {
			return errors.Join(w.Close(), text.Flush())
		}
		if err != nil {
			return err
		}
		if how == "xml" {
			_, err = text.WriteString(e.Extra.XML)
		} else {
			err = w.Write(&e)
		}
		if err != nil {
			return err
		}
	}
}
