package ntlm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 123456700, time.UTC)

// lookup knows fred, in any domain.
func lookup(_, user string) (hash [16]byte, ok bool, err error) {
	if eventlog.EqualFold(user, "fred") {
		return NTHash("wilma"), true, nil
	}
	return hash, false, nil
}

func acceptor(t testing.TB, o AcceptorOptions) *Acceptor {
	t.Helper()
	o.Computer, o.DNSComputer, o.DNSDomain = "BEDROCK", "bedrock.example", "example"
	if o.Lookup == nil {
		o.Lookup = lookup
	}
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	a, err := NewAcceptor(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func initiator(t testing.TB, o InitiatorOptions) *Initiator {
	t.Helper()
	i, err := NewInitiator(o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// exchange runs both sides; change may alter each message on its way.
func exchange(i *Initiator, a *Acceptor, change func(n int, message []byte) []byte) error {
	if change == nil {
		change = func(_ int, m []byte) []byte { return m }
	}
	b, done, err := i.Step(nil)
	if err != nil || done {
		return fmt.Errorf("initiator, first: %v, %w", done, err)
	}
	if b, done, err = a.Step(change(1, b)); err != nil || done {
		return fmt.Errorf("acceptor, first: %v, %w", done, err)
	}
	if b, done, err = i.Step(change(2, b)); err != nil || !done {
		return fmt.Errorf("initiator, second: %v, %w", done, err)
	}
	if b, done, err = a.Step(change(3, b)); err != nil || !done || b != nil {
		return fmt.Errorf("acceptor, second: %x, %v, %w", b, done, err)
	}
	return nil
}

func TestExchange(t *testing.T) {
	hash := NTHash("wilma")
	for _, x := range []struct {
		name string
		i    InitiatorOptions
		a    AcceptorOptions
		user string
	}{
		{"password", InitiatorOptions{User: "fred", Domain: "ROCK", Password: "wilma", Workstation: "QUARRY", TargetName: "host/bedrock", Seal: true}, AcceptorOptions{}, "fred"},
		{"hash", InitiatorOptions{User: "FRED", NTHash: &hash, Seal: true}, AcceptorOptions{}, "FRED"},
		{"anonymous", InitiatorOptions{Anonymous: true, User: "not used", Seal: true}, AcceptorOptions{}, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			i, a := initiator(t, x.i), acceptor(t, x.a)
			if err := exchange(i, a, nil); err != nil {
				t.Fatal(err)
			}
			talk(t, i.Security(), a.Security())
			if user, domain := a.Name(); user != x.user || domain != x.i.Domain {
				t.Errorf("name %q, %q", user, domain)
			}
			if a.Anonymous() != x.i.Anonymous || a.Workstation() != x.i.Workstation || a.TargetName() != x.i.TargetName {
				t.Errorf("%v, %q, %q", a.Anonymous(), a.Workstation(), a.TargetName())
			}
			for _, s := range []*Session{i.Security(), a.Security()} {
				if at, ok := s.ServerTime(); !ok || !at.Equal(noon) {
					t.Errorf("server's time %v, %v", at, ok)
				}
			}
			if i.Security().Key() != a.Security().Key() {
				t.Error("the keys differ")
			}
			if _, _, err := i.Step([]byte("more")); !errors.Is(err, ErrState) {
				t.Error(err)
			}
			if _, _, err := a.Step([]byte("more")); !errors.Is(err, ErrState) {
				t.Error(err)
			}
		})
	}
}

// TestMessagesOfExchange looks at what the initiator sends.
func TestMessagesOfExchange(t *testing.T) {
	for _, timed := range []bool{true, false} {
		i := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", TargetName: "host/bedrock", Sign: true, Now: func() time.Time { return noon }})
		if _, _, err := i.Step(nil); err != nil {
			t.Fatal(err)
		}
		c := Challenge{Flags: i.offered | FlagTargetInfo}
		server := noon.Add(-time.Hour)
		if timed {
			ft, _ := nt.FiletimeOf(server)
			c.TargetInfo = AVPairs{{AVTimestamp, unhex(t, fmt.Sprintf("%016x", bits64(uint64(ft))))}, {AVFlags, []byte{1, 0, 0, 0}}}
		}
		b, _, err := i.Step(encode(t, &c))
		if err != nil {
			t.Fatal(err)
		}
		var a Authenticate
		if err := a.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		var client clientChallenge
		if err := client.unmarshal(a.NTResponse[16:]); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.LMResponse, make([]byte, 24)) {
			t.Errorf("LM response %x", a.LMResponse)
		}
		bindings, ok := client.Pairs.Find(AVChannelBindings)
		if !ok || !bytes.Equal(bindings, make([]byte, 16)) || client.Pairs.text(AVTargetName) != "host/bedrock" {
			t.Errorf("bindings %x, %v; target %q", bindings, ok, client.Pairs.text(AVTargetName))
		}
		wantTime, wantFlags := noon, uint32(0)
		if timed {
			wantTime, wantFlags = server, 3
		}
		if !client.Timestamp.Time().Equal(wantTime) || client.Pairs.flags() != wantFlags || i.WantMIC() != timed || (a.MIC != [16]byte{}) != timed {
			t.Errorf("time %v, flags %x, MIC %v %x", client.Timestamp.Time(), client.Pairs.flags(), i.WantMIC(), a.MIC)
		}
		if _, ok := i.Security().ServerTime(); ok != timed {
			t.Errorf("server's time is known: %v", ok)
		}
	}
}

// bits64 turns the bytes of a number round.
func bits64(v uint64) (r uint64) {
	for range 8 {
		r, v = r<<8|v&0xff, v>>8
	}
	return r
}

// TestRefused: the same answer for a wrong password and an unknown user, and
// nothing of either side can be used afterwards.
func TestRefused(t *testing.T) {
	boom := errors.New("disk on fire")
	texts := map[string]bool{}
	for _, x := range []struct {
		name string
		i    InitiatorOptions
		a    AcceptorOptions
		want error
	}{
		{"wrong password", InitiatorOptions{User: "fred", Password: "betty"}, AcceptorOptions{}, ErrLogon},
		{"unknown user", InitiatorOptions{User: "barney", Password: "betty"}, AcceptorOptions{}, ErrLogon},
		{"user of no hash", InitiatorOptions{User: "barney", NTHash: new([16]byte)}, AcceptorOptions{}, ErrLogon},
		{"no users", InitiatorOptions{User: "fred", Password: "wilma"}, AcceptorOptions{Lookup: func(string, string) ([16]byte, bool, error) { return NTHash("wilma"), false, nil }}, ErrLogon},
		{"lookup fails", InitiatorOptions{User: "fred", Password: "wilma"}, AcceptorOptions{Lookup: func(string, string) ([16]byte, bool, error) { return [16]byte{}, false, boom }}, boom},
	} {
		i, a := initiator(t, x.i), acceptor(t, x.a)
		err := exchange(i, a, nil)
		if !errors.Is(err, x.want) {
			t.Errorf("%s: %v", x.name, err)
		}
		if x.want == ErrLogon {
			texts[err.Error()] = true
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s: %v is not fs.ErrPermission", x.name, err)
			}
		}
		if user, domain := a.Name(); user != "" || domain != "" || a.Security() != nil || a.Anonymous() || a.Workstation() != "" || a.TargetName() != "" {
			t.Errorf("%s: %q, %q, %v are known", x.name, user, domain, a.Security())
		}
		if _, _, err := a.Step(nil); !errors.Is(err, ErrState) {
			t.Errorf("%s: goes on with %v", x.name, err)
		}
		if _, err := a.MakeMIC(nil); !errors.Is(err, ErrState) {
			t.Errorf("%s: signs, %v", x.name, err)
		}
		if err := a.CheckMIC(nil, nil); !errors.Is(err, ErrState) {
			t.Errorf("%s: checks, %v", x.name, err)
		}
	}
	if len(texts) != 1 {
		t.Errorf("the answers tell which: %v", texts)
	}
}

// TestUnknownIsComputed: the hash that stands in for an unknown user is random, so
// a client cannot guess it.
func TestUnknownIsComputed(t *testing.T) {
	random := bytes.Repeat([]byte{7}, 24)
	guess := [16]byte(random[8:])
	i := initiator(t, InitiatorOptions{User: "barney", NTHash: &guess})
	a := acceptor(t, AcceptorOptions{Rand: bytes.NewReader(random)})
	if err := exchange(i, a, nil); !errors.Is(err, ErrLogon) {
		t.Errorf("an unknown user who knows the stand-in gets %v", err)
	}
	if _, _, err := acceptor(t, AcceptorOptions{Rand: strings.NewReader("short")}).Step(encode(t, &Negotiate{Flags: required | Flag128})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

// TestChangedOnTheWay: each bit of the first two messages that the MIC covers, and
// some of the third.
func TestChangedOnTheWay(t *testing.T) {
	set := func(n, at int, v byte) func(int, []byte) []byte {
		return func(k int, m []byte) []byte {
			m = bytes.Clone(m)
			if k == n {
				m[at] ^= v
			}
			return m
		}
	}
	for _, x := range []struct {
		name   string
		change func(int, []byte) []byte
		want   error
	}{
		{"SEAL taken from the offer", set(1, 12, byte(FlagSeal)), ErrWeak},
		{"IDENTIFY put into the offer", set(1, 14, byte(FlagIdentify>>16)), ErrMIC},
		{"the client's build", set(1, 34, 1), ErrMIC},
		{"the target's name", set(2, 56, 1), ErrMIC},
		{"the challenge", set(2, 24, 1), ErrLogon},
		{"KEY_EXCH taken from the challenge", set(2, 23, byte(FlagKeyExchange>>24)), ErrMIC},
		{"128 taken from the challenge", set(2, 23, byte(Flag128>>24)), ErrWeak},
		{"the MIC", set(3, micAt, 1), ErrMIC},
		{"the end of the response", func(n int, m []byte) []byte {
			if n == 3 {
				m = bytes.Clone(m)
				m[len(m)-16-1]++ // before the session key
			}
			return m
		}, ErrLogon},
		{"128 taken from the answer", set(3, 63, byte(Flag128>>24)), ErrWeak},
		{"SEAL taken from the answer", set(3, 60, byte(FlagSeal)), ErrMIC},
	} {
		i, a := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Seal: true}), acceptor(t, AcceptorOptions{})
		if err := exchange(i, a, x.change); !errors.Is(err, x.want) || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
	}
}

// TestWeakClients are refused by the acceptor.
func TestWeakClients(t *testing.T) {
	strong := required | Flag128 | FlagSign | FlagKeyExchange | FlagTargetInfo
	key := bytes.Repeat([]byte{1}, 16)
	blob, err := (&clientChallenge{Pairs: AVPairs{{AVFlags, []byte{2, 0, 0, 0}}}}).marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name string
		n    Flags
		m    Authenticate
		want string
	}{
		{"OEM", strong &^ FlagUnicode, Authenticate{}, "ntlm: the peer's authentication is too weak: it does not have UNICODE"},
		{"session security of NTLMv1", strong &^ FlagExtendedSessionSecurity, Authenticate{}, "ntlm: the peer's authentication is too weak: it does not have EXTENDED_SESSIONSECURITY"},
		{"56 bits", strong&^Flag128 | Flag56, Authenticate{}, "ntlm: the peer's authentication is too weak: it does not have 128"},
		{"answer without them", strong, Authenticate{Flags: FlagUnicode}, "ntlm: the peer's authentication is too weak: it does not have NTLM|EXTENDED_SESSIONSECURITY|128"},
		{"NTLMv1", strong, Authenticate{Flags: strong, User: "fred", NTResponse: make([]byte, 24), LMResponse: make([]byte, 24), SessionKey: key}, "ntlm: the peer's authentication is too weak: an NTLMv2 response is missing"},
		{"LM alone", strong, Authenticate{Flags: strong, User: "fred", LMResponse: make([]byte, 24), SessionKey: key}, "ntlm: the peer's authentication is too weak: an NTLMv2 response is missing"},
		{"a name without responses", strong, Authenticate{Flags: strong, User: "fred", SessionKey: key}, "ntlm: the peer's authentication is too weak: an NTLMv2 response is missing"},
		{"no name but an LM response", strong, Authenticate{Flags: strong, LMResponse: make([]byte, 24), SessionKey: key}, "ntlm: the peer's authentication is too weak: an NTLMv2 response is missing"},
		{"short session key", strong, Authenticate{Flags: strong, User: "fred", NTResponse: make([]byte, 60), SessionKey: key[:15]}, "ntlm: AUTHENTICATE_MESSAGE.EncryptedRandomSessionKeyLen at offset 0x34: 15 bytes, want 16"},
		{"short client challenge", strong, Authenticate{Flags: strong, User: "fred", NTResponse: make([]byte, 40), SessionKey: key}, "ntlm: NTLMv2_CLIENT_CHALLENGE at offset 0x0: need 32 bytes, have 24"},
		{"other client challenge", strong, Authenticate{Flags: strong, User: "fred", NTResponse: make([]byte, 60), SessionKey: key}, "ntlm: NTLMv2_CLIENT_CHALLENGE.RespType at offset 0x0: want 1, have 0"},
		{"MIC that is not there", strong, Authenticate{Flags: strong, User: "fred", NTResponse: append(make([]byte, 16), blob...), SessionKey: key}, "ntlm: AUTHENTICATE_MESSAGE.MIC at offset 0x48: missing, though its flag is set"},
	} {
		a := acceptor(t, AcceptorOptions{})
		_, _, err := a.Step(encode(t, &Negotiate{Flags: x.n}))
		if err == nil {
			_, _, err = a.Step(encode(t, &x.m))
		}
		if err == nil || err.Error() != x.want {
			t.Errorf("%s:\nhave %v\nwant %s", x.name, err, x.want)
		}
		if a.Security() != nil {
			t.Errorf("%s: has a session", x.name)
		}
	}
}

