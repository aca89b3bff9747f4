package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/eventlog"
)

var origin = &eventlog.Origin{Server: ".", Log: "System"}

var sameExpr = cmp.Options{cmpopts.IgnoreUnexported(eventlog.Term{}), cmpopts.EquateEmpty()}

func TestSelection(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 30, 0, 123456789, time.UTC)
	for _, s := range []eventlog.Selection{
		{},
		{Backward: true, Start: math.MaxUint64, Slack: -1, Limit: 5, Budget: math.MaxInt64, Lang: "de-DE", Recovered: true, Want: eventlog.AllFields},
		{Since: at, Until: at.Add(time.Hour), Want: eventlog.FieldMessage.Bit()},
		{Where: eventlog.And{
			eventlog.Or{eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 7), eventlog.NumTerm(eventlog.FieldType, eventlog.BitAnd, 24)},
			eventlog.Not{X: eventlog.RangeTerm(eventlog.FieldTimeWritten, 0, math.MaxUint64)},
			eventlog.TextTerm(eventlog.FieldString, eventlog.Contains, `"ünï\u202e"`), eventlog.TextTerm(eventlog.FieldSource, eventlog.Prefix, ""),
			eventlog.NamedTerm(eventlog.FieldNamed, "TargetUserName", eventlog.Eq, "fred"), eventlog.Or{}, eventlog.And{},
			eventlog.TextTerm(eventlog.FieldSource, eventlog.Like, `a*\?`), eventlog.NamedTerm(eventlog.FieldString, "2", eventlog.Differs, "x"),
			eventlog.NumberTerm(eventlog.FieldNamed, "Port", eventlog.Range, 1, 1023), eventlog.NumberTerm(eventlog.FieldString, "1", eventlog.BitAnd, 4, 4),
			eventlog.NumTerm(eventlog.FieldKeywords, eventlog.BitAnd, math.MaxUint64),
		}},
	} {
		sent, err := SelectionOf(&s, origin)
		if err != nil {
			t.Errorf("%+v: %v", s, err)
			continue
		}
		b, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var got Selection
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		back, err := got.Selection()
		if err != nil {
			t.Errorf("%s: %v", b, err)
			continue
		}
		if d := cmp.Diff(&s, back, sameExpr); d != "" {
			t.Errorf("%s: %s", b, d)
		}
	}
}

// TestSelectionHere decides here what the other end cannot know, and sends bounds
// that RFC 3339 cannot say as what must hold.
func TestSelectionHere(t *testing.T) {
	far := time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		s    eventlog.Selection
		want string
	}{
		{eventlog.Selection{Where: eventlog.TextTerm(eventlog.FieldServer, eventlog.Eq, ".")}, `{"where":{"and":[]}}`},
		{eventlog.Selection{Where: eventlog.Not{X: eventlog.TextTerm(eventlog.FieldLog, eventlog.Prefix, "sec")}}, `{"where":{"not":{"or":[]}}}`},
		{eventlog.Selection{Since: far}, `{"where":{"and":[{"field":"time","op":"range","number":5806162944000000000,"to":18446744073709551615}]}}`},
		{eventlog.Selection{Until: far.AddDate(-30000, 0, 0)}, `{"where":{"and":[{"or":[]}]}}`},
		{eventlog.Selection{After: []eventlog.Mark{{Server: "other", Log: "System", Record: 3}, {Server: ".", Log: "SYSTEM", Record: 4}}}, `{"after":{"record":4}}`},
	} {
		sent, err := SelectionOf(&x.s, origin)
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := json.Marshal(sent)
		if err != nil || string(b) != x.want {
			t.Errorf("got %s, %v, want %s", b, err, x.want)
		}
	}
	if _, err := SelectionOf(&eventlog.Selection{Where: eventlog.And{nil}}, origin); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("an empty part was taken: %v", err)
	}
}

