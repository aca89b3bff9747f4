package catalog

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

func TestMessage(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "NetMsg.dll", Tables: message.Tables{
		tableOf(t, English, message.Message{ID: 0xc0001b6f, Text: "The %1 service failed: %%%2, %%1833.\r\n"}, message.Message{ID: 7, Text: "seven\r\n"}, message.Message{ID: 8, Text: "only English"}),
		tableOf(t, German, message.Message{ID: 0xc0001b6f, Text: "Der Dienst %1 versagte: %%%2.\r\n"}),
	}})
	addFile(t, c, &File{Name: "second.dll", Tables: message.Tables{
		tableOf(t, Neutral, message.Message{ID: 7, Text: "second seven"}, message.Message{ID: 9, Text: "nine: %1 %2"}),
	}})
	addFile(t, c, &File{Name: "param.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1833, Text: "read it\r\n"})}})
	addFile(t, c, &File{Name: "kernelbase.dll", Tables: message.Tables{
		tableOf(t, English, message.Message{ID: 5, Text: "Access is denied.\r\n"}, message.Message{ID: 1833, Text: "not this"}),
		tableOf(t, German, message.Message{ID: 5, Text: "Zugriff verweigert\r\n"}),
	}})
	s := source("System", "Spooler", `%SystemRoot%\System32\NETMSG.DLL`, `C:\absent.dll`, `D:/x/Second.dll`)
	s.ParameterFile = "param.dll"
	must(t, c.AddSource(ctx, s))
	must(t, c.AddSource(ctx, source("Application", "Spooler", `second.dll`)))
	must(t, c.AddSource(ctx, source("", "Loose", `second.dll`)))

	sys := func(id uint32, list ...string) *eventlog.Event { return event("System", "Spooler", id, list...) }
	wantText(t, c, "", sys(0xc0001b6f, "Net", "5"), "The Net service failed: %5, read it.")
	for _, x := range []struct {
		lang string
		e    *eventlog.Event
		want string
	}{
		{"", sys(0xc0001b6f, "Net", "%%5"), "The Net service failed: %Access is denied., read it."},
		{"de-DE", sys(0xc0001b6f, "Net", "%%5"), "Der Dienst Net versagte: %Zugriff verweigert."},
		{"de-AT", sys(0xc0001b6f, "Net", "1"), "Der Dienst Net versagte: %1."},
		{"fr", sys(0xc0001b6f, "Net", "1"), "The Net service failed: %1, read it."},
		{"no language", sys(7), "seven"},
		{"", sys(7), "seven"},
		{"de", sys(8), "only English"},
		{"", sys(9, "a"), "nine: a %2"}, // the third file
		{"", sys(0x1b6f), ""},           // 32 bits, or nothing
		{"", sys(10), ""},
		{"", event("sYSTEM", "sPOOLER", 7), "seven"},
		{"", event("Application", "Spooler", 7), "second seven"},
		{"", event("Application", "Spooler", 8), ""},
		{"", event("Elsewhere", "Spooler", 7), "second seven"}, // any log, in the order of their names
		{"", event("Elsewhere", "Spooler", 8), "only English"},
		{"", event("System", "Loose", 7), "second seven"},
		{"", event("System", "Nobody", 7), ""},
		{"", event("System", strings.Repeat("x", MaxName+1), 7), ""},
	} {
		wantText(t, c, x.lang, x.e, x.want)
	}
	// The log's name, where no channel is known, and no origin at all.
	e := sys(7)
	e.Origin = &eventlog.Origin{Log: "System"}
	wantText(t, c, "", e, "seven")
	e.Origin = nil
	if text, by := c.Message("", e); text != "second seven" || by != eventlog.ByCatalogue {
		t.Errorf("without an origin: %q by %v", text, by)
	}
	wantNoDamage(t, c)

	d, err := Open(c.name, &Options{Lang: "de"})
	must(t, err)
	defer func() { must(t, d.Close()) }()
	wantText(t, d, "", sys(0xc0001b6f, "Net", "1"), "Der Dienst Net versagte: %1.")
	wantText(t, d, "en", sys(0xc0001b6f, "Net", "1"), "The Net service failed: %1, read it.")
}

// TestMessageUpdate: what is added is seen, and what it replaces is not.
func TestMessageUpdate(t *testing.T) {
	c := newTest(t)
	wantText(t, c, "", event("System", "S", 1), "")
	must(t, c.AddSource(ctx, source("System", "S", "a.dll")))
	wantText(t, c, "", event("System", "S", 1), "")
	first := &File{Name: "a.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "one"}, message.Message{ID: 2, Text: "two"})}}
	id := addFile(t, c, first)
	wantText(t, c, "", event("System", "S", 1), "one")

	// Another version: the one added last is asked first, the others for what it lacks.
	at = at.Add(1e9)
	addFile(t, c, &File{Name: "A.DLL", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "ONE"})}})
	wantText(t, c, "", event("System", "S", 1), "ONE")
	wantText(t, c, "", event("System", "S", 2), "two")

	// A source that says which file it means.
	s := source("System", "S", "a.dll")
	s.Files = map[string]FileID{"a.dll": id}
	must(t, c.AddSource(ctx, s))
	wantText(t, c, "", event("System", "S", 1), "one")

	// The same file again is no second one, and the newest from now on.
	at = at.Add(1e9)
	if again := addFile(t, c, first); again != id {
		t.Errorf("%v, and before %v", again, id)
	}
	files, err := c.Files(ctx)
	must(t, err)
	if len(files) != 2 || files[1].ID != id || !files[1].Added.Equal(at) {
		t.Errorf("%+v", files)
	}
	must(t, c.Update(ctx, func(tx *Tx) error { return tx.RemoveFile(id) }))
	wantText(t, c, "", event("System", "S", 1), "ONE")
	wantText(t, c, "", event("System", "S", 2), "")
	must(t, c.Update(ctx, func(tx *Tx) error { return tx.RemoveSource("system", "s") }))
	wantText(t, c, "", event("System", "S", 1), "")
	wantNoDamage(t, c)
}

