package spnego

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/ntlm"
)

// plain is a mechanism of a number of messages, whose signature is text.
type plain struct {
	name      string
	messages  int // that the two sides send together
	initiator bool
	want      bool // WantMIC
	seen      int  // messages so far
}

func (p *plain) Step(token []byte) (reply []byte, done bool, err error) {
	if !(p.initiator && p.seen == 0) {
		if want := fmt.Sprintf("%s %d", p.name, p.seen+1); string(token) != want {
			return nil, false, fmt.Errorf("plain: token %q, want %q", token, want)
		}
		p.seen++
	} else if token != nil {
		return nil, false, fmt.Errorf("plain: token %q at the beginning", token)
	}
	if p.seen < p.messages {
		p.seen++
		reply = []byte(fmt.Sprintf("%s %d", p.name, p.seen))
	}
	return reply, p.seen == p.messages, nil
}

func (p *plain) WantMIC() bool { return p.want }

func (p *plain) MakeMIC(list []byte) ([]byte, error) {
	return []byte(fmt.Sprintf("%s %v %x", p.name, p.initiator, list)), nil
}

func (p *plain) CheckMIC(list, mic []byte) error {
	if string(mic) != fmt.Sprintf("%s %v %x", p.name, !p.initiator, list) {
		return errMIC
	}
	return nil
}

var errMIC = errors.New("plain: wrong signature")

func plainOffer(oid OID, messages int, initiator, want bool) Offer {
	return Offer{oid, func() (Mechanism, error) {
		return &plain{name: oid.String(), messages: messages, initiator: initiator, want: want}, nil
	}}
}

func ntlmOffer(user, password string) Offer {
	return Offer{NTLM, func() (Mechanism, error) {
		return ntlm.NewInitiator(ntlm.InitiatorOptions{User: user, Password: password, Seal: true})
	}}
}

func ntlmServer() Offer {
	return Offer{NTLM, func() (Mechanism, error) {
		return ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", Lookup: func(_, user string) (hash [16]byte, ok bool, err error) {
			return ntlm.NTHash("wilma"), user == "fred", nil
		}})
	}}
}

func sides(t testing.TB, i, a []Offer) (*Initiator, *Acceptor) {
	t.Helper()
	x, err := NewInitiator(i)
	if err != nil {
		t.Fatal(err)
	}
	y, err := NewAcceptor(a)
	if err != nil {
		t.Fatal(err)
	}
	return x, y
}

// run carries tokens between the two sides until both are done, and gives what was
// sent, in a short form. change may alter each on its way.
func run(i *Initiator, a *Acceptor, change func(n int, token []byte) []byte) (sent []string, err error) {
	var token []byte
	idone, adone := false, false
	for n := 1; !idone || !adone; n++ {
		if n%2 == 1 {
			token, idone, err = i.Step(token)
		} else {
			token, adone, err = a.Step(token)
		}
		if err != nil {
			return sent, err
		}
		if token == nil {
			if idone && adone {
				break
			}
			return sent, fmt.Errorf("nothing sent: initiator %v, acceptor %v", idone, adone)
		}
		if change != nil {
			token = change(n, bytes.Clone(token))
		}
		sent = append(sent, shortForm(token))
	}
	return sent, nil
}

func shortForm(token []byte) string {
	var t Init
	s := ""
	var tok, mic []byte
	if t.UnmarshalBinary(token) == nil {
		s, tok, mic = fmt.Sprintf("init %d", len(t.Mechanisms)), t.Token, t.MIC
	} else {
		var r Resp
		if r.UnmarshalBinary(token) != nil {
			return "?"
		}
		s, tok, mic = r.State.String(), r.Token, r.MIC
		if r.Mechanism != "" {
			s += " choice"
		}
	}
	if tok != nil {
		s += " token"
	}
	if mic != nil {
		s += " mic"
	}
	return s
}

const other = OID("\x2a\x03\x04")

