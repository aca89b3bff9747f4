//go:build interop

package even

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/internal/logtest"
	"netelf.example/internal/ndr"
)

// TestNdrdump: Samba's decoder understands the requests and responses of all
// operations that it knows, to the last byte, and encodes what it found to the
// same bytes.
//
// It knows less than the protocol has. The A forms and ElfrChangeNotify have no
// arguments in it. The SID of a report it takes without the count of the conformant
// array that it ends in, and of several strings it wants each behind its own
// pointer; neither is what MIDL makes of the specification's types, nor what
// impacket sends, and no program of Samba's sends either. So reports have one string
// here and no SID; the tests with impacket have more.
func TestNdrdump(t *testing.T) {
	ndrdump := logtest.Program(t, "ndrdump", "samba-testsuite")
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	dump := func(op int, what, name string, m message, want []string, args ...string) {
		t.Helper()
		file := map[string]string{"in": in, "out": out}[what]
		b, err := encode(m, binary.LittleEndian)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command(ndrdump, append(args, "--validate", "eventlog", "eventlog_"+name, what, file)...).CombinedOutput()
		s := strings.Join(strings.Fields(string(text)), " ")
		if err != nil || !strings.HasSuffix(s, "push returned Success pull returned Success dump OK") || strings.Contains(s, "WARNING") {
			t.Errorf("%s, %s: %v\n%s", calls[op].name, what, err, text)
		}
		for _, w := range want {
			if !strings.Contains(s, w) {
				t.Errorf("%s, %s: no %q in\n%s", calls[op].name, what, w, text)
			}
		}
	}
	const (
		handle = "uuid : 04030201-0605-0807-090a-0b0c0d0e0f10"
		denied = "result : NT_STATUS_ACCESS_DENIED"
		full   = "result : NT_STATUS_LOG_FILE_FULL"
	)
	opening := []string{"unknown0 : 0x005c (92)", "string : 'Größe €'", "string : '' ", "major_version : 0x00000001 (1)", "minor_version : 0x00000002 (2)"}
	reporting := []string{
		handle, "timestamp : Sun Mar 13 07:06:40 2011 UTC", "event_type : EVENTLOG_ERROR_TYPE (1)", "event_category : 0x0002 (2)",
		"event_id : 0xc0000003", "num_of_strings : 0x0001 (1)", "data_size : 0x00000003 (3)", "string : 'BEDROCK'", "string : 'one'",
		"data: ARRAY(3) [0] : 0x09 (9) [1] : 0x08 (8) [2] : 0x07 (7)", "flags : 0x0004 (4)", "record_number : 0x0000004d (77)", "time_written : Thu Jan 1 00:01:18 1970 UTC",
	}
	reported := []string{"record_number : 0x00000007 (7)", "time_written : Thu Jan 1 00:00:08 1970 UTC", "result : NT_STATUS_DISK_FULL"}
	read := &readRequest{someHandle, 5, 6, 11}
	info := &logInformationRequest{someHandle, 1, 5}
	for op, x := range map[int]struct {
		name        string
		req         message
		want, given []string
	}{
		opClearELFW:             {"ClearEventLogW", nil, []string{handle, `string : '\??\C:\x.evt'`}, []string{full}},
		opBackupELFW:            {"BackupEventLogW", nil, []string{handle, `string : '\??\C:\x.evt'`}, []string{full}},
		opCloseEL:               {"CloseEventLog", nil, []string{handle}, []string{handle, denied}},
		opDeregisterEventSource: {"DeregisterEventSource", nil, []string{handle}, []string{handle, denied}},
		opNumberOfRecords:       {"GetNumRecords", nil, []string{handle}, []string{"number : 0x00000007 (7)", denied}},
		opOldestRecord:          {"GetOldestRecord", nil, []string{handle}, []string{"oldest_entry : 0x00000007 (7)", denied}},
		opOpenELW:               {"OpenEventLogW", nil, opening, []string{handle, denied}},
		opRegisterEventSourceW:  {"RegisterEventSourceW", nil, opening, []string{handle, denied}},
		opOpenBELW:              {"OpenBackupEventLogW", nil, []string{`string : '\??\C:\x.evt'`, "unknown0 : NULL"}, []string{handle, denied}},
		opReadELW: {"ReadEventLogW", read, []string{handle, "flags : 0x00000005", "offset : 0x00000006 (6)", "number_of_bytes : 0x0000000b (11)"},
			[]string{"data: ARRAY(11) [0] : 0x01 (1) [1] : 0x02 (2) [2] : 0x03 (3) [3] : 0x00 (0)", "sent_size : 0x00000003 (3)", "real_size : 0x00000005 (5)", "result : NT_STATUS_BUFFER_TOO_SMALL"}},
		opReportEventW: {"ReportEventW", nil, reporting, reported},
		opGetLogInformation: {"GetLogInformation", info, []string{handle, "level : 0x00000001 (1)", "buf_size : 0x00000005 (5)"},
			[]string{"buffer: ARRAY(5) [0] : 0x01 (1)", "bytes_needed : 0x00000004 (4)", "result : NT_STATUS_INVALID_LEVEL"}},
		opFlushEL:               {"FlushEventLog", nil, []string{handle}, []string{full}},
		opReportEventAndSourceW: {"ReportEventAndSourceW", nil, append([]string{"string : 'Disk'"}, reporting...), reported},
	} {
		req := x.req
		if req == nil {
			req = fill(calls[op].request())
		}
		if r, ok := req.(*reportRequest); ok {
			r.UserSID, r.Strings = "", []ndr.String{ndr.Text("one")}
		}
		dump(op, "in", x.name, req, x.want)
		// The size of a buffer is in the request.
		dump(op, "out", x.name, fill(calls[op].response()), x.given, "-c", in)
	}
}
