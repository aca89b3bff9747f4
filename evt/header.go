package evt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"netelf.example/eventlog"
)

// Sizes and limits of the format, in bytes.
const (
	HeaderSize     = 0x30 // of the file header, and where records begin
	EOFSize        = 0x28 // of the EOF record
	RecordHeadSize = 56   // the fixed part of a record, which is never split
	MinRecordSize  = RecordHeadSize + 4
	// MaxRecordSize is the longest record that is taken for one: no reader could
	// fetch a longer one, since a read's buffer is at most 0x7ffff bytes
	// ([MS-EVEN] 3.1.4.7).
	MaxRecordSize = 0x7ffff
	// SizeStep is what file sizes are rounded up to.
	SizeStep = 0x10000
)

const (
	signature    = 0x654c664c // "LfLe"
	fillPattern  = 0x27272727 // what is left of the file's end when a head does not fit
	majorVersion = 1
	minorVersion = 1
)

var signatureBytes = []byte("LfLe")

// Flags of the file header.
type Flags uint32

// The flags ([MS-EVEN] has none of this; the names are those of the NT headers).
const (
	FlagDirty   Flags = 0x1 // ELF_LOGFILE_HEADER_DIRTY: records were written since the header was
	FlagWrapped Flags = 0x2 // ELF_LOGFILE_HEADER_WRAP: old records were overwritten
	FlagFull    Flags = 0x4 // ELF_LOGFILE_LOGFULL_WRITTEN: a record was refused for want of space
	FlagArchive Flags = 0x8 // ELF_LOGFILE_ARCHIVE_SET: written since the last backup
)

func (f Flags) String() string {
	s := ""
	for i, n := range []string{"dirty", "wrapped", "full", "archive"} {
		if f&(1<<i) != 0 {
			s += "," + n
		}
	}
	if rest := f &^ 0xf; rest != 0 {
		s += fmt.Sprintf(",0x%x", uint32(rest))
	}
	if s == "" {
		return "none"
	}
	return s[1:]
}

// FileHeader is the first structure of the file, ELF_LOGFILE_HEADER. With
// FlagDirty its offsets and numbers are stale and the EOF record's are current.
type FileHeader struct {
	HeaderSize          uint32
	Signature           uint32
	MajorVersion        uint32
	MinorVersion        uint32
	StartOffset         uint32 // of the oldest record
	EndOffset           uint32 // of the EOF record
	CurrentRecordNumber uint32 // the number that the next record gets
	OldestRecordNumber  uint32 // 0 where the log is empty
	MaxSize             uint32
	Flags               Flags
	Retention           uint32 // seconds; 0: overwrite as needed; 0xffffffff: never
	EndHeaderSize       uint32
}

// UnmarshalBinary decodes the first HeaderSize bytes of b. It fails on what makes
// them no header; fields with odd values are the caller's to judge.
func (h *FileHeader) UnmarshalBinary(b []byte) error {
	if len(b) < HeaderSize {
		return headerError("", 0, fmt.Errorf("need %d bytes, have %d", HeaderSize, len(b)))
	}
	le := binary.LittleEndian
	*h = FileHeader{
		HeaderSize: le.Uint32(b), Signature: le.Uint32(b[4:]),
		MajorVersion: le.Uint32(b[8:]), MinorVersion: le.Uint32(b[12:]),
		StartOffset: le.Uint32(b[16:]), EndOffset: le.Uint32(b[20:]),
		CurrentRecordNumber: le.Uint32(b[24:]), OldestRecordNumber: le.Uint32(b[28:]),
		MaxSize: le.Uint32(b[32:]), Flags: Flags(le.Uint32(b[36:])),
		Retention: le.Uint32(b[40:]), EndHeaderSize: le.Uint32(b[44:]),
	}
	switch {
	case h.Signature != signature:
		return headerError("Signature", 4, fmt.Errorf("have 0x%08x, want 0x%08x (LfLe)", h.Signature, signature))
	case h.HeaderSize != HeaderSize:
		return headerError("HeaderSize", 0, fmt.Errorf("have 0x%x, want 0x%x", h.HeaderSize, HeaderSize))
	case h.EndHeaderSize != HeaderSize:
		return headerError("EndHeaderSize", 44, fmt.Errorf("have 0x%x, want 0x%x", h.EndHeaderSize, HeaderSize))
	case h.MajorVersion != majorVersion:
		return headerError("MajorVersion", 8, fmt.Errorf("have %d, want %d", h.MajorVersion, majorVersion))
	}
	return nil
}

// AppendBinary appends the HeaderSize bytes of h as they stand, with the sizes,
// the signature and the version filled in where they are 0.
func (h *FileHeader) AppendBinary(dst []byte) ([]byte, error) {
	le := binary.LittleEndian
	for _, v := range [...]uint32{
		or(h.HeaderSize, HeaderSize), or(h.Signature, signature),
		or(h.MajorVersion, majorVersion), or(h.MinorVersion, minorVersion),
		h.StartOffset, h.EndOffset, h.CurrentRecordNumber, h.OldestRecordNumber,
		h.MaxSize, uint32(h.Flags), h.Retention, or(h.EndHeaderSize, HeaderSize),
	} {
		dst = le.AppendUint32(dst, v)
	}
	return dst, nil
}

func or(v, zero uint32) uint32 {
	if v == 0 {
		return zero
	}
	return v
}

// EOFRecord stands behind the newest record, ELF_EOF_RECORD. Old copies remain
// in old space; one is current only if EndRecord is its own offset.
type EOFRecord struct {
	BeginRecord         uint32 // offset of the oldest record
	EndRecord           uint32 // offset of this EOF record
	CurrentRecordNumber uint32 // the number that the next record gets
	OldestRecordNumber  uint32 // 0 where the log is empty
}

var eofMagic = []byte("\x28\x00\x00\x00\x11\x11\x11\x11\x22\x22\x22\x22\x33\x33\x33\x33\x44\x44\x44\x44")

var errNoEOF = errors.New("no EOF record here")

// UnmarshalBinary decodes the first EOFSize bytes of b.
func (r *EOFRecord) UnmarshalBinary(b []byte) error {
	le := binary.LittleEndian
	if len(b) < EOFSize || string(b[:len(eofMagic)]) != string(eofMagic) || le.Uint32(b[36:]) != EOFSize {
		return errNoEOF
	}
	*r = EOFRecord{le.Uint32(b[20:]), le.Uint32(b[24:]), le.Uint32(b[28:]), le.Uint32(b[32:])}
	return nil
}

// AppendBinary appends the EOFSize bytes of r.
func (r *EOFRecord) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, eofMagic...)
	for _, v := range [...]uint32{r.BeginRecord, r.EndRecord, r.CurrentRecordNumber, r.OldestRecordNumber, EOFSize} {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst, nil
}

// Sniff says whether head, the first 8 bytes or more of a file, look like those
// of an .evt file.
func Sniff(head []byte) bool {
	return len(head) >= 8 && binary.LittleEndian.Uint32(head) == HeaderSize && binary.LittleEndian.Uint32(head[4:]) == signature
}

func headerError(field string, offset int64, err error) error {
	return &eventlog.FormatError{Format: "evt", Struct: "ELF_LOGFILE_HEADER", Field: field, Offset: offset, Err: err}
}
