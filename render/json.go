package render

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Names of types and levels with their keys, made once.
var (
	typeKeys  [eventlog.AuditFailure + 1]string // "" for what has no name
	levelKeys [eventlog.LevelVerbose + 1]string

	simple [256]bool // the bytes that stand in a JSON string as they are
)

func init() {
	for t := range typeKeys {
		if _, ok := eventlog.Type(t).Constant(); ok {
			typeKeys[t] = `,"type":"` + eventlog.Type(t).String() + `"`
		}
	}
	for c := ' '; c < 0x7f; c++ {
		simple[c] = c != '"' && c != '\\'
	}
	for l := range levelKeys {
		levelKeys[l] = `,"level":"` + eventlog.Level(l).String() + `"`
	}
}

// AppendJSON appends e as one JSON object without a line end; fields says which
// keys, 0 all of them. The keys and their order are in the package's
// documentation. It does not allocate where dst has room.
func AppendJSON(dst []byte, e *eventlog.Event, fields Set) []byte {
	if fields == 0 {
		fields = allFields
	}
	start := len(dst)
	dst = appendPlace(dst, e.Origin, fields)
	if e.RecordNumber != 0 && fields.has(FieldRecord) {
		dst = strconv.AppendUint(append(dst, `,"record":`...), e.RecordNumber, 10)
	}
	if fields.has(FieldTime) && !e.TimeGenerated.IsZero() {
		dst = append(appendTime(append(dst, `,"time":"`...), e.TimeGenerated, 0), '"')
	}
	if fields.has(FieldTimeWritten) && !e.TimeWritten.IsZero() {
		dst = append(appendTime(append(dst, `,"time_written":"`...), e.TimeWritten, 0), '"')
	}
	dst = appendKind(dst, e, fields)
	if e.User != "" {
		dst = appendUser(dst, e.User, fields)
	}
	dst = appendContent(dst, e, fields)
	if x := e.Extra; x != nil {
		dst = appendActivity(appendDescriptor(dst, x, fields), x, fields)
		dst = appendNames(dst, x.Names, fields)
	}
	return closeObject(appendSource(dst, e, fields), start)
}

// closeObject completes the object that begins at start. Every key brings its
// comma; the first becomes the brace.
func closeObject(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, '{', '}')
	}
	dst[start] = '{'
	return append(dst, '}')
}

func appendPlace(dst []byte, o *eventlog.Origin, fields Set) []byte {
	if o == nil {
		return dst
	}
	if o.Server != "" && fields.has(FieldServer) {
		dst = appendString(append(dst, `,"server":"`...), o.Server)
	}
	if fields.has(FieldLog) {
		dst = appendString(append(dst, `,"log":"`...), o.Log)
	}
	return dst
}

// appendKind appends what is the same in all events of one kind from one
// computer: from id to computer.
func appendKind(dst []byte, e *eventlog.Event, fields Set) []byte {
	if fields.has(FieldID) {
		dst = strconv.AppendUint(append(dst, `,"id":`...), uint64(e.Code()), 10)
	}
	if fields.has(FieldEventID) {
		dst = strconv.AppendUint(append(dst, `,"event_id":`...), uint64(e.ID), 10)
	}
	if fields.has(FieldType) {
		if int(e.Type) < len(typeKeys) && typeKeys[e.Type] != "" {
			dst = append(dst, typeKeys[e.Type]...)
		} else {
			dst = strconv.AppendUint(append(dst, `,"type":`...), uint64(e.Type), 10)
		}
	}
	if fields.has(FieldLevel) {
		if int(e.Level) < len(levelKeys) {
			dst = append(dst, levelKeys[e.Level]...)
		} else {
			dst = strconv.AppendUint(append(dst, `,"level":`...), uint64(e.Level), 10)
		}
	}
	if fields.has(FieldCategory) {
		dst = strconv.AppendUint(append(dst, `,"category":`...), uint64(e.Category), 10)
	}
	if fields.has(FieldSource) {
		dst = appendString(append(dst, `,"source":"`...), e.Source)
	}
	if fields.has(FieldComputer) {
		dst = appendString(append(dst, `,"computer":"`...), e.Computer)
	}
	return dst
}

