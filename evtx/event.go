package evtx

import (
	"encoding/binary"
	"strings"
	"time"

	"netelf.example/binxml"
	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Event fills e from the record with the fields that are wanted (0:
// eventlog.DefaultFields). What of it cannot be decoded is left empty and the
// first error is returned; the rest is filled all the same.
func (r *Record) Event(e *eventlog.Event, want eventlog.Fields) error {
	if want == 0 {
		want = eventlog.DefaultFields
	}
	return new(decoder).event(r, e, want)
}

// decoder turns records into events. It remembers texts that come again and
// again, so that they are decoded and allocated once, and takes the memory of the
// others in pieces for several events.
type decoder struct {
	texts textCache
	last  [sysCount]cachedText // of each field of System: mostly it comes next, too
	arena strings.Builder
}

// arenaSize is how much text shares a piece of memory: who keeps one event keeps
// no more than that of others.
const arenaSize = 8 << 10

func (d *decoder) event(r *Record, e *eventlog.Event, want eventlog.Fields) error {
	first := r.open()
	note := func(err error) {
		if err != nil && first == nil {
			first = err
		}
	}
	x := e.Extra
	if x == nil {
		x = new(eventlog.Extra)
	}
	*x = eventlog.Extra{Names: x.Names[:0]}
	strs, data, raw := e.Strings[:0], e.Data[:0], e.Raw[:0]
	*e = eventlog.Event{Origin: r.origin, RecordNumber: r.RecordID(), Offset: r.Offset(), Extra: x, TimeWritten: r.Written().Time()}

	doc, sys := &r.doc, &r.plan.sys
	e.TimeGenerated = e.TimeWritten
	if g := r.generated(); g != r.Written() {
		e.TimeGenerated = g.Time()
	}
	e.ID = r.id()
	e.Level = eventlog.Level(sys[sysLevel].uint(doc))
	x.Keywords = sys[sysKeywords].uint(doc)
	e.Type = eventlog.TypeOf(e.Level, x.Keywords)
	e.Category = uint16(sys[sysTask].uint(doc))
	x.Task, x.Opcode, x.Version = e.Category, uint16(sys[sysOpcode].uint(doc)), uint8(sys[sysVersion].uint(doc))
	x.ProcessID, x.ThreadID = uint32(sys[sysProcess].uint(doc)), uint32(sys[sysThread].uint(doc))
	x.RecordID = sys[sysRecordID].uint(doc)
	x.ProviderGUID = sys[sysGUID].guid(doc)
	x.ActivityID, x.RelatedActivityID = sys[sysActivity].guid(doc), sys[sysRelated].guid(doc)
	x.Channel = d.text(sysChannel, r)
	x.EventSourceName = d.text(sysSourceName, r)
	if want.Has(eventlog.FieldSource) {
		e.Source = d.text(sysProvider, r)
	}
	if want.Has(eventlog.FieldComputer) {
		e.Computer = d.text(sysComputer, r)
	}
	if want.Has(eventlog.FieldUser) {
		e.User = nt.SID(d.text(sysUser, r))
	}
	if want&(eventlog.FieldString.Bit()|eventlog.FieldNamed.Bit()|eventlog.FieldData.Bit()|eventlog.FieldUserData.Bit()|eventlog.FieldMessage.Bit()) != 0 {
		r.collect()
		note(r.dataErr)
		x.DataName, x.UserData = r.dataName, r.userData
		if r.message.src != nil && want.Has(eventlog.FieldMessage) {
			e.Message, e.MessageBy = string(r.message.src.append(nil, &r.message.doc)), eventlog.ByEvent
		}
		if want.Has(eventlog.FieldData) {
			data = append(data, r.data...)
		}
		if want.Has(eventlog.FieldString) || want.Has(eventlog.FieldNamed) {
			strs = d.strings(r, strs)
			if r.named {
				for i := range r.items {
					x.Names = append(x.Names, r.items[i].name)
				}
			}
		}
	}
	if want.Has(eventlog.FieldXML) {
		err := r.makeXML()
		if err == nil {
			x.XML = d.keep(r.xml)
		}
		note(err)
	}
	if want.Has(eventlog.FieldRaw) {
		raw = append(raw, r.b...)
	}
	e.Strings, e.Data, e.Raw = strs, data, raw
	return first
}

// keep makes a string of b, in the memory that it shares with others.
func (d *decoder) keep(b []byte) string {
	if len(b) > arenaSize/4 {
		return string(b)
	}
	if len(b) > d.arena.Cap()-d.arena.Len() {
		d.arena.Reset()
		d.arena.Grow(arenaSize)
	}
	begin := d.arena.Len()
	d.arena.Write(b)
	return d.arena.String()[begin:]
}

// strings makes strings of the items, all in one piece of memory.
func (d *decoder) strings(r *Record, dst []string) []string {
	all, at := d.keep(r.text), 0
	for i := range r.items {
		end := r.items[i].end
		dst = append(dst, all[at:end])
		at = end
	}
	return dst
}

// text is the text of a field of System, remembered if it is one value.
func (d *decoder) text(f sysField, r *Record) string {
	s := &r.plan.sys[f]
	switch s.kind {
	case fromNothing:
		return ""
	case fromText:
		return s.text
	case fromValue:
		v := r.doc.Value(s.sub)
		if len(v.Bytes) == 0 || v.Type == binxml.TypeNull {
			return ""
		}
		if len(v.Bytes) > keepText {
			return string(v.AppendText(nil))
		}
		last := &d.last[f]
		if !last.is(v) {
			*last = d.texts.get(v)
		}
		return last.text
	}
	return string(s.append(nil, &r.doc))
}

// guid is the GUID that a source gives, in binary form or as text.
func (s *sysSource) guid(doc *binxml.Doc) (g nt.GUID) {
	switch s.kind {
	case fromNothing, fromText:
		return s.id
	case fromValue:
		v := doc.Value(s.sub)
		if v.Type == binxml.TypeGUID && len(v.Bytes) == len(g) {
			return nt.GUID(v.Bytes)
		}
		if v.Type == binxml.TypeNull {
			return g
		}
	}
	var buf [48]byte
	return parseGUID(string(s.append(buf[:0], doc)))
}

// parseGUID is the GUID that a text says, zero if it is none.
func parseGUID(s string) nt.GUID {
	g, err := nt.ParseGUID(s)
	if err != nil {
		return nt.GUID{}
	}
	return g
}

// parseTime is the time that a text says.
func parseTime(s string) (nt.Filetime, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, false
	}
	return nt.FiletimeOf(t)
}

// textCache remembers the text of values that come again and again: a
// direct-mapped table, so that a hostile log costs no more than decoding.
type textCache [128]cachedText

type cachedText struct {
	typ       binxml.Type
	raw, text string
}

func (c *cachedText) is(v binxml.Value) bool { return c.typ == v.Type && c.raw == string(v.Bytes) }

// keepText is how long a value may be that is remembered.
const keepText = 512

func (c *textCache) get(v binxml.Value) cachedText {
	b := v.Bytes
	h := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for _, x := range b {
		h = (h ^ uint64(x)) * 0x9e3779b97f4a7c15
	}
	s := &c[h>>57]
	if !s.is(v) {
		*s = cachedText{v.Type, string(v.Bytes), string(v.AppendText(nil))}
	}
	return *s
}
