package logtest

import (
	"math"
	"strings"

	"netelf.example/eventlog"
)

const (
	eq       = eventlog.Eq
	bits     = eventlog.BitAnd
	contains = eventlog.Contains
	prefix   = eventlog.Prefix
	like     = eventlog.Like
	differs  = eventlog.Differs
)

// numberCases has each comparison on each numeric field.
func numberCases() []Case {
	return []Case{
		{Name: "no where", Want: all},

		{Name: "record eq", Selection: num(eventlog.FieldRecord, eq, 9), Want: []uint64{9}},
		{Name: "record eq 0", Selection: num(eventlog.FieldRecord, eq, 0)},
		{Name: "record eq beyond 32 bits", Selection: num(eventlog.FieldRecord, eq, 1<<32+9)},
		{Name: "record range", Selection: within(eventlog.FieldRecord, 8, 10), Want: []uint64{8, 9, 10}},
		{Name: "record range open above", Selection: within(eventlog.FieldRecord, 17, math.MaxUint64), Want: []uint64{17, 18}},
		{Name: "record range upside down", Selection: within(eventlog.FieldRecord, 10, 8)},
		{Name: "record bits", Selection: num(eventlog.FieldRecord, bits, 1), Want: []uint64{5, 7, 9, 11, 13, 15, 17}},

		{Name: "written eq", Selection: num(eventlog.FieldTimeWritten, eq, ticks(8, 10, 0)), Want: []uint64{7, 8}},
		{Name: "written eq not a whole second", Selection: num(eventlog.FieldTimeWritten, eq, ticks(8, 10, 0)+1)},
		{Name: "written range", Selection: within(eventlog.FieldTimeWritten, ticks(8, 10, 0), ticks(8, 12, 0)), Want: []uint64{7, 8, 9, 11}},
		{Name: "written bits", Selection: num(eventlog.FieldTimeWritten, bits, math.MaxUint64), Want: all},
		{Name: "generated eq", Selection: num(eventlog.FieldTimeGenerated, eq, ticks(8, 16, 0)), Want: []uint64{12, 13}},
		{Name: "generated range", Selection: within(eventlog.FieldTimeGenerated, ticks(8, 0, 5), ticks(8, 10, 0)), Want: []uint64{6, 7, 8, 9}},
		{Name: "generated range to a tick before", Selection: within(eventlog.FieldTimeGenerated, 0, ticks(8, 0, 5)-1), Want: []uint64{5, 15}},
		{Name: "generated bits", Selection: num(eventlog.FieldTimeGenerated, bits, 0)},

		{Name: "code eq", Selection: num(eventlog.FieldCode, eq, 7), Want: []uint64{7, 14, 15}},
		{Name: "code eq is not the id", Selection: num(eventlog.FieldCode, eq, 0xC0000007)},
		{Name: "code range", Selection: within(eventlog.FieldCode, 528, 529), Want: []uint64{9, 10}},
		{Name: "code bits", Selection: num(eventlog.FieldCode, bits, 0x8000), Want: []uint64{12}},
		{Name: "id eq", Selection: num(eventlog.FieldID, eq, 0xC0000007), Want: []uint64{14}},
		{Name: "id eq 0", Selection: num(eventlog.FieldID, eq, 0), Want: []uint64{11}},
		{Name: "id eq is not the code", Selection: num(eventlog.FieldID, eq, 7)},
		{Name: "id range", Selection: within(eventlog.FieldID, 0xC0000000, 0xFFFFFFFF), Want: []uint64{7, 12, 14, 17}},
		{Name: "id bits", Selection: num(eventlog.FieldID, bits, 0x20000000), Want: []uint64{12, 13}},

		{Name: "type eq 0", Selection: num(eventlog.FieldType, eq, uint64(eventlog.Success)), Want: []uint64{11}},
		{Name: "type eq unknown", Selection: num(eventlog.FieldType, eq, 0x20), Want: []uint64{12}},
		{Name: "type range", Selection: within(eventlog.FieldType, 8, 16), Want: []uint64{9, 10}},
		{Name: "type bits", Selection: num(eventlog.FieldType, bits, uint64(eventlog.Error|eventlog.Information)), Want: []uint64{5, 6, 7, 13, 14, 16, 17, 18}},
		{Name: "level eq", Selection: num(eventlog.FieldLevel, eq, uint64(eventlog.LevelError)), Want: []uint64{7, 14, 16, 17}},
		{Name: "level eq 0 is audits and unknown types", Selection: num(eventlog.FieldLevel, eq, uint64(eventlog.LogAlways)), Want: []uint64{9, 10, 12}},
		{Name: "level eq information is success too", Selection: num(eventlog.FieldLevel, eq, uint64(eventlog.LevelInformation)), Want: []uint64{5, 6, 11, 13, 18}},
		{Name: "level range", Selection: within(eventlog.FieldLevel, 1, 3), Want: []uint64{7, 8, 14, 15, 16, 17}},
		{Name: "level bits", Selection: num(eventlog.FieldLevel, bits, 1), Want: []uint64{8, 15}},
		{Name: "category eq", Selection: num(eventlog.FieldCategory, eq, 2), Want: []uint64{9, 10}},
		{Name: "category range", Selection: within(eventlog.FieldCategory, 1, 4), Want: []uint64{8, 9, 10, 13, 14, 16}},
		{Name: "keywords eq is those of classic events", Selection: num(eventlog.FieldKeywords, eq, eventlog.KeywordClassic), Want: []uint64{5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18}},
		{Name: "keywords bits", Selection: num(eventlog.FieldKeywords, bits, eventlog.KeywordAuditFailure), Want: []uint64{10}},
		{Name: "keywords bits of both audits", Selection: num(eventlog.FieldKeywords, bits, eventlog.KeywordAuditFailure|eventlog.KeywordAuditSuccess), Want: []uint64{9, 10}},
		{Name: "opcode eq 0", Selection: num(eventlog.FieldOpcode, eq, 0), Want: all},
		{Name: "process bits", Selection: num(eventlog.FieldProcessID, bits, math.MaxUint64)},
		{Name: "category bits", Selection: num(eventlog.FieldCategory, bits, 0x0101), Want: []uint64{8, 12, 15, 16}},
	}
}

