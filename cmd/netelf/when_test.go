package main

import (
	"testing"
	"time"
)

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		in    string
		want  string // RFC 3339 in UTC; "": no bound
		words string
	}{
		{"all", "", "in the whole log"},
		{"8h", "2026-11-22T00:00:00Z", "in the last 8 hours"},
		{"1h", "2026-11-22T07:00:00Z", "in the last 1 hour"},
		{"2d", "2026-11-20T08:00:00Z", "in the last 2 days"},
		{"1w", "2026-11-15T08:00:00Z", "in the last 1 week"},
		{"90m", "2026-11-22T06:30:00Z", "in the last 90 minutes"},
		{"1d12h", "2026-11-20T20:00:00Z", "in the last 1 day 12 hours"},
		{"0s", "2026-11-22T08:00:00Z", "in the last 0 seconds"},
		{"2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z", "since 2026-11-22T08:00:00Z"},
		{"2026-11-22T08:00:00.5+01:00", "2026-11-22T07:00:00.5Z", "since 2026-11-22T08:00:00.5+01:00"},
		{"2026-11-22 08:00", "2026-11-22T07:00:00Z", "since 2026-11-22 08:00"},
		{"2026-07-22T08:00:30", "2026-07-22T06:00:30Z", "since 2026-07-22T08:00:30"},
		{"2026-11-22", "2026-11-21T23:00:00Z", "since 2026-11-22"},
		{"today", "2026-11-21T23:00:00Z", "since today"},
		{"Yesterday", "2026-11-20T23:00:00Z", "since Yesterday"},
		{"yesterday 22:00", "2026-11-21T21:00:00Z", "since yesterday 22:00"},
		{"today 23:00", "2026-11-22T22:00:00Z", "since today 23:00"},
		{"today 07:00:30", "2026-11-22T06:00:30Z", "since today 07:00:30"},
		{"08:59", "2026-11-22T07:59:00Z", "since 08:59"},
		{"09:00", "2026-11-22T08:00:00Z", "since 09:00"}, // it is nine o'clock in Berlin
		{"09:01", "2026-11-21T08:01:00Z", "since 09:01"},
	} {
		w, err := parseSince(tt.in, now, berlin)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		got := ""
		if !w.time.IsZero() {
			got = w.time.UTC().Format(time.RFC3339Nano)
		}
		if got != tt.want || w.words != tt.words {
			t.Errorf("%s: got %s, %q, want %s, %q", tt.in, got, w.words, tt.want, tt.words)
		}
	}
	for _, bad := range []string{"8", "h", "8x", "-8h", "8h2d", "8h8h", "tomorrow", "today x", "yesterday 25:00", "today yesterday", "24:00", "1 22:00", "22.11.2026", "2026-13-01", "99999999999h", "400000w"} {
		if w, err := parseSince(bad, now, berlin); err == nil {
			t.Errorf("%s: got %v", bad, w)
		}
	}
	w, err := parseUntil("1h", now, berlin)
	if err != nil || w.words != "2026-11-22 08:00:00" || !w.time.Equal(now.Add(-time.Hour)) {
		t.Errorf("until 1h: %v %v", w, err)
	}
}
