package netelf

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// place is where the reads of a handle stand: behind the item that was given
// last.
type place struct {
	marks []eventlog.Mark // behind that item; none: nothing was given yet
	void  bool            // the log was cleared, and marks are of what was before

	// The open walk. The item that was taken out of it and did not fit is held
	// and not yet part of the place.
	back bool
	seek uint64 // where it began, until an item of it was given; 0: behind marks
	held held

	// What was seen of the log at the last read.
	seen         bool
	generation   uint64
	oldest, next uint64
	oldestTime   time.Time

	event eventlog.Event  // reused
	buf   []byte          // reused
	spare []eventlog.Mark // reused
}

// held is an item of a walk: a record, or an error.
type held struct {
	is     bool
	record []byte
	err    error
	marks  []eventlog.Mark // behind it
}

// last is the number of the record that was given last, 0 if there is none.
func (p *place) last() uint64 {
	if len(p.marks) == 0 {
		return 0
	}
	return p.marks[0].Record
}

// take makes what is held a part of the place: it is given.
func (p *place) take() {
	p.marks, p.spare = p.held.marks, p.marks
	p.held, p.seek, p.void = held{}, 0, false
}

// observe compares the log with what it was and says whether it was cleared:
// another generation, a number that went back, or another record under the same number. moved says that
// its beginning is another; whether it was cleared and has grown since, only a new
// walk finds out, by the time of the mark.
func (p *place) observe(i *eventlog.Info) (cleared, moved bool) {
	if p.seen {
		moved = i.Oldest != p.oldest
		cleared = i.Generation != p.generation || i.Next != 0 && i.Next < p.next ||
			p.oldest != 0 && i.Oldest < p.oldest ||
			p.oldest != 0 && i.Oldest == p.oldest &&
				!p.oldestTime.IsZero() && !i.OldestTime.IsZero() && !i.OldestTime.Equal(p.oldestTime)
	}
	cleared = cleared || !p.void && i.Next != 0 && p.last() >= i.Next
	p.seen, p.generation, p.oldest, p.next, p.oldestTime = true, i.Generation, i.Oldest, i.Next, i.OldestTime
	return cleared, moved
}

// overtaken is what was overwritten of the records that would be next, nil if
// nothing was; the place then is before the oldest record that there is.
func (p *place) overtaken(i *eventlog.Info, back bool) *eventlog.Loss {
	last := p.last()
	if back || last == 0 || i.Oldest <= last+1 {
		return nil
	}
	m := p.marks[0]
	m.Record, m.Time = i.Oldest-1, time.Time{}
	p.marks = append(p.marks[:0], m)
	return &eventlog.Loss{Offset: -1, First: last + 1, Last: m.Record, Err: eventlog.ErrOverwrite}
}

// note remembers of an error that the place is void.
func (p *place) note(err error) error {
	if _, lost := eventlog.AsLoss(err); !lost && errors.Is(err, eventlog.ErrMarkGone) {
		p.void = true
	}
	return err
}

// overwritten is the loss that err is, if it is one by overwriting.
func overwritten(err error) (*eventlog.Loss, bool) {
	loss, ok := eventlog.AsLoss(err)
	return loss, ok && errors.Is(loss.Err, eventlog.ErrOverwrite)
}

// appendRecord appends e as an EVENTLOGRECORD: as it is stored, where it is
// stored as one that is well, else made of its fields. Of the record number and
// of what a record cannot say it has what fits: the lower half; no time for one
// that is not known; a replacement for characters that are none.
func appendRecord(dst []byte, e *eventlog.Event) ([]byte, error) {
	if stored(e) {
		return append(dst, e.Raw...), nil
	}
	c := *e
	c.RecordNumber &= 0xffffffff
	for _, t := range []*time.Time{&c.TimeGenerated, &c.TimeWritten} {
		if t.IsZero() {
			*t = time.Unix(0, 0)
		}
	}
	c.Source, c.Computer = clean(c.Source), clean(c.Computer)
	for i, s := range c.Strings {
		if t := clean(s); t != s {
			if &c.Strings[0] == &e.Strings[0] {
				c.Strings = append([]string(nil), c.Strings...)
			}
			c.Strings[i] = t
		}
	}
	return evt.AppendRecord(dst, &c)
}

// stored says whether Raw is the EVENTLOGRECORD of e, and undamaged.
func stored(e *eventlog.Event) bool {
	var r evt.Record
	var all eventlog.Event
	return len(e.Raw) > 0 && r.UnmarshalBinary(e.Raw) == nil && len(r.Raw()) == len(e.Raw) &&
		r.RecordNumber() == uint32(e.RecordNumber) && r.Event(&all, 0) == nil
}

// clean is s as it can stand in a record, where a zero ends a string.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}
