package eventlog

import (
	"errors"
	"fmt"
	"testing"
)

// known is an expression with a fixed answer.
func known(x Tri) Expr {
	switch x {
	case Yes:
		return And{}
	case No:
		return Or{}
	}
	return TextTerm(FieldMessage, Contains, "x")
}

// TestTri holds the tables of the three-valued logic, against an event whose
// message nobody has sought.
func TestTri(t *testing.T) {
	e := new(Event)
	tris := []Tri{No, Maybe, Yes}
	and := [3][3]Tri{{No, No, No}, {No, Maybe, Maybe}, {No, Maybe, Yes}}
	or := [3][3]Tri{{No, Maybe, Yes}, {Maybe, Maybe, Yes}, {Yes, Yes, Yes}}
	not := [3]Tri{Yes, Maybe, No}
	for _, a := range tris {
		if got := known(a).Match(e); got != a {
			t.Fatalf("known(%v) = %v", a, got)
		}
		if got := (Not{known(a)}).Match(e); got != not[a] {
			t.Errorf("not %v = %v, want %v", a, got, not[a])
		}
		for _, b := range tris {
			if got := (And{known(a), known(b)}).Match(e); got != and[a][b] {
				t.Errorf("%v and %v = %v, want %v", a, b, got, and[a][b])
			}
			if got := (Or{known(a), known(b)}).Match(e); got != or[a][b] {
				t.Errorf("%v or %v = %v, want %v", a, b, got, or[a][b])
			}
		}
	}
	if And(nil).Match(e) != Yes || Or(nil).Match(e) != No {
		t.Error("a nil And is not Yes, or a nil Or not No")
	}
}

func TestMessageTri(t *testing.T) {
	term := TextTerm(FieldMessage, Contains, "logon")
	for _, x := range []struct {
		by   TextBy
		text string
		want Tri
	}{
		{NotSought, "", Maybe}, {NotSought, "logon", Maybe}, {NotFound, "", No}, {NotFound, "logon", No},
		{ByEvent, "Logon Failure", Yes}, {ByServer, "Disk", No}, {ByCatalogue, "logon", Yes},
	} {
		if got := term.Match(&Event{Message: x.text, MessageBy: x.by}); got != x.want {
			t.Errorf("%q by %v: %v, want %v", x.text, x.by, got, x.want)
		}
	}
}

func TestNeeds(t *testing.T) {
	x := And{NumTerm(FieldCode, Eq, 7), Or{TextTerm(FieldSource, Eq, "disk"), Not{TextTerm(FieldMessage, Contains, "x")}}}
	if got, want := x.Needs(), FieldCode.Bit()|FieldSource.Bit()|FieldMessage.Bit(); got != want {
		t.Errorf("Needs: %b, want %b", got, want)
	}
	if got := (And{Or{}}).Needs(); got != 0 {
		t.Errorf("Needs of nothing: %b", got)
	}
}

func nest(n int) Expr {
	x := Expr(And{})
	for range n - 1 {
		x = Not{x}
	}
	return x
}

