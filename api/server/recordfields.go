package server

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/nt"
)

// fieldsOf are the fields of an EVENTLOGRECORD, in the order of their places.
func fieldsOf(r *evt.Record) []api.HexField {
	b := r.Raw()
	last := len(b) - 4
	var list []api.HexField
	at := 0
	for _, f := range []struct {
		n           int
		path, value string
	}{
		{4, "Length", strconv.FormatUint(uint64(r.Length()), 10)},
		{4, "Reserved", "LfLe"},
		{4, "RecordNumber", strconv.FormatUint(uint64(r.RecordNumber()), 10)},
		{4, "TimeGenerated", nt.Time32(r.TimeGenerated()).UTC().Format("2006-01-02T15:04:05Z")},
		{4, "TimeWritten", nt.Time32(r.TimeWritten()).UTC().Format("2006-01-02T15:04:05Z")},
		{4, "EventID", fmt.Sprintf("0x%08x, id %d", r.EventID(), eventlog.EventID(r.EventID()).Code())},
		{2, "EventType", eventlog.Type(r.EventType()).String()},
		{2, "NumStrings", strconv.Itoa(int(r.NumStrings()))},
		{2, "EventCategory", strconv.Itoa(int(r.EventCategory()))},
		{2, "ReservedFlags", fmt.Sprintf("0x%x", r.ReservedFlags())},
		{4, "ClosingRecordNumber", strconv.FormatUint(uint64(r.ClosingRecordNumber()), 10)},
		{4, "StringOffset", fmt.Sprintf("0x%x", r.StringOffset())},
		{4, "UserSidLength", strconv.FormatUint(uint64(r.UserSidLength()), 10)},
		{4, "UserSidOffset", fmt.Sprintf("0x%x", r.UserSidOffset())},
		{4, "DataLength", strconv.FormatUint(uint64(r.DataLength()), 10)},
		{4, "DataOffset", fmt.Sprintf("0x%x", r.DataOffset())},
	} {
		list = append(list, api.HexField{Offset: at, Length: f.n, Path: f.path, Value: f.value})
		at += f.n
	}
	text := func(path string, from int) (to int) {
		if from >= last {
			return last
		}
		n := nt.IndexNUL(b[from:last])
		if to = from + n + 2; n < 0 {
			n = (last - from) &^ 1
			to = from + n
		}
		list = append(list, api.HexField{Offset: from, Length: to - from, Path: path, Value: nt.UTF8(b[from : from+n])})
		return to
	}
	text("Computername", text("SourceName", evt.RecordHeadSize))
	if sid, err := r.UserSid(); err == nil && len(sid) > 0 {
		s, _, err := nt.DecodeSID(sid)
		value := string(s)
		if err != nil {
			value = err.Error()
		}
		list = append(list, api.HexField{Offset: int(r.UserSidOffset()), Length: len(sid), Path: "UserSid", Value: value})
	}
	if from := int(r.StringOffset()); from >= evt.RecordHeadSize && from < last {
		for i := 0; i < int(r.NumStrings()) && from < last; i++ {
			from = text("Strings["+strconv.Itoa(i)+"]", from)
		}
	}
	if data, err := r.Data(); err == nil && len(data) > 0 {
		list = append(list, api.HexField{Offset: int(r.DataOffset()), Length: len(data), Path: "Data", Value: strconv.Itoa(len(data)) + " bytes"})
	}
	list = append(list, api.HexField{Offset: last, Length: 4, Path: "Length2", Value: strconv.FormatUint(uint64(r.Length()), 10)})
	slices.SortStableFunc(list, func(a, b api.HexField) int { return cmp.Compare(a.Offset, b.Offset) })
	return list
}
