package main

import (
	"strings"
	"time"

	"netelf.example/query"
)

// when is a bound on time as --since and --until take it.
type when struct {
	time  time.Time // zero: no bound
	words string    // "in the last 8 hours", "2026-11-22 08:00"
	ago   bool      // it was given as a length of time
}

// sinceForms are what --since takes.
var sinceForms = strings.Replace(query.WhenForms, "1w, ", "1w, all, ", 1)

// parseSince takes the text of --since: a length of time before now, all, or a
// time, of loc where it does not say its zone.
func parseSince(s string, now time.Time, loc *time.Location) (when, error) {
	if s == "" || s == "all" {
		return when{words: "in the whole log"}, nil
	}
	w, err := parseWhen(s, now, loc)
	if err != nil {
		return w, usage("--since %q: want %s", s, sinceForms)
	}
	if !w.ago {
		w.words = "since " + w.words
	}
	return w, nil
}

// parseUntil takes the text of --until.
func parseUntil(s string, now time.Time, loc *time.Location) (when, error) {
	if s == "" {
		return when{}, nil
	}
	w, err := parseWhen(s, now, loc)
	if err != nil {
		return w, usage("--until %q: want %s", s, query.WhenForms)
	}
	if w.ago {
		w.words = w.time.In(loc).Format("2006-01-02 15:04:05")
	}
	return w, nil
}

func parseWhen(s string, now time.Time, loc *time.Location) (when, error) {
	w, err := query.ParseWhen(s, now, loc)
	if w.Ago {
		w.Words = "in the last " + w.Words
	}
	return when{w.Time, w.Words, w.Ago}, err
}

// parseZone takes the text of --timezone.
func parseZone(s string) (*time.Location, error) {
	switch strings.ToLower(s) {
	case "", "local":
		return time.Local, nil
	case "utc", "z":
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(s)
	if err != nil {
		return nil, usage("--timezone %q: want local, utc, or a name such as Europe/Berlin", s)
	}
	return loc, nil
}
