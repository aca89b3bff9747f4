package main

import (
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/hexdoc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/logtest/petest"
	"netelf.example/message"
	"netelf.example/render"
	"netelf.example/service"
)

var update = flag.Bool("update", false, "write what cmp finds into the scripts")

// childEnv makes the test binary another process of a test: its value is which of
// children.
const childEnv = "SERVE_TEST_CHILD"

var (
	children = map[string]func() error{}
	atEnd    []func() // is called when all tests are over
)

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childEnv)]; child != nil {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testscript.Main(ending{m}, map[string]func(){"netelf": func() {
		a := newApp()
		a.files.PollMin, a.files.PollMax = 50*time.Millisecond, 400*time.Millisecond // a script waits for it
		os.Exit(a.run(os.Args[1:]))
	}})
}

type ending struct{ *testing.M }

func (m ending) Run() int {
	if signal.Ignored(syscall.SIGHUP) {
		// As nohup has it, and what is started inherits that; but not of a signal that
		// is caught.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	defer func() {
		for _, f := range atEnd {
			f()
		}
	}()
	return m.M.Run()
}

func TestScripts(t *testing.T) {
	corpus := os.Getenv("NETELF_CORPUS")
	if corpus == "" {
		corpus = "../../../shared/corpus"
	}
	corpus, err := filepath.Abs(corpus)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("NETELF_SOCKET", "/nowhere/netelf.sock")            // and not that of a service of this machine
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "share")) // nor the catalogue of whoever runs this
			e.Setenv("GORACE", "atexit_sleep_ms=0")                      // with -race every netelf would end a second later
			e.Values[held{}] = new([]*service.Service)
			e.Setenv("ESC", "\x1b")
			e.Setenv("CORPUS", corpus)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "corpus" {
				return false, errors.New("unknown condition " + cond)
			}
			_, err := os.Stat(filepath.Join(corpus, "evt", "SysEvent.Evt"))
			return err == nil, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"mkevt":     mkevt,
			"mkevtx":    mkevtx,
			"addevt":    addevt,
			"mkhex":     mkhex,
			"mkdll":     mkdll,
			"overwrite": overwrite,
			"damage":    damage,
			"cut":       cut,
			"hold":      hold,
			"release":   release,
			"await":     await,
			"wellformed": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(wellformed(args[0], ts.ReadFile(args[1])))
			},
			"lines": func(ts *testscript.TestScript, _ bool, args []string) {
				if n := strings.Count(ts.ReadFile(args[1]), "\n"); strconv.Itoa(n) != args[0] {
					ts.Fatalf("have %d lines, want %s", n, args[0])
				}
			},
		},
	})
}

