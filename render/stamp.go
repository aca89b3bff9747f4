package render

import "time"

// Times are written by hand from whole seconds, since time.Format reads its
// layout anew for each event.

const pairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// year10000 is when it begins, in seconds since 1970.
const year10000 = 253402300800

// epochDays is the number of days from 0000-03-01 to 1970-01-01.
const epochDays = 719468

// civil is the date of a day counted from 1970-01-01, in the Gregorian calendar
// also before it was. Years are counted from March, so that the leap day is the
// last.
func civil(days int64) (year int64, month, day int) {
	days += epochDays
	era := days / 146097
	if days < 0 {
		era = (days - 146096) / 146097
	}
	doe := uint32(days - era*146097)                       // day of the 400 years
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365 // year of them
	doy := doe - (365*yoe + yoe/4 - yoe/100)               // day of the year
	m := (5*doy + 2) / 153
	year, month, day = int64(yoe)+era*400, int(m)+3, int(doy-(153*m+2)/5)+1
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// clock is a time taken apart.
type clock struct {
	year                             int64
	month, day, hour, minute, second int
}

// clockOf is the clock at sec seconds since 1970, of a zone east seconds ahead.
func clockOf(sec int64, east int) clock {
	sec += int64(east)
	days := sec / 86400
	rest := int(sec - days*86400)
	if rest < 0 {
		rest += 86400
		days--
	}
	var c clock
	c.year, c.month, c.day = civil(days)
	c.hour, c.minute, c.second = rest/3600, rest/60%60, rest%60
	return c
}

// offset is how far the zone is ahead of UTC at t, in seconds; nil is UTC.
func offset(t time.Time, loc *time.Location) int {
	if loc == nil || loc == time.UTC {
		return 0
	}
	_, east := t.In(loc).Zone()
	return east
}

func appendPair(dst []byte, n int) []byte { return append(dst, pairs[2*n:2*n+2]...) }

// appendYear writes years outside 0 to 9999 as ISO 8601 and ECMAScript have
// them, with a sign and six digits: +060056.
func appendYear(dst []byte, year int64) []byte {
	if year >= 0 && year <= 9999 {
		return appendPair(appendPair(dst, int(year/100)), int(year%100))
	}
	sign := byte('+')
	if year < 0 {
		sign, year = '-', -year
	}
	dst = append(dst, sign)
	least := int64(100_000)
	for year/least >= 10 {
		least *= 10
	}
	for ; least > 0; least /= 10 {
		dst = append(dst, byte('0'+year/least%10))
	}
	return dst
}

// append writes 1999-12-23T15:54:09 with another separator in place of T.
func (c *clock) append(dst []byte, sep byte) []byte {
	if uint64(c.year) > 9999 {
		dst = appendYear(dst, c.year)
	} else {
		y := int(c.year)
		dst = append(dst, pairs[y/100*2], pairs[y/100*2+1], pairs[y%100*2], pairs[y%100*2+1])
	}
	mo, d, h, mi, s := c.month*2, c.day*2, c.hour*2, c.minute*2, c.second*2
	return append(dst,
		'-', pairs[mo], pairs[mo+1],
		'-', pairs[d], pairs[d+1],
		sep, pairs[h], pairs[h+1],
		':', pairs[mi], pairs[mi+1],
		':', pairs[s], pairs[s+1])
}

// appendTime writes t as RFC 3339 has it, with as many digits of the fraction as
// there are.
func appendTime(dst []byte, t time.Time, east int) []byte {
	c := clockOf(t.Unix(), east)
	dst = appendFraction(c.append(dst, 'T'), t)
	if east == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	dst = appendPair(append(dst, sign), east/3600%100)
	return appendPair(append(dst, ':'), east/60%60)
}

// dayText remembers the date of the day that it wrote last.
type dayText struct {
	begin int64  // seconds since 1970
	text  []byte // as far as the T; empty: none
}

// append is appendTime in UTC.
func (d *dayText) append(dst []byte, t time.Time) []byte {
	sec := t.Unix()
	rest := uint64(sec - d.begin)
	if rest >= 86400 || len(d.text) == 0 {
		at := len(dst)
		dst = appendTime(dst, t, 0)
		// From 1970 to 9999 all texts have the same shape.
		if sec >= 0 && sec < year10000 {
			d.begin = sec - sec%86400
			d.text = append(d.text[:0], dst[at:at+len("1999-12-23T")]...)
		}
		return dst
	}
	n := uint32(rest)
	h, m, s := n/3600*2, n/60%60*2, n%60*2
	dst = append(append(dst, d.text...), pairs[h], pairs[h+1], ':', pairs[m], pairs[m+1], ':', pairs[s], pairs[s+1])
	return append(appendFraction(dst, t), 'Z')
}

// appendFraction appends the point and what follows it, nothing for a whole
// second.
func appendFraction(dst []byte, t time.Time) []byte {
	ns := uint32(t.Nanosecond())
	if ns == 0 {
		return dst
	}
	high, middle, low := ns/10_000_000*2, ns/100_000%100*2, ns/1000%100*2
	dst = append(dst, '.', pairs[high], pairs[high+1], pairs[middle], pairs[middle+1], pairs[low], pairs[low+1])
	if rest := ns % 1000; rest != 0 {
		dst = append(dst, byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	}
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendTime7 writes t as Windows does in XML: UTC and seven digits.
func appendTime7(dst []byte, t time.Time) []byte {
	c := clockOf(t.Unix(), 0)
	dst = append(c.append(dst, 'T'), '.')
	ticks := t.Nanosecond() / 100
	for least := 1_000_000; least > 0; least /= 10 {
		dst = append(dst, byte('0'+ticks/least%10))
	}
	return append(dst, 'Z')
}
