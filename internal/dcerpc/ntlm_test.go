package dcerpc

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"testing"
	"testing/synctest"

	"netelf.example/internal/ntlm"
)

// The NTLM package as mechanisms.
type (
	ntlmClient   struct{ *ntlm.Initiator }
	ntlmServer   struct{ *ntlm.Acceptor }
	ntlmSecurity struct{ *ntlm.Session }
)

func (m ntlmClient) Security() Security { return ntlmSecurity{m.Initiator.Security()} }
func (m ntlmServer) Security() Security { return ntlmSecurity{m.Acceptor.Security()} }
func (m ntlmClient) Identity() any      { return nil }
func (m ntlmServer) Identity() any {
	user, _ := m.Name()
	return user
}

// SignsHeader: with extended session security NTLM signs all of a PDU.
func (s ntlmSecurity) SignsHeader() bool {
	return s.Flags()&ntlm.FlagExtendedSessionSecurity != 0
}

// TestNTLM: the real mechanism, at each level, and with a wrong password.
func TestNTLM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, ServerOptions{Auth: map[uint8]func(*Peer) Mechanism{AuthNTLM: func(*Peer) Mechanism {
			a, err := ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", Lookup: func(_, user string) ([16]byte, bool, error) {
				return ntlm.NTHash("yabba"), user == "fred", nil
			}})
			if err != nil {
				t.Error(err)
			}
			return ntlmServer{a}
		}}})
		client := func(password string) Mechanism {
			i, err := ntlm.NewInitiator(ntlm.InitiatorOptions{User: "fred", Password: password, Seal: true})
			if err != nil {
				t.Fatal(err)
			}
			return ntlmClient{i}
		}
		for _, l := range []uint8{LevelConnect, LevelPacket, LevelIntegrity, LevelPrivacy} {
			for _, sign := range []bool{false, true} {
				c := w.dial(t, ClientOptions{Mechanism: client("yabba"), AuthType: AuthNTLM, AuthLevel: l, HeaderSigning: sign})
				for _, n := range []int{0, 1, 5000, 20000} {
					out, err := c.Call(context.Background(), opEcho, pattern(n))
					if err != nil || !bytes.Equal(out, pattern(n)) {
						t.Errorf("level %d, header signing %v: %d of %d bytes, %v", l, sign, len(out), n, err)
					}
				}
				if out, err := c.Call(context.Background(), opPeer, nil); err != nil || !bytes.HasPrefix(out, []byte("fred ")) {
					t.Errorf("peer %q, %v", out, err)
				}
			}
		}
		c := w.dial(t, ClientOptions{Mechanism: client("dabba"), AuthType: AuthNTLM})
		if _, err := c.Call(context.Background(), opEcho, nil); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("with a wrong password: %v", err)
		}
	})
}
