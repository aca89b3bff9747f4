package query

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"netelf.example/eventlog"
)

// Format is a tree in the small language: Parse of it gives an equal tree. The
// tree must be one that eventlog.CheckExpr takes; nil is the empty text.
func Format(x eventlog.Expr) string {
	if x == nil {
		return ""
	}
	return string(appendExpr(nil, x, false))
}

// appendExpr appends x; operand: as one part of a list.
func appendExpr(dst []byte, x eventlog.Expr, operand bool) []byte {
	switch x := x.(type) {
	case eventlog.And:
		return appendList(dst, x, "and", " ", operand)
	case eventlog.Or:
		if s, ok := wordText(x); ok {
			return append(dst, s...)
		}
		if s, ok := valuesText(x); ok {
			return append(dst, s...)
		}
		return appendList(dst, x, "or", " or ", operand)
	case eventlog.Not:
		return appendExpr(append(dst, '-'), x.X, true)
	case *eventlog.Term:
		return append(dst, termText(x)...)
	}
	return dst // CheckExpr takes no other
}

func appendList(dst []byte, xs []eventlog.Expr, keyword, between string, operand bool) []byte {
	if len(xs) < 2 {
		dst = append(append(dst, '('), keyword...)
		if len(xs) == 1 {
			dst = appendExpr(append(dst, ' '), xs[0], true)
		}
		return append(dst, ')')
	}
	if operand {
		dst = append(dst, '(')
	}
	for i, x := range xs {
		if i > 0 {
			dst = append(dst, between...)
		}
		dst = appendExpr(dst, x, true)
	}
	if operand {
		dst = append(dst, ')')
	}
	return dst
}

// says says whether a text is read as x. What the printer would like to write is
// tried by the parser, so that there is one place that knows what a text means.
func says(text string, x eventlog.Expr) bool {
	p := &parser{text: text, opts: new(Options)}
	got, err := p.term()
	return err == nil && p.at == len(text) && Equal(got, x)
}

// wordText is the tree of a word as the word.
func wordText(x eventlog.Or) (string, bool) {
	if len(x) != 3 {
		return "", false
	}
	t, ok := x[0].(*eventlog.Term)
	if !ok || t.Field != eventlog.FieldString {
		return "", false
	}
	var s string
	switch t.Op {
	case eventlog.Contains:
		s = quote(t.S)
	case eventlog.Like:
		s = strings.Trim(patternText(t.S), "*")
	}
	if FormOf(s) != Small || isKeyword(s) || strings.HasPrefix(s, "-") || strings.HasPrefix(strings.ToLower(s), "event") {
		s = `"` + t.S + `"`
	}
	return s, says(s, x)
}

func isKeyword(s string) bool {
	return strings.EqualFold(s, "and") || strings.EqualFold(s, "or") || strings.EqualFold(s, "not")
}

// valuesText is one of several values of a field as a list of values.
func valuesText(x eventlog.Or) (string, bool) {
	if len(x) < 2 {
		return "", false
	}
	var b strings.Builder
	first, ok := x[0].(*eventlog.Term)
	if !ok {
		return "", false
	}
	b.WriteString(headText(first))
	for i, part := range x {
		t, ok := part.(*eventlog.Term)
		if !ok || t.Field != first.Field || t.Name != first.Name {
			return "", false
		}
		v, ok := valueText(t)
		if !ok {
			return "", false
		}
		b.WriteByte(":,"[min(i, 1)])
		b.WriteString(v)
	}
	return b.String(), true
}

func headText(t *eventlog.Term) string {
	name := byField[t.Field].name
	if t.Name == "" && t.Field != eventlog.FieldNamed {
		return name
	}
	as := t.Name
	if as == "" || strings.ContainsFunc(as, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`()":=<>!~^*&#,`, r)
	}) {
		as = `"` + strings.ReplaceAll(as, `"`, `""`) + `"`
	}
	return name + "." + as
}

