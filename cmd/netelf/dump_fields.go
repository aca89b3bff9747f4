package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/hexdoc"
	"netelf.example/nt"
	"netelf.example/render"
)

type zone = *time.Location

// maxJunk is how much of a stretch that is no record is shown.
const maxJunk = 64

// stretch shows n bytes of the ring from at on. done: the limit was reached.
func (d *dumper) stretch(ctx context.Context, at, n int64) (done bool, err error) {
	junk, junkLen := at, int64(0)
	end := func() error {
		err := d.junk(junk, junkLen)
		junkLen = 0
		return err
	}
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		size, show, err := d.known(at, n)
		if err != nil {
			return true, err
		}
		if size == 0 {
			if size, err = d.skip(at, n); err != nil {
				return true, err
			}
			if junkLen == 0 {
				junk = at
			}
			junkLen += size
			at, n = d.round(at, size), n-size
			continue
		}
		if junkLen > 0 {
			if err := end(); err != nil {
				return true, err
			}
			// What was found is read again: the junk has used the buffer.
			if size, show, err = d.known(at, n); err != nil {
				return true, err
			}
		}
		if show() {
			d.shown++
		}
		if err := d.flush(); err != nil {
			return true, err
		}
		if d.limit > 0 && d.shown >= d.limit {
			return true, nil
		}
		at, n = d.round(at, size), n-size
	}
	if junkLen > 0 {
		if err := end(); err != nil {
			return true, err
		}
	}
	return false, d.flush()
}

// known is the size of the structure at an offset and what shows it; 0: there is
// none. show answers whether it was a record.
func (d *dumper) known(at, n int64) (size int64, show func() bool, err error) {
	if n < evt.EOFSize {
		return 0, nil, nil
	}
	head, err := d.read(at, evt.EOFSize)
	if err != nil {
		return 0, nil, err
	}
	var e evt.EOFRecord
	if e.UnmarshalBinary(head) == nil {
		return evt.EOFSize, func() bool { d.eof(at, head); return false }, nil
	}
	if size = d.length(head); size == 0 || size > n {
		return 0, nil, nil
	}
	// The last length first: most of what looks like a record and is none is found
	// out by that.
	if b, err := d.read(d.round(at, size-4), 4); err != nil || int64(binary.LittleEndian.Uint32(b)) != size {
		return 0, nil, err
	}
	b, err := d.read(at, size)
	if err != nil {
		return 0, nil, err
	}
	var r evt.Record
	if r.UnmarshalBinary(b) != nil {
		return 0, nil, nil
	}
	return size, func() bool { d.record(at, &r); return true }, nil
}

// length is that of the record that begins with head, 0 if none does.
func (d *dumper) length(head []byte) int64 {
	n := int64(binary.LittleEndian.Uint32(head))
	if string(head[4:8]) != "LfLe" || n < evt.MinRecordSize || n > min(evt.MaxRecordSize, d.size) {
		return 0
	}
	return n
}

// skip is how far it is to the next place where something known may begin: a
// record's length and signature, or an EOF record.
func (d *dumper) skip(at, n int64) (int64, error) {
	const window, eofMagic = 4 << 10, "\x28\x00\x00\x00\x11\x11\x11\x11"
	b, err := d.read(at, min(n, window, d.size-at))
	if err != nil {
		return 0, err
	}
	for i := 1; i+8 <= len(b); i++ {
		if b[i+4] == 'L' && d.length(b[i:]) > 0 || b[i] == eofMagic[0] && string(b[i:i+8]) == eofMagic {
			return int64(i), nil
		}
	}
	if int64(len(b)) < min(n, d.size-at) {
		return int64(len(b)) - 7, nil // one may begin in the last bytes
	}
	return int64(len(b)), nil
}

// junk shows n bytes that are nothing that is known.
func (d *dumper) junk(at, n int64) error {
	b, err := d.read(at, min(n, evt.MaxRecordSize))
	if err != nil {
		return err
	}
	what := "no record"
	switch {
	case len(bytes.Trim(b, "\x00")) == 0 && n == int64(len(b)):
		what = "zeros"
	case len(bytes.Trim(b, "\x27")) == 0 && n < evt.RecordHeadSize:
		what = "filled up: no record's fixed part fits here"
	}
	d.comment(fmt.Sprintf("%s at 0x%x, 0x%x bytes", what, at, n))
	if what == "zeros" {
		return d.flush()
	}
	show := b[:min(n, maxJunk)]
	first := min(int64(len(show)), d.size-at)
	d.buf = hexdoc.AppendRows(d.buf, at, show[:first])
	d.buf = hexdoc.AppendRows(d.buf, evt.HeaderSize, show[first:])
	if n > maxJunk {
		d.comment(fmt.Sprintf("… and 0x%x more", n-maxJunk))
	}
	return d.flush()
}

