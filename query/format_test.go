package query

import (
	"math"
	"math/rand/v2"
	"testing"

	"netelf.example/eventlog"
)

// randomTree is any tree that CheckExpr takes.
func randomTree(r *rand.Rand, depth int) eventlog.Expr {
	kind := r.IntN(10)
	if depth == 0 {
		kind = 9
	}
	switch kind {
	case 0, 1, 2, 3:
		list := make([]eventlog.Expr, r.IntN(4))
		for i := range list {
			list[i] = randomTree(r, depth-1)
		}
		if len(list) > 1 && r.IntN(3) == 0 { // values of one field
			f := eventlog.Field(r.IntN(fieldCount()))
			for i := range list {
				list[i] = randomTerm(r, f)
			}
		}
		if kind < 2 {
			return eventlog.And(list)
		}
		return eventlog.Or(list)
	case 4, 5:
		return eventlog.Not{X: randomTree(r, depth-1)}
	case 6:
		return word([]eventlog.Op{eventlog.Contains, eventlog.Like, eventlog.Eq}[r.IntN(3)], randomText(r))
	}
	return randomTerm(r, eventlog.Field(r.IntN(fieldCount())))
}

// fieldCount is how many fields can be asked for; the one that cannot is the last.
func fieldCount() int {
	n := 0
	for eventlog.AllFields.Has(eventlog.Field(n)) && eventlog.Field(n) != eventlog.FieldCategoryName {
		n++
	}
	return n
}

func randomNumber(r *rand.Rand) uint64 {
	switch r.IntN(6) {
	case 0:
		return []uint64{0, 1, math.MaxUint64, math.MaxUint64 - 1, math.MaxInt64, 1 << 16, 1<<16 - 1, 1 << 32}[r.IntN(8)]
	case 1:
		return 1 << r.IntN(64)
	case 2:
		return 133_000_000_000_000_000 + r.Uint64N(1e12) // a time of these years
	case 3:
		return (133_000_000_000_000_000 + r.Uint64N(1e12)) / 1e7 * 1e7
	case 4:
		return r.Uint64()
	}
	return r.Uint64N(40)
}

func randomText(r *rand.Rand) string {
	pieces := []string{"a", "B", "*", "?", `\`, `"`, " ", "or", "and", "not", "-", ",", "..", ":", "#", "(", ")", "=", "ö", "\U0001F600", "\n", "\t", "Event", "[", "<", "/",
		"S-1-5-18", "10.", "error", "{54849625-5478-4994-a5ba-3e3b0328c30d}", "SYSTEM", "\u00a0", "\ufeff", "x1", "'", "&", "~", "|"}
	s := ""
	for range r.IntN(5) {
		s += pieces[r.IntN(len(pieces))]
	}
	return s
}

func randomTerm(r *rand.Rand, f eventlog.Field) eventlog.Expr {
	if f.Numeric() {
		switch r.IntN(4) {
		case 0:
			return eventlog.NumTerm(f, eventlog.BitAnd, randomNumber(r))
		case 1, 2:
			return eventlog.NumTerm(f, eventlog.Eq, randomNumber(r))
		}
		return eventlog.RangeTerm(f, randomNumber(r), randomNumber(r))
	}
	name := ""
	switch {
	case f == eventlog.FieldNamed:
		name = randomText(r)
	case f == eventlog.FieldString && r.IntN(2) == 0:
		name = []string{"1", "2", "65535"}[r.IntN(3)]
	}
	if (f == eventlog.FieldNamed || f == eventlog.FieldString) && r.IntN(4) == 0 {
		if r.IntN(2) == 0 {
			n := randomNumber(r)
			return eventlog.NumberTerm(f, name, eventlog.BitAnd, n, n)
		}
		return eventlog.NumberTerm(f, name, eventlog.Range, randomNumber(r), randomNumber(r))
	}
	ops := []eventlog.Op{eventlog.Eq, eventlog.Contains, eventlog.Prefix, eventlog.Like, eventlog.Differs}
	return eventlog.NamedTerm(f, name, ops[r.IntN(len(ops))], randomText(r))
}

// backAndForth prints a tree and reads it again.
func backAndForth(t *testing.T, x eventlog.Expr) {
	t.Helper()
	text := Format(x)
	q, err := Parse(text, nil)
	if err != nil {
		t.Fatalf("%#v\nis %s\n%v\n%s", x, text, err, err.(*Error).Caret())
	}
	if q.Form != Small || !Equal(q.Where, x) {
		t.Fatalf("%#v\nis %s\nwhich is %s\n%#v", x, text, Format(q.Where), q.Where)
	}
}

// TestFormat: what is printed is read as the same tree, for every tree there is.
func TestFormat(t *testing.T) {
	for f := range fieldCount() {
		r := rand.New(rand.NewPCG(1, uint64(f)))
		for range 500 {
			backAndForth(t, randomTerm(r, eventlog.Field(f)))
		}
	}
	r := rand.New(rand.NewPCG(2, 3))
	for range 5000 {
		x := randomTree(r, 5)
		if err := eventlog.CheckExpr(x); err != nil {
			t.Fatal(err)
		}
		backAndForth(t, x)
	}
	backAndForth(t, nil)
}

// TestFormatDeep: the deepest trees that there may be.
func TestFormatDeep(t *testing.T) {
	for name, around := range map[string]func(eventlog.Expr) eventlog.Expr{
		"not":        func(x eventlog.Expr) eventlog.Expr { return eventlog.Not{X: x} },
		"and of one": func(x eventlog.Expr) eventlog.Expr { return eventlog.And{x} },
		"or": func(x eventlog.Expr) eventlog.Expr {
			return eventlog.Or{eventlog.TextTerm(eventlog.FieldLog, eventlog.Eq, "x"), x}
		},
	} {
		x := eventlog.Expr(eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 7))
		for range eventlog.MaxExprDepth - 1 {
			x = around(x)
		}
		if err := eventlog.CheckExpr(x); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		backAndForth(t, x)
	}
}

func FuzzFormat(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) { backAndForth(t, randomTree(rand.New(rand.NewPCG(a, b)), 6)) })
}
