package render

import (
	"strconv"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// ClassicSeparator is the line that the scripts printed between two servers.
const ClassicSeparator = "###############"

// classicText is how many characters of the message the scripts showed.
const classicText = 15

type classic struct {
	loc *time.Location
	now func() time.Time
}

func (c *classic) begin(dst []byte) []byte { return dst }
func (c *classic) end(dst []byte) []byte   { return dst }

func (c *classic) event(dst []byte, e *eventlog.Event) []byte {
	if c.now != nil {
		now := c.now()
		dst = append(appendClock(append(dst, "now="...), now, offset(now, c.loc)), "  :"...)
	}
	return append(AppendClassic(dst, e, c.loc), '\n')
}

// AppendClassic appends e as the line of the scripts, without a line end:
//
//	12/23/99 15:54:09:bedrock:EventLog:0:4711:6005:EVENTLOG_INFORMATION_TYPE:The Event log s
//
// That is time, computer, source, category, record number, the low 16 bits of
// the event id, type and the first 15 characters of the message. Where that was
// sought and not found they are those of [NoText], as in the scripts; where nobody
// sought it, of the strings. The type is the specification's identifier, "unknown" for
// one outside the six. A time that is not known is empty; a colon in a name
// stays, as it did in the scripts.
func AppendClassic(dst []byte, e *eventlog.Event, loc *time.Location) []byte {
	if t := e.TimeGenerated; !t.IsZero() {
		c := clockOf(t.Unix(), offset(t, loc))
		dst = append(appendPair(dst, c.month), '/')
		dst = append(appendPair(dst, c.day), '/')
		dst = append(appendPair(dst, int((c.year%100+100)%100)), ' ')
		dst = c.appendClock(dst)
	}
	dst = appendVisible(append(dst, ':'), e.Computer)
	dst = appendVisible(append(dst, ':'), e.Source)
	dst = strconv.AppendUint(append(dst, ':'), uint64(e.Category), 10)
	dst = strconv.AppendUint(append(dst, ':'), e.RecordNumber, 10)
	dst = strconv.AppendUint(append(dst, ':'), uint64(e.Code()), 10)
	kind, ok := e.Type.Constant()
	if !ok {
		kind = "unknown"
	}
	dst = append(append(append(dst, ':'), kind...), ':')
	text := e.Message
	switch {
	case e.MessageBy == eventlog.NotFound:
		text = NoText(e)
	case !hasText(e):
		text = e.Inserts()
	}
	return appendVisible(dst, firstRunes(text, classicText))
}

// ClassicHeader is the line above the events of a log. window is in words, as "in
// the last 8 hours"; the time is shown in the zone of now.
//
//	System events found in the last 8 hours since: 15:54:09
func ClassicHeader(log, window string, now time.Time) string {
	b := appendVisible(nil, log)
	b = append(b, " events found "...)
	b = append(appendVisible(b, window), " since: "...)
	return string(appendClock(b, now, zone(now)))
}

// ClassicServerHeader is the line above the events of one of several servers.
//
//	events found in the last 8 hours since:15:54:09  for barney
func ClassicServerHeader(window string, now time.Time, server string) string {
	b := append(appendVisible([]byte("events found "), window), " since:"...)
	b = append(appendClock(b, now, zone(now)), "  for "...)
	return string(appendVisible(b, server))
}

// ClassicError is the line for a server that could not be read.
func ClassicError(server string, err error) string {
	b := append(appendVisible([]byte("Error for "), server), ':')
	return string(appendLine(b, err.Error()))
}

// Visible is s safe for a terminal, for names and errors that stand outside a
// Writer: printable characters stay, all others become \x1b, \u202e and the
// like.
func Visible(s string) string { return string(appendVisible(nil, s)) }

func zone(t time.Time) int {
	_, east := t.Zone()
	return east
}

// appendClock appends the time of day, 15:54:09.
func appendClock(dst []byte, t time.Time, east int) []byte {
	c := clockOf(t.Unix(), east)
	return c.appendClock(dst)
}

func (c *clock) appendClock(dst []byte) []byte {
	dst = append(appendPair(dst, c.hour), ':')
	dst = append(appendPair(dst, c.minute), ':')
	return appendPair(dst, c.second)
}

// firstRunes is the first n characters of s, or all of it.
func firstRunes(s string, n int) string {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return s[:i]
}
