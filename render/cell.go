package render

import (
	"strconv"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// hasText says whether there is message text, be it empty.
func hasText(e *eventlog.Event) bool { return e.MessageBy >= eventlog.ByEvent }

// textOf is the text of a field that somebody else wrote; ok is false for a field
// that is a list or made here.
func textOf(e *eventlog.Event, f Field) (s string, ok bool) {
	switch f {
	case FieldServer:
		if e.Origin != nil {
			s = e.Origin.Server
		}
	case FieldLog:
		if e.Origin != nil {
			s = e.Origin.Log
		}
	case FieldSource:
		s = e.Source
	case FieldComputer:
		s = e.Computer
	case FieldUser:
		s = string(e.User)
	case FieldUserName:
		s = nameOf(e.User)
	case FieldMessage:
		if hasText(e) {
			s = e.Message
		}
	case FieldCategoryName:
		s = e.CategoryName
	case FieldChannel, FieldXML, FieldEventSourceName, FieldUserData, FieldDataName:
		if e.Extra != nil {
			s = *extraText(e.Extra, f)
		}
	default:
		return "", false
	}
	return s, true
}

// extraText is where a text of x is.
func extraText(x *eventlog.Extra, f Field) *string {
	switch f {
	case FieldChannel:
		return &x.Channel
	case FieldEventSourceName:
		return &x.EventSourceName
	case FieldUserData:
		return &x.UserData
	case FieldDataName:
		return &x.DataName
	}
	return &x.XML
}

// extraGUID is where a GUID of x is, nil if f is none.
func extraGUID(x *eventlog.Extra, f Field) *nt.GUID {
	switch f {
	case FieldProviderGUID:
		return &x.ProviderGUID
	case FieldActivityID:
		return &x.ActivityID
	case FieldRelatedActivityID:
		return &x.RelatedActivityID
	}
	return nil
}

// nameOfString is the name of the i-th string, "" if it has none.
func nameOfString(e *eventlog.Event, i int) string {
	if x := e.Extra; x != nil && i < len(x.Names) {
		return x.Names[i]
	}
	return ""
}

// listOf is the value of a field that is a list of texts.
func listOf(e *eventlog.Event, f Field) (list []string, ok bool) {
	switch f {
	case FieldStrings:
		return e.Strings, true
	case FieldNames:
		if e.Extra != nil {
			list = e.Extra.Names
		}
		return list, true
	}
	return nil, false
}

// timeOf is the value of a field that is a time.
func timeOf(e *eventlog.Event, f Field) (t time.Time, ok bool) {
	switch f {
	case FieldTime:
		return e.TimeGenerated, true
	case FieldTimeWritten:
		return e.TimeWritten, true
	}
	return time.Time{}, false
}

// appendValue appends any other field: numbers, names of our own, bytes as
// hexadecimal digits. It appends nothing where nothing is known.
func appendValue(dst []byte, e *eventlog.Event, f Field) []byte {
	switch f {
	case FieldRecord:
		if e.RecordNumber != 0 {
			dst = strconv.AppendUint(dst, e.RecordNumber, 10)
		}
	case FieldID:
		dst = strconv.AppendUint(dst, uint64(e.Code()), 10)
	case FieldEventID:
		dst = strconv.AppendUint(dst, uint64(e.ID), 10)
	case FieldType:
		dst = append(dst, e.Type.String()...)
	case FieldLevel:
		dst = append(dst, e.Level.String()...)
	case FieldCategory:
		dst = strconv.AppendUint(dst, uint64(e.Category), 10)
	case FieldData:
		dst = appendBytes(dst, e.Data)
	case FieldRaw:
		dst = appendBytes(dst, e.Raw)
	case FieldMessageBy:
		if e.MessageBy != eventlog.NotSought {
			dst = append(dst, e.MessageBy.String()...)
		}
	case FieldRecovered:
		if e.Recovered {
			dst = append(dst, "true"...)
		}
	case FieldOffset:
		if e.Offset >= 0 {
			dst = strconv.AppendInt(dst, e.Offset, 10)
		}
	default:
		if e.Extra != nil {
			dst = appendExtraValue(dst, e.Extra, f)
		}
	}
	return dst
}

func appendExtraValue(dst []byte, x *eventlog.Extra, f Field) []byte {
	if g := extraGUID(x, f); g != nil {
		if !g.IsZero() {
			dst, _ = g.AppendText(dst) // its error is always nil
		}
		return dst
	}
	var n uint64
	switch f {
	case FieldKeywords:
		if x.Keywords != 0 {
			dst = appendKeywords(dst, x.Keywords)
		}
		return dst
	case FieldTask:
		n = uint64(x.Task)
	case FieldOpcode:
		n = uint64(x.Opcode)
	case FieldVersion:
		n = uint64(x.Version)
	case FieldProcessID:
		n = uint64(x.ProcessID)
	case FieldThreadID:
		n = uint64(x.ThreadID)
	case FieldRecordID:
		if n = x.RecordID; n == 0 {
			return dst
		}
	}
	return strconv.AppendUint(dst, n, 10)
}

func appendBytes(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}
