package query

import (
	"math"
	"strconv"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/spelling"
	"netelf.example/nt"
)

// leafKind is how the value of an element or attribute is compared.
type leafKind uint8

const (
	leafNumber leafKind = iota
	leafQualifiers
	leafTime
	leafText
	leafSome     // text that need not be there
	leafOptional // SID; the empty one is not there
	leafGUID
)

// leaf is a value of System.
type leaf struct {
	of   eventlog.Field
	kind leafKind
}

// element is an element of System.
type element struct {
	text    *leaf
	attrs   map[string]*leaf
	example string
}

var system = map[string]*element{
	"Provider": {attrs: map[string]*leaf{
		"Name":            {eventlog.FieldSource, leafText},
		"EventSourceName": {eventlog.FieldEventSource, leafSome},
		"Guid":            {eventlog.FieldProviderGUID, leafGUID},
	}, example: "Provider[@Name='Disk']"},
	"EventID":       {text: &leaf{eventlog.FieldCode, leafNumber}, attrs: map[string]*leaf{"Qualifiers": {eventlog.FieldID, leafQualifiers}}},
	"Version":       {text: &leaf{eventlog.FieldVersion, leafNumber}},
	"Level":         {text: &leaf{eventlog.FieldLevel, leafNumber}},
	"Task":          {text: &leaf{eventlog.FieldCategory, leafNumber}},
	"Opcode":        {text: &leaf{eventlog.FieldOpcode, leafNumber}},
	"Keywords":      {text: &leaf{eventlog.FieldKeywords, leafNumber}},
	"EventRecordID": {text: &leaf{eventlog.FieldRecord, leafNumber}},
	"Channel":       {text: &leaf{eventlog.FieldChannel, leafText}},
	"Computer":      {text: &leaf{eventlog.FieldComputer, leafText}},
	"TimeCreated":   {attrs: map[string]*leaf{"SystemTime": {eventlog.FieldTimeGenerated, leafTime}}, example: "TimeCreated[@SystemTime>='2026-11-22T00:00:00Z']"},
	"Security":      {attrs: map[string]*leaf{"UserID": {eventlog.FieldUser, leafOptional}}, example: "Security[@UserID='S-1-5-18']"},
	"Correlation": {attrs: map[string]*leaf{
		"ActivityID":        {eventlog.FieldActivityID, leafGUID},
		"RelatedActivityID": {eventlog.FieldRelatedActivityID, leafGUID},
	}, example: "Correlation[@ActivityID='{…}']"},
	"Execution": {attrs: map[string]*leaf{
		"ProcessID": {eventlog.FieldProcessID, leafNumber},
		"ThreadID":  {eventlog.FieldThreadID, leafNumber},
	}, example: "Execution[@ProcessID=4]"},
}

var systemNames = []string{"Provider", "EventID", "Version", "Level", "Task", "Opcode", "Keywords", "TimeCreated", "EventRecordID",
	"Correlation", "Execution", "Channel", "Computer", "Security"}

// system is a step below System.
func (x *xpath) system(n *node, s *step, rest []step, t test) (eventlog.Expr, error) {
	e := system[s.name]
	if e == nil || s.attr {
		hint := ""
		if s.name == "*" {
			hint = "; say which of them"
		} else if h := spelling.Like(s.name, systemNames); h != "" {
			hint = "; do you mean " + h + "?"
		}
		return nil, x.errorAt(s.at, s.end-s.at, "System has %s, no %s%s", strings.Join(systemNames, ", "), s.name, hint)
	}
	return x.into(n, s, &where{place: atElement, element: e, path: s.name}, rest, t)
}

// element is a step below an element of System: one of its attributes.
func (x *xpath) element(n *node, at *where, s *step, rest []step, t test) (eventlog.Expr, error) {
	if !s.attr {
		return nil, x.errorAt(s.at, s.end-s.at, "%s has no elements below it", at.path)
	}
	l := at.element.attrs[s.name]
	if l == nil || len(s.preds) > 0 || len(rest) > 0 {
		if l == nil && len(at.element.attrs) > 0 {
			var have []string
			for _, a := range []string{"Name", "Guid", "EventSourceName", "Qualifiers", "SystemTime", "UserID", "ActivityID", "RelatedActivityID", "ProcessID", "ThreadID"} {
				if at.element.attrs[a] != nil {
					have = append(have, "@"+a)
				}
			}
			return nil, x.errorAt(s.at, s.end-s.at, "%s can be asked for by %s, not by @%s", at.path, strings.Join(have, ", "), s.name)
		}
		return nil, x.errorAt(s.at, s.end-s.at, "%s has no attribute %s", at.path, s.name)
	}
	return x.walk(n, &where{place: atValue, value: l, path: at.path + "/@" + s.name}, rest, t)
}

// elementThere is that an element without a text is there: all but those of which
// nothing may be known.
func (x *xpath) elementThere(e *element) eventlog.Expr {
	if l := e.attrs["ActivityID"]; l != nil {
		return anyOf([]eventlog.Expr{there(l), there(e.attrs["RelatedActivityID"])})
	}
	return eventlog.And{}
}

