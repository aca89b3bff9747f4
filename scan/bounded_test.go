package scan

import (
	"context"
	"io"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// shortened is a log whose walks know at which record a bound in time stopped them.
type shortened struct{ *logtest.Memory }

func (l shortened) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := l.Memory.Read(ctx, sel)
	return &shortenedCursor{Cursor: c}, err
}

type shortenedCursor struct {
	eventlog.Cursor
	over bool
}

func (c *shortenedCursor) Next(ctx context.Context, e *eventlog.Event) error {
	err := c.Cursor.Next(ctx, e)
	c.over = err != nil
	return err
}

func (c *shortenedCursor) Bounded() (uint64, bool) { return 2, c.over }

// The outcome of a log names the record at which its walk was shortened, as soon as
// the reader has come there.
func TestBounded(t *testing.T) {
	s := &server{names: []string{"System", "Application"}, logs: []eventlog.Log{
		shortened{memory("bedrock", "System", 1, 2, 3, 4, 5, 6, 7, 8)}, memory("bedrock", "Application", 1, 2, 3, 4, 5, 6, 7, 8),
	}}
	sel := &eventlog.Selection{Backward: true, Since: day.Add(3 * time.Second)}
	c := Open(t.Context(), []Target{{Name: "bedrock", Open: s.open}}, sel, nil)
	defer c.Close()
	bounded := func(want uint64) {
		t.Helper()
		logs := c.Outcomes()[0].Logs
		if len(logs) != 2 || logs[0].Bounded != want || logs[1].Bounded != 0 {
			t.Errorf("%+v", logs)
		}
	}
	if err := c.Next(t.Context(), new(eventlog.Event)); err != nil {
		t.Fatal(err)
	}
	bounded(0)
	if _, _, err := drain(t, c); err != io.EOF {
		t.Error(err)
	}
	bounded(2)
}
