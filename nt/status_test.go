package nt

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
	"testing"
)

// codesIn returns the constants of a file: the specification's identifier and
// description from the comment, and the value.
func codesIn(t *testing.T, name string) (names, texts []string, values []uint32) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			v := spec.(*ast.ValueSpec)
			id, text, _ := strings.Cut(strings.TrimSpace(v.Comment.Text()), ": ")
			n, err := strconv.ParseUint(v.Values[0].(*ast.BasicLit).Value, 0, 32)
			if err != nil {
				t.Fatalf("%s: %v", v.Names[0], err)
			}
			names, texts, values = append(names, id), append(texts, text), append(values, uint32(n))
		}
	}
	return names, texts, values
}

func TestStatusTable(t *testing.T) {
	names, texts, values := codesIn(t, "status_codes.go")
	if len(names) != len(statusTable) {
		t.Fatalf("%d constants and %d rows", len(names), len(statusTable))
	}
	for i, r := range statusTable {
		if r.name != names[i] || r.text != texts[i] || uint32(r.value) != values[i] {
			t.Errorf("row %d is %v %s, %s; the constant says 0x%08X %s, %s", i, r.value, r.name, r.text, values[i], names[i], texts[i])
		}
		if i > 0 && statusTable[i-1].value >= r.value {
			t.Errorf("%s is not sorted", r.name)
		}
		if r.win32.row() == nil {
			t.Errorf("%s maps to %v, which has no row", r.name, r.win32)
		}
		if got := r.value.Win32(); got != r.win32 {
			t.Errorf("%s.Win32() = %v, want %v", r.name, got, r.win32)
		}
	}
}

func TestStatusText(t *testing.T) {
	for _, tt := range []struct {
		s           Status
		str, errstr string
	}{
		{StatusSuccess, "STATUS_SUCCESS (0x00000000)", "success (STATUS_SUCCESS)"},
		{StatusAccessDenied, "STATUS_ACCESS_DENIED (0xC0000022)", "access denied (STATUS_ACCESS_DENIED)"},
		{StatusRPCBadStubData, "RPC_NT_BAD_STUB_DATA (0xC003000C)", "bad RPC stub data (RPC_NT_BAD_STUB_DATA)"},
		{0xC0001234, "NTSTATUS 0xC0001234", "NTSTATUS 0xC0001234"},
		{0xFFFFFFFF, "NTSTATUS 0xFFFFFFFF", "NTSTATUS 0xFFFFFFFF"},
	} {
		if got := tt.s.String(); got != tt.str {
			t.Errorf("String = %q, want %q", got, tt.str)
		}
		if got := tt.s.Error(); got != tt.errstr {
			t.Errorf("Error = %q, want %q", got, tt.errstr)
		}
	}
}

func TestStatusFailed(t *testing.T) {
	for s, want := range map[Status]bool{
		StatusSuccess: false, StatusMoreEntries: false, StatusBufferOverflow: false,
		StatusNoMoreEntries: false, StatusAccessDenied: true, StatusRPCProtocolError: true,
	} {
		if got := s.Failed(); got != want {
			t.Errorf("%v.Failed() = %v", s, got)
		}
	}
}

