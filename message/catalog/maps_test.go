package catalog

import (
	"errors"
	"math"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/nt"
)

// TestMappedText: the data of an event of a manifest that have maps are shown by the names of
// their values, and all others as they are.
func TestMappedText(t *testing.T) {
	guid := nt.GUID{7}
	c := newTest(t)
	f := namedFile(t, guid)
	f.Providers[0].Maps[1].Entries = append(f.Providers[0].Maps[1].Entries,
		message.MapEntry{Value: 3, MessageID: 0x10000003}, message.MapEntry{Value: 4, MessageID: message.NoMessage},
		message.MapEntry{Value: 5, MessageID: 0xd0000005}, message.MapEntry{Value: math.MaxUint32, MessageID: 0xd0000001})
	addFile(t, c, f)
	other := newTest(t)
	must(t, other.Merge(ctx, c))
	for _, c := range []*Catalog{c, other} {
		for _, x := range []struct {
			lang   string
			values string
			want   string
		}{
			{"", "1 1 1 1", "1 is On, has On, and 1"},
			{"", "x 2 0x2 y", "x is Off%1, has Off%1, and y"},
			{"de", "1 1 2 1", "1 is An, has Off%1, and 1"},
			{"", "1 3 3 1", "1 is 3, has Third, and 1"},
			{"", "1 0 4 1", "1 is 0, has 4, and 1"},
			{"", "1 01 5 1", "1 is On, has 5, and 1"},
			{"", "1 0x1 -1 1", "1 is On, has On, and 1"},
			{"", "1 4294967297 4294967295 1", "1 is 4294967297, has On, and 1"},
			{"", "1 -4294967295 0xffffffff 1", "1 is -4294967295, has On, and 1"},
			{"", "1 one 1.0 1", "1 is one, has 1.0, and 1"},
			{"", "1 2", "1 is Off%1, has %3, and %4"},
			{"", "1", "1 is %2, has %3, and %4"},
		} {
			e := event("Test/Operational", "Named", 201, strings.Fields(x.values)...)
			e.Extra = &eventlog.Extra{ProviderGUID: guid}
			wantText(t, c, x.lang, e, x.want)
			if strings.Join(e.Strings, " ") != x.values {
				t.Errorf("the event has become %q", e.Strings)
			}
		}
		e := event("Test/Operational", "Named", 201, "1", "1", "1", "1")
		e.Extra = &eventlog.Extra{ProviderGUID: guid, Version: 1}
		wantText(t, c, "", e, "")
		wantNoDamage(t, c)
	}
}

// TestMappedClassic: an event that does not say its version has maps where its text comes
// from the manifest, and only one version is there.
func TestMappedClassic(t *testing.T) {
	guid := nt.GUID{7}
	c := newTest(t)
	f := namedFile(t, guid)
	addFile(t, c, f)
	addFile(t, c, &File{Name: "own.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 201, Text: "own %2"})}})
	s := source("System", "Named")
	s.GUID = guid
	must(t, c.AddSource(ctx, s))
	s = source("System", "Own", "own.dll")
	s.GUID = guid
	must(t, c.AddSource(ctx, s))
	wantText(t, c, "", event("System", "Named", 201, "1", "1", "1", "1"), "1 is On, has On, and 1")
	wantText(t, c, "", event("System", "Own", 201, "1", "1"), "own 1")

	two := *f
	p := f.Providers[0]
	two.Name = "two.dll"
	e := p.Events[1]
	e.Version = 1
	p.Events = append(append([]message.EventDefinition(nil), p.Events...), e)
	two.Providers = []Provider{p}
	c = newTest(t)
	addFile(t, c, &two)
	s = source("System", "Named")
	s.GUID = guid
	must(t, c.AddSource(ctx, s))
	wantText(t, c, "", event("System", "Named", 201, "1", "1", "1", "1"), "1 is 1, has 1, and 1")
	wantNoDamage(t, c)
}

// TestMappedHostile: maps that are too long for an event, or are nowhere, cost themselves.
func TestMappedHostile(t *testing.T) {
	guid := nt.GUID{7}
	e := event("Test/Operational", "Named", 201, "1", "1", "1", "1")
	e.Extra = &eventlog.Extra{ProviderGUID: guid}
	for _, x := range []struct{ name, query string }{
		{"too long", `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i < 40000)
			INSERT INTO provider_map_entry (provider, map, ord, value, message_id) SELECT p.id, 0, i, i, 3489660929 FROM provider p, n`},
		{"a number of 64 bits", `UPDATE provider_map_entry SET value = 1 << 40`},
	} {
		c := newTest(t)
		addFile(t, c, namedFile(t, guid))
		_, err := c.conn.ExecContext(ctx, x.query)
		must(t, err)
		wantText(t, c, "", e, "1 is 1, has 1, and 1")
		if d := c.Damage(); len(d) != 1 || !errors.Is(d[0], eventlog.ErrCorrupt) {
			t.Errorf("%s: %v", x.name, d)
		}
	}
	// A map that is nowhere names nothing.
	c := newTest(t)
	addFile(t, c, namedFile(t, guid))
	_, err := c.conn.ExecContext(ctx, `UPDATE provider_mapped SET map = 99 WHERE item = 1`)
	must(t, err)
	wantText(t, c, "", e, "1 is 1, has On, and 1")
}

// TestAccountNames: SIDs that all computers have are named, where they stand in %{ }.
func TestAccountNames(t *testing.T) {
	c := newTest(t)
	addFile(t, c, &File{Name: "m.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "[%1]"})}})
	must(t, c.AddSource(ctx, source("Security", "Security", "m.dll")))
	for _, x := range [][2]string{
		{"%{S-1-5-18}", `NT AUTHORITY\SYSTEM`},
		{"%{S-1-5-32-544} and %{s-1-1-0}", `BUILTIN\Administrators and Everyone`},
		{"%{S-1-5-21-1-2-3-500}", "%{S-1-5-21-1-2-3-500}"},
		{"S-1-5-18", "S-1-5-18"},
		{"%{S-1-5-18", "%{S-1-5-18"},
		{"%{S-1-5-x}", "%{S-1-5-x}"},
		{"%{bf967aba-0de6-11d0-a285-00aa003049e2}", "%{bf967aba-0de6-11d0-a285-00aa003049e2}"},
		{"%%1833", "%%1833"},
	} {
		wantText(t, c, "", event("Security", "Security", 1, x[0]), "["+x[1]+"]")
	}
}
