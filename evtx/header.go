package evtx

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"netelf.example/eventlog"
)

// Sizes and limits of the format, in bytes.
const (
	HeaderSize      = 0x80    // of the file header, and of a chunk's
	HeaderBlockSize = 0x1000  // of the block that holds the file header; chunks begin behind it
	ChunkSize       = 0x10000 // of a chunk, with its header and its tables
	ChunkDataOffset = 0x200   // where the records of a chunk begin
	RecordHeadSize  = 24      // of a record, before its binary XML
	MinRecordSize   = RecordHeadSize + 4
	MaxRecordSize   = ChunkSize - ChunkDataOffset

	// MaxChunks is how many chunks of a file are read. The format's own number of
	// chunks has 16 bits: 4 GiB.
	MaxChunks = 1 << 20
)

const (
	fileSignature   = "ElfFile\x00"
	chunkSignature  = "ElfChnk\x00"
	recordSignature = "**\x00\x00"
	majorVersion    = 3
	checksummed     = 0x78 // so many bytes of a header are under its checksum
)

// Flags of the file header.
type Flags uint32

// The flags.
const (
	FlagDirty      Flags = 0x1 // records were written since the header was
	FlagFull       Flags = 0x2 // the log has reached its size and keeps what it has
	FlagNoChecksum Flags = 0x4 // checksums were not kept
)

func (f Flags) String() string {
	s := ""
	for i, n := range []string{"dirty", "full", "no checksums"} {
		if f&(1<<i) != 0 {
			s += "," + n
		}
	}
	if rest := f &^ 7; rest != 0 {
		s += fmt.Sprintf(",0x%x", uint32(rest))
	}
	if s == "" {
		return "none"
	}
	return s[1:]
}

// FileHeader is the first structure of the file. With FlagDirty its numbers are
// those of the last time it was written.
type FileHeader struct {
	FirstChunk      uint64 // number of the chunk with the oldest record
	LastChunk       uint64 // and of the one that is written to
	NextRecordID    uint64 // that the next record gets
	HeaderSize      uint32
	MinorVersion    uint16
	MajorVersion    uint16
	HeaderBlockSize uint16
	Chunks          uint16
	Flags           Flags
	Checksum        uint32 // CRC32 of the first 0x78 bytes
}

// UnmarshalBinary decodes the first HeaderSize bytes of b. It fails on what makes
// them no header; Verify judges the checksum.
func (h *FileHeader) UnmarshalBinary(b []byte) error {
	if len(b) < HeaderSize {
		return fileError("", 0, fmt.Errorf("need %d bytes, have %d", HeaderSize, len(b)))
	}
	if s := string(b[:8]); s != fileSignature {
		return fileError("Signature", 0, fmt.Errorf("have %+q, want %+q", s, fileSignature))
	}
	le := binary.LittleEndian
	*h = FileHeader{
		FirstChunk: le.Uint64(b[8:]), LastChunk: le.Uint64(b[16:]), NextRecordID: le.Uint64(b[24:]),
		HeaderSize: le.Uint32(b[32:]), MinorVersion: le.Uint16(b[36:]), MajorVersion: le.Uint16(b[38:]),
		HeaderBlockSize: le.Uint16(b[40:]), Chunks: le.Uint16(b[42:]),
		Flags: Flags(le.Uint32(b[120:])), Checksum: le.Uint32(b[124:]),
	}
	switch {
	case h.MajorVersion != majorVersion:
		return fileError("MajorVersion", 38, fmt.Errorf("have %d, want %d", h.MajorVersion, majorVersion))
	case h.HeaderBlockSize != HeaderBlockSize:
		return fileError("HeaderBlockSize", 40, fmt.Errorf("have 0x%x, want 0x%x", h.HeaderBlockSize, HeaderBlockSize))
	}
	return nil
}

// AppendBinary appends the HeaderSize bytes of h, with the sizes, the version and
// the checksum as they must be.
func (h *FileHeader) AppendBinary(dst []byte) ([]byte, error) {
	le := binary.LittleEndian
	start := len(dst)
	dst = append(dst, fileSignature...)
	for _, v := range [...]uint64{h.FirstChunk, h.LastChunk, h.NextRecordID} {
		dst = le.AppendUint64(dst, v)
	}
	minor := h.MinorVersion
	if h.MajorVersion == 0 {
		minor = 1
	}
	dst = le.AppendUint32(dst, HeaderSize)
	for _, v := range [...]uint16{minor, majorVersion, HeaderBlockSize, h.Chunks} {
		dst = le.AppendUint16(dst, v)
	}
	dst = append(dst, make([]byte, checksummed-44)...)
	sum := crc32.ChecksumIEEE(dst[start:])
	return le.AppendUint32(le.AppendUint32(dst, uint32(h.Flags)), sum), nil
}

