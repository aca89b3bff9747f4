package render

import (
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// table is the table output. Its columns begin with a sensible width and grow,
// up to maxGrow, when a wider value comes by, so that nothing must be read ahead.
type table struct {
	columns []column
	loc     *time.Location
	width   int // of the terminal; 0: nothing is cut
	grow    int // to which a column may grow
	colour  bool
	data    bool
	mark    int  // the column that has the mark of recovered records
	joined  bool // log is shown as server/log

	headed  bool   // the header is written
	scratch []byte // a cell
	minute  int64  // of which stamp is the time, as far as the minute
	stamp   []byte
}

type column struct {
	field Field
	width int
	right bool
}

const (
	maxGrow     = 40  // to which a column may grow; on a terminal a sixth of it, if that is less
	joinedWidth = 16  // of server/log
	wideTable   = 120 // below that width the computer is left out unless it is asked for
)

var (
	tableFields  = []Field{FieldTime, FieldType, FieldLog, FieldComputer, FieldSource, FieldID, FieldRecord, FieldMessage}
	narrowFields = []Field{FieldTime, FieldType, FieldLog, FieldSource, FieldID, FieldRecord, FieldMessage}
)

func newTable(o *Options) *table {
	t := &table{loc: o.Location, width: max(o.Width, 0), colour: o.Colour, data: o.Data, minute: -1 << 63, grow: maxGrow}
	if t.width > 0 {
		t.grow = min(maxGrow, t.width/6)
	}
	fields := o.Fields
	switch {
	case len(fields) > 0:
	case t.width > 0 && t.width < wideTable:
		fields = narrowFields
	default:
		fields = tableFields
	}
	t.mark = max(0, slices.Index(fields, FieldRecord))
	t.joined = !slices.Contains(fields, FieldServer)
	for _, f := range fields {
		info := &fieldTable[f]
		c := column{f, info.width, info.right}
		if f == FieldLog && t.joined {
			c.width = joinedWidth
		}
		t.columns = append(t.columns, c)
	}
	return t
}

func (t *table) begin(dst []byte) []byte { return dst }
func (t *table) end(dst []byte) []byte   { return dst }

// header is written with the first event: no events, no output.
func (t *table) header(dst []byte) []byte {
	return t.line(dst, func(dst []byte, f Field) []byte {
		if f == FieldLog && t.joined {
			return append(dst, "SERVER/LOG"...)
		}
		return append(dst, strings.ToUpper(f.String())...)
	}, "")
}

func (t *table) event(dst []byte, e *eventlog.Event) []byte {
	colour := ""
	if t.colour {
		colour = colourOf(e)
	}
	cell := func(dst []byte, f Field) []byte {
		if e.Recovered && f == t.columns[t.mark].field {
			dst = append(dst, '~')
		}
		return t.cell(dst, e, f)
	}
	if !t.headed {
		t.headed = true
		t.line(dst, cell, colour) // so that the header stands over the first event
		dst = t.header(dst)
	}
	dst = t.line(dst, cell, colour)
	if t.data {
		dst = appendDump(dst, e.Data)
	}
	return dst
}

// line appends one line of cells, cut to the terminal.
func (t *table) line(dst []byte, cell func([]byte, Field) []byte, colour string) []byte {
	room := t.width // what is left of it; the last two are kept to say that there is more
	for i := range t.columns {
		c, last := &t.columns[i], i == len(t.columns)-1
		if i > 0 {
			if t.width > 0 {
				if room < 3 {
					if room > 0 {
						dst = append(dst, " …"[2-room:]...)
					}
					break
				}
				room -= 2
			}
			dst = append(dst, ' ', ' ')
		}
		b := cell(t.scratch[:0], c.field)
		if len(b) == 0 {
			b = append(b, '-')
		}
		t.scratch = b
		n := 0 // columns that the cell takes
		if !last || c.right || t.width > 0 {
			n = width(b)
		}
		if n > c.width && !last {
			c.width = max(c.width, min(n, t.grow))
		}
		pad := max(0, c.width-n)
		if t.width > 0 {
			most := room
			if !last && room > 2 {
				most = room - 2
			}
			if n > most {
				b = cut(b, most)
				n = width(b)
			}
			pad = min(pad, most-n)
			room -= n + pad
		}
		if c.right {
			dst = appendSpaces(dst, pad)
		}
		if colour != "" && c.field == FieldType {
			dst = append(append(append(dst, colour...), b...), "\x1b[0m"...)
		} else {
			dst = append(dst, b...)
		}
		if !c.right && !last {
			dst = appendSpaces(dst, pad)
		}
	}
	for dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '\n')
}

