package evtx_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/render"
)

// TestRender writes events as XML and as JSON: the XML is the event's own, and the
// JSON comes back as the event.
func TestRender(t *testing.T) {
	events := append(logtest.Events(), series(100, 20)...)
	checkRendered(t, "fixture", file(t, &logtest.EVTX{}, events))
	dir := corpus(t)
	for _, x := range real {
		b, err := os.ReadFile(filepath.Join(dir, x.name))
		if err != nil {
			t.Fatal(err)
		}
		checkRendered(t, x.name, b)
	}
}

func checkRendered(t *testing.T, name string, b []byte) {
	n := 0
	for e, err := range eventlog.All(t.Context(), reader(t, b, nil), &eventlog.Selection{Want: eventlog.DefaultFields | eventlog.FieldXML.Bit()}) {
		if err != nil || e.Extra.XML == "" {
			continue
		}
		if n++; n > 200 {
			break
		}
		want, err := tokens(e.Extra.XML)
		if err != nil {
			t.Fatalf("%s: record %d: %v: %s", name, e.RecordNumber, err, e.Extra.XML)
		}
		got, err := tokens(string(render.AppendXML(nil, e)))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: record %d: %v:\n%s\nwritten anew\n%s", name, e.RecordNumber, err, e.Extra.XML, render.AppendXML(nil, e))
		}
		line := render.AppendJSON(nil, e, 0)
		var back eventlog.Event
		if err := render.ParseJSON(line, &back); err != nil {
			t.Errorf("%s: record %d: %v: %s", name, e.RecordNumber, err, line)
		} else if again := render.AppendJSON(nil, &back, 0); string(again) != string(line) {
			t.Errorf("%s: record %d:\n%s\ncomes back as\n%s", name, e.RecordNumber, line, again)
		}
	}
}

// tokens are the elements, attributes and texts of an XML text.
func tokens(s string) (all []string, err error) {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		t, err := d.Token()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, fmt.Sprintf("%T %+v", t, t))
	}
}
