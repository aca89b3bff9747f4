package eventlog

import (
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"netelf.example/nt"
)

func TestSelectionMark(t *testing.T) {
	s := &Selection{After: []Mark{{Log: "System", Record: 1}, {Server: "srv", Log: "System", Record: 2}, {Server: "srv", Log: "system", Record: 3}}}
	for _, x := range []struct {
		o    Origin
		want uint64 // 0: none
	}{
		{Origin{Server: "", Log: "SYSTEM"}, 1}, {Origin{Server: "SRV", Log: "system"}, 2}, {Origin{Server: "srv", Log: "Security"}, 0}, {Origin{Server: "srv2", Log: "System"}, 0},
	} {
		switch m := s.Mark(&x.o); {
		case x.want == 0 && m != nil:
			t.Errorf("%v: %+v", &x.o, m)
		case x.want != 0 && (m == nil || m.Record != x.want):
			t.Errorf("%v: %+v, want record %d", &x.o, m, x.want)
		}
	}
}

func TestSelectionFirst(t *testing.T) {
	const most = math.MaxUint64
	o := &Origin{Server: "srv", Log: "log"}
	type in struct {
		oldest, next, start uint64
		mark                uint64 // none: noMark
	}
	const noMark = most - 1
	const unknown = most // lost, and nobody knows how many
	type out struct{ first, lost uint64 }
	gone := out{most, most}
	for _, x := range []struct {
		in
		forward, backward out
	}{
		// records 5 to 18
		{in{5, 19, 0, noMark}, out{5, 0}, out{18, 0}},
		{in{5, 19, 7, noMark}, out{7, 0}, out{7, 0}},
		{in{5, 19, 5, noMark}, out{5, 0}, out{5, 0}},
		{in{5, 19, 18, noMark}, out{18, 0}, out{18, 0}},
		{in{5, 19, 4, noMark}, out{5, 0}, out{0, 0}},
		{in{5, 19, 19, noMark}, out{19, 0}, out{18, 0}},
		{in{5, 19, most, noMark}, out{19, 0}, out{18, 0}},
		{in{5, 19, 0, 0}, out{5, 0}, out{18, 0}},
		{in{5, 19, 0, 5}, out{6, 0}, out{0, 0}},
		{in{5, 19, 0, 6}, out{7, 0}, out{5, 0}},
		{in{5, 19, 0, 18}, out{19, 0}, out{17, 0}},
		{in{5, 19, 0, 19}, gone, gone},
		{in{5, 19, 0, most}, gone, gone},
		{in{5, 19, 0, 4}, out{5, 0}, out{0, unknown}},
		{in{5, 19, 0, 3}, out{5, 1}, out{0, unknown}},
		{in{5, 19, 0, 1}, out{5, 3}, out{0, 0}},
		{in{5, 19, 0, 2}, out{5, 2}, out{0, unknown}},
		{in{5, 19, 1, 3}, out{5, 1}, out{0, 0}},
		{in{5, 19, 2, 3}, out{5, 1}, out{0, unknown}},
		{in{5, 19, 9, 3}, out{9, 0}, out{0, unknown}},
		{in{5, 19, 2, 1}, out{5, 3}, out{0, 0}},
		{in{5, 19, 3, 1}, out{5, 0}, out{0, 0}},
		{in{5, 19, 9, 1}, out{9, 0}, out{0, 0}},
		{in{5, 19, 9, 12}, out{13, 0}, out{9, 0}},
		{in{5, 19, 12, 9}, out{12, 0}, out{8, 0}},
		{in{5, 19, 12, 0}, out{12, 0}, out{12, 0}},
		// one record
		{in{1, 2, 0, noMark}, out{1, 0}, out{1, 0}},
		{in{1, 2, 0, 1}, out{2, 0}, out{0, 0}},
		// none, said in each way
		{in{0, 0, 0, noMark}, out{0, 0}, out{0, 0}},
		{in{0, 0, 9, 0}, out{0, 0}, out{0, 0}},
		{in{0, 0, 0, 1}, gone, gone},
		{in{0, 1, 0, noMark}, out{1, 0}, out{0, 0}},
		{in{0, 1, 9, 0}, out{1, 0}, out{0, 0}},
		{in{0, 1, 0, 1}, gone, gone},
		{in{1, 1, 0, noMark}, out{1, 0}, out{0, 0}},
		{in{7, 7, 3, noMark}, out{7, 0}, out{0, 0}},
		{in{9, 7, 0, noMark}, out{7, 0}, out{0, 0}},
		// emptied, and the numbers go on
		{in{0, 19, 0, 18}, out{19, 0}, out{0, unknown}},
		{in{19, 19, 0, 16}, out{19, 2}, out{0, unknown}},
		{in{0, 19, 0, 16}, out{19, 2}, out{0, unknown}},
		// the last numbers that there are
		{in{most - 2, most, 0, noMark}, out{most - 2, 0}, out{most - 1, 0}},
		{in{most - 3, most, 0, most - 2}, out{most - 1, 0}, out{most - 3, 0}},
		{in{most - 3, most, most, 0}, out{most, 0}, out{most - 1, 0}},
	} {
		for _, back := range []bool{false, true} {
			s := &Selection{Start: x.start, Backward: back}
			if x.mark != noMark {
				s.After = []Mark{{Server: "srv", Log: "log", Record: x.mark}}
			}
			want := x.forward
			if back {
				want = x.backward
			}
			first, lost, err := s.First(o, x.oldest, x.next)
			got := out{first: first}
			if lost != nil {
				var known bool
				if got.lost, known = lost.Count(); !known {
					got.lost = unknown
				}
				want := Loss{Origin: o, Offset: -1, First: first - got.lost, Last: first - 1, Err: ErrOverwrite}
				if back {
					want.First, want.Last = 1, 0
				}
				if *lost != want {
					t.Errorf("%+v, backward %v: %+v, want %+v", x.in, back, *lost, want)
				}
			}
			if err != nil {
				got = gone
			}
			if got != want || want == gone && err != ErrMarkGone {
				t.Errorf("%+v, backward %v: %v, %v, want %v", x.in, back, got, err, want)
			}
		}
	}
}