// Verify compares the checksum of the header that b begins with; it is well where
// the file says that it keeps none.
func (h *FileHeader) Verify(b []byte) error {
	if h.Flags&FlagNoChecksum != 0 {
		return nil
	}
	if sum := crc32.ChecksumIEEE(b[:checksummed]); sum != h.Checksum {
		return fileError("Checksum", 124, errChecksum(h.Checksum, sum))
	}
	return nil
}

// ChunkHeader is what a chunk begins with. Behind it are the offsets of names and
// of templates by their hash, which the reader has no use for.
type ChunkHeader struct {
	FirstRecordNumber uint64 // of the file's records, counted from 1
	LastRecordNumber  uint64
	FirstRecordID     uint64 // as the log counts: what an event calls EventRecordID
	LastRecordID      uint64
	HeaderSize        uint32
	LastRecordOffset  uint32 // of the newest record, in the chunk
	FreeSpaceOffset   uint32 // behind it
	DataChecksum      uint32 // CRC32 of the records: from 0x200 to FreeSpaceOffset
	Flags             uint32
	Checksum          uint32 // CRC32 of the first 0x78 bytes and of 0x80 to 0x200
}

// UnmarshalBinary decodes the first HeaderSize bytes of b. It fails on what makes
// them no header.
func (h *ChunkHeader) UnmarshalBinary(b []byte) error {
	if len(b) < HeaderSize {
		return chunkError(0, "", 0, fmt.Errorf("need %d bytes, have %d", HeaderSize, len(b)))
	}
	if s := string(b[:8]); s != chunkSignature {
		return chunkError(0, "Signature", 0, fmt.Errorf("have %+q, want %+q", s, chunkSignature))
	}
	le := binary.LittleEndian
	*h = ChunkHeader{
		FirstRecordNumber: le.Uint64(b[8:]), LastRecordNumber: le.Uint64(b[16:]),
		FirstRecordID: le.Uint64(b[24:]), LastRecordID: le.Uint64(b[32:]),
		HeaderSize: le.Uint32(b[40:]), LastRecordOffset: le.Uint32(b[44:]), FreeSpaceOffset: le.Uint32(b[48:]),
		DataChecksum: le.Uint32(b[52:]), Flags: le.Uint32(b[120:]), Checksum: le.Uint32(b[124:]),
	}
	if h.FreeSpaceOffset < ChunkDataOffset || h.FreeSpaceOffset > ChunkSize {
		return chunkError(0, "FreeSpaceOffset", 48, fmt.Errorf("0x%x lies outside of 0x%x to 0x%x", h.FreeSpaceOffset, ChunkDataOffset, ChunkSize))
	}
	return nil
}

// AppendBinary appends the HeaderSize bytes of h as they stand, with the header's
// size filled in.
func (h *ChunkHeader) AppendBinary(dst []byte) ([]byte, error) {
	le := binary.LittleEndian
	dst = append(dst, chunkSignature...)
	for _, v := range [...]uint64{h.FirstRecordNumber, h.LastRecordNumber, h.FirstRecordID, h.LastRecordID} {
		dst = le.AppendUint64(dst, v)
	}
	for _, v := range [...]uint32{HeaderSize, h.LastRecordOffset, h.FreeSpaceOffset, h.DataChecksum} {
		dst = le.AppendUint32(dst, v)
	}
	dst = append(dst, make([]byte, checksummed-56)...)
	return le.AppendUint32(le.AppendUint32(dst, h.Flags), h.Checksum), nil
}

// Checksums are what the header's two should be, of the chunk that b is.
func (h *ChunkHeader) Checksums(b []byte) (header, data uint32) {
	header = crc32.ChecksumIEEE(b[:checksummed])
	header = crc32.Update(header, crc32.IEEETable, b[HeaderSize:ChunkDataOffset])
	return header, crc32.ChecksumIEEE(b[ChunkDataOffset:min(int(h.FreeSpaceOffset), len(b))])
}

// Sniff says whether head, the first 8 bytes or more of a file, look like those
// of an .evtx file.
func Sniff(head []byte) bool { return len(head) >= 8 && string(head[:8]) == fileSignature }

func errChecksum(have, want uint32) error {
	return fmt.Errorf("0x%08x is stored, 0x%08x is what the bytes give", have, want)
}

func fileError(field string, offset int64, err error) error {
	return &eventlog.FormatError{Format: "evtx", Struct: "FileHeader", Field: field, Offset: offset, Err: err}
}

func chunkError(chunk int64, field string, at int64, err error) error {
	return &eventlog.FormatError{Format: "evtx", Struct: "ChunkHeader", Field: field, Offset: chunk + at, Err: err}
}

func recordError(off int64, field string, at int64, err error) error {
	return &eventlog.FormatError{Format: "evtx", Struct: "EventRecord", Field: field, Offset: off + at, Err: err}
}
