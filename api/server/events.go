package server

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"netelf.example/api"
	"netelf.example/eventlog"
)

func (h *Handler) events() {
	add := func(id, path, summary string) huma.Operation {
		op := operation(id, http.MethodPost, path, summary, http.StatusOK)
		op.Description = "The answer is a stream, an event a line as 'netelf scan -o json' writes it; a line that begins with {\"netelf\": tells of the walk, " +
			"and the last one how it ended. The last mark is where another walk goes on."
		op.Responses = map[string]*huma.Response{"200": {
			Description: "Events and notes",
			Content:     map[string]*huma.MediaType{"application/x-ndjson": {Schema: &huma.Schema{Type: huma.TypeString}}},
		}}
		return op
	}
	huma.Register(h.api, add("read-log", "logs/{log}/events", "Walks over the events of a log, or follows it"),
		func(ctx context.Context, in *struct {
			LogPath
			Body api.Selection
		}) (*huma.StreamResponse, error) {
			return h.walk(ctx, in.Log, false, &in.Body)
		})
	huma.Register(h.api, add("read-backup", "backups/{backup}/events", "Walks over the events of a backup"),
		func(ctx context.Context, in *struct {
			BackupPath
			Body api.Selection
		}) (*huma.StreamResponse, error) {
			return h.walk(ctx, in.Backup, true, &in.Body)
		})
}

// walk opens a walk, so that what is refused is an answer of its own, and then
// streams it.
func (h *Handler) walk(ctx context.Context, name string, backup bool, t *api.Selection) (*huma.StreamResponse, error) {
	s, err := t.Selection()
	if err != nil {
		return nil, h.problem(ctx, err)
	}
	far := bounded
	if t.Follow && backup {
		return nil, h.problem(ctx, fmt.Errorf("follow a backup, to which nobody writes: %w", eventlog.ErrInvalid))
	}
	if t.Follow {
		far = endless
	}
	return h.stream(ctx, name, backup, s, t.After, far, &ndjson)
}

func (h *Handler) stream(ctx context.Context, name string, backup bool, s *eventlog.Selection, after *api.Mark, far span, f *form) (*huma.StreamResponse, error) {
	w, err := h.open(ctx, name, backup, s, after, far)
	if err != nil {
		return nil, h.problem(ctx, err)
	}
	w.form = f
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer w.close()
		hc.SetHeader("Content-Type", f.contentType)
		hc.SetHeader("X-Accel-Buffering", "no")
		r, rw := humago.Unwrap(hc)
		w.stream(hc.Context(), r, rw)
	}}, nil
}

// form is how a stream is written.
type form struct {
	contentType string
	// line makes what is sent of a line. mark is where the walk is behind it.
	line func(dst, line []byte, note bool, log string, mark *api.Mark) []byte
	// marked says that each line brings its mark along.
	marked bool
}

var ndjson = form{
	contentType: "application/x-ndjson",
	line:        func(dst, line []byte, _ bool, _ string, _ *api.Mark) []byte { return append(dst, line...) },
}

// sse is the event stream of browsers (HTML Living Standard, 9.2), whose ids are
// cursors.
var sse = form{
	contentType: "text/event-stream",
	marked:      true,
	line: func(dst, line []byte, note bool, log string, mark *api.Mark) []byte {
		if mark != nil {
			m := mark.Mark(new(eventlog.Origin))
			dst = append(append(append(dst, "id: "...), placeOf(&m, false).text(log)...), '\n')
		}
		if note {
			dst = append(dst, "event: note\n"...)
		}
		return append(append(append(dst, "data: "...), line...), '\n')
	},
}

var (
	errGoing = fmt.Errorf("the service is stopping: %w", fs.ErrClosed)
	errGone  = fmt.Errorf("the session or the token has ended: %w", fs.ErrPermission)
	errBusy  = refusal(http.StatusServiceUnavailable, "too many walks are open at once", nil)
)

// walk is a cursor on its way to a client.
type walk struct {
	h       *Handler
	form    *form
	log     eventlog.Log
	cur     eventlog.Cursor
	release []func() // what must be let go of, the last first
	marks   []eventlog.Mark
}

func (w *walk) close() {
	for _, f := range slices.Backward(w.release) {
		f()
	}
	w.release = nil
}

func (w *walk) closing(c io.Closer) {
	w.release = append(w.release, func() {
		if err := c.Close(); err != nil {
			w.h.opts.Logger.Debug("close", "error", err)
		}
	})
}

// span is how far a walk goes.
type span uint8

const (
	bounded span = iota // as many records as one request may examine
	whole               // to the end
	endless             // on and on: it follows
)