// textCases has each comparison on each text field that a classic record has.
func textCases(o eventlog.Origin) []Case {
	return []Case{
		{Name: "server eq", Selection: text(eventlog.FieldServer, eq, o.Server), Want: all},
		{Name: "server prefix", Selection: text(eventlog.FieldServer, prefix, o.Server+"?")},
		{Name: "server contains nothing", Selection: text(eventlog.FieldServer, contains, ""), Want: all},
		{Name: "log eq in capitals", Selection: text(eventlog.FieldLog, eq, strings.ToUpper(o.Log)), Want: all},
		{Name: "log eq longer", Selection: text(eventlog.FieldLog, eq, o.Log+"?")},
		{Name: "log prefix", Selection: text(eventlog.FieldLog, prefix, o.Log), Want: all},
		{Name: "log contains longer", Selection: text(eventlog.FieldLog, contains, o.Log+"?")},

		{Name: "source eq", Selection: text(eventlog.FieldSource, eq, "DISK"), Want: []uint64{7, 8}},
		{Name: "source eq is whole", Selection: text(eventlog.FieldSource, eq, "dis")},
		{Name: "source eq empty", Selection: text(eventlog.FieldSource, eq, "")},
		{Name: "source prefix", Selection: text(eventlog.FieldSource, prefix, "dIsK"), Want: []uint64{7, 8, 16}},
		{Name: "source prefix is not inside", Selection: text(eventlog.FieldSource, prefix, "control")},
		{Name: "source prefix empty", Selection: text(eventlog.FieldSource, prefix, ""), Want: all},
		{Name: "source contains", Selection: text(eventlog.FieldSource, contains, "CONTROL"), Want: []uint64{6, 17}},
		{Name: "source contains at the end", Selection: text(eventlog.FieldSource, contains, "LOG"), Want: []uint64{5, 18}},
		{Name: "source contains longer than it", Selection: text(eventlog.FieldSource, contains, "disk and more than any source has")},

		{Name: "german eq", Selection: text(eventlog.FieldSource, eq, "GR\u00d6\u1e9eENPR\u00dcFUNG"), Want: []uint64{11}}, // capital sharp s
		{Name: "german sharp s is not ss", Selection: text(eventlog.FieldSource, eq, "Grössenprüfung")},
		{Name: "german prefix", Selection: text(eventlog.FieldSource, prefix, "GRÖß"), Want: []uint64{11}},
		{Name: "german umlaut is not its base", Selection: text(eventlog.FieldComputer, eq, "MUNCHEN")},
		{Name: "german computer", Selection: text(eventlog.FieldComputer, eq, "münchen"), Want: []uint64{11}},
		{Name: "greek eq, any sigma", Selection: text(eventlog.FieldSource, eq, "\u03c3\u03af\u03c2\u03c5\u03c6\u03bf\u03c3"), Want: []uint64{13, 14}},
		{Name: "greek contains", Selection: text(eventlog.FieldSource, contains, "\u03a5\u03a6\u039f\u03a3"), Want: []uint64{13, 14}},
		{Name: "greek string", Selection: text(eventlog.FieldString, eq, "\u039b\u038a\u0398\u039f\u03a3"), Want: []uint64{13}},
		{Name: "turkish, all four i are one", Selection: text(eventlog.FieldSource, eq, "\u0131\u015eIK IZLEY\u0130C\u0130"), Want: []uint64{12}},
		{Name: "turkish prefix", Selection: text(eventlog.FieldSource, prefix, "i\u015f"), Want: []uint64{12}},
		{Name: "turkish string", Selection: text(eventlog.FieldString, contains, "\u011f\u00fc\u015f"), Want: []uint64{12}},
		{Name: "kelvin sign is k", Selection: text(eventlog.FieldString, eq, "300 k"), Want: []uint64{17}},

		{Name: "beyond the bmp", Selection: text(eventlog.FieldString, contains, "\U0001F600"), Want: []uint64{12}},
		{Name: "beyond the bmp, the same high surrogate", Selection: text(eventlog.FieldString, contains, "\U0001F601")},
		{Name: "beyond the bmp, prefix", Selection: text(eventlog.FieldString, prefix, "\U0001F600 HAZI"), Want: []uint64{12}},
		{Name: "beyond the bmp, not folded", Selection: text(eventlog.FieldString, contains, "\U00010428")},
		{Name: "beyond the bmp, as it is", Selection: text(eventlog.FieldString, contains, "\u015f \U00010400"), Want: []uint64{12}},

		{Name: "computer eq", Selection: text(eventlog.FieldComputer, eq, "srv1"), Want: []uint64{5, 6, 7, 8, 9, 10, 15, 17, 18}},
		{Name: "computer prefix", Selection: text(eventlog.FieldComputer, prefix, "srv1"), Want: []uint64{5, 6, 7, 8, 9, 10, 15, 16, 17, 18}},
		{Name: "computer contains", Selection: text(eventlog.FieldComputer, contains, "v2"), Want: []uint64{12, 13, 14}},
		{Name: "user eq", Selection: text(eventlog.FieldUser, eq, "s-1-5-18"), Want: []uint64{9, 11}},
		{Name: "user eq none", Selection: text(eventlog.FieldUser, eq, ""), Want: []uint64{5, 6, 7, 8, 12, 14, 15, 17, 18}},
		{Name: "user prefix", Selection: text(eventlog.FieldUser, prefix, "S-1-5-1"), Want: []uint64{9, 11, 16}},
		{Name: "user contains", Selection: text(eventlog.FieldUser, contains, "-500"), Want: []uint64{10}},

		{Name: "string eq", Selection: text(eventlog.FieldString, eq, "RUNNING"), Want: []uint64{6}},
		{Name: "string eq empty", Selection: text(eventlog.FieldString, eq, ""), Want: []uint64{8, 10}},
		{Name: "string eq the last of many", Selection: text(eventlog.FieldString, eq, "Kappa"), Want: []uint64{16}},
		{Name: "string prefix", Selection: text(eventlog.FieldString, prefix, "(0x0"), Want: []uint64{9}},
		{Name: "string contains", Selection: text(eventlog.FieldString, contains, "OO"), Want: []uint64{6, 10}},
		{Name: "string contains nothing", Selection: text(eventlog.FieldString, contains, ""), Want: []uint64{6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17}},
		{Name: "string contains not across strings", Selection: text(eventlog.FieldString, contains, "spoolerrunning")},

		{Name: "string like", Selection: text(eventlog.FieldString, like, "*pool?r"), Want: []uint64{6}},
		{Name: "string like, folded", Selection: text(eventlog.FieldString, like, "stra\u1e9ee*"), Want: []uint64{11}},
		{Name: "string like, beyond the bmp", Selection: text(eventlog.FieldString, like, "? HAZI?"), Want: []uint64{12}},
		{Name: "string like nothing", Selection: text(eventlog.FieldString, like, ""), Want: []uint64{8, 10}},
		{Name: "source like", Selection: text(eventlog.FieldSource, like, "di?k*"), Want: []uint64{7, 8, 16}},
		{Name: "data like in either", Selection: text(eventlog.FieldData, like, "*l?stand*"), Want: []uint64{11}},
		{Name: "string differs", Selection: text(eventlog.FieldString, differs, "RUNNING"), Want: []uint64{6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17}},
		{Name: "source differs", Selection: text(eventlog.FieldSource, differs, "disk"), Want: []uint64{5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}},
		{Name: "second string", Selection: where(eventlog.NamedTerm(eventlog.FieldString, "2", eq, "running")), Want: []uint64{6}},
		{Name: "first string is not the second", Selection: where(eventlog.NamedTerm(eventlog.FieldString, "1", eq, "running"))},
		{Name: "tenth string there", Selection: where(eventlog.NamedTerm(eventlog.FieldString, "10", contains, "")), Want: []uint64{16}},
		{Name: "string as a number", Selection: where(eventlog.NumberTerm(eventlog.FieldString, "", eventlog.Range, 3, 0x7b)), Want: []uint64{10, 15}},
		{Name: "string with bits", Selection: where(eventlog.NumberTerm(eventlog.FieldString, "4", bits, 2, 2)), Want: []uint64{9}},
		{Name: "channel eq", Selection: text(eventlog.FieldChannel, eq, strings.ToUpper(o.Text(eventlog.FieldChannel))), Want: all},
		{Name: "channel contains longer", Selection: text(eventlog.FieldChannel, contains, o.Text(eventlog.FieldChannel)+"?")},
		{Name: "activity, of events without", Selection: text(eventlog.FieldActivityID, contains, "")},
		{Name: "user data, of events without", Selection: text(eventlog.FieldUserData, contains, "")},

		{Name: "data eq in ascii", Selection: text(eventlog.FieldData, eq, "sector 4711 NOT found"), Want: []uint64{8}},
		{Name: "data eq in utf-16", Selection: text(eventlog.FieldData, eq, "ölstand NIEDRIG"), Want: []uint64{13}},
		{Name: "data eq is whole", Selection: text(eventlog.FieldData, eq, "sector 4711 not foun")},
		{Name: "data prefix in ascii", Selection: text(eventlog.FieldData, prefix, "SECTOR"), Want: []uint64{8}},
		{Name: "data prefix in utf-16", Selection: text(eventlog.FieldData, prefix, "ÖLSTAND"), Want: []uint64{13}},
		{Name: "data eq empty", Selection: text(eventlog.FieldData, eq, "")},
		{Name: "data eq not at an odd offset", Selection: text(eventlog.FieldData, eq, "überlauf im kessel")},
		{Name: "data prefix not at an odd offset", Selection: text(eventlog.FieldData, prefix, "überlauf")},
		{Name: "data prefix in utf-8", Selection: text(eventlog.FieldData, prefix, "füll"), Want: []uint64{11}},
		{Name: "data contains in ascii", Selection: text(eventlog.FieldData, contains, "4711 Not"), Want: []uint64{8}},
		{Name: "data contains in utf-8", Selection: text(eventlog.FieldData, contains, "FÜLLSTAND"), Want: []uint64{11}},
		{Name: "data contains in utf-8, its end", Selection: text(eventlog.FieldData, contains, "97 %"), Want: []uint64{11}},
		{Name: "data contains in utf-16", Selection: text(eventlog.FieldData, contains, "STAND niedrig"), Want: []uint64{13}},
		{Name: "data contains in either", Selection: text(eventlog.FieldData, contains, "stand"), Want: []uint64{11, 13}},
		{Name: "data contains in utf-16 at an odd offset", Selection: text(eventlog.FieldData, contains, "überlauf IM kessel"), Want: []uint64{14}},
		{Name: "data contains what folding makes shorter", Selection: text(eventlog.FieldData, contains, "kkkk"), Want: []uint64{17}},
		{Name: "data contains nothing is any data", Selection: text(eventlog.FieldData, contains, ""), Want: []uint64{7, 8, 10, 11, 13, 14, 15, 17}},

		{Name: "named, of events without names", Selection: where(eventlog.NamedTerm(eventlog.FieldNamed, "TargetUserName", contains, ""))},
		{Name: "named with no name", Selection: where(eventlog.NamedTerm(eventlog.FieldNamed, "", eq, "running"))},
		{Name: "not named is known", Selection: where(eventlog.Not{X: eventlog.NamedTerm(eventlog.FieldNamed, "TargetUserName", prefix, "root")}), Want: all},
	}
}

