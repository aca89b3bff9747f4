package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"netelf.example/eventlog"
	"netelf.example/render"
)

// blockSize is how much is read from a stream at once, in bytes.
const blockSize = 64 << 10

// block is whole lines of a stream, and what came behind them.
type block struct {
	lines []byte
	err   error // the stream is over, nothing else comes
}

// cursor is a walk at the other end. A goroutine of its own reads the stream, so
// that a Next that is given up leaves the stream whole.
type cursor struct {
	origin *eventlog.Origin
	lost   error              // what a stream that broke off is called
	cancel context.CancelFunc // ends the stream
	blocks chan block
	free   chan []byte
	done   chan struct{} // closed by Close
	once   sync.Once

	rest []byte // of the block that is being given
	last []byte // that block
	over error  // there is no other block

	mark     eventlog.Mark
	next     *Mark // the mark behind the next event; nil: the event's own
	given    uint64
	examined atomic.Uint64
	err      error // how the walk ended
}

// newCursor takes the body of a stream, up to its first line.
func newCursor(ctx context.Context, o *eventlog.Origin, body io.ReadCloser, cancel context.CancelFunc, lost error) (*cursor, error) {
	c := &cursor{
		origin: o, cancel: cancel, lost: lost, mark: eventlog.Mark{Server: o.Server, Log: o.Log},
		blocks: make(chan block), free: make(chan []byte, 2), done: make(chan struct{}),
	}
	go c.pump(body)
	line, err := c.line(ctx)
	var n Note
	if err == nil {
		if err = json.Unmarshal(line, &n); err == nil && (n.Netelf != NoteBegin || n.Mark == nil) {
			err = errors.New("it does not begin with where it is")
		}
		if err != nil {
			err = fmt.Errorf("the service's stream: %w", err)
		}
	}
	if err != nil {
		_ = c.Close() // never fails
		return nil, err
	}
	c.mark = n.Mark.Mark(o)
	return c, nil
}

// pump reads the stream and passes on whole lines as soon as they are there.
func (c *cursor) pump(body io.ReadCloser) {
	defer body.Close() // it was only read from
	var have []byte    // begun lines
	for {
		if cap(have)-len(have) < blockSize/2 {
			have = append(make([]byte, 0, max(2*cap(have), blockSize)), have...)
		}
		n, err := body.Read(have[len(have):cap(have)])
		have = have[:len(have)+n]
		end := bytes.LastIndexByte(have[len(have)-n:], '\n')
		if err == nil && end < 0 {
			if len(have) > MaxLine {
				err = fmt.Errorf("a line of more than %d bytes", MaxLine)
			} else {
				continue
			}
		}
		b := block{err: err}
		var rest []byte
		if end >= 0 {
			end += len(have) - n + 1
			b.lines, rest = have[:end], have[end:]
		}
		select {
		case c.blocks <- b:
		case <-c.done:
			return
		}
		if err != nil {
			return
		}
		select {
		case have = <-c.free:
			have = append(have[:0], rest...)
		default:
			have = append(make([]byte, 0, max(blockSize, 2*len(rest))), rest...)
		}
	}
}

// line is the next line, good until the one after it.
func (c *cursor) line(ctx context.Context) ([]byte, error) {
	for len(c.rest) == 0 {
		if c.over != nil {
			return nil, c.over
		}
		if c.last != nil {
			select {
			case c.free <- c.last:
			default:
			}
			c.last = nil
		}
		select {
		case b := <-c.blocks:
			c.rest, c.last, c.over = b.lines, b.lines, b.err
			if c.over != nil && broken(c.over) {
				c.over = c.lost
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.done:
			return nil, fs.ErrClosed
		}
	}
	i := bytes.IndexByte(c.rest, '\n')
	line := c.rest[:i]
	c.rest = c.rest[i+1:]
	return line, nil
}

func (c *cursor) Next(ctx context.Context, e *eventlog.Event) error {
	if c.err != nil {
		return c.err
	}
	if err := ctx.Err(); err != nil {
		return c.fail(err)
	}
	select {
	case <-c.done:
		return c.fail(fs.ErrClosed)
	default:
	}
	for {
		line, err := c.line(ctx)
		if err != nil {
			return c.fail(err)
		}
		if !bytes.HasPrefix(line, []byte(notePrefix)) {
			return c.event(line, e)
		}
		if loss, err := c.note(line); err != nil {
			return c.fail(err)
		} else if loss != nil {
			return loss
		}
	}
}

// event fills e from a line.
func (c *cursor) event(line []byte, e *eventlog.Event) error {
	if err := render.ParseJSON(line, e); err != nil {
		return c.fail(fmt.Errorf("the service's stream: %w", err))
	}
	e.Origin = c.origin
	c.given++
	if c.next != nil {
		c.mark, c.next = c.next.Mark(c.origin), nil
	} else {
		c.mark = e.Mark()
	}
	return nil
}

// note takes a line that is no event. The error ends the walk.
func (c *cursor) note(line []byte) (*eventlog.Loss, error) {
	var n Note
	if err := json.Unmarshal(line, &n); err != nil {
		return nil, fmt.Errorf("the service's stream: %w", err)
	}
	if n.Examined > 0 {
		c.examined.Store(n.Examined)
	}
	switch n.Netelf {
	case NoteAt:
		c.next = n.Mark
		return nil, nil
	case NoteHere:
		if n.Mark != nil {
			c.mark = n.Mark.Mark(c.origin)
		}
		return nil, nil
	case NoteLoss, NoteEnd, NoteError:
	default:
		return nil, nil // of a later version
	}
	if n.Mark != nil {
		c.mark = n.Mark.Mark(c.origin)
	}
	switch n.Netelf {
	case NoteLoss:
		return n.loss(c.origin), nil
	case NoteEnd:
		return nil, io.EOF
	}
	return nil, n.end()
}

// fail ends the walk.
func (c *cursor) fail(err error) error {
	c.err = err
	c.cancel()
	return err
}

func (c *cursor) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return append(m, c.mark) }

// Examined is what the server said last, and at least what was given.
func (c *cursor) Examined() uint64 { return max(c.examined.Load(), c.given) }

// Close may be called at any time.
func (c *cursor) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.cancel()
	})
	return nil
}
