package evtx

import (
	"slices"
	"strings"

	"netelf.example/binxml"
	"netelf.example/nt"
)

// A plan says where in a template an event's fields are, so that a field is had
// without going through the template again. It is made once for a template and
// for each place in which it is used.
//
// A Reader keeps plans as long as it has templates, and hundreds of Readers may be
// open: they are kept small.
type plan struct {
	sys  [sysCount]sysSource
	data []action
}

// scope is what a template stands in.
type scope uint8

const (
	inDocument scope = iota // it is the whole event
	inEvent                 // it is EventData, UserData or another child of Event
	inData                  // it is part of the data
	scopeCount
)

// sysField is one of the places of System, and of what stands beside it.
type sysField uint8

const (
	sysProvider sysField = iota
	sysGUID
	sysSourceName
	sysEventID
	sysQualifiers
	sysVersion
	sysLevel
	sysTask
	sysOpcode
	sysKeywords
	sysTime
	sysRecordID
	sysActivity
	sysRelated
	sysProcess
	sysThread
	sysChannel
	sysComputer
	sysUser
	sysMessage // of RenderingInfo
	sysCount
)

// sysPaths are the elements of System with their attributes.
var sysPaths = map[string]sysField{
	"Provider/Name": sysProvider, "Provider/Guid": sysGUID, "Provider/EventSourceName": sysSourceName,
	"EventID": sysEventID, "EventID/Qualifiers": sysQualifiers, "Version": sysVersion, "Level": sysLevel, "Task": sysTask,
	"Opcode": sysOpcode, "Keywords": sysKeywords, "TimeCreated/SystemTime": sysTime, "EventRecordID": sysRecordID,
	"Correlation/ActivityID": sysActivity, "Correlation/RelatedActivityID": sysRelated,
	"Execution/ProcessID": sysProcess, "Execution/ThreadID": sysThread, "Channel": sysChannel, "Computer": sysComputer,
	"Security/UserID": sysUser,
}

// source is where a value comes from: one value, a text of the template, or
// several pieces.
type source struct {
	kind  sourceKind
	sub   int
	text  string   // fromText
	parts []source // fromParts
}

// sysSource is a source in System: what its text says as a number and as a GUID is
// read once.
type sysSource struct {
	source
	num uint64
	id  nt.GUID
}

type sourceKind uint8

const (
	fromNothing sourceKind = iota
	fromText
	fromValue
	fromParts
)

// action is one step of collecting an event's data.
type action struct {
	kind  actionKind
	in    scope  // of actNested
	name  string // of actItem and actUserData
	value source
	named *source // of actItem: the name, where it is no text of the template; or else nil
}

type actionKind uint8

const (
	actItem     actionKind = iota // a string, or one for each element of an array
	actUnnamed                    // the same; null is no string
	actBinary                     // the data, if it is binary, or else a string
	actNested                     // a fragment
	actDataName                   // EventData's own Name
	actUserData                   // what follows is of an element in UserData
)

// planner makes a plan of a template's nodes.
type planner struct {
	nodes []binxml.Node
	p     *plan
}

func newPlan(t *binxml.Template, in scope) *plan {
	b := planner{nodes: t.Nodes(), p: new(plan)}
	for i := 0; i < len(b.nodes); i++ {
		if n := &b.nodes[i]; n.Kind == binxml.Element {
			switch {
			case in == inDocument && n.Name == "Event":
				b.event(i)
			case in == inData:
				b.dataElement(i, true)
			default:
				b.part(i)
			}
			i = int(n.End)
		}
	}
	b.p.data = slices.Clone(b.p.data) // no larger than it is
	return b.p
}

// body is where the content of the element at i begins, and its end.
func (b *planner) body(i int) (from, to int) {
	for from = i + 1; b.nodes[from].Kind == binxml.Attribute; from = int(b.nodes[from].End) {
	}
	return from, int(b.nodes[i].End)
}

// children calls each for what stands in the element at i: elements once.
func (b *planner) children(i int, each func(k int, n *binxml.Node)) {
	for k, to := b.body(i); k < to; k++ {
		n := &b.nodes[k]
		each(k, n)
		if n.Kind == binxml.Element {
			k = int(n.End)
		}
	}
}

// attribute is the value of an attribute of the element at i.
func (b *planner) attribute(i int, name string) (source, bool) {
	for k := i + 1; b.nodes[k].Kind == binxml.Attribute; k = int(b.nodes[k].End) {
		if b.nodes[k].Name == name {
			return b.source(k+1, int(b.nodes[k].End)), true
		}
	}
	return source{}, false
}

// source is what the nodes between from and to, which are no elements, make
// together.
func (b *planner) source(from, to int) source {
	var parts []source
	for _, n := range b.nodes[from:to] {
		switch n.Kind {
		case binxml.Substitution:
			parts = append(parts, source{kind: fromValue, sub: int(n.Sub)})
		case binxml.Text, binxml.CDATA, binxml.CharRef, binxml.EntityRef, binxml.Literal:
			if l := len(parts); l > 0 && parts[l-1].kind == fromText {
				parts[l-1].text += n.Text
			} else {
				parts = append(parts, source{kind: fromText, text: n.Text})
			}
		}
	}
	switch len(parts) {
	case 0:
		return source{kind: fromText}
	case 1:
		return parts[0]
	}
	return source{kind: fromParts, parts: parts}
}