func TestExchange(t *testing.T) {
	for _, x := range []struct {
		name string
		i, a []Offer
		oid  OID
		want string
	}{
		{"ntlm", []Offer{ntlmOffer("fred", "wilma")}, []Offer{ntlmServer()}, NTLM,
			"init 1 token; accept-incomplete choice token; none token mic; accept-completed mic"},
		{"ntlm as the second", []Offer{plainOffer(other, 2, true, false), ntlmOffer("fred", "wilma")}, []Offer{ntlmServer()}, NTLM,
			"init 2 token; request-mic choice; none token; accept-incomplete token; none token mic; accept-completed mic"},
		{"ntlm by the initiator's order", []Offer{ntlmOffer("fred", "wilma"), plainOffer(other, 2, true, false)}, []Offer{plainOffer(other, 2, false, false), ntlmServer()}, NTLM,
			"init 2 token; accept-incomplete choice token; none token mic; accept-completed mic"},
		{"one message", []Offer{plainOffer(other, 1, true, false)}, []Offer{plainOffer(other, 1, false, false)}, other,
			"init 1 token; accept-completed choice"},
		{"two messages", []Offer{plainOffer(other, 2, true, false)}, []Offer{plainOffer(other, 2, false, false)}, other,
			"init 1 token; accept-completed choice token"},
		{"three messages", []Offer{plainOffer(other, 3, true, false)}, []Offer{plainOffer(other, 3, false, false)}, other,
			"init 1 token; accept-incomplete choice token; none token; accept-completed"},
		{"two messages, the acceptor wants it signed", []Offer{plainOffer(other, 2, true, false)}, []Offer{plainOffer(other, 2, false, true)}, other,
			"init 1 token; accept-incomplete choice token mic; none mic; accept-completed"},
		{"three messages, the acceptor wants it signed", []Offer{plainOffer(other, 3, true, false)}, []Offer{plainOffer(other, 3, false, true)}, other,
			"init 1 token; accept-incomplete choice token; none token; accept-incomplete mic; none mic; accept-completed"},
		{"two messages, as the second", []Offer{plainOffer(Kerberos, 2, true, false), plainOffer(other, 2, true, false)}, []Offer{plainOffer(other, 2, false, false)}, other,
			"init 2 token; request-mic choice; none token; accept-incomplete token mic; none mic; accept-completed"},
	} {
		i, a := sides(t, x.i, x.a)
		sent, err := run(i, a, nil)
		if err != nil {
			t.Errorf("%s: %v after %s", x.name, err, strings.Join(sent, "; "))
			continue
		}
		if got := strings.Join(sent, "; "); got != x.want {
			t.Errorf("%s:\nhave %s\nwant %s", x.name, got, x.want)
		}
		im, ioid := i.Mechanism()
		am, aoid := a.Mechanism()
		if im == nil || am == nil || ioid != x.oid || aoid != x.oid {
			t.Errorf("%s: %v, %v; %v, %v", x.name, im, ioid, am, aoid)
		}
		if client, ok := im.(*ntlm.Initiator); ok {
			talk(t, client.Security(), am.(*ntlm.Acceptor).Security())
		}
		for _, step := range []func([]byte) ([]byte, bool, error){i.Step, a.Step} {
			if _, done, err := step(nil); !errors.Is(err, ErrState) || done {
				t.Errorf("%s: goes on after the end: %v", x.name, err)
			}
		}
	}
}

// talk sends a sealed message both ways: behind the list's signature the sequence
// numbers go on at 1.
func talk(t testing.TB, x, y *ntlm.Session) {
	t.Helper()
	for range 2 {
		m := []byte("a message")
		sig, err := x.Seal(m, 2, 9)
		if err != nil {
			t.Fatal(err)
		}
		if err := y.Unseal(m, 2, 9, sig); err != nil || string(m) != "a message" || sig[12] != 1 {
			t.Errorf("%q, number %d, %v", m, sig[12], err)
		}
		x, y = y, x
	}
}

func TestServerSpeaksFirst(t *testing.T) {
	hint := encode(t, &Init{Mechanisms: []OID{NegoEx, NTLM}, Hint: "not_defined_in_RFC4178@please_ignore"})
	i, a := sides(t, []Offer{plainOffer(other, 2, true, false), ntlmOffer("fred", "wilma")}, []Offer{ntlmServer()})
	b, _, err := i.Step(hint)
	if err != nil || shortForm(b) != "init 1 token" {
		t.Fatalf("%s, %v", shortForm(b), err)
	}
	if b, _, err = a.Step(b); err != nil || shortForm(b) != "accept-incomplete choice token" {
		t.Errorf("%s, %v", shortForm(b), err)
	}
	i, _ = sides(t, []Offer{plainOffer(other, 2, true, false)}, []Offer{ntlmServer()})
	if _, _, err := i.Step(hint); !errors.Is(err, ErrNoMechanism) {
		t.Error(err)
	}
}

// edit changes one token of an exchange.
func edit(n int, f func(t *Init, r *Resp)) func(int, []byte) []byte {
	return func(k int, token []byte) []byte {
		if k != n {
			return token
		}
		var t Init
		var r Resp
		if t.UnmarshalBinary(token) == nil {
			f(&t, nil)
			token, _ = t.AppendBinary(nil) // shorter than it was
		} else if r.UnmarshalBinary(token) == nil {
			f(nil, &r)
			token, _ = r.AppendBinary(nil)
		}
		return token
	}
}

