package evtx_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

// corpus is the folder with real logs of Windows.
func corpus(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("NETELF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	dir = filepath.Join(dir, "evtx")
	if _, err := os.Stat(dir); err != nil {
		// Real logs are not for everybody's machine: a skip in CI, too.
		t.Skipf("%s is not there: set NETELF_CORPUS to the folder with the real logs", dir)
	}
	return dir
}

// real is what a real log has. Where other readers count otherwise, why says who
// is right.
var real = []struct {
	name           string
	events         int // of the log
	incomplete     int // of those, without all of their fields
	oldest, newest uint64
	channel        string
	why            string
}{
	{"2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx", 1910, 0, 5281368, 6952972, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational",
		"pages of two chunks are of other chunks: 128 minus 95 and 130 minus 96 records are gone. Velocidex counts two more, whose second half is not theirs: " +
			"record 6335011 ends in the middle of another one"},
	{"Application15.evtx", 1, 0, 1, 1, "Application", ""},
	{"Application_no_crc32.evtx", 17, 0, 426, 442, "Application", "the flag says that checksums are not kept: they are no damage"},
	{"MSExchange_Management_wec.evtx", 1, 0, 1, 1, "MSExchange Management", "an event of another machine, text without a template: libevtx cannot read it"},
	{"Microsoft-Windows-CAPI2_Operational_EventID70.evtx", 1, 0, 1, 1, "Microsoft-Windows-CAPI2/Operational", "golang-evtx and python-evtx give up on it"},
	{"Microsoft-Windows-HelloForBusiness%4Operational.evtx", 5, 0, 1, 5, "Microsoft-Windows-HelloForBusiness/Operational",
		"all from 0x1000 of the chunk on is zeros, in the middle of record 6, of which Velocidex and python-evtx make an event: its values are zeros"},
	{"Microsoft-Windows-LanguagePackSetup%4Operational.evtx", 16, 0, 1, 16, "Microsoft-Windows-LanguagePackSetup/Operational", "the same, record 17 at 0x2000"},
	{"Security_with_size_t.evtx", 636, 0, 1, 636, "Security", ""},
	{"dns_log_malformed.evtx", 5, 0, 1, 5, "Microsoft-Windows-DNSServer/Analytical", "control characters in a name: libevtx writes XML of it that is none"},
	{"new-user-security.evtx", 4, 0, 1, 4, "Security", ""},
	{"post-Security.evtx", 126, 0, 1, 126, "Security", ""},
	{"sample-with-irregular-bool-values.evtx", 3028, 0, 1, 3028, "Microsoft-Windows-GroupPolicy/Operational", ""},
	{"sample-with-zero-data-size-event.evtx", 449, 0, 1, 450, "System",
		"record 3 has size 0, and its end is missing: libevtx and python-evtx leave the chunk there, Velocidex makes an event of it"},
	{"sample_with_a_bad_chunk_magic.evtx", 380, 82, 45691, 47705, "Microsoft-Windows-AppXDeployment/Operational",
		"the first page of the chunk at 0xa1000 is zeros, and with it the templates of most of its records: others leave out all of that chunk"},
	{"security.evtx", 2261, 0, 1, 2261, "Security", ""},
	{"sysmon.evtx", 358, 0, 1742, 2099, "Microsoft-Windows-Sysmon/Operational", "the dirty header knows of one chunk of nine"},
	{"system.evtx", 1881, 0, 1, 1881, "System", "the dirty header knows of three chunks of fifteen"},
}

// TestRealLogs reads every real log in both directions, and in parallel.
func TestRealLogs(t *testing.T) {
	dir := corpus(t)
	for _, x := range real {
		name := filepath.Join(dir, x.name)
		b, err := os.ReadFile(name)
		if err != nil {
			logtest.Missing(t, err.Error())
		}
		r := reader(t, b, nil)
		there := items(t, r, eventlog.Selection{Recovered: true})
		back := items(t, r, eventlog.Selection{Recovered: true, Backward: true})
		for len(back) > 0 && there[0].record == 0 && back[0] == there[0] { // of the file as a whole: first in both
			back, there = back[1:], there[1:]
		}
		if !slices.Equal(turned(back), there) {
			t.Errorf("%s: backwards it differs", x.name)
		}
		par := items(t, reader(t, b, &evtx.Options{Parallel: 3, Origin: &eventlog.Origin{Server: "srv1", Log: "App.evtx"}}), eventlog.Selection{Recovered: true})
		if !slices.Equal(par[len(par)-len(there):], there) {
			t.Errorf("%s: in parallel it differs", x.name)
		}

		var numbers []uint64
		incomplete, xml := 0, 0
		for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Want: eventlog.DefaultFields | eventlog.FieldXML.Bit()}) {
			if l, ok := eventlog.AsLoss(err); ok {
				if l.Partial && l.First != 0 {
					incomplete++
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, e.RecordNumber)
			if e.Extra.XML != "" {
				xml++
				if e.Source == "" || e.Computer == "" || e.Extra.Channel != x.channel || e.TimeGenerated.Year() < 2010 {
					t.Errorf("%s: record %d: %+v %+v", x.name, e.RecordNumber, e, e.Extra)
				}
			}
		}
		if len(numbers) != x.events || incomplete != x.incomplete || xml != x.events-x.incomplete {
			t.Errorf("%s: %d events, %d incomplete, %d as XML, want %d, %d (%s)", x.name, len(numbers), incomplete, xml, x.events, x.incomplete, x.why)
		}
		if !slices.IsSorted(numbers) || numbers[0] != x.oldest || numbers[len(numbers)-1] != x.newest {
			t.Errorf("%s: records %d to %d, want %d to %d", x.name, numbers[0], numbers[len(numbers)-1], x.oldest, x.newest)
		}
		if i, err := r.Info(t.Context()); err != nil || i.Channel != x.channel || i.Oldest != x.oldest || i.Next <= x.newest {
			t.Errorf("%s: %+v, %v", x.name, i, err)
		}
	}
	// Every file of the folder is in the table.
	names, err := filepath.Glob(filepath.Join(dir, "*.evtx"))
	if err != nil || len(names) != len(real) {
		t.Errorf("%d files, %d in the table, %v", len(names), len(real), err)
	}
}

