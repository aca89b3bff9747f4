package service

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// ownKind is a kind of event that the service itself reports.
type ownKind uint8

// The kinds. Those of System come from the source EventLog, those of Security
// from the source Security.
const (
	ownStarted       ownKind = iota // System 6005
	ownStopped                      // System 6006
	ownUnclean                      // System 6008
	ownUncleanNoTime                // System 6201
	ownLogFull                      // System 6000

	ownSecurityCleared // Security 517
	ownLogCleared      // Security 7001
	ownSettingChanged  // Security 7002
	ownSourceAdded     // Security 7003
	ownSourceRemoved   // Security 7004
	ownLogCreated      // Security 7005
	ownLogDeleted      // Security 7006
	ownAccessRefused   // Security 7007
	ownLogonGranted    // Security 540
	ownLogonRefused    // Security 529
	ownLogonFailed     // Security 537

	ownUserAdded    // Security 7008
	ownUserRemoved  // Security 7009
	ownUserChanged  // Security 7010
	ownTokenMade    // Security 7011
	ownTokenRevoked // Security 7012

	ownCredentialGiven // Security 7013
)

// The categories of Security, as on NT.
const (
	categorySystem       = 1
	categoryLogon        = 2
	categoryObjectAccess = 3
	categoryPolicy       = 6
	categoryAccount      = 7
)

// securityCategories is how many categories Security has. Their names, as an English
// NT shows them, are messages of netelf.mc.
const securityCategories = 7

// ownEvent is what all events of a kind have in common. Where NT has an event of
// that meaning its id is taken, with severity and facility, and its strings in
// their order, with more behind them where there is more to say. The other ids
// are above those of NT.
type ownEvent struct {
	id       eventlog.EventID
	typ      eventlog.Type
	category uint16 // of Security; 0 in System
	inserts  int    // strings; its text is that of its id in netelf.mc
}

// ownEvents is in order of the kinds.
var ownEvents = [...]ownEvent{
	ownStarted:       {id: 0x80001775, typ: eventlog.Information},       // EVENT_EventlogStarted
	ownStopped:       {id: 0x80001776, typ: eventlog.Information},       // EVENT_EventlogStopped
	ownUnclean:       {id: 0x80001778, typ: eventlog.Error, inserts: 2}, // EVENT_EventlogAbnormalShutdown
	ownUncleanNoTime: {id: 0x80001839, typ: eventlog.Error},
	ownLogFull:       {id: 0x80001770, typ: eventlog.Warning, inserts: 1}, // EVENT_LogFileFull

	ownSecurityCleared: {id: 517, typ: eventlog.AuditSuccess, category: categorySystem, inserts: 9}, // SE_AUDITID_AUDIT_LOG_CLEARED
	ownLogCleared:      {id: 7001, typ: eventlog.AuditSuccess, category: categorySystem, inserts: 6},
	ownSettingChanged:  {id: 7002, typ: eventlog.AuditSuccess, category: categoryPolicy, inserts: 8},
	ownSourceAdded:     {id: 7003, typ: eventlog.AuditSuccess, category: categoryPolicy, inserts: 6},
	ownSourceRemoved:   {id: 7004, typ: eventlog.AuditSuccess, category: categoryPolicy, inserts: 6},
	ownLogCreated:      {id: 7005, typ: eventlog.AuditSuccess, category: categoryPolicy, inserts: 5},
	ownLogDeleted:      {id: 7006, typ: eventlog.AuditSuccess, category: categoryPolicy, inserts: 5},
	ownAccessRefused:   {id: 7007, typ: eventlog.AuditFailure, category: categoryObjectAccess, inserts: 6},
	ownLogonGranted:    {id: 540, typ: eventlog.AuditSuccess, category: categoryLogon, inserts: 8}, // SE_AUDITID_NETWORK_LOGON
	ownLogonRefused:    {id: 529, typ: eventlog.AuditFailure, category: categoryLogon, inserts: 6}, // SE_AUDITID_UNKNOWN_USER_OR_PWD
	ownLogonFailed:     {id: 537, typ: eventlog.AuditFailure, category: categoryLogon, inserts: 7}, // SE_AUDITID_UNSUCCESSFUL_LOGON

	ownUserAdded:    {id: 7008, typ: eventlog.AuditSuccess, category: categoryAccount, inserts: 6},
	ownUserRemoved:  {id: 7009, typ: eventlog.AuditSuccess, category: categoryAccount, inserts: 5},
	ownUserChanged:  {id: 7010, typ: eventlog.AuditSuccess, category: categoryAccount, inserts: 7},
	ownTokenMade:    {id: 7011, typ: eventlog.AuditSuccess, category: categoryAccount, inserts: 7},
	ownTokenRevoked: {id: 7012, typ: eventlog.AuditSuccess, category: categoryAccount, inserts: 6},

	ownCredentialGiven: {id: 7013, typ: eventlog.AuditSuccess, category: categoryPolicy, inserts: 6},
}

// log is the log that events of the kind go to.
func (k ownKind) log() string {
	if k < ownSecurityCleared {
		return logSystem
	}
	return logSecurity
}

func (k ownKind) source() string {
	if k < ownSecurityCleared {
		return sourceEventLog
	}
	return sourceSecurity
}

// ownMark is the data of each own event. By it one is told from one of Windows, which
// has the same source and number and other strings, in a file of which nobody says
// where it is from.
var ownMark = []byte("netelf")

