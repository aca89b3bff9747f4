package evtx

import (
	"context"

	"netelf.example/eventlog"
)

// worker reads chunks and finds in them what a walk wants.
type worker struct {
	r     *Reader
	want  eventlog.Fields
	chunk Chunk
	list  []entry // of the visited chunk: what the walk wants of chunk.found
	rec   Record
	dec   decoder
}

func newWorker(r *Reader, sel *eventlog.Selection) *worker {
	w := &worker{r: r, want: sel.Wanted()}
	w.rec.origin = r.opts.Origin
	return w
}

// visit loads a chunk and lists what is in it.
func (w *worker) visit(v visit, b *batch) {
	*b = batch{visit: v, w: b.w, results: b.results}
	c, r := &w.chunk, w.r
	if b.err = c.load(r.r, r.layout.offset(v.block), r.size, r.verify()); b.err != nil {
		return
	}
	c.index(v.span, v.recovered)
	w.list = w.list[:0]
	b.last = v.span.first - 1
	well := true
	for _, f := range c.found {
		if (f.what == isRecovery) == v.recovered {
			w.list = append(w.list, f)
		}
		switch f.what {
		case isRecord:
			b.last = recordID(c.buf[f.at:])
		case isLoss:
			well = false
			b.last = max(b.last, f.loss.Last)
		}
	}
	b.count = len(w.list)
	if v.recovered {
		return
	}
	for _, err := range []error{c.HeaderErr, c.SumErr, c.DataErr} {
		// The head of the chunk that is being written to is brought up to date now
		// and then only.
		if err != nil && !(v.newest && well && err == c.DataErr) {
			b.about = append(b.about, &eventlog.Loss{Partial: true, Offset: offsetOf(err, c.off), Err: err})
		}
	}
}

// at makes w.rec the record of the i-th entry, and x what is known of it.
func (w *worker) at(i int, x *result) {
	f := &w.list[i]
	x.what, x.loss = f.what, f.loss
	if f.what == isLoss {
		return
	}
	w.rec.set(&w.chunk, int(f.at), int(f.size))
	x.id, x.written, x.offset = w.rec.RecordID(), w.rec.Written(), w.rec.Offset()
}

// fill makes an event of w.rec.
func (w *worker) fill(e *eventlog.Event, what entryKind) error {
	err := w.dec.event(&w.rec, e, w.want)
	e.Recovered = what == isRecovery
	return err
}

// single is a feed without goroutines.
type single struct {
	w     *worker
	route route
	b     batch
}

func (s *single) next(context.Context) (*batch, error) {
	v, ok := s.route.next()
	if !ok {
		return nil, nil
	}
	s.b.w = s.w
	s.w.visit(v, &s.b)
	return &s.b, nil
}

func (s *single) close() {}
