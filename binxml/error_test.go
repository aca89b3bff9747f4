package binxml

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// TestErrors damages a record's fragment in one place after the other.
func TestErrors(t *testing.T) {
	const template = `<a b="{0:01}">c</a>`
	b := logtest.NewBinXML(begin)
	if err := b.Instance(template, str("xyz")); err != nil {
		t.Fatal(err)
	}
	whole := b.Data
	// Where things stand: behind the fragment's header the instance, in it the
	// definition, in that another header and the element.
	const instance, def = begin + 4, begin + 14
	const elem = def + defHead + 4
	const attr = elem + 7 + 4 + 12 + 4 // behind the element, its name and the length of its attributes
	specs := len(whole) - 6 - 4 - 4
	put := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return b }
	}
	cut := func(at int) func([]byte) []byte { return func(b []byte) []byte { return b[:at] } }
	for _, x := range []struct {
		name   string
		damage func([]byte) []byte
		want   string
	}{
		{"empty", cut(begin), "Fragment at offset 0x10200: no element"},
		{"nothing but a header", cut(begin + 4), "Fragment at offset 0x10204: no element"},
		{"instance cut off", cut(instance + 9), "TemplateInstance at offset 0x10204: need 10 bytes, have 9"},
		{"definition outside", put(instance+6, 0xff, 0xff, 0xff, 0x7f), "TemplateDef at offset 0x8000ffff: offset 0x7fffffff lies outside of the 0x2"},
		{"definition too long", put(def+20, 0xff, 0xff, 0, 0), "TemplateDef.TemplateDefByteLength at offset 0x10222: need 65535 bytes, have "},
		{"definition of 4 GiB", put(def+20, 0xff, 0xff, 0xff, 0xff), "TemplateDef.TemplateDefByteLength at offset 0x10222: need "},
		{"definition of nothing", put(def+20, 4, 0, 0, 0), "Fragment at offset 0x1022a: no element"},
		{"definition that ends in its element", put(def+20, 13, 0, 0, 0), "OpenStartElement at offset 0x10231: need 4 bytes, have 2"},
		{"definition that ends in an attribute", put(def+20, attr-def-defHead+1, 0, 0, 0), "Attribute at offset 0x10246: need 4 bytes, have 0"},
		{"unknown token", put(elem, 0x1f), "Token at offset 0x1022a: 0x1f is no token"},
		{"an end first", put(elem, 0x04), "EndElement at offset 0x1022a: not allowed here"},
		{"an attribute first", put(elem, 0x06), "Attribute at offset 0x1022a: not allowed here"},
		{"text first", put(elem, 0x05), "ValueText at offset 0x1022a: not allowed here"},
		{"a template in a template", put(elem, 0x0c), "Token at offset 0x1022a: 0x0c is no token"},
		{"name outside", put(elem+7, 0xff, 0xff, 0xff, 0), "Name at offset 0x100ffff: offset 0xffffff lies outside of the 0x2"},
		{"name too long", put(elem+11+6, 0xff, 0xff), "Name.NumChars at offset 0x1023b: 65535 characters, at most 1024: over a limit"},
		{"name of nothing", put(elem+11+6, 0, 0), `Name.Chars at offset 0x1023d: "" is no name of XML`},
		{"name with markup", put(elem+11+8, '<'), `Name.Chars at offset 0x1023d: "<" is no name of XML`},
		{"name that begins with a digit", put(elem+11+8, '1'), `Name.Chars at offset 0x1023d: "1" is no name of XML`},
		{"element in a start tag", put(attr, 0x01), "OpenStartElement at offset 0x10245: not allowed here"},
		{"CDATA in an attribute", put(attr+1+4+12, 0x07), "CDATASection at offset 0x10256: not allowed here"},
		{"text of an unknown type", put(len(whole)-6-4-4-1-1-2-2-2, 0x05, 0x55), "ValueText.ValueType at offset"},
		{"substitution number too large", put(attr+1+4+12+1, 0xff, 0xff), "NormalSubstitution.SubstitutionId at offset 0x10257: 65536 values, at most 4096: over a limit"},
		{"values cut off", cut(specs + 3), "TemplateInstanceData.NumValues at offset 0x10263: need 4 bytes, have 3"},
		{"too many values", put(specs, 1, 0x10), "TemplateInstanceData.NumValues at offset 0x10263: 4097 values, at most 4096: over a limit"},
		{"as many values as there are numbers", put(specs, 0xff, 0xff, 0xff, 0xff), "TemplateInstanceData.NumValues at offset 0x10263: "},
		{"more values than bytes", put(specs, 100, 0), "TemplateInstanceData.ValueSpec at offset 0x10267: need 400 bytes, have 10"},
		{"value too long", put(specs+4, 7), "TemplateInstanceData.ValueByteLength at offset 0x10267: value 0 of 0x7 bytes ends 0x1 bytes behind the fragment"},
	} {
		var m Machine
		data := x.damage(bytes.Clone(whole))
		m.Load(data, 0x10000)
		m.Begin(len(data))
		_, err := m.Open(begin, len(data))
		var f *eventlog.FormatError
		if !errors.As(err, &f) || !strings.HasPrefix(err.Error(), "binxml: "+x.want) {
			t.Errorf("%s: %v, want binxml: %s", x.name, err, x.want)
		}
	}
	// All of them one byte shorter or with one bit turned: never a panic.
	for n := begin; n < len(whole); n++ {
		var m Machine
		for bit := range 8 {
			data := bytes.Clone(whole)
			data[n] ^= 1 << bit
			try(&m, data)
		}
		try(&m, whole[:n])
	}
}

