package netelf

import (
	"context"
	"fmt"
	"iter"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// Records ranges over the records of a log or a backup, each an event of its own:
// the other form of [ReadEventLog].
//
// flags and offset are as there, but each range is a walk by itself, which with
// [SequentialRead] begins at the end that the direction says; it does not use the
// handle's place, nor move it. The end is the end of the range. What is damaged or
// missing comes as an error with a nil event and the range goes on; any other
// error is the last.
func (l *EventLog) Records(ctx context.Context, flags ReadFlags, offset uint64) iter.Seq2[*eventlog.Event, error] {
	const fn = "ReadEventLog"
	return func(yield func(*eventlog.Event, error) bool) {
		sel, err := l.selection(ctx, flags, offset)
		if err != nil {
			yield(nil, l.fail(fn, err))
			return
		}
		for e, err := range eventlog.All(ctx, l.log, sel) {
			if err != nil {
				err = l.failRead(fn, err, sel.Backward)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (l *EventLog) selection(ctx context.Context, flags ReadFlags, offset uint64) (*eventlog.Selection, error) {
	if err := l.open(); err != nil {
		return nil, err
	}
	seek, back, err := flags.mode()
	if err != nil {
		return nil, err
	}
	sel := &eventlog.Selection{Backward: back}
	if seek {
		info, err := l.log.Info(ctx)
		if err != nil {
			return nil, err
		}
		if err := inRange(offset, &info); err != nil {
			return nil, err
		}
		sel.Start = offset
	}
	return sel, nil
}

// Decode ranges over the records that [ReadEventLog] put into a buffer, of which b
// is the part that was filled; each is an event of its own. What is no record is
// an *eventlog.FormatError, the last of the range, with its offset in b. A record
// of which only parts are damaged comes as such an error, and then as an event
// without those parts.
func Decode(b []byte) iter.Seq2[*eventlog.Event, error] {
	return func(yield func(*eventlog.Event, error) bool) {
		for at := 0; at < len(b); {
			var r evt.Record
			if err := r.UnmarshalBinary(b[at:]); err != nil {
				yield(nil, fmt.Errorf("record at offset 0x%x: %w", at, err))
				return
			}
			e := new(eventlog.Event)
			if err := r.Event(e, 0); err != nil {
				if !yield(nil, fmt.Errorf("record at offset 0x%x: %w", at, err)) {
					return
				}
			}
			e.Offset = int64(at)
			if !yield(e, nil) {
				return
			}
			at += len(r.Raw())
		}
	}
}
