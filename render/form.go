package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// Form is one of the outputs.
type Form uint8

// The outputs.
const (
	Table   Form = iota // aligned columns for people, one line an event
	Classic             // the colon-joined line of the scripts of Windows NT
	JSON                // NDJSON, one object a line
	CSV                 // RFC 4180
	XML                 // the event schema of Windows in a root element
)

var formNames = [...]string{"table", "classic", "json", "csv", "xml"}

func (f Form) String() string {
	if int(f) < len(formNames) {
		return formNames[f]
	}
	return fmt.Sprintf("output %d", uint8(f))
}

// ParseForm takes the name of an output, as String gives it.
func ParseForm(s string) (Form, error) {
	if i := slices.Index(formNames[:], s); i >= 0 {
		return Form(i), nil
	}
	return 0, fmt.Errorf("unknown output %q: one of %s", s, strings.Join(formNames[:], ", "))
}

// Options says how events are rendered. nil is as good as the zero value.
type Options struct {
	// Fields are the columns of table and csv in this order, and the keys of
	// json in json's own order; classic and xml take none. Empty: the columns
	// of the output, and all keys.
	Fields []Field

	// Named are the names of data for fields that ParseFields made of them.
	// nil: none.
	Named []string

	// Schema arranges json; that of others has fixed keys. Zero: our own.
	Schema Schema

	// Location is the zone in which table, classic and csv show times; json
	// and xml are UTC always. nil: UTC.
	Location *time.Location

	// Width is the number of columns of the terminal; table cuts its cells and
	// lines to it. 0: not a terminal, nothing is cut.
	Width int

	// OneLog says that all events are of one log, so that on a terminal the
	// table has no column for it unless Fields has. false: there may be more.
	OneLog bool

	// Colour colours the type in the table. false: no escape sequences at all.
	Colour bool

	// Data shows binary data in the table, in lines of 16 bytes below the
	// event. false: it is not shown unless as a field.
	Data bool

	// Now is the time of classic's now column, which the scripts printed where
	// several servers are read at once. nil: no such column.
	Now func() time.Time
}

// encoder is one output. Each method appends to dst.
type encoder interface {
	begin(dst []byte) []byte // before the first event, or before end
	event(dst []byte, e *eventlog.Event) []byte
	end(dst []byte) []byte
}

const (
	flushAt  = 64 << 10 // bytes held back before they are written
	keepSize = 1 << 20  // a larger buffer is not kept
)

// Writer renders events to an io.Writer. It holds back up to 64 KiB: Flush
// writes them, Close does so too and completes the document. It is for one
// goroutine at a time.
type Writer struct {
	w     io.Writer
	enc   encoder
	buf   []byte
	begun bool
	err   error // the first, answered ever after
}

// New makes a Writer of one output over w. An error says which option the output
// does not have.
func New(w io.Writer, form Form, opts *Options) (*Writer, error) {
	if opts == nil {
		opts = new(Options)
	}
	for _, f := range opts.Fields {
		if int(f) >= int(fieldCount)+len(opts.Named) {
			return nil, fmt.Errorf("unknown field %d", f)
		}
	}
	if len(opts.Fields) > 0 && (form == Classic || form == XML) {
		return nil, fmt.Errorf("the %v output has fixed fields", form)
	}
	switch {
	case opts.Schema == Native:
	case int(opts.Schema) >= len(schemaNames):
		return nil, fmt.Errorf("unknown %v", opts.Schema)
	case form != JSON:
		return nil, fmt.Errorf("a schema is for json, the %v output has its own", form)
	case len(opts.Fields) > 0:
		return nil, fmt.Errorf("the %v schema has fixed fields", opts.Schema)
	default:
		return &Writer{w: w, enc: newSchemaLines(opts.Schema)}, nil
	}
	var enc encoder
	switch form {
	case Table:
		enc = newTable(opts)
	case Classic:
		enc = &classic{opts.Location, opts.Now}
	case JSON:
		enc = newJSONLines(SetOf(opts.Fields), opts.Named)
	case CSV:
		enc = newCSV(opts)
	case XML:
		enc = xmlDocument{}
	default:
		return nil, fmt.Errorf("unknown output %d", uint8(form))
	}
	return &Writer{w: w, enc: enc}, nil
}

// Write renders e; nothing of it is kept.
func (w *Writer) Write(e *eventlog.Event) error {
	if w.err != nil {
		return w.err
	}
	w.begin()
	w.buf = w.enc.event(w.buf, e)
	if len(w.buf) >= flushAt {
		return w.Flush()
	}
	return nil
}

// Flush writes what is held back.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	_, w.err = w.w.Write(w.buf)
	w.buf = w.buf[:0]
	if cap(w.buf) > keepSize {
		w.buf = nil
	}
	return w.err
}

// Close completes the document and flushes; it does not close the io.Writer. A
// Writer that is closed answers io.ErrClosedPipe.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	w.begin()
	w.buf = w.enc.end(w.buf)
	if err := w.Flush(); err != nil {
		return err
	}
	w.err = io.ErrClosedPipe
	return nil
}

func (w *Writer) begin() {
	if !w.begun {
		w.begun = true
		w.buf = w.enc.begin(w.buf)
	}
}
