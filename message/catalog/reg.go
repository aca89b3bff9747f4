package catalog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

// Limits of an export of the registry.
const (
	MaxReg      = 256 << 20 // bytes
	MaxRegValue = 1 << 16   // characters of a value as it is written
)

// RegError is something wrong in an export of the registry. Line counts from 1.
type RegError struct {
	Line int
	Err  error
}

func (e *RegError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *RegError) Unwrap() error { return e.Err }

// RegErrors are what is wrong in an export, in the order of the lines: the first
// message.MaxErrors.
type RegErrors []*RegError

func (es RegErrors) Error() string {
	switch len(es) {
	case 0:
		return "no errors"
	case 1:
		return es[0].Error()
	}
	return fmt.Sprintf("%v (and %d more)", es[0], len(es)-1)
}

// Unwrap gives each of them.
func (es RegErrors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// ParseReg reads the sources out of an export of the registry, a .reg file of
// version 5.00 in UTF-16 or UTF-8, or REGEDIT4. It takes the keys
//
//	…\Services\EventLog\LOG\SOURCE
//	…\WINEVT\Publishers\{GUID}
//
// of any control set, the current one before the others, and of them the values that
// speak of message files. A publisher becomes a source without a log, whose last
// message file is the one with its manifest. Sources that name neither a file nor a
// provider are left out. The list is sorted by log and name. An error of type RegErrors speaks of lines, and the rest was
// read all the same; any other is one of r, or says that it is no such export.
func ParseReg(r io.Reader) ([]Source, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxReg+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxReg {
		return nil, fmt.Errorf("registry export: %w", over("bytes or more", MaxReg+1, MaxReg))
	}
	text, ok := nt.FileText(b)
	if !ok { // the code page of the machine that wrote it
		text = ansi(b)
	}
	p := &regParser{text: text, registered: newRegistered()}
	b = nil
	if err := p.parse(); err != nil {
		return nil, err
	}
	list := p.list()
	if p.errs != nil {
		return list, p.errs
	}
	return list, nil
}

// ansi decodes code page 1252, piece by piece: package message ends a text at a NUL.
func ansi(b []byte) string {
	var out []byte
	for len(b) > 0 {
		if b[0] == 0 {
			out, b = append(out, 0), b[1:]
			continue
		}
		n := slices.Index(b, 0)
		if n < 0 {
			n = len(b)
		}
		out = message.Text{Raw: b[:n], Lang: message.English}.Append(out)
		b = b[n:]
	}
	return string(out)
}

type regParser struct {
	text string // what is left
	line int    // of the line that was read last
	v4   bool   // REGEDIT4: hex data are ANSI

	registered
	errs RegErrors
}

func (p *regParser) bad(line int, err error) {
	if len(p.errs) < message.MaxErrors {
		p.errs = append(p.errs, &RegError{line, err})
	}
}

// next is the next line, without its end.
func (p *regParser) next() (string, bool) {
	if p.text == "" {
		return "", false
	}
	p.line++
	s, rest, _ := strings.Cut(p.text, "\n")
	p.text = rest
	return strings.TrimSuffix(s, "\r"), true
}

func (p *regParser) parse() error {
	head := ""
	for ok := true; ok && head == ""; {
		head, ok = p.next()
		head = strings.TrimSpace(head)
	}
	switch {
	case head == "REGEDIT4":
		p.v4 = true
	case head != "Windows Registry Editor Version 5.00":
		return fmt.Errorf("registry export: line %d: have %q, want \"Windows Registry Editor Version 5.00\" or \"REGEDIT4\"", p.line, clip(head))
	}
	for {
		s, ok := p.next()
		if !ok {
			return nil
		}
		s = strings.TrimSpace(s)
		switch {
		case s == "" || s[0] == ';':
		case s[0] == '[':
			p.begin(s)
		default:
			p.value(s)
		}
	}
}

// begin is the line of a key.
func (p *regParser) begin(s string) {
	p.source = nil
	if len(s) > MaxPath || s[len(s)-1] != ']' {
		p.bad(p.line, fmt.Errorf("key %q: no ] at its end, or more than %d bytes", clip(s), MaxPath))
		return
	}
	s = s[1 : len(s)-1]
	if strings.HasPrefix(s, "-") {
		return // a key that the export deletes
	}
	if err := p.enter(strings.Split(s, `\`)); err != nil {
		p.bad(p.line, err)
	}
}

// value is the line of a value, and those that it goes on in.
func (p *regParser) value(s string) {
	line := p.line
	name, rest := "", ""
	switch {
	case s[0] == '@':
		rest = s[1:]
	case s[0] == '"':
		var err error
		if name, rest, err = p.quoted(s); err != nil {
			p.bad(line, fmt.Errorf("name of a value: %w", err))
			return
		}
	default:
		if p.source != nil {
			p.bad(line, fmt.Errorf("%q is no key, value or comment", clip(s)))
		}
		return
	}
	rest, ok := strings.CutPrefix(strings.TrimSpace(rest), "=")
	if !ok {
		p.bad(line, fmt.Errorf("value %q: no = behind its name", clip(name)))
		return
	}
	rest = strings.TrimSpace(rest)
	data, err := p.data(rest)
	if p.source == nil {
		return // not ours, however it is
	}
	if err == nil {
		err = p.set(name, data)
	}
	if err != nil {
		if name == "" {
			name = "@"
		}
		p.bad(line, fmt.Errorf("value %q: %w", clip(name), err))
	}
}

// quoted is the string at the beginning of s, which may go on in the lines below, and
// what is behind it.
func (p *regParser) quoted(s string) (text, rest string, err error) {
	var b strings.Builder
	for i := 1; ; i++ {
		for i >= len(s) { // a line end in the string
			more, ok := p.next()
			if !ok {
				return "", "", errors.New("a string without an end")
			}
			s, i = more, 0
			b.WriteByte('\n')
		}
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			if i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
		if b.Len() > MaxRegValue {
			return "", "", over("characters or more", MaxRegValue+1, MaxRegValue)
		}
	}
}

// data parses the data of a value. Kinds that no value of ours has are none.
func (p *regParser) data(s string) (d regData, err error) {
	switch {
	case s == "-":
		d.gone = true
		return d, nil
	case strings.HasPrefix(s, `"`):
		text, rest, err := p.quoted(s)
		if rest = strings.TrimSpace(rest); err == nil && rest != "" && rest[0] != ';' {
			err = fmt.Errorf("%q behind its end", clip(rest))
		}
		d.texts, d.isText = []string{text}, true
		return d, err
	}
	kind, rest, ok := strings.Cut(s, ":")
	if !ok {
		return d, fmt.Errorf("%q is no data", clip(s))
	}
	switch kind = eventlog.Fold(strings.TrimSpace(kind)); kind {
	case "dword":
		rest, _, _ = strings.Cut(rest, ";")
		d.number, err = strconv.ParseUint(strings.TrimSpace(rest), 16, 32)
		if err != nil {
			err = fmt.Errorf("dword %q: not a number of 32 bits", clip(rest))
		}
		return d, err
	}
	b, err := p.hex(rest)
	if err != nil {
		return d, err
	}
	switch kind {
	case "hex(1)", "hex(2)", "hex(7)":
		d.isText = true
		text := ""
		if p.v4 {
			text = ansi(b)
		} else {
			if len(b)%2 != 0 {
				return d, fmt.Errorf("%d bytes of UTF-16", len(b))
			}
			text = nt.UTF8(b)
		}
		d.texts = strings.Split(text, "\x00")
		if kind != "hex(7)" {
			d.texts = d.texts[:1]
		}
		d.texts = slices.DeleteFunc(d.texts, func(s string) bool { return s == "" })
	case "hex(4)":
		if len(b) != 4 {
			return d, fmt.Errorf("%d bytes, want 4", len(b))
		}
		d.number = uint64(binary.LittleEndian.Uint32(b))
	case "hex", "hex(3)", "hex(b)", "hex(0)", "hex(5)", "hex(6)", "hex(8)", "hex(9)", "hex(a)":
		d.gone = true
	default:
		return d, fmt.Errorf("%q is no kind of data", clip(kind))
	}
	return d, nil
}

// hex parses bytes in hexadecimal, separated by commas; a backslash at the end of a
// line says that they go on below.
func (p *regParser) hex(s string) ([]byte, error) {
	var b []byte
	var first error
	for {
		s, _, _ = strings.Cut(s, ";")
		s = strings.TrimSpace(s)
		body, more := strings.CutSuffix(s, `\`)
		for part := range strings.SplitSeq(body, ",") {
			if part = strings.TrimSpace(part); part == "" || first != nil {
				continue
			}
			v, err := strconv.ParseUint(part, 16, 8)
			switch {
			case err != nil:
				first = fmt.Errorf("%q is no byte in hexadecimal", clip(part))
			case len(b) == MaxRegValue:
				first = over("bytes or more", MaxRegValue+1, MaxRegValue)
			}
			if p.source != nil { // else only the end is looked for
				b = append(b, byte(v))
			}
		}
		if !more {
			return b, first
		}
		var ok bool
		if s, ok = p.next(); !ok {
			return b, errors.New("the end of the file, and data that go on")
		}
	}
}
