package evtx

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"netelf.example/binxml"
	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Record is a view of one record in its chunk: nothing is decoded before it is
// asked for, and what was found once is kept until the next record. It is valid
// until its Chunk is loaded anew.
type Record struct {
	c      *Chunk
	b      []byte // the whole record, both sizes included
	at     int    // where it begins in the chunk
	origin *eventlog.Origin

	opened  bool
	openErr error
	doc     binxml.Doc
	plan    *plan

	collected bool
	dataErr   error
	items     []item
	text      []byte // of items, UTF-8
	data      []byte // a view of the binary data
	dataName  string // EventData's own Name
	userData  string // the element in UserData that the items are from
	named     bool   // an item has a name
	message   docSource
	sought    struct { // the item that was found last by its name
		name  string
		i, at int
	}
	all   string // text
	whole bool   // all is made

	xml    []byte
	xmlErr error
	shown  bool // xml is made
}

// item is one string of the event.
type item struct {
	name string
	end  int // in Record.text; it begins where the one before ends
}

// docSource is a source in a nested fragment.
type docSource struct {
	src *source
	doc binxml.Doc
}

var _ eventlog.View = (*Record)(nil)

// checkRecord says what is wrong with the record that b begins with, whose place
// in the file is off.
func checkRecord(b []byte, off int64) (size int, err error) {
	if len(b) < MinRecordSize {
		return 0, recordError(off, "", 0, fmt.Errorf("need %d bytes, have %d", MinRecordSize, len(b)))
	}
	if string(b[:4]) != recordSignature {
		return 0, recordError(off, "Signature", 0, fmt.Errorf("have %+q, want %+q", b[:4], recordSignature))
	}
	n := binary.LittleEndian.Uint32(b[4:])
	switch {
	case n < MinRecordSize:
		return 0, recordError(off, "Size", 4, fmt.Errorf("0x%x is less than 0x%x", n, MinRecordSize))
	case n > uint32(len(b)):
		return 0, recordError(off, "Size", 4, fmt.Errorf("0x%x, but only 0x%x bytes are left in the chunk", n, len(b)))
	}
	if last := binary.LittleEndian.Uint32(b[n-4:]); last != n {
		return 0, recordError(off, "SizeCopy", int64(n)-4, fmt.Errorf("0x%x, but Size is 0x%x", last, n))
	}
	return int(n), nil
}

// set makes r a view of the record at a place of the chunk, which checkRecord
// has found well.
func (r *Record) set(c *Chunk, at, size int) {
	r.c, r.at, r.b = c, at, c.buf[at:at+size:at+size]
	r.opened, r.collected, r.whole, r.shown = false, false, false, false
	r.sought.i = -2
}

// Raw is the whole record as stored.
func (r *Record) Raw() []byte { return r.b }

// Offset is where the record begins in its file.
func (r *Record) Offset() int64 { return r.c.off + int64(r.at) }

// RecordID is the number of the record in its log, which the event calls
// EventRecordID.
func (r *Record) RecordID() uint64 { return binary.LittleEndian.Uint64(r.b[8:]) }

// Written is when the log took the record.
func (r *Record) Written() nt.Filetime { return nt.Filetime(binary.LittleEndian.Uint64(r.b[16:])) }

// open finds the record's fragment, once.
func (r *Record) open() error {
	if !r.opened {
		r.opened = true
		r.c.m.Begin(len(r.b))
		r.doc, r.openErr = r.c.m.Open(r.at+RecordHeadSize, r.at+len(r.b)-4)
		if r.openErr != nil {
			r.doc = binxml.Doc{}
			r.plan = &noPlan
		} else {
			r.plan = planOf(r.doc.Template, inDocument)
		}
	}
	return r.openErr
}

var noPlan plan

// value is what a source gives, if it is one value.
func (s *source) value(d *binxml.Doc) (v binxml.Value, ok bool) {
	if s.kind != fromValue {
		return v, false
	}
	return d.Value(s.sub), true
}

// append appends the text of a source.
func (s *source) append(dst []byte, d *binxml.Doc) []byte {
	switch s.kind {
	case fromText:
		return append(dst, s.text...)
	case fromValue:
		return d.Value(s.sub).AppendText(dst)
	case fromParts:
		for i := range s.parts {
			dst = s.parts[i].append(dst, d)
		}
	}
	return dst
}

