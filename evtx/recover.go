package evtx

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"netelf.example/eventlog"
)

// Recovery is what Recover has done.
type Recovery struct {
	Chunks       int    // that were written
	Records      uint64 // in them
	Oldest, Next uint64 // numbers
	Rebuilt      int    // chunks of which the header was made anew

	// Covered is how many damaged stretches were made part of the record before
	// them, so that other programs read on behind them. Unreached is how many records
	// stand behind a damaged beginning of a chunk, which no record can cover: programs
	// that do not look for the next one do not see them.
	Covered   int
	Unreached uint64

	Left   uint64           // records that the log does not reach: they are not in it
	Damage eventlog.Outcome // of what was read
}

// Recover writes the log that r reads into w as a new file: its chunks in the order
// of their records, with headers and checksums that are right, and nothing else of
// the old file. Records keep their bytes, their numbers and their places in the
// chunk, since names and templates are found by their place. What is damaged between
// two records becomes a part of the first one, behind its end, where nobody looks;
// the missing numbers stay missing. lost is told of what is missing; nil: nobody is.
func Recover(ctx context.Context, r *Reader, w io.WriterAt, lost func(*eventlog.Loss)) (Recovery, error) {
	p := recovery{r: r, w: w}
	if err := p.look(ctx, lost); err != nil {
		return p.done, err
	}
	for _, place := range r.layout.chunks {
		if err := ctx.Err(); err != nil {
			return p.done, err
		}
		if err := p.chunk(int64(place.block)); err != nil {
			return p.done, err
		}
	}
	return p.done, p.header()
}

type recovery struct {
	r    *Reader
	w    io.WriterAt
	c    Chunk
	done Recovery
}

// look reads all that there is, for what is wrong with it.
func (p *recovery) look(ctx context.Context, lost func(*eventlog.Loss)) error {
	c, err := p.r.Read(ctx, &eventlog.Selection{Recovered: true})
	if err != nil {
		return err
	}
	defer c.Close()
	note := func(err error) {
		p.done.Damage.Note(err)
		if l, ok := eventlog.AsLoss(err); ok && lost != nil {
			lost(l)
		}
	}
	var e eventlog.Event
	var incomplete error // of the event that comes next
	for !p.done.Damage.Done() {
		err := c.Next(ctx, &e)
		l, isLoss := eventlog.AsLoss(err)
		switch {
		case isLoss && l.Partial && l.First != 0:
			incomplete = err
			continue
		case err == nil && e.Recovered:
			p.done.Left++
		case err == nil && incomplete != nil:
			note(incomplete)
			note(nil)
		default:
			note(err)
		}
		incomplete = nil
	}
	if p.done.Damage.Bad() {
		return p.done.Damage.Err
	}
	return nil
}

// chunk writes one chunk of the log.
func (p *recovery) chunk(block int64) error {
	c := &p.c
	if err := p.r.Chunk(block, false, c); err != nil {
		return err
	}
	out := make([]byte, ChunkSize)
	copy(out[HeaderSize:], c.buf[min(HeaderSize, len(c.buf)):])
	h := ChunkHeader{FreeSpaceOffset: ChunkDataOffset, FirstRecordID: math.MaxUint64}
	if c.HeaderErr != nil || c.SumErr != nil {
		// The tables behind the header are under its checksum. They only shorten the
		// search for names and templates, and empty ones are well.
		clear(out[HeaderSize:ChunkDataOffset])
	}
	n := uint64(0)
	behind := false // a damaged beginning
	for _, f := range c.found {
		if f.what != isRecord {
			continue
		}
		at, size := f.at, f.size
		id := recordID(out[at:])
		if n == 0 {
			h.FirstRecordID, behind = id, at != ChunkDataOffset
		} else if h.FreeSpaceOffset != at {
			cover(out, h.LastRecordOffset, at)
			p.done.Covered++
		}
		if behind {
			p.done.Unreached++
		}
		h.LastRecordID, h.LastRecordOffset, h.FreeSpaceOffset = id, at, at+size
		n++
	}
	if n == 0 {
		return nil
	}
	clear(out[h.FreeSpaceOffset:])
	h.FirstRecordNumber = p.done.Records + 1
	h.LastRecordNumber = p.done.Records + n
	if c.HeaderErr == nil {
		h.Flags = c.Header.Flags
	}
	for _, err := range []error{c.HeaderErr, c.SumErr, c.DataErr} {
		if err != nil {
			p.done.Rebuilt++
			break
		}
	}
	if err := h.seal(out); err != nil {
		return err
	}
	if _, err := p.w.WriteAt(out, HeaderBlockSize+int64(p.done.Chunks)*ChunkSize); err != nil {
		return err
	}
	if p.done.Chunks == 0 {
		p.done.Oldest = h.FirstRecordID
	}
	p.done.Chunks++
	p.done.Records += n
	p.done.Next = h.LastRecordID + 1
	return nil
}

// cover makes the record at an offset go on up to another one.
func cover(chunk []byte, at, to uint32) {
	for _, place := range []uint32{at + 4, to - 4} {
		binary.LittleEndian.PutUint32(chunk[place:], to-at)
	}
}

// seal writes the header of a chunk with its checksums.
func (h *ChunkHeader) seal(chunk []byte) error {
	h.DataChecksum = crc32.ChecksumIEEE(chunk[ChunkDataOffset:h.FreeSpaceOffset])
	for range 2 { // the second time with the checksum of the first
		b, err := h.AppendBinary(nil)
		if err != nil {
			return err
		}
		copy(chunk, b)
		h.Checksum, _ = h.Checksums(chunk)
	}
	return nil
}

// header writes that of the file.
func (p *recovery) header() error {
	if p.done.Chunks > math.MaxUint16 {
		return fileError("Chunks", 42, fmt.Errorf("%d, a file has at most %d: %w", p.done.Chunks, math.MaxUint16, eventlog.ErrTooLarge))
	}
	l := p.r.layout
	h := FileHeader{MajorVersion: majorVersion, MinorVersion: 1, NextRecordID: l.next, Chunks: uint16(p.done.Chunks)}
	if l.headerErr == nil {
		h.MinorVersion = l.header.MinorVersion
	}
	if p.done.Chunks == 0 { // a file has at least one
		chunk := make([]byte, ChunkSize)
		empty := ChunkHeader{FirstRecordNumber: 1, FirstRecordID: math.MaxUint64, LastRecordID: math.MaxUint64, FreeSpaceOffset: ChunkDataOffset}
		if err := empty.seal(chunk); err != nil {
			return err
		}
		if _, err := p.w.WriteAt(chunk, HeaderBlockSize); err != nil {
			return err
		}
		h.Chunks, h.NextRecordID = 1, max(l.next, 1)
	}
	h.LastChunk = uint64(h.Chunks) - 1
	b, err := h.AppendBinary(nil)
	if err != nil {
		return err
	}
	_, err = p.w.WriteAt(append(b, make([]byte, HeaderBlockSize-len(b))...), 0)
	return err
}