// read is s with what its text says.
func (s source) read() sysSource {
	r := sysSource{source: s}
	if s.kind == fromText {
		r.num, r.id = parseNumber(s.text), parseGUID(s.text)
	}
	return r
}

// event is the Event element: System, and what stands beside it.
func (b *planner) event(i int) {
	b.children(i, func(k int, n *binxml.Node) {
		switch n.Kind {
		case binxml.Element:
			b.part(k)
		case binxml.Substitution:
			b.nested(n, inEvent)
		}
	})
}

func (b *planner) nested(n *binxml.Node, in scope) {
	b.p.data = append(b.p.data, action{kind: actNested, value: source{kind: fromValue, sub: int(n.Sub)}, in: in})
}

// part is a child of Event.
func (b *planner) part(i int) {
	n := &b.nodes[i]
	switch n.Name {
	case "System":
		b.children(i, func(k int, n *binxml.Node) {
			if n.Kind == binxml.Element {
				b.system(k)
			}
		})
	case "EventData":
		if name, ok := b.attribute(i, "Name"); ok {
			b.p.data = append(b.p.data, action{kind: actDataName, value: name})
		}
		b.contents(i, false)
	case "UserData":
		b.children(i, func(k int, n *binxml.Node) {
			switch n.Kind {
			case binxml.Element:
				b.section(k)
			case binxml.Substitution:
				b.nested(n, inEvent)
			}
		})
	case "RenderingInfo":
		b.children(i, func(k int, n *binxml.Node) {
			if n.Kind == binxml.Element && n.Name == "Message" {
				b.p.sys[sysMessage].source = b.source(b.body(k))
			}
		})
	default: // an element of UserData that is a fragment of its own, ProcessingErrorData, DebugData …
		b.section(i)
	}
}

// section is an element whose own name says what the data is.
func (b *planner) section(i int) {
	b.p.data = append(b.p.data, action{kind: actUserData, name: b.nodes[i].Name})
	b.attributes(i)
	b.contents(i, true)
}

func (b *planner) system(i int) {
	n := &b.nodes[i]
	for k := i + 1; b.nodes[k].Kind == binxml.Attribute; k = int(b.nodes[k].End) {
		if f, ok := sysPaths[n.Name+"/"+b.nodes[k].Name]; ok {
			b.p.sys[f] = b.source(k+1, int(b.nodes[k].End)).read()
		}
	}
	if f, ok := sysPaths[n.Name]; ok {
		b.p.sys[f] = b.source(b.body(i)).read()
	}
}

// contents are the elements in the element at i, each of which is a string.
func (b *planner) contents(i int, user bool) {
	b.children(i, func(k int, n *binxml.Node) {
		switch {
		case n.Kind == binxml.Element:
			b.dataElement(k, user)
		case n.Kind == binxml.Substitution:
			b.nested(n, inData)
		case strings.TrimSpace(n.Text) != "":
			b.p.data = append(b.p.data, action{kind: actItem, value: source{kind: fromText, text: n.Text}})
		}
	})
}

// dataElement is a string, or more of them if it has elements of its own. Of user
// data the attributes are strings, too.
func (b *planner) dataElement(i int, user bool) {
	n := &b.nodes[i]
	a := action{kind: actItem, name: n.Name}
	if n.Name == "Data" || n.Name == "ComplexData" {
		name, ok := b.attribute(i, "Name")
		switch {
		case !ok && n.Name == "Data":
			a.kind, a.name = actUnnamed, ""
		case name.kind == fromText:
			a.name = name.text
		case ok:
			a.name, a.named = "", new(name)
		}
	} else if n.Name == "Binary" {
		a.kind = actBinary
	}
	if user {
		b.attributes(i)
	}
	elements, subs := 0, 0
	b.children(i, func(_ int, c *binxml.Node) {
		switch c.Kind {
		case binxml.Element:
			elements++
		case binxml.Substitution:
			subs++
		}
	})
	if elements > 0 {
		b.contents(i, user)
		return
	}
	from, to := b.body(i)
	a.value = b.source(from, to)
	if user && subs == 0 && a.value.text == "" && from > i+1 {
		return // all that it says is in its attributes
	}
	b.p.data = append(b.p.data, a)
}

// attributes are strings called by the element and the attribute.
func (b *planner) attributes(i int) {
	n := &b.nodes[i]
	for k := i + 1; b.nodes[k].Kind == binxml.Attribute; k = int(b.nodes[k].End) {
		name := b.nodes[k].Name
		if name == "xmlns" || strings.HasPrefix(name, "xmlns:") || name == "Name" && (n.Name == "Data" || n.Name == "ComplexData") {
			continue
		}
		b.p.data = append(b.p.data, action{kind: actItem, name: n.Name + "/" + name, value: b.source(k+1, int(b.nodes[k].End))})
	}
}
