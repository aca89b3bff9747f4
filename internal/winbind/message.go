package winbind

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxName is how long a user's or domain's name may be, in bytes of UTF-8.
	MaxName = 255
	// MaxResponse is how long an NTLMv2 response may be, in bytes.
	MaxResponse = 1 << 16

	minResponse = 25 // one byte more than that of NTLMv1
	maxAnswer   = 4 << 10
	maxReason   = 200 // bytes
)

// Question is a response to a challenge.
type Question struct {
	Domain    string // as the client sent it, since the response is made with it; "" is allowed
	User      string // as the client sent it
	Challenge [8]byte
	Response  []byte // NTLMv2_RESPONSE ([MS-NLMP] 2.2.2.8)
}

// String says nothing secret.
func (q Question) String() string { return fmt.Sprintf("logon of %q in %q", q.User, q.Domain) }

// GoString is String, so that no verb of fmt prints more.
func (q Question) GoString() string { return q.String() }

// Format prints String for every verb.
func (q Question) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, q.String()) }

// append appends the question as the program reads it.
func (q Question) append(dst []byte) ([]byte, error) {
	switch {
	case q.User == "":
		return dst, errors.New("no user is named")
	case len(q.Response) < minResponse || len(q.Response) > MaxResponse:
		return dst, fmt.Errorf("response of %d bytes, want %d to %d", len(q.Response), minResponse, MaxResponse)
	}
	for _, n := range []struct{ what, name string }{{"domain", q.Domain}, {"user", q.User}} {
		switch {
		case len(n.name) > MaxName:
			return dst, fmt.Errorf("name of the %s of %d bytes, at most %d", n.what, len(n.name), MaxName)
		case !utf8.ValidString(n.name):
			return dst, fmt.Errorf("name of the %s is not UTF-8", n.what)
		case strings.ContainsFunc(n.name, unicode.IsControl):
			return dst, fmt.Errorf("name of the %s has a control character", n.what)
		}
	}
	dst = append(dst, "NT-Domain:: "...)
	dst = base64.StdEncoding.AppendEncode(dst, []byte(q.Domain))
	dst = append(dst, "\nUsername:: "...)
	dst = base64.StdEncoding.AppendEncode(dst, []byte(q.User))
	dst = append(dst, "\nLANMAN-Challenge: "...)
	dst = hex.AppendEncode(dst, q.Challenge[:])
	dst = append(dst, "\nNT-Response: "...)
	dst = hex.AppendEncode(dst, q.Response)
	return append(dst, "\nRequest-User-Session-Key: Yes\n.\n"...), nil
}

// Verdict is what became of a question.
type Verdict uint8

// The verdicts. The zero Verdict is none that lets anybody in.
const (
	Refused Verdict = iota // for another reason: the account is disabled, locked, …
	Wrong                  // there is no such user, or the password is another one
	Absent                 // nobody looked at the password: winbind or the controllers were not reached
	Yes
)

func (v Verdict) String() string {
	switch v {
	case Refused:
		return "refused"
	case Wrong:
		return "wrong user or password"
	case Absent:
		return "winbind was not reached"
	case Yes:
		return "yes"
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// Answer is what winbind says.
type Answer struct {
	Verdict Verdict
	Key     [16]byte // SessionBaseKey, of Yes
	Reason  string   // of the others, as Samba words it: one line of at most 200 bytes
}

// String says nothing secret.
func (a Answer) String() string {
	if a.Reason == "" {
		return a.Verdict.String()
	}
	return a.Verdict.String() + ": " + a.Reason
}

// GoString is String, so that no verb of fmt prints more.
func (a Answer) GoString() string { return a.String() }

// Format prints String for every verb.
func (a Answer) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, a.String()) }

// reasons are the beginnings of Samba's texts that say more than that it refused.
// A text that is not here is Refused. Those of Samba 4.17 were seen; the short ones
// are the names that it falls back on for a status without a text.
var reasons = []struct {
	text string
	v    Verdict
}{
	{"When trying to update a password, this return status indicates that the value provided as the current password is not correct", Wrong},
	{"The specified account does not exist", Wrong},
	{"The attempted logon is invalid", Wrong},
	{"NT_STATUS_WRONG_PASSWORD", Wrong},
	{"NT_STATUS_NO_SUCH_USER", Wrong},
	{"NT_STATUS_LOGON_FAILURE", Wrong},
	{"Reading winbind reply failed", Absent},
	{"No logon servers are currently available", Absent},
	{"winbind client not authorized", Absent},
	{"NT_STATUS_NO_LOGON_SERVERS", Absent},
}

// Errors of an answer. Its text is in none: it may hold the response or the key.
var (
	errQuestion = errors.New("the program did not take the question")
	errNoKey    = errors.New("let in without a session key, as a guest")
	errEnd      = errors.New("answer without an end")
	errFirst    = errors.New("answer whose first line is not understood")
	errSecond   = errors.New("answer whose second line is not understood")
)

// parseAnswer reads what the program has printed.
func parseAnswer(b []byte) (Answer, error) {
	if bytes.HasPrefix(b, []byte("Error: ")) {
		return Answer{}, errQuestion
	}
	text, ok := strings.CutSuffix(string(b), "\n.\n")
	if !ok {
		return Answer{}, errEnd
	}
	first, second, more := strings.Cut(text, "\n")
	switch first {
	case "Authenticated: Yes":
		if !more {
			return Answer{}, errNoKey
		}
		digits, ok := strings.CutPrefix(second, "User-Session-Key: ")
		key, err := hex.DecodeString(digits)
		if !ok || err != nil || len(key) != len(Answer{}.Key) {
			return Answer{}, errSecond
		}
		a := Answer{Verdict: Yes, Key: [16]byte(key)}
		if a.Key == ([16]byte{}) {
			return Answer{}, errNoKey
		}
		return a, nil
	case "Authenticated: No":
		second = strings.TrimSuffix(second, "\n.") // a refusal has two ends
		why, ok := strings.CutPrefix(second, "Authentication-Error: ")
		if !ok || strings.Contains(why, "\n") {
			return Answer{}, errSecond
		}
		a := Answer{Reason: reason(why)}
		for _, r := range reasons {
			if strings.HasPrefix(why, r.text) {
				a.Verdict = r.v
				break
			}
		}
		return a, nil
	}
	return Answer{}, errFirst
}

// reason is a text as one line that is not too long.
func reason(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason]
	}
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if s = strings.TrimRight(strings.TrimSpace(s), ".!"); s == "" {
		return "without a reason"
	}
	return s
}
