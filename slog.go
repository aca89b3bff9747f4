package netelf

import (
	"context"
	"encoding"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/internal/reading"
)

// HandlerOptions are those of [NewHandler]; nil is fine.
type HandlerOptions struct {
	// Level is the least level that is reported; nil: slog.LevelInfo.
	Level slog.Leveler

	// EventID and Category are those of events whose record sets none by an
	// attribute; 0: 0.
	EventID  eventlog.EventID
	Category uint16

	// EventIDKey and CategoryKey are the keys of attributes that set the event id
	// and the category, outside of any group and with an integer that fits, an
	// event id also as signed 32 bits. Such an attribute is no string of the
	// event. "": "event_id" and "category".
	EventIDKey, CategoryKey string

	// Computer and User are those of all events; "": the server's to fill in,
	// and none.
	Computer string
	User     eventlog.SID

	// Timeout is for how long one report may wait; 0: as long as it takes. That
	// the context of a record is cancelled does not count.
	Timeout time.Duration

	// OnError is called with what could not be reported, by the goroutine that
	// logged it; it must not log to this handler. nil: nothing is called. A Logger
	// drops the error that Handle returns.
	OnError func(context.Context, slog.Record, error)
}

// NewHandler makes a slog.Handler whose records are events of a source. The source
// stays the caller's to close.
//
// A level from Error up is an error event, from Warn up a warning, below that
// information. The message is the first string; each attribute is one more,
// "key=value", with the names of its groups before the key, joined by dots. Where
// that would be more than [MaxReportStrings], the last one holds all that are left,
// a line each. A string of more than 31,839 UTF-16 units, or what is beyond 100,000
// in all, is cut, and says so. What can stand in no record is replaced by U+FFFD.
func NewHandler(source *EventSource, opts *HandlerOptions) slog.Handler {
	h := &handler{source: source}
	if opts != nil {
		h.opts = *opts
	}
	if h.opts.Level == nil {
		h.opts.Level = slog.LevelInfo
	}
	if h.opts.EventIDKey == "" {
		h.opts.EventIDKey = "event_id"
	}
	if h.opts.CategoryKey == "" {
		h.opts.CategoryKey = "category"
	}
	h.with.id, h.with.category = h.opts.EventID, h.opts.Category
	return h
}

// handler is never changed once it is in use.
type handler struct {
	source *EventSource
	opts   HandlerOptions
	group  string // the groups that are open, each with a dot behind it
	with   attrs
}

// attrs is what attributes come to in an event.
type attrs struct {
	id       eventlog.EventID
	category uint16
	strings  []string
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.opts.Level.Level() }

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(as []slog.Attr) slog.Handler {
	c := *h
	c.with.strings = slices.Clip(c.with.strings)
	for _, a := range as {
		c.add(&c.with, h.group, a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.group += name + "."
	return &c
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	all := h.with
	all.strings = append(make([]string, 0, 1+len(h.with.strings)+r.NumAttrs()), r.Message)
	all.strings = append(all.strings, h.with.strings...)
	r.Attrs(func(a slog.Attr) bool {
		h.add(&all, h.group, a)
		return true
	})
	e := &eventlog.Event{
		ID: all.id, Type: typeOf(r.Level), Category: all.category,
		Computer: h.opts.Computer, User: h.opts.User, Strings: fit(all.strings),
	}
	if !r.Time.IsZero() {
		e.TimeGenerated = r.Time.UTC()
	}
	done := context.WithoutCancel(ctx)
	if h.opts.Timeout > 0 {
		var cancel context.CancelFunc
		done, cancel = context.WithTimeout(done, h.opts.Timeout)
		defer cancel()
	}
	_, err := h.source.Report(done, e)
	if err != nil && h.opts.OnError != nil {
		h.opts.OnError(ctx, r, err)
	}
	return err
}

func typeOf(l slog.Level) eventlog.Type {
	switch {
	case l >= slog.LevelError:
		return eventlog.Error
	case l >= slog.LevelWarn:
		return eventlog.Warning
	}
	return eventlog.Information
}

// add puts an attribute of a group into to.
func (h *handler) add(to *attrs, group string, a slog.Attr) {
	a.Value = a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return
	case a.Value.Kind() == slog.KindGroup:
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, m := range a.Value.Group() {
			h.add(to, group, m)
		}
		return
	case group == "" && a.Key == h.opts.EventIDKey:
		if n, ok := integer(a.Value); ok && n >= math.MinInt32 && n <= math.MaxUint32 {
			to.id = eventlog.EventID(uint32(n))
			return
		}
	case group == "" && a.Key == h.opts.CategoryKey:
		if n, ok := integer(a.Value); ok && n >= 0 && n <= math.MaxUint16 {
			to.category = uint16(n)
			return
		}
	}
	to.strings = append(to.strings, group+a.Key+"="+format(a.Value))
}

func integer(v slog.Value) (n int64, ok bool) {
	switch v.Kind() {
	case slog.KindInt64:
		return v.Int64(), true
	case slog.KindUint64:
		return int64(min(v.Uint64(), math.MaxInt64)), true
	case slog.KindAny:
		if id, ok := v.Any().(eventlog.EventID); ok {
			return int64(id), true
		}
	}
	return 0, false
}

func format(v slog.Value) string {
	switch v.Kind() {
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case slog.KindAny:
		if b, ok := v.Any().([]byte); ok {
			return string(b)
		}
		if m, ok := v.Any().(encoding.TextMarshaler); ok {
			if b, err := m.MarshalText(); err == nil {
				return string(b)
			}
		}
		return fmt.Sprintf("%+v", v.Any())
	}
	return v.String()
}

// Of one string, as ReportEvent of Windows has it, and of all strings of an event,
// in UTF-16 units, so that the record is well below evt.MaxRecordSize.
const (
	maxHandlerString = 31839
	maxHandlerText   = 100000
)

// fit makes of strings what an event can hold.
func fit(strs []string) []string {
	if len(strs) > MaxReportStrings {
		rest := strings.Join(strs[MaxReportStrings-1:], "\n")
		strs = append(strs[:MaxReportStrings-1], rest)
	}
	left := maxHandlerText
	for i, s := range strs {
		var units int
		strs[i], units = cut(reading.Clean(s), min(maxHandlerString, left))
		left = max(0, left-units)
	}
	return strs
}

// cut is s, or so much of it that it has at most limit units with a note that it
// was cut, but the note at least; units is how many it has.
func cut(s string, limit int) (t string, units int) {
	const note = " [%d bytes cut]"
	keep := 0 // bytes of s that go with a note
	room := limit - len(note) - 20
	for i, r := range s {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units+n > limit {
			t = s[:keep] + fmt.Sprintf(note, len(s)-keep)
			return t, utf8.RuneCountInString(t)
		}
		if units += n; units <= room {
			keep = i + utf8.RuneLen(r)
		}
	}
	return s, units
}