// mkevt FILE EVENTS [SIZE]: writes the events, one JSON object a line, into a
// new log of at most SIZE bytes.
func mkevt(ts *testscript.TestScript, _ bool, args []string) {
	opts := new(evt.WriterOptions)
	if len(args) > 2 {
		n, err := strconv.ParseInt(args[2], 0, 64)
		ts.Check(err)
		opts.MaxSize = n
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	ts.Check(err)
	defer f.Close()
	w, err := evt.Create(f, opts)
	ts.Check(err)
	appendEvents(ts, w, args[1])
}

// addevt FILE EVENTS: appends the events to a log that is there.
func addevt(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	info, err := f.Stat()
	ts.Check(err)
	w, err := evt.OpenWriter(f, info.Size(), nil)
	ts.Check(err)
	appendEvents(ts, w, args[1])
}

func appendEvents(ts *testscript.TestScript, w *evt.Writer, events string) {
	for line := range strings.Lines(ts.ReadFile(events)) {
		var e eventlog.Event
		if strings.TrimSpace(line) == "" {
			continue
		}
		ts.Check(render.ParseJSON([]byte(line), &e))
		if e.TimeWritten.IsZero() {
			e.TimeWritten = e.TimeGenerated
		}
		_, err := w.Append(&e)
		ts.Check(err)
	}
	ts.Check(w.Flush())
}

// mkevtx FILE EVENTS [PERCHUNK]: writes the events, one JSON object a line, into a
// new .evtx file, with so many in a chunk. A record without a number gets the next.
func mkevtx(ts *testscript.TestScript, _ bool, args []string) {
	var f logtest.EVTX
	if len(args) > 2 {
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		f.PerChunk = n
	}
	var events []*eventlog.Event
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		e := new(eventlog.Event)
		if strings.TrimSpace(line) == "" {
			continue
		}
		ts.Check(render.ParseJSON([]byte(line), e))
		if e.TimeWritten.IsZero() {
			e.TimeWritten = e.TimeGenerated
		}
		if e.RecordNumber == 0 {
			e.RecordNumber = uint64(len(events) + 1)
		}
		events = append(events, e)
	}
	b, err := f.Bytes(events)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// mkhex FILE TEXT: writes the bytes of an annotated hexadecimal text.
func mkhex(ts *testscript.TestScript, _ bool, args []string) {
	b, err := hexdoc.Parse(ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// mkdll FILE TEXT [LANG]: writes a DLL with the messages of a .mc text, of all
// languages or one.
func mkdll(ts *testscript.TestScript, _ bool, args []string) {
	source, err := message.ParseMC([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	tables, err := source.Compile()
	ts.Check(err)
	tables = slices.DeleteFunc(tables, func(t *message.Table) bool { return len(args) > 2 && t.Lang.String() != args[2] })
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), petest.File(nil, tables...), 0o644))
}

// overwrite FILE OFFSET BYTES...: writes into a file that is there.
func overwrite(ts *testscript.TestScript, _ bool, args []string) {
	at, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	b, err := hexdoc.Parse(strings.Join(args[2:], " "))
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	_, err = f.WriteAt(b, at)
	ts.Check(err)
}

// damage FILE RECORD OFFSET BYTES...: overwrite, with an offset in a record.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.ParseUint(args[1], 0, 64)
	ts.Check(err)
	at, err := strconv.ParseInt(args[2], 0, 64)
	ts.Check(err)
	l, _, err := openLogFile(context.Background(), ts.MkAbs(args[0]), nil)
	ts.Check(err)
	defer l.Close()
	begin, err := offsetOf(context.Background(), l, n)
	ts.Check(err)
	overwrite(ts, neg, append([]string{args[0], strconv.FormatInt(begin+at, 10)}, args[3:]...))
}

// held is the data directories that a script holds.
type held struct{}

// hold DIR shared|alone: keeps a data directory open, as another process would.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	s, err := service.Open(ts.MkAbs(args[0]), &service.Options{ReadOnly: args[1] == "shared"})
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() }) // if the script ends before it
	*ts.Value(held{}).(*[]*service.Service) = append(*ts.Value(held{}).(*[]*service.Service), s)
}

// release: gives back what was held.
func release(ts *testscript.TestScript, _ bool, _ []string) {
	list := ts.Value(held{}).(*[]*service.Service)
	for _, s := range *list {
		ts.Check(s.Close())
	}
	*list = nil
}

// awaitTime is how long something may take that is sure to come.
const awaitTime = time.Minute

// await FILE [REGEXP]: waits until a file is there, and has what matches.
func await(ts *testscript.TestScript, _ bool, args []string) {
	want, err := regexp.Compile("(?m)" + strings.Join(args[1:], " "))
	ts.Check(err)
	var have []byte
	for end := time.Now().Add(awaitTime); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if _, err = os.Lstat(ts.MkAbs(args[0])); err == nil && len(args) == 1 {
			return
		}
		if have, err = os.ReadFile(ts.MkAbs(args[0])); err == nil && want.Match(have) {
			return
		}
	}
	ts.Fatalf("%s does not come to be there with %q: %v\n%s", args[0], want, err, have)
}

// cut FILE SIZE: shortens a file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 0, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

func wellformed(form, text string) error {
	switch form {
	case "csv":
		r := csv.NewReader(strings.NewReader(text))
		_, err := r.ReadAll()
		return err
	case "xml":
		d := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := d.Token(); err != nil {
				if err == io.EOF {
					return nil
				}
				return err
			}
		}
	}
	return errors.New("unknown form " + form)
}
