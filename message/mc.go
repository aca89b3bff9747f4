package message

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of a message text file.
const (
	MaxSource = 16 << 20 // bytes
	MaxErrors = 100      // errors that are told, here and by (*PE).Damage
)

// Source is what a message text file says, an .mc file of the Message Compiler.
type Source struct {
	OutputBase int // 10 or 16, of the numbers in the header file; 0: not said
	Severities []Name
	Facilities []Name
	Languages  []Name
	Messages   []*SourceMessage
}

// Name is a name that the header section defines.
type Name struct {
	Name   string
	Value  uint32
	Symbol string // of a severity or facility: its C constant; of a language: its file; "" if none
}

// SourceMessage is one message in all of its languages.
type SourceMessage struct {
	ID           uint32 // severity, facility and code
	Severity     string
	Facility     string // "" before the first that is named: 0
	SymbolicName string // "" if none
	Typedef      string // MessageIdTypedef at this place; "" if none
	Texts        []SourceText
	Line         int // of MessageId
}

// Code is the low 16 bits of the id.
func (m *SourceMessage) Code() uint16 { return uint16(m.ID) }

// SourceText is a message's text in one language, with CR LF behind each line.
type SourceText struct {
	Lang Lang
	Text string
	Line int // of the first line of the text
}

// SourceError is something wrong in a message text file. Line and Col count from 1,
// Col in characters.
type SourceError struct {
	Line, Col int
	Err       error
}

func (e *SourceError) Error() string { return fmt.Sprintf("%d:%d: %v", e.Line, e.Col, e.Err) }

func (e *SourceError) Unwrap() error { return e.Err }

// SourceErrors are all that is wrong in a message text file, in the order of the
// lines.
type SourceErrors []*SourceError

func (es SourceErrors) Error() string {
	var b strings.Builder
	for i, e := range es {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	return b.String()
}

func (es SourceErrors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// Compile makes message tables of s, one a language, in the order in which the
// languages come first in the messages. Its error speaks of texts that no table
// holds; the tables have the others.
func (s *Source) Compile() (Tables, error) {
	var order []Lang
	lists := map[Lang][]Message{}
	var errs []error
	type key struct {
		id   uint32
		lang Lang
	}
	have := map[key]bool{}
	for _, m := range s.Messages {
		for _, t := range m.Texts {
			if n := units(t.Text); n > MaxTextUnits {
				errs = append(errs, &SourceError{t.Line, 1, over("UTF-16 units", uint64(n), MaxTextUnits)})
				continue
			}
			if k := (key{m.ID, t.Lang}); have[k] {
				errs = append(errs, &SourceError{t.Line, 1, fmt.Errorf("message 0x%x in %v comes twice", m.ID, t.Lang)})
				continue
			} else {
				have[k] = true
			}
			if lists[t.Lang] == nil {
				order = append(order, t.Lang)
			}
			lists[t.Lang] = append(lists[t.Lang], Message{m.ID, t.Text})
		}
	}
	var ts Tables
	for _, l := range order {
		b, err := AppendTable(nil, lists[l])
		if err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", l, err))
			continue
		}
		t, err := NewTable(b, l)
		if err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", l, err))
			continue
		}
		ts = append(ts, t)
	}
	return ts, errors.Join(errs...)
}

// units is how many UTF-16 units s has.
func units(s string) int {
	n := 0
	for _, r := range s {
		if n++; r >= 0x10000 {
			n++
		}
	}
	return n
}