// TestWeakServers are refused by the initiator.
func TestWeakServers(t *testing.T) {
	for _, x := range []struct {
		name string
		gone Flags
		want string
	}{
		{"no seal", FlagSeal, "ntlm: the peer's authentication is too weak: it does not have SEAL"},
		{"no sign", FlagSign, "ntlm: the peer's authentication is too weak: it does not have SIGN"},
		{"no target information", FlagTargetInfo, "ntlm: the peer's authentication is too weak: it does not have TARGET_INFO"},
		{"56 bits", Flag128, "ntlm: the peer's authentication is too weak: it does not have 128"},
		{"session security of NTLMv1", FlagExtendedSessionSecurity, "ntlm: the peer's authentication is too weak: it does not have EXTENDED_SESSIONSECURITY"},
		{"OEM", FlagUnicode, "ntlm: CHALLENGE_MESSAGE.NegotiateFlags at offset 0x14: not Unicode"},
	} {
		i := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Seal: true})
		if _, _, err := i.Step(nil); err != nil {
			t.Fatal(err)
		}
		_, done, err := i.Step(encode(t, &Challenge{Flags: i.offered &^ x.gone}))
		if err == nil || err.Error() != x.want || done || i.Security() != nil {
			t.Errorf("%s:\nhave %v\nwant %s", x.name, err, x.want)
		}
	}
}

