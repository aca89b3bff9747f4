package winbind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Options are those of New. Program is needed.
type Options struct {
	Program string        // the absolute path of ntlm_auth
	Timeout time.Duration // of a question, waiting for a place included; 0: 10 s
	Most    int           // programs at once; more questions wait; 0: 4
}

// Winbind asks winbind. Its methods may be called by many goroutines.
type Winbind struct {
	o      Options
	places chan struct{} // one for each program that runs
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards what follows, and that nothing is added to running behind Close
	closed  bool
	running sync.WaitGroup
}

// ErrClosed is the answer to a question after Close.
var ErrClosed = errors.New("winbind: closed")

// New looks whether the program is there and can be run. It runs nothing.
func New(o Options) (*Winbind, error) {
	if !filepath.IsAbs(o.Program) {
		return nil, fmt.Errorf("winbind: %q is not an absolute path", o.Program)
	}
	if _, err := exec.LookPath(o.Program); err != nil {
		return nil, fmt.Errorf("winbind: %w", err)
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Most <= 0 {
		o.Most = 4
	}
	w := &Winbind{o: o, places: make(chan struct{}, o.Most)}
	// The one context that is kept: its end is Close, which ends the programs.
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w, nil
}

// Ask asks. An error is a question that cannot be asked, a program that does not
// run, that does not answer in time, or whose answer is not understood; what winbind
// says, no included, is the Answer.
func (w *Winbind) Ask(ctx context.Context, q Question) (Answer, error) {
	text, err := q.append(nil)
	if err != nil {
		return Answer{}, fmt.Errorf("winbind: %w", err)
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return Answer{}, ErrClosed
	}
	w.running.Add(1)
	w.mu.Unlock()
	defer w.running.Done()
	ctx, cancel := context.WithTimeout(ctx, w.o.Timeout)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	a, err := w.run(ctx, text)
	switch {
	case err == nil:
		return a, nil
	case w.ctx.Err() != nil:
		return Answer{}, ErrClosed
	case ctx.Err() != nil:
		err = fmt.Errorf("no answer: %w", ctx.Err())
	}
	return Answer{}, fmt.Errorf("winbind: %w", err)
}

// run runs the program once.
func (w *Winbind) run(ctx context.Context, question []byte) (Answer, error) {
	select {
	case w.places <- struct{}{}:
		defer func() { <-w.places }()
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	cmd := exec.CommandContext(ctx, w.o.Program, "--helper-protocol=ntlm-server-1", "--debuglevel=0")
	cmd.Dir = filepath.VolumeName(w.o.Program) + string(filepath.Separator)
	// Texts are compared, so that they must not be translated. Standard error is
	// dropped: at a high log level of smb.conf it would have keys.
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stdin = bytes.NewReader(question)
	out := answer{}
	cmd.Stdout = &out
	cmd.WaitDelay = time.Second // for what the program itself has started
	if err := cmd.Run(); err != nil {
		if out.over {
			err = errLong
		}
		return Answer{}, fmt.Errorf("%s: %w", filepath.Base(w.o.Program), err)
	}
	a, err := parseAnswer(out.b)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", filepath.Base(w.o.Program), err)
	}
	return a, nil
}

// Close ends the programs that run, and waits for that. What is asked later is
// ErrClosed.
func (w *Winbind) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
	w.running.Wait()
	return nil
}

var errLong = fmt.Errorf("answer of more than %d bytes", maxAnswer)

// answer is what a program prints, up to maxAnswer bytes.
type answer struct {
	b    []byte
	over bool
}

func (a *answer) Write(p []byte) (int, error) {
	if len(p) > maxAnswer-len(a.b) {
		a.over = true
		return 0, errLong
	}
	a.b = append(a.b, p...)
	return len(p), nil
}
