package krb5

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// FuzzAccept: no token breaks a service, as its first message or its second.
func FuzzAccept(f *testing.F) {
	s, keys := service(f, nil)
	tkt := ticket(f, keys, ticketOptions{})
	first, _, err := NewInitiator(tkt, DCE, true).Step(nil)
	if err != nil {
		f.Fatal(err)
	}
	framed, _, err := NewInitiator(tkt, Plain, true).Step(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first)
	f.Add(framed)
	f.Fuzz(func(t *testing.T, token []byte) {
		if _, done, err := s.Accept().Step(token); err == nil && done {
			t.Error("done with the first message")
		}
		a := s.Accept()
		request, _, err := NewInitiator(tkt, DCE, true).Step(nil)
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		clear(s.seen) // or there would be too many
		s.mu.Unlock()
		if _, _, err := a.Step(request); err != nil {
			t.Fatal(err)
		}
		if _, done, err := a.Step(token); done || err == nil {
			t.Error("it is let in")
		}
	})
}

// FuzzInitiate: no answer breaks a client.
func FuzzInitiate(f *testing.F) {
	s, keys := service(f, nil)
	tkt := ticket(f, keys, ticketOptions{})
	request, _, err := NewInitiator(tkt, DCE, true).Step(nil)
	if err != nil {
		f.Fatal(err)
	}
	reply, _, err := s.Accept().Step(request)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reply)
	f.Add(frame(idReply, reply))
	f.Add(frame(idError, []byte("\x7e\x03\x30\x01\x00")))
	f.Fuzz(func(t *testing.T, token []byte) {
		i := NewInitiator(tkt, DCE, true)
		if _, _, err := i.Step(nil); err != nil {
			t.Fatal(err)
		}
		if _, done, err := i.Step(token); done || err == nil {
			t.Error("it takes what answers another request")
		}
	})
}

// FuzzUnseal: no token passes for another, and none breaks anything.
func FuzzUnseal(f *testing.F) {
	i, _ := pair(f, etypeID.AES128_CTS_HMAC_SHA1_96)
	const text = "The stone age had event logs too"
	b := []byte(text)
	token, err := i.Seal(b, 4, len(b))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token, b, 4)
	f.Fuzz(func(t *testing.T, token, whole []byte, from int) {
		whole = bytes.Clone(whole) // it is decrypted in place
		from = max(0, min(from, len(whole)))
		_, a := pair(t, etypeID.AES128_CTS_HMAC_SHA1_96)
		if err := a.Unseal(whole, from, len(whole), token); err == nil && string(whole) != text {
			t.Error("it takes what was not sent")
		}
		if err := a.Verify(whole, token); err == nil {
			t.Error("it takes a signature that was not made")
		}
	})
}

// FuzzUnframe: what is taken out of a header can be put back.
func FuzzUnframe(f *testing.F) {
	f.Add(frame(idRequest, []byte("\x6e\x00")))
	f.Add(frame(idReply, make([]byte, 300)))
	f.Add([]byte("\x60\x84\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, message, err := unframe(b)
		if err != nil || b[0] != tagFrame {
			return
		}
		if again, m, err := unframe(frame(id, message)); err != nil || again != id || string(m) != string(message) {
			t.Errorf("%x is %d %x, and again %d %x, %v", b, id, message, again, m, err)
		}
	})
}

// FuzzCache: no cache file breaks the reader.
func FuzzCache(f *testing.F) {
	b := cacheFile(f, 4)
	f.Add(b)
	f.Add(cacheFile(f, 3))
	f.Add(b[:40])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeCache(b)
		if err != nil {
			return
		}
		for i := range c.tickets {
			_, _ = c.tickets[i].decode() // it must not panic
		}
	})
}

// FuzzPAC: no PAC that its KDC did not sign says anything.
func FuzzPAC(f *testing.F) {
	b, key := pacOf(f)
	f.Add(b)
	f.Add(b[:100])
	want := new(Identity)
	if err := want.takePAC(b, key); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		i := new(Identity)
		if err := i.takePAC(b, key); err == nil && i.PAC && i.SID != want.SID {
			t.Errorf("it takes %v", i)
		}
	})
}

// FuzzLogonInfo: what a KDC signed may be damaged all the same.
func FuzzLogonInfo(f *testing.F) {
	b, _ := pacOf(f)
	f.Add(logonOf(f, b))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v logonInfo
		if err := v.UnmarshalBinary(b); err == nil && (len(v.sids) == 0 || !v.sids[0].Valid()) {
			t.Errorf("it is nobody: %v", v)
		}
	})
}

// logonOf is the logon information of a PAC.
func logonOf(t testing.TB, b []byte) []byte {
	t.Helper()
	buffers, err := pacBuffers(b)
	if err != nil {
		t.Fatal(err)
	}
	return buffers[bufferLogon].of(b)
}

// FuzzKDC: no answer of a KDC breaks a client.
func FuzzKDC(f *testing.F) {
	f.Add(kdcError(f, 25, nil))
	f.Add(kdcError(f, 6, nil))
	f.Add([]byte("\x6b\x03\x30\x01\x00"))
	f.Fuzz(func(t *testing.T, reply []byte) {
		c, err := NewClient(ClientOptions{Config: krb5Conf(t), User: "fred", Password: "wilma", Dial: answering(reply)})
		if err != nil {
			t.Fatal(err)
		}
		if tkt, err := c.Ticket(t.Context(), "host", "bedrock"); err == nil {
			t.Errorf("it gets %v", tkt)
		}
	})
}

// answering is a KDC that answers everything alike.
func answering(reply []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			_ = theirs.SetDeadline(time.Now().Add(time.Minute)) // the client is a bug away
			head := make([]byte, 4)
			if _, err := io.ReadFull(theirs, head); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, theirs, int64(head[2])<<8|int64(head[3])); err != nil {
				return
			}
			n := len(reply)
			_, _ = theirs.Write(append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, reply...)) // it may not want that
		}()
		return ours, nil
	}
}