func TestCheckExpr(t *testing.T) {
	many := func(n int, x Expr) Expr {
		or := make(Or, n)
		for i := range or {
			or[i] = x
		}
		return or
	}
	term := NumTerm(FieldCode, Eq, 7)
	for _, x := range []struct {
		name string
		x    Expr
		want string // "": it is well
	}{
		{"nil", nil, ""},
		{"empty and", And{}, ""},
		{"nil or", Or(nil), ""},
		{"numbers", And{term, NumTerm(FieldType, BitAnd, 3), RangeTerm(FieldCategory, 1, 2)}, ""},
		{"texts", Or{TextTerm(FieldSource, Eq, "a"), TextTerm(FieldData, Contains, "Ä"), Not{NamedTerm(FieldNamed, "n", Prefix, "")}}, ""},
		{"deepest", nest(MaxExprDepth), ""},
		{"most terms", many(MaxExprTerms, term), ""},
		{"too deep", nest(MaxExprDepth + 1), "selection is nested more than 64 deep: invalid argument"},
		{"too many terms", many(MaxExprTerms+1, term), "selection has more than 4096 terms: invalid argument"},
		{"too many empty parts", many(MaxExprTerms+1, And{}), "selection has more than 4096 terms: invalid argument"},
		{"nil part", And{term, nil}, "selection has an empty part: invalid argument"},
		{"nil term", (*Term)(nil), "selection has an empty part: invalid argument"},
		{"not nothing", Not{}, "selection has an empty part: invalid argument"},
		{"pointer", &And{}, "selection has an empty part: invalid argument"},
		{"unknown field", TextTerm(99, Eq, "x"), "selection has an unknown field 99: invalid argument"},
		{"unknown comparison of a text", TextTerm(FieldSource, 9, "x"), "field source cannot be compared by 9: invalid argument"},
		{"unknown comparison of a number", NumTerm(FieldCode, 9, 1), "field id cannot be compared by 9: invalid argument"},
		{"number by contains", NumTerm(FieldCode, Contains, 1), "field id cannot be compared by contains: invalid argument"},
		{"number by prefix", NumTerm(FieldCode, Prefix, 1), "field id cannot be compared by prefix: invalid argument"},
		{"text by range", RangeTerm(FieldSource, 1, 2), "field source cannot be compared by range: invalid argument"},
		{"text by bits", TextTerm(FieldSource, BitAnd, "x"), "field source cannot be compared by bitand: invalid argument"},
		{"made by hand", &Term{Field: FieldSource, Op: Eq, S: "x"}, "term on source was not made by TextTerm: invalid argument"},
	} {
		err := CheckExpr(x.x)
		switch {
		case x.want == "" && err != nil:
			t.Errorf("%s: %v", x.name, err)
		case x.want != "" && (err == nil || err.Error() != x.want || !errors.Is(err, ErrInvalid)):
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
}

func TestFieldNames(t *testing.T) {
	seen := map[string]bool{}
	for f := range fieldCount {
		if s := f.String(); s == "" || seen[s] {
			t.Errorf("field %d is called %q", f, s)
		} else {
			seen[s] = true
		}
		if !AllFields.Has(f) {
			t.Errorf("AllFields lacks %v", f)
		}
	}
	if got := AllFields &^ DefaultFields; got != FieldMessage.Bit()|FieldXML.Bit()|FieldRaw.Bit()|FieldCategoryName.Bit() {
		t.Errorf("not in DefaultFields: %b", got)
	}
	for got, want := range map[fmt.Stringer]string{
		fieldCount: "20", Tri(No): "no", Maybe: "maybe", Yes: "yes", Tri(-1): "-1", Tri(3): "3",
		Prefix: "prefix", Op(5): "5", NotSought: "not sought", ByCatalogue: "catalogue", TextBy(9): "9",
	} {
		if got.String() != want {
			t.Errorf("%#v: %q, want %q", got, got.String(), want)
		}
	}
}

// TestEventView asks an Event for every field.
func TestEventView(t *testing.T) {
	e := &Event{
		Origin: &Origin{Server: "srv", Log: "log"}, RecordNumber: 1, ID: 0xC0000007, Type: Warning, Level: LevelWarning, Category: 4,
		Source: "source", Computer: "computer", User: "S-1-1-0", Strings: []string{"a", "b"}, Data: []byte("data"),
		Message: "message", MessageBy: ByServer, Extra: &Extra{XML: "<Event/>", Names: []string{"x", "y"}},
	}
	for f, want := range map[Field]uint64{FieldRecord: 1, FieldTimeWritten: 0, FieldTimeGenerated: 0, FieldCode: 7, FieldID: 0xC0000007,
		FieldType: 2, FieldLevel: 3, FieldCategory: 4, FieldSource: 0} {
		if n, ok := e.Num(f); n != want || !ok {
			t.Errorf("%v: %d, %v, want %d", f, n, ok, want)
		}
	}
	for f, want := range map[Field]string{FieldServer: "srv", FieldLog: "log", FieldSource: "source", FieldComputer: "computer", FieldUser: "S-1-1-0",
		FieldString: "a", FieldData: "data", FieldNamed: "b", FieldMessage: "message", FieldXML: "<Event/>"} {
		if x, ok := e.Text(f, "Y", 0); x.S+string(x.Bin) != want || ok != Yes {
			t.Errorf("%v: %+v, %v, want %q", f, x, ok, want)
		}
		i := 1
		if f == FieldString {
			i = 2
		}
		if x, ok := e.Text(f, "Y", i); ok != No {
			t.Errorf("%v: value %d is %+v, %v", f, i, x, ok)
		}
	}
	none := new(Event)
	for f, want := range map[Field]Tri{FieldServer: Yes, FieldLog: Yes, FieldSource: Yes, FieldComputer: Yes, FieldUser: Yes, // the empty text
		FieldString: No, FieldData: No, FieldNamed: No, FieldMessage: Maybe, FieldXML: No, FieldRaw: No, FieldCode: No} {
		if x, ok := none.Text(f, "", 0); ok != want || x.S != "" {
			t.Errorf("%v of nothing: %+v, %v, want %v", f, x, ok, want)
		}
	}
}
