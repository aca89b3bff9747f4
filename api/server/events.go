package server

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"

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
	select {
	case h.streams <- struct{}{}:
	default:
		return nil, huma.NewError(http.StatusServiceUnavailable, "too many walks are open at once")
	}
	w := &walk{h: h, release: []func(){func() { <-h.streams }}}
	if err := w.open(ctx, name, backup, t); err != nil {
		w.close()
		return nil, h.problem(ctx, err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer w.close()
		hc.SetHeader("Content-Type", "application/x-ndjson")
		hc.SetHeader("X-Accel-Buffering", "no")
		_, rw := humago.Unwrap(hc)
		w.stream(hc.Context(), rw)
	}}, nil
}

var errGoing = fmt.Errorf("the service is stopping: %w", fs.ErrClosed)

// walk is a cursor on its way to a client.
type walk struct {
	h       *Handler
	cur     eventlog.Cursor
	release []func() // what must be let go of, the last first
	marks   []eventlog.Mark
	line    []byte
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

func (w *walk) open(ctx context.Context, name string, backup bool, t *api.Selection) error {
	s, err := t.Selection()
	if err != nil {
		return err
	}
	// Marks need these of every event.
	if s.Want == 0 {
		s.Want = eventlog.DefaultFields
	}
	s.Want |= eventlog.FieldRecord.Bit() | eventlog.FieldTimeWritten.Bit()
	srv, err := w.h.server(ctx)
	if err != nil {
		return err
	}
	w.closing(srv)
	l, err := open(ctx, srv, name, backup)
	if err != nil {
		return err
	}
	w.closing(l)
	if t.After != nil {
		o, err := originOf(ctx, l)
		if err != nil {
			return err
		}
		s.After = []eventlog.Mark{t.After.Mark(o)}
	}
	if t.Follow {
		w.cur, err = eventlog.Follow(ctx, l, s)
	} else {
		w.cur, err = l.Read(ctx, s)
	}
	if err != nil {
		return err
	}
	w.closing(w.cur)
	return nil
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

// stream sends the walk to its end, or to that of the client.
func (w *walk) stream(ctx context.Context, rw http.ResponseWriter) {
	out := newOutbox(rw)
	defer out.close()
	put := func(n *api.Note) error {
		w.line = api.AppendNote(w.line[:0], n)
		return out.put(w.line)
	}
	client := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-w.h.over:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := put(&api.Note{Netelf: api.NoteBegin, Mark: api.MarkOf(*w.mark())})
	var e eventlog.Event
	for err == nil {
		walked := w.cur.Next(ctx, &e)
		switch {
		case client.Err() != nil:
			return // nobody is there to be told
		case walked != nil && ctx.Err() != nil:
			walked = errGoing
		}
		if walked == nil {
			w.line = w.line[:0]
			if m := w.mark(); m.Record != e.RecordNumber || !m.Time.Equal(e.TimeWritten) {
				w.line = api.AppendNote(w.line, &api.Note{Netelf: api.NoteAt, Mark: api.MarkOf(*m)})
			}
			w.line = api.AppendEvent(w.line, &e)
			err = out.put(w.line)
			continue
		}
		mark := api.MarkOf(*w.mark())
		if loss, ok := eventlog.AsLoss(walked); ok {
			err = put(api.LossNote(loss, mark))
			continue
		}
		end := &api.Note{Netelf: api.NoteEnd, Mark: mark, Examined: eventlog.Examined(w.cur)}
		if walked != io.EOF {
			if _, known := eventlog.ProblemOf(walked); !known {
				w.h.opts.Logger.Error("walk", "caller", callerOf(ctx).Name, "error", walked)
			}
			end.Netelf, end.Problem = api.NoteError, api.ProblemOf(walked)
		}
		_ = put(end) // whoever is gone does not hear it
		return
	}
}
