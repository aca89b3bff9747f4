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

// RefusedEvent is the audit event of something that a door refused by itself: what
// is what c asked for, on which user or other thing.
func RefusedEvent(c eventlog.Caller, what, on string) *eventlog.Event {
	return refusedEvent(c, what, on)
}

// UserAddedEvent, UserRemovedEvent and UserChangedEvent are the audit events of a
// change of the service's own users by c. A value is never a secret.
func UserAddedEvent(c eventlog.Caller, user, groups string) *eventlog.Event {
	return ownUserAdded.event(c, who(c, user, groups)...)
}

func UserRemovedEvent(c eventlog.Caller, user string) *eventlog.Event {
	return ownUserRemoved.event(c, who(c, user)...)
}

func UserChangedEvent(c eventlog.Caller, user, what, value string) *eventlog.Event {
	return ownUserChanged.event(c, who(c, user, what, value)...)
}

// TokenEvent is the audit event of a token of a user that was made with a scope,
// or, if that is "", revoked.
func TokenEvent(c eventlog.Caller, user, token, scope string) *eventlog.Event {
	if scope == "" {
		return ownTokenRevoked.event(c, who(c, user, token)...)
	}
	return ownTokenMade.event(c, who(c, user, token, scope)...)
}

// CredentialEvent is the audit event of another credential, with which a server is asked
// from then on: the name of its user, never its password.
func CredentialEvent(c eventlog.Caller, server, user string) *eventlog.Event {
	return ownCredentialGiven.event(c, who(c, server, user)...)
}
