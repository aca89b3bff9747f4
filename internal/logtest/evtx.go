package logtest

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// EVTX makes .evtx files of events, so that tests need none of Windows. It keeps
// of an event what such a file can say: Type follows from Level and keywords.
type EVTX struct {
	Channel  string // "": Application
	PerChunk int    // records of a chunk; 0: as many as fit
	Flags    uint32 // of the file header: 1 dirty, 2 full, 4 no checksums
	Minor    uint16 // version 3.Minor; 0: 1
}

const (
	evtxChunk   = 0x10000
	evtxBlock   = 0x1000
	evtxRecords = 0x200
)

// The templates: System of every event, and the data of events of the old
// interface.
const (
	evtxEvent = `<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>` +
		`<Provider Name="{11:01}" Guid="{12?:0f}" EventSourceName="{18?:01}"/><EventID Qualifiers="{4?:06}">{3:06}</EventID><Version>{8:04}</Version>` +
		`<Level>{0:04}</Level><Task>{1:06}</Task><Opcode>{2:04}</Opcode><Keywords>{5:15}</Keywords>` +
		`<TimeCreated SystemTime="{6:11}"/><EventRecordID>{7:0a}</EventRecordID>` +
		`<Correlation ActivityID="{16?:0f}" RelatedActivityID="{19?:0f}"/><Execution ProcessID="{9:08}" ThreadID="{10:08}"/>` +
		`<Channel>{13:01}</Channel><Computer>{14:01}</Computer><Security UserID="{15?:13}"/></System>{17:21}</Event>`
	evtxClassic = `<EventData><Data>{0?:81}</Data><Binary>{1?:0e}</Binary></EventData>`
)

// Bytes is the file.
func (f *EVTX) Bytes(events []*eventlog.Event) ([]byte, error) {
	file := make([]byte, evtxBlock)
	next, chunks := uint64(1), 0
	for i := 0; i < len(events); chunks++ {
		chunk, n, err := f.chunk(events[i:], i)
		if err != nil {
			return nil, err
		}
		file = append(file, chunk...)
		i += n
		next = events[i-1].RecordNumber + 1
	}
	if chunks == 0 { // Windows makes the first chunk at once
		file = append(file, EVTXChunk(make([]byte, evtxRecords), 1, 0, ^uint64(0), ^uint64(0), evtxRecords)...)
		chunks = 1
	}
	h := file[:128]
	le := binary.LittleEndian
	copy(h, "ElfFile\x00")
	le.PutUint64(h[16:], uint64(chunks-1))
	le.PutUint64(h[24:], next)
	le.PutUint32(h[32:], 128)
	le.PutUint16(h[36:], max(f.Minor, 1))
	le.PutUint16(h[38:], 3)
	le.PutUint16(h[40:], evtxBlock)
	le.PutUint16(h[42:], uint16(chunks))
	le.PutUint32(h[120:], f.Flags)
	le.PutUint32(h[124:], crc32.ChecksumIEEE(h[:120]))
	return file, nil
}

// chunk is a chunk of the first n events, as many as fit.
func (f *EVTX) chunk(events []*eventlog.Event, before int) (chunk []byte, n int, err error) {
	b := NewBinXML(evtxRecords)
	last := evtxRecords
	for n < len(events) && (f.PerChunk == 0 || n < f.PerChunk) {
		at := len(b.Data)
		e := events[n]
		if err := EVTXRecord(b, e.RecordNumber, e.TimeWritten, func() error { return f.event(b, e) }); err != nil {
			return nil, 0, fmt.Errorf("record %d: %w", e.RecordNumber, err)
		}
		if len(b.Data) > evtxChunk {
			if n == 0 {
				return nil, 0, fmt.Errorf("record %d does not fit a chunk", e.RecordNumber)
			}
			b.Data = b.Data[:at]
			break
		}
		last = at
		n++
	}
	first := uint64(before + 1)
	return EVTXChunk(b.Data, first, first+uint64(n)-1, events[0].RecordNumber, events[n-1].RecordNumber, last), n, nil
}

// EVTXChunk makes a whole chunk of one that has room for its head: the head, with
// the checksums, and free space behind it. last is where its newest record begins.
func EVTXChunk(b []byte, firstNumber, lastNumber, firstID, lastID uint64, last int) []byte {
	le := binary.LittleEndian
	free := len(b)
	b = append(b, make([]byte, evtxChunk-len(b))...)
	copy(b, "ElfChnk\x00")
	for i, v := range [...]uint64{firstNumber, lastNumber, firstID, lastID} {
		le.PutUint64(b[8+8*i:], v)
	}
	for i, v := range [...]uint32{128, uint32(last), uint32(free), crc32.ChecksumIEEE(b[evtxRecords:free])} {
		le.PutUint32(b[40+4*i:], v)
	}
	EVTXSum(b)
	return b
}

// EVTXSum writes the checksum of a chunk's header.
func EVTXSum(b []byte) {
	sum := crc32.ChecksumIEEE(b[:120])
	binary.LittleEndian.PutUint32(b[124:], crc32.Update(sum, crc32.IEEETable, b[128:evtxRecords]))
}