func TestWanted(t *testing.T) {
	for _, x := range []struct {
		s    Selection
		want Fields
	}{
		{Selection{}, DefaultFields},
		{Selection{Want: FieldCode.Bit()}, FieldCode.Bit()},
		{Selection{Want: FieldCode.Bit(), Where: TextTerm(FieldMessage, Eq, "")}, FieldCode.Bit() | FieldMessage.Bit()},
		{Selection{Where: And{TextTerm(FieldXML, Eq, "")}}, DefaultFields | FieldXML.Bit()},
	} {
		if got := x.s.Wanted(); got != x.want {
			t.Errorf("%+v: %b, want %b", x.s, got, x.want)
		}
	}
}

func TestJudge(t *testing.T) {
	message := TextTerm(FieldMessage, Contains, "x")
	odd := NumTerm(FieldRecord, BitAnd, 1)
	for _, x := range []struct {
		name     string
		s        Selection
		want     string // answers to records 1 to 6, as far as it goes
		end      error  // nil: it may go on
		examined uint64
	}{
		{"all", Selection{}, "yes yes yes yes yes yes ", nil, 6},
		{"limit", Selection{Limit: 2}, "yes yes ", io.EOF, 2},
		{"negative limit", Selection{Limit: -1}, "yes yes yes yes yes yes ", nil, 6},
		{"limit counts yes", Selection{Limit: 2, Where: odd}, "yes no yes ", io.EOF, 3},
		{"limit counts no maybe", Selection{Limit: 2, Where: message}, "maybe maybe maybe maybe maybe maybe ", nil, 6},
		{"limit counts yes among maybe", Selection{Limit: 2, Where: Or{odd, message}}, "yes maybe yes ", io.EOF, 3},
		{"budget", Selection{Budget: 4, Where: odd}, "yes no yes no ", ErrBudget, 4},
		{"negative budget", Selection{Budget: -4}, "yes yes yes yes yes yes ", nil, 6},
		{"limit before budget", Selection{Budget: 2, Limit: 2}, "yes yes ", io.EOF, 2},
		{"times", Selection{Since: time.Unix(2, 0), Until: time.Unix(5, 0)}, "no yes yes yes no no ", nil, 6},
		{"times and where", Selection{Since: time.Unix(2, 0), Where: odd}, "no no yes no yes no ", nil, 6},
		{"times and maybe", Selection{Until: time.Unix(2, 0), Where: message}, "maybe no no no no no ", nil, 6},
	} {
		j := NewJudge(&x.s)
		got := ""
		var end error
		for i := range 6 {
			if end = j.More(); end != nil {
				break
			}
			got += j.Take(&Event{RecordNumber: uint64(i + 1), TimeGenerated: time.Unix(int64(i+1), 0)}).String() + " "
		}
		if got != x.want || end != x.end || j.Examined() != x.examined {
			t.Errorf("%s: %s, %v, %d examined, want %s, %v, %d", x.name, got, end, j.Examined(), x.want, x.end, x.examined)
		}
	}
}

