package render

import (
	"strconv"

	"netelf.example/eventlog"
)

// jsonLines is the json output: NDJSON, each line as AppendJSON has it. What comes
// again and again is not made anew: it remembers the text of the log, of the day,
// of the user, and of kinds of events.
type jsonLines struct {
	fields Set
	named  []string // data that are keys of their own

	origin *eventlog.Origin // nil: nothing is remembered
	place  []byte           // its text

	user     eventlog.SID
	userText []byte

	time, written dayText
	kinds         [256]kind // by a hash
}

// kind is the text of what events of one kind have in common.
type kind struct {
	id               eventlog.EventID
	typ              eventlog.Type
	level            eventlog.Level
	category         uint16
	source, computer string
	text             []byte // empty: nothing is remembered
}

// keepText is how long a text may be that is remembered: a forged log has any
// length of names.
const keepText = 512

func newJSONLines(fields Set, named []string) *jsonLines {
	if fields == 0 && len(named) == 0 {
		fields = allFields
	}
	return &jsonLines{fields: fields, named: named}
}

func (j *jsonLines) begin(dst []byte) []byte { return dst }
func (j *jsonLines) end(dst []byte) []byte   { return dst }

func (j *jsonLines) event(dst []byte, e *eventlog.Event) []byte {
	start := len(dst)
	if e.Origin != nil {
		if e.Origin != j.origin {
			j.origin, j.place = e.Origin, appendPlace(j.place[:0], e.Origin, j.fields)
		}
		dst = append(dst, j.place...)
	}
	if e.RecordNumber != 0 && j.fields.has(FieldRecord) {
		dst = strconv.AppendUint(append(dst, `,"record":`...), e.RecordNumber, 10)
	}
	if j.fields.has(FieldTime) && !e.TimeGenerated.IsZero() {
		dst = append(j.time.append(append(dst, `,"time":"`...), e.TimeGenerated), '"')
	}
	if j.fields.has(FieldTimeWritten) && !e.TimeWritten.IsZero() {
		dst = append(j.written.append(append(dst, `,"time_written":"`...), e.TimeWritten), '"')
	}
	dst = j.appendKind(dst, e)
	if e.User != "" {
		dst = j.appendUser(dst, e.User)
	}
	dst = appendContent(dst, e, j.fields)
	for _, name := range j.named {
		if s, ok := datum(e, name); ok {
			dst = appendString(append(dst, `,"`+namedPrefix...), name)
			dst = appendString(append(dst, ':', '"'), s)
		}
	}
	return append(closeObject(dst, start), '\n')
}

func (j *jsonLines) appendKind(dst []byte, e *eventlog.Event) []byte {
	h := uint32(e.ID) ^ uint32(e.Type)<<20 ^ uint32(e.Category)<<23 ^ uint32(len(e.Source))<<16
	k := &j.kinds[h*0x9e3779b1>>24]
	if k.id == e.ID && k.typ == e.Type && k.level == e.Level && k.category == e.Category &&
		k.source == e.Source && k.computer == e.Computer && len(k.text) > 0 {
		return append(dst, k.text...)
	}
	at := len(dst)
	dst = appendKind(dst, e, j.fields)
	if len(dst)-at <= keepText && len(e.Source)+len(e.Computer) <= keepText {
		*k = kind{e.ID, e.Type, e.Level, e.Category, e.Source, e.Computer, append(k.text[:0], dst[at:]...)}
	}
	return dst
}

func (j *jsonLines) appendUser(dst []byte, user eventlog.SID) []byte {
	if user == j.user {
		return append(dst, j.userText...)
	}
	at := len(dst)
	dst = appendUser(dst, user, j.fields)
	if len(dst)-at <= keepText && len(user) <= keepText {
		j.user, j.userText = user, append(j.userText[:0], dst[at:]...)
	}
	return dst
}