// TestStatusWin32 has numbers, not names, so that both tables are held to the
// values of MS-ERREF and not only to each other.
func TestStatusWin32(t *testing.T) {
	for _, tt := range []struct {
		s    Status
		want Win32Error
	}{
		{0, 0},
		{0x00000103, 997},
		{0x00000105, 234},
		{0x80000005, 234},
		{0x8000001A, 259},
		{0xC0000001, 31},
		{0xC0000002, 1},
		{0xC0000008, 6},
		{0xC000000D, 87},
		{0xC0000011, 38},
		{0xC0000017, 8},
		{0xC0000022, 5},
		{0xC0000023, 122},
		{0xC0000033, 123},
		{0xC0000034, 2},
		{0xC0000035, 183},
		{0xC000003A, 3},
		{0xC000003B, 161},
		{0xC0000043, 32},
		{0xC000005E, 1311},
		{0xC0000061, 1314},
		{0xC0000064, 1317},
		{0xC000006A, 86},
		{0xC000006D, 1326},
		{0xC000006E, 1327},
		{0xC0000071, 1330},
		{0xC0000072, 1331},
		{0xC0000078, 1337},
		{0xC000007F, 112},
		{0xC000009A, 1450},
		{0xC00000AC, 231},
		{0xC00000AD, 230},
		{0xC00000AE, 231},
		{0xC00000B0, 233},
		{0xC00000B5, 121},
		{0xC00000BB, 50},
		{0xC00000BE, 53},
		{0xC00000CC, 67},
		{0xC00000E5, 1359},
		{0xC0000120, 995},
		{0xC0000133, 1398},
		{0xC0000148, 124},
		{0xC000014B, 109},
		{0xC0000188, 1502},
		{0xC000018E, 1500},
		{0xC000018F, 1501},
		{0xC0000197, 1503},
		{0xC000020D, 64},
		{0xC0000234, 1909},
		{0xC0000236, 1225},
		{0xC000023D, 1232},
		{0xC0020012, 1717},
		{0xC0020017, 1722},
		{0xC002001D, 1728},
		{0xC002002E, 1745},
		{0xC0020036, 1753},
		{0xC0030005, 6},
		{0xC003000C, 1783},
		{0xD0000022, 5},          // HRESULT_FROM_NT
		{0xC00105DC, 1500},       // NTSTATUS_FROM_WIN32
		{0x80070005, 5},          // HRESULT_FROM_WIN32
		{0xE0000001, 0xE0000001}, // customer bit
		{0xC000FFFF, 317},        // no mapping
	} {
		if got := tt.s.Win32(); got != tt.want {
			t.Errorf("%v.Win32() = %v, want %v", tt.s, got, tt.want)
		}
	}
}

func TestStatusIs(t *testing.T) {
	targets := []error{fs.ErrPermission, fs.ErrNotExist, fs.ErrExist, errors.ErrUnsupported}
	for _, tt := range []struct {
		err  error
		want error // of targets; nil is none
	}{
		{StatusAccessDenied, fs.ErrPermission},
		{StatusPrivilegeNotHeld, fs.ErrPermission},
		{StatusObjectNameNotFound, fs.ErrNotExist},
		{StatusObjectPathNotFound, fs.ErrNotExist},
		{StatusNoSuchFile, fs.ErrNotExist},
		{StatusBadNetworkName, fs.ErrNotExist},
		{StatusObjectNameCollision, fs.ErrExist},
		{StatusNotSupported, errors.ErrUnsupported},
		{StatusNotImplemented, errors.ErrUnsupported},
		{StatusSuccess, nil},
		{StatusLogonFailure, nil},
		{StatusInvalidDeviceRequest, nil},
		{Status(0xC0001234), nil},
		{ErrorAccessDenied, fs.ErrPermission},
		{ErrorFileNotFound, fs.ErrNotExist},
		{ErrorEvtChannelNotFound, fs.ErrNotExist},
		{ErrorFileExists, fs.ErrExist},
		{ErrorAlreadyExists, fs.ErrExist},
		{ErrorCallNotImplemented, errors.ErrUnsupported},
		{ErrorSuccess, nil},
		{ErrorHandleEOF, nil},
	} {
		for _, target := range targets {
			if got := errors.Is(fmt.Errorf("open: %w", tt.err), target); got != (target == tt.want) {
				t.Errorf("errors.Is(%v, %v) = %v", tt.err, target, got)
			}
		}
	}
	if !errors.Is(fmt.Errorf("open: %w", StatusAccessDenied), StatusAccessDenied) {
		t.Error("a status is not itself")
	}
}