// TestJudgeTimes looks at both bounds around one event, to the nanosecond.
func TestJudgeTimes(t *testing.T) {
	at := nt.Filetime(131_000_000_000_000_001).Time()
	e := &Event{TimeGenerated: at}
	for _, x := range []struct {
		d            time.Duration
		since, until Tri
	}{
		{-100, Yes, No}, {-99, Yes, No}, {-1, Yes, No}, {0, Yes, No}, {1, No, Yes}, {99, No, Yes}, {100, No, Yes},
	} {
		if got := NewJudge(&Selection{Since: at.Add(x.d)}).Take(e); got != x.since {
			t.Errorf("since %v: %v, want %v", x.d, got, x.since)
		}
		if got := NewJudge(&Selection{Until: at.Add(x.d)}).Take(e); got != x.until {
			t.Errorf("until %v: %v, want %v", x.d, got, x.until)
		}
	}
	for _, x := range []struct {
		year         int
		since, until Tri
	}{{1, Yes, No}, {1600, Yes, No}, {3000, No, Yes}, {60000, No, Yes}, {70000, No, Yes}, {math.MaxInt32, No, Yes}} {
		bound := time.Date(x.year, 6, 1, 0, 0, 0, 0, time.UTC)
		if got := NewJudge(&Selection{Since: bound}).Take(e); got != x.since {
			t.Errorf("since the year %d: %v, want %v", x.year, got, x.since)
		}
		if got := NewJudge(&Selection{Until: bound}).Take(e); got != x.until {
			t.Errorf("until the year %d: %v, want %v", x.year, got, x.until)
		}
	}
	// A View that does not know the time is not held to the bounds.
	if got := NewJudge(&Selection{Since: at}).Take(&oneText{}); got != Yes {
		t.Errorf("a time that is not known: %v", got)
	}
}

func TestCount(t *testing.T) {
	for _, x := range []struct{ oldest, next, want uint64 }{{0, 0, 0}, {0, 1, 0}, {1, 1, 0}, {1, 2, 1}, {5, 19, 14}, {9, 7, 0}, {0, 19, 0}} {
		if got := (&Info{Oldest: x.oldest, Next: x.next}).Count(); got != x.want {
			t.Errorf("%+v: %d", x, got)
		}
	}
}

func ExampleSelection() {
	s := &Selection{Backward: true, Limit: 10, Where: And{
		TextTerm(FieldSource, Eq, "disk"),
		NumTerm(FieldType, BitAnd, uint64(Error|Warning)),
	}}
	e := &Event{Source: "Disk", Type: Warning, Strings: []string{`\Device\Harddisk0`}}
	fmt.Println(s.Where.Match(e), CheckExpr(s.Where))
	// Output: yes <nil>
}

func TestEnds(t *testing.T) {
	// The sentinels are told apart by identity.
	all := []error{ErrMarkGone, ErrBudget, ErrOverwrite, ErrLogFull, ErrCorrupt, ErrInvalid, ErrLevel, ErrBuffer, ErrHandle, ErrBackupName, ErrTooLarge, ErrDiskFull, io.EOF}
	for i, a := range all {
		for j, b := range all {
			if errors.Is(a, b) != (i == j) {
				t.Errorf("%v is %v", a, b)
			}
		}
	}
}
