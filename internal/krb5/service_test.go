package krb5

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/test/testdata"
	"github.com/jcmturner/gokrb5/v8/types"

	"netelf.example/nt"
)

func TestLogOn(t *testing.T) {
	for _, etype := range []int32{etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96} {
		s, keys := service(t, nil)
		i, a := logOn(t, s, ticket(t, keys, ticketOptions{etype: etype}))
		want := &Identity{User: "fred", Realm: realm, Own: true}
		if d := cmp.Diff(want, a.Identity()); d != "" {
			t.Errorf("identity: -want +got\n%s", d)
		}
		if !bytes.Equal(i.Session().SessionKey(), a.Session().SessionKey()) {
			t.Error("the two sides have different keys")
		}
		b := []byte("The stone age had event logs too")
		token, err := i.Session().Seal(b, 0, len(b))
		if err == nil {
			err = a.Session().Unseal(b, 0, len(b), token)
		}
		if err != nil {
			t.Error(err)
		}
		// SPNEGO's list takes the next number.
		mic, err := a.MakeMIC([]byte("list"))
		if err == nil {
			err = i.CheckMIC([]byte("list"), mic)
		}
		if err != nil {
			t.Error(err)
		}
		if _, _, err := a.Step(nil); err == nil {
			t.Error("a step behind the end")
		}
		if _, _, err := i.Step(nil); err == nil {
			t.Error("a step behind the end")
		}
	}
}