// cell appends the value of a field as one line of safe text.
func (t *table) cell(dst []byte, e *eventlog.Event, f Field) []byte {
	if v, ok := timeOf(e, f); ok {
		return t.appendStamp(dst, v)
	}
	if f == FieldMessage && !hasText(e) {
		f = FieldStrings // they stand in for it
	}
	if list, ok := listOf(e, f); ok {
		for i, s := range list {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendLine(dst, s)
		}
		return dst
	}
	if s, ok := textOf(e, f); ok {
		if f == FieldLog && t.joined && e.Origin != nil && e.Origin.Server != "" {
			dst = append(appendLine(dst, e.Origin.Server), '/')
		}
		return appendLine(dst, s)
	}
	return appendValue(dst, e, f)
}

// appendStamp appends a time to the second in the table's zone. Zones change
// their offset at whole minutes, so what was worked out for a minute holds for
// all of it.
func (t *table) appendStamp(dst []byte, v time.Time) []byte {
	if v.IsZero() {
		return dst
	}
	sec := v.Unix()
	minute := sec / 60
	if sec < 0 || t.loc == nil || minute != t.minute {
		c := clockOf(sec, offset(v, t.loc))
		t.stamp = c.append(t.stamp[:0], ' ')
		t.minute = -1 << 63
		if sec >= 0 && c.second == int(sec%60) {
			t.minute = minute
		}
		return append(dst, t.stamp...)
	}
	dst = append(dst, t.stamp[:len(t.stamp)-2]...)
	return appendPair(dst, int(sec%60))
}

func appendSpaces(dst []byte, n int) []byte {
	const spaces = "                                        " // maxGrow
	for n > len(spaces) {
		dst, n = append(dst, spaces...), n-len(spaces)
	}
	return append(dst, spaces[:n]...)
}

// colourOf is the escape sequence for the type of e, "" for the usual one.
func colourOf(e *eventlog.Event) string {
	switch {
	case e.Level == eventlog.LevelCritical:
		return "\x1b[1;31m"
	case e.Type == eventlog.Error, e.Type == eventlog.AuditFailure:
		return "\x1b[31m"
	case e.Type == eventlog.Warning:
		return "\x1b[33m"
	case e.Type == eventlog.AuditSuccess:
		return "\x1b[32m"
	}
	return ""
}

// appendDump appends b in lines of 16 bytes: offset, digits, and what is
// printable ASCII.
func appendDump(dst, b []byte) []byte {
	for at := 0; at < len(b); at += 16 {
		row := b[at:min(at+16, len(b))]
		dst = append(appendHex(append(dst, "    "...), uint64(at), 4), ':')
		for i := range 16 {
			if i == 8 {
				dst = append(dst, ' ')
			}
			if i < len(row) {
				dst = appendHex(append(dst, ' '), uint64(row[i]), 2)
			} else {
				dst = append(dst, "   "...)
			}
		}
		dst = append(dst, ' ', ' ')
		for _, c := range row {
			if c < 0x20 || c >= 0x7f {
				c = '.'
			}
			dst = append(dst, c)
		}
		dst = append(dst, '\n')
	}
	return dst
}