// treeCases nests.
func treeCases() []Case {
	type (
		and = eventlog.And
		or  = eventlog.Or
		not = eventlog.Not
	)
	security := eventlog.TextTerm(eventlog.FieldSource, eq, "security")
	disk := eventlog.TextTerm(eventlog.FieldSource, eq, "disk")
	code := func(n uint64) eventlog.Expr { return eventlog.NumTerm(eventlog.FieldCode, eq, n) }
	level := func(n uint64) eventlog.Expr { return eventlog.NumTerm(eventlog.FieldLevel, eq, n) }
	return []Case{
		{Name: "empty and", Selection: where(and{}), Want: all},
		{Name: "nil and", Selection: where(and(nil)), Want: all},
		{Name: "empty or", Selection: where(or{})},
		{Name: "not empty and", Selection: where(not{X: and{}})},
		{Name: "not empty or", Selection: where(not{X: or{}}), Want: all},
		{Name: "and", Selection: where(and{disk, level(2)}), Want: []uint64{7}},
		{Name: "and of one", Selection: where(and{disk}), Want: []uint64{7, 8}},
		{Name: "and without common events", Selection: where(and{disk, security})},
		{Name: "and with an empty or", Selection: where(and{disk, or{}})},
		{Name: "or", Selection: where(or{disk, security}), Want: []uint64{7, 8, 9, 10}},
		{Name: "or of one event twice", Selection: where(or{code(51), disk, level(3)}), Want: []uint64{7, 8, 15}},
		{Name: "or with an empty and", Selection: where(or{disk, and{}}), Want: all},
		{Name: "not", Selection: where(not{X: security}), Want: []uint64{5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18}},
		{Name: "not not", Selection: where(not{X: not{X: security}}), Want: []uint64{9, 10}},
		{Name: "and of or and not", Selection: where(and{or{code(7), code(51)}, not{X: level(3)}}), Want: []uint64{7, 14}},
		{Name: "not or of ands", Selection: where(not{X: or{and{disk, level(2)}, and{not{X: disk}, not{X: security}}}}), Want: []uint64{8, 9, 10}},
		{Name: "backward", Selection: eventlog.Selection{Backward: true, Where: or{disk, security}}, Want: []uint64{10, 9, 8, 7}},
	}
}

