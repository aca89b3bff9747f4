package binxml

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// step is one step of writing a template as XML. What never changes is written
// in one piece: lit stands before each step.
type step struct {
	lit      string
	kind     stepKind
	attr     bool   // of stepSub: inside of an attribute's value
	optional bool   // of stepSub: null leaves out what is around it; of stepElement: there is such a value right inside
	sub      uint16 // of stepSub; of stepElement the dependency
	end      int32  // of stepElement and stepAttr: the step behind all of it
	only     int32  // of both: the content is this value alone, an element is repeated for each element of it; -1: not
}

type stepKind uint8

const (
	stepEnd     stepKind = iota
	stepElement          // that may be left out or repeated
	stepAttr             // that may be left out
	stepSub
)

// AppendXML appends d as XML, as Windows writes it: attributes in single
// quotation marks, no white space but what is in the values. An element or
// attribute with an optional value that is null is left out ([MS-EVEN6] 3.1.4.7.2),
// and so is an element whose DependencyID names one. An element whose content is
// one array is repeated for each of its elements. On an error what is appended is
// not whole.
func (m *Machine) AppendXML(dst []byte, d *Doc) ([]byte, error) {
	return m.appendXML(dst, d, 1)
}

func (m *Machine) appendXML(dst []byte, d *Doc, depth int) ([]byte, error) {
	t := d.Template
	if t.xml == nil {
		t.xml = xmlSteps(t.nodes)
	}
	w := xmlWriter{m: m, d: d, dst: dst, depth: depth}
	err := w.run(0, int32(len(t.xml)), nil)
	return w.dst, err
}

type xmlWriter struct {
	m     *Machine
	d     *Doc
	dst   []byte
	depth int
}

// run writes the steps from pc up to to; item stands in for the value of the
// element that is repeated.
func (w *xmlWriter) run(pc, to int32, item *Value) error {
	for pc < to {
		s := &w.d.Template.xml[pc]
		begin := len(w.dst)
		w.dst = append(w.dst, s.lit...)
		pc++
		switch s.kind {
		case stepElement:
			if s.sub != noDependency && w.null(s.sub) || s.optional && w.missing(s, pc) {
				pc = s.end
				break
			}
			if s.only < 0 || int(s.only) >= len(w.d.values) || w.d.values[s.only].typ()&TypeArray == 0 {
				break
			}
			v := w.d.Value(int(s.only))
			for {
				x, ok := v.Next()
				if !ok {
					break
				}
				if err := w.run(pc, s.end, &x); err != nil {
					return err
				}
			}
			pc = s.end
		case stepAttr:
			if w.missing(s, pc) {
				pc = s.end
			}
		case stepSub:
			if err := w.value(s, item); err != nil {
				return err
			}
		}
		if !w.m.Charge(1 + len(w.dst) - begin) {
			return w.m.formatError("TemplateInstance", "", 0, errCost)
		}
	}
	return nil
}

func (w *xmlWriter) null(sub uint16) bool {
	return int(sub) >= len(w.d.values) || w.d.values[sub].typ() == TypeNull
}

// missing says whether an optional value right inside of s is null: not inside of
// an element or attribute in it, which has its own.
func (w *xmlWriter) missing(s *step, pc int32) bool {
	if s.only >= 0 {
		return w.null(uint16(s.only))
	}
	for end := s.end; pc < end; {
		s := &w.d.Template.xml[pc]
		switch {
		case s.kind == stepElement || s.kind == stepAttr:
			pc = s.end
			continue
		case s.kind == stepSub && s.optional && w.null(s.sub):
			return true
		}
		pc++
	}
	return false
}

func (w *xmlWriter) value(s *step, item *Value) error {
	var v Value
	if item != nil && !s.attr {
		v = *item
	} else {
		v = w.d.Value(int(s.sub))
		if v.Type == TypeBinXML && !s.attr {
			if len(v.Bytes) == 0 {
				return nil
			}
			if w.depth == MaxNesting {
				return w.m.formatError("BinXml", "", int(w.d.values[s.sub].at), errOver("fragments inside of each other", w.depth+1, MaxNesting))
			}
			inner := &w.m.inner[w.depth]
			var err error
			if *inner, err = w.m.OpenValue(w.d, int(s.sub)); err == nil {
				w.dst, err = w.m.appendXML(w.dst, inner, w.depth+1)
			}
			return err
		}
	}
	switch v.Type {
	case TypeString, TypeAnsiString, TypeEvtXML, TypeString | TypeArray, TypeAnsiString | TypeArray:
		w.dst = appendEscaped(w.dst, v, s.attr)
	default:
		w.dst = v.AppendText(w.dst)
	}
	return nil
}

// appendEscaped appends text with what XML makes necessary.
func appendEscaped(dst []byte, v Value, attr bool) []byte {
	start := len(dst)
	dst = v.AppendText(dst)
	for i := start; i < len(dst); i++ {
		if special[dst[i]] != 0 {
			text := string(dst[i:])
			return AppendEscaped(dst[:i], text, attr)
		}
	}
	return dst
}

// AppendEscaped appends text as character data, or as part of an attribute's
// value: there quotation marks are escaped, too, as Windows does. What XML has no
// way to say becomes U+FFFD.
func AppendEscaped(dst []byte, text string, attr bool) []byte {
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if special[c] == 0 {
			i++
			continue
		}
		ref, size := "", 1
		switch {
		case c == '&':
			ref = "&amp;"
		case c == '<':
			ref = "&lt;"
		case c == '>':
			ref = "&gt;"
		case c == '"' && attr:
			ref = "&quot;"
		case c == '\'' && attr:
			ref = "&apos;"
		case c == '"', c == '\'', c == '\t', c == '\n', c == '\r':
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			size = n
			if unknownRune(r) && (r != utf8.RuneError || n == 1) {
				ref = "\ufffd"
			}
		}
		if ref != "" {
			dst = append(append(dst, text[from:i]...), ref...)
			from = i + size
		}
		i += size
	}
	return append(dst, text[from:]...)
}

