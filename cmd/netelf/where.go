package main

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"netelf.example/eventlog"
	"netelf.example/nt"
	"netelf.example/query"
)

// where are the flags that say which events are wanted. Each flag that is given
// must hold; of its values one must.
type where struct {
	types, levels, ids, categories []string
	sources, computers, users      []string
	grep                           []string
	query                          string // see query.go
}

func (w *where) flags(f *pflag.FlagSet) {
	f.StringVar(&w.query, "query", "", "only events for which this `text` holds: level<=2 source:disk -id:7 \"bad block\";\nor XPath or a QueryList as Windows has them; @FILE reads it from a file")
	f.StringArrayVar(&w.types, "type", nil, "only events of these `types`: error, warning, information, audit-success, audit-failure, success")
	f.StringArrayVar(&w.levels, "level", nil, "only events of these `levels`: critical, error, warning, information, verbose")
	f.StringArrayVar(&w.ids, "id", nil, "only these event `ids`: 7036,4000-4100; with a minus, not these: -4096")
	f.StringArrayVar(&w.categories, "category", nil, "only these category `numbers`: 1,3-5; with a minus, not these: -2")
	f.StringArrayVar(&w.sources, "source", nil, "only events that these `sources` reported; Net* is all that begin with Net")
	f.StringArrayVar(&w.computers, "computer", nil, "only events of these `computers`; PC* is all that begin with PC")
	f.StringArrayVar(&w.users, "user", nil, "only events of these `users`: a SID, or a name that is the same everywhere, as SYSTEM")
	f.StringArrayVar(&w.grep, "grep", nil, "only events with this `text` in what they say, their strings, data or source,\nin any case; if it is given several times, all must be there")
}

