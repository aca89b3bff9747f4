package query

import (
	"testing"
	"time"
)

func TestSplit(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		text string
		want Bounds
	}{
		{"", Bounds{}},
		{"id:7", Bounds{}},
		{"since:2026-01-05", Bounds{Since: day(5)}},
		{"until:2026-01-05", Bounds{Until: day(5)}},
		{"since:2026-01-05 until:2026-01-07 id:7", Bounds{Since: day(5), Until: day(7)}},
		{"since:2026-01-05 (since:2026-01-06 id:7)", Bounds{Since: day(6)}},
		{"since:2026-01-05 or id:7", Bounds{}},
		{"since:2026-01-05 or since:2026-01-03", Bounds{Since: day(3)}},
		{"(time:2026-01-05 id:7) or (time:2026-01-07 id:8)", Bounds{Since: day(5), Until: day(8)}},
		{"-since:2026-01-05", Bounds{}},
		{"written>=2026-01-05", Bounds{}},
		{"record:100..200", Bounds{First: 100, Last: 200}},
		{"record:7", Bounds{First: 7, Last: 7}},
		{"record>=100 record<=300 record<200", Bounds{First: 100, Last: 199}},
		{"record:7,9,5", Bounds{First: 5, Last: 9}},
		{"record:7 or id:5", Bounds{}},
		{"record&1", Bounds{}},
		{"(or) since:2026-01-05", Bounds{Since: day(5)}},
		{"*[System[EventRecordID>=18 and TimeCreated[@SystemTime>='2026-01-05T00:00:00Z']]]", Bounds{Since: day(5), First: 18}},
		{"*[System[TimeCreated[timediff(@SystemTime) <= 86400000]]]", Bounds{Since: testNow.Add(-24 * time.Hour)}},
	} {
		q, err := Parse(tt.text, &Options{Now: testNow})
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if q.Bounds != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.text, q.Bounds, tt.want)
		}
	}
}

// TestSplitLosesNothing: what a tree selects lies within its bounds.
func TestSplitLosesNothing(t *testing.T) {
	events := testEvents()
	for _, text := range []string{
		"record:5..9 or record:12", "time:2003-05-17 or record>18", "since:2026-01-01 -record:3", "record>=4 (record<9 or id:41)",
		"time>=2026-01-02T03:05:00Z time<2026-01-02T03:08:00Z",
	} {
		q, err := Parse(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		some := false
		for _, e := range events {
			if selected(q.Where, events[e.RecordNumber-1:e.RecordNumber]) == "none" {
				continue
			}
			some = true
			if e.TimeGenerated.Before(q.Since) || !q.Until.IsZero() && !e.TimeGenerated.Before(q.Until) ||
				e.RecordNumber < q.First || q.Last != 0 && e.RecordNumber > q.Last {
				t.Errorf("%s selects %d, which lies outside of %+v", text, e.RecordNumber, q.Bounds)
			}
		}
		if !some {
			t.Errorf("%s selects nothing", text)
		}
	}
}

func TestFormOf(t *testing.T) {
	for text, want := range map[string]Form{
		"": Small, "*": Small, "* [x": XPath, "*[System]": XPath, " (\n*[System])": XPath, "*/System": XPath, "*x": Small, "* x": Small,
		"Event[System]": XPath, "Event / System": XPath, "/Event[System]": XPath, "//Event[System]": XPath, "Event": Small, "Event log": Small,
		"event[x": Small, "Events[x": Small, "<QueryList/>": QueryList, "\ufeff <a": QueryList, "a<b": Small, "(a": Small,
	} {
		if got := FormOf(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if Small.String() != "query" || XPath.String() != "XPath" || QueryList.String() != "QueryList" {
		t.Error("the forms have other names")
	}
}
