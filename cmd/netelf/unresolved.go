package main

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// Limits of what is kept of events without text.
const (
	maxUnresolved = 1 << 16 // kinds of events; the rest is counted
	maxExample    = 1024    // bytes of the strings of an example
)

// eventWriter is what events are written to: an output, or what counts them.
type eventWriter interface {
	Write(*eventlog.Event) error
	Flush() error
	Close() error
}

// unresolved counts the events that have no text, by log, source and id. It is for
// one goroutine at a time.
type unresolved struct {
	*app
	out    io.Writer
	asJSON bool

	kinds        map[unresolvedKey]*unresolvedKind
	events, none uint64
	more         uint64 // events of kinds beyond maxUnresolved
}

type unresolvedKey struct {
	log, source string
	id          eventlog.EventID
}

// unresolvedKind is the events of a kind, with one of them as an example.
type unresolvedKind struct {
	Count   uint64   `json:"count"`
	Log     string   `json:"log"`
	Source  string   `json:"source"`
	ID      uint16   `json:"id"`
	EventID uint32   `json:"event_id"`
	Server  string   `json:"server,omitempty"` // of the example, as all that follows
	Record  uint64   `json:"record,omitempty"`
	Strings []string `json:"strings"`
}

func (u *unresolved) Write(e *eventlog.Event) error {
	u.events++
	if e.MessageBy > eventlog.NotFound {
		return nil
	}
	u.none++
	k := unresolvedKey{source: e.Source, id: e.ID}
	if e.Origin != nil {
		k.log = cmp.Or(e.Origin.Channel, e.Origin.Log)
	}
	if have := u.kinds[k]; have != nil {
		have.Count++
		return nil
	}
	if len(u.kinds) >= maxUnresolved || len(e.Source) > maxExample || len(k.log) > maxExample {
		u.more++
		return nil
	}
	n := &unresolvedKind{Count: 1, Log: k.log, Source: e.Source, ID: e.Code(), EventID: uint32(e.ID), Record: e.RecordNumber, Strings: example(e.Strings)}
	if e.Origin != nil {
		n.Server = e.Origin.Server
	}
	if u.kinds == nil {
		u.kinds = map[unresolvedKey]*unresolvedKind{}
	}
	u.kinds[k] = n
	return nil
}

// example is as much of strings as is kept.
func example(list []string) []string {
	out := make([]string, 0, min(len(list), 100))
	left := maxExample
	for _, s := range list {
		if len(out) == cap(out) || left == 0 {
			break
		}
		if len(s) > left {
			for left > 0 && !utf8.RuneStart(s[left]) {
				left--
			}
			s = s[:left] + "…"
			left = len(s)
		}
		left -= len(s)
		out = append(out, strings.Clone(s))
	}
	return out
}

func (u *unresolved) Flush() error { return nil }

// Close writes what was counted, what there is most of first.
func (u *unresolved) Close() error {
	list := make([]*unresolvedKind, 0, len(u.kinds))
	for _, k := range u.kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *unresolvedKind) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Log, b.Log), strings.Compare(a.Source, b.Source), cmp.Compare(a.EventID, b.EventID))
	})
	if u.asJSON {
		for _, k := range list {
			b, err := jsonLine(k)
			if err != nil {
				return err
			}
			if _, err := u.out.Write(b); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) > 0 {
		rows := [][]string{{"COUNT", "LOG", "SOURCE", "ID", "EVENT ID", "STRINGS OF ONE"}}
		for _, k := range list {
			rows = append(rows, []string{
				strconv.FormatUint(k.Count, 10), k.Log, k.Source, strconv.Itoa(int(k.ID)), "0x" + strconv.FormatUint(uint64(k.EventID), 16), strings.Join(k.Strings, ", "),
			})
		}
		if _, err := u.out.Write(columns([]bool{true, false, false, true, true, false}, rows)); err != nil {
			return err
		}
	}
	u.say("%s, %d without text, of %s", counted(u.events, "event"), u.none, counted(uint64(len(list)), "kind"))
	if u.more > 0 {
		u.say("%s of further kinds are not listed", counted(u.more, "event"))
	}
	return nil
}