// there is that a value is there.
func there(l *leaf) eventlog.Expr {
	switch l.kind {
	case leafOptional:
		return eventlog.Not{X: eventlog.TextTerm(l.of, eventlog.Eq, "")}
	case leafGUID, leafSome:
		return eventlog.TextTerm(l.of, eventlog.Contains, "")
	}
	return eventlog.And{}
}

// value tests a value of System.
func (x *xpath) value(n *node, at *where, t test) (eventlog.Expr, error) {
	l := at.value
	if t.op == "" {
		return there(l), nil
	}
	switch {
	case t.op == "timediff":
		if l.kind != leafTime {
			return nil, x.errorIn(n, "timediff takes @SystemTime of TimeCreated")
		}
		return eventlog.And{}, nil // the caller knows the bounds
	case t.op == "band" && l.kind != leafNumber:
		return nil, x.errorIn(n, "%s is no number that has bits", at.path)
	case l.kind >= leafText:
		return x.textValue(n, at, t)
	case l.kind == leafTime:
		return x.timeValue(n, t)
	}
	if t.op == "contains" || t.op == "starts-with" {
		return nil, x.errorIn(n, "%s is a number: compare it by =, < and their like", at.path)
	}
	v, err := xpathNumber(t.lit.s, l.of == eventlog.FieldKeywords)
	if err != nil {
		return nil, x.errorIn(t.lit, "%s is compared with a whole number", at.path)
	}
	if t.op == "band" {
		return eventlog.NumTerm(l.of, eventlog.BitAnd, v), nil
	}
	lo, hi := v, v
	if l.kind == leafQualifiers {
		if v > math.MaxUint16 {
			return nil, x.errorIn(t.lit, "qualifiers go up to 65535")
		}
		lo, hi = v<<16, v<<16|0xffff
	}
	return numberTest(l.of, t.op, lo, hi), nil
}

// numberTest is what an operator says of a field and a value that is lo to hi.
func numberTest(f eventlog.Field, op string, lo, hi uint64) eventlog.Expr {
	if op == "!=" {
		return eventlog.Not{X: between(f, lo, hi)}
	}
	from, to, ok := bounds(op, lo, hi)
	if !ok {
		return eventlog.Or{}
	}
	return between(f, from, to)
}

// xpathNumber reads a number. Keywords are written as negative ones at times.
func xpathNumber(s string, signed bool) (uint64, error) {
	s = strings.TrimSpace(s)
	if signed && strings.HasPrefix(s, "-") {
		n, err := strconv.ParseInt(s, 10, 64)
		return uint64(n), err
	}
	if whole, zeros, ok := strings.Cut(s, "."); ok && strings.Trim(zeros, "0") == "" {
		s = whole
	}
	return parseNumber(s)
}

func (x *xpath) textValue(n *node, at *where, t test) (eventlog.Expr, error) {
	l := at.value
	s := t.lit.s
	switch l.kind {
	case leafGUID:
		if g, err := nt.ParseGUID(s); err == nil {
			s = g.String()
		} else if t.op == "=" || t.op == "!=" {
			return nil, x.errorIn(t.lit, "%s is compared with a GUID, as {54849625-5478-4994-a5ba-3e3b0328c30d}", at.path)
		}
	case leafOptional:
		if sid, err := nt.ParseSID(s); err == nil {
			s = string(sid)
		} else if t.op == "=" || t.op == "!=" {
			if sid, ok := nt.WellKnownSID(s); ok {
				return nil, x.errorIn(t.lit, "%s is compared with a SID: that of %s is %s", at.path, s, sid)
			}
			return nil, x.errorIn(t.lit, "%s is compared with a SID, as S-1-5-18", at.path)
		}
	}
	switch t.op {
	case "=":
		return eventlog.TextTerm(l.of, eventlog.Eq, s), nil
	case "!=":
		not := eventlog.Not{X: eventlog.TextTerm(l.of, eventlog.Eq, s)}
		if l.kind == leafText {
			return not, nil
		}
		return both(there(l), not), nil
	case "contains":
		return eventlog.TextTerm(l.of, eventlog.Contains, s), nil
	case "starts-with":
		return eventlog.TextTerm(l.of, eventlog.Prefix, s), nil
	}
	return nil, x.errorIn(n, "%s is a text: it has no %s", at.path, t.op)
}

// timeValue compares the time that an event was generated.
func (x *xpath) timeValue(n *node, t test) (eventlog.Expr, error) {
	if t.lit.kind != nodeText || t.op == "contains" || t.op == "starts-with" {
		return nil, x.errorIn(n, "@SystemTime is compared with a time in quotation marks, as '2026-11-22T08:00:00.000Z', or by timediff")
	}
	lo, hi, err := x.time(t.lit)
	if err != nil {
		return nil, err
	}
	return numberTest(eventlog.FieldTimeGenerated, t.op, lo, hi), nil
}

// time reads a time, which is UTC if it names no zone. It is an instant, not the
// second or the day that it begins.
func (x *xpath) time(lit *node) (lo, hi uint64, err error) {
	if w, err := ParseWhen(lit.s, time.Time{}, time.UTC); err == nil && !w.Ago {
		if f, ok := nt.FiletimeOf(w.Time); ok {
			return uint64(f), uint64(f), nil
		}
	}
	return 0, 0, x.errorIn(lit, "this is no time, as '2026-11-22T08:00:00.000Z'")
}
