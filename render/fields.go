package render

import (
	"fmt"
	"slices"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/spelling"
)

// Field is one thing that is shown of an event. Its name is the key in json, the
// heading in csv and, in capitals, the heading in the table. What lies behind the
// last of the fields is the value of a datum, by its name; [ParseFields] makes
// these.
type Field uint8

// The fields, in the order of json's keys.
const (
	FieldServer Field = iota
	FieldLog
	FieldRecord
	FieldTime
	FieldTimeWritten
	FieldID
	FieldEventID
	FieldType
	FieldLevel
	FieldCategory
	FieldSource
	FieldComputer
	FieldUser
	FieldUserName
	FieldStrings
	FieldData
	FieldMessage
	FieldMessageBy
	FieldCategoryName
	FieldRecovered
	FieldOffset
	FieldProviderGUID
	FieldKeywords
	FieldTask
	FieldOpcode
	FieldVersion
	FieldProcessID
	FieldThreadID
	FieldActivityID
	FieldRelatedActivityID
	FieldChannel
	FieldRecordID
	FieldEventSourceName
	FieldUserData
	FieldDataName
	FieldNames
	FieldXML
	FieldRaw
	fieldCount
)

// fieldTable has the name of each field and its least width in the table. right
// sets numbers under each other.
var fieldTable = [fieldCount]struct {
	name  string
	width int
	right bool
}{
	FieldServer:            {"server", 12, false},
	FieldLog:               {"log", 12, false},
	FieldRecord:            {"record", 7, true},
	FieldTime:              {"time", 19, false},
	FieldTimeWritten:       {"time_written", 19, false},
	FieldID:                {"id", 5, true},
	FieldEventID:           {"event_id", 10, true},
	FieldType:              {"type", 13, false},
	FieldLevel:             {"level", 11, false},
	FieldCategory:          {"category", 8, true},
	FieldSource:            {"source", 23, false},
	FieldComputer:          {"computer", 12, false},
	FieldUser:              {"user", 20, false},
	FieldUserName:          {"user_name", 20, false},
	FieldStrings:           {"strings", 24, false},
	FieldData:              {"data", 16, false},
	FieldMessage:           {"message", 24, false},
	FieldMessageBy:         {"message_by", 10, false},
	FieldCategoryName:      {"category_name", 16, false},
	FieldRecovered:         {"recovered", 9, false},
	FieldOffset:            {"offset", 8, true},
	FieldProviderGUID:      {"provider_guid", 38, false},
	FieldKeywords:          {"keywords", 18, false},
	FieldTask:              {"task", 5, true},
	FieldOpcode:            {"opcode", 6, true},
	FieldVersion:           {"version", 7, true},
	FieldProcessID:         {"process_id", 10, true},
	FieldThreadID:          {"thread_id", 9, true},
	FieldActivityID:        {"activity_id", 38, false},
	FieldRelatedActivityID: {"related_activity_id", 38, false},
	FieldChannel:           {"channel", 12, false},
	FieldRecordID:          {"record_id", 9, true},
	FieldEventSourceName:   {"event_source_name", 17, false},
	FieldUserData:          {"user_data", 12, false},
	FieldDataName:          {"data_name", 12, false},
	FieldNames:             {"names", 16, false},
	FieldXML:               {"xml", 24, false},
	FieldRaw:               {"raw", 16, false},
}

func (f Field) String() string {
	if f < fieldCount {
		return fieldTable[f].name
	}
	return fmt.Sprintf("field %d", uint8(f))
}

// ParseFields takes names of fields, separated by commas: "time,server,id".
// Spaces around a name do not count, nor does case. data.NAME is the value of the
// datum of that name, of several of one name the first; such names are answered for
// [Options].Named.
func ParseFields(s string) (fields []Field, named []string, err error) {
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		f, ok := fieldNamed(strings.ToLower(name))
		if datum, is := cutFold(name, namedPrefix); !ok && is && datum != "" {
			if len(named) == MaxNamed {
				return nil, nil, fmt.Errorf("more than %d fields of data", MaxNamed)
			}
			f, ok = fieldCount+Field(len(named)), true
			for i, n := range named {
				if eventlog.EqualFold(n, datum) {
					f = fieldCount + Field(i)
				}
			}
			if int(f-fieldCount) == len(named) {
				named = append(named, datum)
			}
		}
		if !ok {
			if like := spelling.Like(name, fieldNames()); like != "" && !strings.Contains(name, ".") {
				return nil, nil, fmt.Errorf("unknown field %q; do you mean %s?", name, like)
			}
			return nil, nil, fmt.Errorf("unknown field %q: one of %s, or data.NAME for a datum", name, strings.Join(fieldNames(), ", "))
		}
		if slices.Contains(fields, f) {
			return nil, nil, fmt.Errorf("field %q is there twice", f.nameIn(named))
		}
		fields = append(fields, f)
	}
	return fields, named, nil
}

// MaxNamed is how many data are shown in fields of their own.
const MaxNamed = 128

const namedPrefix = "data."

// cutFold is strings.CutPrefix without regard to the case of ASCII.
func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// nameIn is the name of a field, of data too.
func (f Field) nameIn(named []string) string {
	if f >= fieldCount {
		return namedPrefix + named[f-fieldCount]
	}
	return f.String()
}

// datum is the value that has a name; ok is false where none has.
func datum(e *eventlog.Event, name string) (string, bool) {
	t, known := e.Text(eventlog.FieldNamed, name, 0)
	return t.S, known == eventlog.Yes
}

func fieldNamed(name string) (Field, bool) {
	for f := range fieldTable {
		if fieldTable[f].name == name {
			return Field(f), true
		}
	}
	return 0, false
}

func fieldNames() []string {
	var names []string
	for _, f := range fieldTable {
		names = append(names, f.name)
	}
	return names
}

// Set is a set of fields for [AppendJSON]; the empty set stands for all.
type Set uint64

const allFields Set = 1<<fieldCount - 1

// SetOf is the set of fields, whose order does not count.
func SetOf(fields []Field) Set {
	var s Set
	for _, f := range fields {
		if f < fieldCount {
			s |= 1 << f
		}
	}
	return s
}

func (s Set) has(f Field) bool { return s>>f&1 != 0 }

// Wants says what a selection must fill for an output with these fields; empty
// means what it means in Options. Raw bytes are only read where they are a field.
func Wants(form Form, fields []Field) eventlog.Fields {
	want := eventlog.DefaultFields
	if len(fields) == 0 {
		want |= eventlog.FieldMessage.Bit()
		switch form {
		case JSON:
			want |= eventlog.FieldCategoryName.Bit()
		case XML:
			want |= eventlog.FieldCategoryName.Bit() | eventlog.FieldXML.Bit()
		}
		return want
	}
	for _, f := range fields {
		switch f {
		case FieldMessage, FieldMessageBy:
			want |= eventlog.FieldMessage.Bit()
		case FieldCategoryName:
			want |= eventlog.FieldCategoryName.Bit()
		case FieldXML:
			want |= eventlog.FieldXML.Bit()
		case FieldRaw:
			want |= eventlog.FieldRaw.Bit()
		}
	}
	return want
}
