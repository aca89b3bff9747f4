package scan

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"netelf.example/eventlog"
)

// endless is a log of n events that costs little to read.
type endless struct {
	origin eventlog.Origin
	n      int
}

func (l *endless) Info(context.Context) (eventlog.Info, error) { return eventlog.Info{}, nil }
func (l *endless) Close() error                                { return nil }
func (l *endless) Read(context.Context, *eventlog.Selection) (eventlog.Cursor, error) {
	return &endlessCursor{log: l}, nil
}

type endlessCursor struct {
	log *endless
	i   int
}

func (c *endlessCursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return m }
func (c *endlessCursor) Close() error                                  { return nil }

func (c *endlessCursor) Next(_ context.Context, e *eventlog.Event) error {
	if c.i == c.log.n {
		return io.EOF
	}
	c.i++
	e.Reset()
	e.Origin = &c.log.origin
	e.RecordNumber = uint64(c.i)
	e.TimeWritten = day.Add(time.Duration(c.i) * time.Millisecond)
	e.TimeGenerated = e.TimeWritten
	e.Source, e.Computer = "Service Control Manager", "BEDROCK"
	e.Strings = append(e.Strings, "Print Spooler", "running")
	e.Data = append(e.Data, "0123456789abcdef"...)
	return nil
}

const benchEvents = 1 << 20

// BenchmarkBare is what BenchmarkMerge of one log is held against: its ns/event
// may be 60 more.
func BenchmarkBare(b *testing.B) {
	for b.Loop() {
		c, _ := (&endless{n: benchEvents}).Read(b.Context(), nil)
		if n := benchDrain(b, c); n != benchEvents {
			b.Fatal(n)
		}
	}
	perEvent(b)
}

func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{1, 3, 16, 256, 2000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var targets []Target
			for i := range n {
				name := fmt.Sprint(i)
				s := &server{names: []string{"System"}, logs: []eventlog.Log{&endless{origin: eventlog.Origin{Server: name, Log: "System"}, n: benchEvents / n}}}
				targets = append(targets, Target{Name: name, Open: s.open})
			}
			b.ReportAllocs()
			for b.Loop() {
				c := Open(b.Context(), targets, nil, nil)
				if n := benchDrain(b, c); n != benchEvents/len(targets)*len(targets) {
					b.Fatal(n)
				}
				c.Close()
			}
			perEvent(b)
		})
	}
}

func benchDrain(b *testing.B, c eventlog.Cursor) (n int) {
	var e eventlog.Event
	for {
		switch err := c.Next(b.Context(), &e); err {
		case nil:
			n++
		case io.EOF:
			return n
		default:
			b.Fatal(err)
		}
	}
}

func perEvent(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEvents, "ns/event")
}
