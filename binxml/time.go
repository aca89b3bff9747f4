package binxml

import (
	"encoding/binary"
	"time"

	"netelf.example/nt"
)

// systemTime is a SYSTEMTIME ([MS-DTYP] 2.3.13): year, month, day of the week,
// day, hour, minute, second and millisecond, of 16 bits each. ok is false for one
// that names no time.
func systemTime(b []byte) (nt.Filetime, bool) {
	var f [8]int
	for i := range f {
		f[i] = int(binary.LittleEndian.Uint16(b[2*i:]))
	}
	t := time.Date(f[0], time.Month(f[1]), f[3], f[4], f[5], f[6], f[7]*1e6, time.UTC)
	if t.Year() != f[0] || int(t.Month()) != f[1] || t.Day() != f[3] || t.Hour() != f[4] || t.Minute() != f[5] || t.Second() != f[6] || f[7] > 999 {
		return 0, false
	}
	return nt.FiletimeOf(t)
}

// appendTime appends a time as an event's XML has it, with so many digits of the
// fraction: 2016-07-08T18:12:51.6816405Z.
func appendTime(dst []byte, f nt.Filetime, digits int) []byte {
	const perDay = 24 * 3600 * 10_000_000
	tick := uint64(f) % perDay
	year, month, day := date(uint64(f) / perDay)
	start := len(dst)
	dst = append(dst, "00000-00-00T00:00:00.0000000"...)
	put := func(at, n, v int) {
		for i := at + n - 1; i >= at; i-- {
			dst[start+i] = byte('0' + v%10)
			v /= 10
		}
	}
	sec := int(tick / 10_000_000)
	put(0, 5, year)
	put(6, 2, month)
	put(9, 2, day)
	put(12, 2, sec/3600)
	put(15, 2, sec/60%60)
	put(18, 2, sec%60)
	put(21, 7, int(tick%10_000_000))
	if year < 10000 { // a FILETIME goes on up to the year 60056
		copy(dst[start:], dst[start+1:])
		dst = dst[:len(dst)-1]
	}
	return append(dst[:len(dst)-7+digits], 'Z')
}

// date is the date so many days after 1601-01-01, which begins a cycle of 400
// years of the Gregorian calendar.
func date(days uint64) (year, month, day int) {
	const in400 = 400*365 + 97
	n := int(days % in400)
	year = 1601 + 400*int(days/in400)
	c := min(n/(100*365+24), 3)
	n -= c * (100*365 + 24)
	q := min(n/(4*365+1), 24)
	n -= q * (4*365 + 1)
	y := min(n/365, 3)
	n -= y * 365
	year += 100*c + 4*q + y
	leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
	for month = 1; ; month++ {
		m := int(monthDays[month])
		if month == 2 && leap {
			m++
		}
		if n < m {
			return year, month, n + 1
		}
		n -= m
	}
}

var monthDays = [13]uint8{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