// TestUnoffered: what the initiator has not offered is not taken, even if the server
// sends it.
func TestUnoffered(t *testing.T) {
	i := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Sign: true})
	if _, _, err := i.Step(nil); err != nil {
		t.Fatal(err)
	}
	b, _, err := i.Step(encode(t, &Challenge{Flags: i.offered | FlagSeal | FlagLMKey | FlagDatagram}))
	if err != nil {
		t.Fatal(err)
	}
	var a Authenticate
	if err := a.UnmarshalBinary(b); err != nil || a.Flags != i.offered || i.Security().Flags() != i.offered {
		t.Errorf("sent %v, session %v, %v", a.Flags, i.Security().Flags(), err)
	}
}

func Test56Bits(t *testing.T) {
	i, a := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Seal: true, Allow56: true}), acceptor(t, AcceptorOptions{Allow56: true})
	no128 := func(n int, m []byte) []byte {
		if n == 1 { // an initiator that has never offered it
			m[15] &^= byte(Flag128 >> 24)
			i.negotiate = bytes.Clone(m)
		}
		return m
	}
	if err := exchange(i, a, no128); err != nil {
		t.Fatal(err)
	}
	if f := a.Security().Flags(); f&Flag128 != 0 || f&Flag56 == 0 {
		t.Error(f)
	}
	talk(t, i.Security(), a.Security())
	neither := func(n int, m []byte) []byte {
		if n == 1 {
			m[15] &^= byte((Flag128 | Flag56) >> 24)
		}
		return m
	}
	if err := exchange(initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Allow56: true}), acceptor(t, AcceptorOptions{Allow56: true}), neither); !errors.Is(err, ErrWeak) {
		t.Errorf("40 bits: %v", err)
	}
}

