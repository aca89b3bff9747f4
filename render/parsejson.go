package render

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// ParseJSON fills e from one object as AppendJSON writes it, with white space
// around it if there is some. Keys may come in any order; an unknown key is
// ignored, null is as good as no key, and a key that is there twice is an error.
// Its error is an *eventlog.FormatError that names the key; e is then empty.
//
// A message without message_by counts as the event's own. An id without event_id
// is the whole event id, and a type without level, or the reverse, gives the
// other by the table of package eventlog.
//
// The slices of e are used again. Its Origin too, if server and log are as
// before, so that a run of events of one log shares one.
func ParseJSON(line []byte, e *eventlog.Event) error {
	p := eventParser{r: jsonReader{b: line}, e: e, origin: e.Origin, source: e.Source, computer: e.Computer, user: e.User}
	e.Reset()
	if err := p.object(); err != nil {
		e.Reset()
		return &eventlog.FormatError{Format: "json", Struct: "event", Field: p.key, Offset: int64(p.r.at), Err: err}
	}
	return nil
}

type eventParser struct {
	r   jsonReader
	e   *eventlog.Event
	key string // that is being read, for the error

	server, log string
	seen        Set // fields that are there
	id          uint64

	origin           *eventlog.Origin // of the event before, as are the others
	source, computer string
	user             eventlog.SID
}

func (p *eventParser) object() error {
	r := &p.r
	r.space()
	if err := r.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		r.space()
		if first && r.take('}') {
			break
		}
		key, err := r.bytes()
		if err != nil {
			return err
		}
		f, known := fieldNamed(string(key)) // key does not outlive the next string
		r.space()
		if err := r.expect(':'); err != nil {
			return err
		}
		r.space()
		if known {
			p.key = f.String()
			if p.seen.has(f) {
				return errors.New("is there twice")
			}
			if r.null() {
				// as good as absent
			} else if err := p.value(f); err != nil {
				return err
			} else {
				p.seen |= 1 << f
			}
			p.key = ""
		} else if err := r.skip(0); err != nil {
			return err
		}
		r.space()
		if r.take(',') {
			continue
		}
		if err := r.expect('}'); err != nil {
			return err
		}
		break
	}
	r.space()
	if r.i < len(r.b) {
		r.at = r.i
		return errors.New("something stands behind the object")
	}
	return p.finish()
}

// finish settles what hangs on several keys.
func (p *eventParser) finish() error {
	e := p.e
	p.r.at = 0
	if p.seen.has(FieldServer) || p.seen.has(FieldLog) {
		if e.Origin = p.origin; e.Origin == nil || e.Origin.Server != p.server || e.Origin.Log != p.log {
			e.Origin = &eventlog.Origin{Server: p.server, Log: p.log}
		}
	}
	if p.seen.has(FieldID) {
		if !p.seen.has(FieldEventID) {
			e.ID = eventlog.EventID(p.id)
		} else if uint64(e.Code()) != p.id {
			p.key = "id"
			return fmt.Errorf("%d is not the low half of event_id %d", p.id, e.ID)
		}
	}
	switch {
	case p.seen.has(FieldMessage) && e.MessageBy == eventlog.NotSought:
		e.MessageBy = eventlog.ByEvent
	case !p.seen.has(FieldMessage) && hasText(e):
		e.MessageBy = eventlog.NotSought
	}
	switch {
	case p.seen.has(FieldType) && !p.seen.has(FieldLevel):
		e.Level = eventlog.LevelOf(e.Type)
	case p.seen.has(FieldLevel) && !p.seen.has(FieldType):
		var keywords uint64
		if e.Extra != nil {
			keywords = e.Extra.Keywords
		}
		e.Type = eventlog.TypeOf(e.Level, keywords)
	}
	return nil
}

// value reads the value of f.
func (p *eventParser) value(f Field) (err error) {
	r, e := &p.r, p.e
	switch f {
	case FieldServer:
		if p.origin != nil {
			p.server = p.origin.Server
		}
		p.server, err = r.text(p.server)
	case FieldLog:
		if p.origin != nil {
			p.log = p.origin.Log
		}
		p.log, err = r.text(p.log)
	case FieldRecord:
		e.RecordNumber, err = r.number(64)
	case FieldTime:
		e.TimeGenerated, err = p.time()
	case FieldTimeWritten:
		e.TimeWritten, err = p.time()
	case FieldID:
		p.id, err = r.number(16)
	case FieldEventID:
		err = setNumber(r, 32, &e.ID)
	case FieldType:
		if r.digit() {
			return setNumber(r, 16, &e.Type)
		}
		e.Type, err = named(r, typeNames[:], eventlog.ParseType)
	case FieldLevel:
		if r.digit() {
			return setNumber(r, 8, &e.Level)
		}
		e.Level, err = named(r, levelNames[:], eventlog.ParseLevel)
	case FieldCategory:
		err = setNumber(r, 16, &e.Category)
	case FieldSource:
		e.Source, err = r.text(p.source)
	case FieldComputer:
		e.Computer, err = r.text(p.computer)
	case FieldUser:
		var s string
		if s, err = r.text(string(p.user)); err == nil && s != "" {
			e.User, err = nt.ParseSID(s)
		}
	case FieldUserName: // follows from user
		_, err = r.text("")
	case FieldStrings:
		e.Strings, err = r.texts(e.Strings)
	case FieldData:
		e.Data, err = p.binary(e.Data)
	case FieldMessage:
		e.Message, err = r.text("")
	case FieldMessageBy:
		e.MessageBy, err = named(r, textByNames[:], func(s string) (eventlog.TextBy, error) {
			return 0, fmt.Errorf("unknown origin of a text %q", s)
		})
	case FieldCategoryName:
		e.CategoryName, err = r.text("")
	case FieldRecovered:
		e.Recovered, err = r.bool()
	case FieldOffset:
		err = setNumber(r, 63, &e.Offset)
	case FieldRaw:
		e.Raw, err = p.binary(e.Raw)
	default:
		if e.Extra == nil {
			e.Extra = new(eventlog.Extra)
		}
		err = p.extra(f, e.Extra)
	}
	return err
}

