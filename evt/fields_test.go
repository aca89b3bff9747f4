package evt

import (
	"fmt"
	"slices"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

func TestRecordFields(t *testing.T) {
	good, err := AppendRecord(nil, &eventlog.Event{
		RecordNumber: 5, TimeGenerated: nt.Time32(1), TimeWritten: nt.Time32(2), ID: 7, Type: eventlog.Error, Level: eventlog.LevelError,
		Source: "src", Computer: "PC", User: "S-1-5-18", Strings: []string{"a", ""}, Data: []byte{1, 2, 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	const sid = "UserSid 0x46 12 S-1-5-18"
	for _, c := range []struct {
		name string
		b    []byte
		want []string // of what lies behind the fixed part
	}{
		{"well", good, []string{"SourceName 0x38 8 src", "Computername 0x40 6 PC", sid, "Strings[0] 0x52 4 a", "Strings[1] 0x56 2 ", "Data 0x58 3 [1 2 3]"}},
		{"strings lead out", patched(good, atStringOffset, 0xfffffff0), []string{"SourceName 0x38 8 src", "Computername 0x40 6 PC", sid, "Data 0x58 3 [1 2 3]"}},
		{"strings in the SID", patched(good, atStringOffset, 0x4e), []string{"SourceName 0x38 8 src", "Computername 0x40 6 PC", sid, "Strings[0] 0x4e 4 \x12", "Strings[1] 0x52 4 a", "Data 0x58 3 [1 2 3]"}},
		{"strings in the data", patched(good, atStringOffset, 0x58), []string{"SourceName 0x38 8 src", "Computername 0x40 6 PC", sid, "Strings[0] 0x58 4 \u0201\x03, no end", "Data 0x58 3 [1 2 3]"}},
		{"no SID", patched(good, atUserSidOffset, 0x40), []string{"SourceName 0x38 8 src", "Computername 0x40 6 PC", "UserSid 0x40 12 error", "Strings[0] 0x52 4 a", "Strings[1] 0x56 2 ", "Data 0x58 3 [1 2 3]"}},
		{"data leads out", patched(good, atDataLength, 0xfffffff0), []string{"SourceName 0x38 8 src", "Computername 0x40 6 PC", sid, "Strings[0] 0x52 4 a", "Strings[1] 0x56 2 "}},
	} {
		var r Record
		if err := r.UnmarshalBinary(c.b); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		checkFields(t, &r)
		var have []string
		for _, f := range r.Fields() {
			if f.Offset < RecordHeadSize || f.Name == "Length2" {
				continue
			}
			s := fmt.Sprintf("%s 0x%x %d %v", f.Name, f.Offset, f.Length, f.Value)
			if text, ok := f.Value.(Text); ok && text.NoEnd {
				s += ", no end"
			}
			if _, ok := f.Value.(error); ok {
				s = fmt.Sprintf("%s 0x%x %d error", f.Name, f.Offset, f.Length)
			}
			have = append(have, s)
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s:\nhave %q\nwant %q", c.name, have, c.want)
		}
	}
}

// checkFields: the fixed part without a hole, the rest in order and inside of the
// record.
func checkFields(t *testing.T, r *Record) {
	t.Helper()
	list := r.Fields()
	at := 0
	for i, f := range list {
		if f.Offset < RecordHeadSize {
			if f.Offset != at {
				t.Errorf("%s lies at 0x%x, want 0x%x", f.Name, f.Offset, at)
			}
			at += f.Length
			continue
		}
		if at != RecordHeadSize || f.Length < 0 || f.Offset+f.Length > len(r.Raw()) || f.Offset < list[i-1].Offset {
			t.Errorf("%s lies at 0x%x with 0x%x bytes, behind %s", f.Name, f.Offset, f.Length, list[i-1].Name)
		}
	}
	if f := list[len(list)-1]; f.Name != "Length2" || f.Offset+f.Length != len(r.Raw()) {
		t.Errorf("%s is the last, at 0x%x", f.Name, f.Offset)
	}
}
