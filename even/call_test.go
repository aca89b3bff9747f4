package even

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"netelf.example/eventlog"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

var (
	orders     = map[string]binary.ByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian}
	comparable = cmp.Options{cmpopts.EquateEmpty(),
		cmp.AllowUnexported(openRequest{}, openBackupRequest{}, clearRequest{}, backupRequest{}, reportRequest{}, reportResponse{})}
	someHandle = ndr.ContextHandle{4: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
)

// fill gives a message values, of which each differs from its neighbours'.
func fill(m message) message {
	switch m := m.(type) {
	case *openRequest:
		m.UNCServerName, m.MajorVersion, m.MinorVersion = ptr(uint16('\\')), 1, 2
		m.ModuleName, m.RegModuleName = ndr.Text("Größe €"), ndr.String{Buffer: true}
	case *openBackupRequest:
		m.BackupFileName, m.MajorVersion, m.MinorVersion = ndr.Text(`\??\C:\x.evt`), 1, 2
	case *clearRequest:
		m.LogHandle, m.BackupFileName = someHandle, ptr(ndr.Text(`\??\C:\x.evt`))
	case *backupRequest:
		m.LogHandle, m.BackupFileName = someHandle, ndr.Text(`\??\C:\x.evt`)
	case *handleRequest:
		m.LogHandle = someHandle
	case *changeNotifyRequest:
		*m = changeNotifyRequest{someHandle, 1, 2, 3}
	case *readRequest:
		*m = readRequest{someHandle, 5, 6, 7}
	case *logInformationRequest:
		*m = logInformationRequest{someHandle, 1, 1024}
	case *reportRequest:
		m.LogHandle, m.EventType, m.EventCategory, m.EventID, m.Flags = someHandle, 1, 2, 0xc0000003, 4
		m.ComputerName, m.UserSID, m.RecordNumber = ndr.Text("BEDROCK"), "S-1-5-21-1-2-3-500", ptr(uint32(77))
		m.Strings, m.Data = []ndr.String{ndr.Text("one"), {}, ndr.Text("drei ß")}, []byte{9, 8, 7}
		if m.ex {
			m.TimeGenerated = 0x01c3_4567_89ab_cdef
		} else {
			m.Time, m.TimeWritten = 1_300_000_000, ptr(uint32(78))
		}
		if m.withSource {
			m.SourceName = ndr.Text("Disk")
		}
	case *statusResponse:
		m.Status = nt.StatusLogFileFull
	case *handleResponse:
		*m = handleResponse{someHandle, nt.StatusAccessDenied}
	case *numberResponse:
		*m = numberResponse{7, nt.StatusAccessDenied}
	case *readResponse:
		*m = readResponse{11, []byte{1, 2, 3}, 5, nt.StatusBufferTooSmall}
	case *logInformationResponse:
		*m = logInformationResponse{[]byte{1, 0, 0, 0, 0}, 4, nt.StatusInvalidLevel}
	case *reportResponse:
		m.RecordNumber, m.Status = ptr(uint32(7)), nt.StatusDiskFull
		if !m.ex {
			m.TimeWritten = ptr(uint32(8))
		}
	}
	return m
}

// TestRoundTrip: each message of each operation comes back as it was, in both
// orders, and every one that is cut off is an error.
func TestRoundTrip(t *testing.T) {
	for op, c := range calls {
		if c.name == "" {
			continue
		}
		for name, order := range orders {
			for what, empty := range map[string]func() message{"request": c.request, "response": c.response} {
				for _, want := range []message{fill(empty()), empty()} {
					b, err := encode(want, order)
					if err != nil {
						t.Fatalf("%d %s %s: %v", op, c.name, what, err)
					}
					got := empty()
					r := ndr.NewReader(b, order, c.name)
					if got.unmarshal(r); r.Err() != nil || r.Rest() != 0 {
						t.Errorf("%s %s, %s: %v, %d bytes left", c.name, what, name, r.Err(), r.Rest())
					}
					if d := cmp.Diff(want, got, comparable); d != "" {
						t.Errorf("%s %s, %s (-want +got):\n%s", c.name, what, name, d)
					}
					for n := range b {
						if decode(empty(), c.name, b[:n], order) == nil {
							t.Errorf("%s %s, %s: cut to %d of %d bytes: no error", c.name, what, name, n, len(b))
						}
					}
				}
			}
		}
	}
}

