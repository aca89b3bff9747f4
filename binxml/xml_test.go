package binxml

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

// begin is where the tests' fragments begin in their data.
const begin = 0x200

// open opens what build writes, as the fragment of a record, behind templates that
// are known already.
func open(t testing.TB, m *Machine, build func(b *logtest.BinXML) error, defined ...string) (Doc, error) {
	t.Helper()
	b := logtest.NewBinXML(begin)
	for _, text := range defined {
		if err := b.Define(text); err != nil {
			t.Fatal(err)
		}
	}
	begin := len(b.Data)
	if err := build(b); err != nil {
		t.Fatal(err)
	}
	b.Data = append(b.Data, 0)
	m.Load(b.Data, 0x10000)
	m.Begin(len(b.Data) - begin)
	return m.Open(begin, len(b.Data))
}

func str(s string) logtest.BinValue { return logtest.BinString(s) }

func TestAppendXML(t *testing.T) {
	null := logtest.BinValue{}
	number := func(n byte) logtest.BinValue { return logtest.BinValue{Type: byte(TypeUInt8), Bytes: []byte{n}} }
	for _, x := range []struct {
		name     string
		template string
		values   []logtest.BinValue
		want     string
	}{
		{"text", `<a>b</a>`, nil, `<a>b</a>`},
		{"empty", `<a/>`, nil, `<a/>`},
		{"open and closed", `<aOpen></aOpen>`, nil, `<aOpen></aOpen>`},
		{"attributes keep their order", `<a z="1" b="2" c="3"/>`, nil, `<a z='1' b='2' c='3'/>`},
		{"elements", `<a><b/><c><d>1</d></c>2<e/></a>`, nil, `<a><b/><c><d>1</d></c>2<e/></a>`},
		{"prefix", `<a xmlns:x="urn:x"><x:b x:c="d"/></a>`, nil, `<a xmlns:x='urn:x'><x:b x:c='d'/></a>`},
		{"escapes in text", `<a>{0:01}</a>`, []logtest.BinValue{str(`<&>"'`)}, `<a>&lt;&amp;&gt;"'</a>`},
		{"escapes in attributes", `<a b="{0:01}"/>`, []logtest.BinValue{str(`<&>"'`)}, `<a b='&lt;&amp;&gt;&quot;&apos;'/>`},
		{"escapes in the template", `<a b="&lt;&quot;&apos;">&lt;&quot;&apos;</a>`, nil, `<a b='&lt;&quot;&apos;'>&lt;"'</a>`},
		{"line ends stay", `<a>{0:01}</a>`, []logtest.BinValue{str("1\r\n\t2")}, "<a>1\r\n\t2</a>"},
		{"what XML cannot say", `<a>{0:01}</a>`, []logtest.BinValue{str("\x00\x01x\ufffey\uffffz\ufffd")}, "<a>\ufffd\ufffdx\ufffdy\ufffdz\ufffd</a>"},
		{"other scripts", `<a>{0:01}</a>`, []logtest.BinValue{str("Größe \U0001F600 ﷽")}, "<a>Größe \U0001F600 ﷽</a>"},
		{"half of a pair", `<a>{0:01}</a>`, []logtest.BinValue{{Type: 1, Bytes: []byte{'x', 0, 0x00, 0xd8}}}, "<a>x\ufffd</a>"},
		{"zeros at the end", `<a>{0:01}</a>`, []logtest.BinValue{str("x\x00\x00")}, `<a>x</a>`},
		{"character reference", `<a b="{#39}">{#13}{#1}</a>`, nil, "<a b='&#39;'>&#13;\ufffd</a>"},
		{"entities", `<a>{entity:lt}{entity:other}</a>`, nil, `<a>&lt;&amp;other;</a>`},
		{"CDATA", `<a>{cdata:&lt;b&gt;}</a>`, nil, `<a><![CDATA[<b>]]></a>`},
		{"CDATA that ends early", `<a>{cdata:]]&gt;}</a>`, nil, `<a>]]&gt;</a>`},
		{"instructions", `<a><?do  this?></a>`, nil, `<a><?do this?></a>`},
		{"literals", `<a>{06:=2a00}</a>`, nil, `<a>42</a>`},

		{"null", `<a>{0:01}</a>`, []logtest.BinValue{null}, `<a></a>`},
		{"value that is not there", `<a>{7:01}</a>`, nil, `<a></a>`},
		{"several pieces", `<a b="x{0:04}y{1:04}">{1:04}-{0:04}</a>`, []logtest.BinValue{number(1), number(2)}, `<a b='x1y2'>2-1</a>`},
		{"optional", `<a b="{0?:04}">{1?:04}</a>`, []logtest.BinValue{number(1), number(2)}, `<a b='1'>2</a>`},
		{"optional attribute that is null", `<a b="{0?:04}" c="3">4</a>`, []logtest.BinValue{null}, `<a c='3'>4</a>`},
		{"optional element that is null", `<z><a b="1">{0?:04}</a><c/></z>`, []logtest.BinValue{null}, `<z><c/></z>`},
		{"optional takes what is right around it", `<z><a><b>{0?:04}</b>1</a></z>`, []logtest.BinValue{null}, `<z><a>1</a></z>`},
		{"optional that is empty is there", `<a>{0?:01}</a>`, []logtest.BinValue{str("")}, `<a></a>`},
		{"dependency", `<z><a dependency="0">1</a><a dependency="1">2</a></z>`, []logtest.BinValue{null, number(1)}, `<z><a>2</a></z>`},
		{"dependency that is not there", `<z><a dependency="9">1</a></z>`, nil, `<z></z>`},

		{"array", `<z><a>{0:81}</a></z>`, []logtest.BinValue{logtest.BinStrings("1", "", "<3>")}, `<z><a>1</a><a></a><a>&lt;3&gt;</a></z>`},
		{"array with attributes", `<z><a b="{1:04}">{0:81}</a></z>`, []logtest.BinValue{logtest.BinStrings("1", "2"), number(7)}, `<z><a b='7'>1</a><a b='7'>2</a></z>`},
		{"array of nothing", `<z><a>{0:81}</a></z>`, []logtest.BinValue{{Type: 0x81}}, `<z></z>`},
		{"array of numbers", `<z><a>{0:86}</a></z>`, []logtest.BinValue{{Type: 0x86, Bytes: []byte{1, 0, 2, 0}}}, `<z><a>1</a><a>2</a></z>`},
		{"array among other text", `<a>x{0:81}</a>`, []logtest.BinValue{logtest.BinStrings("1", "2")}, `<a>x1, 2</a>`},
		{"array in an attribute", `<a b="{0:81}"/>`, []logtest.BinValue{logtest.BinStrings("1", "2")}, `<a b='1, 2'/>`},
	} {
		var m Machine
		d, err := open(t, &m, func(b *logtest.BinXML) error { return b.Instance(x.template, x.values...) })
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		for range 2 { // the steps are made once
			got, err := m.AppendXML([]byte("-"), &d)
			if err != nil || string(got) != "-"+x.want {
				t.Errorf("%s: %s, %v, want %s", x.name, got, err, x.want)
			}
			if err := wellFormed(string(got[1:])); err != nil {
				t.Errorf("%s: %v: %s", x.name, err, got)
			}
		}
	}
}

