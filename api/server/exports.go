package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/render"
)

// maxSpool bounds the file that an export to .evt takes, in bytes: who may only read
// does not fill the disk of the server.
const maxSpool = 256 << 20

// exportForms are the forms of an export, by their name.
var exportForms = map[string]struct {
	contentType, ext string
	form             render.Form
}{
	"json": {"application/x-ndjson", ".jsonl", render.JSON},
	"csv":  {"text/csv; charset=utf-8", ".csv", render.CSV},
	"xml":  {"application/xml; charset=utf-8", ".xml", render.XML},
	"evt":  {evtType, ".evt", 0},
}

const evtType = "application/octet-stream"

type ExportQuery struct {
	SelectQuery
	Format string `query:"format" required:"true" enum:"json,csv,xml,evt"`
}

func (h *Handler) exports() {
	op := operation("export", http.MethodGet, "logs/{log}/export", "Events as a file", http.StatusOK)
	op.Description = "An export is whole if it ends well: where the walk fails the connection is broken off. " +
		"What was lost on the way is said behind it, in the trailers Netelf-Events, Netelf-Losses and Netelf-Lost. " +
		"In an .evt file, which is at most 256 MiB, records are numbered anew."
	op.Responses = streamed("application/x-ndjson", "text/csv", "application/xml", evtType)
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		LogPath
		ExportQuery
	}) (*huma.StreamResponse, error) {
		s, err := in.selection()
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		return h.export(ctx, in.Log, s, in.Format)
	})
	op = operation("copy-log", http.MethodGet, "logs/{log}/copy", "The log as it is now, as a clean .evt file", http.StatusOK)
	op.Description = "It needs the rights of a backup: to read and to clear. A copy is whole if it ends well."
	op.Responses = streamed(evtType)
	huma.Register(h.api, op, func(ctx context.Context, in *LogPath) (*huma.StreamResponse, error) { return h.copy(ctx, in.Log) })
}

// fileName is the name that a client saves a log by.
func (h *Handler) fileName(log, ext string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' && log[0] != '.' {
			return r
		}
		return '-'
	}, log)
	return safe[:min(len(safe), 100)] + h.opts.Now().UTC().Format("-20060102-150405") + ext
}

func (h *Handler) attach(w http.ResponseWriter, log, contentType, ext string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+h.fileName(log, ext)+`"`)
}

// export opens the walk of an export, so that what is refused is an answer of its
// own, and then streams it.
func (h *Handler) export(ctx context.Context, log string, s *eventlog.Selection, format string) (*huma.StreamResponse, error) {
	if s.Budget != 0 { // where it is used up there would be half a file
		return nil, h.problem(ctx, fmt.Errorf("select: a budget is not for an export: %w", eventlog.ErrInvalid))
	}
	if s.Want == 0 {
		s.Want = withText
	}
	if format == "evt" {
		if s.Backward {
			return nil, h.problem(ctx, fmt.Errorf("an .evt file has its oldest record first: %w", eventlog.ErrInvalid))
		}
		s.Want |= eventlog.AllFields &^ (1<<eventlog.FieldMessage | 1<<eventlog.FieldXML)
	}
	w, err := h.open(ctx, log, false, s, nil, whole)
	if err != nil {
		return nil, h.problem(ctx, err)
	}
	if format == "evt" {
		defer w.close()
		return h.exportEVT(ctx, log, w, s)
	}
	return h.streamExport(log, w, s, format), nil
}

// streamExport is an export as an answer, in any form but evt.
func (h *Handler) streamExport(log string, w *walk, s *eventlog.Selection, format string) *huma.StreamResponse {
	f := exportForms[format]
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer w.close()
		r, rw := humago.Unwrap(hc)
		h.attach(rw, log, f.contentType, f.ext)
		out, err := render.New(&patient{w: rw, control: http.NewResponseController(rw), stall: h.stall(r)}, f.form, nil)
		var o eventlog.Outcome
		if err == nil {
			if err = h.each(hc.Context(), w, s, &o, out.Write); err == nil {
				err = out.Close()
			}
		}
		if err != nil {
			h.broken(hc.Context(), err)
		}
		trail(rw, &o)
	}}
}

