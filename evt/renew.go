package evt

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"netelf.example/eventlog"
)

// tail is what is remembered of the growing end of a log between two looks at it.
type tail struct {
	signs  uint32 // of what Renew goes by; 0: not looked at yet
	until  uint32 // records from this number on are not given yet; 0: all are
	pos    int64  // where record number stands, the newest of which all is known
	number uint32 // 0: no such place
}

var (
	errShorter = errors.New("the file has become shorter")
	errNoEnd   = errors.New("no EOF record where the log ended, nor behind what came since")
)

// Renew is a Reader of the same file as it is now, of size bytes; r itself if
// nothing has changed. It is for a file that goes on being written: it reads the
// header, the EOF record that there was, and what came since, and not the rest. An
// error says that this is not enough to understand the file: it is just being
// written, or other than it was; NewReader looks at all of it.
//
// What has just come is given by the Reader behind the one that finds it: one write
// may reach a reader in pieces, and what was half there a moment ago is whole now.
func (r *Reader) Renew(size int64) (*Reader, error) {
	l := r.layout
	if size < l.size {
		return nil, headerError("", 0, errShorter)
	}
	o := r.opts
	n := &Reader{r: r.r, size: size, opts: o, layout: &layout{ring: ring{HeaderSize, size}, tail: l.tail}}
	w := n.window(8 << 10)
	if err := n.layout.renew(w, l); err != nil {
		return nil, err
	}
	if n.layout.tail == l.tail && size == l.size {
		return r, nil
	}
	return n, nil
}

// Follow implements eventlog.Follower, where Options.Follow says how.
func (r *Reader) Follow(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	if r.opts.Follow == nil {
		return nil, fmt.Errorf("follow: %w", errors.ErrUnsupported)
	}
	return r.opts.Follow(ctx, r, sel)
}

// renew finds the log that was the one that was says, a while ago.
func (l *layout) renew(w *window, was *layout) error {
	b, err := w.at(0, HeaderSize, false)
	if err != nil {
		return err
	}
	if l.headerErr = l.header.UnmarshalBinary(b); l.headerErr != nil {
		return l.headerErr
	}
	signs := crc32.ChecksumIEEE(b)
	ok := false
	if l.clean() {
		if ok, err = l.byHeader(w); err != nil {
			return err
		}
	}
	if !ok && l.inside(uint32(was.end)) {
		if ok, err = l.chain(w, was.end); err != nil {
			return err
		}
	}
	switch {
	case !ok:
		return eofError(was.end, errNoEnd)
	case len(l.damage) > 0:
		return l.damage[0].Err
	case l.next < was.next, l.oldest != 0 && l.oldest < was.oldest:
		return eofError(l.end, fmt.Errorf("records %d to %d, but it had %d to %d", l.oldest, l.next-1, was.oldest, was.next-1))
	}
	t := &l.tail
	if t.signs = max(crc32.Update(signs, crc32.IEEETable, fmt.Append(nil, l.begin, l.end, l.next, l.oldest)), 1); was.tail.until == 0 {
		// What comes from here on begins behind the newest record there was.
		t.pos, t.number = 0, 0
		var rec Record
		k := backward{ring: l.ring, w: w, pos: was.end, left: l.total(), expect: was.next - 1}
		if ok, err := k.step(&rec); err != nil {
			return err
		} else if ok {
			t.pos, t.number = rec.off, rec.RecordNumber()
		}
	}
	if t.until = 0; l.next > was.next {
		t.until = was.next
	}
	return nil
}

// near is a place at or before record number, of which a walk behind it begins:
// what follows a log asks for what stands at its end.
func (l *layout) near(k walker, number uint32) (walker, bool) {
	t := &l.tail
	if t.number == 0 || number < t.number || t.number < l.oldest {
		return k, false
	}
	at := l.dist(l.begin, t.pos)
	p := k
	p.pos, p.left, p.known, p.last = t.pos, l.live-at, true, t.number-1
	var rec Record
	if p.left <= 0 || p.parse(&rec) != nil || rec.RecordNumber() != t.number {
		return k, false
	}
	return p, true
}
