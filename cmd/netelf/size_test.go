package main

import (
	"testing"
	"time"

	"netelf.example/eventlog"
)

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"1": 1, "65536": 65536, "512KiB": 512 << 10, "512k": 512 << 10, "16MiB": 16 << 20, "16 MB": 16 << 20, "1G": 1 << 30,
		"8589934591G": 8589934591 << 30,
		"":            0, "0": 0, "-1": 0, "KiB": 0, "1.5MiB": 0, "16TiB": 0, "8589934592G": 0, "99999999999999999999": 0,
	} {
		got, err := parseSize(s)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", s, got, err, want)
		}
	}
}

func TestParseRetention(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"0": 0, "as-needed": 0, "never": eventlog.RetainForever, "7d": 7 * 24 * time.Hour, "1d12h": 36 * time.Hour, "90s": 90 * time.Second,
		"": -1, "7": -1, "1y": -1, "-1d": -1, "forever and a day": -1,
	} {
		got, err := parseRetention(s)
		if want < 0 {
			if err == nil {
				t.Errorf("%q: got %v, want an error", s, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", s, got, err, want)
		}
	}
}

func TestShort(t *testing.T) {
	for n, want := range map[int64]string{
		1: "1 B", 1536: "1.5 KiB", 64 << 10: "64 KiB", 1 << 20: "1 MiB", 1<<20 + 64<<10: "1.1 MiB", 1 << 30: "1 GiB",
	} {
		if got := shortSize(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "as needed", eventlog.RetainForever: "never", 14 * 24 * time.Hour: "14d", 36 * time.Hour: "36h", 90 * time.Second: "90s",
	} {
		if got := shortRetention(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
