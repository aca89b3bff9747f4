package service

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/journal"
)

var soakTime = flag.Duration("soak", time.Second, "how long each of TestSoak's parts lasts")

// TestSoak has two reporters and five readers at the same time: nothing is lost
// and nothing is read twice. In the log that wraps, what a reader did not get is
// told to it, by its numbers.
func TestSoak(t *testing.T) {
	for _, x := range []struct {
		name    string
		sync    Sync
		maxSize uint32
	}{{"durable", SyncAlways, 1 << 30}, {"wrapping", SyncNone, 1 << 20}} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir, &Options{Sync: x.sync, MaxSize: x.maxSize})
			if err != nil {
				t.Fatal(err)
			}
			k := &soak{s: s, wraps: x.maxSize < 1<<30}
			k.run(t)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			check(t, dir)
			t.Logf("%d events reported, %d read, %d overwritten before they were read", k.reported.Load(), k.read.Load(), k.lost.Load())
		})
	}
}

// soak is a log of which record n was acknowledged as the id in its place.
type soak struct {
	s                    *Service
	wraps                bool
	reported, read, lost atomic.Int64
	end                  atomic.Bool
}

const soakReporters = 2

func (k *soak) run(t *testing.T) {
	ctx := t.Context()
	var reporters, readers sync.WaitGroup
	last := make([]uint64, soakReporters) // the last record of each
	for i := range last {
		reporters.Go(func() {
			n, err := k.report(ctx, uint32(i))
			if last[i] = n; err != nil {
				t.Error(err)
			}
		})
	}
	stop := make(chan uint64) // gives readers the last record, when there will be no more
	for i, reader := range []func(context.Context, <-chan uint64) error{k.follow, k.follow, k.goOn, k.backward, k.anywhere} {
		readers.Go(func() {
			if err := reader(ctx, stop); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	time.Sleep(*soakTime)
	k.end.Store(true)
	reporters.Wait()
	newest := max(last[0], last[1])
	go func() {
		for {
			select {
			case stop <- newest:
			case <-ctx.Done():
				return
			}
		}
	}()
	readers.Wait()
	if int64(newest) != k.reported.Load() {
		t.Errorf("the last record is %d, reported were %d", newest, k.reported.Load())
	}
}

// report reports until the end: ids of one reporter count up, behind its number.
func (k *soak) report(ctx context.Context, who uint32) (last uint64, err error) {
	r, err := eventlog.RegisterSource(ctx, k.s.As(asUser), fmt.Sprint("soak-", who))
	if err != nil {
		return 0, err
	}
	for id := who << 28; !k.end.Load(); {
		var ids []uint32
		for range 1 + rand.IntN(20) {
			ids = append(ids, id)
			id++
		}
		n, err := r.Report(ctx, eventsOf(ids)...)
		if err != nil {
			return last, err
		}
		if n < last+uint64(len(ids)) {
			return last, fmt.Errorf("reporter %d: record %d behind %d", who, n, last)
		}
		last = n
		k.reported.Add(int64(len(ids)))
	}
	return last, nil
}

// walk is what one reader has seen on one way through the log.
type walk struct {
	k    *soak
	next uint64                // 0: the first may be any
	ids  [soakReporters]uint32 // that come next; 0: the first may be any
}

// take counts an event, or a loss, forwards.
func (w *walk) take(e *eventlog.Event, err error) error {
	if loss, ok := eventlog.AsLoss(err); ok {
		if !w.k.wraps || !errors.Is(err, eventlog.ErrOverwrite) || w.next != 0 && loss.First != w.next || loss.Last < loss.First {
			return fmt.Errorf("loss %w where %d comes next", err, w.next)
		}
		w.k.lost.Add(int64(loss.Last - loss.First + 1))
		w.next, w.ids = loss.Last+1, [soakReporters]uint32{}
		return nil
	}
	if err != nil {
		return err
	}
	if w.next != 0 && e.RecordNumber != w.next {
		return fmt.Errorf("record %d where %d comes next", e.RecordNumber, w.next)
	}
	w.next = e.RecordNumber + 1
	w.k.read.Add(1)
	who := uint32(e.ID) >> 28
	if want := w.ids[who]; want != 0 && uint32(e.ID) != want {
		return fmt.Errorf("record %d has id %x where %x comes next", e.RecordNumber, e.ID, want)
	}
	w.ids[who] = uint32(e.ID) + 1
	return intact(e)
}

func (k *soak) open(ctx context.Context) (eventlog.Log, error) {
	return k.s.As(asUser).OpenLog(ctx, logApplication)
}

// follow gets each record once, or is told that it is gone.
func (k *soak) follow(ctx context.Context, stop <-chan uint64) error {
	l, err := k.open(ctx)
	if err != nil {
		return err
	}
	c, err := eventlog.Follow(ctx, l, &eventlog.Selection{Start: 1})
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var newest atomic.Uint64
	go func() {
		select {
		case n := <-stop:
			newest.Store(n)
		case <-ctx.Done():
		}
	}()
	w := walk{k: k, next: 1}
	var e eventlog.Event
	for n := newest.Load(); n == 0 || w.next <= n; n = newest.Load() {
		patience := 200 * time.Millisecond
		if n > 0 {
			patience = time.Minute // it is there
		}
		wait, done := context.WithTimeout(ctx, patience)
		err := c.Next(wait, &e)
		done()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			if n > 0 {
				return fmt.Errorf("record %d of %d does not come", w.next, n)
			}
			// A cursor that has ended goes on behind its mark.
			marks := c.AppendMarks(nil)
			if c, err = eventlog.Follow(ctx, l, &eventlog.Selection{After: marks}); err != nil {
				return err
			}
			continue
		}
		if err := w.take(&e, err); err != nil {
			return err
		}
	}
	return nil
}

// goOn reads to the end again and again, each time from where it was.
func (k *soak) goOn(ctx context.Context, stop <-chan uint64) error {
	l, err := k.open(ctx)
	if err != nil {
		return err
	}
	w := walk{k: k, next: 1}
	var marks []eventlog.Mark
	for last := uint64(0); last == 0; {
		select {
		case last = <-stop:
		default:
		}
		c, err := l.Read(ctx, &eventlog.Selection{After: marks})
		if err != nil {
			return err
		}
		if marks == nil && k.wraps {
			w.next = 0 // what was overwritten before the first Read is no loss of it
		}
		var e eventlog.Event
		for {
			err := c.Next(ctx, &e)
			if err == io.EOF {
				break
			}
			if err := w.take(&e, err); err != nil {
				return err
			}
		}
		marks = c.AppendMarks(marks[:0])
		if last > 0 && w.next != last+1 {
			return fmt.Errorf("the end is behind %d of %d", w.next-1, last)
		}
	}
	return nil
}

// backward reads all from the newest on, again and again.
func (k *soak) backward(ctx context.Context, stop <-chan uint64) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		if err := k.down(ctx, 0); err != nil {
			return err
		}
	}
}