func (p *eventParser) extra(f Field, x *eventlog.Extra) error {
	r := &p.r
	var s string
	var err error
	if g := extraGUID(x, f); g != nil {
		if s, err = r.text(""); err == nil {
			*g, err = nt.ParseGUID(s)
		}
		return err
	}
	switch f {
	case FieldKeywords:
		if s, err = r.text(""); err == nil {
			if x.Keywords, err = strconv.ParseUint(s, 0, 64); err != nil {
				err = fmt.Errorf("%q is not a number of 64 bits", clip(s))
			}
		}
	case FieldTask:
		err = setNumber(r, 16, &x.Task)
	case FieldOpcode:
		err = setNumber(r, 16, &x.Opcode)
	case FieldVersion:
		err = setNumber(r, 8, &x.Version)
	case FieldProcessID:
		err = setNumber(r, 32, &x.ProcessID)
	case FieldThreadID:
		err = setNumber(r, 32, &x.ThreadID)
	case FieldRecordID:
		x.RecordID, err = r.number(64)
	case FieldNames:
		x.Names, err = r.texts(nil)
	default:
		*extraText(x, f), err = r.text("")
	}
	return err
}

// binary reads base64 into the memory of dst.
func (p *eventParser) binary(dst []byte) ([]byte, error) {
	b, err := p.r.bytes()
	if err != nil {
		return dst, err
	}
	if dst, err = base64.StdEncoding.AppendDecode(dst[:0], b); err != nil {
		return dst, fmt.Errorf("not base64: %w", err)
	}
	return dst, nil
}

func (p *eventParser) time() (time.Time, error) {
	b, err := p.r.bytes()
	if err != nil {
		return time.Time{}, err
	}
	return parseTime(b)
}

// parseTime takes what appendTime writes, and RFC 3339 with any offset.
func parseTime(b []byte) (time.Time, error) {
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') { // a year of six digits or more
		sign, s := b[0], string(b[1:])
		digits := 0
		for digits < len(s) && s[digits]-'0' <= 9 {
			digits++
		}
		year, err := strconv.ParseInt(s[:digits], 10, 64)
		if err == nil && digits >= 6 && year < 1<<34 {
			if sign == '-' {
				year = -year
			}
			// The calendar repeats every 400 years.
			in := ((year % 400) + 400) % 400
			t, err := time.Parse(time.RFC3339Nano, fmt.Sprintf("%04d%s", 2000+in, s[digits:]))
			if err == nil {
				sec := t.Unix() + (year-2000-in)/400*146097*86400
				return time.Unix(sec, int64(t.Nanosecond())).UTC(), nil
			}
		}
	} else if t, err := time.Parse(time.RFC3339Nano, string(b)); err == nil {
		return t.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time of RFC 3339", clip(string(b)))
}

// setNumber reads a number of so many bits into v.
func setNumber[T ~uint8 | ~uint16 | ~uint32 | ~int64](r *jsonReader, bits int, v *T) error {
	n, err := r.number(bits)
	*v = T(n)
	return err
}

var (
	typeNames   [eventlog.AuditFailure + 1]string
	levelNames  [eventlog.LevelVerbose + 1]string
	textByNames [eventlog.ByCatalogue + 1]string
)

func init() {
	for t := range typeNames {
		if _, ok := eventlog.Type(t).Constant(); ok {
			typeNames[t] = eventlog.Type(t).String()
		}
	}
	for l := range levelNames {
		levelNames[l] = eventlog.Level(l).String()
	}
	for b := range textByNames {
		textByNames[b] = eventlog.TextBy(b).String()
	}
}

// named reads one of the names, whose index is the value, or else what parse
// takes.
func named[T ~uint8 | ~uint16](r *jsonReader, names []string, parse func(string) (T, error)) (T, error) {
	b, err := r.bytes()
	if err != nil {
		return 0, err
	}
	for i, n := range names {
		if n != "" && n == string(b) {
			return T(i), nil
		}
	}
	return parse(clip(string(b)))
}

// clip shortens a text that stands in an error.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