// broken breaks the connection off, so that nobody takes half of an answer for the
// whole.
func (h *Handler) broken(ctx context.Context, err error) {
	h.opts.Logger.Info("an export was broken off", "caller", callerOf(ctx).Name, "error", err)
	panic(http.ErrAbortHandler)
}

// each gives all events of a walk to f; what is lost is noted.
func (h *Handler) each(ctx context.Context, w *walk, s *eventlog.Selection, o *eventlog.Outcome, f func(*eventlog.Event) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(h.going, func() { cancel(errGoing) })()
	cur := eventlog.Resolve(w.cur, s, h.opts.Texts)
	var e eventlog.Event
	for {
		err := cur.Next(ctx, &e)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		o.Note(err)
		if err == nil {
			err = f(&e)
		} else if _, ok := eventlog.AsLoss(err); ok {
			err = nil
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// trail says behind an answer what it has.
func trail(w http.ResponseWriter, o *eventlog.Outcome) {
	for name, n := range map[string]uint64{"Netelf-Events": o.Events, "Netelf-Losses": o.Losses, "Netelf-Lost": o.Lost} {
		w.Header().Set(http.TrailerPrefix+name, strconv.FormatUint(n, 10))
	}
}

// exportEVT makes the file aside, since its header says what only its end knows.
func (h *Handler) exportEVT(ctx context.Context, log string, w *walk, s *eventlog.Selection) (*huma.StreamResponse, error) {
	select {
	case h.spools <- struct{}{}:
	default:
		return nil, refusal(http.StatusServiceUnavailable, "too many exports are being made at once", nil)
	}
	free := func() { <-h.spools }
	f, o, err := h.spool(ctx, w, s)
	if err != nil {
		free()
		return nil, h.problem(ctx, err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer free()
		defer f.Close()
		r, rw := humago.Unwrap(hc)
		h.attach(rw, log, evtType, ".evt")
		if _, err := io.Copy(&patient{w: rw, control: http.NewResponseController(rw), stall: h.stall(r)}, f); err != nil {
			h.broken(hc.Context(), err)
		}
		trail(rw, o)
	}}, nil
}

// spool writes a walk to a file that has no name any more when it is answered, or
// none as soon as it is closed.
func (h *Handler) spool(ctx context.Context, w *walk, s *eventlog.Selection) (_ io.ReadCloser, _ *eventlog.Outcome, err error) {
	tmp, err := os.CreateTemp("", "netelf-export-*")
	if err != nil {
		return nil, nil, err
	}
	f := &spooled{tmp}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	out, err := evt.Create(tmp, &evt.WriterOptions{MaxSize: maxSpool, Retention: evt.RetainForever})
	if err != nil {
		return nil, nil, err
	}
	o := new(eventlog.Outcome)
	err = h.each(ctx, w, s, o, func(e *eventlog.Event) error {
		var err error
		if len(e.Raw) > 0 {
			_, err = out.AppendRaw(e.Raw, false)
		} else {
			_, err = out.Append(e)
		}
		if errors.Is(err, eventlog.ErrLogFull) {
			err = fmt.Errorf("more than %d bytes of events, which is the limit of an .evt file here: %w", maxSpool, eventlog.ErrTooLarge)
		}
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	return f, o, err
}

// spooled is a file that goes when it is closed.
type spooled struct{ *os.File }

func (f *spooled) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }

// copy answers a log as a file. Its first byte is the answer: what is refused before
// it is an answer of its own.
func (h *Handler) copy(ctx context.Context, log string) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, rw := humago.Unwrap(hc)
		out := &firstWrite{begin: func() { h.attach(rw, log, evtType, ".evt") }}
		out.w = &patient{w: rw, control: http.NewResponseController(rw), stall: h.stall(r)}
		err := h.withLog(ctx, log, false, func(_ eventlog.Server, l eventlog.Log) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			defer context.AfterFunc(h.going, func() { cancel(errGoing) })()
			return eventlog.Copy(ctx, l, out)
		})
		var p *problem
		switch {
		case err == nil:
		case !out.begun && errors.As(err, &p):
			refuse(rw, p)
		default:
			h.broken(ctx, err)
		}
	}}, nil
}

// firstWrite does something before anything is written.
type firstWrite struct {
	w     io.Writer
	begin func()
	begun bool
}

func (f *firstWrite) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.begin()
	}
	return f.w.Write(b)
}
