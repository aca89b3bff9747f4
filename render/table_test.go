package render

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// On a terminal no line is longer than it is wide, and the message keeps two sevenths,
// whatever the other columns hold.
func TestTableWidths(t *testing.T) {
	events := testEvents()
	long := *events[1]
	long.Origin = &eventlog.Origin{Log: "/mnt/evidence/" + strings.Repeat("very long/", 30) + "SysEvent.Evt"}
	long.Source, long.Computer = strings.Repeat("source ", 20), strings.Repeat("日本", 40)
	long.RecordNumber = 1 << 40
	long.Recovered = true
	long.Strings = []string{strings.Repeat("x", 500)}
	wide := long
	wide.Origin = &eventlog.Origin{Server: strings.Repeat("日本", 20), Log: strings.Repeat("e\u0301", 50)}
	events = append(events, &long, &wide)
	for _, fields := range [][]Field{
		nil,
		{FieldTime, FieldServer, FieldLog, FieldSource, FieldComputer, FieldMessage},
		{FieldMessage, FieldSource, FieldRecord},
		{FieldLog, FieldRecord},
	} {
		for w := 1; w < 250; w++ {
			for _, one := range []bool{false, true} {
				lines := strings.Split(renderAll(t, Table, &Options{Width: w, OneLog: one, Fields: fields}, events), "\n")
				for _, line := range lines {
					if n := width([]byte(line)); n > w {
						t.Fatalf("%d columns, a line of %d: %s", w, n, line)
					}
				}
				if fields != nil || w < 70 {
					continue
				}
				i := slices.IndexFunc(lines, func(s string) bool { return strings.Contains(s, "xxx") })
				if x := strings.Count(lines[max(i, 0)], "x"); 7*(x+1) < 2*w {
					t.Fatalf("%d columns, %d of the message: %s", w, x, lines[max(i, 0)])
				}
			}
		}
	}
}

// At 80 columns it can be told of which server a log is, and what became of an audit.
func TestTableNarrow(t *testing.T) {
	var events []*eventlog.Event
	for _, server := range []string{"wilma", "betty"} {
		for _, typ := range []eventlog.Type{eventlog.AuditSuccess, eventlog.AuditFailure} {
			events = append(events, &eventlog.Event{
				Origin: &eventlog.Origin{Server: server, Log: "System"}, RecordNumber: 1, TimeGenerated: time.Unix(1, 0),
				ID: 5719, Source: "NETLOGON", Type: typ, Strings: []string{strings.Repeat("x", 80)}, Offset: -1,
			})
		}
	}
	want := []string{"audit s… wilma/System NETLOGON ", "audit f… wilma/System NETLOGON ", "audit s… betty/System NETLOGON ", "audit f… betty/System NETLOGON "}
	for i, line := range strings.Split(renderAll(t, Table, &Options{Width: 80}, events), "\n")[1:5] {
		if !strings.Contains(line, want[i]) {
			t.Errorf("%q has no %q", line, want[i])
		}
	}
}

// The columns stand where they began for all that is ordinary.
func TestTableSteady(t *testing.T) {
	o := &eventlog.Origin{Server: "bedrock", Log: "Application"}
	events := []*eventlog.Event{
		{Origin: o, RecordNumber: 1, ID: 7, Source: "Disk", Type: eventlog.Error, Strings: []string{"here"}, Offset: -1},
		{Origin: o, RecordNumber: 9999999, ID: 65535, Source: "Service Control Manager", Type: eventlog.AuditFailure, Strings: []string{"here"}, Offset: -1},
	}
	for _, w := range []int{0, 80, 100, 120, 160, 200} {
		lines := strings.Split(renderAll(t, Table, &Options{Width: w}, events), "\n")
		at := func(s, what string) int {
			i := strings.Index(s, what)
			return utf8.RuneCountInString(s[:max(i, 0)])
		}
		if a, b, c := at(lines[0], "MESSAGE"), at(lines[1], "here"), at(lines[2], "here"); a != b || a != c {
			t.Errorf("%d columns: the message begins at %d, %d and %d\n%s", w, a, b, c, strings.Join(lines, "\n"))
		}
	}
}

func TestTableColumns(t *testing.T) {
	const all = "time,type,log,computer,source,id,record,message"
	for _, tt := range []struct {
		opts Options
		want string
	}{
		{Options{}, all},
		{Options{OneLog: true}, all},
		{Options{Width: 200}, all},
		{Options{Width: 150}, "time,type,log,source,id,record,message"},
		{Options{Width: 120}, "time,type,log,source,id,message"},
		{Options{Width: 160, OneLog: true}, "time,type,computer,source,id,record,message"},
		{Options{Width: 120, OneLog: true}, "time,type,source,id,record,message"},
		{Options{Width: 80, OneLog: true}, "time,type,source,id,message"},
	} {
		var got []string
		for _, f := range chooseFields(&tt.opts) {
			got = append(got, f.String())
		}
		if s := strings.Join(got, ","); s != tt.want {
			t.Errorf("%d columns, one log %v: %s, want %s", tt.opts.Width, tt.opts.OneLog, s, tt.want)
		}
	}
	// What is asked for is there.
	got := renderAll(t, Table, &Options{Width: 80, OneLog: true, Fields: []Field{FieldLog}}, testEvents()[:1])
	if want := "SERVER/LOG\nbedrock/System\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in         string
		most, keep int
		want       string
	}{
		{"SysEvent.Evt", 12, 0, "SysEvent.Evt"},
		{"SysEvent.Evt", 6, 0, "…t.Evt"},
		{"SysEvent.Evt", 1, 0, "…"},
		{"SysEvent.Evt", 0, 0, ""},
		{"bedrock/System", 8, 3, "bed…stem"},
		{"bedrock/System", 13, 6, "bedroc…System"},
		{"日本語日本語", 6, 0, "…本語"},
		{"日本語日本語", 6, 3, "日…語"},
		{"e\u0301e\u0301e\u0301", 2, 0, "…e\u0301"},
		{"e\u0301e\u0301e\u0301e\u0301", 3, 1, "e\u0301…e\u0301"},
	} {
		if got := string(cutInside([]byte(tt.in), tt.most, tt.keep)); got != tt.want {
			t.Errorf("%q to %d, the first %d: %q, want %q", tt.in, tt.most, tt.keep, got, tt.want)
		}
	}
}

// A cell that is called plain is what quoting would have left as it is.
func TestPlainCell(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	plain := 0
	for range 200_000 {
		b := make([]byte, random.IntN(20))
		for i := range b {
			if b[i] = byte(' ' + random.IntN(95)); random.IntN(60) == 0 {
				b[i] = byte(random.IntN(256))
			}
		}
		if !plainCell(b) {
			continue
		}
		plain++
		if got := appendQuoted(nil, appendCSVText(nil, string(b))); string(got) != string(b) {
			t.Fatalf("%q becomes %q", b, got)
		}
	}
	if plain < 50_000 {
		t.Errorf("only %d plain cells", plain)
	}
}
