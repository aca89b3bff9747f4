package render

import (
	"strconv"
	"strings"
	"time"

	"netelf.example/eventlog"
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
		s = e.User.Name()
	case FieldMessage:
		if hasText(e) {
			s = e.Message
		}
	case FieldChannel:
		if e.Extra != nil {
			s = e.Extra.Channel
		}
	case FieldXML:
		if e.Extra != nil {
			s = e.Extra.XML
		}
	default:
		return "", false
	}
	return s, true
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
	var n uint64
	switch f {
	case FieldProviderGUID:
		if !x.ProviderGUID.IsZero() {
			dst, _ = x.ProviderGUID.AppendText(dst) // its error is always nil
		}
		return dst
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
	}
	return strconv.AppendUint(dst, n, 10)
}

func appendBytes(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// NoText is the sentence that pywin32's SafeFormatMessage puts in place of a
// message that was not found, with source and strings as Python's repr quotes
// them:
//
//	<The description for Event ID ( 6005 ) in Source ( 'EventLog' ) could not be found. It contains the following insertion string(s):'a, b'.>
func NoText(e *eventlog.Event) string {
	b := append([]byte(nil), "<The description for Event ID ( "...)
	b = strconv.AppendUint(b, uint64(e.Code()), 10)
	b = append(b, " ) in Source ( "...)
	b = appendRepr(b, e.Source)
	b = append(b, " ) could not be found. It contains the following insertion string(s):"...)
	b = appendRepr(b, e.Inserts())
	return string(append(b, ".>"...))
}

// appendRepr quotes s as repr of Python 3 does: in apostrophes, or in quotation
// marks if it has apostrophes and no quotation marks, with escapes for what is
// not printable.
func appendRepr(dst []byte, s string) []byte {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	dst = append(dst, byte(quote))
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case strconv.IsPrint(r): // printable as Python means it
			dst = append(dst, string(r)...)
		default:
			dst = appendEscape(dst, r)
		}
	}
	return append(dst, byte(quote))
}
