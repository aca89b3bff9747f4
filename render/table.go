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
	columns
	named  []string
	loc    *time.Location
	colour bool
	data   bool
	mark   int  // the column that has the mark of recovered records
	joined bool // log is shown as server/log

	headed  bool   // the header is written
	scratch []byte // a cell
	minute  int64  // of which stamp is the time, as far as the minute
	stamp   []byte
}

func newTable(o *Options) *table {
	t := &table{named: o.Named, loc: o.Location, colour: o.Colour, data: o.Data, minute: -1 << 63}
	fields := o.Fields
	if len(fields) == 0 {
		fields = chooseFields(o)
	}
	t.mark = max(0, slices.Index(fields, FieldRecord))
	t.joined = !slices.Contains(fields, FieldServer)
	t.columns = newColumns(fields, o.Width)
	return t
}

func (t *table) begin(dst []byte) []byte { return dst }
func (t *table) end(dst []byte) []byte   { return dst }

func (t *table) event(dst []byte, e *eventlog.Event) []byte {
	if !t.headed {
		t.headed = true
		t.line(dst, e) // so that the header stands over the first event
		dst = t.line(dst, nil)
	}
	dst = t.line(dst, e)
	if t.data {
		dst = appendDump(dst, e.Data)
	}
	return dst
}

// line appends the line of an event, or of the headings if e is nil, cut to the
// terminal.
func (t *table) line(dst []byte, e *eventlog.Event) []byte {
	room := t.width // what is left of it; as much as a gap is kept to say that there is more
	for i := range t.list {
		c, last := &t.list[i], i == len(t.list)-1
		if i > 0 {
			if t.width > 0 {
				if room <= t.gap {
					if room > 0 {
						dst = append(appendSpaces(dst, room-1), "…"...)
					}
					break
				}
				room -= t.gap
			}
			dst = appendSpaces(dst, t.gap)
		}
		b := t.scratch[:0]
		if e == nil {
			b = t.heading(b, c)
		} else {
			if e.Recovered && i == t.mark {
				b = append(b, '~')
			}
			b = t.cell(b, e, c.field)
		}
		if len(b) == 0 {
			b = append(b, '-')
		}
		n := 0 // columns that the cell takes
		if !last || c.right || t.width > 0 {
			n = width(b)
		}
		if n > c.width && !last {
			t.widen(c, n)
		}
		pad := max(0, c.width-n)
		if t.width > 0 {
			most := room
			if !last {
				if room > t.gap {
					most -= t.gap
				}
				most = min(most, c.width)
			}
			if n > most {
				b = t.cut(b, most, c.field, e)
				n = width(b)
			}
			pad = max(0, min(pad, most-n))
			room -= n + pad
		}
		t.scratch = b
		if c.right {
			dst = appendSpaces(dst, pad)
		}
		if colour := t.colourOf(e); colour != "" && c.field == FieldType {
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

// cut shortens a cell. The end of a path tells more than its beginning; of the log
// of a server both do, or else all servers look alike.
func (t *table) cut(b []byte, most int, f Field, e *eventlog.Event) []byte {
	switch {
	case f != FieldLog || e == nil:
		return cut(b, most)
	case t.joined && e.Origin != nil && e.Origin.Server != "" && !strings.ContainsAny(e.Origin.Server, `/\`):
		return cutInside(b, most, (most-1)/2)
	}
	return cutInside(b, most, 0)
}

func (t *table) heading(dst []byte, c *column) []byte {
	const joined = "SERVER/LOG"
	if c.field == FieldLog && t.joined && (t.width == 0 || c.width >= len(joined)) {
		return append(dst, joined...)
	}
	return appendLine(dst, strings.ToUpper(c.field.nameIn(t.named)))
}

// cell appends the value of a field as one line of safe text.
func (t *table) cell(dst []byte, e *eventlog.Event, f Field) []byte {
	if v, ok := timeOf(e, f); ok {
		return t.appendStamp(dst, v)
	}
	if f >= fieldCount {
		s, _ := datum(e, t.named[f-fieldCount])
		return appendLine(dst, s)
	}
	if f == FieldMessage && !hasText(e) {
		return appendInserts(dst, e)
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
			dst = append(appendLine(dst, strings.TrimSuffix(e.Origin.Server, "/")), '/')
		}
		return appendLine(dst, s)
	}
	return appendValue(dst, e, f)
}

// appendInserts appends the strings, which stand in for a message, with their names.
func appendInserts(dst []byte, e *eventlog.Event) []byte {
	for i, s := range e.Strings {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if name := nameOfString(e, i); name != "" {
			dst = append(appendLine(dst, name), '=')
		}
		dst = appendLine(dst, s)
	}
	return dst
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
func (t *table) colourOf(e *eventlog.Event) string {
	switch {
	case !t.colour || e == nil:
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
