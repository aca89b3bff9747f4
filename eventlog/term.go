package eventlog

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Op is how a term compares.
type Op uint8

// The comparisons. Text is compared without regard to case.
const (
	Eq       Op = iota // a number or a whole text
	Range              // Lo <= n <= Hi
	BitAnd             // n&Lo != 0
	Contains           // the text has S somewhere
	Prefix             // the text begins with S
	Like               // the text is as the pattern S: * is any text, ? one character, \ takes the next as it is
	Differs            // the text is another than S
	opCount
)

func (o Op) String() string {
	return name([]string{"eq", "range", "bitand", "contains", "prefix", "like", "differs"}, int(o))
}

// Term compares one field. It is made by [NumTerm], [RangeTerm], [TextTerm],
// [NamedTerm] and [NumberTerm], which prepare what matching needs, and not changed
// afterwards. A term on a text field with several values is Yes if one of them
// matches.
type Term struct {
	Field  Field
	Name   string // of FieldNamed; of FieldString which one, "1" is the first, "" any
	Op     Op
	Lo, Hi uint64 // of numbers; Hi of Range only
	S      string // of text fields, as it was given

	folded string   // S folded, for text that is a Go string
	units  []uint16 // S folded, for text that is UTF-16LE
	like   []rune   // S taken apart, for Like
	nth    int      // of FieldString: Name as a number; 0: any
}

// NumTerm compares a numeric field with n by Eq or BitAnd.
func NumTerm(f Field, op Op, n uint64) *Term { return &Term{Field: f, Op: op, Lo: n, Hi: n} }

// RangeTerm is Yes where lo <= f <= hi.
func RangeTerm(f Field, lo, hi uint64) *Term { return &Term{Field: f, Op: Range, Lo: lo, Hi: hi} }

// TextTerm compares a text field with s by Eq, Contains, Prefix, Like or Differs.
func TextTerm(f Field, op Op, s string) *Term { return NamedTerm(f, "", op, s) }

// NamedTerm is TextTerm for FieldNamed: of the strings called name; and for
// FieldString: of the string with that number, from "1" on.
func NamedTerm(f Field, name string, op Op, s string) *Term {
	folded := Fold(s)
	t := &Term{Field: f, Name: name, Op: op, S: s, folded: folded, units: utf16.Encode([]rune(folded))}
	if op == Like {
		t.like = parseLike(folded)
	}
	t.nth, _ = nthOf(f, name)
	return t
}

// NumberTerm compares what FieldString or FieldNamed has as a number by Range,
// from lo to hi, or with the bits of lo by BitAnd. Texts that are no whole
// number, decimal or hexadecimal with 0x, do not match.
func NumberTerm(f Field, name string, op Op, lo, hi uint64) *Term {
	t := &Term{Field: f, Name: name, Op: op, Lo: lo, Hi: hi}
	t.nth, _ = nthOf(f, name)
	return t
}

// maxNth is how many strings a record can have.
const maxNth = 1<<16 - 1

// nthOf is the number that a name says; ok is false for a name that the field
// cannot have.
func nthOf(f Field, name string) (n int, ok bool) {
	if f == FieldNamed || name == "" {
		return 0, true
	}
	n, err := strconv.Atoi(name)
	if f != FieldString || err != nil || n < 1 || n > maxNth || strconv.Itoa(n) != name {
		return 0, false
	}
	return n, true
}

// number says whether t compares a text as a number.
func (t *Term) number() bool { return t.Op == Range || t.Op == BitAnd }

func (t *Term) check() error {
	switch {
	case t == nil:
		return fmt.Errorf("selection has an empty part: %w", ErrInvalid)
	case t.Field >= fieldCount:
		return fmt.Errorf("selection has an unknown field %v: %w", t.Field, ErrInvalid)
	case t.Field == FieldCategoryName: // found for what was chosen, after it was
		return fmt.Errorf("field %v can be wanted, not chosen by: %w", t.Field, ErrInvalid)
	case t.Op >= opCount, t.Field.Numeric() && t.Op > BitAnd,
		t.number() && !t.Field.Numeric() && t.Field != FieldString && t.Field != FieldNamed:
		return fmt.Errorf("field %v cannot be compared by %v: %w", t.Field, t.Op, ErrInvalid)
	}
	if t.Field.Numeric() {
		if t.Name != "" || t.S != "" {
			return fmt.Errorf("term on %v has a name or a text: %w", t.Field, ErrInvalid)
		}
		return nil
	}
	n, ok := nthOf(t.Field, t.Name)
	switch {
	case !ok:
		return fmt.Errorf("field %v has no value called %q: %w", t.Field, t.Name, ErrInvalid)
	case n != t.nth, t.folded != Fold(t.S), t.Op == Like && t.like == nil, t.number() && t.S != "":
		return fmt.Errorf("term on %v was not made by TextTerm: %w", t.Field, ErrInvalid)
	}
	return nil
}

// Needs implements Expr.
func (t *Term) Needs() Fields { return t.Field.Bit() }