// wellFormed says what is wrong with an XML text. The library's names are those of
// an older edition of XML, and it takes no name that ends in a colon: that is no
// fault of the text.
func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			if strings.Contains(err.Error(), "invalid XML name") || strings.Contains(err.Error(), "expected element name") ||
				strings.Contains(err.Error(), "expected attribute name") || strings.Contains(err.Error(), "expected target name") {
				return nil
			}
			return err
		}
	}
}

// TestAppendXMLForms reads fragments without a template, and fragments in values.
func TestAppendXMLForms(t *testing.T) {
	const text = `<a b="1"><c>2</c>{04:=05}</a>`
	const want = `<a b='1'><c>2</c>5</a>`
	for name, x := range map[string]struct {
		build func(b *logtest.BinXML) error
		want  string
	}{
		"with dependencies":         {func(b *logtest.BinXML) error { return b.Elements(text, true) }, want},
		"without, as NetApp writes": {func(b *logtest.BinXML) error { return b.Elements(text, false) }, want},
		"behind a header":           {func(b *logtest.BinXML) error { b.Data = append(b.Data, 0x0f, 1, 1, 0); return b.Elements(text, false) }, want},
		"behind two headers": {func(b *logtest.BinXML) error {
			b.Data = append(b.Data, 0x0f, 1, 1, 0, 0x0f, 1, 1, 0)
			return b.Instance(`<a>{0:01}</a>`, str("x"))
		}, `<a>x</a>`},
		"instructions around it": {func(b *logtest.BinXML) error { return b.Elements(`<?p q?><a/><?r s?>`, true) }, `<?p q?><a/><?r s?>`},
		"an empty value":         {func(b *logtest.BinXML) error { return b.Instance(`<z>{0:21}</z>`, logtest.BinValue{Type: 0x21}) }, `<z></z>`},
	} {
		var m Machine
		d, err := open(t, &m, x.build)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := m.AppendXML(nil, &d); err != nil || string(got) != x.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, x.want)
		}
	}
	// Fragments in values, to the limit and beyond it.
	for depth, want := range map[int]string{1: "", 3: "", MaxNesting: "", MaxNesting + 1: "17 fragments inside of each other, at most 16: over a limit"} {
		var m Machine
		d, err := open(t, &m, func(b *logtest.BinXML) error { return nest(b, depth) }, nestText)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.AppendXML(nil, &d)
		if want == "" {
			want := strings.Repeat("<z>", depth-1) + "<z>end</z>" + strings.Repeat("</z>", depth-1)
			if err != nil || string(got) != want {
				t.Errorf("depth %d: %s, %v, want %s", depth, got, err, want)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, eventlog.ErrTooLarge) {
			t.Errorf("depth %d: %v, want %s", depth, err, want)
		}
	}
}

