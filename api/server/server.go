// Package server serves netelf's HTTP API (package api) for any eventlog.Server.
//
// A door knows who asks and nothing else: what the caller may do is decided by
// the Server that Options.For answers. Reports that name no user get the
// caller's.
package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
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
	Zone     string           // name of this machine's time zone; "": not known
	Now      func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: nothing is logged

	// Accounts lets users in who come over the network; nil: none. Whoever comes over
	// a Unix socket is known by Caller all the same.
	Accounts *Accounts

	// Texts finds message text where a page, a count or an export wants it; nil: that
	// of the events alone.
	Texts eventlog.Resolver

	// Streams bounds the walks that are open at once; 0: DefaultStreams.
	Streams int

	// Many is the operations over many servers; nil: they are not offered.
	Many *Many

	// Records bounds those that a request over the network may examine; 0: none. What
	// follows, exports and copies are not bounded: they take as long as the client
	// takes them.
	Records int64

	// Beat is how often somebody who follows hears something where nothing comes; 0:
	// DefaultBeat. Stall is how long a client over the network may take nothing of
	// what is written to it; 0: DefaultStall.
	Beat, Stall time.Duration
}

// The defaults of Beat and Stall.
const (
	DefaultBeat  = 15 * time.Second
	DefaultStall = 5 * time.Minute
)

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
	spools  chan struct{}
	held    held
	going   context.Context // done behind Drain
	drain   context.CancelFunc
}

// maxSpools is how many exports may have a file of their own at once.
const maxSpools = 2

func init() {
	huma.DefaultArrayNullable = false
	// What the library itself refuses has the same form.
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return refusal(status, msg, errs)
	}
}

// jsonFormat is the library's, for which an answer that nobody takes is no error: it
// would begin another one, or panic.
var jsonFormat = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return huma.DefaultJSONFormat.Marshal(untaken{w}, v) },
	Unmarshal: huma.DefaultJSONFormat.Unmarshal,
}

// untaken is a Writer to somebody who may have gone.
type untaken struct{ w io.Writer }

func (u untaken) Write(b []byte) (int, error) {
	_, _ = u.w.Write(b) // who has gone is not told
	return len(b), nil
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
	opts.Beat, opts.Stall = cmp.Or(opts.Beat, DefaultBeat), cmp.Or(opts.Stall, DefaultStall)
	h := &Handler{opts: opts, mux: http.NewServeMux(), streams: make(chan struct{}, opts.Streams), spools: make(chan struct{}, maxSpools)}
	h.going, h.drain = context.WithCancel(context.Background())
	config := huma.DefaultConfig("netelf", opts.Version)
	config.Info.Description = "The Windows NT event log for every machine: logs, events, sources. " +
		"Over the network one logs in or sends a token; over the Unix socket the system says who asks."
	config.DocsPath = ""     // it would load scripts from elsewhere
	config.SchemasPath = ""  // they are in the document
	config.CreateHooks = nil // no $schema in each answer
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.NoFormatFallback = false
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "__Host-netelf", Description: "of POST /v1/session, or a login by OpenID Connect"},
		"token":   {Type: "http", Scheme: "bearer", Description: "of 'netelf user token add'"},
	}
	config.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	h.api = humago.New(h.mux, config)
	h.api.UseMiddleware(h.identify)
	h.about()
	h.logs()
	h.events()
	h.pages()
	h.exports()
	h.reports()
	h.sources()
	h.session()
	h.oidc()
	h.users()
	h.tokens()
	h.manyOperations()
	h.anyError()
	return h
}

// anyError documents that an answer may be any problem, beside those that are
// named.
func (h *Handler) anyError() {
	doc := h.api.OpenAPI()
	schema := doc.Components.Schemas.Schema(reflect.TypeFor[api.Problem](), true, "Problem")
	for _, p := range doc.Paths {
		for _, op := range []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete} {
			if op != nil {
				op.Responses["default"] = &huma.Response{Description: "Any other problem", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
			}
		}
	}
}

// Drain ends all walks, each with a word that the server goes, and gives requests
// that are still being sent a second; what else is asked is answered. An http.Server
// can be shut down then.
func (h *Handler) Drain() { h.drain() }

// OpenAPI is the document that describes the API, as JSON.
func (h *Handler) OpenAPI() ([]byte, error) { return h.api.OpenAPI().MarshalJSON() }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	if r.ContentLength > maxBody && r.URL.Path != filesPath { // it need not be waited for
		w.Header().Set("Connection", "close")
		refuse(w, refusal(http.StatusRequestEntityTooLarge, fmt.Sprintf("a body of %d bytes, the limit is %d", r.ContentLength, maxBody), nil))
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		b := &incoming{ReadCloser: r.Body, control: http.NewResponseController(w)}
		defer context.AfterFunc(h.going, b.hurry)()
		r.Body = b
	}
	h.mux.ServeHTTP(w, r)
}

// headers are those of all answers. An answer is for whoever asked: nothing keeps,
// frames or guesses at it. There is no Strict-Transport-Security, which would speak
// for all other ports of the host.
var headers = map[string]string{
	"Cache-Control":                "no-store",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
}

// refuse answers with a problem where the library is not asked yet.
func refuse(w http.ResponseWriter, p *problem) {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and numbers
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_, _ = w.Write(b) // whoever is gone does not hear it
}

type identityKey struct{}

// identify finds out who asks before anything else is done.
func (h *Handler) identify(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if slices.Contains(openOperations, ctx.Operation().OperationID) {
		next(huma.WithValue(ctx, requestKey{}, r))
		return
	}
	id, err := h.who(r)
	if err != nil {
		p, ok := err.(*problem)
		if !ok {
			h.opts.Logger.Warn("refused", "addr", r.RemoteAddr, "error", err)
			p = refusal(http.StatusUnauthorized, "nobody knows who asks", nil)
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="netelf"`)
		refuse(w, p)
		return
	}
	if r.Pattern == "POST "+reportsPath {
		release, err := h.held.take(r.Context(), id.caller, r.ContentLength)
		if err != nil {
			return // the client is gone
		}
		defer release()
	}
	next(huma.WithValue(huma.WithValue(ctx, identityKey{}, id), requestKey{}, r))
}

// who is who asks: the other end of a Unix socket, or a user of Accounts.
func (h *Handler) who(r *http.Request) (identity, error) {
	if h.opts.Accounts != nil && overNetwork(r) {
		return h.opts.Accounts.identify(r)
	}
	c, err := h.opts.Caller(r)
	return identity{caller: c}, err
}

// overNetwork says whether a request comes by another way than a Unix socket whose
// other end is known.
func overNetwork(r *http.Request) bool {
	_, peer := r.Context().Value(peerKey{}).(eventlog.Caller)
	return !peer
}

type requestKey struct{}

// requestOf is the request of an operation.
func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

func identityOf(ctx context.Context) identity {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id
}

func callerOf(ctx context.Context) eventlog.Caller { return identityOf(ctx).caller }

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