func TestLog(t *testing.T) {
	for _, i := range []eventlog.Info{
		{Name: "System"},
		{
			Name: "System", Channel: "System", Oldest: 3, Next: 9, Generation: 2, OldestTime: time.Unix(1, 0).UTC(), NewestTime: time.Unix(2, 0).UTC(),
			Size: 65536, MaxSize: 1 << 40, Retention: eventlog.RetainForever, Full: true, Dirty: true, SDDL: "D:(A;;0x7;;;BA)",
			Can: eventlog.CanFollow | eventlog.CanReport | eventlog.CanBackup | eventlog.CanClear | eventlog.CanSet | eventlog.CanRecover,
		},
		{Name: "x", Retention: 48 * time.Hour},
	} {
		b, err := json.Marshal(LogOf(&i))
		if err != nil {
			t.Fatal(err)
		}
		var l Log
		if err := json.Unmarshal(b, &l); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(i, l.Info()); d != "" {
			t.Errorf("%s: %s", b, d)
		}
	}
}

// TestStreamBreaks gives a stream that ends, or goes wrong, at different places.
func TestStreamBreaks(t *testing.T) {
	begin := `{"netelf":"begin","mark":{"record":0}}` + "\n"
	event := `{"record":5,"event_id":7,"type":"error"}` + "\n"
	for _, x := range []struct{ stream, err string }{
		{"", "broke off"},
		{"nonsense\n", "stream"},
		{`{"netelf":"end"}` + "\n", "does not begin"},
		{begin, "broke off"},
		{begin + event, "broke off"},
		{begin + event[:20], "broke off"},
		{begin + event + `{"netelf":"end","mark":{"record":5}}`, "broke off"},
		{begin + event + `{"netelf":"error"}` + "\n", "does not say which"},
		{begin + event + `{"netelf":"error","problem":{"code":"new-code","detail":"what it says"}}` + "\n", "what it says"},
		{begin + event + `{"netelf":` + "\n", "stream"},
		{begin + event + `{"record":"x"}` + "\n", "stream"},
		{begin + `{"netelf":"new"}` + "\n" + event + `{"netelf":"end"}` + "\n" + "more\n", "EOF"},
	} {
		_, err := drain(t, []byte(x.stream))
		if err == nil || !strings.Contains(err.Error(), x.err) {
			t.Errorf("%q: got %v, want %q", x.stream, err, x.err)
		}
	}
}

// drain reads a stream to its end.
func drain(t testing.TB, stream []byte) (events int, end error) {
	c, err := newCursor(t.Context(), origin, io.NopCloser(bytes.NewReader(stream)), func() {}, errBroken)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	var e eventlog.Event
	for {
		err := c.Next(t.Context(), &e)
		if _, lost := eventlog.AsLoss(err); lost {
			continue
		}
		if err != nil {
			return events, err
		}
		if events++; e.Origin != origin {
			t.Fatalf("an event of %v", e.Origin)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(`{"netelf":"begin","mark":{"record":0}}
{"record":5,"event_id":7,"type":"error","strings":["a"],"data":"AAEC"}
{"netelf":"loss","first":1,"last":4,"offset":7,"problem":{"code":"damaged"}}
{"netelf":"at","mark":{"record":9,"time":"2026-11-22T08:30:00Z"}}
{"record":6}
{"netelf":"end","mark":{"record":6},"examined":3}
`))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := drain(t, b)
		if err == nil {
			t.Fatal("no end")
		}
		if n > bytes.Count(b, []byte{'\n'}) {
			t.Fatalf("%d events in %d lines", n, bytes.Count(b, []byte{'\n'}))
		}
	})
}

func FuzzSelection(f *testing.F) {
	f.Add([]byte(`{"backward":true,"after":{"record":3,"time":"2026-11-22T08:30:00Z"},"where":{"and":[{"field":"id","number":7},{"not":{"field":"source","op":"prefix","text":"x"}},{"field":"time","op":"range","number":1,"to":2}]},"want":["record"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Selection
		if json.Unmarshal(b, &s) != nil {
			return
		}
		x, err := s.Selection()
		if err != nil {
			return
		}
		if err := eventlog.CheckExpr(x.Where); err != nil {
			t.Fatal(err)
		}
		again, err := SelectionOf(x, origin)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Selection(); err != nil {
			t.Fatal(err)
		}
	})
}