// nest writes fragments in each other, all of one template.
func nest(b *logtest.BinXML, depth int) error {
	var value func(depth int) (logtest.BinValue, error)
	value = func(depth int) (logtest.BinValue, error) {
		if depth == 0 {
			return str("end"), nil
		}
		return b.Value(14+4+4, func() error {
			v, err := value(depth - 1)
			if err != nil {
				return err
			}
			return b.Instance(nestText, v)
		})
	}
	v, err := value(depth - 1)
	if err != nil {
		return err
	}
	return b.Instance(nestText, v)
}

const nestText = `<z>{0:21}</z>`

const fourTimes = "<a>{0:21}{0:21}{0:21}{0:21}</a>"

// TestCost bounds what a record may cost: by values that are named again and
// again, on one level and on many.
func TestCost(t *testing.T) {
	long := str(strings.Repeat("x", 10000))
	for name, build := range map[string]func(b *logtest.BinXML) error{
		"one value, thousands of times": func(b *logtest.BinXML) error {
			return b.Instance("<a>"+strings.Repeat("{0:01}", 3000)+"</a>", long)
		},
		"an array of bytes in a long element": func(b *logtest.BinXML) error {
			name := strings.Repeat("n", 900)
			return b.Instance("<z><"+name+">{0:84}</"+name+"></z>", logtest.BinValue{Type: 0x84, Bytes: make([]byte, 20000)})
		},
		"elements as a value, again and again": func(b *logtest.BinXML) error {
			// An element whose name is that of the root in the first template.
			v := []byte{0x01, 0, 0, 0, 0}
			v = binary.LittleEndian.AppendUint32(v, begin+14+defHead+4+11)
			v = append(append(v, 0x02, 0x05, 0x01, 0xa0, 0x0f), make([]byte, 2*4000)...)
			return b.Instance("<a>"+strings.Repeat("{0:21}", 4000)+"</a>", logtest.BinValue{Type: 0x21, Bytes: append(v, 0x04, 0x00)})
		},
		"thousands of values, again and again": func(b *logtest.BinXML) error {
			v, err := b.Value(0, func() error { return b.Instance("<b/>", make([]logtest.BinValue, MaxValues)...) })
			if err != nil {
				return err
			}
			return b.Instance("<a>"+strings.Repeat("{0:21}", 4000)+"</a>", v)
		},
		"doubled on each level": func(b *logtest.BinXML) error {
			v := str("x")
			for range 15 {
				var err error
				inner := v
				if v, err = b.Value(0, func() error { return b.Instance(fourTimes, inner) }); err != nil {
					return err
				}
			}
			return b.Instance(fourTimes, v)
		},
	} {
		var m Machine
		d, err := open(t, &m, build, fourTimes, "<b/>")
		if err != nil {
			t.Fatal(err)
		}
		budget := m.left + m.grant
		got, err := m.AppendXML(nil, &d)
		if !errors.Is(err, errCost) {
			t.Errorf("%s: %d bytes, %v, want %v", name, len(got), err, errCost)
		}
		// One more value may be under way.
		if limit := budget + 1<<16; len(got) > limit {
			t.Errorf("%s: %d bytes of output, at most %d", name, len(got), limit)
		}
		if spent := budget - m.left; spent > budget+1<<17 {
			t.Errorf("%s: cost %d of %d", name, spent, budget)
		}
	}
}

