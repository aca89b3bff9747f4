package query

import (
	"math"
	"strconv"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// word is the tree of a word: * alone is all events.
func (p *parser) word(v *value) (eventlog.Expr, error) {
	switch {
	case v.text == "":
		return nil, p.errorAt(v.at, v.end-v.at, "an empty text is in every event")
	case !v.wild:
		return Word(v.text), nil
	}
	pattern := inner(v.pattern)
	switch {
	case pattern == "":
		return eventlog.And{}, nil
	case pattern == escape(unescape(pattern)):
		return Word(unescape(pattern)), nil
	}
	return word(eventlog.Like, "*"+pattern+"*"), nil
}

// inner is a pattern without the wildcards * that it begins and ends with.
func inner(pattern string) string {
	s := strings.Trim(pattern, "*")
	if n := len(s) - len(strings.TrimRight(s, `\`)); n%2 != 0 {
		s += "*" // it was no wildcard
	}
	return s
}

// unescape is the text of a pattern without wildcards.
func unescape(pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] == '\\' && i+1 < len(pattern) {
			i++
		}
		b.WriteByte(pattern[i])
	}
	return b.String()
}

// compare is the tree of a field with one value. Where the operator is != it is
// what must not hold.
func (p *parser) compare(h *head, v *value) (eventlog.Expr, error) {
	if !h.kind.text() {
		return p.compareNumber(h, v)
	}
	text := func(op eventlog.Op) (eventlog.Expr, error) { return eventlog.NamedTerm(h.of, h.as, op, v.text), nil }
	switch h.op {
	case "=":
		return text(eventlog.Eq)
	case "^=":
		return text(eventlog.Prefix)
	case "~":
		return text(eventlog.Contains)
	case "*=":
		return text(eventlog.Like)
	case "<>":
		return text(eventlog.Differs)
	case ":", "!=":
		return p.compareText(h, v)
	}
	if h.of != eventlog.FieldString && h.of != eventlog.FieldNamed {
		return nil, p.errorAt(h.opAt, len(h.op), "%s is a text: %s compares numbers", h.name, h.op)
	}
	return p.compareAsNumber(h, v)
}

// compareText is what : says of a text.
func (p *parser) compareText(h *head, v *value) (eventlog.Expr, error) {
	term := func(op eventlog.Op, s string) eventlog.Expr { return eventlog.NamedTerm(h.of, h.as, op, s) }
	if v.wild {
		inside := inner(v.pattern)
		s := unescape(inside)
		if escape(s) == inside {
			switch v.pattern {
			case "*":
				return term(eventlog.Contains, ""), nil
			case inside + "*":
				return term(eventlog.Prefix, s), nil
			case "*" + inside + "*":
				return term(eventlog.Contains, s), nil
			}
		}
		return term(eventlog.Like, v.pattern), nil
	}
	switch h.kind {
	case kindProse:
		return term(eventlog.Contains, v.text), nil
	case kindGUID:
		g, err := nt.ParseGUID(v.text)
		if err != nil {
			return nil, p.errorAt(v.at, v.end-v.at, "%s wants a GUID, as {54849625-5478-4994-a5ba-3e3b0328c30d}", h.name)
		}
		return term(eventlog.Eq, g.String()), nil
	case kindUser:
		if sid, err := nt.ParseSID(v.text); err == nil {
			return term(eventlog.Eq, string(sid)), nil
		}
		if sid, ok := nt.WellKnownSID(v.text); ok {
			return term(eventlog.Eq, string(sid)), nil
		}
		// Whose name it is only a domain knows. Security events have names of users
		// among their strings.
		return eventlog.Or{term(eventlog.Eq, v.text), eventlog.TextTerm(eventlog.FieldString, eventlog.Eq, v.text)}, nil
	}
	return term(eventlog.Eq, v.text), nil
}

// compareAsNumber compares a string as the number that it is.
func (p *parser) compareAsNumber(h *head, v *value) (eventlog.Expr, error) {
	number := func(lo, hi uint64) (eventlog.Expr, error) {
		return eventlog.NumberTerm(h.of, h.as, eventlog.Range, lo, hi), nil
	}
	if h.op == "#=" {
		lo, hi, err := rawRange(v.text)
		if err != nil {
			return nil, p.errorAt(v.at, v.end-v.at, "#= wants a number or a range: 443, 1..1023")
		}
		return number(lo, hi)
	}
	n, err := parseNumber(v.text)
	if err != nil {
		return nil, p.errorAt(v.at, v.end-v.at, "%s wants a number; texts are compared by : and =", h.op)
	}
	if h.op == "&" {
		return eventlog.NumberTerm(h.of, h.as, eventlog.BitAnd, n, n), nil
	}
	lo, hi, ok := bounds(h.op, n, n)
	if !ok {
		return eventlog.Or{}, nil
	}
	return number(lo, hi)
}

// bounds are those of what op says of a value that is lo to hi; ok is false where
// nothing can be so.
func bounds(op string, lo, hi uint64) (from, to uint64, ok bool) {
	switch op {
	case "<":
		return 0, lo - 1, lo > 0
	case "<=":
		return 0, hi, true
	case ">":
		return hi + 1, math.MaxUint64, hi < math.MaxUint64
	case ">=":
		return lo, math.MaxUint64, true
	}
	return lo, hi, true
}

// between is lo <= f <= hi.
func between(f eventlog.Field, lo, hi uint64) eventlog.Expr {
	if lo == hi {
		return eventlog.NumTerm(f, eventlog.Eq, lo)
	}
	return eventlog.RangeTerm(f, lo, hi)
}

func (p *parser) compareNumber(h *head, v *value) (eventlog.Expr, error) {
	switch h.op {
	case "~", "^=", "*=", "<>", "#=":
		return nil, p.errorAt(h.opAt, len(h.op), "%s is a number: %s compares texts", h.name, h.op)
	case "&":
		n, err := parseNumber(v.text)
		if err != nil || h.kind == kindSince || h.kind == kindUntil || h.kind == kindQualifiers {
			return nil, p.errorAt(v.at, v.end-v.at, "%s& wants a number, as 0x10, one bit of which is set", h.name)
		}
		return eventlog.NumTerm(h.of, eventlog.BitAnd, n), nil
	}
	if raw, ok := strings.CutPrefix(v.text, "#"); ok && !v.quoted {
		lo, hi, err := rawRange(raw)
		switch {
		case err != nil || h.op != ":":
			return nil, p.errorAt(v.at, v.end-v.at, "behind :# stands a number or a range, as it is compared: #5, #1..5")
		case strings.Contains(raw, ".."):
			return eventlog.RangeTerm(h.of, lo, hi), nil
		}
		return eventlog.NumTerm(h.of, eventlog.Eq, lo), nil
	}
	if h.kind == kindSince || h.kind == kindUntil {
		if h.op != ":" && h.op != "=" {
			return nil, p.errorAt(h.opAt, len(h.op), "%s: is all that %s takes; time%s compares", h.name, h.name, h.op)
		}
		lo, _, err := p.single(h, v, v.text, 0)
		if err != nil {
			return nil, err
		}
		op := ">="
		if h.kind == kindUntil {
			op = "<"
		}
		return p.numberTerm(h, op, lo, lo), nil
	}
	first, last, isRange := strings.Cut(v.text, "..")
	lo, hi, err := p.single(h, v, first, 0)
	if err != nil {
		return nil, err
	}
	if isRange {
		if h.op != ":" && h.op != "=" && h.op != "!=" {
			return nil, p.errorAt(v.at, v.end-v.at, "%s takes one value, no range", h.op)
		}
		if _, hi, err = p.single(h, v, last, math.MaxUint64); err != nil {
			return nil, err
		}
		if lo > hi {
			return nil, p.errorAt(v.at, v.end-v.at, "the range is upside down: write %s..%s", last, first)
		}
	}
	return p.numberTerm(h, h.op, lo, hi), nil
}

// numberTerm is what op says of the field and a value that is lo to hi.
func (p *parser) numberTerm(h *head, op string, lo, hi uint64) eventlog.Expr {
	from, to, ok := bounds(op, lo, hi)
	if !ok {
		return eventlog.Or{}
	}
	f := h.of
	switch {
	case h.kind == kindID && (to > 0xffff && to < math.MaxUint64 || from > 0xffff):
		f = eventlog.FieldID
	case h.kind == kindQualifiers:
		from <<= 16
		if to = to<<16 | 0xffff; op == ">" || op == ">=" {
			to = math.MaxUint32
		}
		return eventlog.RangeTerm(f, from, to)
	case h.kind == kindLevel && (op == "<" || op == "<=") && to > 0:
		from = 1 // 0 is "log always", which says nothing of how bad it is
	}
	return between(f, from, to)
}

// single reads one value of a number; nothing where it is one end of a range.
func (p *parser) single(h *head, v *value, text string, open uint64) (lo, hi uint64, err error) {
	if text == "" && text != v.text {
		return open, open, nil
	}
	want := "a number"
	var most uint64 = math.MaxUint64
	switch h.kind {
	case kindTime, kindSince, kindUntil:
		if lo, hi, err = p.opts.span(text); err != nil {
			return 0, 0, p.errorAt(v.at, v.end-v.at, "%s %q: %v", h.name, text, err)
		}
		return lo, hi, nil
	case kindType:
		if t, err := eventlog.ParseType(text); err == nil {
			return uint64(t), uint64(t), nil
		}
		want = "one of error, warning, information, audit-success, audit-failure, success, or a number"
	case kindLevel:
		if l, err := eventlog.ParseLevel(text); err == nil {
			return uint64(l), uint64(l), nil
		}
		want = "one of critical, error, warning, information, verbose, or a number"
	case kindID:
		want, most = "an event id, as 4625, or a range, as 4000..4999", math.MaxUint32
		lo, err = parseNumber(text)
	case kindQualifiers:
		want, most = "a number up to 65535", math.MaxUint16
		lo, err = parseNumber(text)
	default:
		lo, err = parseNumber(text)
	}
	if err != nil || lo > most || h.kind == kindType || h.kind == kindLevel {
		return 0, 0, p.errorAt(v.at, v.end-v.at, "%s %q: want %s", h.name, text, want)
	}
	return lo, lo, nil
}

// parseNumber reads a number: decimal, or hexadecimal with 0x before it.
func parseNumber(s string) (uint64, error) {
	if len(s) > 2 && (s[:2] == "0x" || s[:2] == "0X") {
		return strconv.ParseUint(s[2:], 16, 64)
	}
	return strconv.ParseUint(s, 10, 64)
}

// rawRange reads a number, or two of them with .. between.
func rawRange(s string) (lo, hi uint64, err error) {
	first, last, isRange := strings.Cut(s, "..")
	if lo, err = parseNumber(first); err != nil || !isRange {
		return lo, lo, err
	}
	hi, err = parseNumber(last)
	return lo, hi, err
}