func try(m *Machine, data []byte) {
	m.Load(data, 0)
	m.Begin(len(data))
	if d, err := m.Open(begin, len(data)); err == nil {
		_, _ = m.AppendXML(nil, &d)
	}
}

// TestLimits goes to each limit and one beyond.
func TestLimits(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + "x" + strings.Repeat("</a>", n) }
	for _, x := range []struct {
		name, template string
		values         int
		want           string
	}{
		{"depth", deep(MaxDepth), 0, ""},
		{"depth, one more", deep(MaxDepth + 1), 0, "65 levels, at most 64"},
		{"name", "<" + strings.Repeat("n", MaxNameUnits) + "/>", 0, ""},
		{"name, one more", "<" + strings.Repeat("n", MaxNameUnits+1) + "/>", 0, "1025 characters, at most 1024"},
		{"values", "<a>{0:04}{4095:04}</a>", MaxValues, ""},
		{"values, one more", "<a>{0:04}</a>", MaxValues + 1, "4097 values, at most 4096"},
		{"value number", "<a>{4096:04}</a>", 1, "4097 values, at most 4096"},
	} {
		var m Machine
		_, err := open(t, &m, func(b *logtest.BinXML) error {
			values := make([]logtest.BinValue, x.values)
			return b.Instance(x.template, values...)
		})
		switch {
		case x.want == "" && err != nil:
			t.Errorf("%s: %v", x.name, err)
		case x.want != "" && (!errors.Is(err, eventlog.ErrTooLarge) || !strings.Contains(err.Error(), x.want)):
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
}

// TestLinear counts what reading a template costs: names that are used again and
// again point to one long name, so that the canonical form is longer than the data.
func TestLinear(t *testing.T) {
	long := strings.Repeat("n", MaxNameUnits)
	text := "<a>" + strings.Repeat("<"+long+"/>", 4000) + "</a>"
	var m Machine
	_, err := open(t, &m, func(b *logtest.BinXML) error { return b.Instance(text) })
	if !errors.Is(err, eventlog.ErrTooLarge) || !strings.Contains(err.Error(), "bytes, at most 262144") {
		t.Errorf("%v, want a limit", err)
	}
	if n := len(m.canon); n > MaxFragment+4*MaxNameUnits {
		t.Errorf("the canonical form has %d bytes", n)
	}
}

// TestNames holds which names can stand in a tag.
func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "Größe": true, "x:y-1.2": true, "_": true, "名前": true, "a\u0301": true, "": false, "1a": false, "-": false, "a b": false,
		"a>": false, "a'": false, "a\x00": false, "\u0301": false, "a\u2028": false, "a\ufffe": false, "\U0001F600": false,
	} {
		if got := isName(utf16(name)); got != want {
			t.Errorf("%+q: %v, want %v", name, got, want)
		}
	}
}

// TestNameHash is the hash that files of Windows have: of "Event", 0x0cba.
func TestNameHash(t *testing.T) {
	for name, want := range map[string]uint16{"Event": 0x0cba, "System": 0x546f, "xmlns": 0x0fbc} {
		if got := hashName(utf16(name)); got != want {
			t.Errorf("%s: %#x, want %#x", name, got, want)
		}
	}
}

// TestWork bounds what is made of one piece of data, however many records point
// into it.
func TestWork(t *testing.T) {
	b := logtest.NewBinXML(begin)
	if err := b.Elements("<a>"+strings.Repeat("x", 20000)+"</a>", true); err != nil {
		t.Fatal(err)
	}
	var m Machine
	m.Load(b.Data, 0)
	n := 0
	for ; ; n++ {
		m.Begin(len(b.Data))
		if _, err := m.Open(begin, len(b.Data)); errors.Is(err, errCost) {
			break
		} else if err != nil || n > maxWork {
			t.Fatal(n, err)
		}
	}
	if want := maxWork / 40000; n < want-1 || n > want+1 {
		t.Errorf("%d times, want about %d", n, want)
	}
	m.Load(b.Data, 0)
	m.Begin(len(b.Data))
	if _, err := m.Open(begin, len(b.Data)); err != nil {
		t.Errorf("of the next chunk: %v", err)
	}
}
