package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/message"
)

// TestRealParameters: the strings of a real Security log have their parameter strings
// replaced where msobjs.dll has them, and are else as they were.
func TestRealParameters(t *testing.T) {
	dir := os.Getenv("NETELF_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	path := filepath.Join(dir, "evtx", "security.evtx")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there: set NETELF_CORPUS to the folder with the real logs", path)
	}
	c := newTest(t)
	addFile(t, c, &File{Name: "msobjs.dll", Tables: message.Tables{tableOf(t, English,
		message.Message{ID: 1793, Text: "<value not set>\r\n"}, message.Message{ID: 2499, Text: "Delete key\r\n"})}})
	addFile(t, c, &File{Name: "all.dll", Tables: message.Tables{tableOf(t, English, message.Message{ID: 1, Text: "%1"})}})
	must(t, c.AddSource(ctx, source("Security", "Audit", "all.dll")))

	log, err := evtx.Open(path, nil)
	must(t, err)
	defer func() { _ = log.Close() }() // only read
	named, left := 0, 0
	for e, err := range eventlog.All(ctx, log, nil) {
		if err != nil {
			continue // a loss
		}
		for _, s := range e.Strings {
			if !strings.Contains(s, "%%") {
				continue
			}
			got, _ := c.Message("", event("Security", "Audit", 1, s))
			want := strings.NewReplacer("%%1793", "<value not set>", "%%2499", "Delete key").Replace(s)
			want = strings.TrimRight(want, "\r\n")
			if strings.ReplaceAll(want, "\r\n", "\n") != strings.ReplaceAll(got, "\r\n", "\n") {
				t.Fatalf("record %d: %q, want %q", e.RecordNumber, got, want)
			}
			if named++; strings.Contains(got, "%%") {
				left++
			}
		}
	}
	if named < 100 || left == 0 || left == named {
		t.Errorf("%d strings with parameters, %d not known", named, left)
	}
}
