package render

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
)

// Bounds of an event's own XML; what is beyond them is made from the fields.
const (
	maxXMLDepth = 64
	maxXMLAttrs = 64 // of one element, and prefixes that are declared at once
)

// appendOwnXML writes the XML that an event brings anew: its elements, attributes
// and text, no comments, instructions and declarations. ok is false where it is
// not one well-formed Event element in the namespace of the schema.
func appendOwnXML(dst []byte, s string) (_ []byte, ok bool) {
	w := xmlCopy{dst: dst}
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		// RawToken keeps the prefixes as they are; the nesting is checked here.
		t, err := d.RawToken()
		if err == io.EOF {
			return w.dst, w.done && len(w.open) == 0
		}
		if err != nil {
			return dst, false
		}
		switch t := t.(type) {
		case xml.StartElement:
			ok = w.start(t)
		case xml.EndElement:
			ok = w.end(t)
		case xml.CharData:
			ok = w.text(string(t))
		case xml.Directive: // a document type could declare entities
			ok = false
		default:
			ok = true
		}
		if !ok {
			return dst, false
		}
	}
}

type xmlCopy struct {
	dst      []byte
	open     []openElement
	prefixes []string // that are declared, of all open elements
	pending  bool     // the bracket of the last start tag is not yet closed
	done     bool     // the root element is there
}

type openElement struct {
	name     xml.Name
	prefixes int // how many were declared outside of it
}

func (w *xmlCopy) start(t xml.StartElement) bool {
	root := len(w.open) == 0
	if root && (w.done || t.Name != xml.Name{Local: "Event"}) || len(w.open) == maxXMLDepth || len(t.Attr) > maxXMLAttrs {
		return false
	}
	w.done = true
	w.open = append(w.open, openElement{t.Name, len(w.prefixes)})
	space := false // the root is in the namespace of the schema
	for i, a := range t.Attr {
		if slices.ContainsFunc(t.Attr[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			return false
		}
		switch {
		case a.Name.Space == "xmlns":
			if len(w.prefixes) == maxXMLAttrs || a.Value == "" || a.Name.Local == "xmlns" || a.Name.Local == "xml" || !writable(a.Name.Local) {
				return false
			}
			w.prefixes = append(w.prefixes, a.Name.Local)
		case a.Name == xml.Name{Local: "xmlns"}:
			space = a.Value == xmlSpace
		}
	}
	if root && !space || !w.name(t.Name) {
		return false
	}
	w.close()
	w.dst = appendName(append(w.dst, '<'), t.Name)
	for _, a := range t.Attr {
		if a.Name.Space != "xmlns" && !w.name(a.Name) {
			return false
		}
		w.dst = append(appendName(append(w.dst, ' '), a.Name), "='"...)
		w.dst = append(appendXMLText(w.dst, a.Value), '\'')
	}
	w.pending = true
	return true
}

func (w *xmlCopy) end(t xml.EndElement) bool {
	last := len(w.open) - 1
	if last < 0 || w.open[last].name != t.Name {
		return false
	}
	w.prefixes = w.prefixes[:w.open[last].prefixes]
	w.open = w.open[:last]
	if w.pending {
		w.pending = false
		w.dst = append(w.dst, "/>"...)
		return true
	}
	w.dst = append(appendName(append(w.dst, "</"...), t.Name), '>')
	return true
}

func (w *xmlCopy) text(s string) bool {
	if len(w.open) == 0 {
		return strings.Trim(s, " \t\r\n") == ""
	}
	w.close()
	w.dst = appendXMLText(w.dst, s)
	return true
}

func (w *xmlCopy) close() {
	if w.pending {
		w.pending = false
		w.dst = append(w.dst, '>')
	}
}

// name says whether a name can stand as it is: its prefix is declared and every
// character is one for terminals.
func (w *xmlCopy) name(n xml.Name) bool {
	if n.Space != "" && n.Space != "xml" && !slices.Contains(w.prefixes, n.Space) {
		return false
	}
	return n.Space != "xmlns" && writable(n.Local)
}

func writable(local string) bool {
	return local != "" && !strings.Contains(local, ":") && !strings.ContainsFunc(local, unsafeRune)
}

func appendName(dst []byte, n xml.Name) []byte {
	if n.Space != "" {
		dst = append(append(dst, n.Space...), ':')
	}
	return append(dst, n.Local...)
}
