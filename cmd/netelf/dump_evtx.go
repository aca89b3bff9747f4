package main

import (
	"bytes"
	"context"
	"fmt"

	"netelf.example/evtx"
	"netelf.example/internal/hexdoc"
)

// chunkDumper writes what lies in an .evtx file: the header, and the chunks in the
// order in which they lie there.
type chunkDumper struct {
	dumper
	r *evtx.Reader
	c evtx.Chunk
}

// place is where bytes of the chunk that is shown lie in the file.
func (d *chunkDumper) place(at int) int64 { return d.c.Offset() + int64(at) }

// show shows bytes of the chunk.
func (d *chunkDumper) show(from, to int, format string, args ...any) {
	d.buf = hexdoc.AppendField(d.buf, d.place(from), d.c.Bytes()[from:to], fmt.Sprintf(format, args...))
}

// part is a field of n bytes and what is said of it.
type part struct {
	n    int
	text string
}

// parts shows the fields that b begins with, which lies at an offset, and gives where
// they end in it.
func (d *chunkDumper) parts(off int64, b []byte, list []part) (at int) {
	for _, p := range list {
		d.buf = hexdoc.AppendField(d.buf, off+int64(at), b[at:at+p.n], p.text)
		at += p.n
	}
	return at
}

// file shows what lies at an offset and behind it, from the structure on that goes
// over it.
func (d *chunkDumper) file(ctx context.Context, from int64) error {
	x := d.r.Extent()
	for block := range x.Blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.r.Chunk(block, true, &d.c); err != nil {
			return err
		}
		if block == 0 && from < d.c.Offset() && from < evtx.HeaderBlockSize {
			if err := d.header(); err != nil {
				return err
			}
		}
		if from >= d.c.Offset()+int64(len(d.c.Bytes())) {
			continue
		}
		if done, err := d.chunk(block, int(max(from-d.c.Offset(), 0))); done || err != nil {
			return err
		}
	}
	if x.Blocks == 0 {
		return d.header()
	}
	return nil
}

// header shows that of the file.
func (d *chunkDumper) header() error {
	b := make([]byte, min(d.size, evtx.HeaderBlockSize))
	if _, err := d.f.ReadAt(b, 0); err != nil {
		return err
	}
	var h evtx.FileHeader
	if err := h.UnmarshalBinary(b); err != nil {
		d.comment("no FileHeader: " + err.Error())
		d.rest(0, b)
		return d.flush()
	}
	d.comment("FileHeader")
	at := d.parts(0, b, []part{
		{8, "Signature ElfFile"},
		{8, fmt.Sprintf("FirstChunk %d", h.FirstChunk)},
		{8, fmt.Sprintf("LastChunk %d", h.LastChunk)},
		{8, fmt.Sprintf("NextRecordID %d", h.NextRecordID)},
		{4, fmt.Sprintf("HeaderSize 0x%x", h.HeaderSize)},
		{2, fmt.Sprintf("MinorVersion %d", h.MinorVersion)},
		{2, fmt.Sprintf("MajorVersion %d", h.MajorVersion)},
		{2, fmt.Sprintf("HeaderBlockSize 0x%x", h.HeaderBlockSize)},
		{2, fmt.Sprintf("Chunks %d", h.Chunks)},
		{76, "not used"},
		{4, fmt.Sprintf("Flags %v", h.Flags)},
		{4, "Checksum" + sumText(h.Verify(b))},
	})
	d.rest(int64(at), b[at:])
	return d.flush()
}

func sumText(err error) string {
	if err != nil {
		return ", which is not that of the bytes"
	}
	return ""
}