// valueText is what stands behind the colon of a term, if a colon can say it.
func valueText(t *eventlog.Term) (string, bool) {
	var s string
	switch {
	case !t.Field.Numeric():
		switch t.Op {
		case eventlog.Eq:
			s = quote(t.S)
		case eventlog.Prefix:
			s = quote(t.S) + "*"
		case eventlog.Contains:
			if s = quote(t.S); byField[t.Field].kind != kindProse || t.S == "" {
				s = "*" + s + "*"
				if t.S == "" {
					s = "*"
				}
			}
		case eventlog.Like:
			s = patternText(t.S)
		default:
			return "", false
		}
	case t.Op == eventlog.Eq:
		s = numberText(t, t.Lo)
		if !says(headText(t)+":"+s, t) {
			s = "#" + strconv.FormatUint(t.Lo, 10)
		}
	case t.Op == eventlog.Range:
		s = numberText(t, t.Lo) + ".." + numberText(t, t.Hi)
		if !says(headText(t)+":"+s, t) {
			s = "#" + strconv.FormatUint(t.Lo, 10) + ".." + strconv.FormatUint(t.Hi, 10)
		}
	}
	return s, says(headText(t)+":"+s, t)
}

func termText(t *eventlog.Term) string {
	name := headText(t)
	number := t.Op == eventlog.Range || t.Op == eventlog.BitAnd || t.Field.Numeric()
	var op, v string
	switch {
	case t.Op == eventlog.BitAnd:
		return name + "&" + bitsText(t)
	case t.Op == eventlog.Range && t.Hi == math.MaxUint64:
		op, v = ">=", boundText(t, t.Lo)
	case t.Op == eventlog.Range && t.Lo <= 1 && t.Field.Numeric() && byField[t.Field].kind == kindTime && t.Hi+1 != 0:
		op, v = "<", boundText(t, t.Hi+1)
	case t.Op == eventlog.Range && t.Lo <= 1:
		op, v = "<=", boundText(t, t.Hi)
	}
	if s := name + op + v; op != "" && says(s, t) {
		return s
	}
	if number && !t.Field.Numeric() {
		return name + "#=" + strconv.FormatUint(t.Lo, 10) + ".." + strconv.FormatUint(t.Hi, 10)
	}
	if v, ok := valueText(t); ok {
		return name + ":" + v
	}
	switch t.Op {
	case eventlog.Eq:
		op = "="
	case eventlog.Prefix:
		op = "^="
	case eventlog.Contains:
		op = "~"
	case eventlog.Like:
		op = "*="
	case eventlog.Differs:
		op = "<>"
	}
	return name + op + quote(t.S)
}

// numberText is a value of a numeric field as people write it.
func numberText(t *eventlog.Term, n uint64) string {
	switch byField[t.Field].kind {
	case kindTime:
		if s := timeText(n); s != "" {
			return s
		}
	case kindType:
		if n <= math.MaxUint16 {
			if s := eventlog.Type(n).String(); !strings.HasPrefix(s, "type ") {
				return strings.ReplaceAll(s, " ", "-")
			}
		}
	case kindLevel:
		if n <= math.MaxUint8 && t.Op == eventlog.Eq {
			if s := eventlog.Level(n).String(); !strings.HasPrefix(s, "level ") {
				return strings.ReplaceAll(s, " ", "-")
			}
		}
	}
	if t.Field == eventlog.FieldKeywords {
		return "0x" + strconv.FormatUint(n, 16)
	}
	return strconv.FormatUint(n, 10)
}

// boundText is numberText for one side of a range.
func boundText(t *eventlog.Term, n uint64) string {
	if t.Field.Numeric() && byField[t.Field].kind == kindTime {
		return shortTime(n)
	}
	if !t.Field.Numeric() {
		return strconv.FormatUint(n, 10)
	}
	return numberText(t, n)
}

func bitsText(t *eventlog.Term) string { return "0x" + strconv.FormatUint(t.Lo, 16) }

// quote is s as it stands behind a colon: in quotation marks where it must be.
func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`_.-\/@$%{}+`, r)
	}) {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// patternText is a pattern with what is no wildcard in quotation marks where it
// must be.
func patternText(pattern string) string {
	var b, plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			b.WriteString(quote(plain.String()))
			plain.Reset()
		}
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*' || c == '?':
			flush()
			b.WriteByte(c)
		case c == '\\' && i+1 < len(pattern):
			i++
			plain.WriteByte(pattern[i])
		default:
			plain.WriteByte(c)
		}
	}
	flush()
	return b.String()
}
