package evt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// liveFile is a log in memory with a lock around it.
type liveFile struct {
	mu      sync.RWMutex
	b       []byte
	w       *Writer
	gen     uint64
	changed chan struct{}
}

func newLiveFile(t testing.TB, max int64) *liveFile {
	f := &liveFile{changed: make(chan struct{})}
	f.clear(t, max)
	return f
}

func (f *liveFile) clear(t testing.TB, max int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.w, err = Create((*liveBytes)(f), &WriterOptions{MaxSize: max}); err != nil {
		t.Fatal(err)
	}
	f.gen++
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *liveFile) append(t testing.TB, e *eventlog.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.w.Append(e); err != nil {
		t.Error(err)
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *liveFile) ReadAt(b []byte, off int64) (int, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return bytesFile(f.b).ReadAt(b, off)
}

func (f *liveFile) State() State {
	f.mu.RLock()
	defer f.mu.RUnlock()
	h := f.w.Header()
	return State{
		Size: f.w.Size(), Begin: int64(h.StartOffset), End: int64(h.EndOffset),
		Oldest: h.OldestRecordNumber, Next: h.CurrentRecordNumber, Generation: f.gen, Changed: f.changed,
	}
}

// liveBytes is what the Writer writes to, under the lock.
type liveBytes liveFile

func (f *liveBytes) ReadAt(b []byte, off int64) (int, error) { return bytesFile(f.b).ReadAt(b, off) }
func (f *liveBytes) WriteAt(b []byte, off int64) (int, error) {
	return copy(f.b[off:], b), nil
}
func (f *liveBytes) Truncate(n int64) error {
	f.b = append(f.b[:min(int(n), len(f.b))], make([]byte, max(0, int(n)-len(f.b)))...)
	return nil
}

// liveLog makes a live log that stands still a Log.
type liveLog struct {
	*Reader
	l Live
	o *eventlog.Origin
}

func (l liveLog) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	return ReadLive(ctx, l.l, sel, false, &Options{Origin: l.o, Buffer: 4096})
}

func TestLiveIsALog(t *testing.T) {
	for _, begin := range []int{HeaderSize, SizeStep - 1000, SizeStep - 2000, SizeStep - RecordHeadSize} {
		t.Run(fmt.Sprintf("from 0x%x", begin), func(t *testing.T) {
			logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
				f := newLiveFile(t, SizeStep)
				f.b = newRingFile(t, SizeStep, begin, events, false).b
				var err error
				if f.w, err = OpenWriter((*liveBytes)(f), SizeStep, nil); err != nil {
					t.Fatal(err)
				}
				o := &eventlog.Origin{Server: "bedrock", Log: "System"}
				r, err := NewReader(f, SizeStep, &Options{Origin: o})
				if err != nil {
					t.Fatal(err)
				}
				return liveLog{r, f, o}
			})
		})
	}
}

// TestLiveWhileItWraps reads in both directions, from many places, and follows,
// while a small log is overwritten many times: each record is given whole and in
// order, or said to be overwritten.
func TestLiveWhileItWraps(t *testing.T) {
	const total = 30000
	f := newLiveFile(t, 2*SizeStep)
	event := func(i int) *eventlog.Event {
		e := logtest.Realistic(i)
		e.Strings = append(e.Strings, fmt.Sprint(i+1), fmt.Sprintf("%0*d", i%300, i+1))
		return e
	}
	for i := range 10 {
		f.append(t, event(i))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	check := func(e *eventlog.Event) {
		want := event(int(e.RecordNumber) - 1)
		if !equalStrings(e.Strings, want.Strings) || e.Source != want.Source {
			t.Errorf("record %d: %q, want %q", e.RecordNumber, e.Strings, want.Strings)
		}
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for n := range 4 {
		readers.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-done:
					return
				default:
				}
				sel := &eventlog.Selection{Backward: n%2 == 1}
				if st := f.State(); round%3 == 1 {
					sel.Start = uint64(st.Oldest) + uint64(round%200)
				}
				c, err := ReadLive(ctx, f, sel, false, &Options{Buffer: 4096 << (n / 2 * 6)})
				if err != nil {
					t.Error(err)
					return
				}
				var e eventlog.Event
				var last uint64
				for {
					err := c.Next(ctx, &e)
					var from, to uint64 = e.RecordNumber, e.RecordNumber
					if err == io.EOF {
						break
					} else if loss, ok := eventlog.AsLoss(err); ok {
						if from, to = loss.First, loss.Last; !errors.Is(err, eventlog.ErrOverwrite) {
							t.Error(err)
						}
					} else if err != nil {
						t.Error(err)
						return
					} else {
						check(&e)
					}
					if sel.Backward {
						from, to = to, from
					}
					if last != 0 && !sel.Backward && from != last+1 || last != 0 && sel.Backward && from != last-1 {
						t.Errorf("%d behind %d, backward %v, %v", from, last, sel.Backward, err)
					}
					last = to
				}
			}
		})
	}
	var followed sync.WaitGroup
	c, err := ReadLive(ctx, f, &eventlog.Selection{Start: 1}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	followed.Go(func() {
		var e eventlog.Event
		for last := uint64(0); last < total; {
			err := c.Next(ctx, &e)
			if loss, ok := eventlog.AsLoss(err); ok {
				if loss.First != last+1 {
					t.Errorf("lost %d to %d behind %d", loss.First, loss.Last, last)
				}
				last = loss.Last
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			if check(&e); e.RecordNumber != last+1 {
				t.Errorf("%d behind %d", e.RecordNumber, last)
			}
			last = e.RecordNumber
		}
	})
	for i := 10; i < total; i++ {
		f.append(t, event(i))
	}
	followed.Wait()
	close(done)
	readers.Wait()
}

func equalStrings(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLiveCleared(t *testing.T) {
	ctx := context.Background()
	f := newLiveFile(t, SizeStep)
	for i := range 5 {
		f.append(t, logtest.Realistic(i))
	}
	read, err := ReadLive(ctx, f, &eventlog.Selection{}, false, &Options{Buffer: 4096})
	if err != nil {
		t.Fatal(err)
	}
	follow, err := ReadLive(ctx, f, &eventlog.Selection{}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	var e eventlog.Event
	f.append(t, logtest.Realistic(5))
	if err := follow.Next(ctx, &e); err != nil || e.RecordNumber != 6 {
		t.Errorf("follow: %d %v, want 6", e.RecordNumber, err)
	}
	f.clear(t, SizeStep)
	f.append(t, logtest.Realistic(9))
	if err := read.Next(ctx, &e); !errors.Is(err, eventlog.ErrMarkGone) {
		t.Errorf("read: %v, want that the log was cleared", err)
	}
	if err := follow.Next(ctx, &e); !errors.Is(err, eventlog.ErrMarkGone) {
		t.Errorf("follow: %v, want that the log was cleared", err)
	}
	if err := follow.Next(ctx, &e); err != nil || e.RecordNumber != 1 {
		t.Errorf("follow: %d %v, want 1", e.RecordNumber, err)
	}
}