// expr makes the tree of the flags; nil selects all. text is the term of a word in
// the text of events; nil: it is not looked for there.
func (w *where) expr(text func(word string) eventlog.Expr) (eventlog.Expr, error) {
	var all eventlog.And
	for _, flag := range []struct {
		name   string
		values []string
		tree   func(name string, values []string) (eventlog.Expr, error)
	}{
		{"type", w.types, typesExpr},
		{"level", w.levels, levelsExpr},
		{"id", w.ids, idsExpr},
		{"category", w.categories, categoriesExpr},
		{"source", w.sources, namesExpr(eventlog.FieldSource)},
		{"computer", w.computers, namesExpr(eventlog.FieldComputer)},
		{"user", w.users, usersExpr},
	} {
		values := split(flag.values)
		if flag.values != nil && len(values) == 0 {
			return nil, usage("--%s is empty", flag.name)
		}
		if len(values) == 0 {
			continue
		}
		x, err := flag.tree(flag.name, values)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	for _, word := range w.grep {
		if word == "" {
			return nil, usage("--grep is empty")
		}
		in := query.Word(word)
		if text != nil {
			in = append(in, text(word))
		}
		all = append(all, in)
	}
	if len(all) == 0 {
		return nil, nil
	}
	var x eventlog.Expr = all
	if len(all) == 1 {
		x = all[0]
	}
	if err := eventlog.CheckExpr(x); err != nil {
		return nil, usage("%w", err)
	}
	return x, nil
}

// split takes values that are lists, separated by commas.
func split(values []string) []string {
	var parts []string
	for _, v := range values {
		for p := range strings.SplitSeq(v, ",") {
			if p = strings.TrimSpace(p); p != "" {
				parts = append(parts, p)
			}
		}
	}
	return parts
}

// anyOf is one of xs, without an Or around a single one.
func anyOf(xs []eventlog.Expr) eventlog.Expr {
	if len(xs) == 1 {
		return xs[0]
	}
	return eventlog.Or(xs)
}

// each makes an anyOf of the terms of values.
func each(values []string, term func(string) (eventlog.Expr, error)) (eventlog.Expr, error) {
	xs := make([]eventlog.Expr, 0, len(values))
	for _, v := range values {
		x, err := term(v)
		if err != nil {
			return nil, err
		}
		xs = append(xs, x)
	}
	return anyOf(xs), nil
}

func typesExpr(name string, values []string) (eventlog.Expr, error) {
	return each(values, func(v string) (eventlog.Expr, error) {
		t, err := eventlog.ParseType(v)
		if err != nil {
			return nil, usage("--%s: %w", name, err)
		}
		return eventlog.NumTerm(eventlog.FieldType, eventlog.Eq, uint64(t)), nil
	})
}

func levelsExpr(name string, values []string) (eventlog.Expr, error) {
	return each(values, func(v string) (eventlog.Expr, error) {
		l, err := eventlog.ParseLevel(v)
		if err != nil {
			return nil, usage("--%s: %w", name, err)
		}
		return eventlog.NumTerm(eventlog.FieldLevel, eventlog.Eq, uint64(l)), nil
	})
}

// namesExpr compares whole names, or their beginning where a * ends them.
func namesExpr(f eventlog.Field) func(string, []string) (eventlog.Expr, error) {
	return func(name string, values []string) (eventlog.Expr, error) {
		return each(values, func(v string) (eventlog.Expr, error) {
			op := eventlog.Eq
			text, cut := strings.CutSuffix(v, "*")
			if cut {
				op = eventlog.Prefix
			}
			if strings.Contains(text, "*") {
				return nil, usage("--%s %q: a * stands at the end only: Net*", name, v)
			}
			return eventlog.TextTerm(f, op, text), nil
		})
	}
}

func usersExpr(name string, values []string) (eventlog.Expr, error) {
	return each(values, func(v string) (eventlog.Expr, error) {
		sid, err := nt.ParseSID(v)
		if err != nil {
			var ok bool
			if sid, ok = nt.WellKnownSID(v); !ok {
				return nil, usage("--%s %q: want a SID, as S-1-5-18, or a name that is the same everywhere, as SYSTEM or Administrators", name, v)
			}
		}
		return eventlog.TextTerm(eventlog.FieldUser, eventlog.Eq, string(sid)), nil
	})
}

func idsExpr(name string, values []string) (eventlog.Expr, error) {
	const example = "an event id, a range, or either with a minus before it to leave it out: 7036,4000-4100,-4096"
	return numbers(name, values, 1<<32-1, example, func(lo, hi uint64) eventlog.Expr {
		f := eventlog.FieldCode
		if hi > 0xffff {
			f = eventlog.FieldID
		}
		return between(f, lo, hi)
	})
}

func categoriesExpr(name string, values []string) (eventlog.Expr, error) {
	const example = "a number up to 65535, a range, or either with a minus before it to leave it out: 1,3-5,-2"
	return numbers(name, values, 0xffff, example, func(lo, hi uint64) eventlog.Expr {
		return between(eventlog.FieldCategory, lo, hi)
	})
}

func between(f eventlog.Field, lo, hi uint64) eventlog.Expr {
	if lo == hi {
		return eventlog.NumTerm(f, eventlog.Eq, lo)
	}
	return eventlog.RangeTerm(f, lo, hi)
}

// numbers is one of the values without a minus, if there are any, and none of
// those with one.
func numbers(name string, values []string, most uint64, example string, term func(lo, hi uint64) eventlog.Expr) (eventlog.Expr, error) {
	var with, without []eventlog.Expr
	for _, v := range values {
		text, not := strings.CutPrefix(v, "-")
		first, last, isRange := strings.Cut(text, "-")
		lo, err := number(first)
		hi := lo
		if err == nil && isRange {
			hi, err = number(last)
		}
		if err != nil || lo > hi || hi > most {
			return nil, usage("--%s %q: want %s", name, v, example)
		}
		if not {
			without = append(without, term(lo, hi))
		} else {
			with = append(with, term(lo, hi))
		}
	}
	switch {
	case len(without) == 0:
		return anyOf(with), nil
	case len(with) == 0:
		return eventlog.Not{X: anyOf(without)}, nil
	}
	return eventlog.And{anyOf(with), eventlog.Not{X: anyOf(without)}}, nil
}

// number is decimal, or hexadecimal with 0x before it.
func number(s string) (uint64, error) {
	s = strings.TrimSpace(s)
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		return strconv.ParseUint(hex, 16, 64)
	}
	return strconv.ParseUint(s, 10, 64)
}
