package render

import (
	"slices"
	"strconv"

	"netelf.example/eventlog"
	"netelf.example/nt"
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

	extra          descriptor
	descriptorText []byte
	names          []string
	namesText      []byte
}

// descriptor is what the events of one kind have in common of their Extra.
type descriptor struct {
	provider     nt.GUID
	keywords     uint64
	task, opcode uint16
	version      uint8
}

// keepText is how long a text may be that is remembered: a forged log has any
// length of names.
const keepText = 512

// keepNames is the same for the names of all data of an event together.
const keepNames = 1 << 10

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
	k := j.kindOf(e)
	dst = j.appendKind(dst, k, e)
	if e.User != "" {
		dst = j.appendUser(dst, e.User)
	}
	dst = appendContent(dst, e, j.fields)
	if x := e.Extra; x != nil {
		dst = k.appendDescriptor(dst, x, j.fields)
		dst = appendActivity(dst, x, j.fields)
		dst = k.appendNames(dst, x.Names, j.fields)
	}
	dst = appendSource(dst, e, j.fields)
	for _, name := range j.named {
		if s, ok := datum(e, name); ok {
			dst = appendString(append(dst, `,"`+namedPrefix...), name)
			dst = appendString(append(dst, ':', '"'), s)
		}
	}
	return append(closeObject(dst, start), '\n')
}

// kindOf is where the kind of e is remembered, or one that it takes the place of.
func (j *jsonLines) kindOf(e *eventlog.Event) *kind {
	h := uint32(e.ID) ^ uint32(e.Type)<<20 ^ uint32(e.Category)<<23 ^ uint32(len(e.Source))<<16
	return &j.kinds[h*0x9e3779b1>>24]
}

func (j *jsonLines) appendKind(dst []byte, k *kind, e *eventlog.Event) []byte {
	if k.id == e.ID && k.typ == e.Type && k.level == e.Level && k.category == e.Category &&
		k.source == e.Source && k.computer == e.Computer && len(k.text) > 0 {
		return append(dst, k.text...)
	}
	at := len(dst)
	dst = appendKind(dst, e, j.fields)
	if len(dst)-at <= keepText && len(e.Source)+len(e.Computer) <= keepText {
		k.id, k.typ, k.level, k.category, k.source, k.computer = e.ID, e.Type, e.Level, e.Category, e.Source, e.Computer
		k.text = append(k.text[:0], dst[at:]...)
	}
	return dst
}

func (k *kind) appendDescriptor(dst []byte, x *eventlog.Extra, fields Set) []byte {
	d := descriptor{x.ProviderGUID, x.Keywords, x.Task, x.Opcode, x.Version}
	if d != k.extra {
		k.extra, k.descriptorText = d, appendDescriptor(k.descriptorText[:0], x, fields)
	}
	return append(dst, k.descriptorText...)
}

// appendNames finds the same names quickly: those of one template of binary XML lie
// at the same place.
func (k *kind) appendNames(dst []byte, names []string, fields Set) []byte {
	if slices.Equal(names, k.names) {
		return append(dst, k.namesText...)
	}
	at := len(dst)
	dst = appendNames(dst, names, fields)
	if len(dst)-at <= keepNames {
		k.names, k.namesText = append(k.names[:0], names...), append(k.namesText[:0], dst[at:]...)
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