func (d *dumper) header(h *evt.FileHeader, b []byte) {
	for i, text := range []string{
		fmt.Sprintf("HeaderSize 0x%x", h.HeaderSize),
		"Signature LfLe",
		fmt.Sprintf("MajorVersion %d", h.MajorVersion),
		fmt.Sprintf("MinorVersion %d", h.MinorVersion),
		fmt.Sprintf("StartOffset 0x%x, of the oldest record", h.StartOffset),
		fmt.Sprintf("EndOffset 0x%x, of the EOF record", h.EndOffset),
		fmt.Sprintf("CurrentRecordNumber %d, the next record gets", h.CurrentRecordNumber),
		fmt.Sprintf("OldestRecordNumber %d", h.OldestRecordNumber),
		fmt.Sprintf("MaxSize 0x%x", h.MaxSize),
		fmt.Sprintf("Flags %v", h.Flags),
		fmt.Sprintf("Retention %d, %s", h.Retention, retention(evt.RetentionOf(h.Retention))),
		fmt.Sprintf("EndHeaderSize 0x%x", h.EndHeaderSize),
	} {
		d.field(0, 4*i, 4*i+4, b, text)
	}
}

func (d *dumper) eof(at int64, b []byte) {
	var e evt.EOFRecord
	_ = e.UnmarshalBinary(b) // it was found by that
	stale := ""
	if int64(e.EndRecord) != at {
		stale = ", a stale copy"
	}
	d.comment("ELF_EOF_RECORD" + stale)
	for i, text := range []string{
		"RecordSizeBeginning 0x28", "One", "Two", "Three", "Four",
		fmt.Sprintf("BeginRecord 0x%x", e.BeginRecord),
		fmt.Sprintf("EndRecord 0x%x", e.EndRecord),
		fmt.Sprintf("CurrentRecordNumber %d", e.CurrentRecordNumber),
		fmt.Sprintf("OldestRecordNumber %d", e.OldestRecordNumber),
		"RecordSizeEnd 0x28",
	} {
		d.field(at, 4*i, 4*i+4, b, text)
	}
}

func (d *dumper) record(at int64, r *evt.Record) {
	b := r.Raw()
	d.comment(fmt.Sprintf("EVENTLOGRECORD %d", r.RecordNumber()))
	pos := 0
	for _, f := range r.Fields() {
		from, to := f.Offset, f.Offset+f.Length
		if from < pos {
			if to <= pos {
				continue
			}
			from = pos // it lies across what was shown: damage, or a hostile file
		}
		if from > pos {
			d.gap(at, pos, from, b)
		}
		d.field(at, from, to, b, render.Visible(d.says(&f)))
		pos = to
	}
}

// says is a field's name and value.
func (d *dumper) says(f *evt.RecordField) string {
	switch v := f.Value.(type) {
	case time.Time:
		return f.Name + " " + v.In(d.loc).Format(stamp)
	case eventlog.EventID:
		return fmt.Sprintf("%s 0x%08x, id %d", f.Name, uint32(v), v.Code())
	case eventlog.Type:
		name, ok := v.Constant()
		if !ok {
			name = "unknown"
		}
		return f.Name + " " + name
	case evt.Text:
		says := fmt.Sprintf("%s %q", f.Name, v.Text)
		if v.NoEnd {
			says += ", without an end"
		}
		return says
	case nt.SID:
		says := f.Name + " " + string(v)
		if n := v.Name(); n != "" {
			says += ", " + n
		}
		return says
	case error:
		return f.Name + ", which is none: " + v.Error()
	case []byte:
		return fmt.Sprintf("%s, 0x%x bytes", f.Name, len(v))
	}
	return fmt.Sprint(f.Name, " ", f.Value)
}

// gap shows bytes of a record that belong to nothing.
func (d *dumper) gap(at int64, from, to int, b []byte) {
	text := "not used"
	if len(bytes.Trim(b[from:to], "\x00")) == 0 {
		text = "padding"
	}
	d.field(at, from, to, b, text)
}
