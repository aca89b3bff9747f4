package render

import (
	"strconv"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// xmlSpace is the namespace of the event schema ([MS-EVEN6] 2.2.13).
const xmlSpace = "http://schemas.microsoft.com/win/2004/08/events/event"

// xmlDocument is the xml output: a document also where there are no events.
type xmlDocument struct{}

func (xmlDocument) begin(dst []byte) []byte {
	return append(dst, "<?xml version='1.0' encoding='UTF-8'?>\n<Events>\n"...)
}

func (xmlDocument) event(dst []byte, e *eventlog.Event) []byte {
	return append(AppendXML(dst, e), '\n')
}
func (xmlDocument) end(dst []byte) []byte { return append(dst, "</Events>\n"...) }

// AppendXML appends e as one Event element of the event schema, on one line and
// without a line end. If the event brings its own XML, that is taken apart and
// written anew; where it is not one well-formed Event element of the schema, the
// element is made from the fields as for any other event.
//
// Characters that XML 1.0 does not know become U+FFFD; those that are not for
// terminals are character references.
func AppendXML(dst []byte, e *eventlog.Event) []byte {
	if e.Extra != nil && e.Extra.XML != "" {
		if own, ok := appendOwnXML(dst, e.Extra.XML); ok {
			return addRenderingInfo(own, len(dst), e)
		}
	}
	var none eventlog.Extra
	x := e.Extra
	if x == nil {
		x = &none
	}
	dst = append(dst, "<Event xmlns='"+xmlSpace+"'>"...)
	dst = appendSystem(dst, e, x)
	if elementName(x.UserData) && len(e.Data) == 0 {
		dst = appendUserData(dst, e, x)
	} else {
		dst = appendEventData(dst, e, x)
	}
	return append(appendRenderingInfo(dst, e), "</Event>"...)
}

func appendSystem(dst []byte, e *eventlog.Event, x *eventlog.Extra) []byte {
	dst = append(appendXMLText(append(dst, "<System><Provider Name='"...), e.Source), '\'')
	dst = appendGUID(dst, " Guid='", x.ProviderGUID)
	if x.EventSourceName != "" {
		dst = append(appendXMLText(append(dst, " EventSourceName='"...), x.EventSourceName), '\'')
	}
	dst = append(dst, "/><EventID"...)
	if high := uint64(e.ID >> 16); high != 0 || e.Extra == nil {
		dst = append(appendAttr(dst, " Qualifiers='", high), '\'')
	}
	dst = append(appendAttr(dst, ">", uint64(e.Code())), "</EventID>"...)
	if e.Extra != nil {
		dst = append(appendAttr(dst, "<Version>", uint64(x.Version)), "</Version>"...)
	}
	dst = append(appendAttr(dst, "<Level>", uint64(e.Level)), "</Level>"...)
	dst = append(appendAttr(dst, "<Task>", uint64(taskOf(e))), "</Task>"...)
	if e.Extra != nil {
		dst = append(appendAttr(dst, "<Opcode>", uint64(x.Opcode)), "</Opcode>"...)
	}
	dst = append(appendKeywords(append(dst, "<Keywords>"...), e.Keywords()), "</Keywords>"...)
	if !e.TimeGenerated.IsZero() {
		dst = append(appendTime7(append(dst, "<TimeCreated SystemTime='"...), e.TimeGenerated), "'/>"...)
	}
	if id := recordID(e); id != 0 {
		dst = append(appendAttr(dst, "<EventRecordID>", id), "</EventRecordID>"...)
	}
	if !x.ActivityID.IsZero() || !x.RelatedActivityID.IsZero() {
		dst = append(dst, "<Correlation"...)
		dst = appendGUID(dst, " ActivityID='", x.ActivityID)
		dst = append(appendGUID(dst, " RelatedActivityID='", x.RelatedActivityID), "/>"...)
	}
	if x.ProcessID != 0 || x.ThreadID != 0 {
		dst = appendAttr(dst, "<Execution ProcessID='", uint64(x.ProcessID))
		dst = append(appendAttr(dst, "' ThreadID='", uint64(x.ThreadID)), "'/>"...)
	}
	if channel := e.Channel(); channel != "" {
		dst = append(appendXMLText(append(dst, "<Channel>"...), channel), "</Channel>"...)
	}
	dst = append(appendXMLText(append(dst, "<Computer>"...), e.Computer), "</Computer><Security"...)
	if e.User != "" {
		dst = append(appendXMLText(append(dst, " UserID='"...), string(e.User)), '\'')
	}
	return append(dst, "/></System>"...)
}

// appendGUID appends an attribute behind the markup before it, if it is not zero.
func appendGUID(dst []byte, markup string, g nt.GUID) []byte {
	if g.IsZero() {
		return dst
	}
	dst, _ = g.AppendText(append(dst, markup...)) // its error is always nil
	return append(dst, '\'')
}

// appendUserData appends the strings as the elements that they were in UserData.
func appendUserData(dst []byte, e *eventlog.Event, x *eventlog.Extra) []byte {
	dst = append(append(append(dst, "<UserData><"...), x.UserData...), " xmlns=''>"...)
	for i, s := range e.Strings {
		name := nameOfString(e, i)
		if !elementName(name) {
			name = "Data"
		}
		dst = append(append(append(dst, '<'), name...), '>')
		dst = append(append(append(appendXMLText(dst, s), "</"...), name...), '>')
	}
	return append(append(append(dst, "</"...), x.UserData...), "></UserData>"...)
}

// elementName says whether s can be the name of an element as it is.
func elementName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

func appendEventData(dst []byte, e *eventlog.Event, x *eventlog.Extra) []byte {
	dst = append(dst, "<EventData"...)
	if x.DataName != "" {
		dst = append(appendXMLText(append(dst, " Name='"...), x.DataName), '\'')
	}
	if len(e.Strings) == 0 && len(e.Data) == 0 {
		return append(dst, "/>"...)
	}
	dst = append(dst, '>')
	for i, s := range e.Strings {
		dst = append(dst, "<Data"...)
		if name := nameOfString(e, i); name != "" {
			dst = append(appendXMLText(append(dst, " Name='"...), name), '\'')
		}
		dst = append(appendXMLText(append(dst, '>'), s), "</Data>"...)
	}
	if len(e.Data) > 0 {
		dst = append(dst, "<Binary>"...)
		for _, c := range e.Data {
			dst = append(dst, upperDigits[c>>4], upperDigits[c&15])
		}
		dst = append(dst, "</Binary>"...)
	}
	return append(dst, "</EventData>"...)
}

const upperDigits = "0123456789ABCDEF"

// appendAttr appends a number behind the markup before it.
func appendAttr(dst []byte, markup string, n uint64) []byte {
	return strconv.AppendUint(append(dst, markup...), n, 10)
}

// appendXMLText appends s as character data or as part of an attribute's value.
func appendXMLText(dst []byte, s string) []byte {
	from := 0 // what stands before i and is not yet appended
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		ref := ""
		switch {
		case r == '&':
			ref = "&amp;"
		case r == '<':
			ref = "&lt;"
		case r == '>':
			ref = "&gt;"
		case r == '"':
			ref = "&quot;"
		case r == '\'':
			ref = "&apos;"
		case r >= 0x20 && r < 0x7f:
			i++
			continue
		case !unsafeRune(r) && (r != utf8.RuneError || size > 1):
			i += size
			continue
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0xfffe, r == 0xffff, r == utf8.RuneError:
			ref = "\ufffd"
		}
		dst = append(dst, s[from:i]...)
		if ref == "" {
			dst = append(dst, "&#x"...)
			digits := 1
			for r>>(4*digits) != 0 {
				digits++
			}
			dst = append(appendHex(dst, uint64(r), digits), ';')
		} else {
			dst = append(dst, ref...)
		}
		i += size
		from = i
	}
	return append(dst, s[from:]...)
}
