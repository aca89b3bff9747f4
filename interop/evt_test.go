//go:build interop

package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

// corpus is the path of a real log.
func corpus(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("NETELF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there: set NETELF_CORPUS to the folder with the real logs", path)
	}
	return path
}

func run(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", filepath.Base(program), err, stderr.String())
	}
	return string(out), nil
}

// libevt are the two programs of libevt-utils.
type libevt struct{ info, export string }

func needLibevt(t testing.TB) libevt {
	return libevt{logtest.Program(t, "evtinfo", "libevt-utils"), logtest.Program(t, "evtexport", "libevt-utils")}
}

// read is what libevt finds in a file, without what it recovers.
func (l libevt) read(name string) (evtInfo, []exported, error) { return l.readMode(name, "items") }

func (l libevt) readMode(name, mode string) (info evtInfo, all []exported, err error) {
	out, err := run(l.info, name)
	if err != nil {
		return info, nil, err
	}
	if info, err = parseEvtinfo(out); err != nil {
		return info, nil, fmt.Errorf("%w\n%s", err, out)
	}
	if out, err = run(l.export, "-m", mode, name); err != nil {
		return info, nil, err
	}
	all, err = parseEvtexport(out)
	return info, all, err
}

// exportOf is what evtexport prints of e.
func exportOf(e *eventlog.Event) exported {
	var strings []string
	strings = append(strings, e.Strings...) // none is nil
	return exported{
		Number: uint32(e.RecordNumber), Generated: e.TimeGenerated, Written: e.TimeWritten, Type: uint16(e.Type),
		User: string(e.User), Computer: e.Computer, Source: e.Source, Category: e.Category, ID: uint32(e.ID), Strings: strings,
	}
}

// eventOfSize is an event whose record takes n bytes, a multiple of 4 from 140 on.
func eventOfSize(n int) *eventlog.Event {
	const fixed = 56 + 2*7 + 2*9 + 12 + 2*(4+1) + 4 // head, names, SID, strings, length
	e := &eventlog.Event{
		TimeGenerated: nt.Time32(1_300_000_000 + uint32(n)), TimeWritten: nt.Time32(1_300_000_001 + uint32(n)),
		ID: eventlog.EventID(0x40000000 + n), Type: eventlog.Information, Category: uint16(n),
		Source: "Source", Computer: "COMPUTER", User: "S-1-5-18", Strings: []string{fmt.Sprintf("%03x", n&0xfff), ""},
	}
	for len(e.Data) < n-fixed-4 || (fixed+len(e.Data))%4 != 0 {
		e.Data = append(e.Data, byte(len(e.Data)))
	}
	return e
}

// logFile is a log on disk, and what it must hold.
type logFile struct {
	t    testing.TB
	name string
	f    *os.File
	w    *evt.Writer
	all  []exported // ever appended
}

func newLogFile(t testing.TB, name string, opts *evt.WriterOptions) *logFile {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	l := &logFile{t: t, name: name, f: f}
	if l.w, err = evt.Create(f, opts); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *logFile) append(e *eventlog.Event) {
	l.t.Helper()
	n, err := l.w.Append(e)
	if err != nil {
		l.t.Fatal(err)
	}
	x := *e
	x.RecordNumber = uint64(n)
	l.all = append(l.all, exportOf(&x))
}

// fillUp appends until left bytes remain before the end of a file of size bytes.
func (l *logFile) fillUp(size, left int) {
	for room := size - left - int(l.w.Header().EndOffset); room > 0; {
		n := room
		if n > 5000 {
			n = min(4000, room-160)
		}
		l.append(eventOfSize(n))
		room -= n
	}
}

