package query

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"netelf.example/nt"
)

// When is a time as people write it.
type When struct {
	Time  time.Time
	End   time.Time // what it means ends before this: of a day the next one
	Words string    // "2026-11-22 08:00"; of a length of time "8 hours"
	Ago   bool      // it was a length of time before now
}

// WhenForms are the forms that ParseWhen takes, for messages.
const WhenForms = `8h, 2d, 1w, today, yesterday, "yesterday 22:00", 14:30, 2026-11-22, "2026-11-22 08:00" or 2026-11-22T08:00:00Z`

// layout is a form of times without a zone.
type layout struct {
	layout string
	length time.Duration // 0: a day
}

var layouts = []layout{
	{"2006-01-02 15:04:05", time.Second},
	{"2006-01-02T15:04:05", time.Second},
	{"2006-01-02 15:04", time.Minute},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02", 0},
}

// clocks are times of a day.
var clocks = []layout{
	{"15:04:05", time.Second},
	{"15:04", time.Minute},
}

var errWhen = errors.New("want " + WhenForms)

// ParseWhen takes a length of time before now, or a time, of loc where it does not
// say its zone.
func ParseWhen(s string, now time.Time, loc *time.Location) (When, error) {
	s = strings.TrimSpace(s)
	if d, words, ok := ParseAgo(s); ok {
		t := now.Add(-d)
		return When{Time: t, End: t.Add(100), Words: words, Ago: true}, nil
	}
	if t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "T", 1)); err == nil {
		return When{Time: t, End: t.Add(precision(s, time.Second)), Words: s}, nil
	}
	for _, l := range layouts {
		t, err := time.ParseInLocation(l.layout, s, loc)
		if err != nil {
			continue
		}
		w := When{Time: t, End: t.Add(precision(s, l.length)), Words: s}
		if l.length == 0 {
			w.End = t.AddDate(0, 0, 1)
		}
		return w, nil
	}
	if w, ok := parseDay(s, now.In(loc)); ok {
		return w, nil
	}
	return When{}, errWhen
}

// parseDay takes today and yesterday, and a time of the clock: of a day that stands
// before it, or else the last time that the clock showed it.
func parseDay(s string, now time.Time) (When, bool) {
	day, clock, both := strings.Cut(s, " ")
	back := 0
	switch {
	case strings.EqualFold(day, "today"):
	case strings.EqualFold(day, "yesterday"):
		back = 1
	case both:
		return When{}, false
	default:
		day, clock = "", s
	}
	y, m, d := now.Date()
	at := func(back int, t time.Time) time.Time {
		return time.Date(y, m, d-back, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
	}
	if clock == "" {
		return When{Time: at(back, time.Time{}), End: at(back-1, time.Time{}), Words: s}, true
	}
	for _, l := range clocks {
		t, err := time.Parse(l.layout, clock)
		if err != nil {
			continue
		}
		w := When{Time: at(back, t), Words: s}
		if day == "" && w.Time.After(now) {
			w.Time = at(1, t)
		}
		w.End = w.Time.Add(precision(s, l.length))
		return w, true
	}
	return When{}, false
}

// precision is how long the last digit of a time's seconds lasts, at least 100 ns;
// without a fraction it is whole.
func precision(s string, whole time.Duration) time.Duration {
	_, fraction, ok := strings.Cut(s, ".")
	if !ok {
		return whole
	}
	d := time.Second
	for i := 0; i < len(fraction) && fraction[i]-'0' < 10 && d > 100; i++ {
		d /= 10
	}
	return d
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

// ParseAgo takes a length of time: 8h, 2d, 1d12h. Days have 24 hours.
func ParseAgo(s string) (d time.Duration, words string, ok bool) {
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

// FormatAgo is a length of time in the largest unit up to a day that it is whole
// in, as ParseAgo takes it.
func FormatAgo(d time.Duration) string {
	for _, u := range units[1:] {
		if d%u.length == 0 {
			return fmt.Sprintf("%d%c", d/u.length, u.letter)
		}
	}
	return d.String()
}

var (
	errNoNow = errors.New("counts from now, and what time it is was not said")
	errRange = errors.New("lies before 1601 or too far ahead")
)

// span is a time's first and last tick of 100 ns.
func (o *Options) span(s string) (lo, hi uint64, err error) {
	loc := o.Location
	if loc == nil {
		loc = time.UTC
	}
	w, err := ParseWhen(s, o.Now, loc)
	if err != nil {
		return 0, 0, err
	}
	if w.Ago && o.Now.IsZero() {
		return 0, 0, errNoNow
	}
	first, ok := nt.FiletimeOf(w.Time)
	end, also := nt.FiletimeOf(w.End)
	if !ok || !also {
		return 0, 0, errRange
	}
	return uint64(first), max(uint64(first), uint64(end)-1), nil
}

// timeText is a number of ticks as a time that is exactly it; "" if there is none.
func timeText(ticks uint64) string {
	if ticks > math.MaxInt64 {
		return ""
	}
	t := nt.Filetime(ticks).Time().UTC()
	if t.Year() > 9999 {
		return ""
	}
	return t.Format("2006-01-02T15:04:05.0000000Z")
}

// shortTime is timeText without a fraction of nothing, for bounds.
func shortTime(ticks uint64) string {
	return strings.Replace(timeText(ticks), ".0000000Z", "Z", 1)
}
