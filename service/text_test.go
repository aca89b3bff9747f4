package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// told is what a reader is told of an event.
type told struct {
	Source string
	Code   uint16
	By     eventlog.TextBy
	Text   string
}

func tell(t testing.TB, c eventlog.Cursor, err error, n int) (all []told) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var e eventlog.Event
	for range n {
		if err := c.Next(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, told{e.Source, e.Code(), e.MessageBy, e.Message})
	}
	return all
}

const (
	startedText = "The event log service was started."
	stoppedText = "The event log service was stopped."
)

func TestTexts(t *testing.T) {
	ctx := context.Background()
	s := open(t, t.TempDir(), nil)
	forged := &eventlog.Event{ID: ownEvents[ownStarted].id, Type: eventlog.Information, Source: "EventLog"}
	report(t, s, asUser, "quarry", forged)
	audit := ownSecurityCleared.event(asAdmin)
	report(t, s, asAdmin, "System", &eventlog.Event{ID: 7, Type: eventlog.Error, Source: "Disk"}, audit)
	message := eventlog.FieldMessage.Bit()
	for _, tt := range []struct {
		name, log string
		want      eventlog.Fields
		out       []told
	}{
		{"wanted", "System", eventlog.DefaultFields | message, []told{
			{"EventLog", 6005, eventlog.ByServer, startedText},
			{"Disk", 7, eventlog.NotSought, ""},
			{"Security", 517, eventlog.NotSought, ""}, // another log's own event, reported here by somebody
		}},
		{"nothing else wanted", "system", message, []told{{"EventLog", 6005, eventlog.ByServer, startedText}}},
		{"not wanted", "System", 0, []told{{"EventLog", 6005, eventlog.NotSought, ""}}},
		{"the name in another log", "Application", eventlog.DefaultFields | message, []told{{"EventLog", 6005, eventlog.NotSought, ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := openLogAs(t, s, asAdmin, tt.log)
			sel := &eventlog.Selection{Want: tt.want}
			c, err := l.Read(ctx, sel)
			if diff := cmp.Diff(tt.out, tell(t, c, err, len(tt.out))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if sel.Want != tt.want {
				t.Error("the selection was changed")
			}
			c, err = eventlog.Follow(ctx, l, &eventlog.Selection{Want: tt.want, Start: 1})
			if diff := cmp.Diff(tt.out, tell(t, c, err, len(tt.out))); diff != "" {
				t.Errorf("followed: -want +got\n%s", diff)
			}
		})
	}
}

// quarryMC is the message file of a source of the tests.
const quarryMC = `LanguageNames=(English=0x409:MSG00409)
LanguageNames=(German=0x407:MSG00407)
FacilityNames=(None=0x0)
MessageId=2 Severity=Success Facility=None
Language=English
Belts
.
Language=German
Bänder
.
MessageId=7 Severity=Success Facility=None
Language=English
Belt %1 is %2.
.
Language=German
Band %1 ist %2.
.
`

// TestSourceTexts: a source that is registered with a message file has text in its
// log, and in no other, by reading and by following, and as soon as it is registered.
func TestSourceTexts(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := open(t, t.TempDir(), nil)
	mc := filepath.Join(dir, "quarry.mc")
	if err := os.WriteFile(mc, []byte(quarryMC), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, log := range []string{"Quarry", "Other"} {
		if err := eventlog.CreateLog(ctx, s.As(asAdmin), log, eventlog.Settings{}); err != nil {
			t.Fatal(err)
		}
	}
	src := Source{Name: "Crusher", Log: "Quarry", MessageFiles: []string{mc}, CategoryFile: mc, CategoryCount: 2, Types: uint32(eventlog.Error)}
	e := &eventlog.Event{ID: 7, Type: eventlog.Error, Category: 2, Source: "CRUSHER", Strings: []string{"3", "jammed"}}
	report(t, s, asAdmin, "Quarry", e, &eventlog.Event{ID: 8, Type: eventlog.Error, Source: "Crusher"})
	report(t, s, asAdmin, "Other", e)
	read := func(log, lang string, follow bool) (all []string) {
		t.Helper()
		l := openLogAs(t, s, asAdmin, log)
		sel := &eventlog.Selection{Want: textFields, Lang: lang, Start: 1}
		c, err := l.Read(ctx, sel)
		if follow {
			c, err = eventlog.Follow(ctx, l, sel)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		i, err := l.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var e eventlog.Event
		for range i.Count() {
			if err := c.Next(ctx, &e); err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%v %s [%s]", e.MessageBy, e.Message, e.CategoryName))
		}
		return all
	}
	none := []string{"not sought  []", "not sought  []"}
	if diff := cmp.Diff(none, read("Quarry", "", false)); diff != "" {
		t.Errorf("not registered: -want +got\n%s", diff)
	}
	l := openLogAs(t, s, asAdmin, "Quarry")
	open, err := l.Read(ctx, &eventlog.Selection{Want: textFields})
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := eventlog.SetSource(ctx, s.As(asUser), src); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a user registers a source: %v", err)
	}
	if err := eventlog.SetSource(ctx, s.As(asAdmin), src); err != nil {
		t.Fatal(err)
	}
	english := []string{"server Belt 3 is jammed. [Belts]", "not sought  []"}
	german := []string{"server Band 3 ist jammed. [Bänder]", "not sought  []"}
	for _, follow := range []bool{false, true} {
		if diff := cmp.Diff(english, read("quarry", "", follow)); diff != "" {
			t.Errorf("follow %v: -want +got\n%s", follow, diff)
		}
		if diff := cmp.Diff(german, read("Quarry", "de,en", follow)); diff != "" {
			t.Errorf("follow %v: -want +got\n%s", follow, diff)
		}
	}
	if diff := cmp.Diff(none[:1], read("Other", "", false)); diff != "" {
		t.Errorf("in another log: -want +got\n%s", diff)
	}
	if err := open.Next(ctx, e); err != nil || e.Message != "Belt 3 is jammed." {
		t.Errorf("a walk that was open before: %q, %v", e.Message, err)
	}
}

// The strings of an audit event are in its text, and only the service makes them.
func TestAuditText(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	if err := eventlog.CreateLog(t.Context(), s.As(asAdmin), "Quarry", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	l := openLogAs(t, s, asAdmin, "Security")
	c, err := l.Read(t.Context(), &eventlog.Selection{Want: eventlog.FieldMessage.Bit()})
	got := tell(t, c, err, 1)[0]
	if want := "The Quarry log was created.\n\nUser: " + asAdmin.Name; got.By != eventlog.ByServer || !strings.HasPrefix(got.Text, want) {
		t.Errorf("%+v, want a text that begins with %q", got, want)
	}
}

// noText is a Resolver that knows nothing, and what it was asked.
type noText struct{ asked []string }

func (r *noText) Message(_ string, e *eventlog.Event) (string, eventlog.TextBy) {
	r.asked = append(r.asked, e.Source)
	return "", eventlog.NotFound
}

// A word in the text is a Maybe until Resolve settles it, with the service's text
// where it has one, and that is never sought elsewhere.
func TestTextSelected(t *testing.T) {
	s := open(t, t.TempDir(), nil)
	report(t, s, asAdmin, "System", &eventlog.Event{ID: 7, Type: eventlog.Error, Source: "Disk"})
	s.own(serviceEvent(ownStopped))
	s.own(serviceEvent(ownStopped))
	l := openLogAs(t, s, asUser, "System")
	sel := &eventlog.Selection{Limit: 1, Where: eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, "SERVICE WAS STOPPED")}
	c, err := l.Read(t.Context(), sel)
	if err != nil {
		t.Fatal(err)
	}
	var r noText
	c = eventlog.Resolve(c, sel, &r)
	defer c.Close()
	want := []told{{"EventLog", 6006, eventlog.ByServer, stoppedText}}
	if diff := cmp.Diff(want, tell(t, c, nil, 1)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := c.Next(t.Context(), new(eventlog.Event)); err == nil {
		t.Error("more than the limit")
	}
	if diff := cmp.Diff([]string{"Disk"}, r.asked); diff != "" {
		t.Errorf("asked for: -want +got\n%s", diff)
	}
	if n := eventlog.Examined(c); n < 3 {
		t.Errorf("examined %d", n)
	}
}

func TestInfoSDDL(t *testing.T) {
	ctx := context.Background()
	s := open(t, t.TempDir(), nil)
	rules := "D:(A;;0x2;;;BA)"
	if err := eventlog.CreateLog(ctx, s.As(asAdmin), "Quarry", eventlog.Settings{SDDL: &rules}); err != nil {
		t.Fatal(err)
	}
	rulesOf := func(c eventlog.Caller) map[string]string {
		list, err := s.As(c).Logs(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for _, i := range list {
			m[i.Name] = i.SDDL
		}
		return m
	}
	want := map[string]string{"Application": DefaultSDDL, "System": DefaultSystemSDDL, "Security": DefaultSecuritySDDL, "Quarry": rules}
	if diff := cmp.Diff(want, rulesOf(asAdmin)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for name, sddl := range rulesOf(asUser) {
		if sddl != "" {
			t.Errorf("%s: a user is shown %s", name, sddl)
		}
	}
	l := openLogAs(t, s, asAdmin, "System")
	if i, err := l.Info(ctx); err != nil || i.SDDL != DefaultSystemSDDL {
		t.Errorf("%q, %v", i.SDDL, err)
	}
	if err := eventlog.Set(ctx, l, eventlog.Settings{SDDL: &[]string{"O:BAG:SYD:(A;;0x7;;;BA)"}[0]}); err != nil {
		t.Fatal(err)
	}
	if i, err := l.Info(ctx); err != nil || i.SDDL != "O:BAG:SYD:(A;;0x7;;;BA)" {
		t.Errorf("%q, %v", i.SDDL, err)
	}
}
