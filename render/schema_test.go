package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// schemaEvents are testEvents and some that only .evtx files have.
func schemaEvents() []*eventlog.Event {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	modern := func(x eventlog.Extra, list ...string) *eventlog.Event {
		x.Channel = "Security"
		e := &eventlog.Event{
			Origin: &eventlog.Origin{Server: "/mnt/dc1/", Log: "Security.evtx"}, RecordNumber: 9, TimeGenerated: at, TimeWritten: at,
			ID: 4624, Source: "Microsoft-Windows-Security-Auditing", Computer: "dc1.quarry.example", User: "S-1-5-18", Offset: 0x1200, Extra: &x,
			Type: eventlog.AuditSuccess, Category: 12544,
		}
		for i := 0; i < len(list); i += 2 {
			x.Names, e.Strings = append(x.Names, list[i]), append(e.Strings, list[i+1])
		}
		return e
	}
	const success = 0x8020000000000000
	rendered := modern(eventlog.Extra{Keywords: success, ProviderGUID: nt.GUID{1}, Version: 2, ProcessID: 620, ThreadID: 5240, ActivityID: nt.GUID{2}, RelatedActivityID: nt.GUID{3}, RecordID: 77},
		"TargetUserName", "bob", "Empty", "", "", "first without a name", "TargetUserName", "again", "", "second\r\nline\r\n", "param1", "taken")
	rendered.Message, rendered.MessageBy, rendered.CategoryName = "An account was logged on.\r\n\r\nNew logon:\tbob\r\n", eventlog.ByCatalogue, "Logon"
	missing := modern(eventlog.Extra{Keywords: 0x8010000000000000, DataName: "data", Opcode: 1}, "name", "bob")
	missing.MessageBy, missing.Type, missing.Data = eventlog.NotFound, eventlog.AuditFailure, []byte{0xab, 1}
	return append(testEvents(), rendered, missing,
		modern(eventlog.Extra{Keywords: success, UserData: "LogFileCleared", EventSourceName: "eventlog"}, "SubjectUserName", "fred", "SubjectUserName", "wilma", "Client/Id", "7"),
		modern(eventlog.Extra{UserData: "ProcessingErrorData"}, "ErrorCode", "15005", "DataItemName", "x", "EventPayload", "AABB"),
		modern(eventlog.Extra{UserData: "DebugData"}, "SequenceNumber", "-", "Message", "m"),
		modern(eventlog.Extra{UserData: "Nothing", XML: "<Event/>"}),
	)
}

// leaves are the paths in an object with the kinds of their values.
func leaves(path string, v any, found map[string]string) {
	kind := "null"
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			found[path] = "object"
		}
		for k, x := range v {
			if path == "winlog.event_data" || path == "winlog.user_data" || path == "event_data" || path == "user_data.data" {
				k = "*"
			}
			leaves(strings.TrimPrefix(path+"."+k, "."), x, found)
		}
		return
	case []any:
		kind = "list"
		for _, x := range v {
			if _, ok := x.(string); !ok {
				kind = "mixed"
			}
		}
	case string:
		kind = "text"
	case float64:
		kind = "number"
	}
	if was := found[path]; was != "" && was != kind {
		kind += "|" + was
	}
	found[path] = kind
}

// published are the fields that others document, with their kinds: of ECS those in
// Winlogbeat's fields.common.yml and in the schema itself, where keyword is text or
// a list of it, and long a number; record_id is a keyword that Winlogbeat sends as a
// number. Of OpenTelemetry those that version 0.149.0 of the receiver makes.
var published = map[Schema]map[string]string{
	ECS: {
		"@timestamp": "text", "ecs.version": "text", "event.code": "text", "event.kind": "text", "event.provider": "text", "event.action": "text",
		"event.outcome": "text", "event.original": "text", "host.name": "text", "log.level": "text", "log.file.path": "text", "message": "text",
		"winlog.api": "text", "winlog.channel": "text", "winlog.event_id": "text", "winlog.provider_name": "text", "winlog.provider_guid": "text",
		"winlog.record_id": "number", "winlog.computer_name": "text", "winlog.task": "text", "winlog.opcode": "text", "winlog.keywords": "list",
		"winlog.version": "number", "winlog.activity_id": "text", "winlog.related_activity_id": "text", "winlog.process.pid": "number",
		"winlog.process.thread.id": "number", "winlog.user.identifier": "text", "winlog.user.domain": "text", "winlog.user.name": "text",
		"winlog.event_data.*": "text", "winlog.user_data.*": "text",
	},
	OTel: {
		"event_id.id": "number", "event_id.qualifiers": "number", "provider.name": "text", "provider.guid": "text", "provider.event_source": "text",
		"system_time": "text", "computer": "text", "channel": "text", "record_id": "number", "level": "text", "message": "text", "task": "text",
		"opcode": "text", "keywords": "list", "event_data": "object", "event_data.*": "text", "version": "number", "security.user_id": "text",
		"execution.process_id": "number", "execution.thread_id": "number", "correlation": "object", "correlation.activity_id": "text",
		"correlation.related_activity_id": "text", "rendering_info.culture": "text", "rendering_info.message": "text", "rendering_info.level": "text",
		"rendering_info.task": "text", "rendering_info.opcode": "text", "rendering_info.channel": "text", "rendering_info.provider": "text",
		"rendering_info.keywords": "list", "user_data.name": "text", "user_data.data.*": "text", "processing_error_data.error_code": "number",
		"processing_error_data.data_item_name": "text", "processing_error_data.event_payload": "text", "debug_data.sequence_number": "number",
		"debug_data.flag_name": "text", "debug_data.level_name": "text", "debug_data.component": "text", "debug_data.sub_component": "text",
		"debug_data.file_line": "text", "debug_data.function": "text", "debug_data.message": "text",
	},
}

