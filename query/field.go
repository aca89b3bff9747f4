package query

import "netelf.example/eventlog"

// kind is how the values of a field are written and compared.
type kind uint8

const (
	kindNumber kind = iota
	kindID          // the code, or all 32 bits where a number is larger
	kindQualifiers
	kindType
	kindLevel
	kindTime
	kindSince
	kindUntil
	kindName  // text that is compared as a whole
	kindProse // text that need only have the value
	kindUser
	kindGUID
)

func (k kind) text() bool { return k >= kindName }

// field is a name of the small language.
type field struct {
	name    string
	of      eventlog.Field
	kind    kind
	help    string
	aliases []string
}

// fields are all names, in the order in which they are offered.
var fields = []field{
	{"id", eventlog.FieldCode, kindID, "event id: 4625, 4000..4999", []string{"code", "eventid"}},
	{"source", eventlog.FieldSource, kindName, "who reported the event", []string{"provider"}},
	{"level", eventlog.FieldLevel, kindLevel, "critical, error, warning, information, verbose, or a number", nil},
	{"type", eventlog.FieldType, kindType, "error, warning, information, audit-success, audit-failure, success", nil},
	{"since", eventlog.FieldTimeGenerated, kindSince, "from this time on: 8h, 2026-11-22", nil},
	{"until", eventlog.FieldTimeGenerated, kindUntil, "before this time", nil},
	{"message", eventlog.FieldMessage, kindProse, "the text of the event", []string{"msg"}},
	{"string", eventlog.FieldString, kindProse, "one of the strings; string.2 is the second", []string{"strings"}},
	{"data", eventlog.FieldData, kindProse, "the binary data; data.NAME is what has this name", nil},
	{"computer", eventlog.FieldComputer, kindName, "what the event says of where it came from", nil},
	{"server", eventlog.FieldServer, kindName, "what was connected to", nil},
	{"log", eventlog.FieldLog, kindName, "the log's name in its server", nil},
	{"channel", eventlog.FieldChannel, kindName, "what the event is of, as System", nil},
	{"user", eventlog.FieldUser, kindUser, "a SID, SYSTEM, or a name that stands in the strings", nil},
	{"category", eventlog.FieldCategory, kindNumber, "number of the category or task", []string{"task"}},
	{"record", eventlog.FieldRecord, kindNumber, "record number", nil},
	{"time", eventlog.FieldTimeGenerated, kindTime, "when it was generated: 2026-11-22 is the whole day", []string{"time_generated"}},
	{"time_written", eventlog.FieldTimeWritten, kindTime, "when the log took it", []string{"written"}},
	{"event_id", eventlog.FieldID, kindNumber, "all 32 bits of the event id", nil},
	{"qualifiers", eventlog.FieldID, kindQualifiers, "the upper 16 bits of the event id", nil},
	{"keywords", eventlog.FieldKeywords, kindNumber, "keywords&0x10000000000000 has one of these bits", []string{"keyword"}},
	{"opcode", eventlog.FieldOpcode, kindNumber, "number of the opcode", nil},
	{"version", eventlog.FieldVersion, kindNumber, "version of the event", nil},
	{"process_id", eventlog.FieldProcessID, kindNumber, "process that reported it", []string{"pid"}},
	{"thread_id", eventlog.FieldThreadID, kindNumber, "thread that reported it", []string{"tid"}},
	{"provider_guid", eventlog.FieldProviderGUID, kindGUID, "GUID of the source", nil},
	{"activity_id", eventlog.FieldActivityID, kindGUID, "GUID of the activity", []string{"activity"}},
	{"related_activity_id", eventlog.FieldRelatedActivityID, kindGUID, "GUID of the related activity", nil},
	{"event_source", eventlog.FieldEventSource, kindName, "name of the source in the old interface, where a provider has two", nil},
	{"user_data", eventlog.FieldUserData, kindName, "name of the element in UserData", nil},
	{"xml", eventlog.FieldXML, kindProse, "the event's own XML", nil},
	{"raw", eventlog.FieldRaw, kindProse, "the record as stored", nil},
}

// named is data.NAME.
var named = field{"data", eventlog.FieldNamed, kindName, "what has this name", nil}

var byName, byField = func() (map[string]*field, map[eventlog.Field]*field) {
	names, of := map[string]*field{}, map[eventlog.Field]*field{eventlog.FieldNamed: &named}
	for i := range fields {
		f := &fields[i]
		names[f.name] = f
		for _, a := range f.aliases {
			names[a] = f
		}
		switch f.kind {
		case kindQualifiers, kindSince, kindUntil: // others say the same
		default:
			of[f.of] = f
		}
	}
	return names, of
}()

// names are all names without the aliases.
func names() []string {
	all := make([]string, len(fields))
	for i := range fields {
		all[i] = fields[i].name
	}
	return all
}
