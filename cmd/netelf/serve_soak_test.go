//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
)

var serveSoak = flag.Duration("serve.soak", 3*time.Second, "how long TestServeSoak reports, both parts together")

func init() { children["soak"] = soakChild }

const soakReporters = 2

// soaked is what a reporting process says at its end.
type soaked struct {
	Events uint64 // reported and acknowledged
	Last   uint64 // record number of the last
}

// soakEvent is event n of a reporter.
func soakEvent(who int, n uint64) *eventlog.Event {
	return &eventlog.Event{
		ID: eventlog.EventID(n), Type: eventlog.Information, Level: eventlog.LevelOf(eventlog.Information), Category: uint16(who),
		Strings: []string{strconv.Itoa(who), strconv.FormatUint(n, 10), soakText(n)},
	}
}

func soakText(n uint64) string { return strings.Repeat("granite ", int(n*7%23)) }

// soakChild reports numbered events until its input ends, and then says how many.
func soakChild() error {
	ctx := context.Background()
	socket, log := os.Args[1], os.Args[2]
	who, err := strconv.Atoi(os.Args[3])
	if err != nil {
		return err
	}
	var over atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whatever ends it, it is over
		over.Store(true)
	}()
	r, err := eventlog.RegisterSource(ctx, api.Unix(socket, "."), log)
	if err != nil {
		return err
	}
	var done soaked
	for !over.Load() {
		var events []*eventlog.Event
		for range 1 + rand.IntN(50) {
			done.Events++
			events = append(events, soakEvent(who, done.Events))
		}
		last, err := r.Report(ctx, events...)
		if err != nil {
			return err
		}
		if last < done.Last+uint64(len(events)) {
			return fmt.Errorf("%d events were reported behind record %d, and the last of them is record %d", len(events), done.Last, last)
		}
		done.Last = last
	}
	return json.NewEncoder(os.Stdout).Encode(done)
}

// TestServeSoak has two processes that report while five readers read, all over
// the socket: nothing is lost, nothing is read twice, and record numbers have no
// gap. In a log that wraps each reader is told by its numbers what it missed.
func TestServeSoak(t *testing.T) {
	for _, x := range []struct {
		log, sync string
		size      int64
	}{{"Keeps", "always", 2 << 30}, {"Wraps", "none", 512 << 10}} {
		t.Run(x.log, func(t *testing.T) {
			s := serve(t, serveDir(t), "--sync", x.sync)
			if err := s.client().CreateLog(t.Context(), x.log, eventlog.Settings{MaxSize: &x.size}); err != nil {
				t.Fatal(err)
			}
			k := &soaking{s: s, log: x.log, wraps: x.log == "Wraps", over: make(chan struct{})}
			k.run(t, *serveSoak/2)
			s.stop()
			t.Logf("%d events reported, %d read by 5 readers, %d overwritten before they were read", k.newest.Load(), k.read.Load(), k.lost.Load())
		})
	}
}

// soaking is a log that is reported to and read.
type soaking struct {
	s          *serving
	log        string
	wraps      bool
	read, lost atomic.Int64
	over       chan struct{} // closed when nothing more is reported
	newest     atomic.Uint64 // the last record, then

	mu   sync.Mutex
	seen []uint64 // by record number: the reporter's event, 0 where nobody has read it yet
}