// event makes an event of the kind, with as many strings as it has: "-" stands
// for what is not given. Its user is the caller; times and computer are for who
// reports it.
func (k ownKind) event(c eventlog.Caller, values ...string) *eventlog.Event {
	o := &ownEvents[k]
	e := &eventlog.Event{
		ID: o.id, Type: o.typ, Level: eventlog.LevelOf(o.typ), Category: o.category,
		Source: k.source(), User: callerSID(c), Data: slices.Clone(ownMark), Offset: -1,
	}
	for i := range o.inserts {
		s := ""
		if i < len(values) {
			s = values[i]
		}
		e.Strings = append(e.Strings, auditString(s))
	}
	return e
}

// callerSID is the SID of the user that c is: the first, which is where a token
// has it too. "" is none.
func callerSID(c eventlog.Caller) eventlog.SID {
	if len(c.SIDs) == 0 || !c.SIDs[0].Valid() {
		return ""
	}
	return c.SIDs[0]
}

// who is the first four strings of most events of Security.
func who(c eventlog.Caller, more ...string) []string {
	return append([]string{c.Name, string(callerSID(c)), c.Door, c.Addr}, more...)
}

// noValue is what NT writes for a string that has no value.
const noValue = "-"

// maxAuditString is the length of a string of an own event, in UTF-16 units. A
// name in a logon that is refused is whatever a stranger sent: an event must
// neither fail for it nor fill the log.
const maxAuditString = 1024

// auditString is s as a string of an event: no control characters, so that it
// makes no lines of its own, valid, and not too long.
func auditString(s string) string {
	if s == "" {
		return noValue
	}
	if len(s) > 4*maxAuditString { // what is cut off below at the latest
		s = s[:4*maxAuditString]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return '\ufffd'
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if nt.UTF16Len(s)/2 <= maxAuditString {
		return s
	}
	n := 0
	for i, r := range s {
		if n += 1; r > 0xffff {
			n++
		}
		if n >= maxAuditString {
			return s[:i] + "…"
		}
	}
	return s
}

// serviceEvent is ownStarted or ownStopped.
func serviceEvent(k ownKind) *eventlog.Event { return k.event(eventlog.Caller{}) }

// uncleanEvent says that the service was not stopped; last is when it is last
// known to have run, or zero.
func uncleanEvent(last time.Time) *eventlog.Event {
	if last.IsZero() {
		return ownUncleanNoTime.event(eventlog.Caller{})
	}
	last = last.UTC()
	return ownUnclean.event(eventlog.Caller{}, last.Format(time.TimeOnly), last.Format(time.DateOnly))
}

// logFullEvent says that a log refuses reports.
func logFullEvent(log string) *eventlog.Event {
	return ownLogFull.event(eventlog.Caller{}, log)
}

// clearedEvent says that c cleared a log; backup is what it was saved to, or "".
// For Security it is NT's own event. There is no primary user behind whose back
// another one asks, and there are no logon ids, so those strings are "-".
func clearedEvent(c eventlog.Caller, log, backup string) *eventlog.Event {
	if eventlog.EqualFold(log, logSecurity) {
		domain, user := splitUser(c.Name)
		return ownSecurityCleared.event(c, "", "", "", user, domain, "", c.Door, c.Addr, backup)
	}
	return ownLogCleared.event(c, who(c, log, backup)...)
}

// settingEvent says that c changed a setting of a log.
func settingEvent(c eventlog.Caller, log, setting, old, new string) *eventlog.Event {
	return ownSettingChanged.event(c, who(c, log, setting, old, new)...)
}

// sourceEvent is ownSourceAdded, also for one that was replaced, or
// ownSourceRemoved.
func sourceEvent(k ownKind, c eventlog.Caller, source, log string) *eventlog.Event {
	return k.event(c, who(c, source, log)...)
}

// logEvent is ownLogCreated or ownLogDeleted.
func logEvent(k ownKind, c eventlog.Caller, log string) *eventlog.Event {
	return k.event(c, who(c, log)...)
}

// refusedEvent says that c was refused something: what is what it asked for, on
// which log or other thing.
func refusedEvent(c eventlog.Caller, what, on string) *eventlog.Event {
	return ownAccessRefused.event(c, who(c, on, what)...)
}

// logonType is that of a logon over the network, on NT.
const logonType = "3"

// logonEvent says that c came in by its door; by is how it was authenticated.
func logonEvent(c eventlog.Caller, by string) *eventlog.Event {
	domain, user := splitUser(c.Name)
	return ownLogonGranted.event(c, user, domain, "", logonType, c.Door, by, c.Addr, string(callerSID(c)))
}

// logonRefusedEvent says that c did not come in. Its name is what was given. An
// empty reason is that there is no such user, or that the password is another;
// which of the two is not said.
func logonRefusedEvent(c eventlog.Caller, by, reason string) *eventlog.Event {
	domain, user := splitUser(c.Name)
	k := ownLogonRefused
	if reason != "" {
		k = ownLogonFailed
	}
	return k.event(c, user, domain, logonType, c.Door, by, c.Addr, reason)
}

// splitUser parts DOMAIN\user.
func splitUser(name string) (domain, user string) {
	if domain, user, ok := strings.Cut(name, `\`); ok {
		return domain, user
	}
	return "", name
}
