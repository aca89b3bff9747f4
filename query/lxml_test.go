//go:build interop

package query

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
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
	var job struct{ Events, Exprs []string }
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
	got := lxml(t, python, job.Events, job.Exprs)
	for i, r := range rows {
		have := "none"
		if len(got[i]) > 0 {
			have = strings.Trim(fmt.Sprint(got[i]), "[]")
		}
		if have != r.want {
			t.Errorf("line %d: %s: libxml2 selects %s, want %s", r.line, r.expr, have, r.want)
		}
	}
	t.Logf("%d queries", len(rows))
}

// lxml is which events, from 1 on, each of the expressions selects.
func lxml(t *testing.T, python string, events, exprs []string) [][]int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "job.json")
	b, err := json.Marshal(map[string][]string{"events": events, "exprs": exprs})
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
	var got [][]int
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestXPathRealLog asks both for events of a real log of Windows XP: the views of
// evt.Record select what libxml2 selects of their XML.
func TestXPathRealLog(t *testing.T) {
	python := logtest.Python(t, "lxml.etree", "python3-lxml")
	corpus := cmp.Or(os.Getenv("NETELF_CORPUS"), "../../shared/corpus")
	r, err := evt.Open(filepath.Join(corpus, "evt", "SysEvent.Evt"), &evt.Options{Origin: &eventlog.Origin{Log: "SysEvent.Evt", Channel: "System"}})
	if errors.Is(err, fs.ErrNotExist) {
		logtest.Missing(t, "no real log: NETELF_CORPUS must name the folder of real logs")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	exprs := []string{
		`*[System[EventID=7036]]`,
		`*[System[Provider[@Name='Service Control Manager'] and (EventID=7035 or EventID=7036)]]`,
		`*[System[(Level=1 or Level=2 or Level=3)]]`,
		`*[System[Level=4 and not(Provider[@Name='Service Control Manager'])]]`,
		`*[System[EventID[@Qualifiers=16384]]]`,
		`*[System[EventID[@Qualifiers>=32768] and EventID<100]]`,
		`*[System[band(Keywords,36028797018963968)]]`,
		`*[System[band(Keywords,9007199254740992)]]`,
		`*[System[Task!=0]]`,
		`*[System[EventRecordID>=5000 and EventRecordID<5100]]`,
		`*[System[Security[@UserID='S-1-5-18']]]`,
		`*[System[Security[@UserID]]]`,
		`*[System[Channel='System']]`,
		`*[EventData[Data='running']]`,
		`*[EventData[Data[2]='stopped']]`,
		`*[EventData[Data[1]='Print Spooler' and Data[2]='running']]`,
		`*[EventData[Data[contains(.,'(gupdate)')]]]`,
		`*[EventData[Data!='running'] and System[EventID=7036]]`,
		`*[EventData[not(Data)]]`,
		`*[EventData[Data[3]]]`,
		`*[System[EventID=7036]] and *[EventData[Data[starts-with(.,'W')]]]`,
	}
	var events []string
	var numbers []uint64
	for e, err := range eventlog.All(t.Context(), r, nil) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, string(render.AppendXML(nil, e)))
		numbers = append(numbers, e.RecordNumber)
	}
	got := lxml(t, python, events, exprs)
	for i, expr := range exprs {
		q, err := Parse(expr, nil)
		if err != nil {
			t.Fatal(err)
		}
		var have, want []uint64
		for e, err := range eventlog.All(t.Context(), r, &eventlog.Selection{Where: q.Where}) {
			if err != nil {
				t.Fatal(err)
			}
			have = append(have, e.RecordNumber)
		}
		for _, n := range got[i] {
			want = append(want, numbers[n-1])
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s: %d events, libxml2 has %d", expr, len(have), len(want))
		}
		t.Logf("%5d  %s", len(have), expr)
	}
}
