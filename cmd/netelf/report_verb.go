package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"netelf.example/eventlog"
	"netelf.example/render"
	"netelf.example/service"
	"netelf.example/target"
)

// reportFlags are the flags of report as they were given.
type reportFlags struct {
	server, source string
	id, kind, data string
	category       uint16
	json           bool
	sync           string
}

func (a *app) reportVerb() *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:     "report --source NAME [STRING...]",
		GroupID: groupKeep,
		Short:   "Report events to a log",
		Long: `Reports one event of a source, with the strings given, to the log of the source:
Application for a source that nobody has added. With - in place of strings, or
with no strings and an input that is no terminal, each line of the standard input
is an event of one string; empty lines are passed over. U+FFFD stands for what is
not UTF-8.

With --json each line is an event as 'netelf scan -o json' prints it, of which
time, ids, type, category, source, computer, user, strings and data are kept. All
go to the log of --source. scan lists the newest events first: --reverse gives
them in the order in which they happened.

When all is written the number of the last record is printed. In a data directory
it is on the disk then, or with --sync none handed to the system, so that only a
power cut can take it; a service does as it was configured. The first event that
cannot be written ends it all; what came before it is written, and said.

A data directory that is not there is made.`,
		Example: `  netelf report --source Crusher --id 7 "belt 3" jammed
  netelf report --source Crusher --type error "no power" --server dir:/var/lib/netelf
  crusher 2>&1 | netelf report --source Crusher --type warning
  netelf scan -o json --reverse SysEvent.Evt | netelf report -s dir:old --source System --json`,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	a.serverFlag(cmd, &f.server)
	fl := cmd.Flags()
	fl.StringVar(&f.source, "source", "", "the `name` of the source")
	fl.StringVar(&f.id, "id", "0", "the event `id`, up to 0xffffffff")
	fl.StringVar(&f.kind, "type", "information", "the `type`: error, warning, information, audit-success, audit-failure, success")
	fl.Uint16Var(&f.category, "category", 0, "the `number` of the category")
	fl.StringVar(&f.data, "data", "", "binary data in `hexadecimal`: 0badcafe")
	fl.BoolVar(&f.json, "json", false, "the input is a JSON object a line, as 'netelf scan -o json' prints them")
	fl.StringVar(&f.sync, "sync", "always", "`when` it is done, in a data directory: always, when the events are on the disk;\nnone, when the system has them")
	completeList(cmd, "type", typeNames)
	completeList(cmd, "sync", func() []string { return []string{"always", "none"} })
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		return a.reportEvents(ctx, &f, args, cmd.Flags().Changed)
	})
	return cmd
}

// event is the event of the flags.
func (f *reportFlags) event(given func(string) bool) (*eventlog.Event, error) {
	if f.json {
		for _, name := range []string{"id", "type", "category", "data"} {
			if given(name) {
				return nil, usage("--%s: with --json the events say it themselves", name)
			}
		}
	}
	id, err := number(f.id)
	if err != nil || id > 1<<32-1 {
		return nil, usage("--id %q: want a number up to 4294967295, or 0xffffffff", f.id)
	}
	kind, err := eventlog.ParseType(f.kind)
	if err != nil {
		return nil, usage("--type: %w", err)
	}
	data, err := hex.DecodeString(strings.NewReplacer(" ", "", ":", "").Replace(strings.TrimPrefix(f.data, "0x")))
	if err != nil {
		return nil, usage("--data %q: want bytes in hexadecimal, as 0badcafe", f.data)
	}
	return &eventlog.Event{
		ID: eventlog.EventID(id), Type: kind, Level: eventlog.LevelOf(kind), Category: f.category, Data: data, Offset: -1,
	}, nil
}

func (a *app) reportEvents(ctx context.Context, f *reportFlags, args []string, given func(string) bool) error {
	if f.source == "" {
		return usage("who reports? give --source")
	}
	opts := &target.ChangeOptions{Create: true}
	switch f.sync {
	case "always":
	case "none":
		opts.Sync = service.SyncNone
	default:
		return usage("--sync %q: want always or none", f.sync)
	}
	e, err := f.event(given)
	if err != nil {
		return err
	}
	input := len(args) == 0 || len(args) == 1 && args[0] == "-"
	switch {
	case f.json && !input:
		return usage("--json reads events from the standard input and takes no strings")
	case len(args) == 0 && term.IsTerminal(int(a.stdin.Fd())):
		return usage("nothing to report: give strings, or - to type a line an event")
	}
	return a.changing(ctx, f.server, opts, func(_ *target.Target, srv eventlog.Server) error {
		r, err := eventlog.RegisterSource(ctx, srv, f.source)
		if err != nil {
			return err
		}
		defer r.Close() // all is answered
		out := &reporting{r: r}
		if input {
			err = out.lines(ctx, a.stdin, f.parser(e))
		} else {
			for _, s := range args {
				e.Strings = append(e.Strings, clean(s))
			}
			err = out.send(ctx, []*eventlog.Event{e})
		}
		if out.last > 0 {
			if err := put(a.stdout, fmt.Appendln(nil, out.last)); err != nil {
				return err
			}
		}
		if errors.Is(err, context.Canceled) {
			a.say("%s", written(out.written))
			return err
		}
		if err != nil {
			return fmt.Errorf("%w; %s before", err, written(out.written))
		}
		if input {
			a.say("%s", written(out.written))
		}
		return nil
	})
}

