package evt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// carryOut does what was planned with the record in w.buf. The order of its
// writes is told at Writer.
func (w *Writer) carryOut(p *plan) error {
	h := w.disk
	h.Flags = h.Flags&^FlagFull | FlagDirty | FlagArchive
	if p.removed || !p.restart && (p.start < w.s.end || p.done.end < p.start) {
		h.Flags |= FlagWrapped
	}
	if err := w.writeHeader(&h); err != nil {
		return err
	}
	if p.restart {
		if err := w.restart(p); err != nil {
			return err
		}
	}
	n := int64(len(w.buf))
	w.buf, _ = p.done.eof().AppendBinary(w.buf) // never fails
	first := min(n+EOFSize, p.grown-p.start)
	onePiece := p.start == w.s.end && first == n+EOFSize && p.grown == w.s.size
	if !p.restart && !onePiece {
		if err := w.prepare(p); err != nil {
			return err
		}
	}
	if p.grown > w.s.size {
		if err := w.f.Truncate(p.grown); err != nil {
			return fmt.Errorf("let the log grow to %d bytes: %w", p.grown, err)
		}
		w.s.size, p.freed.size = p.grown, p.grown
	}
	w.front.passed(p.freed.begin) // else the window is taken for overwritten, each time
	err := w.write(w.buf[first:], HeaderSize)
	if err == nil {
		err = w.write(w.buf[:first], p.start)
	}
	if err == nil && p.start != w.s.end {
		err = w.fill(w.s.end, w.s.size)
	}
	if err != nil {
		if p.restart {
			p.freed = w.s
		}
		w.front.b = nil
		w.s = p.freed
		w.torn = w.revoke(p.done.end) != nil // then Flush tries again
		return fmt.Errorf("write a record: %w", err)
	}
	w.s, w.torn = p.done, false
	return nil
}

// prepare makes header and EOF record say where the log ends and that the records
// that have to go are gone. With the header's EndOffset at the EOF record that is
// overwritten last, no reader comes upon the new one before that.
func (w *Writer) prepare(p *plan) error {
	w.s = p.freed
	w.torn = w.torn || p.removed // until the append is done
	w.front.passed(w.s.begin)
	// A split EOF record would take two writes, and is not needed: the next record
	// then begins at HeaderSize, on the second half of it.
	if split := w.s.end+EOFSize > w.s.size; p.removed && !split {
		if err := w.writeEOF(&w.s); err != nil {
			_ = w.writeEOF(&w.s) // if it fails again, Flush tries
			return fmt.Errorf("write the EOF record: %w", err)
		}
	}
	h := w.Header()
	return w.writeHeader(&h)
}

// restart makes the log an empty one whose EOF record is at HeaderSize.
func (w *Writer) restart(p *plan) error {
	if err := w.prepare(p); err != nil {
		return err
	}
	old := w.s.end
	w.s.begin, w.s.end = HeaderSize, HeaderSize
	w.front.b = nil
	move := func() error {
		err := w.writeEOF(&w.s)
		if err == nil && old >= HeaderSize+EOFSize {
			err = w.fill(old, min(w.s.size, old+EOFSize)) // there must not be two
		}
		return err
	}
	if err := move(); err != nil {
		w.torn = move() != nil // then Flush tries again
		return fmt.Errorf("write the EOF record: %w", err)
	}
	h := w.Header()
	return w.writeHeader(&h)
}

// revoke puts the EOF record back and makes the one at end, which a write that
// failed may have left there, none.
func (w *Writer) revoke(end int64) error {
	return errors.Join(w.fill(end, end+4), w.writeEOF(&w.s))
}

func (w *Writer) writeEOF(s *state) error {
	var buf [EOFSize]byte
	b, _ := s.eof().AppendBinary(buf[:0])
	first := min(EOFSize, s.size-s.end)
	if err := w.write(b[first:], HeaderSize); err != nil {
		return err
	}
	return w.write(b[:first], s.end)
}

// fill writes the pattern over what lies between two records.
func (w *Writer) fill(from, to int64) error {
	var buf [RecordHeadSize]byte
	b := buf[:0]
	for at := from; at < to; at += 4 {
		b = binary.LittleEndian.AppendUint32(b, fillPattern)
	}
	return w.write(b, from)
}

func (w *Writer) write(b []byte, off int64) error {
	if len(b) == 0 {
		return nil
	}
	w.front.wrote(off, int64(len(b)))
	_, err := w.f.WriteAt(b, off)
	return err
}

// writeHeader writes h if the file has another one.
func (w *Writer) writeHeader(h *FileHeader) error {
	if *h == w.disk {
		return nil
	}
	var buf [HeaderSize]byte
	b, _ := h.AppendBinary(buf[:0]) // never fails
	if _, err := w.f.WriteAt(b, 0); err != nil {
		return fmt.Errorf("write the header: %w", err)
	}
	w.disk = *h
	return nil
}
