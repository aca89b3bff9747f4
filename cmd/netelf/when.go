package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// when is a bound on time as --since and --until take it.
type when struct {
	time  time.Time // zero: no bound
	words string    // "in the last 8 hours", "2026-11-22 08:00"
	ago   bool      // it was given as a length of time
}

const whenForms = `8h, 2d, 1w, all, 2026-11-22, "2026-11-22 08:00" or 2026-11-22T08:00:00Z`

// parseSince takes the text of --since: a length of time before now, all, or a
// time, of loc where it does not say its zone.
func parseSince(s string, now time.Time, loc *time.Location) (when, error) {
	if s == "" || s == "all" {
		return when{words: "in the whole log"}, nil
	}
	w, err := parseWhen(s, now, loc)
	if err != nil {
		return w, usage("--since %q: want %s", s, whenForms)
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
		return w, usage("--until %q: want %s", s, strings.Replace(whenForms, "all, ", "", 1))
	}
	if w.ago {
		w.words = w.time.In(loc).Format("2006-01-02 15:04:05")
	}
	return w, nil
}

// layouts are times without a zone, and how much of them is shown.
var layouts = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}

func parseWhen(s string, now time.Time, loc *time.Location) (when, error) {
	s = strings.TrimSpace(s)
	if d, words, ok := parseAgo(s); ok {
		return when{now.Add(-d), "in the last " + words, true}, nil
	}
	if t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "T", 1)); err == nil {
		return when{t, s, false}, nil
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return when{t, s, false}, nil
		}
	}
	return when{}, fmt.Errorf("no time")
}

var units = []struct {
	letter byte
	length time.Duration
	name   string
}{
	{'w', 7 * 24 * time.Hour, "week"},
	{'d', 24 * time.Hour, "day"},
	{'h', time.Hour, "hour"},
	{'m', time.Minute, "minute"},
	{'s', time.Second, "second"},
}

// parseAgo takes a length of time: 8h, 2d, 1d12h. Days have 24 hours.
func parseAgo(s string) (d time.Duration, words string, ok bool) {
	const most = 1 << 62
	var said []string
	for next := 0; s != ""; {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		count, err := strconv.ParseInt(s[:n], 10, 32)
		if err != nil || n == len(s) {
			return 0, "", false
		}
		for next < len(units) && units[next].letter != s[n] {
			next++
		}
		if next == len(units) || count > int64((most-d)/units[next].length) {
			return 0, "", false
		}
		u := units[next]
		d += time.Duration(count) * u.length
		plural := "s"
		if count == 1 {
			plural = ""
		}
		said = append(said, fmt.Sprintf("%d %s%s", count, u.name, plural))
		s, next = s[n+1:], next+1
	}
	return d, strings.Join(said, " "), len(said) > 0
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
