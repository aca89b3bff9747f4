package eventlog

import (
	"fmt"
	"strconv"
	"strings"
)

// Type is the EventType of a record: one of the five of Windows NT, or 0 for
// success, which is valid.
type Type uint16

// Event types ([MS-EVEN] 2.2.3, EVENTLOGRECORD).
const (
	Success      Type = 0x00 // EVENTLOG_SUCCESS
	Error        Type = 0x01 // EVENTLOG_ERROR_TYPE
	Warning      Type = 0x02 // EVENTLOG_WARNING_TYPE
	Information  Type = 0x04 // EVENTLOG_INFORMATION_TYPE
	AuditSuccess Type = 0x08 // EVENTLOG_AUDIT_SUCCESS
	AuditFailure Type = 0x10 // EVENTLOG_AUDIT_FAILURE
)

// Level is the severity of today's Windows.
type Level uint8

// Levels ([MS-EVEN6] 2.2.11; winmeta.xml). The names of Windows.
const (
	LogAlways        Level = 0
	LevelCritical    Level = 1
	LevelError       Level = 2
	LevelWarning     Level = 3
	LevelInformation Level = 4
	LevelVerbose     Level = 5
)

// Keywords that mark audit events in today's format.
const (
	KeywordAuditFailure uint64 = 0x10000000000000
	KeywordAuditSuccess uint64 = 0x20000000000000
	KeywordClassic      uint64 = 0x80000000000000
)

// types is the one table between the two ways to say how bad an event is.
var types = [...]struct {
	t        Type
	level    Level
	name     string // what a person reads and types
	constant string // the specification's identifier
}{
	{Error, LevelError, "error", "EVENTLOG_ERROR_TYPE"},
	{Warning, LevelWarning, "warning", "EVENTLOG_WARNING_TYPE"},
	{Information, LevelInformation, "information", "EVENTLOG_INFORMATION_TYPE"},
	{AuditSuccess, LogAlways, "audit success", "EVENTLOG_AUDIT_SUCCESS"},
	{AuditFailure, LogAlways, "audit failure", "EVENTLOG_AUDIT_FAILURE"},
	{Success, LevelInformation, "success", "EVENTLOG_SUCCESS"},
}

var levels = [...]string{"log always", "critical", "error", "warning", "information", "verbose"}

// LevelOf is the level that Windows gives an event of type t. A type outside the
// six gives LogAlways.
func LevelOf(t Type) Level {
	for i := range types {
		if types[i].t == t {
			return types[i].level
		}
	}
	return LogAlways
}

// TypeOf is the type of an event that has a level and keywords.
func TypeOf(l Level, keywords uint64) Type {
	switch {
	case keywords&KeywordAuditFailure != 0:
		return AuditFailure
	case keywords&KeywordAuditSuccess != 0:
		return AuditSuccess
	case l == LevelCritical, l == LevelError:
		return Error
	case l == LevelWarning:
		return Warning
	}
	return Information
}

// String is the type's name in lower case, "type 0x0020" for an unknown one.
func (t Type) String() string {
	for i := range types {
		if types[i].t == t {
			return types[i].name
		}
	}
	return fmt.Sprintf("type 0x%04x", uint16(t))
}

// Constant is the identifier that the specification has for t; ok is false for a
// type outside the six.
func (t Type) Constant() (s string, ok bool) {
	for i := range types {
		if types[i].t == t {
			return types[i].constant, true
		}
	}
	return "", false
}

func (l Level) String() string {
	if int(l) < len(levels) {
		return levels[l]
	}
	return "level " + strconv.Itoa(int(l))
}

// whole is the name that syslog, and many a finger, shortens to key.
func whole(key string) string {
	switch key {
	case "info":
		return "information"
	case "warn":
		return "warning"
	case "err":
		return "error"
	case "crit":
		return "critical"
	}
	return key
}

// ParseType takes a type's name, its identifier or its number. Case, and the
// difference between space, "-" and "_", do not count; "info", "warn", "err" and
// "audit_failure" are well.
func ParseType(s string) (Type, error) {
	key := whole(plain(s))
	for i := range types {
		c := plain(types[i].constant)
		if key == plain(types[i].name) || key == c || key == strings.TrimPrefix(c, "eventlog ") {
			return types[i].t, nil
		}
	}
	if n, err := strconv.ParseUint(s, 0, 16); err == nil {
		return Type(n), nil
	}
	return 0, fmt.Errorf("unknown type %q: one of error, warning, information, audit-success, audit-failure, success", s)
}

// ParseLevel takes a level's name, also as syslog shortens it, or its number 0 to 255.
func ParseLevel(s string) (Level, error) {
	key := whole(plain(s))
	for i, n := range levels {
		if key == n {
			return Level(i), nil
		}
	}
	if n, err := strconv.ParseUint(s, 10, 8); err == nil {
		return Level(n), nil
	}
	return 0, fmt.Errorf("unknown level %q: one of critical, error, warning, information, verbose, or a number", s)
}

func plain(s string) string {
	return strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(s))
}

func name(names []string, i int) string {
	if i >= 0 && i < len(names) {
		return names[i]
	}
	return strconv.Itoa(i)
}
