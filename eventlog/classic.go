package eventlog

import (
	"strings"

	"netelf.example/nt"
)

// Events of the old interface have neither channel nor keywords of their own, but
// are asked for by them. What Windows shows for them is decided here, for every
// view and every output.

// ClassicKeywords are those that Windows gives an event of the old interface.
func ClassicKeywords(t Type) uint64 {
	switch t {
	case AuditSuccess:
		return KeywordClassic | KeywordAuditSuccess
	case AuditFailure:
		return KeywordClassic | KeywordAuditFailure
	}
	return KeywordClassic
}

// ClassicNum is what an event of the old interface has in a numeric field that it
// does not know.
func ClassicNum(f Field, t Type) uint64 {
	if f == FieldKeywords {
		return ClassicKeywords(t)
	}
	return 0
}

// Text is what FieldServer, FieldLog and FieldChannel are of an event of the old
// interface that was read here. Its channel is what the log is known to be of, or
// else the log's name; logs of the old interface have no folders in their names,
// so that is a file's without its folder.
func (o *Origin) Text(f Field) string {
	switch {
	case o == nil:
		return ""
	case f == FieldServer:
		return o.Server
	case f == FieldLog:
		return o.Log
	case f != FieldChannel:
		return ""
	case o.Channel != "":
		return o.Channel
	}
	return o.Log[strings.LastIndexAny(o.Log, `/\`)+1:]
}

// Channel is what the event names as its channel, or else what its log is known to
// be of, or else the log's name.
func (e *Event) Channel() string {
	switch {
	case e.Extra == nil || e.Origin == nil && e.Extra.Channel == "":
		return e.Origin.Text(FieldChannel)
	case e.Extra.Channel != "":
		return e.Extra.Channel
	case e.Origin.Channel != "":
		return e.Origin.Channel
	}
	return e.Origin.Log
}

// Keywords are what the event brings, or else what Windows gives the events of the
// old interface.
func (e *Event) Keywords() uint64 {
	if e.Extra != nil && e.Extra.Keywords != 0 {
		return e.Extra.Keywords
	}
	return ClassicKeywords(e.Type)
}

func (e *Event) extraNum(f Field) uint64 {
	x := e.Extra
	switch {
	case f == FieldKeywords:
		return e.Keywords()
	case x == nil:
		return ClassicNum(f, e.Type)
	}
	switch f {
	case FieldOpcode:
		return uint64(x.Opcode)
	case FieldVersion:
		return uint64(x.Version)
	case FieldProcessID:
		return uint64(x.ProcessID)
	case FieldThreadID:
		return uint64(x.ThreadID)
	}
	return 0
}

func (e *Event) extraGUID(f Field) (g nt.GUID) {
	if e.Extra == nil {
		return g
	}
	switch f {
	case FieldProviderGUID:
		return e.Extra.ProviderGUID
	case FieldActivityID:
		return e.Extra.ActivityID
	}
	return e.Extra.RelatedActivityID
}