// uint is the number that a source gives, 0 if there is none.
func (s *sysSource) uint(d *binxml.Doc) uint64 {
	switch s.kind {
	case fromNothing, fromText:
		return s.num
	case fromValue:
		v := d.Value(s.sub)
		if v.Type == binxml.TypeNull {
			return 0
		}
		if n, ok := v.Uint(); ok {
			return n
		}
	}
	var buf [32]byte
	return parseNumber(string(s.append(buf[:0], d)))
}

// parseNumber is the number that a text says; of 101.1, which NetApp's filers
// write as a version, the whole one.
func parseNumber(s string) uint64 {
	s, _, _ = strings.Cut(strings.TrimSpace(s), ".")
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0
	}
	return n
}

// filetime is the time that a source gives.
func (s *sysSource) filetime(d *binxml.Doc) (nt.Filetime, bool) {
	if v, ok := s.value(d); ok {
		if t, ok := v.Time(); ok {
			return t, true
		}
	}
	if s.kind == fromNothing {
		return 0, false
	}
	var buf [40]byte
	return parseTime(string(s.append(buf[:0], d)))
}

// system is the source of a field of System.
func (r *Record) system(f sysField) *sysSource {
	_ = r.open() // with an error there is nothing
	return &r.plan.sys[f]
}

// Num implements eventlog.View.
func (r *Record) Num(f eventlog.Field) (uint64, bool) {
	switch f {
	case eventlog.FieldRecord:
		return r.RecordID(), true
	case eventlog.FieldTimeWritten:
		return uint64(r.Written()), true
	case eventlog.FieldTimeGenerated:
		return uint64(r.generated()), true
	case eventlog.FieldCode:
		return uint64(uint16(r.system(sysEventID).uint(&r.doc))), true
	case eventlog.FieldID:
		return uint64(r.id()), true
	case eventlog.FieldLevel:
		return uint64(uint8(r.system(sysLevel).uint(&r.doc))), true
	case eventlog.FieldType:
		return uint64(r.eventType()), true
	case eventlog.FieldCategory:
		return uint64(uint16(r.system(sysTask).uint(&r.doc))), true
	case eventlog.FieldOpcode:
		return uint64(uint16(r.system(sysOpcode).uint(&r.doc))), true
	case eventlog.FieldVersion:
		return uint64(uint8(r.system(sysVersion).uint(&r.doc))), true
	case eventlog.FieldKeywords:
		if k := r.system(sysKeywords).uint(&r.doc); k != 0 {
			return k, true
		}
		return eventlog.ClassicKeywords(r.eventType()), true
	case eventlog.FieldProcessID:
		return uint64(uint32(r.system(sysProcess).uint(&r.doc))), true
	case eventlog.FieldThreadID:
		return uint64(uint32(r.system(sysThread).uint(&r.doc))), true
	}
	return 0, true
}

// eventType follows from the level and the keywords.
func (r *Record) eventType() eventlog.Type {
	level := r.system(sysLevel).uint(&r.doc)
	return eventlog.TypeOf(eventlog.Level(level), r.system(sysKeywords).uint(&r.doc))
}

// generated is when the source submitted the event: what System says, or else
// when it was written.
func (r *Record) generated() nt.Filetime {
	if t, ok := r.system(sysTime).filetime(&r.doc); ok {
		return t
	}
	return r.Written()
}

// id is the whole event identifier: an event of the old interface has its upper
// half as Qualifiers.
func (r *Record) id() eventlog.EventID {
	code := r.system(sysEventID).uint(&r.doc)
	return eventlog.EventID(uint16(code)) | eventlog.EventID(uint16(r.system(sysQualifiers).uint(&r.doc)))<<16
}

