package dcerpc

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
)

// conversation is what a well-behaved client sends, to be mutated.
func conversation(t testing.TB, auth *trailer) [][]byte {
	r := &raw{t: t, order: binary.LittleEndian}
	if auth != nil && auth.ContextID%2 == 1 {
		r.order = binary.BigEndian
	}
	var all [][]byte
	add := func(pt ptype, flags uint8, call uint32, body []byte, tr *trailer, token string) {
		b, err := appendPDU(nil, header{Type: pt, Flags: flags, Order: r.order, CallID: call}, body, tr, []byte(token))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	add(ptBind, flagWhole|flagHeaderSign, 1, r.bindBody(element{0, echoID, []SyntaxID{NDR}}, element{1, echoID, []SyntaxID{{Version: 1}}}), auth, "c1")
	s := session{}
	if auth != nil {
		add(ptAuth3, flagWhole, 1, make([]byte, 4), auth, "c2")
		s = session{trailer: *auth, sec: &hmacSecurity{send: "client"}, header: true}
	}
	for call := uint32(2); call < 5; call++ {
		for i, flags := range []uint8{flagFirst, 0, flagLast} {
			b, err := s.appendFragment(nil, header{Type: ptRequest, Flags: flags, Order: r.order, CallID: call}, requestIDs(r.order, 0, 0, opEcho), pattern(10+i))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b)
		}
		add(ptCancel, flagWhole, call, nil, nil, "")
	}
	add(ptAlterContext, flagWhole, 9, r.bindBody(element{5, echoID, []SyntaxID{NDR}}), nil, "")
	add(ptOrphaned, flagWhole, 4, nil, nil, "")
	return all
}

// TestMutations: damaged conversations end each connection, and nothing else. That
// no goroutine is left is what synctest.Test looks at.
func TestMutations(t *testing.T) {
	auths := []*trailer{nil, {Type: AuthNTLM, Level: LevelPrivacy, ContextID: 2}, {Type: AuthNTLM, Level: LevelIntegrity, ContextID: 3}}
	synctest.Test(t, func(t *testing.T) {
		_, server := mechanisms("three legs")
		w := newWorld(t, ServerOptions{MaxCallSize: 4096, Auth: map[uint8]func(*Peer) Mechanism{AuthNTLM: anyPeer(server)}})
		rnd := rand.New(rand.NewPCG(1, 2))
		answered := 0
		for n := range 600 {
			pdus := conversation(t, auths[n%len(auths)])
			for range rnd.IntN(4) {
				p := pdus[rnd.IntN(len(pdus))]
				switch rnd.IntN(5) {
				case 0:
					p[rnd.IntN(len(p))] = byte(rnd.Uint32())
				case 1:
					p[rnd.IntN(min(len(p), 28))] ^= 1 << rnd.IntN(8)
				case 2:
					i, j := rnd.IntN(len(pdus)), rnd.IntN(len(pdus))
					pdus[i], pdus[j] = pdus[j], pdus[i]
				case 3:
					p[rnd.IntN(len(p))] = 0xff
				case 4:
					i := rnd.IntN(len(pdus))
					pdus[i] = pdus[i][:rnd.IntN(len(pdus[i])+1)]
				}
			}
			nc, ended := w.connect()
			read := make(chan int64)
			go func() {
				n, _ := io.Copy(io.Discard, nc)
				read <- n
			}()
			for _, p := range pdus {
				if _, err := nc.Write(p); err != nil {
					break
				}
			}
			synctest.Wait()
			_ = nc.Close()
			if <-read > 0 {
				answered++
			}
			<-ended
		}
		if answered < 200 {
			t.Errorf("only %d of the conversations were answered", answered)
		}
	})
}
