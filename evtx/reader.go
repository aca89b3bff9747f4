package evtx

import (
	"cmp"
	"context"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
)

// Options are those of a Reader; nil is fine.
type Options struct {
	// Origin is what events are said to come from; nil: no server and no name.
	Origin *eventlog.Origin

	// Channel is what Info says the records are of; "": what the first record says.
	Channel string

	// NoVerify leaves the checksums alone; false: what does not agree with its
	// checksum is said, and read all the same.
	NoVerify bool

	// Parallel is how many goroutines of a cursor decode chunks ahead of the one
	// that calls Next; 0: none, Next does all of it. The order stays the same.
	Parallel int

	// Follow makes the Reader one that can be followed: who opened the file by its
	// name looks at it again and again, by Renew. nil: it cannot be.
	Follow func(context.Context, *Reader, *eventlog.Selection) (eventlog.Cursor, error)

	// Closer is closed by Close; nil: nothing is.
	Closer io.Closer
}

// Reader reads an .evtx file in whatever state it is. It is an eventlog.Log; many
// goroutines may use it, each with a Cursor of its own. It never writes.
type Reader struct {
	r      io.ReaderAt
	size   int64
	opts   Options
	layout *layout
	signs  atomic.Uint32 // what Renew goes by, of a file that is as it was; 0: not looked at yet
}

var (
	_ eventlog.Log      = (*Reader)(nil)
	_ eventlog.Follower = (*Reader)(nil)
)

// Open opens the named file for reading. Close closes it.
func Open(name string, opts *Options) (*Reader, error) {
	return filelog.Open(name, func(f *os.File, size int64) (*Reader, error) {
		var o Options
		if opts != nil {
			o = *opts
		}
		o.Closer = f
		return NewReader(f, size, &o)
	})
}

// NewReader reads the heads of all chunks in the size bytes of r and finds out
// which of them are the log. What is damaged is an item of every walk; the error
// is a *eventlog.FormatError only if there is neither a file header nor one record
// in it: if it is no .evtx file.
func NewReader(r io.ReaderAt, size int64, opts *Options) (*Reader, error) {
	rd := &Reader{r: r, size: size}
	if opts != nil {
		rd.opts = *opts
	}
	if rd.opts.Origin == nil {
		rd.opts.Origin = new(eventlog.Origin)
	}
	l, err := locate(r, size, !rd.opts.NoVerify)
	if err != nil {
		return nil, err
	}
	for _, d := range l.damage {
		d.Origin = rd.opts.Origin
	}
	rd.layout = l
	return rd, nil
}

// Close closes what Options.Closer said.
func (r *Reader) Close() error {
	if r.opts.Closer != nil {
		return r.opts.Closer.Close()
	}
	return nil
}

// Header is the file header as it stands in the file; the error says what makes
// it none, or that its checksum is not its own. In a dirty file its numbers are
// stale: Extent has those that count.
func (r *Reader) Header() (FileHeader, error) {
	return r.layout.header, cmp.Or(r.layout.headerErr, r.layout.sumErr)
}

// Extent is what of the file is the log.
type Extent struct {
	Chunks       int    // of the log
	Blocks       int64  // pieces of ChunkSize that the file has, whatever is in them
	Oldest, Next uint64 // numbers: of the oldest record (0: none), and of the next one
}

// Extent is what was found to be the log.
func (r *Reader) Extent() Extent {
	l := r.layout
	return Extent{len(l.chunks), l.blocks, l.oldest(), l.next}
}

// Chunk loads the block with a number from 0 up to Extent.Blocks into c, and finds
// its records: those of the log, and with recovered all others too.
func (r *Reader) Chunk(block int64, recovered bool, c *Chunk) error {
	if err := c.load(r.r, r.layout.offset(block), r.size, r.verify()); err != nil {
		return err
	}
	c.index(r.layout.spanOf(block), recovered)
	c.rec.origin = r.opts.Origin
	for _, l := range c.Losses() {
		l.Origin = r.opts.Origin
	}
	return nil
}

// spanOf is which records a block has of the log: none if it is not of it.
func (l *layout) spanOf(block int64) span {
	if i := l.order[block]; i >= 0 {
		return l.span(int(i))
	}
	return nothing
}

// verify says whether checksums are compared.
func (r *Reader) verify() bool { return !r.opts.NoVerify && !r.layout.unsummed() }

// nothing is the span in which no record is of the log.
var nothing = span{first: 1}

// Info implements eventlog.Log.
func (r *Reader) Info(ctx context.Context) (eventlog.Info, error) {
	l := r.layout
	i := eventlog.Info{
		Name: r.opts.Origin.Log, Channel: r.opts.Channel,
		Oldest: l.oldest(), Next: l.next, Size: r.size, MaxSize: 0,
		Can: eventlog.CanRecover,
	}
	if r.opts.Follow != nil {
		i.Can |= eventlog.CanFollow
	}
	if l.headerErr == nil {
		i.Full = l.header.Flags&FlagFull != 0
		i.Dirty = l.header.Flags&FlagDirty != 0
	}
	for _, end := range []struct {
		backward bool
		time     *time.Time
	}{{false, &i.OldestTime}, {true, &i.NewestTime}} {
		e, err := r.first(ctx, &eventlog.Selection{Backward: end.backward, Limit: 1, Want: eventlog.FieldRecord.Bit()})
		if err != nil {
			return i, err
		}
		if e != nil {
			*end.time = e.TimeWritten
			if i.Channel == "" && e.Extra != nil {
				i.Channel = e.Extra.Channel
			}
		}
	}
	return i, nil
}

// first is the first event of a walk, nil if there is none.
func (r *Reader) first(ctx context.Context, sel *eventlog.Selection) (*eventlog.Event, error) {
	c, err := r.Read(ctx, sel)
	if err != nil {
		return nil, err
	}
	return filelog.First(ctx, c)
}

// Read implements eventlog.Log. Damage comes as *eventlog.Loss items with the
// offset of its beginning; a file never ends a walk early.
func (r *Reader) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	c, err := newCursor(r, sel)
	if err != nil {
		return nil, err
	}
	c.losses = append(c.losses, r.layout.damage...)
	if err := c.plan(ctx, sel); err != nil {
		return nil, err
	}
	return c, nil
}

// chunkOf is the index of the last chunk of the log that begins with record
// number or before it, -1 if number is less than all.
func (l *layout) chunkOf(number uint64) int {
	i, found := slices.BinarySearchFunc(l.chunks, number, func(p place, n uint64) int { return cmp.Compare(p.first, n) })
	if !found {
		i--
	}
	return i
}

// timeOf is when record number was written; ok is false where there is no such
// record.
func (r *Reader) timeOf(number uint64) (t time.Time, ok bool, err error) {
	i := r.layout.chunkOf(number)
	if i < 0 {
		return t, false, nil
	}
	var c Chunk
	if err := r.Chunk(int64(r.layout.chunks[i].block), false, &c); err != nil {
		return t, false, err
	}
	for rec := range c.Records() {
		if rec.RecordID() == number {
			return rec.Written().Time(), true, nil
		}
	}
	return t, false, nil
}