func TestManifest(t *testing.T) {
	c := newTest(t)
	guid := nt.GUID{1, 2, 3}
	f, err := FileOf("prov.dll", openPE(t, peOf(manifestOf(guid, "Test-Provider"), tableOf(t, English,
		message.Message{ID: 100, Text: "wrong"}, message.Message{ID: 0xb0000064, Text: "hundred %1"}, message.Message{ID: 0xb0010064, Text: "hundred and one version"},
		message.Message{ID: 0x70000005, Text: "Work\r\n"}))))
	must(t, err)
	addFile(t, c, f)
	addFile(t, c, &File{Name: "texts.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 0xb0000065, Text: "elsewhere"}, message.Message{ID: 0x40000001, Text: "classic"})}})
	s := source("", "Test-Provider", "texts.dll")
	s.GUID = guid
	must(t, c.AddSource(ctx, s))

	with := func(g nt.GUID, id uint32, version uint8, keywords uint64) *eventlog.Event {
		e := event("Test/Operational", "Test-Provider", id, "x")
		e.Extra = &eventlog.Extra{ProviderGUID: g, Version: version, Keywords: keywords}
		return e
	}
	wantText(t, c, "", with(guid, 100, 0, 0), "hundred x")
	wantText(t, c, "", with(guid, 100, 1, 0), "hundred and one version")
	wantText(t, c, "", with(guid, 100, 2, 0), "")
	wantText(t, c, "", with(guid, 102, 0, 0), "")
	wantText(t, c, "", with(guid, 101, 0, 0), "elsewhere")
	wantText(t, c, "", with(nt.GUID{9}, 100, 0, 0), "")
	wantText(t, c, "", with(guid, 0x40000001, 0, eventlog.KeywordClassic), "classic")
	// Without a GUID the name leads to the provider, where only one text is possible.
	wantText(t, c, "", event("System", "test-provider", 101), "elsewhere")
	wantText(t, c, "", event("System", "test-provider", 100), "")

	e := with(guid, 100, 0, 0)
	for _, x := range []struct {
		category uint16
		want     string
	}{{5, "Work"}, {6, "100%_ok"}, {7, ""}, {0, ""}} {
		e.Category = x.category
		if text, by := c.Category("", e); text != x.want || (by == eventlog.NotFound) != (x.want == "") {
			t.Errorf("task %d: %q by %v, want %q", x.category, text, by, x.want)
		}
	}
	list, err := c.Providers(ctx, guid, "")
	must(t, err)
	if len(list) != 1 || list[0].Name != "Test-Provider" || len(list[0].Events) != 3 || len(list[0].Tasks) != 2 ||
		list[0].Events[1] != f.Providers[0].Events[1] || list[0].Tasks[0] != f.Providers[0].Tasks[0] {
		t.Errorf("have %+v\nwant %+v", list, f.Providers)
	}
	if _, err := c.Providers(ctx, nt.GUID{}, ""); !errors.Is(err, eventlog.ErrInvalid) {
		t.Error(err)
	}
	wantNoDamage(t, c)
}

func TestCategory(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "cat.dll", Tables: message.Tables{
		tableOf(t, English, message.Message{ID: 1, Text: "Disk\r\n"}, message.Message{ID: 3, Text: "Three\r\n"}),
		tableOf(t, German, message.Message{ID: 1, Text: "Platte\r\n"}),
	}})
	s := source("System", "S")
	s.CategoryFile, s.CategoryCount = `C:\cat.dll`, 2
	must(t, c.AddSource(ctx, s))
	s.Name, s.CategoryCount = "T", 0
	must(t, c.AddSource(ctx, s))
	for _, x := range []struct {
		source   string
		category uint16
		lang     string
		want     string
	}{{"S", 1, "", "Disk"}, {"S", 1, "de", "Platte"}, {"S", 2, "", ""}, {"S", 3, "", ""}, {"T", 3, "", "Three"}, {"S", 0, "", ""}, {"U", 1, "", ""}} {
		e := event("System", x.source, 1)
		e.Category = x.category
		if text, by := c.Category(x.lang, e); text != x.want || (by == eventlog.ByCatalogue) != (x.want != "") {
			t.Errorf("%+v: %q by %v", x, text, by)
		}
	}
	wantNoDamage(t, c)
}

