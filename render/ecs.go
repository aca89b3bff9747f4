package render

import (
	"strconv"
	"strings"

	"netelf.example/eventlog"
)

// ecsVersion is the version of the schema that Winlogbeat 8 says it writes.
const ecsVersion = "8.0.0"

// ecs appends e as Winlogbeat 8 arranges it. What it finds out by asking Windows, or
// says of itself (agent, event.created), is not there.
func (l *schemaLines) ecs(dst []byte, e *eventlog.Event) []byte {
	start := len(dst)
	if !e.TimeGenerated.IsZero() {
		dst = append(appendTime(append(dst, `,"@timestamp":"`...), e.TimeGenerated, 0), '"')
	}
	keywords := e.Keywords()
	code := strconv.Itoa(int(e.Code()))
	dst = append(dst, `,"ecs":{"version":"`+ecsVersion+`"}`...)
	dst = appendMembers(dst, "event", func(dst []byte) []byte {
		dst = appendText(dst, "code", code)
		dst = append(dst, `,"kind":"event"`...)
		dst = appendText(dst, "provider", e.Source)
		dst = appendSome(dst, "action", e.CategoryName)
		switch {
		case keywords&eventlog.KeywordAuditFailure != 0:
			dst = append(dst, `,"outcome":"failure"`...)
		case keywords&eventlog.KeywordAuditSuccess != 0:
			dst = append(dst, `,"outcome":"success"`...)
		}
		if e.Extra != nil {
			dst = appendSome(dst, "original", e.Extra.XML)
		}
		return dst
	})
	if e.Computer != "" {
		dst = appendMembers(dst, "host", func(dst []byte) []byte { return appendText(dst, "name", e.Computer) })
	}
	level, path := "", pathOf(e)
	if int(e.Level) < len(ecsLevels) {
		level = ecsLevels[e.Level]
	}
	if level+path != "" {
		dst = appendMembers(dst, "log", func(dst []byte) []byte {
			if dst = appendSome(dst, "level", level); path != "" {
				dst = appendMembers(dst, "file", func(dst []byte) []byte { return appendText(dst, "path", path) })
			}
			return dst
		})
	}
	if hasText(e) {
		dst = appendSome(dst, "message", unixLines(e.Message))
	}
	dst = appendMembers(dst, "winlog", func(dst []byte) []byte { return l.winlog(dst, e, code, keywords) })
	return closeObject(dst, start)
}

// ecsLevels are those of Windows in lower case; always logged is as good as
// information there.
var ecsLevels = [...]string{"information", "critical", "error", "warning", "information", "verbose"}

// pathOf is the file that e was read from, "" if it is of no file.
func pathOf(e *eventlog.Event) string {
	switch o := e.Origin; {
	case o == nil || e.Offset < 0:
		return ""
	case o.Server == "":
		return o.Log
	default:
		return strings.TrimSuffix(o.Server, "/") + "/" + o.Log
	}
}

// unixLines is a text without Windows' line ends and without the last one.
func unixLines(s string) string {
	if strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

func (l *schemaLines) winlog(dst []byte, e *eventlog.Event, code string, keywords uint64) []byte {
	x := e.Extra
	api := "wineventlog"
	if x == nil {
		api, x = "eventlogging", new(eventlog.Extra)
	}
	dst = appendText(dst, "api", api)
	dst = appendSome(dst, "channel", e.Channel())
	dst = appendText(dst, "event_id", code)
	dst = appendSome(dst, "provider_name", e.Source)
	if !x.ProviderGUID.IsZero() {
		dst = appendText(dst, "provider_guid", x.ProviderGUID.String())
	}
	if id := recordID(e); id != 0 {
		dst = appendNumber(dst, "record_id", id)
	}
	dst = appendSome(dst, "computer_name", e.Computer)
	dst = appendSome(dst, "task", e.CategoryName)
	if opcode := opcodeName(e); opcode != "" {
		dst = appendText(dst, "opcode", opcode)
	}
	dst = appendKeywordNames(dst, keywords)
	if x.Version != 0 {
		dst = appendNumber(dst, "version", uint64(x.Version))
	}
	if !x.ActivityID.IsZero() {
		dst = appendText(dst, "activity_id", x.ActivityID.String())
	}
	if !x.RelatedActivityID.IsZero() {
		dst = appendText(dst, "related_activity_id", x.RelatedActivityID.String())
	}
	if x.ProcessID != 0 || x.ThreadID != 0 {
		dst = appendMembers(dst, "process", func(dst []byte) []byte {
			if x.ProcessID != 0 {
				dst = appendNumber(dst, "pid", uint64(x.ProcessID))
			}
			if x.ThreadID != 0 {
				dst = appendMembers(dst, "thread", func(dst []byte) []byte { return appendNumber(dst, "id", uint64(x.ThreadID)) })
			}
			return dst
		})
	}
	if e.User != "" {
		dst = appendMembers(dst, "user", func(dst []byte) []byte {
			dst = appendText(dst, "identifier", string(e.User))
			domain, name, ok := strings.Cut(nameOf(e.User), `\`)
			if !ok {
				domain, name = "", domain
			}
			return appendSome(appendSome(dst, "domain", domain), "name", name)
		})
	}
	return l.ecsData(dst, e, x)
}

// appendKeywordNames appends the keywords that have a name everywhere, if there are
// some.
func appendKeywordNames(dst []byte, keywords uint64) []byte {
	list := shownKeywords(keywords)
	if len(list) == 0 {
		return dst
	}
	return appendStrings(append(dst, `,"keywords":[`...), list)
}

// ecsData appends what the event says: of data under one key the first, nothing
// that is empty, and under paramN what has no name.
func (l *schemaLines) ecsData(dst []byte, e *eventlog.Event, x *eventlog.Extra) []byte {
	l.pairs = l.pairs[:0]
	clear(l.place)
	add := func(key, value string) {
		if value == "" {
			return
		}
		if _, ok := l.place[key]; !ok {
			l.place[key] = len(l.pairs)
			l.pairs = append(l.pairs, pair{key, unixLines(value)})
		}
	}
	for i, s := range e.Strings {
		name := nameOfString(e, i)
		if name == "" || name == "Data" {
			name = "param" + strconv.Itoa(i+1)
		}
		add(name, s)
	}
	key := "event_data"
	if x.UserData != "" {
		key = "user_data"
		add("xml_name", x.UserData)
	} else if len(e.Data) > 0 {
		add("Binary", strings.ToUpper(string(appendBytes(nil, e.Data))))
	}
	if len(l.pairs) == 0 {
		return dst
	}
	return l.object(appendMember(dst, key))
}
