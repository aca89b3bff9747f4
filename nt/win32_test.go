package nt

import "testing"

func TestWin32Table(t *testing.T) {
	names, texts, values := codesIn(t, "win32_codes.go")
	if len(names) != len(win32Table) {
		t.Fatalf("%d constants and %d rows", len(names), len(win32Table))
	}
	for i, r := range win32Table {
		if r.name != names[i] || r.text != texts[i] || uint32(r.value) != values[i] {
			t.Errorf("row %d is %v %s, %s; the constant says %d %s, %s", i, r.value, r.name, r.text, values[i], names[i], texts[i])
		}
		if i > 0 && win32Table[i-1].value >= r.value {
			t.Errorf("%s is not sorted", r.name)
		}
	}
}

// TestWin32Text names by number what no status in TestStatusWin32 maps to.
func TestWin32Text(t *testing.T) {
	for _, tt := range []struct {
		e           Win32Error
		str, errstr string
	}{
		{0, "ERROR_SUCCESS (0)", "success (ERROR_SUCCESS)"},
		{11, "ERROR_BAD_FORMAT (11)", "bad format (ERROR_BAD_FORMAT)"},
		{38, "ERROR_HANDLE_EOF (38)", "end of file (ERROR_HANDLE_EOF)"},
		{39, "ERROR_HANDLE_DISK_FULL (39)", "disk full (ERROR_HANDLE_DISK_FULL)"},
		{80, "ERROR_FILE_EXISTS (80)", "file exists (ERROR_FILE_EXISTS)"},
		{1223, "ERROR_CANCELLED (1223)", "cancelled by the user (ERROR_CANCELLED)"},
		{1460, "ERROR_TIMEOUT (1460)", "timed out (ERROR_TIMEOUT)"},
		{1723, "RPC_S_SERVER_TOO_BUSY (1723)", "RPC server too busy (RPC_S_SERVER_TOO_BUSY)"},
		{1726, "RPC_S_CALL_FAILED (1726)", "RPC call failed (RPC_S_CALL_FAILED)"},
		{1733, "RPC_S_INVALID_TAG (1733)", "invalid RPC tag (RPC_S_INVALID_TAG)"},
		{1734, "RPC_S_INVALID_BOUND (1734)", "invalid RPC array bounds (RPC_S_INVALID_BOUND)"},
		{15007, "ERROR_EVT_CHANNEL_NOT_FOUND (15007)", "channel not found (ERROR_EVT_CHANNEL_NOT_FOUND)"},
		{4711, "Win32 error 4711", "Win32 error 4711"},
		{0x80070005, "Win32 error 0x80070005", "Win32 error 0x80070005"},
	} {
		if got := tt.e.String(); got != tt.str {
			t.Errorf("String = %q, want %q", got, tt.str)
		}
		if got := tt.e.Error(); got != tt.errstr {
			t.Errorf("Error = %q, want %q", got, tt.errstr)
		}
	}
}
