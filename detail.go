package netelf

import (
	"context"
	"sync"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

// DetailOptions are those of [OpenEventLogDetail]; nil is fine.
type DetailOptions struct {
	// Resolver finds message text that neither the event carries nor the server
	// has, and category text if it is an eventlog.CategoryResolver, as a
	// catalogue of message files is; nil: there is nothing more.
	Resolver eventlog.Resolver

	// Lang is the languages of the text, as of an eventlog.Selection; "": the
	// default.
	Lang string
}

// EventLogDetail is a handle for the text of a log's records. It may be used by
// many goroutines.
type EventLogDetail struct {
	name string
	log  eventlog.Log // nil: no log
	opts DetailOptions

	mu     sync.Mutex
	closed bool
}

// Detail is what a record says to a reader.
type Detail struct {
	// Event is the record, decoded, without text.
	Event *eventlog.Event

	// Message is the text. Where MessageBy is eventlog.NotFound nobody has one,
	// and it is the strings alone.
	Message   string
	MessageBy eventlog.TextBy

	// Category is the category's text. Where CategoryBy is eventlog.NotFound it
	// is empty, and the number in Event stands alone.
	Category   string
	CategoryBy eventlog.TextBy
}

// OpenEventLogDetail gives a handle for the text of records of a log:
// NetElfOpenEventLogDetail.
//
// log is the log that the records are of; its errors are those of [OpenEventLog].
// It may be "", and srv nil: then the server is not asked, as for records of a
// backup. The handle is closed by [CloseEventLogDetail].
func OpenEventLogDetail(ctx context.Context, srv eventlog.Server, log string, opts *DetailOptions) (*EventLogDetail, error) {
	const fn = "OpenEventLogDetail"
	d := &EventLogDetail{name: log}
	if opts != nil {
		d.opts = *opts
	}
	if log == "" {
		return d, nil
	}
	if err := checkOpen(srv, log); err != nil {
		return nil, fail(fn, log, err)
	}
	var err error
	if d.log, err = srv.OpenLog(ctx, log); err != nil {
		return nil, fail(fn, log, err)
	}
	return d, nil
}

// CloseEventLogDetail closes a handle of [OpenEventLogDetail]:
// NetElfCloseEventLogDetail. What is called with it afterwards, and
// CloseEventLogDetail itself, is ERROR_INVALID_HANDLE.
func CloseEventLogDetail(h Handle) error {
	d, err := as[*EventLogDetail]("CloseEventLogDetail", h)
	if err != nil {
		return err
	}
	return d.Close()
}

// Close is [CloseEventLogDetail].
func (d *EventLogDetail) Close() error {
	const fn = "CloseEventLogDetail"
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	switch {
	case closed:
		return fail(fn, d.name, eventlog.ErrHandle)
	case d.log == nil:
		return nil
	}
	return fail(fn, d.name, d.log.Close())
}

func (d *EventLogDetail) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return eventlog.ErrHandle
	}
	return nil
}

// ReadEventLogDetail gives the text of a record: NetElfReadEventLogDetail.
//
// record is an EVENTLOGRECORD as [ReadEventLog] put it into a buffer; what follows
// behind it does not count. Bytes that are no whole and undamaged record are
// ERROR_EVENTLOG_FILE_CORRUPT.
//
// The text is sought as [eventlog.Resolve] has it: in the event itself, then with
// the server that has the log and the message files of its sources, then with the
// Resolver that was given at open. Where there is none the strings stand alone. If
// the server could not be asked, that is the error, and the Detail
// is there with what is known without it.
func ReadEventLogDetail(ctx context.Context, h Handle, record []byte) (*Detail, error) {
	const fn = "ReadEventLogDetail"
	d, err := as[*EventLogDetail](fn, h)
	if err != nil {
		return nil, err
	}
	var r evt.Record
	var e eventlog.Event
	if err := d.open(); err != nil {
		return nil, fail(fn, d.name, err)
	}
	if err := r.UnmarshalBinary(record); err != nil {
		return nil, fail(fn, d.name, err)
	}
	if err := r.Event(&e, 0); err != nil {
		return nil, fail(fn, d.name, err)
	}
	e.Origin, e.Offset = &eventlog.Origin{Log: d.name}, -1
	return d.read(ctx, &e, true)
}