// TestPublished: each schema has the fields that are published for it, no other, and
// all of them; and what is hostile gets through none.
func TestPublished(t *testing.T) {
	for s, want := range published {
		found := map[string]string{}
		events := schemaEvents()
		for _, h := range hostile {
			events = append(events, hostileEvent(h))
		}
		for i, line := range strings.Split(strings.TrimSuffix(renderAll(t, JSON, &Options{Schema: s}, events), "\n"), "\n") {
			var v any
			d := json.NewDecoder(strings.NewReader(line))
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%v: %v: %s", s, err, line)
			}
			if err := checkOutput(JSON, line+"\n"); err != nil {
				t.Errorf("%v: event %d: %v", s, i, err)
			}
			leaves("", v, found)
		}
		for path, kind := range found {
			if want[path] != kind {
				t.Errorf("%v: %s is %s, want %q", s, path, kind, want[path])
			}
		}
		for path := range want {
			if found[path] == "" {
				t.Errorf("%v: %s is in no event", s, path)
			}
		}
	}
}

// TestSchemaData: what becomes of data with one name, without a name, and empty.
func TestSchemaData(t *testing.T) {
	events := schemaEvents()[len(testEvents()):]
	for _, x := range []struct {
		schema Schema
		event  int
		want   string
	}{
		{ECS, 0, `"event_data":{"TargetUserName":"bob","param3":"first without a name","param5":"second\nline","param1":"taken"}`},
		{ECS, 1, `"event_data":{"name":"bob","Binary":"AB01"}`},
		{ECS, 2, `"user_data":{"SubjectUserName":"fred","Client/Id":"7","xml_name":"LogFileCleared"}`},
		{ECS, 0, `"message":"An account was logged on.\n\nNew logon:\tbob"`},
		{ECS, 0, `"log":{"level":"information","file":{"path":"/mnt/dc1/Security.evtx"}}`},
		{OTel, 0, `"event_data":{"Empty":"","TargetUserName":"again","param2":"second\nline\n","param1":"taken"}`},
		{OTel, 1, `"event_data":{"binary":"AB01","name":"bob"}`},
		{OTel, 2, `"event_data":{},"user_data":{"name":"LogFileCleared","data":{"SubjectUserName":"wilma"}}`},
		{OTel, 3, `"processing_error_data":{"error_code":15005,"data_item_name":"x","event_payload":"AABB"}`},
		{OTel, 0, `"record_id":77,"level":"Information"`},
		{OTel, 2, `"record_id":9,"level":"0","message":"","task":"12544","opcode":"0","keywords":["0x8020000000000000"]`},
	} {
		if got := renderAll(t, JSON, &Options{Schema: x.schema}, events[x.event:x.event+1]); !strings.Contains(got, x.want) {
			t.Errorf("%v: %s\nwant %s", x.schema, got, x.want)
		}
	}
}

func TestSchemas(t *testing.T) {
	for _, x := range []struct {
		form Form
		opts Options
		want string
	}{
		{CSV, Options{Schema: ECS}, "a schema is for json, the csv output has its own"},
		{JSON, Options{Schema: OTel, Fields: []Field{FieldID}}, "the otel schema has fixed fields"},
		{JSON, Options{Schema: 7}, "unknown schema 7"},
		{JSON, Options{Schema: ECS}, ""},
	} {
		_, err := New(io.Discard, x.form, &x.opts)
		if got := fmt.Sprint(err); got != x.want && (err != nil || x.want != "") {
			t.Errorf("%v: %s, want %s", x.form, got, x.want)
		}
	}
	for _, name := range schemaNames {
		if s, err := ParseSchema(name); err != nil || s.String() != name {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if _, err := ParseSchema("cef"); err == nil || err.Error() != `unknown schema "cef": one of native, ecs, otel` {
		t.Error(err)
	}
}