func TestChangedOnTheWay(t *testing.T) {
	three := func(want bool) ([]Offer, []Offer) {
		return []Offer{plainOffer(other, 3, true, want), plainOffer(Kerberos, 3, true, want)},
			[]Offer{plainOffer(other, 3, false, false), plainOffer(Kerberos, 3, false, false)}
	}
	for _, x := range []struct {
		name   string
		signed bool // the list is signed without need
		change func(int, []byte) []byte
		want   error
	}{
		{"the first mechanism is not supported", false, edit(1, func(i *Init, _ *Resp) { i.Mechanisms[0] = NegoEx }), errMIC},
		{"the first mechanism is taken away", false, edit(1, func(i *Init, _ *Resp) { i.Mechanisms, i.Token = i.Mechanisms[1:], nil }), errMIC},
		{"the second mechanism is taken away, signed", true, edit(1, func(i *Init, _ *Resp) { i.Mechanisms = i.Mechanisms[:1] }), errMIC},
		{"the initiator's signature is taken away", true, edit(3, func(_ *Init, r *Resp) { r.MIC = nil }), ErrMIC},
		{"the acceptor's signature is taken away", true, edit(4, func(_ *Init, r *Resp) { r.MIC = nil }), ErrMIC},
		{"the acceptor's signature is changed", true, edit(4, func(_ *Init, r *Resp) { r.MIC[0]++ }), errMIC},
		{"a signature too early", false, edit(2, func(_ *Init, r *Resp) { r.MIC = []byte("x") }), errMIC},
		{"completed too early", false, edit(2, func(_ *Init, r *Resp) { r.State = StateCompleted }), ErrState},
		{"completed without a token", false, edit(2, func(_ *Init, r *Resp) { r.State, r.Token = StateCompleted, nil }), ErrState},
		{"no token", false, edit(2, func(_ *Init, r *Resp) { r.Token = nil }), ErrState},
		{"a mechanism that was not offered", false, edit(2, func(_ *Init, r *Resp) { r.Mechanism = NegoEx }), ErrNoMechanism},
		{"another mechanism later", false, edit(4, func(_ *Init, r *Resp) { r.Mechanism = Kerberos }), ErrState},
		{"a token after the end", false, edit(4, func(_ *Init, r *Resp) { r.Token = []byte("x") }), ErrState},
		{"not completed", false, edit(4, func(_ *Init, r *Resp) { r.State = StateIncomplete }), ErrState},
		{"rejected", false, edit(2, func(_ *Init, r *Resp) { r.State = StateReject }), ErrRejected},
		{"rejected at the end", false, edit(4, func(_ *Init, r *Resp) { r.State = StateReject }), ErrRejected},
		{"rejected by the initiator", false, edit(3, func(_ *Init, r *Resp) { r.State = StateReject }), ErrRejected},
		{"no common mechanism", false, edit(1, func(i *Init, _ *Resp) { i.Mechanisms = []OID{NegoEx} }), ErrNoMechanism},
		{"bytes that are no token", false, func(n int, b []byte) []byte { return append(b, 0) }, eventlog.ErrCorrupt},
	} {
		o, p := three(x.signed)
		i, a := sides(t, o, p)
		sent, err := run(i, a, x.change)
		if !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v, after %s", x.name, err, x.want, strings.Join(sent, "; "))
		}
		im, _ := i.Mechanism()
		am, _ := a.Mechanism()
		if im != nil && am != nil {
			t.Errorf("%s: both sides believe it", x.name)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, x := range []struct{ user, password string }{{"fred", "betty"}, {"barney", "wilma"}} {
		i, a := sides(t, []Offer{ntlmOffer(x.user, x.password)}, []Offer{ntlmServer()})
		var token []byte
		for _, step := range []func([]byte) ([]byte, bool, error){i.Step, a.Step, i.Step} {
			var err error
			if token, _, err = step(token); err != nil {
				t.Fatal(err)
			}
		}
		reply, done, err := a.Step(token)
		if !errors.Is(err, ntlm.ErrLogon) || !errors.Is(err, fs.ErrPermission) || done || shortForm(reply) != "reject" {
			t.Errorf("%s, %v, %v", shortForm(reply), done, err)
		}
		if m, _ := a.Mechanism(); m != nil {
			t.Errorf("agreed on %v", m)
		}
		if _, _, err := i.Step(reply); !errors.Is(err, ErrRejected) || !errors.Is(err, fs.ErrPermission) {
			t.Error(err)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range [][]Offer{nil, {{OID: NTLM}}, {{New: ntlmServer().New}}, make([]Offer, MaxMechanisms+1)} {
		if _, err := NewInitiator(o); err == nil {
			t.Errorf("%d mechanisms are taken", len(o))
		}
		if _, err := NewAcceptor(o); err == nil {
			t.Errorf("%d mechanisms are taken", len(o))
		}
	}
	boom := errors.New("no ticket")
	broken := []Offer{{NTLM, func() (Mechanism, error) { return nil, boom }}}
	i, a := sides(t, broken, broken)
	if _, _, err := i.Step(nil); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, _, err := a.Step(encode(t, &Init{Mechanisms: []OID{NTLM}})); !errors.Is(err, boom) {
		t.Error(err)
	}
	// A list without a token is answered by the choice alone.
	_, a = sides(t, broken, []Offer{ntlmServer()})
	b, done, err := a.Step(encode(t, &Init{Mechanisms: []OID{NTLM}}))
	if err != nil || done || shortForm(b) != "accept-incomplete choice" {
		t.Errorf("%s, %v, %v", shortForm(b), done, err)
	}
}
