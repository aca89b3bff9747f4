package render

import "slices"

// columns are those of the table and what they share.
//
// On a terminal the message keeps a third of the width, whatever the others hold, or
// two sevenths where they would be of no use without the difference: they begin
// narrower if they must, grow only into what is left, and what does not fit into one
// of them is cut. Times and numbers are never cut, as half of one is another.
type columns struct {
	list  []column
	width int // of the terminal; 0: nothing is cut
	gap   int // between two columns
	rest  int // in list: the column that has all that the others leave
	spare int // what the others may still grow by, of a terminal
	least int // of the message
}

type column struct {
	field Field
	width int
	right bool
	whole bool // never cut
}

const (
	joinedWidth = 20  // of server/log, as bedrock/Application
	namedWidth  = 16  // of a datum
	maxGrow     = 40  // to which a column may grow
	leastWidth  = 4   // to which one may shrink
	usefulWidth = 8   // beyond which the others shrink before one goes below it
	typeWidth   = 11  // of information: the words beyond are told apart without their ends
	usefulType  = 8   // audit s… and audit f…
	usefulLog   = 12  // wilma/System
	roomy       = 100 // a terminal this wide has two spaces between columns, others one
)

var tableFields = []Field{FieldTime, FieldType, FieldLog, FieldComputer, FieldSource, FieldID, FieldRecord, FieldMessage}

// chooseFields are the columns if none are asked for. Of a terminal too narrow
// for all of them they lack the computer, or the record number too.
func chooseFields(o *Options) []Field {
	fields := slices.Clone(tableFields)
	if o.Width <= 0 {
		return fields
	}
	without := func(f Field) { fields = slices.DeleteFunc(fields, func(g Field) bool { return f == g }) }
	if o.OneLog {
		without(FieldLog)
	}
	for _, f := range []Field{FieldComputer, FieldRecord} {
		if c := columnsOf(fields, o.Width); c.spare < 0 {
			without(f)
		}
	}
	return fields
}

func newColumns(fields []Field, width int) columns {
	t := columnsOf(fields, width)
	if t.width > 0 {
		t.shrink()
		if t.rest < len(t.list)-1 {
			t.list[t.rest].width += max(0, t.spare)
			t.spare = 0
		}
	}
	return t
}

// columnsOf gives each column the width it begins with; spare is negative if that
// is more than there is.
func columnsOf(fields []Field, width int) columns {
	t := columns{width: max(width, 0), gap: 2}
	if t.width > 0 && t.width < roomy {
		t.gap = 1
	}
	joined := !slices.Contains(fields, FieldServer)
	for _, f := range fields {
		c := column{field: f, width: namedWidth}
		if f < fieldCount {
			info := &fieldTable[f]
			c = column{f, info.width, info.right, info.right || f == FieldTime || f == FieldTimeWritten}
		}
		if f == FieldLog && joined {
			c.width = joinedWidth
		}
		t.list = append(t.list, c)
	}
	text := slices.Index(fields, FieldMessage)
	if text < 0 {
		text = slices.Index(fields, FieldStrings)
	}
	t.rest = text
	if text < 0 {
		t.rest = len(fields) - 1
	} else if t.width > 0 {
		t.list[text].width = (t.width + 2) / 3
		t.least = (2*t.width + 6) / 7
	}
	t.spare = t.width + t.gap
	for i := range t.list {
		t.spare -= t.list[i].width + t.gap
	}
	return t
}

// excess is how much wider a column is than it should be at least. Of the type, whose
// words are short, half of it counts.
func (c *column) excess() int {
	switch c.field {
	case FieldType:
		n := c.width - usefulType
		return n - max(0, n/2)
	case FieldLog:
		return c.width - usefulLog
	}
	return c.width - usefulWidth
}

// shrink takes what is missing from the columns that have most beyond what they
// should have, and then some of it from the message.
func (t *columns) shrink() {
	for t.spare < 0 {
		var from *column
		for i := range t.list {
			c := &t.list[i]
			if c.field == FieldType && c.width > typeWidth {
				from = c
				break
			}
			if i != t.rest && !c.whole && c.width > leastWidth && (from == nil || c.excess() >= from.excess()) {
				from = c
			}
		}
		if from == nil {
			return // so the line is cut at its end
		}
		if rest := &t.list[t.rest]; from.excess() <= 0 && t.least > 0 && rest.width > t.least {
			from = rest
		}
		from.width--
		t.spare++
	}
}

// widen makes room in c for a cell of n, as far as there is room.
func (t *columns) widen(c *column, n int) {
	more := min(n, maxGrow) - c.width
	if t.width > 0 && !c.whole {
		more = min(more, t.spare)
	}
	if more <= 0 {
		return
	}
	c.width += more
	if t.width > 0 {
		t.spare -= more
		t.shrink()
	}
}
