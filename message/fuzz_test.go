package message

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// FuzzPE opens whatever it is given and asks for all that a file may have.
func FuzzPE(f *testing.F) {
	table := tableOf(f, Message{1, "one\r\n"}, Message{2, "two"}, Message{0xc0000001, "%1"})
	for _, bits := range []int{32, 64} {
		b := buildPE(bits, res{11, 1, English, table}, res{11, 1, German, table}, res{"WEVT_TEMPLATE", 1, English, manifestBytes()})
		f.Add(b)
		f.Add(b[:len(b)-200])
		f.Add(b[:0x420])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := OpenPE(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if len(p.Damage()) > MaxErrors || len(p.resources) > MaxResources {
			t.Fatalf("%d damages, %d resources", len(p.Damage()), len(p.resources))
		}
		if len(p.resources) > 100 { // many names for the same few bytes: a few will do
			p.resources = p.resources[:100]
		}
		for _, l := range append(p.Languages(), German) {
			_, _, err := p.Message(1, l)
			if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
		}
		ts, _ := p.Tables()
		for i, tab := range ts {
			if i < 4 {
				checkTable(t, tab)
			}
		}
		ms, _ := p.Manifests()
		for i, m := range ms {
			if i < 4 {
				walkManifest(m)
			}
		}
	})
}

// checkTable: what All gives lies in the table, and Lookup finds the same in a table
// whose blocks are in order.
func checkTable(t *testing.T, tab *Table) {
	n := 0
	for text, err := range tab.All() {
		if n++; n > 10000 {
			return
		}
		if err != nil {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
			continue
		}
		s := text.String()
		if !utf8.ValidString(s) || len(s) > 3*len(text.Raw) {
			t.Fatalf("%#x: %q of %d bytes", text.ID, s, len(text.Raw))
		}
		if n > 100 {
			continue
		}
		again, ok := tab.Lookup(text.ID)
		if tab.sorted && (!ok || !bytes.Equal(again.Raw, text.Raw) || again.Flags != text.Flags) {
			t.Fatalf("%#x: All gives %q, Lookup %q, %v", text.ID, s, again.String(), ok)
		}
	}
}

// FuzzTable reads tables; what can be read whole makes a table with the same texts.
func FuzzTable(f *testing.F) {
	f.Add(tableOf(f, Message{1, "one\r\n"}, Message{2, "\u20ac\U0001f600"}, Message{0xffffffff, ""}), uint16(0x409))
	f.Add(rawTable(5, entryOf(0, []byte("\x80\xff\x00")), entryOf(FlagUTF8, []byte("\xc3")), entryOf(3, nil)), uint16(0x419))
	f.Add(append(le.AppendUint32(nil, 1), 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 16, 0, 0, 0, 4, 0, 0, 0), uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, lang uint16) {
		tab, err := NewTable(b, Lang(lang))
		if err != nil {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		checkTable(t, tab)
		texts := map[uint32]string{}
		var list []Message
		for text, err := range tab.All() {
			if err != nil || len(list) > 1000 {
				return
			}
			if _, ok := texts[text.ID]; ok {
				return
			}
			s := text.String()
			if units(s) > MaxTextUnits {
				return
			}
			texts[text.ID] = s
			list = append(list, Message{text.ID, s})
		}
		b, err = AppendTable(nil, list)
		if err != nil {
			t.Fatal(err)
		}
		if tab, err = NewTable(b, Lang(lang)); err != nil {
			t.Fatal(err)
		}
		got := map[uint32]string{}
		for text, err := range tab.All() {
			if err != nil {
				t.Fatal(err)
			}
			got[text.ID] = text.String()
		}
		if diff := cmp.Diff(texts, got); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
	})
}

