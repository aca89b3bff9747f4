package eventlog

import (
	"reflect"
	"testing"
	"time"

	"netelf.example/nt"
)

func fullEvent() *Event {
	return &Event{
		Origin: &Origin{Server: "srv", Log: "System"}, RecordNumber: 7, TimeGenerated: time.Unix(1, 0).UTC(), TimeWritten: time.Unix(2, 0).UTC(),
		ID: 0xC0000007, Type: Error, Level: LevelError, Category: 3, Source: "disk", Computer: "SRV", User: "S-1-5-18",
		Strings: []string{"a", "", "c"}, Data: []byte{1, 2, 3}, Message: "text", MessageBy: ByServer,
		Extra: &Extra{ProviderGUID: nt.GUID{1}, ActivityID: nt.GUID{2}, RelatedActivityID: nt.GUID{3}, EventSourceName: "e", UserData: "u", Keywords: 2, Task: 3, Opcode: 4, Version: 5, ProcessID: 6, ThreadID: 7, Channel: "System",
			Names: []string{"x", "y", "z"}, XML: "<Event/>"},
		Raw: []byte{4, 5}, Offset: 48, Recovered: true,
	}
}

func TestClone(t *testing.T) {
	// A field that is new and not in fullEvent would not be tried.
	for _, v := range []reflect.Value{reflect.ValueOf(*fullEvent()), reflect.ValueOf(*fullEvent().Extra)} {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("%v.%s is not filled", v.Type(), v.Type().Field(i).Name)
			}
		}
	}
	e := fullEvent()
	c := e.Clone()
	if !reflect.DeepEqual(e, c) {
		t.Errorf("a clone differs: %+v, want %+v", c, e)
	}
	e.Strings[0], e.Data[0], e.Raw[0], e.Extra.Names[0], e.Extra.Task = "!", 0xFF, 0xFF, "!", 0xFF
	e.Strings = append(e.Strings[:0], "!", "!", "!", "!")
	e.Reset()
	want := fullEvent()
	if want.Origin = c.Origin; !reflect.DeepEqual(c, want) {
		t.Errorf("a clone changed with its event: %+v, want %+v", c, want)
	}
	if c := new(Event).Clone(); !reflect.DeepEqual(c, new(Event)) {
		t.Errorf("a clone of nothing: %+v", c)
	}
}

func TestReset(t *testing.T) {
	e := fullEvent()
	room := cap(e.Strings)
	e.Reset()
	if len(e.Strings)+len(e.Data)+len(e.Raw) != 0 || cap(e.Strings) != room || cap(e.Data) == 0 || cap(e.Raw) == 0 {
		t.Errorf("slices: %+v", e)
	}
	e.Strings, e.Data, e.Raw = nil, nil, nil
	if want := (&Event{Offset: -1}); !reflect.DeepEqual(e, want) {
		t.Errorf("left over: %+v", e)
	}
	new(Event).Reset()
}

func TestEventWords(t *testing.T) {
	e := fullEvent()
	if e.Code() != 7 || EventID(0x8001FFFF).Code() != 0xFFFF {
		t.Error("Code is not the low 16 bits")
	}
	if got := e.Inserts(); got != "a, , c" {
		t.Errorf("Inserts: %q", got)
	}
	if got, want := e.Mark(), (Mark{"srv", "System", 7, e.TimeWritten}); got != want {
		t.Errorf("Mark: %+v, want %+v", got, want)
	}
	if got, want := (&Event{RecordNumber: 7}).Mark(), (Mark{Record: 7}); got != want {
		t.Errorf("Mark without an Origin: %+v, want %+v", got, want)
	}
	for o, want := range map[*Origin]string{nil: "", {}: "", {Log: "a.evt"}: "a.evt", {Server: "srv", Log: "System"}: "srv/System"} {
		if got := o.String(); got != want {
			t.Errorf("Origin: %q, want %q", got, want)
		}
	}
}
