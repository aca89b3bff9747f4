package netelf_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
	"unicode/utf8"

	netelf "netelf.example"
	"netelf.example/eventlog"
)

// parse is what was reported, as slogtest wants it.
func parse(e *eventlog.Event) map[string]any {
	m := map[string]any{slog.LevelKey: e.Type.String(), slog.MessageKey: e.Strings[0]}
	if !e.TimeGenerated.Equal(e.TimeWritten) { // else the server filled it in
		m[slog.TimeKey] = e.TimeGenerated
	}
	for _, s := range e.Strings[1:] {
		key, value, _ := strings.Cut(s, "=")
		in := m
		names := strings.Split(key, ".")
		for _, g := range names[:len(names)-1] {
			if in[g] == nil {
				in[g] = map[string]any{}
			}
			in = in[g].(map[string]any)
		}
		in[names[len(names)-1]] = value
	}
	return m
}

func TestSlogtest(t *testing.T) {
	var srv *fakeServer
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		srv = newFake()
		return netelf.NewHandler(register(t, srv, "Disk"), nil)
	}, func(t *testing.T) map[string]any {
		list := events(t, srv, "Spool")
		if len(list) != 1 {
			t.Fatalf("%d events, want 1", len(list))
		}
		return parse(list[0])
	})
}

func TestHandler(t *testing.T) {
	srv := newFake()
	src := register(t, srv, "Disk")
	log := slog.New(netelf.NewHandler(src, &netelf.HandlerOptions{
		Level: slog.LevelDebug, EventID: 100, Category: 3, Computer: "BEDROCK", User: "S-1-5-18",
	}))
	at := time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC)
	type pair struct{ A int }
	log.Debug("d", "k", 1)
	log.Info("i", "event_id", 7036, "category", uint64(4), "ok", true)
	log.Warn("w", "event_id", eventlog.EventID(0x80040033), "when", at, "took", time.Second)
	log.Error("e", "event_id", -2, "err", errors.New("boom"), "any", pair{1}, "bytes", []byte("ab"))
	log.Log(t.Context(), slog.LevelError+4, "worse")
	log.With("event_id", 5, "a", 1).WithGroup("g").With("b", 2).Info("groups", "event_id", 6, slog.Group("h", "c", 3))
	log.Info("no ids", "event_id", "x", "category", 70000, "event_id", int64(1)<<33)
	log.Info("a\x00b", "k\xff", "v\x00")

	type row struct {
		typ      eventlog.Type
		id       eventlog.EventID
		category uint16
		strings  []string
	}
	rows := []row{
		{eventlog.Information, 100, 3, []string{"d", "k=1"}},
		{eventlog.Information, 7036, 4, []string{"i", "ok=true"}},
		{eventlog.Warning, 0x80040033, 3, []string{"w", "when=2020-01-02T03:04:05.000000006Z", "took=1s"}},
		{eventlog.Error, 0xfffffffe, 3, []string{"e", "err=boom", "any={A:1}", "bytes=ab"}},
		{eventlog.Error, 100, 3, []string{"worse"}},
		{eventlog.Information, 5, 3, []string{"groups", "a=1", "g.b=2", "g.event_id=6", "g.h.c=3"}},
		{eventlog.Information, 100, 3, []string{"no ids", "event_id=x", "category=70000", "event_id=8589934592"}},
		{eventlog.Information, 100, 3, []string{"a\ufffdb", "k\ufffd=v\ufffd"}},
	}
	list := events(t, srv, "Spool")
	if len(list) != len(rows) {
		t.Fatalf("%d events, want %d", len(list), len(rows))
	}
	for i, e := range list {
		w := rows[i]
		if e.Type != w.typ || e.ID != w.id || e.Category != w.category || !slices.Equal(e.Strings, w.strings) {
			t.Errorf("got  %v %v %v %q\nwant %v %v %v %q", e.Type, e.ID, e.Category, e.Strings, w.typ, w.id, w.category, w.strings)
		}
		if e.Source != "Disk" || e.Computer != "BEDROCK" || e.User != "S-1-5-18" {
			t.Errorf("%+v", e)
		}
	}
	// Keys of one's own; the default level.
	log = slog.New(netelf.NewHandler(src, &netelf.HandlerOptions{EventIDKey: "id", CategoryKey: "cat"}))
	log.Debug("not reported")
	log.Info("m", "id", 1, "cat", 2, "event_id", 3)
	list = events(t, srv, "Spool")[len(rows):]
	if len(list) != 1 || list[0].ID != 1 || list[0].Category != 2 || !slices.Equal(list[0].Strings, []string{"m", "event_id=3"}) {
		t.Errorf("keys of one's own: %+v", list)
	}
}

