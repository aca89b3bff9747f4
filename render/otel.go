package render

import (
	"strconv"
	"strings"

	"netelf.example/eventlog"
)

// otel appends e as the body that OpenTelemetry's windowseventlogreceiver makes of
// an event's XML. Windows' names of level, task, opcode and keywords stand in it if
// text was sought. The text of an event of Security is given whole, and not taken
// apart into details.
func (l *schemaLines) otel(dst []byte, e *eventlog.Event) []byte {
	start := len(dst)
	x := e.Extra
	if x == nil {
		x = new(eventlog.Extra)
	}
	rendered := e.MessageBy != eventlog.NotSought
	dst = appendMembers(dst, "event_id", func(dst []byte) []byte {
		return appendNumber(appendNumber(dst, "id", uint64(e.Code())), "qualifiers", uint64(e.ID>>16))
	})
	dst = appendMembers(dst, "provider", func(dst []byte) []byte {
		guid := ""
		if !x.ProviderGUID.IsZero() {
			guid = x.ProviderGUID.String()
		}
		return appendText(appendText(appendText(dst, "name", e.Source), "guid", guid), "event_source", x.EventSourceName)
	})
	dst = append(dst, `,"system_time":"`...)
	if !e.TimeGenerated.IsZero() {
		dst = appendTime7(dst, e.TimeGenerated)
	}
	dst = append(dst, '"')
	dst = appendText(dst, "computer", e.Computer)
	dst = appendText(dst, "channel", e.Channel())
	dst = appendNumber(dst, "record_id", recordID(e))
	level, task, opcode := strconv.Itoa(int(e.Level)), strconv.Itoa(int(taskOf(e))), ""
	if e.Extra != nil {
		opcode = strconv.Itoa(int(x.Opcode))
	}
	keywords := []string{string(appendKeywords(nil, e.Keywords()))}
	message := ""
	if hasText(e) {
		message = xmlLines(e.Message)
	}
	if rendered {
		level, task, opcode = or(levelName(e), level), or(e.CategoryName, task), or(opcodeName(e), opcode)
		if list := shownKeywords(e.Keywords()); len(list) > 0 {
			keywords = list
		}
	}
	dst = appendText(dst, "level", level)
	dst = appendText(dst, "message", message)
	dst = appendText(dst, "task", task)
	dst = appendText(dst, "opcode", opcode)
	dst = appendStrings(append(dst, `,"keywords":[`...), keywords)
	dst = l.otelData(dst, e, x)
	dst = appendNumber(dst, "version", uint64(x.Version))
	if e.User != "" {
		dst = appendMembers(dst, "security", func(dst []byte) []byte { return appendText(dst, "user_id", string(e.User)) })
	}
	if e.Extra != nil {
		dst = appendMembers(dst, "execution", func(dst []byte) []byte {
			return appendNumber(appendNumber(dst, "process_id", uint64(x.ProcessID)), "thread_id", uint64(x.ThreadID))
		})
		dst = appendMembers(dst, "correlation", func(dst []byte) []byte {
			if !x.ActivityID.IsZero() {
				dst = appendText(dst, "activity_id", x.ActivityID.String())
			}
			if !x.RelatedActivityID.IsZero() {
				dst = appendText(dst, "related_activity_id", x.RelatedActivityID.String())
			}
			return dst
		})
	}
	if rendered {
		dst = appendMembers(dst, "rendering_info", func(dst []byte) []byte {
			dst = append(dst, `,"culture":"und"`...)
			dst = appendText(dst, "message", message)
			dst = appendText(dst, "level", levelName(e))
			dst = appendText(dst, "task", e.CategoryName)
			dst = appendText(dst, "opcode", opcodeName(e))
			dst = appendText(dst, "channel", e.Channel())
			dst = appendText(dst, "provider", e.Source)
			return appendStrings(append(dst, `,"keywords":[`...), shownKeywords(e.Keywords()))
		})
	}
	return closeObject(dst, start)
}

// xmlLines is a text as it comes out of XML, in which every line end is one.
func xmlLines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// otelParts are elements beside System that have keys of their own there: the number
// among them, and the texts.
var otelParts = map[string]struct {
	key, number, numberKey string
	texts                  [][2]string
}{
	"ProcessingErrorData": {"processing_error_data", "ErrorCode", "error_code", [][2]string{{"DataItemName", "data_item_name"}, {"EventPayload", "event_payload"}}},
	"DebugData": {"debug_data", "SequenceNumber", "sequence_number", [][2]string{{"FlagName", "flag_name"}, {"LevelName", "level_name"},
		{"Component", "component"}, {"SubComponent", "sub_component"}, {"FileLine", "file_line"}, {"Function", "function"}, {"Message", "message"}}},
}

// otelData appends what the event says: of data under one key the last, and under
// paramN what has no name, counted by themselves.
func (l *schemaLines) otelData(dst []byte, e *eventlog.Event, x *eventlog.Extra) []byte {
	l.pairs = l.pairs[:0]
	clear(l.place)
	add := func(key, value string) {
		l.place[key] = len(l.pairs)
		l.pairs = append(l.pairs, pair{key, xmlLines(value)})
	}
	if part, ok := otelParts[x.UserData]; ok {
		dst = append(dst, `,"event_data":{}`...)
		return appendMembers(dst, part.key, func(dst []byte) []byte {
			number, _ := datum(e, part.number)
			n, _ := strconv.ParseUint(strings.TrimSpace(number), 10, 32) // 0 where it says none
			dst = appendNumber(dst, part.numberKey, n)
			for _, t := range part.texts {
				s, _ := datum(e, t[0])
				dst = appendText(dst, t[1], s)
			}
			return dst
		})
	}
	if x.UserData != "" {
		for i, s := range e.Strings {
			if name := nameOfString(e, i); name != "" && strings.IndexByte(name, '/') < 0 { // no attribute
				add(name, s)
			}
		}
		dst = append(dst, `,"event_data":{}`...)
		return appendMembers(dst, "user_data", func(dst []byte) []byte {
			dst = appendText(dst, "name", x.UserData)
			if len(l.pairs) > 0 {
				dst = l.object(appendMember(dst, "data"))
			}
			return dst
		})
	}
	if x.DataName != "" {
		add("name", x.DataName)
	}
	if len(e.Data) > 0 {
		add("binary", strings.ToUpper(string(appendBytes(nil, e.Data))))
	}
	for i, n := 0, 0; i < len(e.Strings); i++ {
		name := nameOfString(e, i)
		if name == "" {
			n++
			name = "param" + strconv.Itoa(n)
		}
		add(name, e.Strings[i])
	}
	return l.object(appendMember(dst, "event_data"))
}