// EVTXRecord writes a record around what body writes.
func EVTXRecord(b *BinXML, id uint64, written interface{ UnixNano() int64 }, body func() error) error {
	at := len(b.Data)
	b.Data = append(b.Data, "**\x00\x00\x00\x00\x00\x00"...)
	b.Data = binary.LittleEndian.AppendUint64(b.Data, id)
	ticks := uint64(written.UnixNano()/100 + 116444736000000000)
	b.Data = binary.LittleEndian.AppendUint64(b.Data, ticks)
	err := body()
	b.Data = append(b.Data, 0)
	for (len(b.Data)-at+4)%8 != 0 {
		b.Data = append(b.Data, 0)
	}
	b.u32(uint32(len(b.Data) - at + 4))
	binary.LittleEndian.PutUint32(b.Data[at+4:], uint32(len(b.Data)-at))
	return err
}

// event writes the binary XML of an event.
func (f *EVTX) event(b *BinXML, e *eventlog.Event) error {
	var x eventlog.Extra
	if e.Extra != nil {
		x = *e.Extra
	}
	if x.Keywords == 0 {
		x.Keywords = map[eventlog.Type]uint64{
			eventlog.AuditSuccess: eventlog.KeywordAuditSuccess, eventlog.AuditFailure: eventlog.KeywordAuditFailure,
		}[e.Type] | eventlog.KeywordClassic
	}
	if x.Channel == "" {
		x.Channel = f.Channel
	}
	if x.Channel == "" {
		x.Channel = "Application"
	}
	if x.RecordID == 0 {
		x.RecordID = e.RecordNumber
	}
	created, _ := nt.FiletimeOf(e.TimeGenerated)
	guid := func(g nt.GUID) BinValue {
		if g.IsZero() {
			return BinValue{}
		}
		return BinValue{binGUID, g[:]}
	}
	text := func(s string) BinValue {
		if s == "" {
			return BinValue{}
		}
		return BinString(s)
	}
	values := []BinValue{
		binUint(binUint8, uint64(e.Level), 1), binUint(binUint16, uint64(e.Category), 2), binUint(binUint8, uint64(x.Opcode), 1),
		binUint(binUint16, uint64(e.Code()), 2), binUint(binUint16, uint64(e.ID>>16), 2), binUint(binHex64, x.Keywords, 8),
		binUint(binTime, uint64(created), 8), binUint(binUint64, x.RecordID, 8), binUint(binUint8, uint64(x.Version), 1),
		binUint(binUint32, uint64(x.ProcessID), 4), binUint(binUint32, uint64(x.ThreadID), 4),
		BinString(e.Source), guid(x.ProviderGUID), BinString(x.Channel), BinString(e.Computer), {}, guid(x.ActivityID),
		{}, text(x.EventSourceName), guid(x.RelatedActivityID),
	}
	if e.User != "" {
		sid, err := e.User.AppendBinary(nil)
		if err != nil {
			return err
		}
		values[15] = BinValue{binSID, sid}
	}
	if err := b.template(evtxEvent); err != nil {
		return err
	}
	// The data is a value with a template and names of its own, whose offsets hang
	// on where it will stand.
	const data = 17
	behind := 4 + 4*len(values)
	for _, v := range values[:data] {
		behind += len(v.Bytes)
	}
	body, err := b.Value(behind, func() error { return evtxData(b, e, &x) })
	if err != nil {
		return err
	}
	values[data] = body
	b.values(values)
	return nil
}

// evtxData writes EventData: as events of the old interface have it, or with names;
// or else UserData.
func evtxData(b *BinXML, e *eventlog.Event, x *eventlog.Extra) error {
	if len(x.Names) == 0 && x.UserData == "" {
		var list, data BinValue
		if len(e.Strings) > 0 {
			list = BinStrings(e.Strings...)
		}
		if len(e.Data) > 0 {
			data = BinValue{binBinary, e.Data}
		}
		return b.Instance(evtxClassic, list, data)
	}
	if x.UserData != "" {
		return evtxUserData(b, e, x)
	}
	var text strings.Builder
	text.WriteString("<EventData")
	if x.DataName != "" {
		fmt.Fprintf(&text, ` Name="%s"`, x.DataName)
	}
	text.WriteString(">")
	var named []BinValue
	for i, s := range e.Strings {
		name := ""
		if i < len(x.Names) && x.Names[i] != "" {
			name = ` Name="` + x.Names[i] + `"`
		}
		fmt.Fprintf(&text, `<Data%s>{%d:01}</Data>`, name, i)
		named = append(named, BinString(s))
	}
	text.WriteString("</EventData>")
	return b.Instance(text.String(), named...)
}

// evtxUserData writes the strings as elements of the one that is in UserData.
func evtxUserData(b *BinXML, e *eventlog.Event, x *eventlog.Extra) error {
	var text strings.Builder
	fmt.Fprintf(&text, `<UserData><%s xmlns="urn:test">`, x.UserData)
	var values []BinValue
	for i, s := range e.Strings {
		name := "Data"
		if i < len(x.Names) && x.Names[i] != "" {
			name = x.Names[i]
		}
		fmt.Fprintf(&text, `<%s>{%d:01}</%s>`, name, i, name)
		values = append(values, BinString(s))
	}
	fmt.Fprintf(&text, `</%s></UserData>`, x.UserData)
	return b.Instance(text.String(), values...)
}

// EVTXHeaderSum writes the checksum of a file's header.
func EVTXHeaderSum(b []byte) {
	binary.LittleEndian.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
}