// open opens a walk, of which there may be so many at a time.
func (h *Handler) open(ctx context.Context, name string, backup bool, s *eventlog.Selection, after *api.Mark, far span) (_ *walk, err error) {
	select {
	case h.streams <- struct{}{}:
	default:
		return nil, errBusy
	}
	w := &walk{h: h, form: &ndjson, release: []func(){func() { <-h.streams }}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	// Marks need these of every event.
	if s.Want == 0 {
		s.Want = eventlog.DefaultFields
	}
	s.Want |= eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()
	srv, err := h.server(ctx)
	if err != nil {
		return nil, err
	}
	w.closing(srv)
	if w.log, err = open(ctx, srv, name, backup); err != nil {
		return nil, err
	}
	w.closing(w.log)
	if after != nil {
		o, err := originOf(ctx, w.log)
		if err != nil {
			return nil, err
		}
		s.After = []eventlog.Mark{after.Mark(o)}
	}
	if far == endless {
		w.cur, err = eventlog.Follow(ctx, w.log, s)
	} else {
		if most := h.opts.Records; far == bounded && most > 0 && overNetwork(requestOf(ctx)) && (s.Budget == 0 || s.Budget > most) {
			s.Budget = most
		}
		w.cur, err = w.log.Read(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	w.closing(w.cur)
	return w, nil
}

// originOf is what a log's marks are called by.
func originOf(ctx context.Context, l eventlog.Log) (*eventlog.Origin, error) {
	c, err := l.Read(ctx, new(eventlog.Selection))
	if err != nil {
		return nil, err
	}
	o := new(eventlog.Origin)
	for _, m := range c.AppendMarks(nil) {
		o.Server, o.Log = m.Server, m.Log
	}
	return o, c.Close()
}

// mark is where the cursor is now.
func (w *walk) mark() *eventlog.Mark {
	if w.marks = w.cur.AppendMarks(w.marks[:0]); len(w.marks) == 0 {
		return new(eventlog.Mark)
	}
	return &w.marks[0]
}

// sender writes the lines of a walk. Its mutex keeps what the beat says in order
// with what Next gives.
type sender struct {
	out  *outbox
	form *form
	log  string

	mu   sync.Mutex
	last eventlog.Mark // behind what was sent
	line []byte
	text []byte // as it is sent
}

func (s *sender) note(n *api.Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.putNote(n)
}

func (s *sender) putNote(n *api.Note) error {
	if n.Mark != nil {
		s.last = n.Mark.Mark(new(eventlog.Origin))
	}
	s.line = api.AppendNote(s.line[:0], n)
	s.text = s.form.line(s.text[:0], s.line, true, s.log, n.Mark)
	return s.out.put(s.text)
}

func (s *sender) event(e *eventlog.Event, m *eventlog.Mark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.text = *m, s.text[:0]
	mark := api.MarkOf(*m)
	if !s.form.marked && (m.Record != e.RecordNumber || !m.Time.Equal(e.TimeWritten)) {
		s.text = api.AppendNote(s.text, &api.Note{Netelf: api.NoteAt, Mark: mark})
	}
	s.line = api.AppendEvent(s.line[:0], e)
	s.text = s.form.line(s.text, s.line, false, s.log, mark)
	return s.out.put(s.text)
}

// beat says how far the walk has come past what does not match, or only that it is
// still there. It looks with the mutex: what Next gives afterwards is sent afterwards.
func (s *sender) beat(cur eventlog.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.last
	if passed := eventlog.Passed(cur); passed.Record > m.Record {
		m = passed
	}
	_ = s.putNote(&api.Note{Netelf: api.NoteHere, Mark: api.MarkOf(m)}) // the walk hears of it
}

// stream sends the walk to its end, or to that of the client.
func (w *walk) stream(ctx context.Context, r *http.Request, rw http.ResponseWriter) {
	s := &sender{form: w.form, log: w.marksOf(), out: newOutbox(rw, w.h.stall(r))}
	defer s.out.close()
	client := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(w.h.going, func() { cancel(errGoing) })()
	err := s.note(&api.Note{Netelf: api.NoteBegin, Mark: api.MarkOf(*w.mark())})
	var beats sync.WaitGroup
	defer beats.Wait()
	defer cancel(nil)
	beats.Go(func() { w.beats(ctx, cancel, r, s) })
	var e eventlog.Event
	for err == nil {
		walked := w.cur.Next(ctx, &e)
		switch {
		case client.Err() != nil:
			return // nobody is there to be told
		case walked != nil && ctx.Err() != nil:
			walked = context.Cause(ctx)
		}
		if walked == nil {
			err = s.event(&e, w.mark())
			continue
		}
		mark := api.MarkOf(*w.mark())
		if loss, ok := eventlog.AsLoss(walked); ok {
			err = s.note(api.LossNote(loss, mark))
			continue
		}
		end := &api.Note{Netelf: api.NoteEnd, Mark: mark, Examined: eventlog.Examined(w.cur)}
		if walked != io.EOF {
			if _, known := eventlog.ProblemOf(walked); !known {
				w.h.opts.Logger.Error("walk", "caller", callerOf(ctx).Name, "error", walked)
			}
			end.Netelf, end.Problem = api.NoteError, api.ProblemOf(walked)
		}
		_ = s.note(end) // whoever is gone does not hear it
		return
	}
}

// marksOf is the name of the log, for cursors.
func (w *walk) marksOf() string { return w.mark().Log }

// beats tells whoever waits that the walk goes on, and ends it when nobody knows any
// more who that is.
func (w *walk) beats(ctx context.Context, cancel context.CancelCauseFunc, r *http.Request, s *sender) {
	t := time.NewTicker(w.h.opts.Beat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if _, err := w.h.who(r); err != nil {
			cancel(errGone)
			return
		}
		s.beat(w.cur)
	}
}

// stall is how long a client may take nothing; 0: for ever, on this machine.
func (h *Handler) stall(r *http.Request) time.Duration {
	if overNetwork(r) {
		return h.opts.Stall
	}
	return 0
}
