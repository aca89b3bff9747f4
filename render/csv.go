package render

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// csvLines is the csv output.
type csvLines struct {
	fields []Field
	named  []string
	loc    *time.Location
	cell   []byte // a text cell before it is quoted
	day    dayText
}

var csvFields = []Field{
	FieldServer, FieldLog, FieldRecord, FieldTime, FieldTimeWritten, FieldID, FieldEventID, FieldType, FieldLevel, FieldCategory,
	FieldSource, FieldComputer, FieldUser, FieldUserName, FieldStrings, FieldData, FieldMessage, FieldMessageBy, FieldRecovered,
}

func newCSV(o *Options) *csvLines {
	c := &csvLines{fields: o.Fields, named: o.Named, loc: o.Location}
	if len(c.fields) == 0 {
		c.fields = csvFields
	}
	return c
}

func (c *csvLines) begin(dst []byte) []byte {
	for i, f := range c.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		if f < fieldCount {
			dst = append(dst, f.String()...)
		} else {
			dst = c.appendText(dst, f.nameIn(c.named))
		}
	}
	return append(dst, '\r', '\n')
}

func (c *csvLines) end(dst []byte) []byte { return dst }

func (c *csvLines) event(dst []byte, e *eventlog.Event) []byte {
	start := len(dst)
	for i, f := range c.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.appendCell(dst, e, f)
	}
	if len(dst) == start {
		dst = append(dst, '"', '"') // or the line is no record at all
	}
	return append(dst, '\r', '\n')
}

func (c *csvLines) appendCell(dst []byte, e *eventlog.Event, f Field) []byte {
	if f >= fieldCount {
		s, _ := datum(e, c.named[f-fieldCount])
		return c.appendText(dst, s)
	}
	if s, ok := textOf(e, f); ok {
		return c.appendText(dst, s)
	}
	if list, ok := listOf(e, f); ok {
		return c.appendList(dst, list)
	}
	if t, ok := timeOf(e, f); ok {
		return c.appendTime(dst, t)
	}
	return appendValue(dst, e, f)
}

func (c *csvLines) appendText(dst []byte, s string) []byte {
	at := len(dst)
	if dst = append(dst, s...); plainCell(dst[at:]) {
		return dst
	}
	c.cell = appendCSVText(c.cell[:0], s)
	return appendQuoted(dst[:at], c.cell)
}

func (c *csvLines) appendList(dst []byte, list []string) []byte {
	at, escape := len(dst), false
	for i, s := range list {
		if i > 0 {
			dst = append(dst, '|')
		}
		dst = append(dst, s...)
		escape = escape || strings.IndexByte(s, '|') >= 0 || strings.IndexByte(s, '\\') >= 0
	}
	if !escape && plainCell(dst[at:]) {
		return dst
	}
	b := c.cell[:0]
	for i, s := range list {
		if i > 0 {
			b = append(b, '|')
		}
		if escape {
			s = listEscaper.Replace(s)
		}
		b = appendCSVText(b, s)
	}
	c.cell = b
	return appendQuoted(dst[:at], b)
}

func (c *csvLines) appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	east := offset(t, c.loc)
	if east -= east % 60; east == 0 {
		at := len(dst)
		if dst = c.day.append(dst, t); dst[at] >= '0' {
			return dst
		}
		dst = dst[:at] // the sign of a year beyond 9999
	}
	c.cell = appendTime(c.cell[:0], t, east)
	return appendQuoted(dst, c.cell)
}

var listEscaper = strings.NewReplacer(`\`, `\\`, `|`, `\|`)

// appendCSVText is appendVisible that keeps tabs and line ends. A carriage return
// alone is none: on a terminal it would write over the line.
func appendCSVText(dst []byte, s string) []byte {
	dst, s = appendPlain(dst, s)
	for k, r := range s {
		switch {
		case r == '\t', r == '\n', r == '\r' && strings.HasPrefix(s[k+1:], "\n"):
			dst = append(dst, byte(r))
		case unsafeRune(r):
			dst = appendEscape(dst, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// plainCell says that a cell can stand as it is: it has nothing to escape or to
// quote, and does not look like a formula. It may say false of one that could.
func plainCell(cell []byte) bool {
	if len(cell) == 0 {
		return true
	}
	switch cell[0] {
	case ' ', '=', '+', '-', '@':
		return false
	}
	i := 0
	for ; len(cell)-i >= 8; i += 8 {
		if oddCSV(binary.LittleEndian.Uint64(cell[i:])) != 0 {
			return false
		}
	}
	if n := len(cell) - i; n > 0 && oddCSV(tail(cell, n)) != 0 {
		return false
	}
	return cell[len(cell)-1] != ' '
}

// appendQuoted appends a cell, in quotation marks where RFC 4180 wants them. One
// that a spreadsheet could take for a formula begins with an apostrophe
// (CWE-1236).
func appendQuoted(dst, cell []byte) []byte {
	formula := isFormula(cell)
	quote := false
	for _, b := range cell {
		if b == '"' || b == ',' || b < 0x20 {
			quote = true
			break
		}
	}
	quote = quote || len(cell) > 0 && (cell[0] == ' ' || cell[len(cell)-1] == ' ')
	if quote {
		dst = append(dst, '"')
	}
	if formula {
		dst = append(dst, '\'')
	}
	if !quote {
		return append(dst, cell...)
	}
	for _, b := range cell {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

// isFormula says whether a spreadsheet could take a cell for a formula: by its
// first character, in ASCII or full width.
func isFormula(cell []byte) bool {
	r, _ := utf8.DecodeRune(cell)
	switch r {
	case '=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠':
		return true
	}
	return false
}
