package krb5

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
)

// Error is what a KDC or a service answered, or a ticket that is of no use. Its text
// is one line that says what to do.
type Error struct {
	Code int32 // KRB-ERROR's error-code ([RFC 4120] 7.5.9); 0: found out here
	Text string

	refused bool
}

func (e *Error) Error() string { return "kerberos: " + e.Text }

// Is makes what lies with the user, the ticket or the password an fs.ErrPermission.
// A service that the KDC does not know and clocks that differ are none: the next
// server may be another matter.
func (e *Error) Is(target error) bool { return e.refused && target == fs.ErrPermission }

// refusal is an Error that lies with who asks.
func refusal(format string, a ...any) error {
	return &Error{Text: fmt.Sprintf(format, a...), refused: true}
}

// ErrReplay is a request that has come before; it is fs.ErrPermission.
var ErrReplay error = &Error{Code: errorcode.KRB_AP_ERR_REPEAT, Text: "the request has come before", refused: true}

// answered is the error that a KDC, or a service, said. who asked for what.
func answered(code int32, said, from, who, what string) error {
	e := &Error{Code: code}
	switch code {
	case errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN:
		e.Text, e.refused = fmt.Sprintf("%s knows no user %s", from, who), true
	case errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN, errorcode.KDC_ERR_MUST_USE_USER2USER:
		e.Text = fmt.Sprintf("%s knows no service %s: name the server as the domain does, not by its address", from, what)
	case errorcode.KDC_ERR_PREAUTH_FAILED, errorcode.KRB_AP_ERR_BAD_INTEGRITY:
		e.Text, e.refused = fmt.Sprintf("%s refuses the password, or key, of %s", from, who), true
	case errorcode.KDC_ERR_CLIENT_REVOKED:
		e.Text, e.refused = fmt.Sprintf("%s says that %s is disabled or locked out", from, who), true
	case errorcode.KDC_ERR_KEY_EXPIRED:
		e.Text, e.refused = fmt.Sprintf("%s says that the password of %s has expired: set a new one", from, who), true
	case errorcode.KDC_ERR_NAME_EXP:
		e.Text, e.refused = fmt.Sprintf("%s says that the account of %s has expired", from, who), true
	case errorcode.KDC_ERR_POLICY, errorcode.KDC_ERR_BADOPTION:
		e.Text = fmt.Sprintf("%s has a rule against tickets of %s for %s", from, who, what)
	case errorcode.KDC_ERR_ETYPE_NOSUPP:
		e.Text = fmt.Sprintf("%s has no AES key for %s or %s: set a new password there, or allow AES", from, who, what)
	case errorcode.KRB_AP_ERR_TKT_EXPIRED:
		e.Text, e.refused = fmt.Sprintf("%s says that the ticket of %s has expired: run kinit", from, who), true
	case errorcode.KRB_AP_ERR_SKEW, errorcode.KRB_AP_ERR_TKT_NYV:
		e.Text = fmt.Sprintf("the clocks of this machine and of %s differ by more than 5 minutes: set them", from)
	case errorcode.KRB_AP_ERR_MODIFIED:
		e.Text = fmt.Sprintf("%s cannot read the ticket for %s: its keytab, or its name in the domain, is not the KDC's", from, what)
	case errorcode.KDC_ERR_WRONG_REALM, errorcode.KDC_ERR_SVC_UNAVAILABLE:
		e.Text = fmt.Sprintf("%s does not answer for the realm of %s", from, who)
	default:
		e.Text = fmt.Sprintf("%s answers %s", from, errorcode.Lookup(code))
		if said != "" {
			e.Text += fmt.Sprintf(": %.200q", said)
		}
	}
	return e
}

// codeOf is the code of a KRB-ERROR that the module found.
func codeOf(err error) (messages.KRBError, bool) {
	var k messages.KRBError
	ok := errors.As(err, &k)
	return k, ok
}

// errMalformed is where the module beneath gave up with a panic.
var errMalformed = errors.New("kerberos: malformed message")

// guard runs f, which calls the module: it indexes what a peer need not have sent.
func guard(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errMalformed
		}
	}()
	return f()
}
