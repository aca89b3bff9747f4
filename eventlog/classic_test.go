package eventlog

import (
	"testing"

	"netelf.example/nt"
)

func TestChannel(t *testing.T) {
	for _, tt := range []struct {
		o    *Origin
		x    *Extra
		want string
	}{
		{nil, nil, ""},
		{nil, &Extra{}, ""},
		{nil, &Extra{Channel: "Setup"}, "Setup"},
		{&Origin{}, nil, ""},
		{&Origin{Log: "/mnt/evidence/other.evt"}, nil, "other.evt"},
		{&Origin{Log: `C:\evidence\other.evt`}, nil, "other.evt"},
		{&Origin{Log: "evidence/SysEvent.Evt", Channel: "System"}, nil, "System"},
		{&Origin{Log: "a.evtx", Channel: "System"}, &Extra{Channel: "Setup"}, "Setup"},
		{&Origin{Server: "bedrock", Log: "Windows PowerShell/Admin"}, &Extra{}, "Windows PowerShell/Admin"},
	} {
		if got := (&Event{Origin: tt.o, Extra: tt.x}).Channel(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.o, got, tt.want)
		}
	}
}

// TestClassicFields: what Windows shows for events of the old interface.
func TestClassicFields(t *testing.T) {
	for _, tt := range []struct {
		of   Type
		want uint64
	}{{Error, 0x80000000000000}, {AuditSuccess, 0xa0000000000000}, {AuditFailure, 0x90000000000000}, {0x20, 0x80000000000000}} {
		e := &Event{Type: tt.of}
		if n, known := e.Num(FieldKeywords); n != tt.want || !known || ClassicNum(FieldKeywords, tt.of) != tt.want {
			t.Errorf("keywords of %v: %#x, want %#x", tt.of, n, tt.want)
		}
		for _, f := range []Field{FieldOpcode, FieldVersion, FieldProcessID, FieldThreadID} {
			if n, known := e.Num(f); n != 0 || !known {
				t.Errorf("%v: %d, %v", f, n, known)
			}
		}
		for _, f := range []Field{FieldProviderGUID, FieldActivityID, FieldRelatedActivityID, FieldEventSource, FieldUserData} {
			if x, known := e.Text(f, "", 0); known != No {
				t.Errorf("%v: %+v, %v", f, x, known)
			}
		}
	}
}

// TestExtraFields: what only formats beyond .evt have.
func TestExtraFields(t *testing.T) {
	e := &Event{Origin: &Origin{Server: "srv", Log: "a.evtx"}, Extra: &Extra{
		ProviderGUID: nt.GUID{1}, ActivityID: nt.GUID{2}, RelatedActivityID: nt.GUID{3}, EventSourceName: "Old", UserData: "EventXML",
		Keywords: 2, Opcode: 4, Version: 5, ProcessID: 6, ThreadID: 7, Channel: "Setup",
	}}
	for f, want := range map[Field]uint64{FieldKeywords: 2, FieldOpcode: 4, FieldVersion: 5, FieldProcessID: 6, FieldThreadID: 7} {
		if n, known := e.Num(f); n != want || !known {
			t.Errorf("%v: %d, %v, want %d", f, n, known, want)
		}
	}
	for f, want := range map[Field]string{
		FieldServer: "srv", FieldLog: "a.evtx", FieldChannel: "Setup", FieldUserData: "EventXML", FieldEventSource: "Old",
		FieldProviderGUID: nt.GUID{1}.String(), FieldActivityID: nt.GUID{2}.String(), FieldRelatedActivityID: nt.GUID{3}.String(),
	} {
		if x, known := e.Text(f, "", 0); x.S != want || known != Yes {
			t.Errorf("%v: %q, %v, want %q", f, x.S, known, want)
		}
		if _, known := e.Text(f, "", 1); known != No {
			t.Errorf("%v has two values", f)
		}
	}
	if s := e.Origin.Text(FieldSource); s != "" {
		t.Errorf("source of an origin: %q", s)
	}
}
