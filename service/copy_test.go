package service

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// TestCopy writes a log as it is, needs the rights of a backup, and leaves nothing
// behind, also where whoever takes it goes away.
func TestCopy(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	for range 20 {
		report(t, s, asAdmin, "Application", &eventlog.Event{ID: 7, Type: eventlog.Error, Strings: []string{"belt 3"}})
	}
	var b bytes.Buffer
	if err := eventlog.Copy(t.Context(), openLogAs(t, s, asAdmin, "Application"), &b); err != nil {
		t.Fatal(err)
	}
	r, err := evt.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	for e, err := range eventlog.All(t.Context(), r, nil) {
		if n++; err != nil || e.RecordNumber != n {
			t.Fatalf("record %d: %+v, %v", n, e, err)
		}
	}
	if h, err := r.Header(); n != 20 || err != nil || h.Flags&evt.FlagDirty != 0 {
		t.Errorf("%d records, %+v, %v", n, h, err)
	}
	if err := eventlog.Copy(t.Context(), openLogAs(t, s, asUser, "Application"), &b); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a user: %v", err)
	}
	gone := errors.New("gone")
	if err := eventlog.Copy(t.Context(), openLogAs(t, s, asAdmin, "Application"), failing{gone}); !errors.Is(err, gone) {
		t.Errorf("nobody takes it: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := eventlog.Copy(ctx, openLogAs(t, s, asAdmin, "Application"), &b); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "backup"))
	if err != nil || len(left) != 0 || len(s.copies) != 0 {
		t.Errorf("left behind: %v, %v, %d", left, err, len(s.copies))
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestOnly leaves one log to whoever has a token for it, and nothing to administrate.
func TestOnly(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	c := asAdmin
	c.Only = "application"
	srv := s.As(c)
	infos, err := srv.Logs(t.Context())
	if err != nil || len(infos) != 1 || infos[0].Name != "Application" || infos[0].SDDL != "" || infos[0].Can&eventlog.CanSet != 0 {
		t.Errorf("logs %+v, %v", infos, err)
	}
	report(t, s, c, "Application", &eventlog.Event{ID: 7})
	l := openLogAs(t, s, c, "Application")
	size := int64(1 << 20)
	for what, err := range map[string]error{
		"set":        eventlog.Set(t.Context(), l, eventlog.Settings{MaxSize: &size}),
		"create":     eventlog.CreateLog(t.Context(), srv, "Quarry", eventlog.Settings{}),
		"add source": eventlog.SetSource(t.Context(), srv, Source{Name: "x", Log: "Application"}),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, log := range []string{"System", "Security"} {
		if _, err := srv.OpenLog(t.Context(), log); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("open %s: %v", log, err)
		}
	}
	if _, err := eventlog.RegisterSource(t.Context(), srv, "EventLog"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("report to System: %v", err)
	}
	if err := eventlog.Clear(t.Context(), l, ""); err != nil {
		t.Error(err)
	}
}

// TestPassed says how far a walk that follows has come past what does not match,
// while its Next waits.
func TestPassed(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	l := openLogAs(t, s, asAdmin, "Application")
	want := eventlog.DefaultFields | eventlog.FieldMessage.Bit()
	c, err := eventlog.Follow(t.Context(), l, &eventlog.Selection{Want: want, Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if m := eventlog.Passed(c); m != (eventlog.Mark{}) {
		t.Errorf("at the beginning: %+v", m)
	}
	next := make(chan error)
	var e eventlog.Event
	go func() { next <- c.Next(t.Context(), &e) }()
	for range 3 {
		report(t, s, asAdmin, "Application", &eventlog.Event{ID: 7})
	}
	for end := time.Now().Add(30 * time.Second); eventlog.Passed(c).Record != 3; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it has come to %+v", eventlog.Passed(c))
		}
	}
	if m := eventlog.Passed(c); m.Time.IsZero() || m.Log != "Application" {
		t.Errorf("mark %+v", m)
	}
	report(t, s, asAdmin, "Application", &eventlog.Event{ID: 1})
	if err := <-next; err != nil || e.RecordNumber != 4 || eventlog.Passed(c).Record != 3 {
		t.Errorf("record %d, %v, passed %+v: what is given is not passed", e.RecordNumber, err, eventlog.Passed(c))
	}
	if err := eventlog.Clear(t.Context(), l, ""); err != nil {
		t.Fatal(err)
	}
	if _, lost := eventlog.AsLoss(c.Next(t.Context(), &e)); !lost || eventlog.Passed(c) != (eventlog.Mark{}) {
		t.Errorf("cleared: passed %+v", eventlog.Passed(c))
	}
	if m := eventlog.Passed(struct{ eventlog.Cursor }{}); m != (eventlog.Mark{}) {
		t.Errorf("of a cursor that does not know: %+v", m)
	}
}
