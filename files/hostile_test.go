//go:build unix

package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netelf.example/eventlog"
)

func TestLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, dir, map[string][]byte{"a.evt": evtFile(1, "x"), "sub/b.evt": evtFile(2, "x")})
	write(t, outside, map[string][]byte{"c.evt": evtFile(3, "x"), "deep/d.evt": evtFile(4, "x")})
	for name, to := range map[string]string{
		"latest.evt":     "a.evt",
		"loop.evt":       "loop2.evt",
		"loop2.evt":      "loop.evt",
		"dangling":       "nowhere",
		"sub/up":         "..",
		"linked.evt":     filepath.Join(outside, "c.evt"),
		"linked too.evt": filepath.Join(outside, "c.evt"),
		"folder":         filepath.Join(outside, "deep"),
		"null.evt":       "/dev/null",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, nil)
	equal(t, names(t, s), []string{"a.evt", "linked too.evt", "loop.evt", "loop2.evt", "sub/b.evt"})
	var skipped []string
	for _, k := range s.Skipped() {
		skipped = append(skipped, k.Path+": "+k.Reason)
	}
	equal(t, skipped, []string{
		"dangling: no such file or directory",
		"folder: it is a link to a folder, which is not followed",
		`latest.evt: it is a link to "a.evt"`,
		`linked.evt: it is a link to "linked too.evt"`,
		"null.evt: it is not a regular file",
		"sub/up: it is a link to a folder, which is not followed",
	})
	if out, _ := read(t.Context(), s, "linked too.evt"); out.Events != 3 {
		t.Errorf("%+v", out)
	}
	if out, _ := read(t.Context(), s, "loop.evt"); !errors.Is(out.Err, syscall.ELOOP) {
		t.Errorf("%+v", out)
	}
	// A link that was named itself is followed, to a folder too.
	if s := open(t, filepath.Join(dir, "folder"), nil); len(names(t, s)) != 1 {
		t.Error(names(t, s))
	}
}

func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.evt": evtFile(1, "x")})
	for _, name := range []string{"fifo.evt", "fifo"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o666); err != nil {
			t.Skip(err)
		}
	}
	s := open(t, dir, nil)
	equal(t, names(t, s), []string{"a.evt"})
	if k := s.Skipped(); len(k) != 1 || k[0] != (Skip{"fifo.evt", "it is not a regular file"}) {
		t.Error(k)
	}
	_, err := Open(filepath.Join(dir, "fifo"), nil)
	if want := "open " + filepath.Join(dir, "fifo") + ": it is not a regular file"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	// A FIFO that takes the place of a file afterwards is not waited for.
	name := filepath.Join(dir, "a.evt")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if out, _ := read(t.Context(), s, "a.evt"); !errors.Is(out.Err, errNotFile) {
		t.Errorf("%+v", out)
	}
	f, err := openRead(name)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything: run the tests as another user")
	}
	dir := t.TempDir()
	write(t, dir, map[string][]byte{
		"a.evt": evtFile(1, "x"), "closed.evt": evtFile(1, "x"), "other": evtFile(1, "x"), "sub/b.evt": evtFile(1, "x"),
	})
	for _, name := range []string{"closed.evt", "other", "sub"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(filepath.Join(dir, name), 0o777)
	}
	s := open(t, dir, nil)
	equal(t, names(t, s), []string{"a.evt", "closed.evt", "sub/"})
	for _, name := range []string{"closed.evt", "sub/"} {
		if out, _ := read(t.Context(), s, name); out.State != eventlog.Refused {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if k := s.Skipped(); len(k) != 1 || k[0] != (Skip{"other", "permission denied"}) {
		t.Error(k)
	}
	equal(t, s.Match("nosuch"), []string{"sub/"})
}

func TestTooDeep(t *testing.T) {
	dir := t.TempDir()
	deep := strings.Repeat("d/", MaxDepth)
	write(t, dir, map[string][]byte{deep + "a.evt": evtFile(1, "x"), deep + "e/b.evt": evtFile(1, "x")})
	s := open(t, dir, nil)
	equal(t, names(t, s), []string{deep + "a.evt", deep + "e/"})
	out, _ := read(t.Context(), s, deep+"e/")
	if !errors.Is(out.Err, eventlog.ErrTooLarge) || out.Err.Error() != "folders nest more than 64 deep: over a limit" {
		t.Errorf("%+v", out)
	}
}

func TestManyFilesFewOpen(t *testing.T) {
	dir := t.TempDir()
	for i := range 1000 {
		write(t, dir, map[string][]byte{fmt.Sprintf("%03d/%d.evt", i%10, i): evtFile(300, "some text to make it long")})
	}
	s := open(t, dir, &Options{MaxOpen: 8, Buffer: 16 << 10})
	all := names(t, s)
	if len(all) != 1000 {
		t.Fatalf("%d logs", len(all))
	}
	// All logs at once, a little of each in turn, by more goroutines than there
	// are files open.
	var wg sync.WaitGroup
	var most int
	watch := func() {
		s.pool.mu.Lock()
		most = max(most, s.pool.open)
		s.pool.mu.Unlock()
	}
	for part := range 20 {
		wg.Go(func() {
			var cursors []eventlog.Cursor
			for _, name := range all[part*50 : part*50+50] {
				l, err := s.OpenLog(t.Context(), name)
				if err != nil {
					t.Error(err)
					return
				}
				defer l.Close()
				c, err := l.Read(t.Context(), new(eventlog.Selection))
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				cursors = append(cursors, c)
			}
			var e eventlog.Event
			for i := range 300 {
				for _, c := range cursors {
					if err := c.Next(t.Context(), &e); err != nil || e.RecordNumber != uint64(i+1) {
						t.Error(e.RecordNumber, err)
						return
					}
				}
				watch()
			}
		})
	}
	wg.Wait()
	if most > 8 {
		t.Errorf("%d files were open", most)
	}
	if s.pool.open != 0 || s.pool.idle.Len() != 0 {
		t.Errorf("%d files are open still", s.pool.open)
	}
}

func TestTruncatedWhileRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"a.evt": evtFile(5000, "some text to make it long")})
	s := open(t, dir, &Options{Buffer: 16 << 10})
	l, err := s.OpenLog(t.Context(), "a.evt")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := l.Read(t.Context(), new(eventlog.Selection))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var e eventlog.Event
	var out eventlog.Outcome
	for !out.Done() {
		if out.Note(c.Next(t.Context(), &e)); out.Events == 10 {
			if err := os.Truncate(filepath.Join(dir, "a.evt"), 40000); err != nil {
				t.Fatal(err)
			}
		}
	}
	if out.State == eventlog.OK || out.Err == nil || out.Events >= 5000 {
		t.Errorf("%+v", out)
	}
}

