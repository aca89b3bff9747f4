package server

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// outbox sends lines while others are being made: what comes while it writes is
// written at once afterwards. So a line goes out without delay when there is only
// one, and many go out together.
type outbox struct {
	mu   sync.Mutex
	cond sync.Cond
	have []byte
	err  error // of writing; nothing more is taken
	over bool
	done chan struct{}
}

// outboxSize is how much may wait, in bytes, before put waits too.
const outboxSize = 256 << 10

// newOutbox is an outbox whose client may take nothing for a while; 0: for ever.
func newOutbox(w http.ResponseWriter, stall time.Duration) *outbox {
	o := &outbox{done: make(chan struct{})}
	o.cond.L = &o.mu
	go o.run(&patient{w: w, control: http.NewResponseController(w), stall: stall})
	return o
}

// patient writes to a client that must take something now and then. What comes
// between the writes does not count.
type patient struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

func (p *patient) Write(b []byte) (n int, err error) {
	if p.stall > 0 {
		// A server's own deadline is for answers that are no streams.
		if err := p.control.SetWriteDeadline(time.Now().Add(p.stall)); err != nil {
			return 0, err
		}
		defer func() {
			if clear := p.control.SetWriteDeadline(time.Time{}); err == nil {
				err = clear
			}
		}()
	}
	if n, err = p.w.Write(b); err == nil {
		err = p.control.Flush()
	}
	return n, err
}

// put takes a line, which may be used again afterwards.
func (o *outbox) put(line []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.have) > outboxSize && o.err == nil {
		o.cond.Wait()
	}
	if o.err == nil {
		o.have = append(o.have, line...)
		o.cond.Broadcast()
	}
	return o.err
}

// close sends what is there and ends.
func (o *outbox) close() {
	o.mu.Lock()
	o.over = true
	o.cond.Broadcast()
	o.mu.Unlock()
	<-o.done
}

func (o *outbox) run(w io.Writer) {
	defer close(o.done)
	var out []byte
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.have) == 0 && !o.over {
			o.cond.Wait()
		}
		if len(o.have) == 0 {
			return
		}
		out, o.have = o.have, out[:0]
		o.cond.Broadcast()
		o.mu.Unlock()
		_, err := w.Write(out)
		if cap(out) > 4*outboxSize {
			out = nil // one huge event does not keep its memory
		}
		o.mu.Lock()
		if err != nil {
			o.err = err
			o.cond.Broadcast()
			return
		}
	}
}