func written(n uint64) string {
	if n == 1 {
		return "1 event was written"
	}
	return counted(n, "event") + " were written"
}

// parser makes events of lines; nil is a line that is none.
func (f *reportFlags) parser(like *eventlog.Event) func(string) (*eventlog.Event, error) {
	return func(line string) (*eventlog.Event, error) {
		if strings.TrimSpace(line) == "" {
			return nil, nil
		}
		e := new(eventlog.Event)
		if f.json {
			return e, render.ParseJSON([]byte(line), e)
		}
		*e = *like
		e.Strings = []string{clean(line)}
		return e, nil
	}
}

// clean is text of any program as a string of an event: U+FFFD stands for what is
// not UTF-8, and for zeros, which end a string there.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// reporting is a report in progress.
type reporting struct {
	r       eventlog.Reporter
	last    uint64 // number of the last record that was written
	written uint64
}

const (
	maxBatch = 1000    // events of a Report
	maxLine  = 8 << 20 // bytes of a line of the input
)

// line is a line of the input, or the error that ends it.
type line struct {
	n    int
	text string
	err  error
}

// lines reports what comes in, each time all that is there, so that a line waits
// for no other one.
func (r *reporting) lines(ctx context.Context, in io.Reader, parse func(string) (*eventlog.Event, error)) error {
	lines := make(chan line, maxBatch)
	done := make(chan struct{})
	defer close(done)
	go readLines(in, lines, done) // it may wait for a line that never comes, and then ends with the process
	for {
		var batch []*eventlog.Event
		var numbers []int // of the lines
		end := false
		for wait := true; len(batch) < maxBatch && !end; wait = len(batch) == 0 {
			l, ok, err := next(ctx, lines, wait)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if l.err == io.EOF {
				end = true
				break
			}
			var e *eventlog.Event
			if l.err == nil {
				e, l.err = parse(l.text)
			}
			if l.err != nil {
				if err := r.batch(ctx, batch, numbers); err != nil {
					return err
				}
				return fmt.Errorf("line %d: %w", l.n, l.err)
			}
			if e != nil {
				batch, numbers = append(batch, e), append(numbers, l.n)
			}
			if r.written == 0 && len(batch) == 1 {
				break // so that the number of the first is known, and how many of a batch were written
			}
		}
		if err := r.batch(ctx, batch, numbers); err != nil || end {
			return err
		}
	}
}

// next is the next line; ok is false if there is none yet and it is not to be
// waited for.
func next(ctx context.Context, lines <-chan line, wait bool) (l line, ok bool, err error) {
	if !wait {
		select {
		case l = <-lines:
			return l, true, nil
		default:
			return l, false, nil
		}
	}
	select {
	case l = <-lines:
		return l, true, nil
	case <-ctx.Done():
		return l, false, ctx.Err()
	}
}

func readLines(in io.Reader, lines chan<- line, done <-chan struct{}) {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 64<<10), maxLine)
	give := func(l line) bool {
		select {
		case lines <- l:
			return true
		case <-done:
			return false
		}
	}
	n := 1
	for ; s.Scan(); n++ {
		if !give(line{n: n, text: s.Text()}) {
			return
		}
	}
	err := s.Err()
	switch {
	case err == nil:
		err = io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		err = fmt.Errorf("over %d bytes: %w", maxLine, eventlog.ErrTooLarge)
	}
	give(line{n: n, err: err})
}

// batch reports events that came in as lines of these numbers. One that is over a
// limit is looked for by halves, since none of its batch is written: those before
// it are, and its line is named.
func (r *reporting) batch(ctx context.Context, events []*eventlog.Event, numbers []int) error {
	if len(events) == 0 {
		return nil
	}
	before := r.written
	err := r.send(ctx, events)
	if err == nil {
		return nil
	}
	if n := int(r.written - before); n > 0 || len(events) == 1 || !errors.Is(err, eventlog.ErrTooLarge) && !errors.Is(err, eventlog.ErrInvalid) {
		if n < len(numbers) {
			err = fmt.Errorf("line %d: %w", numbers[n], err)
		}
		return err
	}
	half := len(events) / 2
	if err := r.batch(ctx, events[:half], numbers[:half]); err != nil {
		return err
	}
	return r.batch(ctx, events[half:], numbers[half:])
}

// send reports events. Where not all could be written, those that were are
// counted by the number of the last: nobody else writes meanwhile.
func (r *reporting) send(ctx context.Context, events []*eventlog.Event) error {
	// A report that is called off may be carried out all the same: rather wait for
	// it, and know.
	last, err := r.r.Report(context.WithoutCancel(ctx), events...)
	switch {
	case err == nil:
		r.written += uint64(len(events))
		r.last = last
	case r.last > 0 && last > r.last && last-r.last <= uint64(len(events)):
		r.written += last - r.last
		r.last = last
	}
	return err
}