// TestSecrets: no verb prints a key, a hash or a password.
func TestSecrets(t *testing.T) {
	hash := NTHash("wilma")
	i, a := initiator(t, InitiatorOptions{User: "fred", NTHash: &hash, Seal: true}), acceptor(t, AcceptorOptions{})
	if err := exchange(i, a, nil); err != nil {
		t.Fatal(err)
	}
	key := a.Security().Key()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, v := range []any{i, a, i.Security(), a.Security()} {
			s := fmt.Sprintf(verb, v)
			for _, secret := range [][]byte{key[:], hash[:], i.hash[:]} {
				for _, form := range []string{"%x", "%v", "%#v", "%s", "%d"} {
					if strings.Contains(s, strings.Trim(fmt.Sprintf(form, secret), "[]")) {
						t.Errorf("%s of %T has a secret: %s", verb, v, s)
					}
				}
			}
		}
	}
	if s := fmt.Sprint(i, a, i.Security()); !strings.Contains(s, `\fred`) || !strings.Contains(s, "BEDROCK") || !strings.Contains(s, "SEAL") {
		t.Error(s)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []InitiatorOptions{{}, {User: "fred", Password: "x", NTHash: new([16]byte)}} {
		if _, err := NewInitiator(o); err == nil {
			t.Errorf("user %q is taken", o.User)
		}
	}
	if _, err := NewAcceptor(AcceptorOptions{}); err == nil {
		t.Error("a computer without a name is taken")
	}
	i := initiator(t, InitiatorOptions{User: "fred", Password: "wilma"})
	if i.o.Password != "" {
		t.Error("the password is kept")
	}
	if _, _, err := i.Step([]byte("early")); !errors.Is(err, ErrState) || i.Security() != nil {
		t.Error(err)
	}
	if _, err := i.MakeMIC(nil); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if i.WantMIC() {
		t.Error("wants to sign before the end")
	}
}
