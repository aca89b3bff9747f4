package ntlm

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

// talk sends messages of every kind both ways.
func talk(t testing.TB, x, y *Session) {
	t.Helper()
	for n, from := range []*Session{x, x, y, x, y, y} {
		to := y
		if from == y {
			to = x
		}
		whole := []byte(fmt.Sprintf("header %d, a secret of message %d, trailer", n, n))
		plain := bytes.Clone(whole)
		if n%2 == 0 {
			sig, err := from.Sign(whole)
			if err != nil || len(sig) != SignatureSize {
				t.Fatalf("message %d: %d bytes, %v", n, len(sig), err)
			}
			if err := to.Verify(whole, sig); err != nil {
				t.Fatalf("message %d: %v", n, err)
			}
			continue
		}
		sig, err := from.Seal(whole, 10, len(whole)-9)
		if err != nil {
			t.Fatalf("message %d: %v", n, err)
		}
		if bytes.Contains(whole, []byte("secret")) || !bytes.HasPrefix(whole, plain[:10]) || !bytes.HasSuffix(whole, plain[len(whole)-9:]) {
			t.Errorf("message %d is sealed as %q", n, whole)
		}
		if err := to.Unseal(whole, 10, len(whole)-9, sig); err != nil || !bytes.Equal(whole, plain) {
			t.Fatalf("message %d: %q, %v", n, whole, err)
		}
	}
}

func pair(t testing.TB) (client, server *Session) {
	t.Helper()
	i, a := initiator(t, InitiatorOptions{User: "fred", Password: "wilma", Seal: true}), acceptor(t, AcceptorOptions{})
	if err := exchange(i, a, nil); err != nil {
		t.Fatal(err)
	}
	return i.Security(), a.Security()
}

func TestSignature(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(whole, sig []byte) ([]byte, []byte)
	}{
		{"header", func(w, s []byte) ([]byte, []byte) { w[0]++; return w, s }},
		{"secret", func(w, s []byte) ([]byte, []byte) { w[5]++; return w, s }},
		{"version", func(w, s []byte) ([]byte, []byte) { s[0]++; return w, s }},
		{"checksum", func(w, s []byte) ([]byte, []byte) { s[4]++; return w, s }},
		{"sequence number", func(w, s []byte) ([]byte, []byte) { s[12]++; return w, s }},
		{"short", func(w, s []byte) ([]byte, []byte) { return w, s[:15] }},
		{"long", func(w, s []byte) ([]byte, []byte) { return w, append(s, 0) }},
		{"none", func(w, s []byte) ([]byte, []byte) { return w, nil }},
	} {
		client, server := pair(t)
		whole := []byte("0123456789")
		sig, err := client.Seal(whole, 3, 8)
		if err != nil {
			t.Fatal(err)
		}
		w, s := x.change(bytes.Clone(whole), bytes.Clone(sig))
		if err := server.Unseal(w, 3, 8, s); err != ErrSignature {
			t.Errorf("%s: %v", x.name, err)
		}
		if err := server.Unseal(whole, 3, 8, sig); err != ErrSignature {
			t.Errorf("%s: the direction goes on with %v", x.name, err)
		}
	}
	// Without an exchange of keys the checksum is not encrypted, and the next message
	// would fit again.
	weak := FlagSign | Flag128
	client, server := newSession(weak, [16]byte{}, toServer), newSession(weak, [16]byte{}, toClient)
	good, err := client.Sign([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Verify([]byte("two"), good); err != ErrSignature {
		t.Error(err)
	}
	if err := server.Verify([]byte("one"), good); err != ErrSignature {
		t.Errorf("the direction goes on with %v", err)
	}
	client, server = pair(t)
	first, err := client.Sign([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Verify([]byte("one"), first); err != nil {
		t.Fatal(err)
	}
	if err := server.Verify([]byte("one"), first); err != ErrSignature {
		t.Errorf("repeated: %v", err)
	}
	// A message must not be taken for one of the other direction.
	client, _ = pair(t)
	own, err := client.Sign([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Verify([]byte("one"), own); err != ErrSignature {
		t.Errorf("reflected: %v", err)
	}
}

func TestSessionLimits(t *testing.T) {
	client, server := pair(t)
	for _, x := range [][2]int{{-1, 2}, {2, 1}, {0, 4}, {4, 4}} {
		if _, err := client.Seal(make([]byte, 3), x[0], x[1]); err == nil {
			t.Errorf("sealed %v of 3", x)
		}
		if err := server.Unseal(make([]byte, 3), x[0], x[1], nil); err == nil || err == ErrSignature {
			t.Errorf("unsealed %v of 3: %v", x, err)
		}
	}
	client.send.seq, server.recv.seq = math.MaxUint32-1, math.MaxUint32-1
	sig, err := client.Sign(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Verify(nil, sig); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Sign(nil); err == nil {
		t.Error("the sequence numbers begin again")
	}
	if err := server.Verify(nil, sig); err == nil {
		t.Error("the sequence numbers begin again")
	}
}

// TestListSignature: the cipher is set back, the sequence number is not.
func TestListSignature(t *testing.T) {
	client, server := pair(t)
	before := *client.send.cipher
	mic, err := client.MakeMIC([]byte("list"))
	if err != nil {
		t.Fatal(err)
	}
	if *client.send.cipher != before || client.send.seq != 1 {
		t.Errorf("sequence number %d", client.send.seq)
	}
	if err := server.CheckMIC([]byte("list"), mic); err != nil || server.recv.seq != 1 || *server.recv.cipher != before {
		t.Errorf("sequence number %d, %v", server.recv.seq, err)
	}
	talk(t, client, server)
	client, server = pair(t)
	if mic, err = client.MakeMIC([]byte("list")); err != nil {
		t.Fatal(err)
	}
	if err := server.CheckMIC([]byte("tsil"), mic); err != ErrSignature {
		t.Error(err)
	}
}

func TestNoProtection(t *testing.T) {
	i, a := initiator(t, InitiatorOptions{User: "fred", Password: "wilma"}), acceptor(t, AcceptorOptions{})
	if err := exchange(i, a, nil); err != nil {
		t.Fatal(err)
	}
	s := i.Security()
	if _, err := s.Sign(nil); err != ErrProtection {
		t.Error(err)
	}
	if err := s.Verify(nil, make([]byte, 16)); err != ErrProtection {
		t.Error(err)
	}
	if _, err := s.Seal(nil, 0, 0); err != ErrProtection {
		t.Error(err)
	}
	if err := s.Unseal(nil, 0, 0, nil); err != ErrProtection {
		t.Error(err)
	}
	if i.WantMIC() {
		t.Error("wants to sign the list and cannot")
	}
}
