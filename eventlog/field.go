package eventlog

import "netelf.example/nt"

// Field names one field of an event, for selecting and for wanting.
type Field uint8

// Fields is a set of fields.
type Fields uint64

// The fields. Those marked n are numbers and come by [View.Num]; the others are
// text and come by [View.Text].
const (
	FieldRecord        Field = iota // n: record number
	FieldTimeWritten                // n: in Filetime ticks (100 ns since 1601)
	FieldTimeGenerated              // n: in Filetime ticks
	FieldCode                       // n: the low 16 bits of the event id
	FieldID                         // n: all 32 bits
	FieldType                       // n
	FieldLevel                      // n
	FieldCategory                   // n: of events beyond .evt their task
	FieldOpcode                     // n
	FieldVersion                    // n
	FieldKeywords                   // n
	FieldProcessID                  // n
	FieldThreadID                   // n
	FieldServer
	FieldLog
	FieldSource
	FieldComputer
	FieldUser   // the SID's text
	FieldString // each of the strings
	FieldData   // the binary data, searched as text in both encodings
	FieldNamed  // the strings that have the name which the term says
	FieldMessage
	FieldXML
	FieldRaw
	FieldChannel           // what the event is of, as "System"
	FieldProviderGUID      // in braces
	FieldActivityID        // in braces
	FieldRelatedActivityID // in braces
	FieldEventSource       // under which a provider writes to the old interface
	FieldUserData          // name of the element that is the event's UserData
	FieldCategoryName      // of the category, as message text is sought; only to be wanted
	fieldCount
)

var fieldNames = [fieldCount]string{
	"record", "time_written", "time", "id", "event_id", "type", "level", "category",
	"opcode", "version", "keywords", "process_id", "thread_id",
	"server", "log", "source", "computer", "user", "string", "data", "named", "message", "xml", "raw",
	"channel", "provider_guid", "activity_id", "related_activity_id", "event_source", "user_data", "category_name",
}

func (f Field) String() string { return name(fieldNames[:], int(f)) }

// Numeric says whether f is compared as a number.
func (f Field) Numeric() bool { return f <= FieldThreadID }

// Bit is the set of f alone.
func (f Field) Bit() Fields { return 1 << f }

// Has says whether f is in the set.
func (s Fields) Has(f Field) bool { return s&f.Bit() != 0 }

// AllFields is every field; DefaultFields is what a zero Selection.Want fills:
// all that costs nothing beyond decoding.
const (
	AllFields     Fields = 1<<fieldCount - 1
	DefaultFields Fields = AllFields &^ (1<<FieldMessage | 1<<FieldXML | 1<<FieldRaw | 1<<FieldCategoryName)
)

// Tri is an answer that may not be known yet.
type Tri int8

// The answers, ordered: And is the least of its parts, Or the greatest.
const (
	No Tri = iota
	Maybe
	Yes
)

func (t Tri) String() string { return name([]string{"no", "maybe", "yes"}, int(t)) }

// Text is a value as it lies there: UTF-16LE not decoded, a Go string, or bytes
// that may hold either. At most one of the three is set; none is the empty text.
type Text struct {
	U16 []byte
	S   string
	Bin []byte
}

// View is what an expression is judged against: a record as it lies there, or an
// *Event. Implement it on a pointer: a slice in an interface is allocated.
type View interface {
	// Num is a numeric field's value; known is false where it hangs on
	// something that is not known at this stage.
	Num(f Field) (n uint64, known bool)
	// Text is the i-th value of a text field, for FieldNamed of those called
	// name. Yes: t is it. No: there are no more. Maybe: not known at this stage.
	Text(f Field, name string, i int) (t Text, known Tri)
}

var _ View = (*Event)(nil)

// Num implements View.
func (e *Event) Num(f Field) (uint64, bool) {
	switch f {
	case FieldRecord:
		return e.RecordNumber, true
	case FieldTimeWritten:
		t, _ := nt.FiletimeOf(e.TimeWritten)
		return uint64(t), true
	case FieldTimeGenerated:
		t, _ := nt.FiletimeOf(e.TimeGenerated)
		return uint64(t), true
	case FieldCode:
		return uint64(e.ID.Code()), true
	case FieldID:
		return uint64(e.ID), true
	case FieldType:
		return uint64(e.Type), true
	case FieldLevel:
		return uint64(e.Level), true
	case FieldCategory:
		return uint64(e.Category), true
	}
	return e.extraNum(f), true
}

// Text implements View.
func (e *Event) Text(f Field, name string, i int) (Text, Tri) {
	switch f {
	case FieldString:
		if i < len(e.Strings) {
			return Text{S: e.Strings[i]}, Yes
		}
		return Text{}, No
	case FieldNamed:
		if e.Extra == nil {
			return Text{}, No
		}
		for k, n := range e.Extra.Names {
			if k < len(e.Strings) && EqualFold(n, name) {
				if i == 0 {
					return Text{S: e.Strings[k]}, Yes
				}
				i--
			}
		}
		return Text{}, No
	}
	if i > 0 {
		return Text{}, No
	}
	var s string
	switch f {
	case FieldServer, FieldLog:
		s = e.Origin.Text(f)
	case FieldChannel:
		s = e.Channel()
	case FieldProviderGUID, FieldActivityID, FieldRelatedActivityID:
		g := e.extraGUID(f)
		if g.IsZero() {
			return Text{}, No
		}
		s = g.String()
	case FieldEventSource, FieldUserData:
		if e.Extra == nil {
			return Text{}, No
		}
		if s = e.Extra.EventSourceName; f == FieldUserData {
			s = e.Extra.UserData
		}
		if s == "" {
			return Text{}, No
		}
	case FieldSource:
		s = e.Source
	case FieldComputer:
		s = e.Computer
	case FieldUser:
		s = string(e.User)
	case FieldData:
		if len(e.Data) == 0 {
			return Text{}, No
		}
		return Text{Bin: e.Data}, Yes
	case FieldMessage:
		switch e.MessageBy {
		case NotSought:
			return Text{}, Maybe
		case NotFound:
			return Text{}, No
		}
		s = e.Message
	case FieldXML:
		if e.Extra == nil || e.Extra.XML == "" {
			return Text{}, No
		}
		s = e.Extra.XML
	default:
		return Text{}, No
	}
	return Text{S: s}, Yes
}