// messageCases hang on text that the log does not know: what is Maybe is
// yielded, and Resolve settles it.
func messageCases() []Case {
	message := func(op eventlog.Op, s string) eventlog.Expr {
		return eventlog.TextTerm(eventlog.FieldMessage, op, s)
	}
	security := eventlog.TextTerm(eventlog.FieldSource, eq, "security")
	failure := eventlog.NumTerm(eventlog.FieldType, eq, uint64(eventlog.AuditFailure))
	either := eventlog.Or{security, message(contains, "event log")}
	return []Case{
		{Name: "message contains", Selection: where(message(contains, "LOGON")), Want: all, WantResolved: []uint64{9, 10}},
		{Name: "message eq", Selection: where(message(eq, "logon failure")), Want: all, WantResolved: []uint64{10}},
		{Name: "message prefix", Selection: where(message(prefix, "the ")), Want: all, WantResolved: []uint64{5, 7, 18}},
		{Name: "message contains nothing is any text", Selection: where(message(contains, "")), Want: all, WantResolved: []uint64{5, 7, 9, 10, 18}},
		{Name: "not message", Selection: where(eventlog.Not{X: message(contains, "logon")}), Want: all,
			WantResolved: []uint64{5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18}},
		{Name: "message in german", Selection: eventlog.Selection{Where: message(contains, "DIENST"), Lang: "de"}, Want: all, WantResolved: []uint64{5, 18}},
		{Name: "no and message", Selection: where(eventlog.And{eventlog.Or{}, message(contains, "logon")})},
		{Name: "source and message", Selection: where(eventlog.And{security, message(contains, "failure")}), Want: []uint64{9, 10}, WantResolved: []uint64{10}},
		{Name: "message and source", Selection: where(eventlog.And{message(contains, "failure"), security}), Want: []uint64{9, 10}, WantResolved: []uint64{10}},
		{Name: "source or message", Selection: where(either), Want: all, WantResolved: []uint64{5, 9, 10, 18}},
		{Name: "not source or message", Selection: where(eventlog.Not{X: either}), Want: []uint64{5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18},
			WantResolved: []uint64{6, 7, 8, 11, 12, 13, 14, 15, 16, 17}},
		{Name: "message and not message", Selection: where(eventlog.And{message(contains, "logon"), eventlog.Not{X: message(contains, "failure")}}),
			Want: all, WantResolved: []uint64{9}},
		{Name: "message, limit counts no maybe", Selection: eventlog.Selection{Where: message(contains, "logon"), Limit: 1},
			Want: all, WantResolved: []uint64{9}},
		{Name: "message, limit beyond what there is", Selection: eventlog.Selection{Where: message(contains, "logon"), Limit: 3},
			Want: all, WantResolved: []uint64{9, 10}},
		{Name: "source or message, limit counts yes", Selection: eventlog.Selection{Where: either, Limit: 2},
			Want: []uint64{5, 6, 7, 8, 9, 10}, WantResolved: []uint64{5, 9}},
		{Name: "source or message, limit backward", Selection: eventlog.Selection{Backward: true, Where: either, Limit: 1},
			Want: []uint64{18, 17, 16, 15, 14, 13, 12, 11, 10}, WantResolved: []uint64{18}},
		{Name: "source and message, budget", Selection: eventlog.Selection{Where: eventlog.And{security, message(contains, "failure")}, Budget: 5},
			Want: []uint64{9}, WantResolved: none, WantErr: eventlog.ErrBudget, WantRest: []uint64{10}},
		{Name: "source and message, since", Selection: eventlog.Selection{Where: eventlog.Or{failure, message(contains, "logon")}, Since: at(8, 5, 0), Until: at(8, 15, 1)},
			Want: []uint64{7, 8, 9, 10, 11}, WantResolved: []uint64{9, 10}},
	}
}