// appendCharRef appends a character as a reference, which it came as.
func appendCharRef(dst []byte, text string) []byte {
	r, _ := utf8.DecodeRuneInString(text)
	if unknownRune(r) {
		return append(dst, "\ufffd"...)
	}
	return append(strconv.AppendInt(append(dst, "&#"...), int64(r), 10), ';')
}

// unknownRune says whether XML has no way to say a character.
func unknownRune(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError || r == 0xfffe || r == 0xffff
}

// special has the bytes that need a second look.
var special = func() (t [256]byte) {
	for c := range 0x20 {
		t[c] = 1
	}
	for _, c := range `&<>"'` {
		t[c] = 1
	}
	t[0xef] = 1 // of U+FFFE and U+FFFF
	for c := 0xf8; c <= 0xff; c++ {
		t[c] = 1
	}
	return t
}()

// xmlSteps makes the steps of writing the nodes.
func xmlSteps(nodes []Node) []step {
	x := xmlCompiler{nodes: nodes}
	x.content(0, int32(len(nodes)))
	x.add(step{kind: stepEnd})
	return x.steps
}

type xmlCompiler struct {
	nodes []Node
	steps []step
	lit   []byte
}

func (x *xmlCompiler) add(s step) int32 {
	s.lit = string(x.lit)
	x.lit = x.lit[:0]
	x.steps = append(x.steps, s)
	return int32(len(x.steps) - 1)
}

// close makes what follows a step of its own, so that the one at begin ends here.
func (x *xmlCompiler) close(begin int32) {
	if len(x.lit) > 0 {
		x.add(step{kind: stepEnd})
	}
	x.steps[begin].end = int32(len(x.steps))
}

func (x *xmlCompiler) content(i, end int32) {
	for i < end {
		n := &x.nodes[i]
		if n.Kind == Element {
			x.element(i)
			i = n.End + 1
			continue
		}
		x.piece(n, false)
		i++
	}
}

// piece is a part of content, or of an attribute's value.
func (x *xmlCompiler) piece(n *Node, attr bool) {
	switch n.Kind {
	case Text, Literal:
		x.lit = AppendEscaped(x.lit, n.Text, attr)
	case CDATA:
		if strings.Contains(n.Text, "]]>") || strings.ContainsFunc(n.Text, unknownRune) {
			x.lit = AppendEscaped(x.lit, n.Text, false)
			break
		}
		x.lit = append(append(append(x.lit, "<![CDATA["...), n.Text...), "]]>"...)
	case CharRef:
		x.lit = appendCharRef(x.lit, n.Text)
	case EntityRef:
		if n.Text == "" { // nobody declares it
			x.lit = append(x.lit, "&amp;"...)
		} else {
			x.lit = append(x.lit, '&')
		}
		x.lit = append(append(x.lit, n.Name...), ';')
	case PI:
		if !strings.Contains(n.Text, "?>") && !strings.ContainsFunc(n.Text, unknownRune) && !strings.EqualFold(n.Name, "xml") {
			x.lit = append(append(append(append(append(x.lit, "<?"...), n.Name...), ' '), n.Text...), "?>"...)
		}
	case Substitution:
		x.add(step{kind: stepSub, attr: attr, optional: n.Optional, sub: n.Sub})
	}
}

func (x *xmlCompiler) element(i int32) {
	n := &x.nodes[i]
	body := i + 1 // behind the attributes
	for x.nodes[body].Kind == Attribute {
		body = x.nodes[body].End
	}
	begin, only, optional := int32(-1), int32(-1), false
	if n.End == body+1 && x.nodes[body].Kind == Substitution {
		only = int32(x.nodes[body].Sub)
	}
	for k := body; k < n.End; k++ {
		if c := &x.nodes[k]; c.Kind == Element {
			k = c.End
		} else if c.Kind == Substitution && c.Optional {
			optional = true
		}
	}
	if only >= 0 || optional || n.Dep != noDependency {
		begin = x.add(step{kind: stepElement, sub: n.Dep, only: only, optional: optional})
	}
	x.lit = append(append(x.lit, '<'), n.Name...)
	for k := i + 1; k < body; k = x.nodes[k].End {
		x.attribute(k)
	}
	if n.Empty {
		x.lit = append(x.lit, "/>"...)
	} else {
		x.lit = append(x.lit, '>')
		x.content(body, n.End)
		x.lit = append(append(append(x.lit, "</"...), n.Name...), '>')
	}
	if begin >= 0 {
		x.close(begin)
	}
}

func (x *xmlCompiler) attribute(i int32) {
	n := &x.nodes[i]
	begin := int32(-1)
	for k := i + 1; k < n.End; k++ {
		if x.nodes[k].Kind == Substitution && x.nodes[k].Optional && begin < 0 {
			s := step{kind: stepAttr, only: -1}
			if n.End == i+2 {
				s.only = int32(x.nodes[k].Sub)
			}
			begin = x.add(s)
		}
	}
	x.lit = append(append(append(x.lit, ' '), n.Name...), "='"...)
	for k := i + 1; k < n.End; k++ {
		x.piece(&x.nodes[k], true)
	}
	x.lit = append(x.lit, '\'')
	if begin >= 0 {
		x.close(begin)
	}
}
