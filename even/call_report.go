package even

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// reportRequest is that of ElfrReportEventW and A (3.1.4.13, 3.1.4.14), with
// withSource of ElfrReportEventAndSourceW (3.1.4.15), and with ex of
// ElfrReportEventExW and A (3.1.4.16, 3.1.4.17).
//
// NumStrings and DataSize, which are sent too, are the lengths of Strings and Data.
// Their ranges, 256 and 61,440, are for whoever serves the call: unlike a fault, a
// status says what was wrong.
type reportRequest struct {
	ansi, withSource, ex bool

	LogHandle     ndr.ContextHandle
	Time          uint32      // seconds since 1970; not with ex
	TimeGenerated nt.Filetime // with ex
	EventType     uint16
	EventCategory uint16
	EventID       uint32
	SourceName    ndr.String // with withSource
	ComputerName  ndr.String
	UserSID       nt.SID // "" for none
	NoSID         bool   // UserSID is sent, and is no SID; cannot be encoded
	Strings       []ndr.String
	Data          []byte
	Missing       bool // there are NumStrings or DataSize, but no pointer to what they count; cannot be encoded
	Flags         uint16
	RecordNumber  *uint32 // nil: it is not to be returned
	TimeWritten   *uint32 // the same; not with ex
}

func (m *reportRequest) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	if m.ex {
		w.Uint32(uint32(m.TimeGenerated))
		w.Uint32(uint32(m.TimeGenerated >> 32))
	} else {
		w.Uint32(m.Time)
	}
	w.Uint16(m.EventType)
	w.Uint16(m.EventCategory)
	w.Uint32(m.EventID)
	if m.withSource {
		writeText(w, m.ansi, m.SourceName)
	}
	if n := len(m.Strings); n > math.MaxUint16 {
		w.Fail(fmt.Errorf("%d strings, at most %d", n, math.MaxUint16))
		return
	}
	w.Uint16(uint16(len(m.Strings)))
	w.Uint32(uint32(len(m.Data)))
	writeText(w, m.ansi, m.ComputerName)
	w.Pointer(m.UserSID != "")
	if m.UserSID != "" {
		w.SID(m.UserSID)
	}
	w.Pointer(len(m.Strings) > 0)
	if len(m.Strings) > 0 {
		w.Count(len(m.Strings), math.MaxUint16)
		for _, s := range m.Strings {
			w.Pointer(true)
			w.Defer(func() {
				if m.ansi {
					s.Text = toANSI(s.Text)
					w.ANSIString(s)
				} else {
					w.UnicodeString(s)
				}
			})
		}
		w.Flush()
	}
	w.Pointer(len(m.Data) > 0)
	if len(m.Data) > 0 {
		w.ByteArray(m.Data)
	}
	w.Uint16(m.Flags)
	writeOptional(w, m.RecordNumber)
	if !m.ex {
		writeOptional(w, m.TimeWritten)
	}
}

func (m *reportRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	if m.ex {
		low := r.Field("TimeGenerated").Uint32()
		m.TimeGenerated = nt.Filetime(r.Uint32())<<32 | nt.Filetime(low)
	} else {
		m.Time = r.Field("Time").Uint32()
	}
	m.EventType = r.Field("EventType").Uint16()
	m.EventCategory = r.Field("EventCategory").Uint16()
	m.EventID = r.Field("EventID").Uint32()
	if m.withSource {
		readText(r, "SourceName", m.ansi, &m.SourceName)
	}
	n := int(r.Field("NumStrings").Uint16())
	size := r.Field("DataSize").Uint32()
	readText(r, "ComputerName", m.ansi, &m.ComputerName)
	if r.Field("UserSID").Pointer() {
		var ok bool
		m.UserSID, ok = r.SID()
		m.NoSID = !ok && r.Err() == nil
	}
	m.readStrings(r, n)
	m.readData(r, size)
	m.Flags = r.Field("Flags").Uint16()
	m.RecordNumber = readOptional(r.Field("RecordNumber"))
	if !m.ex {
		m.TimeWritten = readOptional(r.Field("TimeWritten"))
	}
}

// readStrings is an array of pointers to strings. One that is null is an empty
// string, as in ReportEvent.
func (m *reportRequest) readStrings(r *ndr.Reader, n int) {
	if !r.Field("Strings").Pointer() {
		m.Missing = m.Missing || n > 0
		return
	}
	at := r.Offset()
	if have := r.Conformant(4, math.MaxUint16); r.Err() == nil && have != n {
		r.Fail(at, fmt.Errorf("array of %d, but NumStrings is %d", have, n))
		return
	}
	if n == 0 || r.Err() != nil {
		return
	}
	m.Strings = make([]ndr.String, n)
	for i := range m.Strings {
		if !r.Pointer() {
			continue
		}
		s := &m.Strings[i]
		r.Defer(func() {
			if m.ansi {
				r.ANSIString(s)
			} else {
				r.UnicodeString(s)
			}
		})
	}
	r.Flush()
	if m.ansi {
		for i := range m.Strings {
			m.Strings[i].Text = fromANSI(m.Strings[i].Text)
		}
	}
}

func (m *reportRequest) readData(r *ndr.Reader, size uint32) {
	if !r.Field("Data").Pointer() {
		m.Missing = m.Missing || size > 0
		return
	}
	at := r.Offset()
	b := r.ByteArray(math.MaxInt32)
	if r.Err() == nil && uint64(len(b)) != uint64(size) {
		r.Fail(at, fmt.Errorf("array of %d bytes, but DataSize is %d", len(b), size))
		return
	}
	if len(b) > 0 {
		m.Data = bytes.Clone(b)
	}
}

// readOptional is a unique pointer to a number.
func readOptional(r *ndr.Reader) *uint32 {
	if !r.Pointer() {
		return nil
	}
	n := r.Uint32()
	return &n
}

func writeOptional(w *ndr.Writer, n *uint32) {
	w.Pointer(n != nil)
	if n != nil {
		w.Uint32(*n)
	}
}

// reportResponse is that of all reports. A pointer that was null stays it.
type reportResponse struct {
	ex           bool
	RecordNumber *uint32
	TimeWritten  *uint32 // not with ex
	Status       nt.Status
}

func (m *reportResponse) marshal(w *ndr.Writer) {
	writeOptional(w, m.RecordNumber)
	if !m.ex {
		writeOptional(w, m.TimeWritten)
	}
	w.Uint32(uint32(m.Status))
}

func (m *reportResponse) unmarshal(r *ndr.Reader) {
	m.RecordNumber = readOptional(r.Field("RecordNumber"))
	if !m.ex {
		m.TimeWritten = readOptional(r.Field("TimeWritten"))
	}
	m.Status = readStatus(r)
}

var errMissing = errors.New("a count without what it counts")
