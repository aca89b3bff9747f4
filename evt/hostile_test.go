package evt

import (
	"bytes"
	"encoding/binary"
	"testing"

	"netelf.example/eventlog"
)

// countedFile counts what is read of it.
type countedFile struct {
	bytesFile
	calls, bytes int64
}

func (f *countedFile) ReadAt(b []byte, off int64) (int, error) {
	f.calls++
	f.bytes += int64(len(b))
	return f.bytesFile.ReadAt(b, off)
}

// TestWorkIsLinear reads files that are made of nothing but what looks like the
// beginning of a record, whose claims hold or nearly hold: what is read of such a
// file is some times its size, and no claim of it is loaded again and again.
func TestWorkIsLinear(t *testing.T) {
	const size = 4 << 20
	for name, length := range map[string]uint32{
		"short records that overlap": 0x44, "long records that overlap": 0x7fff4, "lengths that do not agree": 0x7fff0, "in between": 0x10004,
	} {
		t.Run(name, func(t *testing.T) {
			h := FileHeader{StartOffset: HeaderSize, EndOffset: HeaderSize, CurrentRecordNumber: 5, OldestRecordNumber: 1, MaxSize: size, Flags: FlagDirty}
			b, _ := h.AppendBinary(nil)
			unit := append(binary.LittleEndian.AppendUint32(nil, length), signatureBytes...)
			b = append(b, bytes.Repeat(unit, (size-HeaderSize)/len(unit))...)
			f := &countedFile{bytesFile: b}
			r, err := NewReader(f, int64(len(b)), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, back := range []bool{false, true} {
				walk(t, r, eventlog.Selection{Recovered: true, Backward: back})
			}
			if f.bytes > 100*size || f.calls > size/8 {
				t.Errorf("%d MiB in %d calls were read of a file of %d MiB", f.bytes>>20, f.calls, size>>20)
			}
		})
	}
}