// FuzzManifest asks a manifest for all that it defines.
func FuzzManifest(f *testing.F) {
	good := manifestBytes()
	f.Add(good)
	f.Add(good[:len(good)/2])
	for _, sig := range []string{"WEVT", "MAPS", "TEMP", "EVNT", "KEYW"} {
		b := bytes.Clone(good)
		le.PutUint32(b[bytes.Index(b, []byte(sig))+8:], 3)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b)
		if err != nil {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if len(m.Providers) > 4 {
			m.Providers = m.Providers[:4]
		}
		for _, err := range walkManifest(m) {
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Fatal(err)
			}
		}
		for _, p := range m.Providers {
			for e, err := range p.Events() {
				if err != nil {
					break
				}
				if _, ok := p.Event(e.ID, e.Version); !ok {
					t.Fatalf("event %d version %d is not found", e.ID, e.Version)
				}
				p.Opcode(e.Task, e.Opcode)
				p.Task(e.Task)
				break
			}
		}
	})
}

// FuzzInsert: the output has a bound, is as valid as what went in, and is the same
// from a Template.
func FuzzInsert(f *testing.F) {
	f.Add("The %1 service: %2!5d!, %3!08x!, %%5.%nMore%t%1!-20.3s!|%0x\r\n", "Spooler", "42", "%%1 %{S-1-5-18}", false)
	f.Add("%1!*.*s!%1!*.*u!%99%r%n%b%.%!% %%%", "5", "-3", "0xfff", true)
	f.Add("%1!c!%2!p!%3!#o!%1!I64d!%1!hX!", "65", "99999999999", "-1", false)
	f.Fuzz(func(t *testing.T, text, a, b, c string, crlf bool) {
		args := []string{a, b, c}
		opts := &Options{
			CRLF:  crlf,
			Param: func(id uint32) (string, bool) { return args[id%3], id < 100 },
			SID:   func(s nt.SID) (string, bool) { return s.Name(), true },
			GUID:  func(nt.GUID) (string, bool) { return "guid", true },
		}
		for _, o := range []*Options{nil, opts} {
			got := Insert([]byte("x"), text, args, o)
			if len(got) > MaxText+1 || got[0] != 'x' {
				t.Fatalf("%d bytes", len(got))
			}
			if utf8.ValidString(text+a+b+c) && utf8.ValidString(a) && utf8.ValidString(b) && utf8.ValidString(c) && !utf8.Valid(got) {
				t.Fatalf("%q from %q %q", got, text, args)
			}
			if again := NewTemplate(text).Append([]byte("x"), args, o); !bytes.Equal(got, again) {
				t.Fatalf("%q, and a Template gives %q", got, again)
			}
		}
		if !strings.ContainsAny(text, "%\r\n") && len(text) < MaxText {
			if got := Insert(nil, text, args, nil); string(got) != text {
				t.Fatalf("%q became %q", text, got)
			}
		}
	})
}

// FuzzMC reads sources; the tables of what could be read have the same texts.
func FuzzMC(f *testing.F) {
	f.Add([]byte(testMC))
	f.Add(nt.AppendUTF16([]byte{0xff, 0xfe}, testMC[:300]))
	f.Add([]byte("MessageId=+0x10 Facility=System\nSymbolicName=X\nLanguage=English\n%1!q!\n"))
	f.Add([]byte("SeverityNames=(A=1:B C=2 D) LanguageNames=(=) MessageId== Language=\n.\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseMC(b)
		if s == nil {
			t.Fatal(err)
		}
		var errs SourceErrors
		if err != nil && (!errors.As(err, &errs) || len(errs) == 0 || len(errs) > MaxErrors) {
			t.Fatalf("%T: %v", err, err)
		}
		for _, e := range errs {
			if e.Line < 1 || e.Col < 1 || e.Line > len(b)+2 || e.Col > len(b)+2 {
				t.Fatalf("%v in a source of %d bytes", e, len(b))
			}
		}
		ts, err := s.Compile()
		if err != nil {
			return
		}
		for _, m := range s.Messages {
			for _, text := range m.Texts {
				got, ok := ts.Message(m.ID, text.Lang)
				if !ok || got.Lang != text.Lang || got.String() != text.Text {
					t.Fatalf("%#x in %v: %q, %v, want %q", m.ID, text.Lang, got.String(), ok, text.Text)
				}
			}
		}
	})
}
