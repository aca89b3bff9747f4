package query

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// Error is what is wrong with a text, and where.
type Error struct {
	Text   string // all of it
	Offset int    // in bytes
	Len    int    // of what is wrong, in bytes; 0: something is missing there
	Msg    string
}

// Error is one line.
func (e *Error) Error() string {
	line, column := e.Place()
	if strings.Contains(e.Text, "\n") {
		return fmt.Sprintf("line %d, column %d: %s", line, column, e.Msg)
	}
	return fmt.Sprintf("column %d: %s", column, e.Msg)
}

// Is makes every Error an eventlog.ErrInvalid.
func (e *Error) Is(target error) bool { return target == eventlog.ErrInvalid }

// Place is where it is, in lines and characters from 1 on.
func (e *Error) Place() (line, column int) {
	begin, _ := e.line()
	return 1 + strings.Count(e.Text[:begin], "\n"), 1 + utf8.RuneCountInString(e.Text[begin:e.at()])
}

func (e *Error) at() int { return max(0, min(e.Offset, len(e.Text))) }

// line is where the line of the place begins and ends.
func (e *Error) line() (begin, end int) {
	at := e.at()
	begin = strings.LastIndexByte(e.Text[:at], '\n') + 1
	if n := strings.IndexByte(e.Text[at:], '\n'); n >= 0 {
		return begin, at + n
	}
	return begin, len(e.Text)
}

// shown is how many characters Caret shows of a long line before the place and
// behind its beginning.
const shown = 48

// Caret is two lines: that of the text, cut where it is long, and carets below the
// place.
func (e *Error) Caret() string {
	begin, end := e.line()
	at := e.at()
	var top, below strings.Builder
	from := at
	for n := 0; n < shown && from > begin; n++ {
		_, size := utf8.DecodeLastRuneInString(e.Text[begin:from])
		from -= size
	}
	if from > begin {
		top.WriteString("…")
		below.WriteByte(' ')
	}
	carets := 0
	for i, n := from, 0; i < end; {
		r, size := utf8.DecodeRuneInString(e.Text[i:])
		if i >= at {
			if n++; n > shown {
				top.WriteString("…")
				break
			}
		}
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		top.WriteRune(r)
		switch {
		case i < at:
			below.WriteByte(' ')
		case i < at+e.Len || carets == 0:
			below.WriteByte('^')
			carets++
		}
		i += size
	}
	if carets == 0 {
		below.WriteByte('^')
	}
	return top.String() + "\n" + below.String()
}