// Match implements Expr.
func (t *Term) Match(v View) Tri {
	if t.Field.Numeric() {
		n, known := v.Num(t.Field)
		if !known {
			return Maybe
		}
		if t.matchNumber(n) {
			return Yes
		}
		return No
	}
	if t.nth > 0 {
		x, known := v.Text(t.Field, "", t.nth-1)
		if known == Yes && !t.matchText(x) {
			return No
		}
		return known
	}
	if e, ok := v.(*Event); ok && t.Field == FieldNamed {
		return t.matchNamed(e)
	}
	for i := 0; ; i++ {
		x, known := v.Text(t.Field, t.Name, i)
		if known != Yes {
			return known
		}
		if t.matchText(x) {
			return Yes
		}
	}
}

// matchNamed goes through the names once: an Event, which is a plain value, does not
// remember where the last one was that Text was asked for.
func (t *Term) matchNamed(e *Event) Tri {
	if e.Extra == nil {
		return No
	}
	for i, n := range e.Extra.Names[:min(len(e.Extra.Names), len(e.Strings))] {
		if EqualFold(n, t.Name) && t.matchText(Text{S: e.Strings[i]}) {
			return Yes
		}
	}
	return No
}

func (t *Term) matchNumber(n uint64) bool {
	switch t.Op {
	case Eq:
		return n == t.Lo
	case Range:
		return n >= t.Lo && n <= t.Hi
	case BitAnd:
		return n&t.Lo != 0
	}
	return false
}

func (t *Term) matchText(x Text) bool {
	switch t.Op {
	case Range, BitAnd:
		n, ok := x.number()
		return ok && t.matchNumber(n)
	case Like:
		return t.matchLike(x)
	case Differs:
		return !t.matchWhole(x)
	}
	return t.matchWhole(x)
}

// matchWhole compares by Eq, Prefix or Contains; Differs is by Eq.
func (t *Term) matchWhole(x Text) bool {
	switch {
	case x.U16 != nil:
		return t.matchUnits(x.U16)
	case x.Bin != nil:
		return t.matchBytes(x.Bin) || t.matchBinUnits(x.Bin)
	}
	return t.matchString(x.S)
}

// whole says whether the whole text is compared.
func (t *Term) whole() bool { return t.Op == Eq || t.Op == Differs }

// matchBinUnits looks for UTF-16LE in bytes that may hold it: from the first byte
// on, or at any offset where the text need only be contained.
func (t *Term) matchBinUnits(b []byte) bool {
	switch {
	case t.whole() && len(b)%2 != 0:
		return false
	case t.matchUnits(b):
		return true
	}
	return t.Op == Contains && len(b) > 1 && t.matchUnits(b[1:])
}

func (t *Term) matchUnits(b []byte) bool {
	n := len(t.units)
	have := len(b) / 2
	switch {
	case t.whole() && have != n, have < n:
		return false
	case t.Op != Contains:
		return equalUnits(b, t.units)
	case n == 0:
		return true
	}
	first := t.units[0]
	for i := 0; i <= have-n; i++ {
		if u := binary.LittleEndian.Uint16(b[2*i:]); foldUnit(u) == first && equalUnits(b[2*i:], t.units) {
			return true
		}
	}
	return false
}

func equalUnits(b []byte, folded []uint16) bool {
	for i, f := range folded {
		if u := binary.LittleEndian.Uint16(b[2*i:]); u != f && foldUnit(u) != f {
			return false
		}
	}
	return true
}

func (t *Term) matchString(s string) bool {
	switch t.Op {
	case Eq, Differs:
		rest, ok := cutFold(s, t.folded)
		return ok && rest == ""
	case Prefix:
		_, ok := cutFold(s, t.folded)
		return ok
	}
	for {
		if _, ok := cutFold(s, t.folded); ok {
			return true
		}
		if s == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(s)
		s = s[n:]
	}
}

// cutFold takes the folded prefix off s.
func cutFold(s, folded string) (rest string, ok bool) {
	for folded != "" {
		if s == "" {
			return "", false
		}
		if s[0]|folded[0] < utf8.RuneSelf {
			if foldASCII(s[0]) != folded[0] {
				return "", false
			}
			s, folded = s[1:], folded[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		f, m := utf8.DecodeRuneInString(folded)
		if foldRune(r) != f {
			return "", false
		}
		s, folded = s[n:], folded[m:]
	}
	return s, true
}

// matchBytes is matchString on bytes that may hold text.
func (t *Term) matchBytes(b []byte) bool {
	// No more bytes than this can fold to t.folded: the Kelvin sign, three bytes,
	// folds to one, and no other character shrinks as much.
	most := 3 * len(t.folded)
	if t.Op != Contains || most == 0 {
		return t.matchString(string(b[:min(len(b), most+1)]))
	}
	// Most data is not text: look at possible starts only.
	for i := 0; i < len(b); {
		n := 1
		if b[i] >= utf8.RuneSelf {
			_, n = utf8.DecodeRune(b[i:])
		}
		if b[i] >= utf8.RuneSelf || foldASCII(b[i]) == t.folded[0] {
			if _, ok := cutFold(string(b[i:min(len(b), i+most)]), t.folded); ok {
				return true
			}
		}
		i += n
	}
	return false
}
