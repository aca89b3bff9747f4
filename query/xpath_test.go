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

var _ = errors.As
