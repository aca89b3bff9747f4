package even

import (
	"context"

	"netelf.example/evt"
)

// maxReversed is how many bytes of records are held to be turned round.
const maxReversed = 2 * maxBatchBuff

// readReversed reads the records before pos forwards, from a number on that is a
// piece away, and puts them onto the stack: for servers that read backwards one
// record at a time. (Samba 4.17 does so only on a handle that has not been read from,
// and reads the oldest record there; behind a seek it reads backwards as it should.)
// The piece gets shorter where its records take too much memory, and where one in it
// is damaged.
func (c *clientCursor) readReversed(ctx context.Context) error {
	n := min(c.chunk, c.left())
	first := c.pos - n + 1
	c.discard()
	var records [][]byte
	var size int
	for next := first; next <= c.pos; {
		flags := uint32(flagForwards | flagSequential)
		if c.seeked, c.from = next == first, next; c.seeked {
			flags = flagForwards | flagSeek
		}
		c.asked = c.piece(c.pos - next + 1)
		b, needed, err := c.s.read(ctx, flags, next, c.asked)
		if needed > c.asked && needed <= maxBatchBuff && err != nil {
			c.need = needed
			b, _, err = c.s.read(ctx, flagForwards|flagSeek, next, c.piece(0))
		}
		if err != nil {
			if next > first && ctx.Err() == nil && !c.s.broken {
				c.chunk = max(n/2, 1) // whatever it is: it lies in the rest of the piece
				if n > 1 {
					return nil
				}
			}
			return err
		}
		begin := next
		for len(b) > 0 && next <= c.pos {
			var r evt.Record
			if err := r.UnmarshalBinary(b); err != nil || r.RecordNumber() != uint32(next) {
				break
			}
			records = append(records, r.Raw())
			size += len(r.Raw())
			c.bytes, c.count = c.bytes+uint64(len(r.Raw())), c.count+1
			b = b[r.Length():]
			next++
		}
		switch {
		case next > c.pos:
		case next == begin && next == c.pos:
			// It is the one that the walk stands at.
			var r evt.Record
			c.chunk = 256
			if err := r.UnmarshalBinary(b); err != nil && len(b) > 0 {
				return c.damaged(err)
			} else if len(b) > 0 {
				return c.lost(errLeftOut)
			}
			return nil // once more
		case next == begin:
			// The first of what is left is damaged or left out: go on behind it.
			c.chunk = c.pos - next
			return nil
		case size > maxReversed:
			c.chunk = max(uint64(len(records))/2, 1)
			return nil
		}
	}
	c.stack = records
	c.chunk = min(c.chunk*2, 4096)
	return nil
}

// piece is the buffer for so many records.
func (c *clientCursor) piece(n uint64) uint32 {
	if n == 0 {
		need := c.need
		c.need = 0
		return need
	}
	each := uint64(1024)
	if c.count > 0 {
		each = c.bytes/c.count*3/2 + evt.MinRecordSize
	}
	return uint32(min(uint64(c.size), n*each+smallBuffer))
}
