package server

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// hurryTime is what a client has to send the rest of a request when the server goes.
const hurryTime = time.Second

// incoming is the body of a request, which is waited for as long as the server
// stays.
type incoming struct {
	io.ReadCloser
	control *http.ResponseController

	mu    sync.Mutex
	ended bool
	until time.Time // zero: as long as it takes
}

func (b *incoming) Read(p []byte) (int, error) {
	b.mu.Lock()
	if !b.until.IsZero() { // the library may have set another one meanwhile
		_ = b.control.SetReadDeadline(b.until) // else it takes as long as it does
	}
	b.mu.Unlock()
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.mu.Lock()
		b.ended = true
		b.mu.Unlock()
	}
	return n, err
}

// hurry ends the wait soon. What came whole is left alone: a deadline would end the
// request then, which is being answered.
func (b *incoming) hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until = time.Now().Add(hurryTime); !b.ended {
		_ = b.control.SetReadDeadline(b.until) // else it takes as long as it does
	}
}
