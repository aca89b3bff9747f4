package main

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"netelf.example/eventlog"
	"netelf.example/query"
)

// TestQueryIsFlags: what flags and --query both can say is the same tree, so that
// the one is as fast as the other.
func TestQueryIsFlags(t *testing.T) {
	for _, tt := range []struct {
		flags string // parted by |
		query []string
	}{
		{"--id|7036", []string{"id:7036", "*[System[EventID=7036]]", "*[System/EventID='7036']",
			"<QueryList><Query><Select>*[System[(EventID=7036)]]</Select></Query></QueryList>"}},
		{"--id|7036,4000-4100", []string{"id:7036,4000..4100", "id:7036 or id:4000..4100"}},
		{"--id|65536", []string{"id:65536"}},
		{"--id|-4096", []string{"-id:4096", "id!=4096", "*[System[EventID!=4096]]", "*[System[not(EventID=4096)]]"}},
		{"--type|error,audit-failure", []string{"type:error,audit-failure", "type:1,16"}},
		{"--level|error", []string{"level:error", "level=2", "*[System[Level=2]]"}},
		{"--category|3-5", []string{"category:3..5", "task:3..5"}},
		{"--source|Disk,Print", []string{"source:Disk,Print", "*[System[Provider[@Name='Disk' or @Name='Print']]]"}},
		{"--source|Net*", []string{"source:Net*", "*[System[Provider[starts-with(@Name,'Net')]]]"}},
		{"--computer|bedrock", []string{"computer:bedrock", "*[System[Computer='bedrock']]"}},
		{"--user|system", []string{"user:system", "user:S-1-5-18", "*[System[Security[@UserID='S-1-5-18']]]"}},
		{"--id|1|--source|Disk", []string{"id:1 source:Disk", "id:1 and source=Disk", "*[System[EventID=1 and Provider[@Name='Disk']]]"}},
	} {
		var w where
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		w.flags(f)
		if err := f.Parse(strings.Split(tt.flags, "|")); err != nil {
			t.Fatal(err)
		}
		want, err := w.expr(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range tt.query {
			q, err := query.Parse(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !query.Equal(q.Where, want) {
				t.Errorf("%s is %s, but %s is %s", tt.flags, query.Format(want), text, query.Format(q.Where))
			}
		}
	}
}

// TestNarrow: what a query says of time and records bounds the walk.
func TestNarrow(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		query      string
		in         eventlog.Selection
		out        eventlog.Selection // without Where
		keepsWhere bool
	}{
		{"", eventlog.Selection{Since: day(1), Limit: 3}, eventlog.Selection{Since: day(1), Limit: 3}, false},
		{"since:2026-11-05", eventlog.Selection{}, eventlog.Selection{Since: day(5)}, true},
		{"since:2026-11-05", eventlog.Selection{Since: day(7)}, eventlog.Selection{Since: day(7)}, true},
		{"since:2026-11-05 until:2026-11-09", eventlog.Selection{Since: day(1), Until: day(20)}, eventlog.Selection{Since: day(5), Until: day(9)}, true},
		{"until:2026-11-09", eventlog.Selection{Until: day(8)}, eventlog.Selection{Until: day(8)}, true},
		{"record:10..20", eventlog.Selection{}, eventlog.Selection{Start: 10}, true},
		{"record:10..20", eventlog.Selection{Backward: true}, eventlog.Selection{Backward: true, Start: 20}, true},
		{"record:10..20", eventlog.Selection{Recovered: true}, eventlog.Selection{Recovered: true}, true},
		{"*[System[Level=2]][position()<=5]", eventlog.Selection{}, eventlog.Selection{Limit: 5}, true},
		{"*[System[Level=2]][position()<=5]", eventlog.Selection{Limit: 3}, eventlog.Selection{Limit: 3}, true},
		{"*[System[Level=2]][position()<=5]", eventlog.Selection{Limit: 9}, eventlog.Selection{Limit: 5}, true},
	} {
		w := where{query: tt.query}
		a, err := w.ask(day(22), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		got := tt.in
		a.narrow(&got)
		if (got.Where != nil) != tt.keepsWhere {
			t.Errorf("%q: where is %v", tt.query, got.Where)
		}
		if got.Since != tt.out.Since || got.Until != tt.out.Until || got.Start != tt.out.Start || got.Limit != tt.out.Limit {
			t.Errorf("%q: got %+v, want %+v", tt.query, got, tt.out)
		}
	}
}
