package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/query"
)

// parseSize takes a number of bytes, with a unit behind it or without: 65536,
// 512KiB, 16MiB, 1G. All units are of 1024.
func parseSize(s string) (int64, error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(s[:i], 10, 64)
	shift := 0
	switch strings.ToLower(strings.TrimSpace(s[i:])) {
	case "", "b":
	case "k", "kb", "kib":
		shift = 10
	case "m", "mb", "mib":
		shift = 20
	case "g", "gb", "gib":
		shift = 30
	default:
		err = strconv.ErrSyntax
	}
	if err != nil || n < 1 || n > math.MaxInt64>>shift {
		return 0, usage("--max-size %q: want a size, as 512KiB, 16MiB or 65536", s)
	}
	return n << shift, nil
}

// parseRetention takes what may be overwritten: what is older than a time, as 7d,
// never anything, or as needed, which is 0.
func parseRetention(s string) (time.Duration, error) {
	switch strings.ToLower(s) {
	case "0", "as-needed":
		return 0, nil
	case "never":
		return eventlog.RetainForever, nil
	}
	d, _, ok := query.ParseAgo(s)
	if !ok {
		return 0, usage("--retention %q: want how old a record must be before it is overwritten, as 7d or 12h; never; or 0, which is as needed", s)
	}
	return d, nil
}

// shortSize is a size for a column: "512 KiB".
func shortSize(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// shortRetention is a Retention for a column, as --retention takes it.
func shortRetention(d time.Duration) string {
	switch {
	case d == 0:
		return "as needed"
	case d == eventlog.RetainForever:
		return "never"
	}
	return query.FormatAgo(d)
}

// settingsFlags are the flags that say how a log is kept.
type settingsFlags struct{ maxSize, retention, sddl string }

// settings are those that were given.
func (f *settingsFlags) settings(given func(flag string) bool) (n eventlog.Settings, err error) {
	if given("max-size") {
		size, err := parseSize(f.maxSize)
		if err != nil {
			return n, err
		}
		n.MaxSize = &size
	}
	if given("retention") {
		d, err := parseRetention(f.retention)
		if err != nil {
			return n, err
		}
		n.Retention = &d
	}
	if given("sddl") {
		n.SDDL = &f.sddl
	}
	return n, nil
}

// rounded says from what a size was rounded, "" if it was not.
func rounded(asked int64) string {
	if asked%evt.SizeStep == 0 {
		return ""
	}
	return fmt.Sprintf("rounded up from %s: sizes are multiples of %s", counted(uint64(asked), "byte"), shortSize(evt.SizeStep))
}
