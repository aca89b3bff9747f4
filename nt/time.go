package nt

import (
	"math"
	"time"
)

// Filetime is a FILETIME: the number of 100-nanosecond intervals since
// 1601-01-01 00:00:00 UTC (MS-DTYP section 2.3.3). All 64 bits count: MS-DTYP
// calls no value invalid, so the last is in the year 60056.
type Filetime uint64

const (
	ticksPerSecond = 10_000_000     // 100 ns intervals
	epochSeconds   = 11_644_473_600 // from 1601-01-01 to 1970-01-01
)

// Time returns f in UTC, exactly. A zero Filetime is 1601-01-01, not the zero
// time.Time: whether a field of zero means "never" is for the format to say.
func (f Filetime) Time() time.Time {
	sec := int64(f/ticksPerSecond) - epochSeconds
	return time.Unix(sec, int64(f%ticksPerSecond)*100).UTC()
}

// FiletimeOf returns t as a Filetime, truncated to 100 ns towards the past. A
// time that a Filetime cannot hold gives the nearest that it can, and ok is
// false.
func FiletimeOf(t time.Time) (f Filetime, ok bool) {
	const (
		last     = math.MaxUint64 / ticksPerSecond // whole seconds in the last Filetime
		lastTick = math.MaxUint64 % ticksPerSecond
	)
	sec, tick := t.Unix(), uint64(t.Nanosecond()/100)
	switch {
	case sec < -epochSeconds:
		return 0, false
	case sec > last-epochSeconds, sec == last-epochSeconds && tick > lastTick:
		return math.MaxUint64, false
	}
	return Filetime(uint64(sec+epochSeconds)*ticksPerSecond + tick), true
}

// Time32 returns the time that a 32-bit count of seconds since 1970-01-01 UTC
// stands for. The count is unsigned, as TimeGenerated and TimeWritten of an
// event log record are (MS-EVEN section 2.2.3), so it ends in 2106, not 2038.
func Time32(sec uint32) time.Time {
	return time.Unix(int64(sec), 0).UTC()
}

// Time32Of returns t as unsigned seconds since 1970-01-01 UTC, truncated to the
// second towards the past. A time before 1970 gives 0 and one after
// 2106-02-07 06:28:15 gives 0xFFFFFFFF, and ok is false.
func Time32Of(t time.Time) (sec uint32, ok bool) {
	switch s := t.Unix(); {
	case s < 0:
		return 0, false
	case s > math.MaxUint32:
		return math.MaxUint32, false
	default:
		return uint32(s), true
	}
}
