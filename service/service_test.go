package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

var (
	asAdmin  = eventlog.Caller{Name: "root", SIDs: []eventlog.SID{nt.UnixUser(0), nt.SIDAdministrators, nt.SIDAuthenticatedUsers, nt.SIDEveryone}}
	asUser   = eventlog.Caller{Name: "fred", SIDs: []eventlog.SID{nt.UnixUser(1000), nt.SIDAuthenticatedUsers, nt.SIDEveryone}}
	asReader = eventlog.Caller{Name: "monitor", SIDs: []eventlog.SID{nt.UnixUser(1001), nt.SIDEventLogReaders, nt.SIDAuthenticatedUsers, nt.SIDEveryone}}
	asNobody = eventlog.Caller{Name: "anonymous", SIDs: []eventlog.SID{nt.SIDAnonymous, nt.SIDEveryone}}
)

func open(t testing.TB, dir string, opts *Options) *Service {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openLogAs(t testing.TB, s *Service, c eventlog.Caller, name string) eventlog.Log {
	t.Helper()
	l, err := s.As(c).OpenLog(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func report(t testing.TB, s *Service, c eventlog.Caller, source string, events ...*eventlog.Event) uint64 {
	t.Helper()
	r, err := eventlog.RegisterSource(context.Background(), s.As(c), source)
	if err != nil {
		t.Fatal(err)
	}
	last, err := r.Report(context.Background(), events...)
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// readAll is what a log has, oldest first; a loss is an error.
func readAll(t testing.TB, l eventlog.Log) (all []*eventlog.Event) {
	t.Helper()
	for e, err := range eventlog.All(context.Background(), l, nil) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestReportAndRead(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	s := open(t, dir, &Options{Now: func() time.Time { return now }, Computer: "bedrock"})
	generated := now.Add(-time.Hour)
	last := report(t, s, asUser, "quarry",
		&eventlog.Event{ID: 0x40001234, Type: eventlog.Warning, Category: 3, Strings: []string{"a", "", "ä😀"}, Data: []byte{1, 2, 3}, User: "S-1-22-1-1000", TimeGenerated: generated},
		&eventlog.Event{ID: 7, Computer: "slate"})
	if last != 2 {
		t.Errorf("last record is %d, want 2", last)
	}
	all := readAll(t, openLogAs(t, s, asUser, "application"))
	if len(all) != 2 {
		t.Fatalf("%d events, want 2", len(all))
	}
	e := all[0]
	if e.Source != "quarry" || e.Computer != "bedrock" || !e.TimeGenerated.Equal(generated) || !e.TimeWritten.Equal(now) ||
		!slices.Equal(e.Strings, []string{"a", "", "ä😀"}) || string(e.Data) != "\x01\x02\x03" || e.User != "S-1-22-1-1000" ||
		e.ID != 0x40001234 || e.Type != eventlog.Warning || e.Category != 3 || e.RecordNumber != 1 || e.Origin.Log != "Application" {
		t.Errorf("%+v", e)
	}
	if e := all[1]; e.Computer != "slate" || !e.TimeGenerated.Equal(now) {
		t.Errorf("%+v", e)
	}
}

func TestNumbersGoOnAfterRestart(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		s, err := Open(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		if last := report(t, s, asUser, "quarry", &eventlog.Event{}); last != uint64(round)+1 {
			t.Errorf("round %d: record %d", round, last)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		// The file is clean and has all of it, without the journal.
		r, err := evt.Open(filepath.Join(dir, "Application.evt"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if h, err := r.Header(); err != nil || h.Flags&evt.FlagDirty != 0 {
			t.Errorf("header %+v, %v", h, err)
		}
		if n := len(readAll(t, r)); n != round+1 {
			t.Errorf("%d records in the file, want %d", n, round+1)
		}
		r.Close()
	}
	s := open(t, dir, nil)
	if err := eventlog.Clear(context.Background(), openLogAs(t, s, asAdmin, "Application"), ""); err != nil {
		t.Fatal(err)
	}
	if last := report(t, s, asUser, "quarry", &eventlog.Event{}); last != 1 {
		t.Errorf("after a clear: record %d, want 1", last)
	}
}

// TestServiceIsALog answers the selection cases like every other log.
func TestServiceIsALog(t *testing.T) {
	logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
		dir := t.TempDir()
		f, err := os.Create(filepath.Join(dir, "Application.evt"))
		if err != nil {
			t.Fatal(err)
		}
		opts := &evt.WriterOptions{}
		if len(events) > 0 {
			opts.FirstRecord = uint32(events[0].RecordNumber)
		}
		w, err := evt.Create(f, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if _, err := w.Append(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			t.Fatal(err)
		}
		return openLogAs(t, open(t, dir, &Options{Server: "bedrock"}), asAdmin, "Application")
	})
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, nil)
	_, err := Open(dir, nil)
	if want := fmt.Sprintf(`data directory is in use by "process %d, since `, os.Getpid()); !errors.Is(err, ErrInUse) || err.Error()[:len(want)] != want {
		t.Errorf("%v, want %s", err, want)
	}
	if _, err := Open(dir, &Options{ReadOnly: true}); !errors.Is(err, ErrInUse) {
		t.Errorf("read only: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	if _, err := Open(dir+"/none", &Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	report(t, s, asUser, "quarry", &eventlog.Event{}, &eventlog.Event{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	a, b := open(t, dir, &Options{ReadOnly: true}), open(t, dir, &Options{ReadOnly: true})
	for _, s := range []*Service{a, b} {
		l := openLogAs(t, s, asAdmin, "Application")
		if n := len(readAll(t, l)); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
		for what, err := range map[string]error{
			"clear": eventlog.Clear(ctx, l, ""), "set": eventlog.Set(ctx, l, eventlog.Settings{}),
			"create": eventlog.CreateLog(ctx, s.As(asAdmin), "More", eventlog.Settings{}),
			"delete": eventlog.DeleteLog(ctx, s.As(asAdmin), "Application"),
		} {
			if !errors.Is(err, ErrReadOnly) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := eventlog.RegisterSource(ctx, s.As(asAdmin), "quarry"); !errors.Is(err, ErrReadOnly) {
			t.Errorf("register: %v", err)
		}
	}
	if _, err := Open(dir, nil); !errors.Is(err, ErrInUse) {
		t.Errorf("writer beside readers: %v", err)
	}
}

func TestAccess(t *testing.T) {
	ctx := context.Background()
	s := open(t, t.TempDir(), nil)
	for _, x := range []struct {
		who         eventlog.Caller
		log, source string
		read, write bool
	}{
		{asAdmin, "System", "System", true, true},
		{asAdmin, "Security", "Security", true, false},
		{asAdmin, "Application", "quarry", true, true},
		{asUser, "System", "System", true, false},
		{asUser, "Security", "Security", false, false},
		{asUser, "Application", "quarry", true, true},
		{asReader, "Security", "Security", true, false},
		{asNobody, "System", "System", false, false},
		{asNobody, "Application", "quarry", false, false},
	} {
		_, err := s.As(x.who).OpenLog(ctx, x.log)
		if (err == nil) != x.read || err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s reads %s: %v", x.who.Name, x.log, err)
		}
		_, err = eventlog.RegisterSource(ctx, s.As(x.who), x.source)
		if (err == nil) != x.write || err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s reports to %s: %v", x.who.Name, x.log, err)
		}
	}
	l := openLogAs(t, s, asUser, "Application")
	for what, err := range map[string]error{
		"clear":       eventlog.Clear(ctx, l, ""),
		"set":         eventlog.Set(ctx, l, eventlog.Settings{MaxSize: new(int64)}),
		"create log":  eventlog.CreateLog(ctx, s.As(asUser), "More", eventlog.Settings{}),
		"delete log":  eventlog.DeleteLog(ctx, s.As(asUser), "Application"),
		"open backup": func() error { _, err := eventlog.OpenBackup(ctx, s.As(asUser), "x"); return err }(),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s as an ordinary user: %v", what, err)
		}
	}
	// All of it is in Security, by whom.
	refused := 0
	for _, e := range readAll(t, openLogAs(t, s, asReader, "Security")) {
		if e.Code() == ownEvents[ownAccessRefused].id.Code() {
			refused++
		}
	}
	if refused < 10 {
		t.Errorf("%d refusals in Security", refused)
	}
	if _, err := s.As(asAdmin).OpenLog(ctx, "Sistem"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown log: %v", err)
	}
}

func TestLimits(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	r, err := eventlog.RegisterSource(context.Background(), s.As(asUser), "quarry")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		e    eventlog.Event
		text string
	}{
		{eventlog.Event{Strings: make([]string, 257)}, "257 strings, the limit is 256: over a limit"},
		{eventlog.Event{Data: make([]byte, 61441)}, "61441 bytes of data, the limit is 61440: over a limit"},
		{eventlog.Event{Strings: []string{"", string(make([]byte, 31840))}}, "31840 characters in string 2, the limit is 31839: over a limit"},
		{eventlog.Event{User: "fred"}, `user "fred" is not a SID: invalid argument`},
	} {
		if _, err := r.Report(context.Background(), &x.e); err == nil || err.Error() != x.text {
			t.Errorf("%v, want %s", err, x.text)
		}
	}
	if last, err := r.Report(context.Background(), &eventlog.Event{Strings: make([]string, 256), Data: make([]byte, 61440)}); last != 1 || err != nil {
		t.Errorf("at the limits: %d %v", last, err)
	}
}

func TestRetention(t *testing.T) {
	ctx := context.Background()
	var later atomic.Int64
	s := open(t, t.TempDir(), &Options{Now: func() time.Time {
		return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(later.Load()))
	}})
	size, keep := int64(64<<10), time.Hour
	if err := eventlog.CreateLog(ctx, s.As(asAdmin), "Small", eventlog.Settings{MaxSize: &size, Retention: &keep}); err != nil {
		t.Fatal(err)
	}
	r, err := eventlog.RegisterSource(ctx, s.As(asUser), "small")
	if err != nil {
		t.Fatal(err)
	}
	var last uint64
	for err == nil {
		var n uint64
		if n, err = r.Report(ctx, &eventlog.Event{Data: make([]byte, 4000)}); err == nil {
			last = n
		}
	}
	if !errors.Is(err, eventlog.ErrLogFull) || last < 12 {
		t.Fatalf("%d records, then %v", last, err)
	}
	l := openLogAs(t, s, asAdmin, "small")
	if i, err := l.Info(ctx); err != nil || !i.Full || i.Count() != last || i.MaxSize != size || i.Retention != keep {
		t.Errorf("%+v, %v", i, err)
	}
	later.Store(int64(time.Hour))
	if n, err := r.Report(ctx, &eventlog.Event{}); err != nil || n != last+1 {
		t.Errorf("an hour later: %d %v", n, err)
	}
	// It is posted, and nobody waits for it: this stands behind it in the queue.
	if err := openLogAs(t, s, asAdmin, "System").(*handle).l.ask(ctx, &request{do: func() error { return nil }}); err != nil {
		t.Fatal(err)
	}
	full := 0
	for _, e := range readAll(t, openLogAs(t, s, asAdmin, "System")) {
		if e.Code() == 6000 {
			full++
		}
	}
	if full != 1 {
		t.Errorf("System says %d times that the log is full, want 1", full)
	}
	// Larger, and it takes effect at once; smaller, at the next clear.
	size = 128 << 10
	if err := eventlog.Set(ctx, l, eventlog.Settings{MaxSize: &size}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := r.Report(ctx, &eventlog.Event{Data: make([]byte, 4000)}); err != nil {
			t.Fatal(err)
		}
	}
	size = 64 << 10
	if err := eventlog.Set(ctx, l, eventlog.Settings{MaxSize: &size}); err != nil {
		t.Fatal(err)
	}
	before, _ := l.Info(ctx)
	if err := eventlog.Clear(ctx, l, ""); err != nil {
		t.Fatal(err)
	}
	after, _ := l.Info(ctx)
	if before.Size != 128<<10 || before.MaxSize != 64<<10 || after.Size != 64<<10 {
		t.Errorf("before the clear %+v\nafter %+v", before, after)
	}
}

func TestBackup(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := open(t, dir, nil)
	var events []*eventlog.Event
	for i := range 500 {
		events = append(events, logtest.Realistic(i))
	}
	report(t, s, asUser, "quarry", events...)
	l := openLogAs(t, s, asAdmin, "Application")
	want := readAll(t, l)
	if err := eventlog.Backup(ctx, l, "monday"); err != nil {
		t.Fatal(err)
	}
	same := func(name string, want []*eventlog.Event) {
		t.Helper()
		b, err := eventlog.OpenBackup(ctx, s.As(asAdmin), name)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		have := readAll(t, b)
		if len(have) != len(want) {
			t.Fatalf("%s: %d events, want %d", name, len(have), len(want))
		}
		for i, e := range have {
			if d := logtest.Diff(e, want[i]); d != "" {
				t.Fatalf("%s: record %d: %s", name, e.RecordNumber, d)
			}
		}
	}
	same("monday.evt", want)
	if err := eventlog.Backup(ctx, l, "monday.evt"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a backup: %v", err)
	}
	for _, name := range []string{"../x", "/etc/x", `\\server\x`, `C:\x`, ".hidden", "a/b"} {
		if err := eventlog.Backup(ctx, l, name); !errors.Is(err, eventlog.ErrBackupName) {
			t.Errorf("backup %q: %v", name, err)
		}
	}
	if err := eventlog.Clear(ctx, l, "monday"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("clear over a backup: %v", err)
	}
	if n := len(readAll(t, l)); n != 500 {
		t.Errorf("%d events after a clear that failed", n)
	}

	// What is reported while a log is backed up and cleared is in the one or the
	// other.
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var reported int
	wg.Go(func() {
		r, err := eventlog.RegisterSource(ctx, s.As(asUser), "quarry")
		if err != nil {
			t.Error(err)
			return
		}
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := r.Report(ctx, &eventlog.Event{ID: eventlog.EventID(reported)}); err != nil {
				t.Error(err)
				return
			}
			reported++
		}
	})
	time.Sleep(20 * time.Millisecond)
	if err := eventlog.Clear(ctx, l, "tuesday"); err != nil {
		t.Error(err)
	}
	time.Sleep(20 * time.Millisecond)
	close(stop)
	wg.Wait()
	b, err := eventlog.OpenBackup(ctx, s.As(asAdmin), "tuesday")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	both := append(readAll(t, b)[500:], readAll(t, l)...)
	if len(both) != reported {
		t.Errorf("%d events in backup and log, %d were reported", len(both), reported)
	}
	for i, e := range both {
		if int(e.ID) != i {
			t.Fatalf("event %d has id %d", i, e.ID)
		}
	}
	names, err := os.ReadDir(filepath.Join(dir, "backup"))
	if err != nil || len(names) != 2 {
		t.Errorf("backup directory: %v %v", names, err)
	}
}

func TestFollow(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := open(t, t.TempDir(), nil)
	report(t, s, asUser, "quarry", &eventlog.Event{ID: 1})
	c, err := eventlog.Follow(ctx, openLogAs(t, s, asUser, "Application"), &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 100 {
			report(t, s, asUser, "quarry", &eventlog.Event{ID: eventlog.EventID(i + 2)})
		}
	})
	var e eventlog.Event
	for i := range 100 {
		if err := c.Next(ctx, &e); err != nil || int(e.ID) != i+2 {
			t.Fatalf("event %d: id %d, %v", i, e.ID, err)
		}
	}
	wg.Wait()
	wg.Go(func() {
		if err := c.Next(ctx, &e); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("when the service ends: %v", err)
		}
	})
	time.Sleep(time.Millisecond)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// TestManyAtOnce has reporters and readers at the same time: nothing is lost and
// nothing is read twice.
func TestManyAtOnce(t *testing.T) {
	ctx := context.Background()
	s := open(t, t.TempDir(), &Options{Sync: SyncNone, MaxSize: 64 << 20})
	const reporters, each = 8, 2000
	var wg, readers sync.WaitGroup
	done := make(chan struct{})
	for n := range 5 {
		readers.Go(func() {
			l := openLogAs(t, s, asUser, "Application")
			for last := false; !last; {
				select {
				case <-done:
					last = true
				default:
				}
				c, err := l.Read(ctx, &eventlog.Selection{Backward: n%2 == 0})
				if err != nil {
					t.Error(err)
					return
				}
				next := make([]int, reporters)
				var e eventlog.Event
				var count int
				var all []eventlog.EventID
				for err = c.Next(ctx, &e); err == nil; err = c.Next(ctx, &e) {
					count++
					all = append(all, e.ID)
				}
				if err != io.EOF {
					t.Error(err)
				}
				if n%2 == 0 {
					slices.Reverse(all)
				}
				for _, id := range all {
					who, i := int(id>>16), int(id&0xffff)
					if next[who] != i {
						t.Errorf("reporter %d: %d where %d comes next", who, i, next[who])
						return
					}
					next[who]++
				}
				if last && count != reporters*each {
					t.Errorf("%d events at the end, want %d", count, reporters*each)
				}
			}
		})
	}
	for n := range reporters {
		wg.Go(func() {
			r, err := eventlog.RegisterSource(ctx, s.As(asUser), fmt.Sprint("source ", n))
			if err != nil {
				t.Error(err)
				return
			}
			for i := 0; i < each; {
				var batch []*eventlog.Event
				for range 1 + (n+i)%4 {
					if i < each {
						batch = append(batch, &eventlog.Event{ID: eventlog.EventID(n<<16 | i), Strings: []string{"x"}})
						i++
					}
				}
				if _, err := r.Report(ctx, batch...); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(done)
	readers.Wait()
}
