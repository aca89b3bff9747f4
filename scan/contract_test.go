package scan

import (
	"context"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// A scan of one log answers like the log, but that it says in Outcomes, and not
// by Next, why it is incomplete.
func TestContract(t *testing.T) {
	logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
		return &scanned{logtest.NewMemory(eventlog.Origin{Server: "bedrock", Log: "System"}, events)}
	})
}

type scanned struct{ *logtest.Memory }

func (s *scanned) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	return &why{Open(ctx, []Target{target("bedrock", s.Memory)}, sel, nil)}, nil
}

type why struct{ *Cursor }

func (w *why) Next(ctx context.Context, e *eventlog.Event) error {
	err := w.Cursor.Next(ctx, e)
	if err == ErrIncomplete {
		err = w.Outcomes()[0].Err
	}
	return err
}
