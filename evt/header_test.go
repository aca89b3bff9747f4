package evt

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"netelf.example/eventlog"
)

// unhex turns hex with # comments into bytes.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// patched is b with a little-endian number of 32 bits put at off.
func patched(b []byte, off int, v uint32) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint32(b[off:], v)
	return b
}

const headerHex = `
30 00 00 00  4c 66 4c 65              # HeaderSize, Signature
01 00 00 00  01 00 00 00              # MajorVersion, MinorVersion
30 01 1e 00  f0 81 1b 00              # StartOffset, EndOffset
06 1d 00 00  70 05 00 00              # CurrentRecordNumber, OldestRecordNumber
00 00 1f 00  0b 00 00 00              # MaxSize, Flags
80 3a 09 00  30 00 00 00              # Retention, EndHeaderSize
`

var headerValue = FileHeader{
	HeaderSize: 0x30, Signature: 0x654c664c, MajorVersion: 1, MinorVersion: 1,
	StartOffset: 0x1e0130, EndOffset: 0x1b81f0, CurrentRecordNumber: 7430, OldestRecordNumber: 1392,
	MaxSize: 0x1f0000, Flags: FlagDirty | FlagWrapped | FlagArchive, Retention: 604800, EndHeaderSize: 0x30,
}

func TestFileHeader(t *testing.T) {
	want := unhex(t, headerHex)
	var h FileHeader
	if err := h.UnmarshalBinary(append(bytes.Clone(want), 1, 2, 3)); err != nil || h != headerValue {
		t.Errorf("decoded %+v, %v", h, err)
	}
	have, err := headerValue.AppendBinary([]byte("x"))
	if err != nil || string(have) != "x"+string(want) {
		t.Errorf("encoded % x, %v", have, err)
	}
	filled := headerValue
	filled.HeaderSize, filled.Signature, filled.MajorVersion, filled.MinorVersion, filled.EndHeaderSize = 0, 0, 0, 0, 0
	if have, err = filled.AppendBinary(nil); err != nil || !bytes.Equal(have, want) {
		t.Errorf("encoded with what is 0 filled in % x, %v", have, err)
	}
}

func TestFileHeaderErrors(t *testing.T) {
	good := unhex(t, headerHex)
	for _, c := range []struct {
		name   string
		b      []byte
		offset int64
		text   string
	}{
		{"empty", nil, 0, "evt: ELF_LOGFILE_HEADER at offset 0x0: need 48 bytes, have 0"},
		{"one short", good[:47], 0, "evt: ELF_LOGFILE_HEADER at offset 0x0: need 48 bytes, have 47"},
		{"signature", patched(good, 4, 0x46664c65), 4, "evt: ELF_LOGFILE_HEADER.Signature at offset 0x4: have 0x46664c65, want 0x654c664c (LfLe)"},
		{"size", patched(good, 0, 0x28), 0, "evt: ELF_LOGFILE_HEADER.HeaderSize at offset 0x0: have 0x28, want 0x30"},
		{"end size", patched(good, 44, 0), 44, "evt: ELF_LOGFILE_HEADER.EndHeaderSize at offset 0x2c: have 0x0, want 0x30"},
		{"version", patched(good, 8, 3), 8, "evt: ELF_LOGFILE_HEADER.MajorVersion at offset 0x8: have 3, want 1"},
	} {
		var h FileHeader
		checkFormatError(t, c.name, h.UnmarshalBinary(c.b), c.offset, c.text)
	}
}

func checkFormatError(t *testing.T, name string, err error, offset int64, text string) {
	t.Helper()
	var f *eventlog.FormatError
	switch {
	case !errors.As(err, &f) || !errors.Is(err, eventlog.ErrCorrupt):
		t.Errorf("%s: %v is no FormatError", name, err)
	case f.Offset != offset || f.Format != "evt" || err.Error() != text:
		t.Errorf("%s: offset 0x%x: %v\nwant 0x%x: %s", name, f.Offset, err, offset, text)
	}
}

func TestEOFRecord(t *testing.T) {
	want := unhex(t, `
28 00 00 00                           # RecordSizeBeginning
11 11 11 11  22 22 22 22              # One, Two
33 33 33 33  44 44 44 44              # Three, Four
30 01 1e 00  74 96 1b 00              # BeginRecord, EndRecord
1f 1d 00 00  70 05 00 00              # CurrentRecordNumber, OldestRecordNumber
28 00 00 00                           # RecordSizeEnd
`)
	value := EOFRecord{0x1e0130, 0x1b9674, 7455, 1392}
	var r EOFRecord
	if err := r.UnmarshalBinary(want); err != nil || r != value {
		t.Errorf("decoded %+v, %v", r, err)
	}
	if have, err := value.AppendBinary(nil); err != nil || !bytes.Equal(have, want) {
		t.Errorf("encoded % x, %v", have, err)
	}
	bad := [][]byte{nil, want[:EOFSize-1]}
	for _, at := range []int{0, 4, 8, 12, 16, 36} {
		bad = append(bad, patched(want, at, 0x27272727))
	}
	for _, b := range bad {
		r := value
		if err := r.UnmarshalBinary(b); !errors.Is(err, errNoEOF) || r != value {
			t.Errorf("% x: %+v, %v", b, r, err)
		}
	}
}

func TestFlagsString(t *testing.T) {
	for f, want := range map[Flags]string{
		0: "none", FlagDirty: "dirty", 0xb: "dirty,wrapped,archive", 0xf: "dirty,wrapped,full,archive",
		0x12: "wrapped,0x10", 0x80000000: "0x80000000",
	} {
		if f.String() != want {
			t.Errorf("0x%x: %s, want %s", uint32(f), f, want)
		}
	}
}

func TestSniff(t *testing.T) {
	good := unhex(t, headerHex)
	for _, c := range []struct {
		b    []byte
		want bool
	}{{good, true}, {good[:8], true}, {good[:7], false}, {nil, false}, {[]byte("ElfFile\x00"), false}} {
		if Sniff(c.b) != c.want {
			t.Errorf("% x: %v", c.b, !c.want)
		}
	}
}
