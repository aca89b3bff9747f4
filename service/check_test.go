package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
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
