package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"netelf.example/eventlog"
)

// Schema is how the json output names and arranges what it has of an event.
type Schema uint8

// The schemas.
const (
	Native Schema = iota // the keys of the package's documentation
	ECS                  // Elastic Common Schema, as Winlogbeat writes it
	OTel                 // the log body of OpenTelemetry's windowseventlogreceiver
)

var schemaNames = [...]string{"native", "ecs", "otel"}

func (s Schema) String() string {
	if int(s) < len(schemaNames) {
		return schemaNames[s]
	}
	return fmt.Sprintf("schema %d", uint8(s))
}

// ParseSchema takes the name of a schema, as String gives it.
func ParseSchema(s string) (Schema, error) {
	if i := slices.Index(schemaNames[:], s); i >= 0 {
		return Schema(i), nil
	}
	return 0, fmt.Errorf("unknown schema %q: one of %s", s, strings.Join(schemaNames[:], ", "))
}

// schemaLines is the json output in another schema than our own.
type schemaLines struct {
	append func(*schemaLines, []byte, *eventlog.Event) []byte

	pairs []pair         // of the event's data
	place map[string]int // in pairs, of the one that counts
}

// pair is a datum under the key that a schema gives it.
type pair struct{ key, value string }

func newSchemaLines(s Schema) *schemaLines {
	l := &schemaLines{append: (*schemaLines).ecs, place: map[string]int{}}
	if s == OTel {
		l.append = (*schemaLines).otel
	}
	return l
}

func (l *schemaLines) begin(dst []byte) []byte { return dst }
func (l *schemaLines) end(dst []byte) []byte   { return dst }

func (l *schemaLines) event(dst []byte, e *eventlog.Event) []byte {
	return append(l.append(l, dst, e), '\n')
}

// object appends the pairs as an object, of several with one key the one in place.
func (l *schemaLines) object(dst []byte) []byte {
	start := len(dst)
	for i, p := range l.pairs {
		if l.place[p.key] == i {
			dst = appendText(dst, p.key, p.value)
		}
	}
	return closeObject(dst, start)
}

// appendMember appends the key of a member, before its value.
func appendMember(dst []byte, key string) []byte {
	return append(appendString(append(dst, `,"`...), key), ':')
}

func appendText(dst []byte, key, s string) []byte {
	return appendString(append(appendMember(dst, key), '"'), s)
}

// appendSome appends a text if there is one.
func appendSome(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return appendText(dst, key, s)
}

func appendNumber(dst []byte, key string, n uint64) []byte {
	return strconv.AppendUint(appendMember(dst, key), n, 10)
}

// appendMembers appends an object that members appends to.
func appendMembers(dst []byte, key string, members func([]byte) []byte) []byte {
	dst = appendMember(dst, key)
	start := len(dst)
	return closeObject(members(dst), start)
}

// recordID is the number that the event itself has, or else that of its record.
func recordID(e *eventlog.Event) uint64 {
	if e.Extra != nil && e.Extra.RecordID != 0 {
		return e.Extra.RecordID
	}
	return e.RecordNumber
}

// taskOf is the number of the event's task.
func taskOf(e *eventlog.Event) uint16 {
	if e.Extra != nil && e.Extra.Task != 0 {
		return e.Extra.Task
	}
	return e.Category
}