// TestServiceRefuses: what is not let in, who is named with it, and whether it lies
// with who comes.
func TestServiceRefuses(t *testing.T) {
	now := time.Now()
	s, keys := service(t, &now)
	request := func(o ticketOptions, style Style) []byte {
		b, _, err := NewInitiator(ticket(t, keys, o), style, true).Step(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other := ticket(t, keys, ticketOptions{client: "betty"})
	own := ticket(t, keys, ticketOptions{})
	stolen := *own
	stolen.key = other.key
	foreign := *own
	foreign.client = other.client
	build := func(t *Ticket) []byte { b, _, _ := NewInitiator(t, DCE, true).Step(nil); return b }
	for _, x := range []struct {
		name    string
		token   []byte
		at      time.Duration
		who     string
		text    string
		refused bool
	}{
		{"empty", nil, 0, "", "kerberos: empty token", false},
		{"garbage", []byte("garbage"), 0, "", "kerberos: no token begins with 0x67", false},
		{"no request", []byte{0x6e, 0}, 0, "", "kerberos: malformed message", false},
		{"a reply", []byte{0x6f, 0}, 0, "", "kerberos: a token of type 0x0200, want 0x0100", false},
		{"framed", request(ticketOptions{}, Plain), 0, "fred", "kerberos: the request is not in DCE style with mutual authentication: flags 0x3e", true},
		{"too long", make([]byte, MaxToken+1), 0, "", "kerberos: a token of 65537 bytes, at most 65536", false},
		{"expired", request(ticketOptions{begin: -2 * time.Hour, end: -time.Hour}, DCE), 0, "fred", "kerberos: the ticket has expired", true},
		{"to come", request(ticketOptions{begin: time.Hour}, DCE), 0, "fred", "kerberos: the ticket is not valid yet", true},
		{"our clock is ahead", request(ticketOptions{}, DCE), 6 * time.Minute, "fred", "kerberos: the client's clock differs by more than 5 minutes", true},
		{"our clock is behind", request(ticketOptions{begin: -time.Hour}, DCE), -6 * time.Minute, "fred", "kerberos: the client's clock differs by more than 5 minutes", true},
		{"RC4", request(ticketOptions{etype: etypeID.RC4_HMAC}, DCE), 0, "", `kerberos: the keytab has no key for a ticket of "host/bedrock@QUARRY.EXAMPLE", type 23, version 1`, false},
		{"another key", build(&stolen), 0, "fred", "kerberos: who sends the ticket does not have its key", true},
		{"another name", build(&foreign), 0, "fred", "kerberos: the ticket is another one's", true},
	} {
		t.Run(x.name, func(t *testing.T) {
			now = time.Now().Add(x.at)
			a := s.Accept()
			reply, done, err := a.Step(x.token)
			if err == nil || err.Error() != x.text || reply != nil || done || errors.Is(err, fs.ErrPermission) != x.refused {
				t.Errorf("%v, want %s; refused %v", err, x.text, errors.Is(err, fs.ErrPermission))
			}
			who := ""
			if i := a.Identity(); i != nil {
				who = i.User
			}
			if who != x.who {
				t.Errorf("who: %q, want %q", who, x.who)
			}
			if _, _, err := a.Step(x.token); !errors.Is(err, errState) {
				t.Errorf("again: %v", err)
			}
		})
	}
}

// TestReplay: a request is taken once, as long as its time would do; another service's
// key, of a keytab that has changed, opens nothing.
func TestReplay(t *testing.T) {
	now := time.Now()
	s, keys := service(t, &now)
	request, _, err := NewInitiator(ticket(t, keys, ticketOptions{}), DCE, true).Step(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Accept().Step(request); err != nil {
		t.Fatal(err)
	}
	a := s.Accept()
	if _, _, err := a.Step(request); !errors.Is(err, ErrReplay) || !errors.Is(err, fs.ErrPermission) || a.Identity() == nil {
		t.Errorf("the same request: %v", err)
	}
	now = now.Add(4 * time.Minute)
	if _, _, err := s.Accept().Step(request); !errors.Is(err, ErrReplay) {
		t.Errorf("the same request later: %v", err)
	}
	now = now.Add(20 * time.Minute)
	if err := s.remember(&messages.APReq{}); err != nil || len(s.seen) != 1 {
		t.Errorf("%v; %d requests are remembered, want that of now", err, len(s.seen))
	}
}

// TestThirdLeg: the third message must answer ours.
func TestThirdLeg(t *testing.T) {
	s, keys := service(t, nil)
	tkt := ticket(t, keys, ticketOptions{})
	for _, x := range []struct {
		name string
		part func(own uint32) messages.EncAPRepPart
		key  types.EncryptionKey
		text string
	}{
		{"right, another time", func(own uint32) messages.EncAPRepPart {
			return messages.EncAPRepPart{CTime: time.Unix(1e9, 0).UTC(), SequenceNumber: int64(own)}
		}, tkt.key, ""},
		{"another number", func(own uint32) messages.EncAPRepPart {
			return messages.EncAPRepPart{CTime: time.Unix(1e9, 0).UTC(), SequenceNumber: int64(own) + 1}
		}, tkt.key, "kerberos: the third message answers another one"},
		{"another key", func(own uint32) messages.EncAPRepPart {
			return messages.EncAPRepPart{CTime: time.Unix(1e9, 0).UTC(), SequenceNumber: int64(own)}
		}, counting(etypeID.AES256_CTS_HMAC_SHA1_96), "kerberos: the other side does not have the key of the ticket"},
	} {
		t.Run(x.name, func(t *testing.T) {
			a := s.Accept()
			request, _, err := NewInitiator(tkt, DCE, true).Step(nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := a.Step(request); err != nil {
				t.Fatal(err)
			}
			third, err := sealReply(x.part(a.own), x.key)
			if err != nil {
				t.Fatal(err)
			}
			_, done, err := a.Step(third)
			if x.text == "" && (err != nil || !done) || x.text != "" && (err == nil || err.Error() != x.text || done || a.Session() != nil) {
				t.Errorf("%v, done %v, want %q", err, done, x.text)
			}
		})
	}
}

// TestKeytab: it is read again when it changes, and kept when it is damaged.
func TestKeytab(t *testing.T) {
	s, old := service(t, nil)
	if d := cmp.Diff([]string{"host/bedrock@QUARRY.EXAMPLE"}, s.Principals()); d != "" {
		t.Error(d)
	}
	logOn(t, s, ticket(t, old, ticketOptions{}))
	if err := os.WriteFile(s.o.Keytab, []byte("\x05\x02garbage of a certain length"), 0o600); err != nil {
		t.Fatal(err)
	}
	logOn(t, s, ticket(t, old, ticketOptions{}))
	write(t, s.o.Keytab, table(t, "host/barney", "cifs/barney"))
	a := s.Accept()
	request, _, _ := NewInitiator(ticket(t, old, ticketOptions{}), DCE, true).Step(nil)
	if _, _, err := a.Step(request); err == nil || !strings.Contains(err.Error(), "the keytab has no key for a ticket of") {
		t.Errorf("the old key: %v", err)
	}
	if s.Own("ELSEWHERE.EXAMPLE") || !s.Own(realm) {
		t.Error("whose users are ours")
	}
	for content, text := range map[string]string{"": "it does not exist", "garbage": "no keytab", "\x05\x02": "no keytab"} {
		file := filepath.Join(t.TempDir(), "keytab")
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := NewService(ServiceOptions{Keytab: file}); err == nil || !strings.Contains(err.Error(), text) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// pacOf is a PAC that Windows has signed for a service, in a ticket's authorization
// data, and that service's key.
func pacOf(t testing.TB) ([]byte, types.EncryptionKey) {
	t.Helper()
	b, err := hex.DecodeString(testdata.MarshaledPAC_AD_WIN2K_PAC)
	if err != nil {
		t.Fatal(err)
	}
	k, err := hex.DecodeString(testdata.KEYTAB_SYSHTTP_TEST_GOKRB5)
	if err != nil {
		t.Fatal(err)
	}
	keys := keytab.New()
	if err := keys.Unmarshal(k); err != nil {
		t.Fatal(err)
	}
	name, _ := types.ParseSPNString("sysHTTP")
	key, _, err := keys.GetEncryptionKey(name, "TEST.GOKRB5", 2, 18)
	if err != nil {
		t.Fatal(err)
	}
	return b, key
}

// TestLogonInfo: what does not fit is an error with its place, and a count that is only
// claimed costs nothing.
func TestLogonInfo(t *testing.T) {
	b, _ := pacOf(t)
	whole := logonOf(t, b)
	var v logonInfo
	if err := v.UnmarshalBinary(whole); err != nil || v.account != "testuser1" {
		t.Fatalf("%q: %v", v.account, err)
	}
	const (
		userID     = 20 + 6*8 + 6*8 + 4
		groupCount = userID + 8
		groupIDs   = groupCount + 4
	)
	for _, c := range []struct {
		name string
		at   int
		with string
		want string
	}{
		{"another version", 0, "\x02", "serialized in version 2"},
		{"big-endian", 1, "\x00", "byte order 0x0"},
		{"nothing", 16, "\x00\x00\x00\x00", "no structure"},
		{"a name longer than its buffer", 20 + 6*8, "\xfe\xff", "EffectiveName"},
		{"4 billion groups", groupCount, "\xff\xff\xff\xff", "GroupIds"},
		{"groups without an array", groupIDs, "\x00\x00\x00\x00", "without an array"},
	} {
		bad := bytes.Clone(whole)
		copy(bad[c.at:], c.with)
		if err := v.UnmarshalBinary(bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for n := range whole {
		if err := v.UnmarshalBinary(whole[:n]); err == nil && n < len(whole)-8 {
			t.Errorf("%d of %d bytes will do", n, len(whole))
		}
	}
}

func TestPAC(t *testing.T) {
	b, key := pacOf(t)
	i := new(Identity)
	if err := i.takePAC(b, key); err != nil {
		t.Fatal(err)
	}
	const domain = "S-1-5-21-3167651404-3865080224-2280184895-"
	want := &Identity{PAC: true, Account: "testuser1", Domain: "TEST", SID: domain + "1105", SIDs: []nt.SID{
		domain + "1105", domain + "513", domain + "1108", domain + "1109", domain + "1115", domain + "1116", domain + "1114", domain + "1111",
	}}
	if d := cmp.Diff(want, i); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	const kdc = 780 // the KDC's signature, of 16 bytes, over the service's: for the KDC to check
	for k := range b {
		if k >= kdc && k < kdc+16 {
			continue
		}
		bad := bytes.Clone(b)
		bad[k] ^= 0x10
		i := new(Identity)
		if err := i.takePAC(bad, key); err == nil && i.PAC {
			t.Errorf("byte %d of the PAC may be another one", k)
		}
	}
	for n := range b {
		i := new(Identity)
		if err := i.takePAC(b[:n], key); err == nil && i.PAC {
			t.Errorf("%d bytes of the PAC will do", n)
		}
	}
	for name, count := range map[string]uint32{"many buffers": 1 << 31, "more than there are": 60} {
		bad := bytes.Clone(b)
		binary.LittleEndian.PutUint32(bad, count)
		if err := new(Identity).takePAC(bad, key); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// Authorization data of another kind, and none.
	if b, err := findPAC(types.AuthorizationData{{ADType: adtype.ADKDCIssued, ADData: []byte("x")}}); b != nil || err != nil {
		t.Errorf("%x, %v", b, err)
	}
}