// TestSecurityParameters: Security's %%n are those of msobjs.dll.
func TestSecurityParameters(t *testing.T) {
	c := newTest(t)
	for _, f := range []struct{ name, text string }{{"kernelbase.dll", "an error"}, {"msobjs.dll", "an access"}} {
		addFile(t, c, &File{Name: f.name, Tables: message.Tables{tableOf(t, English, message.Message{ID: 1537, Text: f.text})}})
	}
	addFile(t, c, &File{Name: "m.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "[%1]"})}})
	must(t, c.AddSource(ctx, source("Security", "A", "m.dll")))
	must(t, c.AddSource(ctx, source("System", "B", "m.dll")))
	wantText(t, c, "", event("Security", "A", 1, "%%1537"), "[an access]")
	wantText(t, c, "", event("System", "B", 1, "%%1537"), "[an error]")
	wantText(t, c, "", event("System", "B", 1, "%%1538"), "[%%1538]")
}

// TestMany: many goroutines, while another one adds.
func TestMany(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "m.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "one %1"})}})
	for i := range 20 {
		must(t, c.AddSource(ctx, source("System", fmt.Sprint("S", i), "m.dll")))
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				s := fmt.Sprint("S", (i+g)%20)
				if text, _ := c.Message("", event("System", s, 1, s)); text != "one "+s {
					t.Errorf("%q", text)
					return
				}
				if i%100 == 50 && g == 0 {
					if err := c.AddSource(ctx, source("System", fmt.Sprint("N", i), "m.dll")); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	wantNoDamage(t, c)
}

// TestForget: what is kept stays below its limit, and what is forgotten is read again.
func TestForget(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "m.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "one"})}})
	must(t, c.AddSource(ctx, source("System", "S", "m.dll")))
	name := strings.Repeat("x", MaxName-10)
	most := int64(0)
	for i := range 400 {
		if i == 200 { // as if much had been read
			c.cold.Lock()
			c.held = MaxHeld
			c.cold.Unlock()
		}
		c.Message("", event("System", fmt.Sprint(name, i), 1))
		c.cold.Lock()
		most = max(most, c.held)
		c.cold.Unlock()
	}
	if most > MaxHeld+MaxPath+8192 {
		t.Errorf("%d bytes kept", most)
	}
	c.warm.RLock()
	n := len(c.entries)
	c.warm.RUnlock()
	if n > 201 {
		t.Errorf("%d entries: nothing was forgotten", n)
	}
	wantText(t, c, "", event("System", "S", 1), "one")
}

func TestClosed(t *testing.T) {
	c, err := Create(filepath.Join(t.TempDir(), "c"), nil)
	must(t, err)
	must(t, c.AddSource(ctx, source("System", "S", "m.dll")))
	must(t, c.Close())
	if text, by := c.Message("", event("System", "S", 1)); text != "" || by != eventlog.NotFound {
		t.Errorf("%q by %v", text, by)
	}
	if _, err := c.List(ctx); err == nil {
		t.Error("a closed catalogue lists sources")
	}
}
