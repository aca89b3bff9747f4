package server

import (
	"net/http"
	"sync"
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

func newOutbox(w http.ResponseWriter) *outbox {
	o := &outbox{done: make(chan struct{})}
	o.cond.L = &o.mu
	go o.run(w)
	return o
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

func (o *outbox) run(w http.ResponseWriter) {
	defer close(o.done)
	control := http.NewResponseController(w)
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
		if err == nil {
			err = control.Flush()
		}
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