func appendUser(dst []byte, user eventlog.SID, fields Set) []byte {
	if fields.has(FieldUser) {
		dst = appendString(append(dst, `,"user":"`...), string(user))
	}
	if fields.has(FieldUserName) {
		if name := nameOf(user); name != "" {
			dst = appendString(append(dst, `,"user_name":"`...), name)
		}
	}
	return dst
}

// appendContent appends the keys from strings to offset.
func appendContent(dst []byte, e *eventlog.Event, fields Set) []byte {
	if fields.has(FieldStrings) {
		dst = appendStrings(append(dst, `,"strings":[`...), e.Strings)
	}
	if len(e.Data) > 0 && fields.has(FieldData) {
		dst = append(base64.StdEncoding.AppendEncode(append(dst, `,"data":"`...), e.Data), '"')
	}
	if hasText(e) && fields.has(FieldMessage) {
		dst = appendString(append(dst, `,"message":"`...), e.Message)
	}
	if e.MessageBy != eventlog.NotSought && fields.has(FieldMessageBy) {
		dst = appendString(append(dst, `,"message_by":"`...), e.MessageBy.String())
	}
	if e.CategoryName != "" && fields.has(FieldCategoryName) {
		dst = appendString(append(dst, `,"category_name":"`...), e.CategoryName)
	}
	if e.Recovered && fields.has(FieldRecovered) {
		dst = append(dst, `,"recovered":true`...)
	}
	if e.Offset >= 0 && fields.has(FieldOffset) {
		dst = strconv.AppendInt(append(dst, `,"offset":`...), e.Offset, 10)
	}
	return dst
}

// appendSource appends the event as its log has it.
func appendSource(dst []byte, e *eventlog.Event, fields Set) []byte {
	if e.Extra != nil {
		dst = textKey(dst, FieldXML, `,"xml":"`, e.Extra.XML, fields)
	}
	if len(e.Raw) > 0 && fields.has(FieldRaw) {
		dst = append(base64.StdEncoding.AppendEncode(append(dst, `,"raw":"`...), e.Raw), '"')
	}
	return dst
}

// nameOf is user.Name. Most users are accounts of a domain or a computer, which
// have no name that is the same everywhere: they are not looked for.
func nameOf(user eventlog.SID) string {
	if strings.HasPrefix(string(user), "S-1-5-21-") {
		return ""
	}
	return user.Name()
}

// appendDescriptor appends of the keys that only formats beyond .evt fill those
// that are the same in all events of one kind.
func appendDescriptor(dst []byte, x *eventlog.Extra, fields Set) []byte {
	dst = guidKey(dst, FieldProviderGUID, `,"provider_guid":"`, x.ProviderGUID, fields)
	if x.Keywords != 0 && fields.has(FieldKeywords) {
		dst = append(appendKeywords(append(dst, `,"keywords":"`...), x.Keywords), '"')
	}
	dst = numberKey(dst, FieldTask, `,"task":`, uint64(x.Task), fields)
	dst = numberKey(dst, FieldOpcode, `,"opcode":`, uint64(x.Opcode), fields)
	return numberKey(dst, FieldVersion, `,"version":`, uint64(x.Version), fields)
}