// TestTemplateOnce holds that a template is compiled once, wherever it stands.
func TestTemplateOnce(t *testing.T) {
	var m Machine
	var first *Template
	for i := range 5 {
		b := logtest.NewBinXML(begin + 8*i)
		if err := b.Instance(`<a c="{0:01}"><b>{1:04}</b></a>`, str("x"), logtest.BinValue{Type: 4, Bytes: []byte{1}}); err != nil {
			t.Fatal(err)
		}
		m.Load(b.Data, 0)
		m.Begin(len(b.Data))
		d, err := m.Open(begin+8*i, len(b.Data))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = d.Template
		}
		if d.Template != first {
			t.Errorf("compiled again in chunk %d", i)
		}
	}
	if len(m.cache) != 1 {
		t.Errorf("%d templates are kept, want 1", len(m.cache))
	}
	// The same GUID and size do not make it the same.
	var b [2]*logtest.BinXML
	for i, text := range []string{`<a>{0:01}</a>`, `<b>{0:01}</b>`} {
		b[i] = logtest.NewBinXML(begin)
		if err := b[i].Instance(text, str("x")); err != nil {
			t.Fatal(err)
		}
		copy(b[i].Data[begin+14+4:], "0123456789abcdef")
		m.Load(b[i].Data, 0)
		m.Begin(len(b[i].Data))
		d, err := m.Open(begin, len(b[i].Data))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.AppendXML(nil, &d); err != nil || string(got) != strings.Replace(text, "{0:01}", "x", 1) {
			t.Errorf("%s, %v, want %s", got, err, text)
		}
	}
}

// TestMachineForgets fills the cache with more than it keeps.
func TestMachineForgets(t *testing.T) {
	var m Machine
	for i := range maxTemplates + 10 {
		d, err := open(t, &m, func(b *logtest.BinXML) error { return b.Instance(fmt.Sprintf("<a%d/>", i)) })
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.AppendXML(nil, &d); err != nil || string(got) != fmt.Sprintf("<a%d/>", i) {
			t.Fatalf("%s, %v", got, err)
		}
	}
	if len(m.cache) > maxTemplates || m.cached > maxTemplateBytes {
		t.Errorf("%d templates of %d bytes are kept", len(m.cache), m.cached)
	}
}

