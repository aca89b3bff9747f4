package ntlm

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fuzzMessage: what decodes is encoded and decodes equal, and the decoder keeps
// nothing of the bytes that it was given.
func fuzzMessage[M any, P interface {
	*M
	message
}](f *testing.F, seeds ...message) {
	for _, s := range seeds {
		f.Add(encode(f, s))
	}
	f.Add([]byte(signature))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again M
		given := bytes.Clone(b)
		if P(&m).UnmarshalBinary(given) != nil {
			return
		}
		clear(given)
		made, err := P(&m).AppendBinary(nil)
		if err != nil {
			// Payloads that lie over each other in the original may not fit one by one.
			if len(b) < MaxMessage/8 {
				t.Fatal(err)
			}
			return
		}
		if err := P(&again).UnmarshalBinary(made); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Errorf("(-decoded +again)\n%s", diff)
		}
	})
}

func FuzzNegotiate(f *testing.F) { fuzzMessage[Negotiate](f, sampleNegotiate(), &Negotiate{}) }

func FuzzChallenge(f *testing.F) {
	f.Add(unhex(f, vectorChallenge))
	fuzzMessage[Challenge](f, sampleChallenge())
}

func FuzzAuthenticate(f *testing.F) {
	f.Add(unhex(f, vectorAuthenticate))
	fuzzMessage[Authenticate](f, sampleAuthenticate())
}

func FuzzAVPairs(f *testing.F) {
	fuzzMessage[AVPairs](f, &AVPairs{}, &sampleChallenge().TargetInfo)
}

// FuzzAcceptor steps through two messages of anybody. Nobody gets in but somebody
// anonymous: the key is not known.
func FuzzAcceptor(f *testing.F) {
	i := initiator(f, InitiatorOptions{User: "fred", Password: "wilma", Seal: true})
	n, _, err := i.Step(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(n, unhex(f, vectorAuthenticate))
	f.Add(encode(f, sampleNegotiate()), encode(f, sampleAuthenticate()))
	f.Add(n, encode(f, &Authenticate{Flags: i.offered, SessionKey: make([]byte, 16)}))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		a := acceptor(t, AcceptorOptions{Rand: bytes.NewReader(make([]byte, 24))})
		c, done, err := a.Step(first)
		if done {
			t.Fatal("done after one message")
		}
		if err != nil {
			if c != nil {
				t.Error("an answer with an error")
			}
			return
		}
		if err := new(Challenge).UnmarshalBinary(c); err != nil {
			t.Fatal(err)
		}
		_, done, err = a.Step(second)
		if done != (err == nil) || done != (a.Security() != nil) || done && !a.Anonymous() {
			t.Errorf("done %v, %v, session %v, anonymous %v", done, err, a.Security(), a.Anonymous())
		}
	})
}

// FuzzInitiator answers a challenge of anybody with a message that an acceptor
// decodes.
func FuzzInitiator(f *testing.F) {
	f.Add(unhex(f, vectorChallenge))
	f.Add(encode(f, sampleChallenge()))
	f.Fuzz(func(t *testing.T, challenge []byte) {
		i := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Sign: true, Allow56: true, Rand: bytes.NewReader(make([]byte, 24))})
		if _, _, err := i.Step(nil); err != nil {
			t.Fatal(err)
		}
		b, done, err := i.Step(challenge)
		if done != (err == nil) || done != (i.Security() != nil) {
			t.Fatalf("done %v, %v, session %v", done, err, i.Security())
		}
		if !done {
			return
		}
		var a Authenticate
		if err := a.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if a.Flags.missing(required) != 0 || len(a.NTResponse) <= 24 || !bytes.Equal(a.LMResponse, make([]byte, 24)) {
			t.Errorf("%v, %d and %d bytes", a.Flags, len(a.NTResponse), len(a.LMResponse))
		}
	})
}
