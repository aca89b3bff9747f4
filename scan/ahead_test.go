package scan

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"netelf.example/eventlog"
)

// large is a log of large events that counts what was read of it.
type large struct {
	endless
	text string
	read *atomic.Int64
}

func (l *large) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := l.endless.Read(ctx, sel)
	return &largeCursor{c, l}, err
}

type largeCursor struct {
	eventlog.Cursor
	log *large
}

func (c *largeCursor) Next(ctx context.Context, e *eventlog.Event) error {
	err := c.Cursor.Next(ctx, e)
	if err == nil {
		e.Strings[0] = c.log.text
		c.log.read.Add(1)
	}
	return err
}

// However many logs there are, what is decoded ahead of them has a bound in bytes: one
// event more than that in each of the two batches of a log.
func TestAheadBytes(t *testing.T) {
	const logs, events, bytes = 150, 150, 8 << 10
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int64
		s := &server{}
		for i := range logs {
			name := fmt.Sprint(i)
			s.names = append(s.names, name)
			s.logs = append(s.logs, &large{endless{origin: eventlog.Origin{Log: name}, n: events}, strings.Repeat("x", bytes), &read})
		}
		c := Open(t.Context(), []Target{{Name: "bedrock", Open: s.open}}, nil, nil)
		defer c.Close()
		var e eventlog.Event
		most := int64(0)
		for given := range int64(logs * events) {
			if err := c.Next(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
			if given%500 == 0 {
				synctest.Wait() // nothing more is decoded before something is given
				most = max(most, read.Load()-given-1)
			}
		}
		if ahead := most * bytes; ahead > aheadBytes+2*logs*bytes || ahead < aheadBytes/2 {
			t.Errorf("%d MiB were decoded ahead, want about %d", ahead>>20, aheadBytes>>20)
		}
	})
}
