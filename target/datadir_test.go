package target

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/service"
)

func dir(t *testing.T, name string) Target {
	t.Helper()
	tg, err := Parse("dir:" + name)
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

func TestDataDir(t *testing.T) {
	ctx := context.Background()
	name := filepath.Join(t.TempDir(), "data")
	tg := dir(t, name)
	if _, _, err := tg.OpenToChange(ctx, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	srv, created, err := tg.OpenToChange(ctx, &ChangeOptions{Create: true, Sync: service.SyncNone})
	if err != nil || !created {
		t.Fatal(created, err)
	}
	r, err := eventlog.RegisterSource(ctx, srv, "quarry")
	if err != nil {
		t.Fatal(err)
	}
	if last, err := r.Report(ctx, &eventlog.Event{ID: 7}); last != 1 || err != nil {
		t.Errorf("got %d, %v", last, err)
	}
	for name, ability := range map[string]bool{
		"creator": is[eventlog.Creator](srv), "backups": is[eventlog.BackupOpener](srv),
		"registrar": is[eventlog.Registrar](srv), "sources": is[eventlog.SourceKeeper](srv),
	} {
		if !ability {
			t.Errorf("%s: it is hidden", name)
		}
	}
	// Alone means alone.
	if _, err := tg.Open(ctx); !errors.Is(err, service.ErrInUse) {
		t.Errorf("reading meanwhile: %v", err)
	}
	if _, _, err := tg.OpenToChange(ctx, nil); !errors.Is(err, service.ErrInUse) {
		t.Errorf("changing meanwhile: %v", err)
	}
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}

	// It is known by either of its files.
	for _, mark := range marks {
		if _, err := os.Lstat(filepath.Join(name, mark)); err != nil {
			t.Error(err)
		}
	}
	if srv, created, err = tg.OpenToChange(ctx, &ChangeOptions{Create: true}); err != nil || created {
		t.Fatal(created, err)
	}
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}

	// Readers share, and keep writers out.
	one, err := tg.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	two, err := tg.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := tg.OpenToChange(ctx, nil); !errors.Is(err, service.ErrInUse) {
		t.Errorf("changing while it is read: %v", err)
	}
	if _, err := eventlog.RegisterSource(ctx, one, "quarry"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("reporting to what is read: %v", err)
	}
	l, err := two.OpenLog(ctx, "application")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for e, err := range eventlog.All(ctx, l, nil) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if e.Origin.Server != tg.Text || e.Origin.Log != "Application" {
			t.Errorf("origin %+v", e.Origin)
		}
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
	for _, srv := range []eventlog.Server{one, two} {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	}
}

func is[T any](srv eventlog.Server) bool {
	_, ok := srv.(T)
	return ok
}

func TestOpenToChange(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx := context.Background()
	for _, name := range []string{"empty", "full"} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("full/x", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"dir:empty":           "",
		"dir:full":            "is a folder but no data directory: it has no netelf.lock",
		"dir:full/x":          "is a file and no data directory",
		"full":                "files are only read; what keeps logs is a data directory: dir:PATH",
		"@all":                errGroup.Error(),
		"https://127.0.0.1:1": "dial tcp 127.0.0.1:1: connect: connection refused",
		"smb://127.0.0.1:1":   "smb: dial tcp 127.0.0.1:1: connect: connection refused",
	} {
		tg, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		srv, created, err := tg.OpenToChange(ctx, &ChangeOptions{Create: true})
		if want == "" {
			if err != nil || !created {
				t.Errorf("%s: got %v, %v", text, created, err)
			} else if err := srv.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if srv != nil || created || err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v, %v", text, srv, created, err)
		}
	}
	if list, err := os.ReadDir("full"); err != nil || len(list) != 1 {
		t.Errorf("in the folder are %v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := dir(t, "empty").OpenToChange(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestLocal is the service of this machine, which is asked and not opened.
func TestLocal(t *testing.T) {
	ctx := context.Background()
	tg, err := Parse(".")
	if err != nil {
		t.Fatal(err)
	}
	tg.Socket = filepath.Join(t.TempDir(), "none")
	const want = "no service answers on "
	srv, err := tg.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Logs(ctx); err == nil || !strings.HasPrefix(err.Error(), want+tg.Socket) {
		t.Errorf("got %v", err)
	}
	srv, created, err := tg.OpenToChange(ctx, nil)
	if err != nil || created {
		t.Fatal(created, err)
	}
	if _, err := eventlog.Sources(ctx, srv); err == nil || !strings.HasPrefix(err.Error(), want+tg.Socket) {
		t.Errorf("got %v", err)
	}
	if _, _, err := tg.OpenToChange(ctx, &ChangeOptions{Sync: service.SyncNone}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("it was told when to answer: %v", err)
	}
}
