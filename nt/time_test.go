package nt

import (
	"math"
	"testing"
	"time"
)

func TestFiletime(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    Filetime
		want string // time.RFC3339Nano
	}{
		{"zero", 0, "1601-01-01T00:00:00Z"},
		{"one tick", 1, "1601-01-01T00:00:00.0000001Z"},
		{"before 1970", 116_444_735_999_999_999, "1969-12-31T23:59:59.9999999Z"},
		{"1970", 116_444_736_000_000_000, "1970-01-01T00:00:00Z"},
		{"a time that a double rounds", 133_000_000_123_456_789, "2022-06-18T04:26:52.3456789Z"},
		{"upper bit clear", math.MaxInt64, "30828-09-14T02:48:05.4775807Z"},
		{"upper bit set", 1 << 63, "30828-09-14T02:48:05.4775808Z"},
		{"last", math.MaxUint64, "60056-05-28T05:36:10.9551615Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.f.Time()
			if s := got.Format(time.RFC3339Nano); s != tt.want {
				t.Errorf("Time = %s, want %s", s, tt.want)
			}
			if got.Location() != time.UTC {
				t.Errorf("Time is in %v", got.Location())
			}
			if back, ok := FiletimeOf(got); back != tt.f || !ok {
				t.Errorf("FiletimeOf = %d, %v, want %d", back, ok, tt.f)
			}
		})
	}
}

func TestFiletimeOf(t *testing.T) {
	last := Filetime(math.MaxUint64).Time()
	for _, tt := range []struct {
		name string
		t    time.Time
		want Filetime
		ok   bool
	}{
		{"truncated", time.Date(1601, 1, 1, 0, 0, 0, 199, time.UTC), 1, true},
		{"truncated before 1970", time.Unix(0, -1), 116_444_735_999_999_999, true},
		{"another zone", time.Date(1601, 1, 1, 1, 0, 0, 0, time.FixedZone("", 3600)), 0, true},
		{"last with a rest", last.Add(99), math.MaxUint64, true},
		{"one over", last.Add(100), math.MaxUint64, false},
		{"one second over", last.Add(time.Second), math.MaxUint64, false},
		{"far over", time.Unix(math.MaxInt64-1<<40, 0), math.MaxUint64, false},
		{"one under", time.Date(1601, 1, 1, 0, 0, 0, -1, time.UTC), 0, false},
		{"zero time.Time", time.Time{}, 0, false},
		{"far under", time.Unix(math.MinInt64+1<<40, 0), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := FiletimeOf(tt.t); got != tt.want || ok != tt.ok {
				t.Errorf("FiletimeOf = %d, %v, want %d, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestTime32(t *testing.T) {
	for _, tt := range []struct {
		name string
		sec  uint32
		want string
	}{
		{"zero", 0, "1970-01-01T00:00:00Z"},
		{"last signed", math.MaxInt32, "2038-01-19T03:14:07Z"},
		{"first that is not signed", 1 << 31, "2038-01-19T03:14:08Z"},
		{"last", math.MaxUint32, "2106-02-07T06:28:15Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Time32(tt.sec)
			if s := got.Format(time.RFC3339Nano); s != tt.want {
				t.Errorf("Time32 = %s, want %s", s, tt.want)
			}
			if back, ok := Time32Of(got.Add(time.Second - 1)); back != tt.sec || !ok {
				t.Errorf("Time32Of = %d, %v, want %d", back, ok, tt.sec)
			}
		})
	}
	for _, tt := range []struct {
		name string
		t    time.Time
		want uint32
	}{
		{"under by a nanosecond", time.Unix(0, -1), 0},
		{"zero time.Time", time.Time{}, 0},
		{"over by a second", time.Unix(1<<32, 0), math.MaxUint32},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := Time32Of(tt.t); got != tt.want || ok {
				t.Errorf("Time32Of = %d, %v, want %d, false", got, ok, tt.want)
			}
		})
	}
}

func FuzzFiletime(f *testing.F) {
	f.Add(uint64(0))
	f.Add(uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, v uint64) {
		if back, ok := FiletimeOf(Filetime(v).Time()); uint64(back) != v || !ok {
			t.Fatalf("%d comes back as %d, %v", v, back, ok)
		}
	})
}