// TestCallErrors: what the types of the operations do not allow.
func TestCallErrors(t *testing.T) {
	stub := func(write func(*ndr.Writer)) []byte {
		w := ndr.NewWriter(nil, binary.LittleEndian)
		write(w)
		b, err := w.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	report := func(numStrings, arrayStrings int, dataSize uint32, data []byte) []byte {
		return stub(func(w *ndr.Writer) {
			w.ContextHandle(someHandle)
			w.Uint32(0)
			w.Uint32(0) // type, category
			w.Uint32(0)
			w.Uint16(uint16(numStrings))
			w.Uint32(dataSize)
			w.UnicodeString(ndr.String{})
			w.Flush()
			w.Pointer(false)
			w.Pointer(arrayStrings >= 0)
			if arrayStrings >= 0 {
				w.Count(arrayStrings, 1<<20)
				for range arrayStrings {
					w.Pointer(false)
				}
			}
			w.Pointer(data != nil)
			if data != nil {
				w.ByteArray(data)
			}
			w.Uint16(0)
			w.Pointer(false)
			w.Pointer(false)
		})
	}
	for _, x := range []struct {
		name string
		m    message
		in   []byte
		want string
	}{
		{"read too much", &readRequest{}, stub(func(w *ndr.Writer) { (&readRequest{someHandle, 5, 0, 0x80000}).marshal(w) }),
			"ndr: Call.NumberOfBytesToRead at offset 0x1c: 524288 is over the limit 524287"},
		{"information too long", &logInformationRequest{}, stub(func(w *ndr.Writer) { (&logInformationRequest{someHandle, 0, 1025}).marshal(w) }),
			"ndr: Call.cbBufSize at offset 0x18: 1025 is over the limit 1024"},
		{"more read than there is", &readResponse{}, stub(func(w *ndr.Writer) { w.ByteArray([]byte{1, 2, 3, 4}); w.Uint32(5); w.Uint32(0); w.Uint32(0) }),
			"ndr: Call.NumberOfBytesRead at offset 0x8: more bytes were read than the buffer has"},
		{"other number of strings", &reportRequest{}, report(2, 1, 0, nil), "ndr: Call.Strings at offset 0x38: array of 1, but NumStrings is 2"},
		{"many strings claimed", &reportRequest{}, report(65535, 65535, 0, nil)[:0x40], "ndr: Call.Strings at offset 0x38: maximum count 65535 needs 262140 bytes, have 4"},
		{"other size of data", &reportRequest{}, report(0, -1, 4, []byte{1, 2, 3}), "ndr: Call.Data at offset 0x3c: array of 3 bytes, but DataSize is 4"},
	} {
		if err := decode(x.m, "Call", x.in, binary.LittleEndian); err == nil || err.Error() != x.want {
			t.Errorf("%s: have %v\nwant %s", x.name, err, x.want)
		}
	}
	// Well encoded, but not to be reported.
	for _, x := range []struct {
		name string
		in   []byte
		want string
	}{
		{"strings missing", report(2, -1, 0, nil), "a count without what it counts: invalid argument"},
		{"data missing", report(0, -1, 5, nil), "a count without what it counts: invalid argument"},
		{"too many strings", report(257, 257, 0, nil), "257 strings, at most 256: invalid argument"},
		{"too much data", report(0, -1, 61441, make([]byte, 61441)), "61441 bytes of data, at most 61440: invalid argument"},
	} {
		var m reportRequest
		if err := decode(&m, "Call", x.in, binary.LittleEndian); err != nil {
			t.Errorf("%s: %v", x.name, err)
		}
		if _, err := m.event(); err == nil || err.Error() != x.want {
			t.Errorf("%s: have %v, want %s", x.name, err, x.want)
		}
	}
	for _, in := range [][]byte{report(256, 256, 61440, make([]byte, 61440)), report(0, 0, 0, []byte{}), report(0, -1, 0, nil)} {
		var m reportRequest
		if err := decode(&m, "Call", in, binary.LittleEndian); err != nil {
			t.Error(err)
		}
		if _, err := m.event(); err != nil {
			t.Error(err)
		}
	}
}

func TestANSI(t *testing.T) {
	for _, x := range []struct{ text, ansi string }{
		{"plain", "plain"},
		{"Größe €", "Gr\xf6\xdfe \x80"},
		{"“quoted” – ž Ÿ", "\x93quoted\x94 \x96 \x9e \x9f"},
		{"\u0081\u008d\u008f\u0090\u009d", "\x81\x8d\x8f\x90\x9d"},
	} {
		if got := toANSI(x.text); got != x.ansi {
			t.Errorf("toANSI(%q) = %q, want %q", x.text, got, x.ansi)
		}
		if got := fromANSI(x.ansi); got != x.text {
			t.Errorf("fromANSI(%q) = %q, want %q", x.ansi, got, x.text)
		}
	}
	if got := toANSI("a日😀b\u0080\xff"); got != "a??b??" {
		t.Errorf("what the code page does not have: %q", got)
	}
	for c := range 256 {
		s := string([]byte{byte(c)})
		if got := toANSI(fromANSI(s)); got != s {
			t.Errorf("byte 0x%02x comes back as %q", c, got)
		}
	}
}

func TestBackupName(t *testing.T) {
	for path, want := range map[string]string{
		`\??\C:\system`:                         "system",
		`\??\z:\a b\System.evt`:                 "System.evt",
		`\??\C:\Temp\logs\größe.evt`:            "größe.evt",
		`\??\C:\CONsole.evt`:                    "CONsole.evt",
		`C:\system.evt`:                         "",
		`c:system.evt`:                          "",
		`system.evt`:                            "",
		`\system.evt`:                           "",
		`\\server\share\system.evt`:             "",
		`\??\UNC\server\share\x.evt`:            "",
		`\??\unc\server\share\x.evt`:            "",
		`\Device\HarddiskVolume1\x`:             "",
		`\\?\C:\x.evt`:                          "",
		`\??\\??\C:\x.evt`:                      "",
		`\??\GLOBALROOT\Device\x`:               "",
		`\??\C:/x.evt`:                          "",
		`\??\C:\a/x.evt`:                        "",
		`\??\C:x.evt`:                           "",
		`\??\CC:\x.evt`:                         "",
		`\??\1:\x.evt`:                          "",
		`\??\C:\`:                               "",
		`\??\C:\a\`:                             "",
		`\??\C:\a\\b`:                           "",
		`\??\C:\..\x.evt`:                       "",
		`\??\C:\.\x.evt`:                        "",
		`\??\C:\a\..`:                           "",
		`\??\C:\x.evt:stream`:                   "",
		`\??\C:\x.evt::$DATA`:                   "",
		`\??\C:\x.evt.`:                         "",
		`\??\C:\x.evt `:                         "",
		`\??\C:\dir \x.evt`:                     "",
		`\??\C:\CON`:                            "",
		`\??\C:\nul.evt`:                        "",
		`\??\C:\com1 .evt`:                      "",
		`\??\C:\LPT²`:                           "",
		`\??\C:\a\AUX\b`:                        "",
		`\??\C:\x*.evt`:                         "",
		`\??\C:\x?.evt`:                         "",
		"\\??\\C:\\x\x00.evt":                   "",
		"\\??\\C:\\x\n.evt":                     "",
		"\\??\\C:\\x\ufffd":                     "",
		`\??\`:                                  "",
		``:                                      "",
		`\??\C:\` + string(make([]byte, 40000)): "",
	} {
		got, err := backupName(path)
		p, _ := eventlog.ProblemOf(err)
		if got != want || (err == nil) != (want != "") || err != nil && p.Status != nt.StatusObjectPathSyntaxBad {
			t.Errorf("%.60q: %q, %v; want %q", path, got, err, want)
		}
	}
}