// chunk shows one from an offset in it on. done: the limit was reached.
func (d *chunkDumper) chunk(block int64, from int) (done bool, err error) {
	b := d.c.Bytes()
	if from < evtx.ChunkDataOffset {
		d.chunkHeader(block)
	}
	pos := evtx.ChunkDataOffset
	for r, recovered := range d.c.Records() {
		at := int(r.Offset() - d.c.Offset())
		if at > from && at > pos {
			d.rest(d.place(max(pos, from)), b[max(pos, from):at])
		}
		pos = at + len(r.Raw())
		if pos <= from {
			continue
		}
		d.record(r, at, recovered)
		if err := d.flush(); err != nil {
			return true, err
		}
		if d.shown++; d.limit > 0 && d.shown >= d.limit {
			return true, nil
		}
	}
	if pos = max(pos, from); pos < len(b) {
		d.rest(d.place(pos), b[pos:])
	}
	return false, d.flush()
}

// chunkHeader shows it, with the tables behind it.
func (d *chunkDumper) chunkHeader(block int64) {
	d.comment(fmt.Sprintf("ChunkHeader %d", block))
	b, h := d.c.Bytes(), &d.c.Header
	if d.c.HeaderErr != nil || len(b) < evtx.ChunkDataOffset {
		if d.c.HeaderErr != nil {
			d.comment("none: " + d.c.HeaderErr.Error())
		}
		d.rest(d.place(0), b[:min(len(b), evtx.ChunkDataOffset)])
		return
	}
	d.parts(d.place(0), b, []part{
		{8, "Signature ElfChnk"},
		{8, fmt.Sprintf("FirstRecordNumber %d", h.FirstRecordNumber)},
		{8, fmt.Sprintf("LastRecordNumber %d", h.LastRecordNumber)},
		{8, fmt.Sprintf("FirstRecordID %d", h.FirstRecordID)},
		{8, fmt.Sprintf("LastRecordID %d", h.LastRecordID)},
		{4, fmt.Sprintf("HeaderSize 0x%x", h.HeaderSize)},
		{4, fmt.Sprintf("LastRecordOffset 0x%x", h.LastRecordOffset)},
		{4, fmt.Sprintf("FreeSpaceOffset 0x%x", h.FreeSpaceOffset)},
		{4, "DataChecksum" + sumText(d.c.DataErr)},
		{64, "not used"},
		{4, fmt.Sprintf("Flags 0x%x", h.Flags)},
		{4, "Checksum" + sumText(d.c.SumErr)},
		{64 * 4, "offsets of names, by their hash"},
		{32 * 4, "offsets of templates, by their id"},
	})
}

func (d *chunkDumper) record(r *evtx.Record, at int, recovered bool) {
	says := ""
	if recovered {
		says = ", which the log does not reach"
	}
	d.comment(fmt.Sprintf("EventRecord %d%s", r.RecordID(), says))
	end := at + len(r.Raw())
	d.show(at, at+4, "Signature **")
	d.show(at+4, at+8, "Size 0x%x", len(r.Raw()))
	d.show(at+8, at+16, "EventRecordID %d", r.RecordID())
	d.show(at+16, at+24, "TimeCreated %s", r.Written().Time().In(d.loc).Format(stamp))
	t := tokens{d: d, at: at + evtx.RecordHeadSize, end: end - 4}
	t.fragment(0)
	if t.at < t.end {
		d.show(t.at, t.end, "not used")
	}
	d.show(end-4, end, "SizeCopy 0x%x", len(r.Raw()))
}

// rest shows bytes that are nothing that is known.
func (d *chunkDumper) rest(at int64, b []byte) {
	switch {
	case len(b) == 0:
	case len(bytes.Trim(b, "\x00")) == 0:
		d.comment(fmt.Sprintf("zeros at 0x%x, 0x%x bytes", at, len(b)))
	default:
		d.comment(fmt.Sprintf("no record at 0x%x, 0x%x bytes", at, len(b)))
		d.buf = hexdoc.AppendRows(d.buf, at, b[:min(len(b), maxJunk)])
		if len(b) > maxJunk {
			d.comment(fmt.Sprintf("… and 0x%x more", len(b)-maxJunk))
		}
	}
}