// TestHandlerShares: handlers that come from one do not write into each other.
func TestHandlerShares(t *testing.T) {
	srv := newFake()
	log := slog.New(netelf.NewHandler(register(t, srv, "Disk"), nil)).With("a", 1, "b", 2, "c", 3)
	one, two := log.With("d", 4), log.With("e", 5)
	one.Info("one")
	two.Info("two")
	list := events(t, srv, "Spool")
	if got := fmt.Sprint(list[0].Strings, list[1].Strings); got != "[one a=1 b=2 c=3 d=4] [two a=1 b=2 c=3 e=5]" {
		t.Error(got)
	}
}

func TestHandlerLimits(t *testing.T) {
	srv := newFake()
	log := slog.New(netelf.NewHandler(register(t, srv, "Disk"), nil))
	var many []any
	for i := range 300 {
		many = append(many, fmt.Sprint("k", i), i)
	}
	log.Info("many", many...)
	log.Info(strings.Repeat("x", 40000), "emoji", strings.Repeat("\U0001F600", 20000))
	var large []any
	for i := range 10 {
		large = append(large, fmt.Sprint("k", i), strings.Repeat("y", 30000))
	}
	log.Info("large", large...)
	list := events(t, srv, "Spool")
	if len(list) != 3 {
		t.Fatalf("%d events, want 3", len(list))
	}
	if s := list[0].Strings; len(s) != netelf.MaxReportStrings || s[254] != "k253=253" || !strings.HasPrefix(s[255], "k254=254\nk255=255\n") || !strings.HasSuffix(s[255], "\nk299=299") {
		t.Errorf("many: %d strings, the last %.40q", len(s), s[len(s)-1])
	}
	total := 0
	for _, e := range list[1:] {
		total = 0
		for _, s := range e.Strings {
			n := 0
			for _, r := range s {
				n += 1 + int(r>>16&1)
			}
			total += n
			if n > 31839 || !utf8.ValidString(s) {
				t.Errorf("a string of %d units", n)
			}
		}
	}
	if s := list[1].Strings; !strings.HasSuffix(s[0], " bytes cut]") || !strings.HasSuffix(s[1], " bytes cut]") || len(s[0]) < 31000 {
		t.Errorf("long: %d and %d bytes", len(s[0]), len(s[1]))
	}
	if total > 101000 || total < 90000 || len(list[2].Strings) != 11 {
		t.Errorf("large: %d units in %d strings", total, len(list[2].Strings))
	}
}

func TestHandlerErrors(t *testing.T) {
	srv := newFake()
	src := register(t, srv, "Disk")
	var failed []string
	h := netelf.NewHandler(src, &netelf.HandlerOptions{OnError: func(_ context.Context, r slog.Record, err error) {
		failed = append(failed, r.Message)
		want(t, "ReportEvent", err, logFull)
	}})
	srv.fail(eventlog.ErrLogFull)
	slog.New(h).Info("lost")
	if err := h.Handle(t.Context(), slog.Record{Message: "lost too"}); !errors.Is(err, eventlog.ErrLogFull) {
		t.Errorf("Handle: %v", err)
	}
	srv.fail(nil)
	if !slices.Equal(failed, []string{"lost", "lost too"}) {
		t.Errorf("OnError: %q", failed)
	}
	slog.New(netelf.NewHandler(src, nil)).Info("fine")

	// A context that is cancelled is no reason to lose a record.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	slog.New(h).InfoContext(ctx, "fine")
	if n := len(events(t, srv, "Spool")); n != 2 || len(failed) != 2 {
		t.Errorf("%d events, failed %q", n, failed)
	}
	h = netelf.NewHandler(src, &netelf.HandlerOptions{Timeout: time.Nanosecond})
	if err := h.Handle(ctx, slog.Record{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("timeout: %v", err)
	}
}
