//go:build interop

package query

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/internal/logtest"
	"netelf.example/render"
)

// lxmlProgram evaluates expressions over the XML of events by libxml2, with the
// two functions that XPath 1.0 does not have.
const lxmlProgram = `
import json, sys
from datetime import datetime, timezone
from lxml import etree

def number(v):
    if isinstance(v, list):
        v = v[0] if v else "nan"
    v = getattr(v, "text", v)
    if isinstance(v, float):
        return int(v)
    return int(v, 0)

def band(_, a, b):
    return False if a == [] else number(a) & number(b) != 0

now = datetime.fromisoformat(sys.argv[1])

def timediff(_, at):
    when = datetime.strptime(at[0][:26], "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc)
    return (now - when).total_seconds() * 1000

ns = etree.FunctionNamespace(None)
ns["band"], ns["timediff"] = band, timediff

job = json.load(open(sys.argv[2]))
roots = []
for text in job["events"]:
    root = etree.fromstring(text)
    for e in root.iter():
        if "}" in e.tag:
            e.tag = e.tag.split("}")[1]
    above = etree.Element("Events")
    above.append(root)
    roots.append(above)
out = []
for expr in job["exprs"]:
    x = etree.XPath(expr)
    out.append([i + 1 for i, r in enumerate(roots) if x(r)])
json.dump(out, sys.stdout)
`

// TestXPathLXML asks libxml2 for what the queries of the table select, over the
// XML that render makes of the events. Rows with a ~ are left out: their texts are
// times, numbers in hexadecimal or in another case, which Windows knows the types
// of and XPath 1.0 does not; or they have another way to write a word.
func TestXPathLXML(t *testing.T) {
	python := logtest.Python(t, "lxml.etree", "python3-lxml")
	var job struct {
		Events []string `json:"events"`
		Exprs  []string `json:"exprs"`
	}
	for _, e := range testEvents() {
		job.Events = append(job.Events, string(render.AppendXML(nil, e)))
	}
	var rows []xpathRow
	for _, r := range xpathTable(t) {
		if r.alone && !strings.Contains(r.expr, "timediff") || strings.Contains(r.expr, "band(Keywords") && strings.Contains(r.expr, "=900") {
			continue
		}
		rows = append(rows, r)
		job.Exprs = append(job.Exprs, strings.TrimPrefix(r.expr, "/"))
	}
	file := filepath.Join(t.TempDir(), "job.json")
	b, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", lxmlProgram, testNow.Format("2006-01-02T15:04:05+00:00"), file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var got [][]json.Number
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		list := make([]string, len(got[i]))
		for k, n := range got[i] {
			list[k] = n.String()
		}
		have := strings.Join(list, " ")
		if have == "" {
			have = "none"
		}
		if have != r.want {
			t.Errorf("line %d: %s: libxml2 selects %s, want %s", r.line, r.expr, have, r.want)
		}
	}
	t.Logf("%d queries", len(rows))
}
