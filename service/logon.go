package service

import "netelf.example/eventlog"

// LogonEvent is the audit event of somebody who came in by a door that knows
// users: c is who it is, by how that was found out, as "NTLM". It is for Audit.
func LogonEvent(c eventlog.Caller, by string) *eventlog.Event { return logonEvent(c, by) }

// LogonRefusedEvent is the audit event of somebody who did not come in: the name
// of c is what was given, as DOMAIN\user. An empty reason is that there is no such
// user, or that the password is another; which of the two is not said.
func LogonRefusedEvent(c eventlog.Caller, by, reason string) *eventlog.Event {
	return logonRefusedEvent(c, by, reason)
}
