package ntlm

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVerify: who is asked behind Lookup knows the SessionBaseKey, and all that
// comes behind it, MIC included, rests on that.
func TestVerify(t *testing.T) {
	boom := errors.New("disk on fire")
	nobody := func(string, string) (hash [16]byte, ok bool, err error) { return hash, false, nil }
	for _, x := range []struct {
		name   string
		user   string
		pass   string
		lookup func(string, string) ([16]byte, bool, error)
		err    error
		wrong  bool // the key that Verify gives
		asked  []string
		want   error
	}{
		{name: "Lookup's own password", user: "fred", pass: "wilma"},
		{name: "nobody of Lookup's", user: "betty", pass: "secret", asked: []string{`ROCK\betty`}},
		{name: "another password than Lookup's", user: "fred", pass: "secret", asked: []string{`ROCK\fred`}},
		{name: "Lookup knows nobody", user: "fred", pass: "secret", lookup: nobody, asked: []string{`ROCK\fred`}},
		{name: "no", user: "betty", pass: "wrong", asked: []string{`ROCK\betty`}, want: ErrLogon},
		{name: "no, and not Lookup's", user: "fred", pass: "wrong", asked: []string{`ROCK\fred`}, want: ErrLogon},
		{name: "an error", user: "betty", pass: "secret", err: boom, asked: []string{`ROCK\betty`}, want: boom},
		{name: "another key", user: "betty", pass: "secret", wrong: true, asked: []string{`ROCK\betty`}, want: ErrMIC},
		{name: "Lookup fails", user: "betty", pass: "secret", lookup: func(string, string) (hash [16]byte, ok bool, err error) { return hash, false, boom }, want: boom},
	} {
		t.Run(x.name, func(t *testing.T) {
			var asked []string
			var sent []byte // the challenge's
			i := initiator(t, InitiatorOptions{User: x.user, Domain: "ROCK", Password: x.pass, TargetName: "host/bedrock", Seal: true})
			a := acceptor(t, AcceptorOptions{Lookup: x.lookup, Verify: func(domain, user string, challenge [8]byte, response []byte) (base [16]byte, ok bool, err error) {
				asked = append(asked, domain+`\`+user)
				if !bytes.Equal(challenge[:], sent) {
					t.Errorf("challenge %x, want %x", challenge, sent)
				}
				if x.err != nil {
					return [16]byte{1}, true, x.err
				}
				key := responseKey(NTHash("secret"), user, domain)
				p := proof(key, challenge, response[16:])
				base = sessionBase(key, p)
				if x.wrong {
					base[0]++
				}
				return base, bytes.Equal(p[:], response[:16]), nil
			}})
			err := exchange(i, a, func(n int, m []byte) []byte {
				if n == 2 {
					var c Challenge
					if err := c.UnmarshalBinary(m); err != nil {
						t.Fatal(err)
					}
					sent = c.ServerChallenge[:]
				}
				return m
			})
			if !errors.Is(err, x.want) {
				t.Fatalf("%v, want %v", err, x.want)
			}
			if d := cmp.Diff(x.asked, asked); d != "" {
				t.Errorf("asked (-want +got)\n%s", d)
			}
			if x.want != nil {
				if a.Security() != nil {
					t.Error("there is a session")
				}
				return
			}
			talk(t, i.Security(), a.Security())
			if user, domain := a.Name(); user != x.user || domain != "ROCK" || a.TargetName() != "host/bedrock" {
				t.Errorf("%q in %q, target %q", user, domain, a.TargetName())
			}
		})
	}
}

// TestVerifyNotAsked: nobody is asked about what is no NTLMv2 response of a user
// who is named.
func TestVerifyNotAsked(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(*Authenticate)
		want   error
	}{
		{"no user", func(m *Authenticate) { m.User = "" }, ErrLogon},
		{"NTLMv1", func(m *Authenticate) { m.NTResponse = m.NTResponse[:24] }, ErrWeak},
		{"no response", func(m *Authenticate) { m.NTResponse = nil }, ErrWeak},
	} {
		t.Run(x.name, func(t *testing.T) {
			i := initiator(t, InitiatorOptions{User: "fred", Password: "secret", Seal: true})
			a := acceptor(t, AcceptorOptions{Verify: func(domain, user string, _ [8]byte, _ []byte) (base [16]byte, ok bool, err error) {
				return base, true, fmt.Errorf("%q in %q was asked about", user, domain)
			}})
			err := exchange(i, a, func(n int, b []byte) []byte {
				if n != 3 {
					return b
				}
				var m Authenticate
				if err := m.UnmarshalBinary(b); err != nil {
					t.Fatal(err)
				}
				x.change(&m)
				return encode(t, &m)
			})
			if !errors.Is(err, x.want) {
				t.Errorf("%v, want %v", err, x.want)
			}
		})
	}
}
