package main

import (
	"context"
	"io"
	"sync"
)

// lookahead is text that is written before it is its turn to be seen. Who writes
// waits when it is full, who reads when it is empty. The mutex is held for copying
// only; signals say that something has changed.
type lookahead struct {
	room chan struct{} // something was taken
	more chan struct{} // something was written, or it is over

	mu   sync.Mutex
	text []byte
	done bool
	err  error // of writing it
}

// maxAhead is how much a lookahead holds before the writer waits, in bytes. One
// write more may come on top.
const maxAhead = 256 << 10

func newLookahead() *lookahead {
	return &lookahead{room: make(chan struct{}, 1), more: make(chan struct{}, 1)}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// writer writes into it. When ctx is done it waits no more: little comes then.
func (l *lookahead) writer(ctx context.Context) io.Writer {
	return writerFunc(func(b []byte) (int, error) {
		for !l.put(b, ctx.Err() != nil) {
			select {
			case <-l.room:
			case <-ctx.Done():
			}
		}
		wake(l.more)
		return len(b), nil
	})
}

func (l *lookahead) put(b []byte, anyway bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) >= maxAhead && !anyway {
		return false
	}
	l.text = append(l.text, b...)
	return true
}

// end says that nothing more comes, and why.
func (l *lookahead) end(err error) {
	l.mu.Lock()
	l.done, l.err = true, err
	l.mu.Unlock()
	wake(l.more)
}

// take exchanges the text for an empty buffer. over: there is none, and none comes.
func (l *lookahead) take(empty []byte) (text []byte, over bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) == 0 {
		return empty, l.done, l.err
	}
	text, l.text = l.text, empty[:0]
	return text, false, nil
}

// copyTo writes all of it to w, as it comes.
func (l *lookahead) copyTo(w io.Writer) error {
	var text []byte
	for {
		var over bool
		var err error
		if text, over, err = l.take(text[:0]); over {
			return err
		}
		if len(text) == 0 {
			<-l.more
			continue
		}
		wake(l.room)
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
}
