package evt

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Text implements eventlog.View: text is compared as it lies there.
func (r *Record) Text(f eventlog.Field, _ string, i int) (eventlog.Text, eventlog.Tri) {
	if f == eventlog.FieldString {
		return r.stringText(i)
	}
	if i > 0 {
		return eventlog.Text{}, eventlog.No
	}
	switch f {
	case eventlog.FieldSource:
		return eventlog.Text{U16: r.SourceName()}, eventlog.Yes
	case eventlog.FieldComputer:
		return eventlog.Text{U16: r.Computername()}, eventlog.Yes
	case eventlog.FieldUser:
		sid, err := r.UserSid()
		if err != nil || sid == nil {
			return eventlog.Text{}, eventlog.Yes // no user is the empty text, as in Event
		}
		s, _, err := nt.DecodeSID(sid)
		if err != nil {
			return eventlog.Text{}, eventlog.Yes
		}
		return eventlog.Text{S: string(s)}, eventlog.Yes
	case eventlog.FieldData:
		if d, err := r.Data(); err == nil && len(d) > 0 {
			return eventlog.Text{Bin: d}, eventlog.Yes
		}
	case eventlog.FieldServer:
		if r.origin != nil {
			return eventlog.Text{S: r.origin.Server}, eventlog.Yes
		}
		return eventlog.Text{}, eventlog.Yes
	case eventlog.FieldLog:
		if r.origin != nil {
			return eventlog.Text{S: r.origin.Log}, eventlog.Yes
		}
		return eventlog.Text{}, eventlog.Yes
	case eventlog.FieldMessage:
		return eventlog.Text{}, eventlog.Maybe
	}
	return eventlog.Text{}, eventlog.No
}

func (r *Record) stringText(i int) (eventlog.Text, eventlog.Tri) {
	if i >= int(r.NumStrings()) {
		return eventlog.Text{}, eventlog.No
	}
	at, err := r.stringsBegin()
	for err == nil {
		t, next, ok := r.stringAt(at)
		if i == 0 {
			return eventlog.Text{U16: t}, eventlog.Yes
		}
		if !ok {
			break
		}
		at, i = next, i-1
	}
	return eventlog.Text{}, eventlog.No
}

// Event fills e from the record with the fields that are wanted (0:
// eventlog.DefaultFields). Fields that lie outside of the record are left empty
// and the first of them is the error; the others are filled all the same.
func (r *Record) Event(e *eventlog.Event, want eventlog.Fields) error {
	var d decoder
	if want == 0 {
		want = eventlog.DefaultFields
	}
	return d.event(r, e, want)
}

// decoder turns records into events. It remembers names that come again and
// again, so that they are decoded and allocated once.
type decoder struct {
	names                     [64]names // by a hash
	sources, computers, users textCache
	text                      []byte // the strings of one record, in UTF-8
	ends                      []int  // where each of them ends
}

// names are the two that follow the head of a record, which are mostly those of
// the record before with the same event ID: then neither is searched for its end.
type names struct {
	raw              []byte // both, with their terminators; empty: nothing is remembered
	source, computer string
}

// keepNames is how long names may be that are remembered: a forged log has any
// length of them.
const keepNames = 512

func (d *decoder) event(r *Record, e *eventlog.Event, want eventlog.Fields) error {
	var first error
	note := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	b := r.b
	e.Origin = r.origin
	e.RecordNumber = uint64(binary.LittleEndian.Uint32(b[atRecordNumber:]))
	e.TimeGenerated = nt.Time32(r.TimeGenerated())
	e.TimeWritten = e.TimeGenerated
	if w := r.TimeWritten(); w != r.TimeGenerated() {
		e.TimeWritten = nt.Time32(w)
	}
	e.ID = eventlog.EventID(r.EventID())
	e.Type = eventlog.Type(r.EventType())
	e.Level = eventlog.LevelOf(e.Type)
	e.Category = r.EventCategory()
	e.Message, e.MessageBy, e.CategoryName = "", eventlog.NotSought, ""
	e.Extra = nil
	e.Offset = r.off
	e.Recovered = false
	e.Source, e.Computer, e.User = "", "", ""
	e.Strings, e.Data, e.Raw = e.Strings[:0], e.Data[:0], e.Raw[:0]

	note(d.nameText(r, e, want))
	if want.Has(eventlog.FieldUser) {
		sid, err := r.UserSid()
		note(err)
		if sid != nil {
			s, err := d.users.sid(sid)
			if err != nil {
				note(recordError(r.off, "UserSid", int64(r.UserSidOffset()), err))
			}
			e.User = s
		}
	}
	if want.Has(eventlog.FieldString) {
		note(d.strings(r, e))
	}
	if want.Has(eventlog.FieldData) {
		data, err := r.Data()
		note(err)
		e.Data = append(e.Data, data...)
	}
	if want.Has(eventlog.FieldRaw) {
		e.Raw = append(e.Raw, b...)
	}
	return first
}

