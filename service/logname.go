package service

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// The logs that are always there.
const (
	logSystem      = "System"
	logSecurity    = "Security"
	logApplication = "Application"
)

var standardLogs = [...]string{logApplication, logSecurity, logSystem}

// isStandardLog says whether a log is one of those that are always there.
func isStandardLog(name string) bool {
	for _, s := range standardLogs {
		if eventlog.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// Limits of names.
const (
	maxLogName = 255 // UTF-16 units, as of the registry key that a log is on Windows

	// maxFileName is for the name of a log's or backup's file, in bytes. File
	// systems allow 255; the rest is for what stands beside such a file.
	maxFileName = 235
)

// evtExt is the end of every log's file name, and of nothing else in a data
// directory.
const evtExt = ".evt"

// checkLogName says what is wrong with a name for a log. It has 1 to 255 UTF-16
// units and a file name of at most 235 bytes, no control characters, none of
// \ " < > | * ? and :, and neither begins nor ends with a space or dot. Slashes
// part it as in the channels of Windows; no part is empty, "." or "..". Errors
// wrap ErrInvalid or ErrTooLarge.
func checkLogName(name string) error {
	if n := nt.UTF16Len(name) / 2; n > maxLogName {
		return fmt.Errorf("log name %s: %d characters, at most %d: %w", quote.Short(name), n, maxLogName, eventlog.ErrTooLarge)
	}
	flaw := nameFlaw(name, `\"<>|*?:`)
	if flaw == "" {
		for part := range strings.SplitSeq(name, "/") {
			switch part {
			case "":
				flaw = "has nothing before, between or behind slashes"
			case ".", "..":
				flaw = "has the part " + strconv.Quote(part)
			}
		}
	}
	if flaw != "" {
		return fmt.Errorf("log name %s %s: %w", quote.Short(name), flaw, eventlog.ErrInvalid)
	}
	if n := len(fileName(name)); n > maxFileName {
		return fmt.Errorf("log name %s: its file name has %d bytes, at most %d: %w", quote.Short(name), n, maxFileName, eventlog.ErrTooLarge)
	}
	return nil
}

// nameFlaw is what is wrong with a name that may have none of the characters of
// forbidden, "" if nothing is.
func nameFlaw(name, forbidden string) string {
	if name == "" {
		return "is empty"
	}
	if !utf8.ValidString(name) {
		return "is not valid UTF-8"
	}
	for _, r := range name {
		switch {
		case unicode.IsControl(r):
			return fmt.Sprintf("has the control character %U", r)
		case strings.ContainsRune(forbidden, r):
			return "has the character " + quote.Short(string(r))
		}
	}
	first, _ := utf8.DecodeRuneInString(name)
	last, _ := utf8.DecodeLastRuneInString(name)
	switch {
	case first == '.', unicode.IsSpace(first):
		return "begins with a dot or space"
	case last == '.', unicode.IsSpace(last):
		return "ends with a dot or space"
	}
	return ""
}

// fileName is the name of a log's file, and logNameOf its inverse. A file name is
// ASCII, so that no file system's idea of Unicode counts: letters, digits and
// punctuation stand for themselves, a slash is %4 as on Windows, and a per cent
// sign and every byte of a character that is not ASCII are % and two hexadecimal
// digits in capitals. (Nothing that is written so begins with a 4.) A name that
// Windows takes for a device, as CON, has %_ before it. ".evt" ends it.
//
// Two names whose file names differ in case only are the same log. The inverse
// does not hold: "É" and "é" are one log and would be two files, so a file's name
// is always made of the log's name as the catalogue has it.
func fileName(log string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(log)+len(evtExt)+8)
	if nt.IsDevice(log) {
		b = append(b, "%_"...)
	}
	for i := 0; i < len(log); i++ {
		switch c := log[i]; {
		case c == '/':
			b = append(b, "%4"...)
		case c == '%', c >= utf8.RuneSelf:
			b = append(b, '%', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(append(b, evtExt...))
}

// logNameOf is the log whose file has the name; ok is false for every name that
// fileName does not give, and for those of names that no log may have.
func logNameOf(file string) (name string, ok bool) {
	rest, ok := strings.CutSuffix(file, evtExt)
	if !ok {
		return "", false
	}
	rest = strings.TrimPrefix(rest, "%_")
	b := make([]byte, 0, len(rest))
	for i := 0; i < len(rest); i++ {
		if rest[i] != '%' {
			b = append(b, rest[i])
			continue
		}
		if strings.HasPrefix(rest[i+1:], "4") {
			b = append(b, '/')
			i++
			continue
		}
		if i+2 >= len(rest) {
			return "", false
		}
		c, err := strconv.ParseUint(rest[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	name = string(b)
	if checkLogName(name) != nil || fileName(name) != file {
		return "", false
	}
	return name, true
}

// backupName is the name of the file in the backup directory that a caller means
// by s: s itself, with .evt behind it if it has no extension. It is a bare name:
// what could lead out of the directory, or to something else than a new plain
// file that everybody sees, is an error that wraps ErrBackupName.
func backupName(s string) (string, error) {
	bad := func(flaw string) (string, error) {
		return "", fmt.Errorf("backup name %s %s: %w", quote.Short(s), flaw, eventlog.ErrBackupName)
	}
	if strings.ContainsAny(s, `/\:`) {
		return bad("is not a bare file name: backups lie in the backup directory of the server")
	}
	if flaw := nameFlaw(s, `"<>|*?`); flaw != "" {
		return bad(flaw)
	}
	name := s
	if !strings.Contains(name, ".") {
		name += evtExt
	}
	switch {
	case len(name) > maxFileName:
		return bad(fmt.Sprintf("has %d bytes, at most %d", len(name), maxFileName))
	case nt.IsDevice(name):
		return bad("is a device's name on Windows")
	}
	return name, nil
}
