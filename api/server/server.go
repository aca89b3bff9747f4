// Package server serves netelf's HTTP API (package api) for any eventlog.Server.
//
// A door knows who asks and nothing else: what the caller may do is decided by
// the Server that Options.For answers. Reports that name no user get the
// caller's.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// Options are those of a Handler. For and Caller must be set.
type Options struct {
	// Caller says who asks; an error refuses the request.
	Caller func(*http.Request) (eventlog.Caller, error)
	// For is the Server as the caller sees it; it is closed after the request.
	For func(context.Context, eventlog.Caller) (eventlog.Server, error)

	Version  string
	Computer string           // that events get which name none
	Now      func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: nothing is logged

	// Streams bounds the walks that are open at once; 0: DefaultStreams.
	Streams int
}

// DefaultStreams is how many walks may be open at once.
const DefaultStreams = 512

// maxBody bounds a report, in bytes; other bodies are bounded by maxRequest. What
// all reports of one caller hold at a time is bounded by maxHeld: the others wait.
const (
	maxBody    = api.MaxLine
	maxHeld    = 2 * maxBody
	maxRequest = 1 << 20
)

// Handler answers the HTTP API.
type Handler struct {
	opts    Options
	mux     *http.ServeMux
	api     huma.API
	streams chan struct{}
	held    held
	over    chan struct{} // closed by Drain
	once    sync.Once
}

func init() {
	// What the library itself refuses has the same form.
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return refusal(status, msg, errs)
	}
}

// New makes a Handler.
func New(opts Options) *Handler {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Streams <= 0 {
		opts.Streams = DefaultStreams
	}
	h := &Handler{opts: opts, mux: http.NewServeMux(), streams: make(chan struct{}, opts.Streams), over: make(chan struct{})}
	config := huma.DefaultConfig("netelf", opts.Version)
	config.Info.Description = "The Windows NT event log for every machine: logs, events, sources."
	config.DocsPath = ""     // it would load scripts from elsewhere
	config.SchemasPath = ""  // they are in the document
	config.CreateHooks = nil // no $schema in each answer
	config.NoFormatFallback = false
	config.RejectUnknownQueryParameters = true
	h.api = humago.New(h.mux, config)
	h.api.UseMiddleware(h.identify)
	h.about()
	h.logs()
	h.events()
	h.reports()
	h.sources()
	return h
}

// Drain ends all walks, each with a word that the server goes; what else is asked
// is still answered. An http.Server can be shut down then.
func (h *Handler) Drain() { h.once.Do(func() { close(h.over) }) }

// OpenAPI is the document that describes the API, as JSON.
func (h *Handler) OpenAPI() ([]byte, error) { return h.api.OpenAPI().MarshalJSON() }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.ContentLength > maxBody { // it need not be waited for
		w.Header().Set("Connection", "close")
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprintf(w, `{"status":413,"code":"too-large","detail":"a body of %d bytes, the limit is %d"}`, r.ContentLength, maxBody)
		return
	}
	h.mux.ServeHTTP(w, r)
}

type callerKey struct{}

// identify finds out who asks before anything else is done.
func (h *Handler) identify(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	c, err := h.opts.Caller(r)
	if err != nil {
		h.opts.Logger.Warn("refused", "addr", r.RemoteAddr, "error", err)
		p := refusal(http.StatusUnauthorized, "nobody knows who asks", nil)
		if err := huma.WriteErr(h.api, ctx, p.GetStatus(), p.Detail); err != nil {
			h.opts.Logger.Debug("answer", "error", err)
		}
		return
	}
	if r.Pattern == "POST "+reportsPath {
		release, err := h.held.take(r.Context(), c, r.ContentLength)
		if err != nil {
			return // the client is gone
		}
		defer release()
	}
	next(huma.WithValue(ctx, callerKey{}, c))
}

func callerOf(ctx context.Context) eventlog.Caller {
	c, _ := ctx.Value(callerKey{}).(eventlog.Caller)
	return c
}

// server is the Server as the caller sees it.
func (h *Handler) server(ctx context.Context) (eventlog.Server, error) {
	return h.opts.For(ctx, callerOf(ctx))
}

// with does f with the Server as the caller sees it, and answers its error as a
// problem.
func (h *Handler) with(ctx context.Context, f func(eventlog.Server) error) error {
	srv, err := h.server(ctx)
	if err == nil {
		err = f(srv)
		if closed := srv.Close(); err == nil {
			err = closed
		}
	}
	return h.problem(ctx, err)
}
