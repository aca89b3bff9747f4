package eventlog

import (
	"slices"
	"strings"
	"time"

	"netelf.example/nt"
)

// SID is a security identifier in its text form, "" for none.
type SID = nt.SID

// Origin is where an event was read; one value is shared by all events of a
// log and never changed.
type Origin struct {
	Server string // as the user named it; "" for a file named by its path
	Log    string // the log's name in its server; a file's path

	// Channel is what the records are of, as "System"; "" if not known.
	// Info.Channel is the same.
	Channel string
}

// String is "server/log", or the log alone where the server has no name.
func (o *Origin) String() string {
	switch {
	case o == nil:
		return ""
	case o.Server == "":
		return o.Log
	}
	return o.Server + "/" + o.Log
}

// EventID is the whole 32-bit event identifier: severity (2 bits), customer
// flag, facility (12 bits) and code (16 bits).
type EventID uint32

// Code is the low 16 bits, the number that administrators know an event by.
func (id EventID) Code() uint16 { return uint16(id) }

// Event is one event, whatever kept it. Its strings are immutable and the
// caller's for good; the slices and Extra are reused by the next Next with the
// same Event. Clone keeps one.
type Event struct {
	Origin *Origin

	// RecordNumber is the number in its log; 0 is unknown.
	RecordNumber uint64

	// TimeGenerated is when the source submitted it, TimeWritten when the log
	// took it, both UTC. A format with one time fills both. The zero Time is
	// unknown.
	TimeGenerated, TimeWritten time.Time

	ID       EventID
	Type     Type
	Level    Level // always filled, as Type is; LevelOf and TypeOf are the table
	Category uint16

	// Source and Computer are as the record says; neither is a trusted name.
	Source, Computer string

	User    SID
	Strings []string
	Data    []byte

	// Message is the text; MessageBy says where it came from. There is text only
	// if MessageBy is one of the By values.
	Message   string
	MessageBy TextBy

	// Extra is what only formats beyond .evt have; nil: nothing of it.
	Extra *Extra

	Raw    []byte // the record as stored, only if FieldRaw was wanted
	Offset int64  // of the record in its file; -1: none

	// Recovered marks a record that the log itself no longer reaches: found in
	// slack space or in a damaged stretch.
	Recovered bool
}

// Extra is what formats beyond .evt know of an event. Named data goes into
// Event.Strings by value and here by name, in the same order.
type Extra struct {
	ProviderGUID nt.GUID

	// ActivityID and RelatedActivityID are those of Correlation; zero: none.
	ActivityID, RelatedActivityID nt.GUID

	Keywords     uint64
	Task, Opcode uint16
	Version      uint8
	ProcessID    uint32
	ThreadID     uint32
	Channel      string

	EventSourceName string // under which a provider that has a manifest writes to the old interface

	UserData string   // name of the element in UserData that Strings are from; "": EventData
	Names    []string // of Strings, "" where one has none; nil: none are named
	XML      string   // only if FieldXML was wanted
}

// Code is the low 16 bits of ID.
func (e *Event) Code() uint16 { return e.ID.Code() }

// Mark is the place of e in its log: reading goes on behind it.
func (e *Event) Mark() Mark {
	m := Mark{Record: e.RecordNumber, Time: e.TimeWritten}
	if e.Origin != nil {
		m.Server, m.Log = e.Origin.Server, e.Origin.Log
	}
	return m
}

// Clone is a copy that shares nothing which a later Next writes to.
func (e *Event) Clone() *Event {
	c := *e
	c.Strings = slices.Clone(e.Strings)
	c.Data = slices.Clone(e.Data)
	c.Raw = slices.Clone(e.Raw)
	if e.Extra != nil {
		x := *e.Extra
		x.Names = slices.Clone(x.Names)
		c.Extra = &x
	}
	return &c
}

// Reset empties e for the next event and keeps the memory of its slices.
func (e *Event) Reset() {
	*e = Event{Strings: e.Strings[:0], Data: e.Data[:0], Raw: e.Raw[:0], Offset: -1}
}

// Inserts is the strings on one line, joined by ", ": what stands in for a
// message that was not found.
func (e *Event) Inserts() string { return strings.Join(e.Strings, ", ") }

// TextBy says where an event's message text came from.
type TextBy uint8

// Where message text comes from, in the order in which it is sought.
const (
	NotSought   TextBy = iota // nobody looked
	NotFound                  // looked everywhere, no text: the strings stand alone
	ByEvent                   // the event carried it (RenderingInfo)
	ByServer                  // the server that keeps the log rendered it
	ByCatalogue               // from message files in the catalogue
)

var textBy = [...]string{"not sought", "not found", "event", "server", "catalogue"}

func (b TextBy) String() string { return name(textBy[:], int(b)) }

// Mark is a remembered place: the record at which a walk stood. It is what
// pages, bookmarks, permalinks and follow are made of. A log that has another
// time at Record, or no longer reaches up to it, was cleared: ErrMarkGone.
type Mark struct {
	Server, Log string
	Record      uint64    // 0: before the first record in the direction of the walk
	Time        time.Time // TimeWritten of Record; zero: not to be compared
}
