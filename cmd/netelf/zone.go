package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// localZone is the name of this machine's time zone, as Europe/Berlin; "": nobody knows it.
func localZone(now time.Time) string { return zoneName("/", time.Local, now) }

// zoneName is the name of the zone that the system under root is set to. Go knows the
// name only where TZ has it; else it stands in what /etc/localtime leads to, or in
// /etc/timezone. Windows has names of its own, which are none of these. A name that
// stands for another clock than local's is none: the files need not belong together.
func zoneName(root string, local *time.Location, now time.Time) string {
	named := []string{local.String()}
	if to, err := os.Readlink(filepath.Join(root, "etc", "localtime")); err == nil {
		named = append(named, filepath.ToSlash(to))
	}
	if text, err := os.ReadFile(filepath.Join(root, "etc", "timezone")); err == nil {
		named = append(named, strings.TrimSpace(string(text)))
	}
	for _, name := range named {
		if _, behind, is := strings.Cut(name, "zoneinfo/"); is { // TZ can be a path, too
			name = behind
		}
		if name == "" || name == "Local" {
			continue
		}
		if loc, err := time.LoadLocation(name); err == nil && sameClock(loc, local, now) {
			return name
		}
	}
	return ""
}

// sameClock says whether two zones show the same time around now, in summer and winter.
func sameClock(a, b *time.Location, now time.Time) bool {
	for week := -52; week <= 52; week++ {
		at := now.AddDate(0, 0, 7*week)
		_, x := at.In(a).Zone()
		_, y := at.In(b).Zone()
		if x != y {
			return false
		}
	}
	return true
}