func (k *soaking) run(t *testing.T, how time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), how+awaitTime) // so that a reader who waits in vain says so
	defer cancel()
	var readers sync.WaitGroup
	// Followers begin before there is anything, so that all is for them.
	var ready sync.WaitGroup
	for i, reader := range []func(context.Context, *api.Client, func()) error{k.follow, k.follow, k.goOn, k.forwards, k.backwards} {
		ready.Add(1)
		begun := sync.OnceFunc(ready.Done)
		readers.Go(func() {
			defer begun()
			if err := reader(ctx, k.s.client(), begun); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}
	ready.Wait()
	var total, last uint64
	var ends []func() soaked
	for i := range soakReporters {
		ends = append(ends, k.reporter(t, i))
	}
	time.Sleep(how)
	var each []uint64
	for _, end := range ends {
		d := end()
		each = append(each, d.Events)
		total += d.Events
		last = max(last, d.Last)
	}
	k.newest.Store(last)
	close(k.over)
	readers.Wait()
	if last != total || total == 0 {
		t.Errorf("the last record is %d, reported were %d", last, total)
	}
	k.check(t, last, each)
}

// reporter starts a process that reports. The function that it returns ends it.
func (k *soaking) reporter(t *testing.T, who int) func() soaked {
	cmd := child("soak", k.s.socket, k.log, strconv.Itoa(who))
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (d soaked) {
		_ = in.Close() // if it has ended already Wait says how
		err := cmd.Wait()
		if err == nil {
			err = json.Unmarshal([]byte(stdout.String()), &d)
		}
		if err != nil {
			t.Errorf("reporter %d: %v: %s", who, err, stderr.String())
		}
		return d
	}
}

// note takes what a reader has read: all must read the same.
func (k *soaking) note(e *eventlog.Event) error {
	if len(e.Strings) != 3 {
		return fmt.Errorf("record %d is not whole: %+v", e.RecordNumber, e)
	}
	n, err := strconv.ParseUint(e.Strings[1], 10, 56)
	if err != nil || e.ID != eventlog.EventID(n) || e.Strings[2] != soakText(n) || e.Strings[0] != strconv.Itoa(int(e.Category)) || e.Category >= soakReporters {
		return fmt.Errorf("record %d is not as it was reported: %+v", e.RecordNumber, e)
	}
	k.read.Add(1)
	name := n<<8 | uint64(e.Category)
	k.mu.Lock()
	defer k.mu.Unlock()
	for uint64(len(k.seen)) <= e.RecordNumber {
		k.seen = append(k.seen, make([]uint64, 1<<16)...)
	}
	switch was := k.seen[e.RecordNumber]; was {
	case 0:
		k.seen[e.RecordNumber] = name
	case name:
	default:
		return fmt.Errorf("record %d is event %d of %d, and was read as event %d of %d", e.RecordNumber, n, e.Category, was>>8, was&0xff)
	}
	return nil
}

// check compares what all have read with what was reported.
func (k *soaking) check(t *testing.T, last uint64, each []uint64) {
	next := make([]uint64, soakReporters)
	missing := uint64(0)
	for n := uint64(1); n <= last; n++ {
		if n >= uint64(len(k.seen)) || k.seen[n] == 0 {
			missing++
			continue
		}
		who, event := k.seen[n]&0xff, k.seen[n]>>8
		next[who]++
		if event < next[who] || !k.wraps && event != next[who] {
			t.Fatalf("record %d is event %d of reporter %d, whose event %d comes next", n, event, who, next[who])
		}
		next[who] = event
	}
	if missing > 0 && !k.wraps {
		t.Errorf("nobody has read %d records", missing)
	}
	if k.wraps {
		if k.lost.Load() == 0 {
			t.Log("no reader was overtaken")
		}
		return
	}
	for who, n := range each {
		if next[who] != n {
			t.Errorf("reporter %d reported %d events, %d are there", who, n, next[who])
		}
	}
}

// take is what a walk that goes forwards gives where record next comes, 0: any.
func (k *soaking) take(e *eventlog.Event, err error, next *uint64) error {
	if loss, ok := eventlog.AsLoss(err); ok {
		if !k.wraps || !errors.Is(err, eventlog.ErrOverwrite) || *next != 0 && loss.First != *next || loss.Last < loss.First {
			return fmt.Errorf("loss where record %d comes next: %w", *next, err)
		}
		k.lost.Add(int64(loss.Last - loss.First + 1))
		*next = loss.Last + 1
		return nil
	}
	if err != nil {
		return err
	}
	if *next != 0 && e.RecordNumber != *next {
		return fmt.Errorf("record %d where %d comes next", e.RecordNumber, *next)
	}
	*next = e.RecordNumber + 1
	return k.note(e)
}

// follow gets each record once, or is told that it is gone.
func (k *soaking) follow(ctx context.Context, c *api.Client, begun func()) error {
	l, err := c.OpenLog(ctx, k.log)
	if err != nil {
		return err
	}
	cur, err := eventlog.Follow(ctx, l, &eventlog.Selection{Start: 1})
	if err != nil {
		return err
	}
	defer func() { _ = cur.Close() }() // never fails
	begun()
	// When it is over this ends a Next that waits.
	ended, end := context.WithCancel(ctx)
	defer end()
	next := uint64(1)
	go func() {
		select {
		case <-k.over:
			end()
		case <-ended.Done():
		}
	}()
	var e eventlog.Event
	for {
		err := cur.Next(ended, &e)
		if errors.Is(err, context.Canceled) {
			break
		}
		if err := k.take(&e, err, &next); err != nil {
			return fmt.Errorf("follow: %w", err)
		}
	}
	// The rest, behind its mark.
	if cur, err = eventlog.Follow(ctx, l, &eventlog.Selection{After: cur.AppendMarks(nil)}); err != nil {
		return err
	}
	for next <= k.newest.Load() {
		if err := k.take(&e, cur.Next(ctx, &e), &next); err != nil {
			return fmt.Errorf("follow, the rest: %w", err)
		}
	}
	if next != k.newest.Load()+1 {
		return fmt.Errorf("followed up to record %d, the last is %d", next-1, k.newest.Load())
	}
	return nil
}

// goOn reads to the end again and again, each time from where it was.
func (k *soaking) goOn(ctx context.Context, c *api.Client, begun func()) error {
	begun()
	next := uint64(1)
	if k.wraps {
		next = 0 // what was gone before the first Read is no loss of it
	}
	var marks []eventlog.Mark
	for last := false; !last; {
		select {
		case <-k.over:
			last = true
		default:
		}
		cur, err := k.open(ctx, c, &eventlog.Selection{After: marks})
		if err != nil {
			return err
		}
		var e eventlog.Event
		for {
			err := cur.Next(ctx, &e)
			if err == io.EOF {
				break
			}
			if err := k.take(&e, err, &next); err != nil {
				return fmt.Errorf("go on: %w", err)
			}
		}
		marks = cur.AppendMarks(nil)
		if err := cur.Close(); err != nil {
			return err
		}
	}
	if next != k.newest.Load()+1 {
		return fmt.Errorf("went on to record %d, the last is %d", next-1, k.newest.Load())
	}
	return nil
}

func (k *soaking) open(ctx context.Context, c *api.Client, s *eventlog.Selection) (eventlog.Cursor, error) {
	l, err := c.OpenLog(ctx, k.log)
	if err != nil {
		return nil, err
	}
	return l.Read(ctx, s)
}

// soakPiece is how many records a walk from some place takes.
const soakPiece = 3000

// pieces walks from places that are any, until all is over.
func (k *soaking) pieces(ctx context.Context, c *api.Client, begun func(), walk func(start uint64) error) error {
	begun()
	for {
		select {
		case <-k.over:
			return nil
		default:
		}
		var info eventlog.Info
		err := onLog(ctx, c, k.log, func(l eventlog.Log) (err error) {
			info, err = l.Info(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if n := info.Count(); n > 0 {
			if err := walk(info.Oldest + rand.Uint64N(n)); err != nil {
				return err
			}
		}
	}
}

func (k *soaking) forwards(ctx context.Context, c *api.Client, begun func()) error {
	return k.pieces(ctx, c, begun, func(start uint64) error {
		cur, err := k.open(ctx, c, &eventlog.Selection{Start: start, Limit: soakPiece})
		if err != nil {
			return err
		}
		defer cur.Close()
		next := start
		if k.wraps {
			next = 0 // where the start is gone it is the oldest one
		}
		var e eventlog.Event
		for {
			err := cur.Next(ctx, &e)
			if err == io.EOF {
				return nil
			}
			if err := k.take(&e, err, &next); err != nil {
				return fmt.Errorf("forwards from %d: %w", start, err)
			}
		}
	})
}

func (k *soaking) backwards(ctx context.Context, c *api.Client, begun func()) error {
	return k.pieces(ctx, c, begun, func(start uint64) error {
		if rand.IntN(2) == 0 {
			start = 0 // the newest
		}
		cur, err := k.open(ctx, c, &eventlog.Selection{Backward: true, Start: start, Limit: soakPiece})
		if err != nil {
			return err
		}
		defer cur.Close()
		var e eventlog.Event
		for next, over := start, false; ; {
			err := cur.Next(ctx, &e)
			if err == io.EOF {
				return nil
			}
			if loss, ok := eventlog.AsLoss(err); ok {
				if !k.wraps || !errors.Is(err, eventlog.ErrOverwrite) || next != 0 && loss.Last != next || loss.Last < loss.First {
					return fmt.Errorf("backwards from %d: loss where record %d comes next: %w", start, next, err)
				}
				k.lost.Add(int64(loss.Last - loss.First + 1))
				over = true // what is older is gone, too
				continue
			}
			if err != nil {
				return fmt.Errorf("backwards from %d: %w", start, err)
			}
			if over || next != 0 && e.RecordNumber != next {
				return fmt.Errorf("backwards from %d: record %d where %d comes next (over: %t)", start, e.RecordNumber, next, over)
			}
			next = e.RecordNumber - 1
			if err := k.note(&e); err != nil {
				return err
			}
			if next == 0 {
				over = true
			}
		}
	})
}