// nameText fills Source and Computer.
func (d *decoder) nameText(r *Record, e *eventlog.Event, want eventlog.Fields) error {
	body := r.body()[RecordHeadSize:]
	h := uint64(e.ID)
	if len(body) >= 8 {
		h ^= binary.LittleEndian.Uint64(body) // the source's first four letters
	}
	n := &d.names[h*0x9e3779b97f4a7c15>>58]
	if want.Has(eventlog.FieldSource) && want.Has(eventlog.FieldComputer) && len(n.raw) > 0 && bytes.HasPrefix(body, n.raw) {
		e.Source, e.Computer = n.source, n.computer
		return nil
	}
	source, ok := r.text(RecordHeadSize)
	if want.Has(eventlog.FieldSource) {
		e.Source = d.sources.utf16(source)
	}
	if !ok {
		return recordError(r.off, "SourceName", RecordHeadSize, errUnterminated)
	}
	if !want.Has(eventlog.FieldComputer) {
		return nil
	}
	at := RecordHeadSize + len(source) + 2
	computer, ok := r.text(at)
	e.Computer = d.computers.utf16(computer)
	if !ok {
		return recordError(r.off, "Computername", int64(at), errUnterminated)
	}
	if size := len(source) + len(computer) + 4; size <= keepNames && want.Has(eventlog.FieldSource) {
		n.raw, n.source, n.computer = append(n.raw[:0], body[:size]...), e.Source, e.Computer
	}
	return nil
}

var errUnterminated = fmt.Errorf("no terminating zero inside the record")

// strings decodes all strings into one piece of memory.
func (d *decoder) strings(r *Record, e *eventlog.Event) error {
	n := int(r.NumStrings())
	if n == 0 {
		return nil
	}
	at, err := r.stringsBegin()
	if err != nil {
		return err
	}
	d.text, d.ends = d.text[:0], d.ends[:0]
	for i := range n {
		t, next, ok := r.stringAt(at)
		if !ok {
			err = recordError(r.off, "Strings", int64(at), fmt.Errorf("string %d of %d: %w", i+1, n, errUnterminated))
			if len(t) == 0 {
				break
			}
		}
		d.text = nt.AppendUTF8(d.text, t)
		d.ends = append(d.ends, len(d.text))
		if at = next; !ok {
			break
		}
	}
	all, begin := string(d.text), 0
	for _, end := range d.ends {
		e.Strings = append(e.Strings, all[begin:end])
		begin = end
	}
	return err
}

// textCache remembers the text of byte strings that come again and again: a
// direct-mapped table, so that a hostile log costs no more than decoding.
type textCache [64]struct {
	raw  string
	text string
}

func (c *textCache) slot(b []byte) (i int) {
	h := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for _, x := range b {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
	}
	return int(h>>58) & (len(c) - 1)
}

func (c *textCache) utf16(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	s := &c[c.slot(b)]
	if s.raw != string(b) {
		s.raw, s.text = string(b), nt.UTF8(b)
	}
	return s.text
}

func (c *textCache) sid(b []byte) (nt.SID, error) {
	s := &c[c.slot(b)]
	if s.raw != string(b) {
		sid, _, err := nt.DecodeSID(b)
		if err != nil {
			return "", err
		}
		s.raw, s.text = string(b), string(sid)
	}
	return nt.SID(s.text), nil
}
