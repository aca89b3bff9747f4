//go:build interop

package interop

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

// TestRealEvtxAsLibevtx compares real logs, record by record, with the XML that
// libevtx makes of them: names, attributes in their order, and values. What is
// written in another way is brought to one form before (normal); what libevtx
// cannot do stands in the table.
func TestRealEvtxAsLibevtx(t *testing.T) {
	program := logtest.Program(t, "evtxexport", "libevtx-utils")
	for _, x := range []struct {
		name   string
		theirs int // records that it prints
		same   int // that are the same in both
		broken int // of its own that are no XML: it escapes no control characters
		why    string
	}{
		{"2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx", 1910, 1910, 0, ""},
		{"Application15.evtx", 1, 1, 0, ""},
		{"Application_no_crc32.evtx", 17, 16, 0, "a value that is a line end alone it leaves out"},
		{"MSExchange_Management_wec.evtx", 0, 0, 0, "it cannot read events without a template"},
		{"Microsoft-Windows-CAPI2_Operational_EventID70.evtx", 1, 1, 0, ""},
		{"Microsoft-Windows-HelloForBusiness%4Operational.evtx", 5, 5, 0, ""},
		{"Microsoft-Windows-LanguagePackSetup%4Operational.evtx", 16, 16, 0, ""},
		{"Security_with_size_t.evtx", 636, 636, 0, ""},
		{"dns_log_malformed.evtx", 5, 1, 4, ""},
		{"new-user-security.evtx", 4, 4, 0, ""},
		{"post-Security.evtx", 126, 126, 0, ""},
		{"sample-with-irregular-bool-values.evtx", 3028, 3028, 0, ""},
		{"sample-with-zero-data-size-event.evtx", 335, 335, 0, "it leaves the chunk at the damaged record"},
		{"sample_with_a_bad_chunk_magic.evtx", 267, 267, 0, "it leaves out the chunk without a header"},
		{"security.evtx", 2261, 2260, 1, ""},
		{"sysmon.evtx", 358, 358, 0, ""},
		{"system.evtx", 1881, 1881, 0, ""},
	} {
		path := corpus(t, filepath.Join("evtx", x.name))
		out, _ := exec.Command(program, "-f", "xml", path).Output() // it fails where it cannot read all
		theirs := map[string]*element{}
		printed, broken := 0, 0
		for _, text := range eventElement.FindAllString(string(out), -1) {
			printed++
			e, err := parseElement(text)
			if err != nil {
				broken++
				continue
			}
			theirs[e.recordID()] = e
		}
		r, err := evtx.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		same, shown := 0, 0
		for e, err := range eventlog.All(context.Background(), r, &eventlog.Selection{Want: eventlog.FieldXML.Bit()}) {
			if err != nil || e.Extra.XML == "" {
				continue
			}
			ours, err := parseElement(e.Extra.XML)
			if err != nil {
				t.Errorf("%s: record %d: %v: %s", x.name, e.RecordNumber, err, e.Extra.XML)
				continue
			}
			want := theirs[ours.recordID()]
			if want == nil {
				continue
			}
			d := cmp.Diff(want, ours, cmp.Comparer(sameText))
			if d == "" {
				same++
			} else if shown++; x.same == x.theirs && shown < 3 {
				t.Errorf("%s: record %d (-libevtx +netelf):\n%s", x.name, e.RecordNumber, d)
			}
		}
		if printed != x.theirs || same != x.same || broken != x.broken {
			t.Errorf("%s: libevtx prints %d, %d of them no XML; %d are the same; want %d, %d, %d (%s)",
				x.name, printed, broken, same, x.theirs, x.broken, x.same, x.why)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestWrittenEvtxAsLibevtx has libevtx read what the tests' own writer makes.
func TestWrittenEvtxAsLibevtx(t *testing.T) {
	program := logtest.Program(t, "evtxexport", "libevtx-utils")
	path := filepath.Join(t.TempDir(), "own.evtx")
	b, err := (&logtest.EVTX{PerChunk: 5}).Bytes(logtest.Events())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "-f", "xml", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	texts := eventElement.FindAllString(string(out), -1)
	events := logtest.Events()
	if len(texts) != len(events) {
		t.Fatalf("libevtx prints %d events, want %d:\n%s", len(texts), len(events), out)
	}
	for i, text := range texts {
		e, err := parseElement(text)
		if err != nil {
			t.Fatal(err)
		}
		if want := strconv.FormatUint(events[i].RecordNumber, 10); e.recordID() != want {
			t.Errorf("record %s, want %s", e.recordID(), want)
		}
	}
}

var eventElement = regexp.MustCompile(`(?s)<Event .*?</Event>`)

// element is an XML element as it is compared.
type element struct {
	Name     string
	Attrs    []string
	Text     string
	Children []*element
}

func (e *element) recordID() string {
	for _, s := range e.Children {
		for _, c := range s.Children {
			if c.Name == "EventRecordID" {
				return c.Text
			}
		}
	}
	return ""
}

func parseElement(text string) (*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	root := new(element)
	open := []*element{root}
	for {
		token, err := d.Token()
		if err == io.EOF && len(root.Children) == 1 {
			return root.Children[0], nil
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{Name: token.Name.Local}
			for _, a := range token.Attr {
				e.Attrs = append(e.Attrs, fmt.Sprintf("%s=%s", a.Name.Local, normal(a.Value)))
			}
			top.Children = append(top.Children, e)
			open = append(open, e)
		case xml.EndElement:
			if len(top.Children) > 0 && strings.TrimSpace(top.Text) == "" {
				top.Text = "" // libevtx indents
			}
			top.Text = normal(top.Text)
			open = open[:len(open)-1]
		case xml.CharData:
			top.Text += string(token)
		}
	}
}

var hundredths = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7})00Z$`)

// normal is a value as both would write it: libevtx has leading zeros in
// hexadecimal numbers, small letters in GUIDs and nine digits of a second.
func normal(s string) string {
	if n, err := strconv.ParseUint(s, 0, 64); err == nil && strings.HasPrefix(s, "0x") {
		return fmt.Sprintf("0x%x", n)
	}
	if m := hundredths.FindStringSubmatch(s); m != nil {
		return m[1] + "Z"
	}
	if len(s) == 38 && s[0] == '{' && s[37] == '}' {
		return strings.ToUpper(s)
	}
	return s
}

// sameText says whether two texts are one value: of a pointer libevtx writes a
// decimal number.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseUint(a, 0, 64)
	y, err2 := strconv.ParseUint(b, 0, 64)
	return err1 == nil && err2 == nil && x == y && strings.HasPrefix(a, "0x") != strings.HasPrefix(b, "0x")
}

// TestRecoveredEvtxAsLibevtx has libevtx read what is saved of damaged logs: all
// records, but for those behind a damaged beginning of a chunk.
func TestRecoveredEvtxAsLibevtx(t *testing.T) {
	program := logtest.Program(t, "evtxexport", "libevtx-utils")
	for _, x := range []struct {
		name string
		less int // records that it does not print
		why  string
	}{
		{"2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx", 0, ""},
		{"Microsoft-Windows-HelloForBusiness%4Operational.evtx", 0, ""},
		{"Security_with_size_t.evtx", 0, ""},
		{"sample-with-zero-data-size-event.evtx", 0, "it stopped at record 3 of a chunk, which is part of record 2 now"},
		{"sample_with_a_bad_chunk_magic.evtx", 82, "of these the templates are gone"},
		{"sysmon.evtx", 0, ""},
		{"system.evtx", 0, ""},
	} {
		r, err := evtx.Open(corpus(t, filepath.Join("evtx", x.name)), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		path := filepath.Join(t.TempDir(), "saved.evtx")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		done, err := evtx.Recover(context.Background(), r, f, nil)
		if err != nil || f.Close() != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command(program, "-f", "xml", path).Output() // it fails where it cannot read all
		numbers := map[string]bool{}
		for _, text := range eventElement.FindAllString(string(out), -1) {
			if e, err := parseElement(text); err == nil {
				numbers[e.recordID()] = true
			}
		}
		if len(numbers) != int(done.Records)-x.less {
			t.Errorf("%s: libevtx reads %d records of %d, want %d less (%s)", x.name, len(numbers), done.Records, x.less, x.why)
		}
	}
}