// FuzzOpen reads any data as a chunk with a fragment in it.
func FuzzOpen(f *testing.F) {
	for _, text := range []string{`<a b="{0?:01}">{1:81}<c dependency="1"/>{#13}{entity:amp}{cdata:x}<?p q?></a>`, `<a>{0:21}</a>`} {
		b := logtest.NewBinXML(begin)
		if err := b.Instance(text, str("x"), logtest.BinStrings("a", "b")); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Data[begin:], text)
	}
	b := logtest.NewBinXML(begin)
	if err := b.Instance(nestText, logtest.BinValue{Type: 0x21, Bytes: []byte{0x0c, 1, 0, 0, 0, 0, 14, 2, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 'x'}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Data[begin:], "<z/>")
	var m Machine
	f.Fuzz(func(t *testing.T, data []byte, _ string) {
		if len(data) > 1<<16 {
			return
		}
		chunk := append(make([]byte, begin), data...)
		m.Load(chunk, 0)
		m.Begin(len(data))
		d, err := m.Open(begin, len(chunk))
		if err != nil {
			checkError(t, err, len(chunk))
			return
		}
		got, err := m.AppendXML(nil, &d)
		if err != nil {
			checkError(t, err, len(chunk))
		} else if e := wellFormed(string(got)); e != nil {
			t.Errorf("%v: %.500q", e, got)
		}
		if limit := freeCost + costFactor<<16 + maxGrant + 6<<16; len(got) > limit {
			t.Errorf("%d bytes of output", len(got))
		}
		again, err := m.Open(begin, len(chunk))
		if err != nil || again.Template.GUID != d.Template.GUID || again.Len() != d.Len() {
			t.Errorf("opened again: %v", err)
		}
	})
}

// FuzzTemplate reads any data as a template's definition.
func FuzzTemplate(f *testing.F) {
	b := logtest.NewBinXML(begin)
	if err := b.Instance(`<a b="1{0?:01}"><c>{1:04}</c></a>`); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Data[begin+14+defHead:len(b.Data)-4], []byte{1, 0, 0, 0, 2, 0, 1, 0, 'x', 0})
	var m Machine
	f.Fuzz(func(t *testing.T, def, values []byte) {
		if len(def) > 1<<15 || len(values) > 1<<14 {
			return
		}
		chunk := append(make([]byte, begin), 0x0c, 1, 0, 0, 0, 0)
		chunk = binary.LittleEndian.AppendUint32(chunk, begin+10)
		chunk = append(chunk, make([]byte, 20)...)
		chunk = binary.LittleEndian.AppendUint32(chunk, uint32(len(def)))
		chunk = append(append(chunk, def...), values...)
		m.Load(chunk, 0)
		m.Begin(len(chunk) - begin)
		d, err := m.Open(begin, len(chunk))
		if err != nil {
			checkError(t, err, len(chunk))
			return
		}
		for _, n := range d.Template.Nodes() {
			if n.End < 0 || int(n.End) > len(d.Template.Nodes()) {
				t.Fatalf("node ends at %d", n.End)
			}
		}
		if got, err := m.AppendXML(nil, &d); err != nil {
			checkError(t, err, len(chunk))
		} else if e := wellFormed(string(got)); e != nil {
			t.Errorf("%v: %.500q", e, got)
		}
	})
}

func checkError(t *testing.T, err error, size int) {
	t.Helper()
	var f *eventlog.FormatError
	if !errors.As(err, &f) || f.Format != "binxml" || f.Offset > int64(size)+math32 {
		t.Errorf("an error without its place: %v", err)
	}
}

// math32 is how far an offset that the data claims may point.
const math32 = 1 << 32