// close flushes, unless the log is to be dirty, and closes the file.
func (l *logFile) close(flush bool) {
	l.t.Helper()
	if flush {
		if err := l.w.Flush(); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := l.f.Close(); err != nil {
		l.t.Fatal(err)
	}
}

// live are those of all that the log has still.
func (l *logFile) live() []exported { return l.all[len(l.all)-int(l.w.Count()):] }

// TestLibevtReadsEmpty and the others: libevt finds in our files what was
// written, no more, and nothing to complain of.
func TestLibevtReadsEmpty(t *testing.T) {
	lib := needLibevt(t)
	l := newLogFile(t, filepath.Join(t.TempDir(), "empty.evt"), nil)
	l.close(true)
	info, all, err := lib.read(l.name)
	if err != nil || len(all) != 0 || !reflect.DeepEqual(info, evtInfo{}) {
		t.Errorf("%+v, %+v, %v", info, all, err)
	}
}

func TestLibevtReadsShapes(t *testing.T) {
	lib := needLibevt(t)
	l := newLogFile(t, filepath.Join(t.TempDir(), "shapes.evt"), nil)
	for _, s := range shapes() {
		e := s.event
		if e.TimeGenerated.Unix() < 1<<31 && e.TimeWritten.Unix() < 1<<31 && !s.astral {
			l.append(&e)
		}
	}
	l.close(true)
	info, all, err := lib.read(l.name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Records != len(l.all) || info.Corrupted || info.Recovered != 0 {
		t.Errorf("%+v", info)
	}
	compareExported(t, "shapes", all, l.live())
}

func TestLibevtReadsFull(t *testing.T) {
	lib := needLibevt(t)
	l := newLogFile(t, filepath.Join(t.TempDir(), "full.evt"), &evt.WriterOptions{MaxSize: evt.SizeStep, Retention: evt.RetainForever})
	l.fillUp(evt.SizeStep, 60)
	if _, err := l.w.Append(eventOfSize(160)); !errors.Is(err, eventlog.ErrLogFull) {
		t.Fatal(err)
	}
	l.close(true)
	info, all, err := lib.read(l.name)
	want := evtInfo{Records: len(l.all), Flags: []string{"Is full", "Should be archived"}}
	if err != nil || !reflect.DeepEqual(info, want) {
		t.Errorf("%+v, %v", info, err)
	}
	compareExported(t, "full", all, l.live())
}

// wrap is what happens at the end of a file when records of n bytes are appended
// with left bytes before it.
type wrap struct {
	split  bool // a record or the EOF record goes over the end
	behind int  // how many records begin at HeaderSize and behind, none of them split
}

func wrapOf(left, n, more int) (w wrap) {
	for ; more > 0 && !w.split; more-- {
		if left < evt.RecordHeadSize {
			return wrap{behind: more}
		}
		w.split = left < n
		left -= n
	}
	w.split = w.split || left > 0 && left < evt.EOFSize
	return w
}

// TestLibevtReadsWrapped lets the end of the file fall on each dword of what is
// written. Two things are libevt's own (20200926): it calls a file corrupted in
// which a record or the EOF record is split, since it looks for the flag that says
// so in the wrong place; and where a record ends at the end of the file, or is
// followed by fill, it does not go on at HeaderSize, but recovers what is there.
func TestLibevtReadsWrapped(t *testing.T) {
	lib := needLibevt(t)
	dir := t.TempDir()
	slots := make(chan struct{}, 2)
	var wg sync.WaitGroup
	for _, n := range []int{160, 232} {
		for left := 0; left <= n+60; left += 4 {
			for more := range 3 {
				l := newLogFile(t, filepath.Join(dir, fmt.Sprintf("%d-%d-%d.evt", n, left, more)), &evt.WriterOptions{MaxSize: evt.SizeStep})
				l.fillUp(evt.SizeStep, left)
				for range more {
					l.append(eventOfSize(n))
				}
				l.close(true)
				slots <- struct{}{}
				wg.Go(func() {
					defer func() { <-slots }()
					defer os.Remove(l.name)
					what := fmt.Sprintf("%d records of %d bytes, %d bytes before the end", more, n, left)
					info, all, err := lib.readMode(l.name, "all")
					if err != nil {
						t.Errorf("%s: %v", what, err)
						return
					}
					wrap, count := wrapOf(left, n, more), int(l.w.Count())
					want := evtInfo{Records: count - wrap.behind, Recovered: wrap.behind, Corrupted: wrap.split, Flags: []string{"Should be archived"}}
					if l.w.Header().Flags&evt.FlagWrapped != 0 {
						want.Flags = []string{"Has wrapped", "Should be archived"}
					}
					if !reflect.DeepEqual(info, want) {
						t.Errorf("%s:\nhave %+v\nwant %+v", what, info, want)
					}
					compareExported(t, what, all, l.live())
				})
			}
		}
	}
	wg.Wait()
}

// TestLibevtReadsDirty: libevt calls every dirty file corrupted whose header is
// stale, the real ones too, and reads it all the same.
func TestLibevtReadsDirty(t *testing.T) {
	lib := needLibevt(t)
	for _, records := range []int{1, 5, 60, 300, 700} {
		l := newLogFile(t, filepath.Join(t.TempDir(), "dirty.evt"), &evt.WriterOptions{MaxSize: 2 * evt.SizeStep})
		for i := range records {
			l.append(eventOfSize(400 + i%7*4))
		}
		l.close(false)
		info, all, err := lib.read(l.name)
		if err != nil {
			t.Fatal(err)
		}
		want := evtInfo{Records: int(l.w.Count()), Corrupted: true, Flags: []string{"Is dirty", "Should be archived"}}
		if records > want.Records {
			want.Flags = []string{"Is dirty", "Has wrapped", "Should be archived"}
		}
		if !reflect.DeepEqual(info, want) {
			t.Errorf("%d records:\nhave %+v\nwant %+v", records, info, want)
		}
		compareExported(t, fmt.Sprintf("%d records", records), all, l.live())
	}
}

func compareExported(t testing.TB, what string, have, want []exported) {
	t.Helper()
	if len(have) != len(want) {
		t.Errorf("%s: %d records, want %d", what, len(have), len(want))
		return
	}
	for i := range have {
		if !reflect.DeepEqual(have[i], want[i]) {
			t.Errorf("%s: record %d of %d:\nhave %+v\nwant %+v", what, i+1, len(have), have[i], want[i])
			return
		}
	}
}

// TestEvtexportIsUnderstood parses what evtexport prints of a real log.
func TestEvtexportIsUnderstood(t *testing.T) {
	lib := needLibevt(t)
	name := corpus(t, "evt/SysEvent.Evt")
	for _, c := range []struct {
		mode  string
		count int
	}{{"items", 6063}, {"recovered", 438}, {"all", 6501}} {
		info, all, err := lib.readMode(name, c.mode)
		if err != nil {
			t.Fatal(err)
		}
		if info.Records != 6063 || info.Recovered != 438 || len(all) != c.count {
			t.Errorf("%s: %d records, %+v", c.mode, len(all), info)
		}
	}
}

// TestWriterGoesOnWithRealLog: a wrapped log of Windows that was not closed is
// gone on with, and netelf and libevt read the same of it then.
func TestWriterGoesOnWithRealLog(t *testing.T) {
	lib := needLibevt(t)
	real, err := os.ReadFile(corpus(t, "evt/SysEvent.Evt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, records := range []int{1, 1000, 3000} {
		l := &logFile{t: t, name: filepath.Join(t.TempDir(), "SysEvent.Evt")}
		if err := os.WriteFile(l.name, real, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, l.all, err = lib.read(l.name); err != nil {
			t.Fatal(err)
		}
		if l.f, err = os.OpenFile(l.name, os.O_RDWR, 0); err != nil {
			t.Fatal(err)
		}
		if l.w, err = evt.OpenWriter(l.f, int64(len(real)), nil); err != nil {
			t.Fatal(err)
		}
		if l.w.Count() != uint32(len(l.all)) {
			t.Errorf("%d records, libevt has %d", l.w.Count(), len(l.all))
		}
		for i := range records {
			l.append(eventOfSize(200 + i%100*4))
		}
		l.close(true)
		_, all, err := lib.readMode(l.name, "all")
		if err != nil {
			t.Fatal(err)
		}
		// What libevt recovers of the old zone comes last.
		compareExported(t, fmt.Sprintf("%d records", records), all[:min(len(all), int(l.w.Count()))], l.live())
		r, err := evt.Open(l.name, nil)
		if err != nil {
			t.Fatal(err)
		}
		var have []exported
		for e, err := range eventlog.All(t.Context(), r, nil) {
			if err != nil {
				t.Fatal(err)
			}
			have = append(have, exportOf(e))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		compareExported(t, "by netelf", have, l.live())
	}
}
