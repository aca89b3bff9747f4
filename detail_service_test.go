package netelf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest/petest"
)

// spoolMC is a message file of the tests.
const spoolMC = `LanguageNames=(English=0x409:MSG00409)
LanguageNames=(German=0x407:MSG00407)
FacilityNames=(None=0x0)
MessageId=1 Severity=Success Facility=None
Language=English
Devices
.
Language=German
Geräte
.
MessageId=7 Severity=Success Facility=None
Language=English
The device, %1, has a bad block.
.
Language=German
In Gerät %1 ist ein defekter Block.
.
`

// catalogue is a Resolver with a text for everything.
type catalogue struct{}

func (catalogue) Message(string, *eventlog.Event) (string, eventlog.TextBy) {
	return "from the catalogue", eventlog.ByCatalogue
}

func (catalogue) Category(string, *eventlog.Event) (string, eventlog.TextBy) {
	return "a category", eventlog.ByCatalogue
}

// TestDetailOfService reads records as a NetElf program does, and their text: out of
// the message file that their source names on the service's machine, be it text or a
// DLL; then from the Resolver; the strings alone if nobody has one.
func TestDetailOfService(t *testing.T) {
	dir := t.TempDir()
	files := map[string][]byte{"disk.mc": []byte(spoolMC), "disk.dll": petest.File(nil, petest.Compile(t, spoolMC)...)}
	for name, b := range files {
		ok(t, os.WriteFile(filepath.Join(dir, name), b, 0o666))
	}
	for _, where := range []string{"service", "socket"} {
		for name := range files {
			t.Run(where+" "+name, func(t *testing.T) {
				srv := worlds[where](t).srv
				path := filepath.Join(dir, name)
				ok(t, eventlog.SetSource(t.Context(), srv, eventlog.Source{Name: "Disk", Log: "Spool", MessageFiles: []string{path}, CategoryFile: path, CategoryCount: 1}))
				src := register(t, srv, "Disk")
				for id := range eventlog.EventID(2) {
					_, err := netelf.ReportEvent(t.Context(), src, eventlog.Error, 1, 7+id, "", []string{`\Device\Harddisk0`}, nil)
					ok(t, err)
				}
				buf := make([]byte, 4096)
				n, _, err := netelf.ReadEventLog(t.Context(), openLog(t, srv, "Spool"), netelf.SequentialRead|netelf.ForwardsRead, 0, buf)
				ok(t, err)
				var records [][]byte
				for rest := buf[:n]; len(rest) > 0; {
					size := int(rest[0]) | int(rest[1])<<8
					records, rest = append(records, rest[:size]), rest[size:]
				}
				if len(records) != 2 {
					t.Fatalf("%d records", len(records))
				}
				for _, x := range []struct {
					name   string
					opts   *netelf.DetailOptions
					log    string
					record int
					want   string
				}{
					{"server", nil, "Spool", 0, `The device, \Device\Harddisk0, has a bad block. by server, Devices by server`},
					{"language", &netelf.DetailOptions{Lang: "fr,de"}, "Spool", 0, `In Gerät \Device\Harddisk0 ist ein defekter Block. by server, Geräte by server`},
					{"server before the catalogue", &netelf.DetailOptions{Resolver: catalogue{}}, "Spool", 0, `The device, \Device\Harddisk0, has a bad block. by server, Devices by server`},
					{"catalogue", &netelf.DetailOptions{Resolver: catalogue{}}, "Spool", 1, "from the catalogue by catalogue, Devices by server"},
					{"catalogue alone", &netelf.DetailOptions{Resolver: catalogue{}}, "", 0, "from the catalogue by catalogue, a category by catalogue"},
					{"strings alone", nil, "Spool", 1, `\Device\Harddisk0 by not found, Devices by server`},
				} {
					h, err := netelf.OpenEventLogDetail(t.Context(), srv, x.log, x.opts)
					ok(t, err)
					d, err := netelf.ReadEventLogDetail(t.Context(), h, records[x.record])
					ok(t, err)
					if got := fmt.Sprintf("%s by %v, %s by %v", d.Message, d.MessageBy, d.Category, d.CategoryBy); got != x.want {
						t.Errorf("%s: %s\nwant %s", x.name, got, x.want)
					}
					if d.Event.Message != "" || d.Event.MessageBy != eventlog.NotSought || d.Event.CategoryName != "" {
						t.Errorf("%s: the event has text: %+v", x.name, d.Event)
					}
					ok(t, netelf.CloseEventLogDetail(h))
				}
			})
		}
	}
}