// TestRealEvents looks at some events that are odd, each in a way of its own.
func TestRealEvents(t *testing.T) {
	dir := corpus(t)
	find := func(name string, record uint64) *eventlog.Event {
		t.Helper()
		r, err := evtx.Open(filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Start: record, Limit: 1, Want: eventlog.DefaultFields | eventlog.FieldXML.Bit()}) {
			if err == nil {
				return e
			}
		}
		t.Fatalf("%s: no record %d", name, record)
		return nil
	}
	e := find("MSExchange_Management_wec.evtx", 1)
	if e.Extra.RecordID != 3229 || e.Source != "MSExchange CmdletLogs" || e.ID != 0x40000001 || len(e.Strings) != 27 || e.Strings[0] != "Set-Mailbox" ||
		e.TimeGenerated.Nanosecond() != 833733500 || !strings.Contains(e.Extra.XML, "SystemTime='2021-11-19T16:52:33.833733500Z'") {
		t.Errorf("%+v %+v", e, e.Extra)
	}
	// A pointer is written as Windows writes it; libevtx writes a decimal number.
	e = find("Security_with_size_t.evtx", 2)
	if i := slices.Index(e.Extra.Names, "ProcessId"); i < 0 || e.Strings[i] != "0x4" || e.Type != eventlog.AuditSuccess || e.Level != eventlog.LogAlways {
		t.Errorf("%+v %+v", e, e.Extra)
	}
	// A value that is a line end stays one; libevtx leaves it out.
	e = find("Application_no_crc32.evtx", 441)
	if len(e.Strings) != 1 || strings.TrimSpace(e.Strings[0]) != "" || e.Strings[0] == "" || e.Extra.EventSourceName != "Windows Search Service" {
		t.Errorf("%+v %+v", e, e.Extra)
	}
	// Control characters become U+FFFD in XML alone.
	e = find("dns_log_malformed.evtx", 2)
	if i := slices.Index(e.Extra.Names, "QNAME"); i < 0 || !strings.Contains(e.Strings[i], "\x01") && !strings.ContainsAny(e.Strings[i], "\x00\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f") {
		t.Errorf("%+q %+v", e.Strings, e.Extra)
	}
	if strings.ContainsAny(e.Extra.XML, "\x00\x01\x02\x03\x04\x05") || !strings.Contains(e.Extra.XML, "\ufffd") {
		t.Errorf("%+q", e.Extra.XML)
	}
}

// TestRealSelections holds that what is judged of a record as it lies there is what
// its event says.
func TestRealSelections(t *testing.T) {
	dir := corpus(t)
	num, text := eventlog.NumTerm, eventlog.TextTerm
	wheres := []eventlog.Expr{
		num(eventlog.FieldCode, eventlog.Eq, 4624), num(eventlog.FieldID, eventlog.BitAnd, 0x40000000), num(eventlog.FieldLevel, eventlog.Eq, 4),
		num(eventlog.FieldType, eventlog.Eq, uint64(eventlog.AuditSuccess)), num(eventlog.FieldCategory, eventlog.BitAnd, 3),
		num(eventlog.FieldRecord, eventlog.BitAnd, 8), eventlog.RangeTerm(eventlog.FieldTimeGenerated, 0, 131000000000000000),
		num(eventlog.FieldTimeWritten, eventlog.BitAnd, 0x400000), text(eventlog.FieldSource, eventlog.Contains, "security"),
		text(eventlog.FieldComputer, eventlog.Prefix, "w"), text(eventlog.FieldUser, eventlog.Eq, "S-1-5-18"), text(eventlog.FieldUser, eventlog.Eq, ""),
		text(eventlog.FieldString, eventlog.Contains, "system"), text(eventlog.FieldData, eventlog.Contains, "a"),
		eventlog.NamedTerm(eventlog.FieldNamed, "SubjectUserName", eventlog.Eq, "system"), eventlog.NamedTerm(eventlog.FieldNamed, "", eventlog.Contains, ""),
		text(eventlog.FieldXML, eventlog.Contains, "Guid='{5"),
	}
	for _, x := range real {
		b, err := os.ReadFile(filepath.Join(dir, x.name))
		if err != nil {
			t.Fatal(err)
		}
		r := reader(t, b, nil)
		for _, where := range wheres {
			var want, got []uint64
			for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Want: eventlog.AllFields}) {
				if err == nil && where.Match(e) != eventlog.No {
					want = append(want, e.RecordNumber)
				}
			}
			for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Where: where, Want: eventlog.FieldRecord.Bit()}) {
				if err == nil {
					got = append(got, e.RecordNumber)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %+v: %d records, by their events %d", x.name, where, len(got), len(want))
			}
		}
	}
}
