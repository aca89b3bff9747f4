package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"netelf.example/internal/logtest"
)

// TestZoneName: the name is only that of the clock which is worn.
func TestZoneName(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	algiers, err := time.LoadLocation("Africa/Algiers")
	if err != nil {
		t.Fatal(err)
	}
	kathmandu := time.FixedZone("Local", 5*3600+45*60) // as where TZ says nothing
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		link     string // of /etc/localtime
		timezone string // in /etc/timezone
		local    *time.Location
		want     string
	}{
		{"TZ", "", "", berlin, "Europe/Berlin"},
		{"TZ before the files", "/usr/share/zoneinfo/Asia/Kathmandu", "Asia/Kathmandu\n", berlin, "Europe/Berlin"},
		{"TZ is empty", "", "", time.UTC, "UTC"},
		{"a link", "/usr/share/zoneinfo/Asia/Kathmandu", "", kathmandu, "Asia/Kathmandu"},
		{"a link from beside", "../usr/share/zoneinfo/Asia/Kathmandu", "", kathmandu, "Asia/Kathmandu"},
		{"a link of macOS", "/var/db/timezone/zoneinfo/Asia/Kathmandu", "", kathmandu, "Asia/Kathmandu"},
		{"a file with the name", "", "Asia/Kathmandu\n", kathmandu, "Asia/Kathmandu"},
		{"the link is of another clock", "/usr/share/zoneinfo/Europe/Berlin", "Asia/Kathmandu", kathmandu, "Asia/Kathmandu"},
		{"both are", "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin", kathmandu, ""},
		{"a zone that there is not", "/usr/share/zoneinfo/Stone/Age", "../../etc/passwd", kathmandu, ""},
		{"nothing", "", "", kathmandu, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			etc := filepath.Join(root, "etc")
			if err := os.Mkdir(etc, 0o700); err != nil {
				t.Fatal(err)
			}
			if tt.link != "" {
				if err := os.Symlink(tt.link, filepath.Join(etc, "localtime")); err != nil {
					if runtime.GOOS == "windows" {
						logtest.Missing(t, err.Error()+": not everybody may make links there: run it in developer mode")
					}
					t.Fatal(err)
				}
			}
			if tt.timezone != "" {
				if err := os.WriteFile(filepath.Join(etc, "timezone"), []byte(tt.timezone), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := zoneName(root, tt.local, now); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if sameClock(berlin, algiers, now) {
		t.Error("zones that are the same in winter alone are the same")
	}
}
