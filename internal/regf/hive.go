package regf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Limits of a hive.
const (
	MaxDepth    = 512       // keys above one another, as Windows has it
	MaxKeys     = 1 << 20   // keys below one
	MaxValues   = 1 << 16   // values of a key
	MaxData     = 16 << 20  // bytes of a value
	MaxLog      = 256 << 20 // bytes of a transaction log that are read
	MaxReplayed = 256 << 20 // bytes that transaction logs lay over a hive
	MaxErrors   = 100       // errors that Damage tells
)

const (
	baseSize   = 4096 // of the base block: offsets in the hive count from behind it
	blockSize  = 512  // of the part of it that has a checksum, and of what logs count in
	pageSize   = 4096
	binHead    = 32
	cellHead   = 4
	maxSegment = 16344 // bytes of a segment of big data
)

// types of a file, in its base block.
const (
	typePrimary   = 0
	typeOldLog    = 1
	typeOldestLog = 2
	typeNewLog    = 6
)

// Options are those of Open; nil is fine.
type Options struct {
	// Logs are the hive's transaction logs: .LOG1 and .LOG2, or .LOG. They count only
	// where the hive is dirty. nil: none.
	Logs []*io.SectionReader
}

// Header is what the base block says.
type Header struct {
	Sequence1, Sequence2 uint32    // they differ where a write was not finished
	Written              time.Time // zero: not known
	Major, Minor         uint32
	RootCell             uint32 // offset of the root key's cell
	DataSize             uint32 // bytes of the bins
	FileName             string // the end of the path that the hive had
}

// Hive is an open hive, for one goroutine.
type Hive struct {
	Header
	Dirty    bool // the file lacks changes that the transaction logs have
	Replayed int  // entries of transaction logs that were laid over it

	r       io.ReaderAt
	size    int64             // of the file
	end     int64             // of what offsets may reach, from behind the base block
	over    map[uint32][]byte // pages as the logs have them, by their number
	bins    []bin             // in order; those that are whole
	cache   map[uint32][]byte // pages that were read
	damage  []error
	moreBad int
}

// bin is where a bin begins and ends.
type bin struct{ start, end uint32 }

// Open opens a hive. It fails where the file is none, or where neither its base block
// nor that of a log can be used.
func Open(r io.ReaderAt, size int64, opts *Options) (*Hive, error) {
	if opts == nil {
		opts = &Options{}
	}
	h := &Hive{r: r, size: size}
	b, err := readBase(r, size)
	if err != nil {
		return nil, err
	}
	if t := le.Uint32(b[28:]); t != typePrimary && checksum(b) == le.Uint32(b[508:]) {
		return nil, bad("regf", "Type", 28, fmt.Errorf("%d, want 0: a transaction log is not a hive", t))
	}
	head, ok := h.recover(b, opts.Logs)
	if !ok {
		h.note(bad("regf", "CheckSum", 508, fmt.Errorf("have 0x%08x, and the bytes have 0x%08x", le.Uint32(b[508:]), checksum(b))))
	}
	h.Header = header(head)
	if h.Major != 1 || h.Minor < 2 || h.Minor > 6 {
		return nil, bad("regf", "Version", 20, fmt.Errorf("%d.%d, want 1.2 to 1.6", h.Major, h.Minor))
	}
	h.end = int64(h.DataSize)
	have := max(size-baseSize, 0)
	for p := range h.over {
		have = max(have, (int64(p)+1)*pageSize)
	}
	if h.end > have {
		h.note(bad("regf", "Length", 40, fmt.Errorf("%d bytes of bins, and the file has %d", h.end, have)))
		h.end = have
	}
	h.walkBins()
	return h, nil
}

// Damage is what was wrong and could be passed over: the first MaxErrors errors.
func (h *Hive) Damage() []error {
	list := append([]error(nil), h.damage...)
	if h.moreBad > 0 {
		list = append(list, fmt.Errorf("regf: and %d more", h.moreBad))
	}
	return list
}

func (h *Hive) note(err error) {
	if len(h.damage) < MaxErrors {
		h.damage = append(h.damage, err)
	} else {
		h.moreBad++
	}
}

var le = binary.LittleEndian

func bad(structure, field string, offset int64, err error) error {
	return &eventlog.FormatError{Format: "regf", Struct: structure, Field: field, Offset: offset, Err: err}
}

func over(what string, have, limit uint64) error {
	return fmt.Errorf("%d %s, and %d is the limit: %w", have, what, limit, eventlog.ErrTooLarge)
}

// readBase reads the part of a base block that has a checksum.
func readBase(r io.ReaderAt, size int64) ([]byte, error) {
	b := make([]byte, blockSize)
	if size < blockSize {
		return nil, bad("regf", "", 0, fmt.Errorf("%d bytes, want %d at least", size, blockSize))
	}
	if n, err := r.ReadAt(b, 0); n < len(b) {
		return nil, readError(err)
	}
	if string(b[:4]) != "regf" {
		return nil, bad("regf", "Signature", 0, fmt.Errorf("have %q, want \"regf\"", b[:4]))
	}
	return b, nil
}

// readError is an error of the file; it has one where it has not what was asked for.
func readError(err error) error {
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("regf: %w", err)
}

// checksum is that of the first 508 bytes: all words, exclusive or. It is never
// 0 or all ones.
func checksum(b []byte) uint32 {
	var sum uint32
	for i := 0; i < 508; i += 4 {
		sum ^= le.Uint32(b[i:])
	}
	switch sum {
	case 0:
		return 1
	case 0xffffffff:
		return 0xfffffffe
	}
	return sum
}