func TestChangedWhileClosed(t *testing.T) {
	for name, change := range map[string]func(string) error{
		"replaced": func(n string) error {
			if err := os.WriteFile(n+".new", evtFile(5000, "some text to make it long"), 0o666); err != nil {
				return err
			}
			return os.Rename(n+".new", n)
		},
		"touched": func(n string) error { return os.Chtimes(n, time.Time{}, time.Unix(1e9, 0)) },
		"longer":  func(n string) error { return os.Truncate(n, 1<<20) },
		"gone":    os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string][]byte{"a.evt": evtFile(5000, "some text to make it long"), "b.evt": evtFile(1, "x")})
			s := open(t, dir, &Options{MaxOpen: 1, Buffer: 16 << 10})
			l, err := s.OpenLog(t.Context(), "a.evt")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			c, err := l.Read(t.Context(), new(eventlog.Selection))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var e eventlog.Event
			if err := c.Next(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
			read(t.Context(), s, "b.evt") // takes the only place
			if err := change(filepath.Join(dir, "a.evt")); err != nil {
				t.Fatal(err)
			}
			var out eventlog.Outcome
			for !out.Done() {
				out.Note(c.Next(t.Context(), &e))
			}
			want := ErrChanged
			if name == "gone" {
				want = fs.ErrNotExist
			}
			if !errors.Is(out.Err, want) || !out.Bad() {
				t.Errorf("%+v", out)
			}
		})
	}
}

// Opening and closing from all sides at once leaves nothing open.
func TestPool(t *testing.T) {
	dir := t.TempDir()
	p := newPool(3)
	var wg sync.WaitGroup
	for i := range 10 {
		name := fmt.Sprint(i)
		write(t, dir, map[string][]byte{name: []byte(name + "23456789")})
		f, err := p.file(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			wg.Go(func() {
				var b [4]byte
				for k := range 200 {
					n, err := f.ReadAt(b[:], 0)
					if errors.Is(err, fs.ErrClosed) {
						return
					}
					if err != nil || n != 4 || string(b[:]) != name+"234" {
						t.Error(n, err, b)
					}
					if k == 150 {
						f.Close()
					}
				}
			})
		}
	}
	wg.Wait()
	if p.open != 0 || p.idle.Len() != 0 {
		t.Errorf("%d files are open still", p.open)
	}
	if _, err := p.file(filepath.Join(dir, "nosuch")); !errors.Is(err, fs.ErrNotExist) || p.open != 0 {
		t.Error(err, p.open)
	}
}
