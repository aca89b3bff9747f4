package evtx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
)

// tail is what is remembered of the growing end of a log between two looks at it.
type tail struct {
	block uint32 // the newest chunk
	end   int    // behind its last record
	sum   uint32 // CRC32 of its records
	until uint64 // records from this number on are not given yet; 0: all are
}

// maxAhead bounds the chunks that one Renew goes on by.
const maxAhead = 256

var (
	errShorter = errors.New("the file has become shorter")
	errNone    = errors.New("none had a record")
	errAhead   = errors.New("too many chunks came behind it")
	errBegins  = errors.New("it does not begin with the record that it did")
)

// Renew is a Reader of the same file as it is now, of size bytes; r itself if
// nothing has changed. It is for a file that goes on being written: it reads what
// says whether that happened, the newest chunk, and those that came behind it, and
// not the rest. An error says that this is not enough to understand the file: it is
// just being written, or other than it was; NewReader looks at all of it.
//
// Records that checksums do not vouch for are given by the Reader that finds them
// as the one before did. Windows brings the head of the newest chunk up to date now
// and then only, and one write reaches a reader in pieces: what was half there a
// moment ago is another one now.
func (r *Reader) Renew(size int64) (*Reader, error) {
	l := r.layout
	signs, err := l.signs(size)
	if err != nil {
		return nil, err
	}
	if r.signs.Load() == signs && l.tail.until == 0 {
		return r, nil
	}
	n := *l
	n.size, n.damage = size, nil // what was wrong was said by the one that looked at all
	if err := n.readHeader(r.verify()); err != nil {
		return nil, err
	}
	if err := cmp.Or(n.headerErr, n.sumErr); err != nil && l.headerErr == nil && l.sumErr == nil {
		return nil, err
	}
	n.blocks = n.count()
	switch {
	case n.blocks < l.blocks:
		return nil, fileError("Chunks", 42, errShorter)
	case len(n.chunks) == 0:
		switch id, err := n.begins(0); {
		case err != nil:
			return nil, err
		case id != 0 || n.header != l.header || size != l.size:
			return nil, fileError("Chunks", 42, errNone)
		}
		r.signs.Store(signs)
		return r, nil
	}
	if err := n.extend(l, r.verify()); err != nil {
		return nil, err
	}
	if n.tail == l.tail && n.next == l.next && n.header == l.header && size == l.size {
		r.signs.Store(signs) // they were not known yet of where the log ends now
		return r, nil
	}
	o := r.opts
	o.Parallel = 0 // the walks are short
	return &Reader{r: r.r, size: size, opts: o, layout: &n}, nil
}

// Follow implements eventlog.Follower, where Options.Follow says how.
func (r *Reader) Follow(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if r.opts.Follow == nil {
		return nil, fmt.Errorf("follow: %w", errors.ErrUnsupported)
	}
	return r.opts.Follow(ctx, r, sel)
}

// signs are a checksum of all that changes with a new record: both headers, what
// stands behind the newest record, and where the next chunk would begin, which is
// behind the newest one or at the beginning of the file.
func (l *layout) signs(size int64) (uint32, error) {
	places := []struct {
		off int64
		n   int
	}{{0, HeaderSize}, {l.offset(0), ChunkDataOffset + RecordHeadSize}}
	if n := len(l.chunks); n > 0 {
		newest := int64(l.chunks[n-1].block)
		places = append(places, struct {
			off int64
			n   int
		}{l.offset(newest), ChunkDataOffset})
		for _, off := range []int64{l.offset(newest) + int64(l.tail.end), l.offset(newest + 1), l.offset(newest + 2)} {
			places = append(places, struct {
				off int64
				n   int
			}{off, ChunkDataOffset + RecordHeadSize})
		}
	}
	sum := crc32.ChecksumIEEE(fmt.Append(nil, size, len(l.chunks)))
	var b [ChunkDataOffset + RecordHeadSize]byte
	for _, p := range places {
		part := b[:max(0, min(int64(p.n), size-p.off))]
		if err := filelog.ReadFull(l.r, part, p.off); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, part)
	}
	return max(sum, 1), nil
}

