package netelf_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/files"
	"netelf.example/internal/logtest"
)

// folder is a folder of one .evt file.
type folder struct {
	*files.Server
	name string
}

// evtFile is a file with the records of the fixture, each with a flag that an
// Event does not have.
func evtFile(t testing.TB) (srv folder, whole []byte) {
	t.Helper()
	srv.name = "SysEvent.Evt"
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, srv.name))
	ok(t, err)
	defer f.Close()
	w, err := evt.Create(f, &evt.WriterOptions{FirstRecord: logtest.First})
	ok(t, err)
	for _, r := range encode(t, logtest.Events()) {
		binary.LittleEndian.PutUint16(r[30:], 0x8000) // ReservedFlags
		_, err := w.AppendRaw(r, true)
		ok(t, err)
		whole = append(whole, r...)
	}
	ok(t, w.Flush())
	srv.Server, err = files.Open(dir, nil)
	ok(t, err)
	return srv, whole
}

// TestRealLog: the handle gives of a real log what the walk gives.
func TestRealLog(t *testing.T) {
	dir := os.Getenv("NETELF_CORPUS")
	if dir == "" {
		t.Skip("set NETELF_CORPUS to the folder with the real logs")
	}
	path := filepath.Join(dir, "evt", "SysEvent.Evt")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not there", path)
	}
	srv, err := files.Open(path, nil)
	ok(t, err)
	h := openLog(t, srv, path)
	var walked []*eventlog.Event
	for e, err := range h.Records(t.Context(), seqForwards, 0) {
		if err == nil {
			walked = append(walked, e)
		}
	}
	n, err := netelf.GetNumberOfEventLogRecords(t.Context(), h)
	if err != nil || n != uint64(len(walked)) {
		t.Errorf("%d records, %v, want %d", n, err, len(walked))
	}
	i := 0
	for e, err := range netelf.Decode(readAll(t, h, seqForwards, 1<<14)) {
		ok(t, err)
		if d := logtest.Diff(e, walked[i]); d != "" {
			t.Fatalf("record %d:%s", e.RecordNumber, d)
		}
		i++
	}
	if i != len(walked) {
		t.Errorf("%d records read, want %d", i, len(walked))
	}
}
