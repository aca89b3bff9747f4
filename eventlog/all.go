package eventlog

import (
	"context"
	"io"
	"iter"
)

// All is the pleasant form of a walk: it ranges over the events of l that s
// selects (nil: all), each a Clone of its own. A *Loss comes as an error with a
// nil event and the range goes on; any other error is the last pair.
func All(ctx context.Context, l Log, s *Selection) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		if s == nil {
			s = new(Selection)
		}
		c, err := l.Read(ctx, s)
		if err != nil {
			yield(nil, err)
			return
		}
		defer c.Close()
		var e Event
		for {
			switch err := c.Next(ctx, &e); err {
			case io.EOF:
				return
			case nil:
				if !yield(e.Clone(), nil) {
					return
				}
			default:
				if _, ok := AsLoss(err); !yield(nil, err) || !ok {
					return
				}
			}
		}
	}
}
