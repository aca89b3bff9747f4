package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
)

// TestUnresolvedBounds: what a log can make of the count has limits, and what is beyond
// them is counted.
func TestUnresolvedBounds(t *testing.T) {
	var out bytes.Buffer
	u := &unresolved{out: &out, asJSON: true}
	for i := range uint32(maxUnresolved + 10) {
		e := &eventlog.Event{Source: "S", ID: eventlog.EventID(i), Strings: []string{"x"}}
		for range 2 {
			if err := u.Write(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, e := range []*eventlog.Event{
		{Source: strings.Repeat("s", maxExample+1)},
		{Source: "S", Message: "text", MessageBy: eventlog.ByServer},
		{Source: "S", MessageBy: eventlog.NotFound},
	} {
		if err := u.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if len(u.kinds) != maxUnresolved || u.more != 21 || u.events != 2*(maxUnresolved+10)+3 || u.none != u.events-1 {
		t.Errorf("%d kinds, %d more, %d events, %d without text", len(u.kinds), u.more, u.events, u.none)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	if want := `{"count":3,"log":"","source":"S","id":0,"event_id":0,"strings":["x"]}`; first != want || strings.Count(out.String(), "\n") != maxUnresolved {
		t.Errorf("have %s, want %s", first, want)
	}
}

func TestExample(t *testing.T) {
	long := strings.Repeat("ä", maxExample/2)
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprint(i%10))
	}
	for _, c := range []struct{ in, want []string }{
		{nil, []string{}},
		{[]string{"", "a"}, []string{"", "a"}},
		{[]string{long, "b"}, []string{long}},
		{[]string{"a" + long, "b"}, []string{"a" + long[:maxExample-2] + "…"}},
		{[]string{"a", "b" + long, "c"}, []string{"a", "b" + long[:maxExample-2] + "…"}},
		{many, many[:100]},
	} {
		if got := example(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%.20q: %.40q, want %.40q", c.in, got, c.want)
		}
	}
}
