package query

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"netelf.example/eventlog"
)

// xpathRow is one line of testdata/xpath.txt.
type xpathRow struct {
	line  int
	want  string // record numbers
	alone bool   // XPath 1.0 understands it otherwise
	expr  string
}

// xpathTable is the table of queries with the records of testEvents that they
// select.
func xpathTable(t *testing.T) []xpathRow {
	t.Helper()
	text, err := os.ReadFile("testdata/xpath.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []xpathRow
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		want, expr, ok := strings.Cut(line, "|")
		if !ok {
			t.Fatalf("line %d: %q", i+1, line)
		}
		r := xpathRow{line: i + 1, want: strings.TrimSpace(want), expr: strings.TrimSpace(expr)}
		r.want, r.alone = strings.CutSuffix(r.want, "~")
		r.want = strings.TrimSpace(r.want)
		rows = append(rows, r)
	}
	if len(rows) < 150 {
		t.Fatalf("only %d rows", len(rows))
	}
	return rows
}

// selected are the record numbers that a tree selects.
func selected(x eventlog.Expr, events []*eventlog.Event) string {
	var b strings.Builder
	for _, e := range events {
		if x == nil || x.Match(e) == eventlog.Yes {
			b.WriteByte(' ')
			b.WriteString(strconv.FormatUint(e.RecordNumber, 10))
		}
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()[1:]
}

// TestXPath: each query of the table selects what the table says, and its tree is
// the same after it was printed.
func TestXPath(t *testing.T) {
	events := testEvents()
	for _, r := range xpathTable(t) {
		q, err := Parse(r.expr, &Options{Now: testNow})
		if err != nil {
			t.Errorf("line %d: %s: %v", r.line, r.expr, err)
			continue
		}
		if want := FormOf(r.expr); r.expr != "*" && want != XPath || q.Form != want {
			t.Errorf("line %d: %s: taken for %v", r.line, r.expr, q.Form)
		}
		if got := selected(q.Where, events); got != r.want {
			t.Errorf("line %d: %s: selects %s, want %s (%s)", r.line, r.expr, got, r.want, Format(q.Where))
		}
		backAndForth(t, q.Where)
	}
}

// TestXPathErrors: what is refused, and where.
func TestXPathErrors(t *testing.T) {
	for _, tt := range []struct{ text, place, msg string }{ // msg: what is somewhere in it
		{"*[", "", "something is missing at the end"},
		{"*[]", "]", "want a name, as System or EventID"},
		{"*[System[EventID=1]", "[", "this [ is not closed"},
		{"*[System[(EventID=1]]", "]", "] cannot stand here; want ), and, or"},
		{"*[System[EventID=1]]]", "]", "] cannot stand here; want and, or, or the end"},
		{"*[System[EventID='1]]", "'", "this quotation mark has no other end"},
		{"*[System[(EventID=’4624′)]]", "’", "this quotation mark is one of print"},
		{"*[System[EventID=]]", "]", "cannot stand here"},
		{"*[System[EventID==1]]", "=", "= cannot stand here"},
		{"*[System[EventID=#1]]", "#", "cannot stand here"},
		{"//Event[System]", "//", "have no //"},
		{"*[//Data='x']", "//", "have no //"},
		{"*[EventData//Data='x']", "//", "name every element on the way"},
		{"*[System/../EventData]", "..", "have no way up"},
		{"*[child::System]", "child::", "axes are not written out"},
		{"*[e:System]", "e:", "no namespaces"},
		{"*[System[EventID=$x]]", "$", "no variables"},
		{"*[System[EventID=1]] | *[System[EventID=2]]", "|", "write or"},
		{"*[System[EventID+1=2]]", "+", "do not calculate"},
		{"*[System[EventID=Level]]", "Level", "want a number, or a text in quotation marks"},
		{"*[System['a'='b']]", "'b'", "want a name to compare"},
		{"*[System[1]]", "1", "a number alone is a position"},
		{"*['x']", "'x'", "a text alone says nothing"},
		{"Event/Sistem/Level=1", "Sistem", "do you mean System?"},
		{"*[Foo]", "Foo", "an event has System, EventData and UserData, no Foo"},
		{"*[RenderingInfo/Message='x']", "RenderingInfo", "message:text"},
		{"*[*/EventID=1]", "*", "say which it is below the event"},
		{"*[System[EvntID=1]]", "EvntID", "do you mean EventID?"},
		{"*[System[*=1]]", "*", "say which of them"},
		{"*[System[@EventID=1]]", "@EventID", "System has"},
		{"*[System[Provider='x']]", "Provider", "compare Provider[@Name='Disk']"},
		{"*[System[Provider/Name='x']]", "Name", "Provider has no elements below it"},
		{"*[System[Provider[@Nam='x']]]", "@Nam", "Provider can be asked for by @Name, @Guid, @EventSourceName, not by @Nam"},
		{"*[System[Level[@x=1]]]", "@x", "Level has no attribute x"},
		{"*[System[Level/text()/x=1]]", "text()", "nothing can stand behind the value itself"},
		{"*[System='x']", "System", "has no value of its own"},
		{"*[.='x']", ".", "has no value of its own"},
		{"Event[System[EventID='abc']]", "'abc'", "EventID is compared with a whole number"},
		{"*[System[EventID=1.5]]", "1.5", "EventID is compared with a whole number"},
		{"*[System[Level='Error']]", "'Error'", "Level is compared with a whole number"},
		{"*[System[contains(EventID,'4')]]", "EventID", "EventID is a number"},
		{"*[System[EventID[@Qualifiers=70000]]]", "70000", "qualifiers go up to 65535"},
		{"*[System[Computer<'x']]", "Computer", "Computer is a text: it has no <"},
		{"*[System[Security[@UserID='SYSTEM']]]", "'SYSTEM'", "that of SYSTEM is S-1-5-18"},
		{"*[System[Security[@UserID='bob']]]", "'bob'", "is compared with a SID, as S-1-5-18"},
		{"*[System[Provider[@Guid='x']]]", "'x'", "is compared with a GUID"},
		{"*[System[TimeCreated>'2026-01-01']]", "TimeCreated", "compare TimeCreated[@SystemTime"},
		{"*[System[TimeCreated[@SystemTime>'yesterday']]]", "'yesterday'", "this is no time"},
		{"*[System[TimeCreated[@SystemTime>'8h']]]", "'8h'", "this is no time"},
		{"*[System[TimeCreated[@SystemTime>20260101]]]", "@SystemTime", "is compared with a time in quotation marks"},
		{"*[System[TimeCreated[timediff(@SystemTime)]]]", "timediff(@SystemTime)", "timediff is compared with milliseconds"},
		{"*[System[TimeCreated[timediff(@SystemTime)<='x']]]", "'x'", "a number of milliseconds"},
		{"*[System[timediff(EventID)<=1]]", "EventID", "timediff takes @SystemTime of TimeCreated"},
		{"*[System[timediff()<=1]]", "timediff()", "timediff takes @SystemTime"},
		{"*[System[TimeCreated[timediff(@SystemTime,'x')<=1]]]", "'x'", "this is no time"},
		{"*[System[band(Keywords)]]", "band(Keywords)", "band takes a name and a number"},
		{"*[System[band(Keywords,'x')]]", "'x'", "band takes a whole number"},
		{"*[System[band(Computer,1)]]", "Computer", "no number that has bits"},
		{"*[System[band(Keywords,1)<2]]", "band(Keywords,1)", "band is compared by = and !="},
		{"*[System[bund(Keywords,1)]]", "bund(Keywords,1)", "do you mean band?"},
		{"*[System[string-length(Computer)>3]]", "string-length(Computer)", "no function string-length"},
		{"*[System[contains(Computer)]]", "contains(Computer)", "contains takes a name and a text"},
		{"*[not(System,EventData)]", "not(System,EventData)", "not() takes one part"},
		{"*[System[position()<=5]]", "position()", "can only bound the whole query"},
		{"*[position()<=5][System]", "position()", "can only bound the whole query"},
		{"*[System and position()<=5]", "position()", "can only bound the whole query"},
		{"*[System][position()>=5]", "position()>=5", "position() <= 10"},
		{"*[System][position()<=0]", "position()<=0", "position() <= 10"},
		{"*[System][position()<1]", "position()<1", "position() <= 10"},
		{"*[EventData[@Name='x']]", "@Name", "EventData can be asked for by what is in it"},
		{"*[EventData[Binary='00']]", "Binary", "binary data is not compared"},
		{"*[EventData[Data[@Name]]]", "@Name", "has any name at all"},
		{"*[EventData[Data[@Name!='x']='y']]", "@Name!='x'", "compared by = only"},
		{"*[EventData[Data[@Type='x']]]", "@Type='x'", "Data can be asked for by"},
		{"*[EventData[Data[@Name='x'][1]]]", "1", "stands alone and first"},
		{"*[EventData[Data[@Name='x' and 1]]]", "1", "stands alone and first"},
		{"*[EventData[Data[1][@Name='x']]]", "Data[1][@Name='x']", "by its name or by its place"},
		{"*[EventData[Data[0]]]", "0", "a place is a number from 1"},
		{"*[EventData[Data[.!='a' and .!='b']]]", "Data[.!='a' and .!='b']", "several things of one Data"},
		{"*[EventData[Data!=5]]", "Data", "several things of one Data"},
		{"*[EventData[Data>'x']]", "'x'", "want a whole number to compare by >"},
		{"*[EventData/Data/@Type='x']", "@Type", "behind Data stands its value"},
		{"*[UserData/@x='y']", "@x", "UserData can be asked for by what is in it"},
	} {
		_, err := Parse(tt.text, &Options{Now: testNow})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := e.Text[e.Offset : e.Offset+e.Len]; got != tt.place || !strings.Contains(e.Msg, tt.msg) {
			t.Errorf("%s: %q: %s; want %q: %s", tt.text, got, e.Msg, tt.place, tt.msg)
		}
	}
	if _, err := Parse("*[System[TimeCreated[timediff(@SystemTime)<=5]]]", nil); err == nil || !strings.Contains(err.Error(), "counts from now") {
		t.Errorf("without a clock: %v", err)
	}
}

// TestLimit: position() becomes a limit where it stands last.
func TestLimit(t *testing.T) {
	for text, want := range map[string]int{
		"*[System[Level=2]][position() <= 10]": 10, "*[position() < 5]": 4, "*[position()=1]": 1, "Event[System][EventData][position()<=3]": 3,
		"*[System[Level=2]]": 0, "level:2": 0,
	} {
		q, err := Parse(text, nil)
		if err != nil || q.Limit != want {
			t.Errorf("%s: %+v, %v, want %d", text, q, err, want)
		}
	}
}

// TestEscaped: operators that were copied out of XML.
func TestEscaped(t *testing.T) {
	a, err := Parse("*[System[EventID &gt;= 4624 and EventID &lt;=4626 and Level&lt;3]]", nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := Parse("id>=4624 id<=4626 level:0..2", nil); !Equal(a.Where, b.Where) {
		t.Errorf("got %s", Format(a.Where))
	}
}

// TestManyClauses: ten thousand clauses are read, in every language, and judged.
func TestManyClauses(t *testing.T) {
	const count = 10_000
	var xpath, small, list strings.Builder
	xpath.WriteString("*[System[(EventID=41")
	small.WriteString("id:41")
	list.WriteString("<QueryList><Query><Select Path='System'>*[System[EventID=41]]</Select>")
	for i := 1; i < count; i++ {
		n := strconv.Itoa(50_000 + i)
		xpath.WriteString(" or EventID=" + n)
		small.WriteString("," + n)
		list.WriteString("<Select>*[System[EventID=" + n + "]]</Select>")
	}
	xpath.WriteString(")]]")
	list.WriteString("</Query></QueryList>")
	for name, text := range map[string]string{"XPath": xpath.String(), "small": small.String(), "or": strings.ReplaceAll(small.String(), ",", " or id:"), "QueryList": list.String()} {
		q, err := Parse(text, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := selected(q.Where, testEvents()); got != "12" {
			t.Errorf("%s selects %s", name, got)
		}
		backAndForth(t, q.Where)
	}
}

// TestNested: what is nested deeper than the limits is refused by their names,
// however it is nested.
func TestNested(t *testing.T) {
	for name, deep := range map[string]func(n int) string{
		"parentheses":       func(n int) string { return strings.Repeat("(", n) + "x" + strings.Repeat(")", n) },
		"minus":             func(n int) string { return strings.Repeat("-", n) + "x" },
		"not":               func(n int) string { return strings.Repeat("not ", n) + "x" },
		"lists":             func(n int) string { return strings.Repeat("(and ", n) + "x" + strings.Repeat(")", n) },
		"XPath parentheses": func(n int) string { return "*[" + strings.Repeat("(", n) + "System" + strings.Repeat(")", n) + "]" },
		"XPath brackets":    func(n int) string { return "*" + strings.Repeat("[System", n) + strings.Repeat("]", n) },
		"XPath not":         func(n int) string { return "*[" + strings.Repeat("not(", n) + "System" + strings.Repeat(")", n) + "]" },
		"UserData":          func(n int) string { return "*[UserData" + strings.Repeat("[a", n) + strings.Repeat("]", n) + "]" },
	} {
		for _, n := range []int{10, MaxNesting + 1, 1 << 19} {
			_, err := Parse(deep(n), nil)
			if n > 10 && (err == nil || !strings.Contains(err.Error(), "nested more than")) && name != "XPath brackets" || n == 1<<19 && err == nil {
				t.Errorf("%s, %d deep: %v", name, n, err)
			}
			if n == 10 && err != nil && name != "XPath brackets" {
				t.Errorf("%s, %d deep: %v", name, n, err)
			}
		}
	}
	if _, err := Parse(strings.Repeat("x ", MaxText), nil); err == nil || !strings.Contains(err.Error(), "longer than 4 MiB") {
		t.Errorf("too long: %v", err)
	}
	if _, err := Parse(strings.Repeat("x ", eventlog.MaxExprTerms), nil); err == nil || !strings.Contains(err.Error(), "terms") {
		t.Errorf("too many words: %v", err)
	}
	if _, err := Parse("*[System["+strings.Repeat("EventID=1 or ", 5*eventlog.MaxExprTerms)+"EventID=1]]", nil); err == nil || !strings.Contains(err.Error(), "parts") {
		t.Errorf("too many clauses: %v", err)
	}
	if _, err := Parse("*[UserData"+strings.Repeat("/a", 1<<20)+"]", nil); err == nil || !strings.Contains(err.Error(), "steps") {
		t.Errorf("long path: %v", err)
	}
	// Conditions that multiply.
	many := strings.Repeat(".=1 or ", 18_000) + ".=1"
	if _, err := Parse("*[System[band(EventID["+many+"],65535)=65535]]", nil); err == nil || !strings.Contains(err.Error(), "multiplies") {
		t.Errorf("bands that multiply: %v", err)
	}
	ways := strings.Repeat(".='a' or ", 120) + ".='a'"
	some := "<Select>*[EventData[Data[@Name='a'][" + ways + "][" + ways + "]]]</Select>"
	if _, err := Parse("<QueryList><Query>"+strings.Repeat(some, 40)+"</Query></QueryList>", nil); err == nil || !strings.Contains(err.Error(), "kinds of Data") {
		t.Errorf("Selects that multiply: %v", err)
	}
	pred := "[" + strings.Repeat(".='a' or ", 200) + ".='a']"
	if _, err := Parse("*[EventData[Data"+pred+pred+pred+"]]", nil); err == nil || !strings.Contains(err.Error(), "kinds of Data") {
		t.Errorf("too many kinds: %v", err)
	}
}