// Text implements eventlog.View: what is one string of the record is compared as
// it lies there.
func (r *Record) Text(f eventlog.Field, name string, i int) (eventlog.Text, eventlog.Tri) {
	switch f {
	case eventlog.FieldString:
		return r.stringText(i)
	case eventlog.FieldNamed:
		return r.namedText(name, i)
	}
	if i > 0 {
		return eventlog.Text{}, eventlog.No
	}
	switch f {
	case eventlog.FieldSource:
		return r.systemText(sysProvider), eventlog.Yes
	case eventlog.FieldComputer:
		return r.systemText(sysComputer), eventlog.Yes
	case eventlog.FieldUser:
		return r.systemText(sysUser), eventlog.Yes
	case eventlog.FieldData:
		r.collect()
		if len(r.data) > 0 {
			return eventlog.Text{Bin: r.data}, eventlog.Yes
		}
		return eventlog.Text{}, eventlog.No
	case eventlog.FieldServer, eventlog.FieldLog:
		return eventlog.Text{S: r.origin.Text(f)}, eventlog.Yes
	case eventlog.FieldChannel:
		return r.channelText(), eventlog.Yes
	case eventlog.FieldProviderGUID:
		return r.guidText(sysGUID)
	case eventlog.FieldActivityID:
		return r.guidText(sysActivity)
	case eventlog.FieldRelatedActivityID:
		return r.guidText(sysRelated)
	case eventlog.FieldEventSource:
		if t := r.systemText(sysSourceName); len(t.U16) > 0 || t.S != "" {
			return t, eventlog.Yes
		}
		return eventlog.Text{}, eventlog.No
	case eventlog.FieldUserData:
		if r.collect(); r.userData == "" {
			return eventlog.Text{}, eventlog.No
		}
		return eventlog.Text{S: r.userData}, eventlog.Yes
	case eventlog.FieldMessage:
		r.collect()
		if r.message.src == nil {
			return eventlog.Text{}, eventlog.Maybe
		}
		return eventlog.Text{S: string(r.message.src.append(nil, &r.message.doc))}, eventlog.Yes
	case eventlog.FieldXML:
		if r.makeXML() != nil || len(r.xml) == 0 {
			return eventlog.Text{}, eventlog.No
		}
		return eventlog.Text{S: string(r.xml)}, eventlog.Yes
	}
	return eventlog.Text{}, eventlog.No
}

func (r *Record) systemText(f sysField) eventlog.Text {
	s := r.system(f)
	switch s.kind {
	case fromNothing:
		return eventlog.Text{}
	case fromText:
		return eventlog.Text{S: s.text}
	}
	if v, ok := s.value(&r.doc); ok && v.Type == binxml.TypeString {
		if u := v.UTF16(); len(u) > 0 {
			return eventlog.Text{U16: u}
		}
		return eventlog.Text{}
	}
	return eventlog.Text{S: string(s.append(nil, &r.doc))}
}

// channelText is what the event names, or else what its log is of, or is called.
func (r *Record) channelText() eventlog.Text {
	t := r.systemText(sysChannel)
	switch o := r.origin; {
	case len(t.U16) > 0 || t.S != "" || o == nil:
	case o.Channel != "":
		t.S = o.Channel
	default:
		t.S = o.Log
	}
	return t
}

func (r *Record) guidText(f sysField) (eventlog.Text, eventlog.Tri) {
	g := r.system(f).guid(&r.doc)
	if g.IsZero() {
		return eventlog.Text{}, eventlog.No
	}
	return eventlog.Text{S: g.String()}, eventlog.Yes
}

func (r *Record) stringText(i int) (eventlog.Text, eventlog.Tri) {
	r.collect()
	if i >= len(r.items) {
		return eventlog.Text{}, eventlog.No
	}
	return eventlog.Text{S: r.itemText(i)}, eventlog.Yes
}

func (r *Record) itemText(i int) string {
	if !r.whole {
		r.all, r.whole = string(r.text), true
	}
	begin := 0
	if i > 0 {
		begin = r.items[i-1].end
	}
	return r.all[begin:r.items[i].end]
}

func (r *Record) namedText(name string, i int) (eventlog.Text, eventlog.Tri) {
	if r.collect(); !r.named {
		return eventlog.Text{}, eventlog.No
	}
	// A term asks for one after the other: the next is sought behind the last.
	n, k := 0, 0
	if i > 0 && i == r.sought.i+1 && name == r.sought.name {
		n, k = i, r.sought.at+1
	}
	for ; k < len(r.items); k++ {
		if !eventlog.EqualFold(r.items[k].name, name) {
			continue
		}
		if n == i {
			r.sought.name, r.sought.i, r.sought.at = name, i, k
			return eventlog.Text{S: r.itemText(k)}, eventlog.Yes
		}
		n++
	}
	return eventlog.Text{}, eventlog.No
}

// AppendXML appends the record as the XML that Windows makes of it; see
// [binxml.Machine.AppendXML].
func (r *Record) AppendXML(dst []byte) ([]byte, error) {
	if err := r.makeXML(); err != nil {
		return dst, err
	}
	return append(dst, r.xml...), nil
}

// makeXML makes the record's XML, once.
func (r *Record) makeXML() error {
	if !r.shown {
		r.shown = true
		if r.xmlErr = r.open(); r.xmlErr == nil {
			r.xml, r.xmlErr = r.c.m.AppendXML(r.xml[:0], &r.doc)
		}
	}
	return r.xmlErr
}
