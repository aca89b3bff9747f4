package smb

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"netelf.example/nt"
)

// TestTicketError: what is said of a logon by ticket that failed.
func TestTicketError(t *testing.T) {
	own := errors.New("kerberos: the service has another key")
	for _, x := range []struct {
		name   string
		t      ticketInitiator
		status nt.Status
		want   error
	}{
		{"its own error", ticketInitiator{answered: true, err: own}, nt.StatusMoreProcessingRequired, own},
		{"refused", ticketInitiator{}, nt.StatusLogonFailure, nt.StatusLogonFailure},
		{"another mechanism", ticketInitiator{}, nt.StatusMoreProcessingRequired, errNoKerberos},
		{"something else", ticketInitiator{answered: true}, nt.StatusSuccess, nil},
		{"no answer", ticketInitiator{}, 0, nil},
	} {
		if got := x.t.explain(x.status); got != x.want {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
	err := error(&Error{Server: "bedrock:445", Op: "logon as fred@QUARRY.EXAMPLE by Kerberos", Status: nt.StatusLogonFailure, ticket: true})
	const want = "smb: bedrock:445: logon as fred@QUARRY.EXAMPLE by Kerberos: the server does not take the ticket, or has no such user: wrong user name or password (STATUS_LOGON_FAILURE)"
	if err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestLinkLogon: the status of a SESSION_SETUP is seen, in whatever pieces it comes,
// and that of nothing else.
func TestLinkLogon(t *testing.T) {
	message := func(command uint16, status nt.Status, size int) []byte {
		b := make([]byte, 4+size)
		binary.BigEndian.PutUint32(b, uint32(size))
		copy(b[4:], protocolID[:])
		binary.LittleEndian.PutUint32(b[4+offsetStatus:], uint32(status))
		binary.LittleEndian.PutUint16(b[4+offsetCommand:], command)
		return b
	}
	encrypted := message(commandSessionSetup, nt.StatusAccountDisabled, 80)
	copy(encrypted[4:], transformID[:])
	for _, x := range []struct {
		name string
		b    []byte
		want nt.Status
	}{
		{"a logon", message(commandSessionSetup, nt.StatusLogonFailure, 72), nt.StatusLogonFailure},
		{"a negotiation", message(commandNegotiate, nt.StatusNotSupported, 72), 0},
		{"a message that ends before the command", message(commandSessionSetup, nt.StatusLogonFailure, 72)[:4+offsetCommand], 0},
		{"one encrypted", encrypted, 0},
		{"two logons", append(message(commandSessionSetup, nt.StatusMoreProcessingRequired, 90), message(commandSessionSetup, nt.StatusAccountDisabled, 64)...), nt.StatusAccountDisabled},
	} {
		for _, pieces := range []bool{false, true} {
			ours, theirs := net.Pipe()
			go func() {
				_, _ = theirs.Write(x.b) // the other end tells
				_ = theirs.Close()
			}()
			l := newLink(ours, false)
			_ = l.SetReadDeadline(time.Now().Add(time.Minute)) // of a pipe, which has one
			var r io.Reader = l
			if pieces {
				r = iotest.OneByteReader(l)
			}
			_, _ = io.Copy(io.Discard, r) // it may be cut off
			if got := nt.Status(l.logon.Load()); got != x.want {
				t.Errorf("%s, in pieces %v: %v, want %v", x.name, pieces, got, x.want)
			}
			_ = l.Close()
		}
	}
}
