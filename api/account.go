package api

import "time"

// Login is who wants to log in.
type Login struct {
	User     string `json:"user" minLength:"1" maxLength:"256"`
	Password string `json:"password" minLength:"1" maxLength:"1024" format:"password"`
}

// LoginWays is how one can log in.
type LoginWays struct {
	Password bool           `json:"password" doc:"by POST /v1/session"`
	OIDC     *LoginProvider `json:"oidc" doc:"by GET /v1/session/oidc; null: not offered"`
}

// LoginProvider is who lets users in by OpenID Connect.
type LoginProvider struct {
	Name string `json:"name" doc:"what people know it by"`
}

// Session is what a login gives; what it is known by is in a cookie.
type Session struct {
	Caller Caller    `json:"caller"`
	Idle   int64     `json:"idle" doc:"seconds after which it ends if it is not used"`
	Ends   time.Time `json:"ends" doc:"when it ends in any case"`
}

// User is one of the server's own users.
type User struct {
	Name   string   `json:"name"`
	SID    string   `json:"sid"`
	Groups []string `json:"groups" doc:"administrators, users, event log readers"`
	NTLM   bool     `json:"ntlm" doc:"it may come by NTLM, too"`
}

// Users is a list of them.
type Users struct {
	Users []User `json:"users"`
}

// NewUser is a user to be added.
type NewUser struct {
	Name     string   `json:"name" minLength:"1" maxLength:"256"`
	Password string   `json:"password" minLength:"1" maxLength:"1024" format:"password"`
	Groups   []string `json:"groups,omitempty" maxItems:"8" doc:"administrators, users, readers; none: users"`
	NTLM     bool     `json:"ntlm,omitempty" doc:"it may come by NTLM, too; a hash is kept then that is worth the password"`
}

// NewPassword is a password to be set.
type NewPassword struct {
	Password string `json:"password" minLength:"1" maxLength:"1024" format:"password"`
	Old      string `json:"old,omitempty" maxLength:"1024" format:"password" doc:"the one that it was; for one's own"`
}

// Groups are those of a user.
type Groups struct {
	Groups []string `json:"groups" minItems:"1" maxItems:"8"`
}

// Token is a token of a user, without its text.
type Token struct {
	Name    string     `json:"name" minLength:"1" maxLength:"256"`
	Scope   []string   `json:"scope" minItems:"1" maxItems:"4" enum:"read,report,clear,manage" doc:"what it may do of what its owner may; manage: all but the owner's password and tokens"`
	Log     string     `json:"log,omitempty" maxLength:"1024" doc:"the one log that it is for; not there: all"`
	Made    *time.Time `json:"made,omitempty" readOnly:"true"`
	Expires *time.Time `json:"expires,omitempty" doc:"not there: never"`
}

// MadeToken is a Token with its text, which is said once.
type MadeToken struct {
	Token
	Text string `json:"token" doc:"for Authorization: Bearer; it is kept nowhere"`
}

// Tokens is a list of them.
type Tokens struct {
	Tokens []Token `json:"tokens"`
}