func header(b []byte) Header {
	name := b[48:112]
	if n := nt.IndexNUL(name); n >= 0 {
		name = name[:n]
	}
	return Header{
		Sequence1: le.Uint32(b[4:]), Sequence2: le.Uint32(b[8:]), Written: filetime(b[12:]),
		Major: le.Uint32(b[20:]), Minor: le.Uint32(b[24:]), RootCell: le.Uint32(b[36:]), DataSize: le.Uint32(b[40:]), FileName: nt.UTF8(name),
	}
}

func filetime(b []byte) time.Time {
	if f := nt.Filetime(le.Uint64(b)); f != 0 {
		return f.Time()
	}
	return time.Time{}
}

// walkBins finds the bins. Behind one that is damaged the next is looked for.
func (h *Hive) walkBins() {
	lost := int64(-1)
	for at := int64(0); at+binHead <= h.end; {
		size, err := h.binAt(at)
		if err != nil {
			if lost < 0 {
				lost = at
				h.note(err)
			}
			at += pageSize
			continue
		}
		lost = -1
		h.bins = append(h.bins, bin{uint32(at), uint32(at + size)})
		at += size
	}
}

func (h *Hive) binAt(at int64) (int64, error) {
	var b [12]byte
	if err := h.read(b[:], uint32(at)); err != nil {
		return 0, err
	}
	size := int64(le.Uint32(b[8:]))
	switch {
	case string(b[:4]) != "hbin":
		return 0, bad("hbin", "Signature", baseSize+at, fmt.Errorf("have %q, want \"hbin\"", b[:4]))
	case int64(le.Uint32(b[4:])) != at:
		return 0, bad("hbin", "FileOffset", baseSize+at+4, fmt.Errorf("0x%x, and it is at 0x%x", le.Uint32(b[4:]), at))
	case size == 0 || size%pageSize != 0 || at+size > h.end:
		return 0, bad("hbin", "Size", baseSize+at+8, fmt.Errorf("%d bytes, want a multiple of %d and at most %d", size, pageSize, h.end-at))
	}
	return size, nil
}

// maxCached bounds the pages that are kept: 4 MiB.
const maxCached = 1024

// page is a page of the bins, as the logs have it or else the file. It is not to be
// changed.
func (h *Hive) page(n uint32) ([]byte, error) {
	if p, ok := h.over[n]; ok {
		return p, nil
	}
	if p, ok := h.cache[n]; ok {
		return p, nil
	}
	at := baseSize + int64(n)*pageSize
	want := min(pageSize, h.size-at)
	if want <= 0 {
		return nil, nil
	}
	p := make([]byte, want)
	if n, err := h.r.ReadAt(p, at); int64(n) < want {
		return nil, readError(err)
	}
	if h.cache == nil || len(h.cache) >= maxCached {
		h.cache = map[uint32][]byte{}
	}
	h.cache[n] = p
	return p, nil
}

// read reads bytes of the bins. The caller has seen to it that they end before h.end.
func (h *Hive) read(b []byte, at uint32) error {
	for done := 0; done < len(b); {
		off := at + uint32(done)
		p, err := h.page(off / pageSize)
		if err != nil {
			return err
		}
		n := 0
		if in := int(off % pageSize); in < len(p) {
			n = copy(b[done:], p[in:])
		}
		if n == 0 {
			return bad("cell", "", baseSize+int64(off), errors.New("neither the file nor its logs have this page"))
		}
		done += n
	}
	return nil
}

// cell is where a cell's data begin, and how many there are. The size that the cell
// claims is compared with its bin, or else the hive.
func (h *Hive) cell(what string, at uint32) (data uint32, size int, err error) {
	pos := baseSize + int64(at)
	if int64(at)+cellHead > h.end || at%4 != 0 {
		return 0, 0, bad(what, "", pos, fmt.Errorf("no cell: the bins have %d bytes", h.end))
	}
	var b [cellHead]byte
	if err := h.read(b[:], at); err != nil {
		return 0, 0, err
	}
	n := int64(int32(le.Uint32(b[:])))
	if n >= 0 {
		return 0, 0, bad(what, "Size", pos, fmt.Errorf("the cell is free, of %d bytes", n))
	}
	end := h.end
	i := sort.Search(len(h.bins), func(i int) bool { return h.bins[i].end > at })
	if i < len(h.bins) && h.bins[i].start <= at {
		end = int64(h.bins[i].end)
	}
	if n = -n; n < cellHead || int64(at)+n > end {
		return 0, 0, bad(what, "Size", pos, fmt.Errorf("%d bytes, and the bin has %d", n, end-int64(at)))
	}
	return at + cellHead, int(n) - cellHead, nil
}

// bytes are the first bytes of a cell, at most limit, which must be need at least.
func (h *Hive) bytes(what string, at uint32, need, limit int) ([]byte, error) {
	data, size, err := h.cell(what, at)
	if err != nil {
		return nil, err
	}
	if size < need {
		return nil, bad(what, "", baseSize+int64(at), fmt.Errorf("%d bytes, want %d at least", size, need))
	}
	b := make([]byte, min(size, limit))
	return b, h.read(b, data)
}

// signed is the same for a cell that begins with a signature.
func (h *Hive) signed(what string, at uint32, need, limit int) ([]byte, error) {
	b, err := h.bytes(what, at, need, limit)
	if err == nil && string(b[:2]) != what {
		err = bad(what, "Signature", baseSize+int64(at)+cellHead, fmt.Errorf("have %q, want %q", b[:2], what))
	}
	return b, err
}
