package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/journal"
	"netelf.example/nt"
)

// check looks at a data directory that nobody has open for writing: each log's
// file alone, without its journal, is whole and clean, and the service says the
// same of it.
func check(t testing.TB, dir string) {
	t.Helper()
	s, err := Open(dir, &Options{ReadOnly: true})
	if err != nil {
		t.Error(err)
		return
	}
	if err := broken(s); err != nil {
		t.Error(err)
	}
	for _, l := range s.all() {
		name := filepath.Join(dir, fileName(l.origin.Log))
		info, err := l.info(t.Context())
		if err != nil {
			t.Errorf("%s: %v", l.origin.Log, err)
			continue
		}
		b, err := os.ReadFile(name)
		if err == nil {
			err = checkFile(strings.NewReader(string(b)), int64(len(b)), info)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// broken is why logs could not be opened.
func broken(s *Service) error {
	var errs []error
	for _, l := range s.broken {
		errs = append(errs, l.err)
	}
	return errors.Join(errs...)
}

// checkFile walks over a closed log's file in both directions. info is what the
// service says of the log.
func checkFile(f io.ReaderAt, size int64, info eventlog.Info) error {
	r, err := evt.NewReader(f, size, nil)
	if err != nil {
		return err
	}
	h, err := r.Header()
	if err != nil {
		return err
	}
	have, err := r.Info(context.Background())
	if err != nil {
		return err
	}
	switch {
	case h.Flags&evt.FlagDirty != 0 || have.Dirty:
		return fmt.Errorf("is dirty: %+v", h)
	case have.Oldest != info.Oldest || have.Next != info.Next || have.Size != info.Size || have.MaxSize != info.MaxSize ||
		have.Retention != info.Retention || have.Full != info.Full:
		return fmt.Errorf("file: %+v\nlog: %+v", have, info)
	}
	var numbers []uint64
	for e, err := range eventlog.All(context.Background(), r, nil) {
		if err != nil {
			return err
		}
		numbers = append(numbers, e.RecordNumber)
	}
	for e, err := range eventlog.All(context.Background(), r, &eventlog.Selection{Backward: true}) {
		if err != nil {
			return fmt.Errorf("backwards: %w", err)
		}
		last := len(numbers) - 1
		if last < 0 || numbers[last] != e.RecordNumber || e.RecordNumber != info.Oldest+uint64(last) {
			return fmt.Errorf("backwards: record %d behind %v", e.RecordNumber, numbers)
		}
		numbers = numbers[:last]
	}
	if len(numbers) > 0 {
		return fmt.Errorf("backwards: without records %v", numbers)
	}
	return nil
}

// maxTestEvent is more than the record of any eventOf takes.
const maxTestEvent = 14 << 10

// eventOf is an event all of which follows from its id: mostly small ones, some
// of several pages.
func eventOf(id uint32) *eventlog.Event {
	rnd := rand.New(rand.NewPCG(uint64(id), 1))
	e := &eventlog.Event{
		ID: eventlog.EventID(id), Category: uint16(rnd.Uint32()), TimeGenerated: nt.Time32(1_700_000_000 + rnd.Uint32N(1e6)),
		Type:     []eventlog.Type{eventlog.Error, eventlog.Warning, eventlog.Information, eventlog.AuditSuccess}[rnd.IntN(4)],
		Computer: []string{"slate", "bedrock", "quarry-with-a-long-name"}[rnd.IntN(3)],
	}
	if rnd.IntN(3) == 0 {
		e.User = nt.UnixUser(rnd.Uint32N(2000))
	}
	for range rnd.IntN(4) {
		e.Strings = append(e.Strings, strings.Repeat(fmt.Sprintf("%x ", id), rnd.IntN(20)))
	}
	n := rnd.IntN(100)
	switch rnd.IntN(32) {
	case 0:
		n = rnd.IntN(12000)
	case 1, 2:
		n = rnd.IntN(3000)
	}
	for len(e.Data) < n {
		e.Data = append(e.Data, byte(rnd.Uint32()))
	}
	return e
}

func eventsOf(ids []uint32) (all []*eventlog.Event) {
	for _, id := range ids {
		all = append(all, eventOf(id))
	}
	return all
}

var errNotIntact = errors.New("not as it was reported")

// intact says whether e is the eventOf of its id.
func intact(e *eventlog.Event) error {
	w := eventOf(uint32(e.ID))
	if e.Category != w.Category || !e.TimeGenerated.Equal(w.TimeGenerated) || e.Type != w.Type || e.Computer != w.Computer ||
		e.User != w.User || !slices.Equal(e.Strings, w.Strings) || string(e.Data) != string(w.Data) {
		return fmt.Errorf("record %d: %w: have %+v\nwant %+v", e.RecordNumber, errNotIntact, e, w)
	}
	return nil
}

// isOwn says whether e is one of the service's own events.
func isOwn(e *eventlog.Event) bool {
	_, is := ownSource(e.Source)
	return is
}

// ledger is what is known of a log by what was asked for and what was answered.
type ledger struct {
	name string
	gate sync.RWMutex // a clear and a setting are alone

	mu       sync.Mutex
	told     map[uint64]uint32 // by record number: the id, or ownID
	next     uint64            // behind all that was acknowledged
	sure     uint64            // behind all that a power cut must leave
	open     [][]uint32        // reported, and never answered: the commit failed in a way that leaves it open
	refused  []refusal
	clearing bool      // a clear was never answered
	settings []setting // the last one known, and those that were not answered since
	least    int64     // the least MaxSize since the log was empty: what is more may be free
}

// refusal is a batch of which the log took only so many as fit.
type refusal struct {
	last uint64
	ids  []uint32
}

type setting struct {
	maxSize   int64
	retention time.Duration
}

const ownID = 1<<32 - 1 // an event of the service itself

func newLedger(name string, now setting) *ledger {
	return &ledger{name: name, told: map[uint64]uint32{}, next: 1, sure: 1, settings: []setting{now}, least: now.maxSize}
}

// report reports a batch and keeps the answer.
func (l *ledger) report(r eventlog.Reporter, ids []uint32) error {
	l.gate.RLock()
	defer l.gate.RUnlock()
	last, err := r.Report(context.Background(), eventsOf(ids)...)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		if last < uint64(len(ids)) {
			return fmt.Errorf("%s: %d events reported, the last is record %d", l.name, len(ids), last)
		}
		for i, id := range ids {
			n := last + 1 + uint64(i) - uint64(len(ids))
			if was, ok := l.told[n]; ok {
				return fmt.Errorf("%s: record %d is acknowledged for %x, and was for %x", l.name, n, id, was)
			}
			l.told[n] = id
		}
		l.next = max(l.next, last+1)
		l.clearing = false
	case last > 0:
		l.refused = append(l.refused, refusal{last, ids})
		l.next = max(l.next, last+1)
	case errors.Is(err, journal.ErrFailed):
		l.open = append(l.open, ids)
	}
	return err
}

func (l *ledger) clear(log eventlog.Log) error {
	l.gate.Lock()
	defer l.gate.Unlock()
	err := eventlog.Clear(context.Background(), log, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.restart()
	case errors.Is(err, journal.ErrFailed):
		l.clearing = true
	}
	return err
}

func (l *ledger) restart() {
	l.told, l.next, l.sure = map[uint64]uint32{}, 1, 1
	l.open, l.refused, l.clearing = nil, nil, false
	l.least = l.settings[0].maxSize
}

func (l *ledger) set(log eventlog.Log, to setting) error {
	l.gate.Lock()
	defer l.gate.Unlock()
	err := eventlog.Set(context.Background(), log, eventlog.Settings{MaxSize: &to.maxSize, Retention: &to.retention})
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.settings = []setting{to}
		l.sure, l.least = l.next, min(l.least, to.maxSize)
	case errors.Is(err, journal.ErrFailed):
		l.settings, l.least = append(l.settings, to), min(l.least, to.maxSize)
	}
	return err
}

// found is what was read of a log.
type found struct {
	info   eventlog.Info
	events []*eventlog.Event // with Raw
}

// look reads a log in both directions.
func look(s *Service, name string) (f found, err error) {
	ctx := context.Background()
	l, err := s.As(asAdmin).OpenLog(ctx, name)
	if err != nil {
		return f, err
	}
	// The service may be about to say there that a log is full.
	_ = l.(*handle).l.ask(ctx, &request{do: func() error { return nil }}) // the reading will say
	if f.info, err = l.Info(ctx); err != nil {
		return f, err
	}
	want := eventlog.DefaultFields | eventlog.FieldRaw.Bit()
	for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Want: want}) {
		if err != nil {
			return f, err
		}
		f.events = append(f.events, e)
	}
	i := len(f.events)
	for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Backward: true, Want: want}) {
		if err != nil {
			return f, fmt.Errorf("backwards: %w", err)
		}
		if i--; i < 0 || string(e.Raw) != string(f.events[i].Raw) {
			return f, fmt.Errorf("%s: record %d backwards is not what it is forwards", name, e.RecordNumber)
		}
	}
	if i != 0 {
		return f, fmt.Errorf("%s: %d records more forwards than backwards", name, i)
	}
	return f, nil
}