// anywhere reads forwards and backwards from random places.
func (k *soak) anywhere(ctx context.Context, stop <-chan uint64) error {
	l, err := k.open(ctx)
	if err != nil {
		return err
	}
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		i, err := l.Info(ctx)
		if err != nil {
			return err
		}
		if i.Count() == 0 {
			continue
		}
		start := i.Oldest + rand.Uint64N(i.Count())
		if rand.IntN(2) == 0 {
			if err := k.down(ctx, start); err != nil {
				return err
			}
			continue
		}
		w := walk{k: k}
		c, err := l.Read(ctx, &eventlog.Selection{Start: start, Limit: 1000})
		if err != nil {
			return err
		}
		var e eventlog.Event
		for err = c.Next(ctx, &e); err != io.EOF; err = c.Next(ctx, &e) {
			if err == nil && w.next == 0 && e.RecordNumber != start && !k.wraps {
				return fmt.Errorf("start at %d gives %d", start, e.RecordNumber)
			}
			if err := w.take(&e, err); err != nil {
				return err
			}
		}
	}
}

// down reads up to 1000 records backwards. Where the rest is overwritten
// meanwhile, that is the end.
func (k *soak) down(ctx context.Context, start uint64) error {
	l, err := k.open(ctx)
	if err != nil {
		return err
	}
	c, err := l.Read(ctx, &eventlog.Selection{Backward: true, Start: start, Limit: 1000})
	if err != nil {
		return err
	}
	defer c.Close()
	var e eventlog.Event
	for next := start; ; {
		err := c.Next(ctx, &e)
		if err == io.EOF {
			return nil
		}
		if loss, ok := eventlog.AsLoss(err); ok {
			if !k.wraps || next != 0 && loss.Last != next {
				return fmt.Errorf("backwards: loss %w where %d comes next", err, next)
			}
			next = loss.First - 1
			continue
		}
		if err != nil {
			return err
		}
		if next != 0 && e.RecordNumber != next {
			return fmt.Errorf("backwards: record %d where %d comes next", e.RecordNumber, next)
		}
		next = e.RecordNumber - 1
		k.read.Add(1)
		if err := intact(&e); err != nil {
			return err
		}
	}
}

// BenchmarkReopen opens a log of 256 MiB whose journal a crash left full.
func BenchmarkReopen(b *testing.B) {
	const size = 256 << 20
	dir := b.TempDir()
	s, err := Open(dir, &Options{MaxSize: size})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
	name := filepath.Join(dir, fileName(logApplication))
	left := crashFull(b, name, size)
	for b.Loop() {
		b.StopTimer()
		if err := os.WriteFile(name+journalExt, left, 0o600); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		s, err := Open(dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := broken(s); err != nil {
			b.Error(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	check(b, dir)
}

// crashFull fills a log up and over, leaves as much in its journal as that takes,
// and gives the journal.
func crashFull(b *testing.B, name string, size int64) []byte {
	w, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	ring, err := evt.Create(w, &evt.WriterOptions{MaxSize: size})
	if err != nil {
		b.Fatal(err)
	}
	e := eventOf(1)
	e.Source, e.Data, e.TimeWritten = "quarry", make([]byte, 300), time.Now()
	for ring.Header().OldestRecordNumber < 1000 {
		if _, err := ring.Append(e); err != nil {
			b.Fatal(err)
		}
	}
	if err := errors.Join(ring.Flush(), w.Close(), os.Remove(name+journalExt)); err != nil {
		b.Fatal(err)
	}
	var files [2]journal.Storage
	for i, n := range []string{name, name + journalExt} {
		if files[i], err = journal.OpenStorage(n, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
			b.Fatal(err)
		}
		defer files[i].Close()
	}
	f, err := journal.Open(files[0], files[1], &journal.Options{MaxDirty: maxDirty})
	if err != nil {
		b.Fatal(err)
	}
	if ring, err = evt.OpenWriter(f, size, nil); err != nil {
		b.Fatal(err)
	}
	for f.Dirty() < maxDirty-64<<10 {
		for range 20 {
			if _, err := ring.Append(e); err != nil {
				b.Fatal(err)
			}
		}
		if err := f.Commit(false); err != nil {
			b.Fatal(err)
		}
	}
	left, err := os.ReadFile(name + journalExt)
	if err != nil {
		b.Fatal(err)
	}
	return left
}