// extend goes from the newest chunk that was known to the one that is the newest
// now. was is the layout as it was before.
func (l *layout) extend(was *layout, verify bool) error {
	own := false // chunks are l's own
	defer func() { l.number(own || int(l.blocks) > len(l.order)) }()
	var c Chunk
	for range maxAhead {
		i := len(l.chunks) - 1
		p := l.chunks[i]
		if err := c.load(l.r, l.offset(int64(p.block)), l.size, verify); err != nil {
			return err
		}
		c.index(l.span(i), false)
		if len(c.found) == 0 || c.found[0].what != isRecord || recordID(c.buf[c.found[0].at:]) != p.first {
			return chunkError(c.off, "FirstRecordID", 24, errBegins)
		}
		l.next = c.next(p.first)
		safe := c.vouched()
		if t := &was.tail; t.block == p.block && t.end > safe && t.end <= len(c.buf) && t.sum == crc32.ChecksumIEEE(c.buf[ChunkDataOffset:t.end]) {
			safe = t.end
		}
		l.tail.block, l.tail.end, l.tail.until = p.block, ChunkDataOffset, 0
		for _, f := range c.found {
			if f.what != isRecord {
				continue
			}
			l.tail.end = int(f.at + f.size)
			if l.tail.end > safe && l.tail.until == 0 {
				l.tail.until = recordID(c.buf[f.at:])
			}
		}
		l.tail.sum = crc32.ChecksumIEEE(c.buf[ChunkDataOffset:l.tail.end])
		if l.tail.until != 0 {
			return nil
		}
		block, err := l.successor(int64(p.block), was.blocks)
		if err != nil || block < 0 {
			return err
		}
		if !own {
			own = true
			l.chunks = slices.Clone(l.chunks)
		}
		// It had older records, if any, and those are gone.
		l.chunks = slices.DeleteFunc(l.chunks, func(p place) bool { return p.block == uint32(block) })
		l.chunks = append(l.chunks, place{block: uint32(block), well: true, first: l.next, last: l.next})
	}
	return chunkError(c.off, "", 0, errAhead)
}

// number makes order anew, for chunks that came or went.
func (l *layout) number(changed bool) {
	if !changed {
		return
	}
	l.order = make([]int32, l.blocks)
	for i := range l.order {
		l.order[i] = -1
	}
	for i, p := range l.chunks {
		l.order[p.block] = int32(i)
	}
}

// vouched is where the records of the chunk end that its checksums are of.
func (c *Chunk) vouched() int {
	if !c.verified || c.HeaderErr != nil || c.SumErr != nil || c.DataErr != nil {
		return ChunkDataOffset
	}
	return c.rest()
}

// successor is the block in which the log goes on behind a chunk, -1: in none yet.
// Of the blocks that came since there were seen it says if the log goes on in one of
// them though records are missing before it.
func (l *layout) successor(block, seen int64) (int64, error) {
	for _, next := range []int64{block + 1, 0} {
		switch id, err := l.begins(next); {
		case err != nil:
			return -1, err
		case id == l.next && next != block:
			return next, nil
		}
	}
	if seen = max(0, seen-1); l.blocks-seen > maxAhead {
		return -1, chunkError(l.offset(seen), "", 0, errAhead)
	}
	look := []int64{block + 1, block + 2, 0}
	for b := seen; b < l.blocks; b++ {
		look = append(look, b)
	}
	for _, b := range look {
		switch id, err := l.begins(b); {
		case err != nil:
			return -1, err
		case id > l.next && id-l.next < 1<<32:
			return -1, chunkError(l.offset(b), "FirstRecordID", 24, fmt.Errorf("%d, but %d comes next", id, l.next))
		}
	}
	if l.headerErr == nil && l.header.NextRecordID > l.next {
		return -1, fileError("NextRecordID", 24, fmt.Errorf("%d, but the last record is %d", l.header.NextRecordID, l.next-1))
	}
	return -1, nil
}

// begins is the number of the first record of a block, 0 if it does not begin with
// one, or is not there.
func (l *layout) begins(block int64) (uint64, error) {
	var b [ChunkDataOffset + RecordHeadSize]byte
	if block >= l.blocks || l.size-l.offset(block) < int64(len(b)) {
		return 0, nil
	}
	if err := filelog.ReadFull(l.r, b[:], l.offset(block)); err != nil {
		return 0, err
	}
	rec := b[ChunkDataOffset:]
	if string(b[:8]) != chunkSignature || string(rec[:4]) != recordSignature {
		return 0, nil
	}
	return recordID(rec), nil
}