// appendActivity appends the others of them, up to the names.
func appendActivity(dst []byte, x *eventlog.Extra, fields Set) []byte {
	dst = numberKey(dst, FieldProcessID, `,"process_id":`, uint64(x.ProcessID), fields)
	dst = numberKey(dst, FieldThreadID, `,"thread_id":`, uint64(x.ThreadID), fields)
	dst = guidKey(dst, FieldActivityID, `,"activity_id":"`, x.ActivityID, fields)
	dst = guidKey(dst, FieldRelatedActivityID, `,"related_activity_id":"`, x.RelatedActivityID, fields)
	dst = textKey(dst, FieldChannel, `,"channel":"`, x.Channel, fields)
	dst = numberKey(dst, FieldRecordID, `,"record_id":`, x.RecordID, fields)
	dst = textKey(dst, FieldEventSourceName, `,"event_source_name":"`, x.EventSourceName, fields)
	dst = textKey(dst, FieldUserData, `,"user_data":"`, x.UserData, fields)
	return textKey(dst, FieldDataName, `,"data_name":"`, x.DataName, fields)
}

func appendNames(dst []byte, names []string, fields Set) []byte {
	if len(names) == 0 || !fields.has(FieldNames) {
		return dst
	}
	return appendStrings(append(dst, `,"names":[`...), names)
}

func guidKey(dst []byte, f Field, key string, g nt.GUID, fields Set) []byte {
	if g.IsZero() || !fields.has(f) {
		return dst
	}
	dst, _ = g.AppendText(append(dst, key...)) // its error is always nil
	return append(dst, '"')
}

func numberKey(dst []byte, f Field, key string, n uint64, fields Set) []byte {
	if n == 0 || !fields.has(f) {
		return dst
	}
	return strconv.AppendUint(append(dst, key...), n, 10)
}

func textKey(dst []byte, f Field, key, s string, fields Set) []byte {
	if s == "" || !fields.has(f) {
		return dst
	}
	return appendString(append(dst, key...), s)
}

// appendKeywords writes keywords as Windows does, without leading zeros.
func appendKeywords(dst []byte, k uint64) []byte {
	return appendHex(append(dst, '0', 'x'), k, max(1, (bits.Len64(k)+3)/4))
}

// appendStrings appends the rest of an array whose bracket is open.
func appendStrings(dst []byte, list []string) []byte {
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, '"'), s)
	}
	return append(dst, ']')
}

// appendString appends the rest of a JSON string whose quotation mark is open. s
// is copied first and then looked at eight bytes at a time, where it lies.
func appendString(dst []byte, s string) []byte {
	start := len(dst)
	dst = append(dst, s...)
	i := start
	for ; len(dst)-i >= 8; i += 8 {
		if m := oddJSON(binary.LittleEndian.Uint64(dst[i:])); m != 0 {
			i += bits.TrailingZeros64(m) / 8
			return appendEscaped(dst[:i], s[i-start:])
		}
	}
	if n := len(dst) - i; n > 0 {
		if m := oddJSON(tail(dst, n)); m != 0 {
			i += bits.TrailingZeros64(m) / 8
			return appendEscaped(dst[:i], s[i-start:])
		}
	}
	return append(dst, '"')
}

// appendEscaped is appendString for a text that has something to escape. What is
// legal in JSON but not on a terminal is escaped too; a byte that is not UTF-8
// becomes U+FFFD.
func appendEscaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if simple[c] {
			from := i
			for i++; i < len(s) && simple[s[i]]; i++ {
			}
			dst = append(dst, s[from:i]...)
			continue
		}
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c == '\n':
				dst = append(dst, '\\', 'n')
			case c == '\r':
				dst = append(dst, '\\', 'r')
			case c == '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, `\ufffd`...)
		case !unsafeRune(r):
			dst = append(dst, s[i:i+size]...)
		case r < 0x10000:
			dst = appendHex(append(dst, '\\', 'u'), uint64(r), 4)
		default:
			r -= 0x10000
			dst = appendHex(append(dst, '\\', 'u'), 0xd800+uint64(r>>10), 4)
			dst = appendHex(append(dst, '\\', 'u'), 0xdc00+uint64(r&0x3ff), 4)
		}
		i += size
	}
	return append(dst, '"')
}
