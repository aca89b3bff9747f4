// Package binxml reads binary XML, the form in which Windows since 2008 keeps and
// sends events: in .evtx files, and by MS-EVEN6.
//
// The tokens and types are those of [MS-EVEN6] 2.2.12 and 3.1.4.7. In a file names
// and template definitions are found by their offset in the chunk, which libyal's
// description "Windows XML Event Log (EVTX) format" has: this package reads that
// form.
//
// A [Machine] holds one piece of data. Open finds the fragment of a record and
// answers a [Doc]: a [Template] and the values for it, views both.
//
//	var m binxml.Machine
//	m.Load(chunk, offset)
//	m.Begin(len(record))
//	doc, err := m.Open(begin, end)
//	…
//	text, err := m.AppendXML(nil, &doc)
//
// A template is taken apart once. What counts is what it says and not where it
// stands: its canonical form, in which names stand in place of offsets, is the key
// of the machine's cache, so that a template which every chunk of a file has for
// itself is compiled a single time.
//
// # XML
//
// AppendXML writes what Windows' EvtRender does: attributes in single quotation
// marks and in their order, elements without content as they were made (<a/> or
// <a></a>), hexadecimal numbers without leading zeros, GUIDs in braces and capital
// letters, binary data as capital digits, booleans as true and false. A FILETIME
// has seven digits of a second's fraction, as today's Windows writes it; up to
// Server 2019 two zeros followed them. A SYSTEMTIME has three. Control characters, which
// Windows writes as they are, become U+FFFD, so that the text is XML.
//
// # Hostile data
//
// Nothing is believed before the bytes are there. Elements are nested up to
// [MaxDepth], fragments in values of fragments up to [MaxNesting], and a template
// has up to [MaxValues] values. A template may name a value any number of times,
// and be one of many around it: what a record may cost, in steps and in bytes of
// output, is bounded by a multiple of its size and of its templates' (Machine.Begin
// and Charge). Malformed data is a *eventlog.FormatError with the offset.
package binxml
