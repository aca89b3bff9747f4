package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/hexdoc"
	"netelf.example/internal/logtest"
)

// realEVTX are the real logs with their records and what scan ends with.
var realEVTX = map[string]struct {
	events, code int
}{
	"2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational.evtx": {1910, exitDamaged},
	"Application15.evtx":                                    {1, 0},
	"Application_no_crc32.evtx":                             {17, 0},
	"MSExchange_Management_wec.evtx":                        {1, 0},
	"Microsoft-Windows-CAPI2_Operational_EventID70.evtx":    {1, 0},
	"Microsoft-Windows-HelloForBusiness%4Operational.evtx":  {5, exitDamaged},
	"Microsoft-Windows-LanguagePackSetup%4Operational.evtx": {16, exitDamaged},
	"Security_with_size_t.evtx":                             {636, 0},
	"dns_log_malformed.evtx":                                {5, 0},
	"new-user-security.evtx":                                {4, 0},
	"post-Security.evtx":                                    {126, 0},
	"sample-with-irregular-bool-values.evtx":                {3028, 0},
	"sample-with-zero-data-size-event.evtx":                 {449, exitDamaged},
	"sample_with_a_bad_chunk_magic.evtx":                    {380, exitDamaged},
	"security.evtx":                                         {2261, 0},
	"sysmon.evtx":                                           {358, 0},
	"system.evtx":                                           {1881, 0},
}

// command runs a command line in this process.
func command(t *testing.T, args ...string) (stdout []byte, code int) {
	t.Helper()
	a := testApp(t)
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(t.Context())
	code = a.exit(cmd, err)
	stdout, err = os.ReadFile(a.stdout.Name())
	if err != nil {
		t.Fatal(err)
	}
	return stdout, code
}

func realLogs(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("NETELF_CORPUS")
	if dir == "" {
		dir = "../../../shared/corpus"
	}
	dir = filepath.Join(dir, "evtx")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s is not there: set NETELF_CORPUS to the folder with the real logs", dir)
	}
	return dir
}

// TestRealEVTX puts each real log through the verbs: as many events in every schema,
// the exit codes of scan and check alike, a repaired file with the same events, and a
// dump that reads back.
func TestRealEVTX(t *testing.T) {
	dir := realLogs(t)
	for name, want := range realEVTX {
		path := filepath.Join(dir, name)
		for _, schema := range []string{"native", "ecs", "otel"} {
			out, code := command(t, "scan", "--no-message", "-q", "-o", "json", "--schema", schema, path)
			if n := bytes.Count(out, []byte("\n")); n != want.events || code != want.code {
				t.Errorf("%s: %s: %d events, exit code %d, want %+v", name, schema, n, code, want)
			}
		}
		if _, code := command(t, "check", path); code != want.code {
			t.Errorf("%s: check: exit code %d, want %d", name, code, want.code)
		}
		saved := filepath.Join(t.TempDir(), "saved.evtx")
		if _, code := command(t, "recover", path, saved); code != want.code {
			t.Errorf("%s: recover: exit code %d, want %d", name, code, want.code)
		}
		const fields = "record,time,id,strings,names,channel,user_data"
		was, _ := command(t, "scan", "--no-message", "-q", "-o", "json", "--fields", fields, path)
		is, _ := command(t, "scan", "--no-message", "-q", "-o", "json", "--fields", fields, saved)
		if !bytes.Equal(was, is) {
			t.Errorf("%s: what was saved has other events", name)
		}
		text, code := command(t, "dump", path)
		if code != 0 {
			t.Errorf("%s: dump: exit code %d", name, code)
		}
		b, err := hexdoc.Parse(string(text))
		file, err2 := os.ReadFile(path)
		if err != nil || err2 != nil {
			t.Fatalf("%s: dump: %v, %v", name, err, err2)
		}
		for i := range b { // what is not shown is zero
			if b[i] != 0 && b[i] != file[i] {
				t.Errorf("%s: dump: 0x%02x at 0x%x, the file has 0x%02x", name, b[i], i, file[i])
				break
			}
		}
	}
	// Together, with the .evt file in the folder beside them.
	out, code := command(t, "scan", "--no-message", "-q", "-o", "json", "--fields", "log", filepath.Dir(dir))
	if code != exitDamaged {
		t.Errorf("the folder: exit code %d", code)
	}
	events := 6063
	for _, x := range realEVTX {
		events += x.events
	}
	if n := bytes.Count(out, []byte("\n")); n != events {
		t.Errorf("the folder: %d events, want %d", n, events)
	}
}

// FuzzDumpEVTX: what a dump says of any bytes reads back as those that it shows.
func FuzzDumpEVTX(f *testing.F) {
	var events []*eventlog.Event
	for i := range 3 {
		e := logtest.Realistic(i)
		e.RecordNumber = uint64(i + 1)
		events = append(events, e)
	}
	seed, err := new(logtest.EVTX).Bytes(events)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed[0x1000:0x3000], uint16(0x300), []byte{0x0c, 1})
	f.Add(seed[0x1000:0x2000], uint16(0x218), []byte{0x0f, 1, 1, 0, 0x41, 0xff})
	f.Fuzz(func(t *testing.T, chunk []byte, at uint16, patch []byte) {
		file := append(make([]byte, evtx.HeaderBlockSize), chunk[:min(len(chunk), evtx.ChunkSize)]...)
		copy(file, seed[:evtx.HeaderSize])
		copy(file[min(len(file), evtx.HeaderBlockSize+int(at)):], patch)
		r, err := evtx.NewReader(bytes.NewReader(file), int64(len(file)), nil)
		if err != nil {
			return
		}
		var out bytes.Buffer
		d := chunkDumper{dumper: dumper{w: &out, f: bytes.NewReader(file), size: int64(len(file)), loc: time.UTC}, r: r}
		if err := d.file(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		b, err := hexdoc.Parse(out.String())
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			if b[i] != 0 && b[i] != file[i] {
				t.Fatalf("0x%02x at 0x%x, the file has 0x%02x", b[i], i, file[i])
			}
		}
	})
}
