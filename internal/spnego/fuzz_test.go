package spnego

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzToken: what decodes is encoded and decodes equal, and the decoder keeps
// nothing of the bytes that it was given.
func fuzzToken[T any, P interface {
	*T
	token
}](f *testing.F, seeds ...token) {
	for _, s := range seeds {
		f.Add(encode(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var x, again T
		given := bytes.Clone(b)
		if P(&x).UnmarshalBinary(given) != nil {
			return
		}
		clear(given)
		made, err := P(&x).AppendBinary(nil)
		if err != nil {
			if len(b) < MaxToken-64 { // the header may be too much
				t.Fatal(err)
			}
			return
		}
		if err := P(&again).UnmarshalBinary(made); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x, again, ignoreList); diff != "" {
			t.Errorf("(-decoded +again)\n%s", diff)
		}
	})
}

func FuzzInit(f *testing.F) {
	fuzzToken[Init](f, &Init{Mechanisms: []OID{NTLM, Kerberos}, Token: []byte("token"), MIC: []byte("mic")},
		&Init{Mechanisms: []OID{NTLM}, Hint: "hint", MIC: []byte("mic")})
}

func FuzzResp(f *testing.F) {
	fuzzToken[Resp](f, &Resp{State: StateIncomplete, Mechanism: NTLM, Token: []byte("token"), MIC: []byte("mic")}, &Resp{State: StateNone})
}

// FuzzDER reads elements of elements; all of them lie inside the bytes, one behind
// the other.
func FuzzDER(f *testing.F) {
	f.Add(encode(f, &Init{Mechanisms: []OID{NTLM}, Token: []byte("token")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := der{"token", b, 0}
		for at := 0; ; {
			_, body, whole, err := d.next("")
			if err != nil {
				return
			}
			if at+len(whole)+len(d.b) != len(b) || d.at != at+len(whole) || body.at+len(body.b) != d.at || len(whole) < 2 {
				t.Fatalf("at %d: %d bytes, %d in it at %d, %d left at %d", at, len(whole), len(body.b), body.at, len(d.b), d.at)
			}
			at = d.at
		}
	})
}

// FuzzAcceptor: nobody who does not know the password is let in.
func FuzzAcceptor(f *testing.F) {
	i, _ := sides(f, []Offer{ntlmOffer("fred", "wilma")}, []Offer{ntlmServer()})
	first, _, err := i.Step(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first, encode(f, &Resp{State: StateNone, Token: []byte("NTLMSSP\x00\x03"), MIC: make([]byte, 16)}))
	f.Add(encode(f, &Init{Mechanisms: []OID{Kerberos, other}, Token: []byte("x")}), encode(f, &Resp{Token: []byte("1.2.3.4 1")}))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		_, a := sides(t, []Offer{ntlmOffer("fred", "wilma")}, []Offer{plainOffer(other, 3, false, true), ntlmServer()})
		for _, token := range [][]byte{first, second} {
			reply, done, err := a.Step(token)
			if m, _ := a.Mechanism(); done || m != nil {
				t.Fatal("let in")
			}
			if reply == nil {
				t.Fatal("no answer")
			}
			if err := new(Resp).UnmarshalBinary(reply); err != nil {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
		}
	})
}

// FuzzInitiator: answers of anybody never make an initiator believe that it is done
// whose mechanism is not.
func FuzzInitiator(f *testing.F) {
	f.Add([]byte{}, encode(f, &Resp{State: StateIncomplete, Mechanism: other, Token: []byte("1.2.3.4 2")}), encode(f, &Resp{State: StateCompleted}))
	f.Add(encode(f, &Init{Mechanisms: []OID{NTLM}}), encode(f, &Resp{State: StateRequestMIC, Mechanism: NTLM}), encode(f, &Resp{State: StateReject}))
	f.Fuzz(func(t *testing.T, zero, first, second []byte) {
		mech := &plain{name: other.String(), messages: 3, initiator: true}
		i, _ := sides(t, []Offer{{other, func() (Mechanism, error) { return mech, nil }}, ntlmOffer("fred", "wilma")}, []Offer{ntlmServer()})
		for _, token := range [][]byte{zero, first, second} {
			reply, done, err := i.Step(token)
			if err != nil {
				if reply != nil || done {
					t.Error("an answer with an error")
				}
				return
			}
			if m, oid := i.Mechanism(); done != (m != nil) || done && (oid != other || mech.seen != 3) {
				t.Fatalf("done %v with %v after %d messages", done, oid, mech.seen)
			}
		}
	})
}