// Read is [ReadEventLogDetail] for an event as [EventLog.Records] gives it. It is
// not changed.
func (d *EventLogDetail) Read(ctx context.Context, e *eventlog.Event) (*Detail, error) {
	if e == nil {
		return nil, fail("ReadEventLogDetail", d.name, invalidf("no event given"))
	}
	return d.read(ctx, e.Clone(), false)
}

// read has e for itself. half says that e has only the lower half of its number.
func (d *EventLogDetail) read(ctx context.Context, e *eventlog.Event, half bool) (*Detail, error) {
	const fn = "ReadEventLogDetail"
	if err := d.open(); err != nil {
		return nil, fail(fn, d.name, err)
	}
	a := &asked{d: d, e: e, half: half}
	sel := &eventlog.Selection{Want: textFields, Lang: d.opts.Lang}
	var at eventlog.Event
	err := eventlog.Resolve(a, sel, d.opts.Resolver).Next(ctx, &at)
	if err == nil {
		err = a.err
	}
	t := &Detail{Event: e, Message: at.Message, MessageBy: at.MessageBy, Category: at.CategoryName, CategoryBy: eventlog.NotFound}
	e.Message, e.MessageBy, e.CategoryName = "", eventlog.NotSought, ""
	if !has(t.MessageBy) {
		t.Message, t.MessageBy = e.Inserts(), eventlog.NotFound
	}
	switch {
	case a.category != "":
		t.CategoryBy = a.categoryBy
	case t.Category != "":
		t.CategoryBy = eventlog.ByCatalogue
	}
	if err != nil && d.open() != nil {
		err = eventlog.ErrHandle
	}
	return t, fail(fn, d.name, err)
}

// textFields is what is text of an event.
const textFields = eventlog.Fields(1<<eventlog.FieldMessage | 1<<eventlog.FieldCategoryName)

// asked is a cursor of the one event that a Detail is of, with the text that it
// carries or else that of the server: what eventlog.Resolve begins with.
type asked struct {
	d    *EventLogDetail
	e    *eventlog.Event
	half bool

	category   string
	categoryBy eventlog.TextBy
	err        error // of the server
}

func (a *asked) AppendMarks(m []eventlog.Mark) []eventlog.Mark { return m }
func (a *asked) Close() error                                  { return nil }

func (a *asked) Next(ctx context.Context, e *eventlog.Event) error {
	*e = *a.e
	a.category, a.categoryBy = e.CategoryName, eventlog.ByEvent
	if has(e.MessageBy) {
		return nil
	}
	e.Message, e.MessageBy = "", eventlog.NotSought
	if a.d.log == nil || e.RecordNumber == 0 {
		return nil
	}
	at, err := a.d.ask(ctx, a.e, a.half)
	if a.err = err; at == nil {
		return nil
	}
	if has(at.MessageBy) {
		e.Message, e.MessageBy = at.Message, at.MessageBy
	}
	if a.category == "" && at.CategoryName != "" {
		e.CategoryName, a.category, a.categoryBy = at.CategoryName, at.CategoryName, eventlog.ByServer
	}
	return nil
}

// has says whether there is text.
func has(by eventlog.TextBy) bool { return by > eventlog.NotFound }

// ask looks the event up in its log for the text that the server has. nil: the
// record is there no more, or is another.
func (d *EventLogDetail) ask(ctx context.Context, e *eventlog.Event, half bool) (*eventlog.Event, error) {
	n := e.RecordNumber
	if half {
		info, err := d.log.Info(ctx)
		if err != nil {
			return nil, err
		}
		n = nearest(n, info.Next)
	}
	sel := &eventlog.Selection{Start: n, Limit: 1, Lang: d.opts.Lang, Want: eventlog.DefaultFields | textFields}
	for at, err := range eventlog.All(ctx, d.log, sel) {
		if _, lost := eventlog.AsLoss(err); lost {
			continue // of this record, or not: if it is not there it has no text
		}
		if err != nil {
			return nil, err
		}
		if at.RecordNumber == n && at.ID == e.ID && eventlog.EqualFold(at.Source, e.Source) &&
			at.TimeWritten.Unix() == e.TimeWritten.Unix() {
			return at, nil
		}
		break
	}
	return nil, nil
}

// nearest is the number with this lower half that is next to the log's end.
func nearest(half, next uint64) uint64 {
	n := next&^0xffffffff | half
	if n >= next && n > 0xffffffff {
		n -= 1 << 32
	}
	return n
}
