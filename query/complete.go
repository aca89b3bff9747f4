package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// Completion is what can stand at a place of a text in the small language.
type Completion struct {
	From, To int    // the part of the text that an item takes the place of, in bytes
	Field    string // whose values can stand there; "": none's
	Name     string // of data.NAME, where Field is named; which string, where it is string
	Typed    string // what is there of the value, for values that are known elsewhere
	Items    []Item
}

// Item is one thing that can stand there.
type Item struct {
	Text string // with the operator, if it is a field
	Help string
}

// Complete says what can stand at the cursor, an offset in bytes: fields, the
// operators of a field, values where the language has names for them. Values that
// only the events have are for the caller to add, by Field and Name. In the other
// two languages it has nothing to say.
func Complete(text string, cursor int) Completion {
	cursor = max(0, min(cursor, len(text)))
	c := Completion{From: cursor, To: cursor}
	if FormOf(text) != Small {
		return c
	}
	begin, quoted := tokenBefore(text[:cursor])
	for begin < cursor && text[begin] == '-' {
		begin++
	}
	for c.To < len(text) && !quoted && (nameByte(text[c.To], true) || text[c.To] >= utf8.RuneSelf) {
		c.To++
	}
	typed := text[begin:cursor]
	p := &parser{text: typed, opts: new(Options)}
	h, err := p.head()
	if err != nil || h == nil {
		c.From = begin
		if err == nil && !quoted {
			c.Items = fieldItems(typed)
		}
		return c
	}
	value := typed[p.at:]
	if n := lastComma(value); n >= 0 && (h.op == ":" || h.op == "=" || h.op == "!=") {
		value = value[n+1:]
	}
	c.From, c.Field, c.Name = cursor-len(value), h.name, h.as
	if h.of == eventlog.FieldNamed {
		c.Field = eventlog.FieldNamed.String()
	}
	if v, err := (&parser{text: value}).value(true); err == nil {
		c.Typed = v.text
	} else {
		c.Typed = strings.TrimPrefix(value, `"`)
	}
	for _, s := range valueNames(h.field) {
		if rest, ok := strings.CutPrefix(s.Text, strings.ToLower(c.Typed)); ok && rest != "" {
			c.Items = append(c.Items, s)
		}
	}
	return c
}

// tokenBefore is where the word begins that a text ends with, and whether it ends
// inside of quotation marks.
func tokenBefore(text string) (begin int, quoted bool) {
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && (unicode.IsSpace(r) || r == '(' || r == ')'):
			begin = i + utf8.RuneLen(r)
		}
	}
	return begin, quoted
}

// lastComma is where the last comma outside of quotation marks is, -1 for none.
func lastComma(s string) int {
	at, quoted := -1, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			at = i
		}
	}
	return at
}

// fieldItems are the fields that begin with what was typed; behind a whole name
// its operators.
func fieldItems(typed string) []Item {
	typed = strings.ToLower(typed)
	var items []Item
	if f := byName[typed]; f != nil {
		for _, op := range operatorsOf(f) {
			items = append(items, Item{typed + op.Text, op.Help})
		}
	}
	for i := range fields {
		if f := &fields[i]; strings.HasPrefix(f.name, typed) && f.name != typed {
			items = append(items, Item{f.name + ":", f.help})
		}
	}
	for _, w := range []Item{{"and", "both must hold; it need not be written"}, {"or", "one of both must hold"}, {"not", "what follows must not hold, as a minus"}} {
		if typed != "" && strings.HasPrefix(w.Text, typed) && w.Text != typed {
			items = append(items, w)
		}
	}
	return items
}

func operatorsOf(f *field) []Item {
	switch {
	case f.kind == kindSince || f.kind == kindUntil:
		return []Item{{":", f.help}}
	case f.kind == kindTime:
		return []Item{{":", f.help}, {">=", "from then on"}, {"<", "before"}}
	case f.kind == kindQualifiers:
		return []Item{{":", f.help}, {">=", "at least"}, {"<=", "at most"}}
	case !f.kind.text():
		return []Item{{":", f.help}, {">=", "at least"}, {"<=", "at most"}, {"!=", "another"}, {"&", "has one of these bits"}}
	}
	items := []Item{{":", f.help}}
	if f.kind == kindProse {
		items = append(items, Item{"=", "is this and no more"})
	} else {
		items = append(items, Item{"~", "has this somewhere"})
	}
	items = append(items, Item{"^=", "begins with this"})
	if f.of == eventlog.FieldString {
		items = append(items, Item{">=", "is a number, at least"}, Item{"<=", "is a number, at most"})
	}
	return items
}

// valueNames are the values that have names in the language itself.
func valueNames(f *field) []Item {
	var items []Item
	switch f.kind {
	case kindType:
		for _, t := range []eventlog.Type{eventlog.Error, eventlog.Warning, eventlog.Information, eventlog.AuditSuccess, eventlog.AuditFailure, eventlog.Success} {
			items = append(items, Item{strings.ReplaceAll(t.String(), " ", "-"), ""})
		}
	case kindLevel:
		for l := eventlog.LevelCritical; l <= eventlog.LevelVerbose; l++ {
			items = append(items, Item{l.String(), ""})
		}
	case kindSince, kindUntil, kindTime:
		items = []Item{{"1h", "an hour ago"}, {"8h", "8 hours ago"}, {"1d", "a day ago"}, {"1w", "a week ago"},
			{"today", "since midnight"}, {"yesterday", "since midnight before"}}
	}
	return items
}