// verify holds what was found against the ledger. Records up to floor have to be
// there, but for those that were overwritten. A clear that was not answered may
// have happened if the log was opened again since.
func (l *ledger) verify(f found, floor uint64, started bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if started && l.clearing && f.info.Oldest <= 1 && !slices.ContainsFunc(f.events, func(e *eventlog.Event) bool { return !isOwn(e) }) {
		l.restart()
		floor = 1
	}
	if f.info.Next < floor {
		return fmt.Errorf("%s: the next record is %d, acknowledged were those before %d", l.name, f.info.Next, floor)
	}
	first := f.info.Oldest
	if first == 0 {
		first = f.info.Next
	}
	if uint64(len(f.events)) != f.info.Next-first {
		return fmt.Errorf("%s: %d records, but %d to %d", l.name, len(f.events), first, f.info.Next)
	}
	type place struct{ batch, at int }
	unknown := map[uint32]place{}
	for i, ids := range l.batches() {
		for at, id := range ids {
			unknown[id] = place{i, at}
		}
	}
	var used int64
	seen := map[uint32]bool{}
	places := make([]place, len(f.events)) // of those that nobody was told of
	for i, e := range f.events {
		n := first + uint64(i)
		if e.RecordNumber != n {
			return fmt.Errorf("%s: record %d where %d comes next", l.name, e.RecordNumber, n)
		}
		used += int64(len(e.Raw))
		places[i] = place{-1, 0}
		id := uint32(e.ID)
		told, known := l.told[n]
		if isOwn(e) {
			if known && told != ownID && l.name == logSystem && n >= floor {
				// A record was lost with the power, and this is what the next Open reports.
				maps.DeleteFunc(l.told, func(k uint64, _ uint32) bool { return k >= n })
				known = false
			}
			if l.name != logSystem && l.name != logSecurity || known && told != ownID {
				return fmt.Errorf("%s: record %d is an event of the service: %+v", l.name, n, e)
			}
			continue
		}
		if err := intact(e); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		if seen[id] {
			return fmt.Errorf("%s: record %d has id %x a second time", l.name, n, id)
		}
		seen[id] = true
		if known {
			if told != id {
				return fmt.Errorf("%s: record %d has id %x, acknowledged was %x", l.name, n, id, told)
			}
			continue
		}
		p, ok := unknown[id]
		if !ok {
			return fmt.Errorf("%s: record %d has id %x, which was refused or never reported", l.name, n, id)
		}
		if places[i] = p; p.at > 0 && i > 0 && places[i-1] != (place{p.batch, p.at - 1}) {
			return fmt.Errorf("%s: record %d is number %d of a batch, and the one before it is not before it", l.name, n, p.at+1)
		}
	}
	for _, r := range l.refused {
		if r.last >= first && r.last < f.info.Next && !slices.Contains(r.ids, uint32(f.events[r.last-first].ID)) {
			return fmt.Errorf("%s: record %d was acknowledged for another batch", l.name, r.last)
		}
	}
	// Nothing is overwritten before it has to.
	if free := f.info.Size - evt.HeaderSize - used; first > 1 && free > 2*maxTestEvent+max(0, f.info.Size-l.least) {
		return fmt.Errorf("%s: records 1 to %d are gone, and %d of %d bytes are free", l.name, first-1, free, f.info.Size)
	}
	if now := (setting{f.info.MaxSize, f.info.Retention}); !slices.Contains(l.settings, now) {
		return fmt.Errorf("%s: settings %v, want one of %v", l.name, now, l.settings)
	}
	return nil
}

// batches is all of which some may be there.
func (l *ledger) batches() [][]uint32 {
	all := slices.Clone(l.open)
	for _, r := range l.refused {
		all = append(all, r.ids)
	}
	return all
}

// settle makes what was found after a crash what is known.
func (l *ledger) settle(f found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	least := l.least
	l.settings = []setting{{f.info.MaxSize, f.info.Retention}}
	told, open := l.told, l.open
	l.restart()
	if f.info.Next > 1 && least > 0 {
		l.least = min(least, l.least)
	}
	// What the service reports itself when it is opened may overwrite records, and
	// be lost with the power: then these are there again.
	for n, id := range told {
		if n < f.info.Oldest {
			l.told[n] = id
		}
	}
	if l.name == logSystem {
		l.open = open
	}
	for _, e := range f.events {
		l.told[e.RecordNumber] = uint32(e.ID)
		if isOwn(e) {
			l.told[e.RecordNumber] = ownID
		}
	}
	l.next, l.sure = f.info.Next, f.info.Next
	for i := len(f.events) - 1; i >= 0 && isOwn(f.events[i]); i-- {
		l.sure = f.events[i].RecordNumber // reported since the Open, perhaps
	}
}
