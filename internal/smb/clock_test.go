package smb

import (
	"encoding/binary"
	"testing"
	"time"

	"netelf.example/nt"
)

// The clock of a server is known by its answer to the negotiation, where that has it.
func TestSkew(t *testing.T) {
	for _, x := range []struct {
		name  string
		ahead time.Duration
		known bool
	}{{"ahead", 3 * time.Hour, true}, {"behind", -90 * time.Second, true}, {"not said", 0, false}} {
		t.Run(x.name, func(t *testing.T) {
			s := &fakeServer{t: t, answer: func(command uint16, _ nt.Status, b []byte) []byte {
				if command == commandNegotiate && x.known {
					at, _ := nt.FiletimeOf(time.Now().Add(x.ahead)) // is in its range
					binary.LittleEndian.PutUint64(b[offsetSystemTime-headerSize:], uint64(at))
				}
				return b
			}}
			d := NewDialer(Options{Address: "bedrock", Credentials: Credentials{User: "fred", Domain: "QUARRY", Password: "yabba"}, Dial: s.connect})
			defer d.Close()
			if _, ok := d.Skew(); ok {
				t.Error("known before there was a session")
			}
			if _, err := d.Dial(t.Context(), "echo"); err != nil {
				t.Fatal(err)
			}
			if got, ok := d.Skew(); ok != x.known || (got-x.ahead).Abs() > time.Minute {
				t.Errorf("%v, %v", got, ok)
			}
		})
	}
}
