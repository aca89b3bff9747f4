package scan

import (
	"time"

	"netelf.example/eventlog"
)

// given is what was given of one log.
type given struct {
	first, last time.Time // TimeWritten of events; zero: none
	origin      *eventlog.Origin
	record      uint64          // of the last event that is a place in its log; 0: marks count
	time        time.Time       // of record
	marks       []eventlog.Mark // of the log's own cursor; nil: it was given nothing
}

// event notes that e was given. It is not Event.Mark, which is not made before
// somebody asks.
func (g *given) event(e *eventlog.Event) {
	if g.first.IsZero() {
		g.first = e.TimeWritten
	}
	g.last = e.TimeWritten
	if e.RecordNumber != 0 && !e.Recovered {
		g.origin, g.record, g.time = e.Origin, e.RecordNumber, e.TimeWritten
	}
}

// behind notes what the log's cursor says about its place.
func (g *given) behind(marks []eventlog.Mark) {
	if len(marks) > 0 {
		g.marks, g.record = marks, 0
	}
}

func (g *given) append(marks []eventlog.Mark) []eventlog.Mark {
	if g.record == 0 || g.origin == nil {
		return append(marks, g.marks...)
	}
	return append(marks, eventlog.Mark{Server: g.origin.Server, Log: g.origin.Log, Record: g.record, Time: g.time})
}

// AppendMarks implements eventlog.Cursor: one mark for each log, by what was
// given and not by what was decoded ahead. Of a log that has given nothing, and
// of one that was not reached, it is the mark that the Selection came with, if
// any; so nothing is lost where a server does not answer for one page.
func (c *Cursor) AppendMarks(marks []eventlog.Mark) []eventlog.Mark {
	exact := make(map[eventlog.Origin]int, len(c.sources))
	names := make(map[eventlog.Origin]bool, len(c.sources))
	var own []eventlog.Mark
	for _, s := range c.sources {
		own = s.given.append(own[:0])
		for _, m := range own {
			o := eventlog.Origin{Server: m.Server, Log: m.Log}
			if i, again := exact[o]; again {
				// The same log in two targets: rather give an event twice than
				// leave one out.
				if less(c.sel.Backward, &m, &marks[i]) {
					marks[i] = m
				}
				continue
			}
			exact[o] = len(marks)
			names[fold(m)] = true
			marks = append(marks, m)
		}
	}
	for _, m := range c.sel.After {
		if !names[fold(m)] {
			marks = append(marks, m)
		}
	}
	return marks
}

// less says whether a is less far than b. Record 0 is where a walk begins.
func less(backward bool, a, b *eventlog.Mark) bool {
	if backward && a.Record != 0 && b.Record != 0 {
		return a.Record > b.Record
	}
	return a.Record < b.Record
}

func fold(m eventlog.Mark) eventlog.Origin {
	return eventlog.Origin{Server: eventlog.Fold(m.Server), Log: eventlog.Fold(m.Log)}
}
