package evt

import (
	"context"
	"io"
	"os"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/filelog"
	"netelf.example/nt"
)

// Options are those of a Reader; nil is fine.
type Options struct {
	// Origin is what events are said to come from; nil: no server and no name.
	Origin *eventlog.Origin

	// Channel is what Info says the records are of; "": not known.
	Channel string

	// Buffer is how many bytes of the file a cursor holds at a time; 0: 256 KiB.
	// A record that is larger makes it grow, up to MaxRecordSize.
	Buffer int

	// Follow makes the Reader one that can be followed: who opened the file by its
	// name looks at it again and again, by Renew. nil: it cannot be.
	Follow func(context.Context, *Reader, *eventlog.Selection) (eventlog.Cursor, error)

	// Closer is closed by Close; nil: nothing is.
	Closer io.Closer
}

// Reader reads an .evt file in whatever state it is. It is an eventlog.Log; many
// goroutines may use it, each with a Cursor of its own. It never writes.
type Reader struct {
	r      io.ReaderAt
	size   int64
	opts   Options
	layout *layout
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

// NewReader reads the size bytes of r and finds out where in them the log lies.
// What is damaged is an item of every walk; the error is a
// *eventlog.FormatError only if there is no header, no EOF record and not one
// record in it: if it is no .evt file.
func NewReader(r io.ReaderAt, size int64, opts *Options) (*Reader, error) {
	rd := &Reader{r: r, size: size}
	if opts != nil {
		rd.opts = *opts
	}
	if rd.opts.Origin == nil {
		rd.opts.Origin = new(eventlog.Origin)
	}
	// A healthy file is known by two places in it; only a search wants more.
	l, err := locate(rd.window(8 << 10))
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

func (r *Reader) window(buffer int) *window { return newWindow(r.r, r.size, buffer) }

// Header is the file header as it stands in the file; the error says what makes
// it none. In a dirty file its offsets and numbers are stale: Extent has those
// that count.
func (r *Reader) Header() (FileHeader, error) { return r.layout.header, r.layout.headerErr }

// Extent is where the log lies in the file, by the EOF record where there is one.
type Extent struct {
	Begin, End   int64  // offset of the oldest record, and behind the newest
	Oldest, Next uint64 // numbers: of the oldest record (0: none, or not known), and of the next one (0: not known)
	EOF          bool   // an EOF record stands at End
}

// Extent is where the log was found to lie.
func (r *Reader) Extent() Extent {
	l := r.layout
	return Extent{l.begin, l.end, uint64(l.oldest), uint64(l.next), l.eofLen > 0}
}

// Info implements eventlog.Log.
func (r *Reader) Info(ctx context.Context) (eventlog.Info, error) {
	l := r.layout
	i := eventlog.Info{
		Name: r.opts.Origin.Log, Channel: r.opts.Channel,
		Oldest: uint64(l.oldest), Next: uint64(l.next), Size: r.size,
		Can: eventlog.CanRecover,
	}
	if r.opts.Follow != nil {
		i.Can |= eventlog.CanFollow
	}
	if l.headerErr == nil {
		i.MaxSize = int64(l.header.MaxSize)
		i.Retention = RetentionOf(l.header.Retention)
		i.Full = l.header.Flags&FlagFull != 0
		i.Dirty = l.header.Flags&FlagDirty != 0
	}
	for _, end := range []struct {
		backward bool
		number   *uint64
		time     *time.Time
	}{{false, &i.Oldest, &i.OldestTime}, {true, new(uint64), &i.NewestTime}} {
		sel := &eventlog.Selection{Backward: end.backward, Limit: 1, Want: eventlog.FieldRecord.Bit()}
		e, err := r.first(ctx, sel)
		if err != nil {
			return i, err
		}
		if e != nil {
			*end.time = e.TimeWritten
			if *end.number == 0 {
				*end.number = e.RecordNumber
			}
		}
	}
	return i, nil
}

// first is the first event of a walk, nil if there is none.
func (r *Reader) first(ctx context.Context, sel *eventlog.Selection) (*eventlog.Event, error) {
	c, err := r.read(ctx, sel, 4<<10)
	if err != nil {
		return nil, err
	}
	return filelog.First(ctx, c)
}

// RetentionOf is the header's number of seconds as Info has it.
func RetentionOf(seconds uint32) time.Duration {
	if seconds == 0xffffffff {
		return eventlog.RetainForever
	}
	return time.Duration(seconds) * time.Second
}

// Read implements eventlog.Log. Damage comes as *eventlog.Loss items with the
// offset of its beginning; a file never ends a walk early.
func (r *Reader) Read(ctx context.Context, sel *eventlog.Selection) (eventlog.Cursor, error) {
	return r.read(ctx, sel, r.opts.Buffer)
}

func (r *Reader) read(ctx context.Context, sel *eventlog.Selection, buffer int) (eventlog.Cursor, error) {
	c, err := newCursor(r.opts.Origin, sel)
	if err != nil {
		return nil, err
	}
	c.losses = append(c.losses, r.layout.damage...)
	if err := c.plan(ctx, r, sel, r.window(buffer)); err != nil {
		return nil, err
	}
	return c, nil
}

// front is a walker at the beginning of the live zone.
func (r *Reader) front(w *window) walker {
	l := r.layout
	k := walker{ring: l.ring, w: w, pos: l.begin, left: l.live, loose: l.eofLen == 0, oldest: l.oldest, next: l.next, known: l.known}
	if l.oldest > 0 {
		k.last = l.oldest - 1
	}
	return k
}

// slackZone is a walker over what the log does not reach: from the EOF record on to
// the oldest record; of a file without a header, all of it.
func (r *Reader) slackZone(w *window) walker {
	l := r.layout
	k := walker{ring: l.ring, w: w, slack: true, loose: true}
	if l.headerErr != nil && l.eofLen == 0 {
		k.left, k.any = l.size, true
		return k
	}
	begin := l.end
	if l.end == 0 {
		begin = l.base // no records and no EOF record
	}
	k.pos = l.add(begin, l.eofLen)
	k.left = max(0, l.total()-l.live-l.eofLen)
	return k
}

// seekStep is how near to a record number bisection comes before the rest is
// walked.
const seekStep = 4 * MaxRecordSize

// position is a walker whose next item is the first that has to do with record
// number or those behind it. Long logs are bisected: a place in the middle is
// believed when records with ascending numbers follow each other from there for
// longer than any record is, so that it cannot be inside of one.
func (r *Reader) position(ctx context.Context, w *window, number uint32) (walker, error) {
	k := r.front(w)
	low := int64(0)
	if p, ok := r.layout.near(k, number); ok {
		k, low = p, r.layout.live-p.left
	}
	for high := r.layout.live; high-low > seekStep; {
		middle := (low + high) / 2
		at, n, err := r.probe(ctx, w, middle, high)
		if err != nil {
			return k, err
		}
		if at < 0 {
			break
		}
		if n > number {
			high = middle
			continue
		}
		low = r.layout.dist(r.layout.begin, at)
		k.pos, k.left, k.known, k.last = at, r.layout.live-low, true, n-1
	}
	var rec Record
	for i := 1; ; i++ {
		before := k
		what, loss, err := k.step(&rec)
		if err != nil {
			return k, err
		}
		if what == atEnd || what == isRecord && rec.RecordNumber() >= number ||
			what == isLoss && (loss.Last >= uint64(number) || loss.Last == 0 && !loss.Partial) {
			return before, nil
		}
		if i%1024 == 0 && ctx.Err() != nil {
			return k, ctx.Err()
		}
	}
}

// probe finds a record that is surely one between two distances from the
// beginning of the log, -1 if it cannot.
func (r *Reader) probe(ctx context.Context, w *window, from, to int64) (at int64, number uint32, err error) {
	l := r.layout
	k := walker{ring: l.ring, w: w, pos: l.add(l.begin, from), left: to - from, slack: true}
	var rec Record
	var end int64
	var last uint32
	at = -1
	for ctx.Err() == nil {
		what, _, err := k.step(&rec)
		if err != nil || what == atEnd {
			return -1, 0, err
		}
		if n := rec.RecordNumber(); at < 0 || rec.off != end || n != last+1 {
			at, number = rec.off, n
		}
		if end, last = k.pos, rec.RecordNumber(); l.dist(at, end) > MaxRecordSize {
			return at, number, nil
		}
	}
	return -1, 0, ctx.Err()
}

// timeOf is when record number was written; ok is false where there is no such
// record.
func (r *Reader) timeOf(ctx context.Context, w *window, number uint32) (t time.Time, ok bool, err error) {
	k, err := r.position(ctx, w, number)
	if err != nil {
		return t, false, err
	}
	var rec Record
	what, _, err := k.step(&rec)
	if err != nil || what != isRecord || rec.RecordNumber() != number {
		return t, false, err
	}
	return nt.Time32(rec.TimeWritten()), true, nil
}
