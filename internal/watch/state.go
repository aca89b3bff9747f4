package watch

import (
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// hours is how far back events are counted, the hour that is under way as well.
const hours = 24

// Server is the state of a server.
type Server struct {
	Name string

	Refreshing bool
	Tried      time.Time // when it was asked last; zero: not yet
	Seen       time.Time // when it answered last; zero: it never did
	Next       time.Time // when it will be asked again; zero: it is stopped
	Elapsed    time.Duration

	// State and Err are how the last refresh went, the worst of its logs.
	State eventlog.State
	Err   error

	// Stopped: its credential was refused, by it or by another server, and it is not
	// asked before Watch.Renew.
	Stopped bool

	Last  Last
	Hours [hours]Hour // the oldest first; the last one is under way
	Logs  []Log       // by name

	Skew      time.Duration // how far its clock is ahead, if known
	SkewKnown bool
}

// Last is the newest event of a server. Of one that is older than a day only the time
// is known, and where the log does not say that either, nothing.
type Last struct {
	Log    string
	Record uint64
	Time   time.Time // TimeWritten; zero: not known
	ID     eventlog.EventID
	Level  eventlog.Level
	Type   eventlog.Type
	Source string
}

// Hour is an hour of events, by TimeGenerated. One from the future counts for now.
type Hour struct {
	Begin  time.Time
	Levels eventlog.LevelCounts
}

// Log is the state of a log.
type Log struct {
	Name    string
	State   eventlog.State
	Err     error
	Seen    time.Time // when Info was had; zero: it never was
	Info    eventlog.Info
	Reach   time.Duration // how far it reached back then; 0: not known
	Risk    Risk
	Cleared time.Time // when it was noticed last that it had been cleared; zero: never
	Lost    uint64    // records that were overwritten before they were seen, in all
}

// Risk is what becomes of events in a log that is full.
type Risk uint8

// The risks, from none to the worst.
const (
	RiskNone  Risk = iota
	RiskShort      // it overwrites what is younger than a day
	RiskFills      // it overwrites nothing, and nine tenths of it are full
	RiskFull       // it is full and takes no events
)

func (r Risk) String() string {
	if names := [...]string{"none", "short", "fills", "full"}; int(r) < len(names) {
		return names[r]
	}
	return "?"
}

// riskOf says what becomes of events in a log.
func riskOf(i *eventlog.Info, reach time.Duration) Risk {
	switch {
	case i.Full:
		return RiskFull
	case i.Retention != 0 && i.MaxSize > 0 && i.Size >= i.MaxSize-i.MaxSize/10:
		return RiskFills
	case i.Retention == 0 && i.Oldest > 1 && reach > 0 && reach < 24*time.Hour:
		return RiskShort
	}
	return RiskNone
}

// known is what is remembered of a server from one refresh to the next.
type known struct {
	state  Server // without Hours and Logs
	logs   map[string]*logKnown
	levels map[int64]*eventlog.LevelCounts // by hours since 1970
}

// logKnown is what is remembered of a log.
type logKnown struct {
	Log
	mark eventlog.Mark // behind what was seen; no Record: nothing was
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// count counts an event.
func (k *known) count(e *eventlog.Event, now time.Time) {
	h := min(hourOf(e.TimeGenerated), hourOf(now))
	if h <= hourOf(now)-hours {
		return
	}
	c := k.levels[h]
	if c == nil {
		c = new(eventlog.LevelCounts)
		k.levels[h] = c
	}
	c.Count(e.Level)
}

// show is the state at a time.
func (k *known) show(now time.Time) Server {
	s := k.state
	first := hourOf(now) - hours + 1
	for h := range k.levels {
		if h < first {
			delete(k.levels, h)
		}
	}
	for i := range s.Hours {
		h := first + int64(i)
		s.Hours[i].Begin = time.Unix(h*3600, 0).UTC()
		if c := k.levels[h]; c != nil {
			s.Hours[i].Levels = *c
		}
	}
	for _, l := range k.logs {
		s.Logs = append(s.Logs, l.Log)
	}
	slices.SortFunc(s.Logs, func(a, b Log) int { return strings.Compare(a.Name, b.Name) })
	return s
}
