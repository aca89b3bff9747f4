//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netelf.example/internal/logtest"
	"netelf.example/internal/ntlm"
	"netelf.example/internal/spnego"
)

// peer is a foreign program that answers each line with a line.
type peer struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Reader
}

func startPeer(t testing.TB, program string, args ...string) *peer {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // it may have ended already
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("%s: %v: %s", filepath.Base(program), err, stderr.String())
		}
	})
	return &peer{t, in, bufio.NewReader(out)}
}

// line sends words and gives those of the answer.
func (p *peer) line(words ...string) []string {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, strings.Join(words, " ")); err != nil {
		p.t.Fatal(err)
	}
	answer, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("%v after %q", err, answer)
	}
	return append(strings.Fields(answer), "")
}

// ask sends a command with bytes and gives the answer's first word and bytes.
func (p *peer) ask(command string, args ...[]byte) (word string, out [][]byte) {
	p.t.Helper()
	words := []string{command}
	for _, a := range args {
		if len(a) == 0 {
			words = append(words, "-")
		} else {
			words = append(words, hex.EncodeToString(a))
		}
	}
	answer := p.line(words...)
	if answer[0] == "error" {
		return strings.Join(answer, " "), nil
	}
	for _, w := range answer[1 : len(answer)-1] {
		var b []byte
		if w != "-" {
			var err error
			if b, err = hex.DecodeString(w); err != nil {
				p.t.Fatal(err)
			}
		}
		out = append(out, b)
	}
	return answer[0], out
}

// ok is ask for a command that must succeed with a number of parts.
func (p *peer) ok(n int, command string, args ...[]byte) [][]byte {
	p.t.Helper()
	word, out := p.ask(command, args...)
	if word != "ok" || len(out) != n {
		p.t.Fatalf("%s: %s, %x", command, word, out)
	}
	return out
}

func startSamba(t testing.TB, role, mechanism, user, password string) *peer {
	return startPeer(t, logtest.Python(t, "samba.gensec", "python3-samba"), "testdata/samba_gensec.py", role, mechanism, user, password)
}

// knowsFred is a server where fred has the password wilma.
func knowsFred() (*ntlm.Acceptor, error) {
	return ntlm.NewAcceptor(ntlm.AcceptorOptions{Computer: "BEDROCK", DNSComputer: "bedrock.example", DNSDomain: "example",
		Lookup: func(_, user string) (hash [16]byte, ok bool, err error) {
			return ntlm.NTHash("wilma"), user == "fred", nil
		}})
}

// stepper is a side of ours.
type stepper interface {
	Step(token []byte) (reply []byte, done bool, err error)
}

// session is the session of a side that is done.
func session(t testing.TB, s stepper) *ntlm.Session {
	t.Helper()
	var mech any = s
	switch s := s.(type) {
	case *spnego.Initiator:
		mech, _ = s.Mechanism()
	case *spnego.Acceptor:
		mech, _ = s.Mechanism()
	}
	switch m := mech.(type) {
	case *ntlm.Initiator:
		return m.Security()
	case *ntlm.Acceptor:
		return m.Security()
	}
	t.Fatalf("%T has no session", mech)
	return nil
}

// established steps through the exchange of ours with Samba's.
func established(t testing.TB, ours stepper, p *peer, weBegin bool) (tokens [][]byte, err error) {
	t.Helper()
	var token []byte
	weDone, theyDone := false, false
	for us := weBegin; !weDone || !theyDone; us = !us {
		if us {
			if token, weDone, err = ours.Step(token); err != nil {
				return tokens, err
			}
		} else {
			word, out := p.ask("step", token)
			if word != "more" && word != "done" {
				return tokens, errors.New(word)
			}
			token, theyDone = out[0], word == "done"
		}
		if len(token) == 0 {
			if !weDone || !theyDone {
				return tokens, fmt.Errorf("nothing to send: we are done %v, they are %v", weDone, theyDone)
			}
			return tokens, nil
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// talkSamba protects messages both ways, signed and sealed in turn.
func talkSamba(t testing.TB, s *ntlm.Session, p *peer) {
	t.Helper()
	if got := p.ok(1, "key")[0]; !bytes.Equal(got, keyOf(s)) {
		t.Errorf("Samba's key %x, ours %x", got, keyOf(s))
	}
	for n := range 4 {
		message := []byte(strings.Repeat("yabba dabba doo ", n+1))
		sealed := bytes.Clone(message)
		sig, err := s.Seal(sealed, 0, len(sealed))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.ok(1, "unwrap", append(sig, sealed...))[0]; !bytes.Equal(got, message) {
			t.Errorf("Samba unwraps %q", got)
		}
		wrapped := p.ok(1, "wrap", message)[0]
		body := wrapped[ntlm.SignatureSize:]
		if err := s.Unseal(body, 0, len(body), wrapped[:ntlm.SignatureSize]); err != nil || !bytes.Equal(body, message) {
			t.Errorf("we unseal %q, %v", body, err)
		}
		if sig, err = s.Sign(message); err != nil {
			t.Fatal(err)
		}
		p.ok(1, "check", message, sig)
		if err := s.Verify(message, p.ok(1, "sign", message)[0]); err != nil {
			t.Error(err)
		}
	}
	sig, err := s.Sign([]byte("one thing"))
	if err != nil {
		t.Fatal(err)
	}
	if word, _ := p.ask("check", []byte("another"), sig); !strings.HasPrefix(word, "error") {
		t.Errorf("Samba takes a wrong signature: %s", word)
	}
}

func keyOf(s *ntlm.Session) []byte {
	key := s.Key()
	return key[:]
}

// TestSambaInitiator: Samba logs on to us, by NTLM alone and in SPNEGO, with its MIC
// and its signature of the list. Somebody anonymous offers no session security that
// we take.
func TestSambaInitiator(t *testing.T) {
	for _, mechanism := range []string{"ntlmssp", "spnego"} {
		for _, x := range []struct{ user, password string }{{"fred", "wilma"}, {"fred", "betty"}, {"barney", "wilma"}, {"", ""}} {
			t.Run(mechanism+" "+x.user+" "+x.password, func(t *testing.T) {
				var ours stepper
				a, err := knowsFred()
				if ours = a; mechanism == "spnego" {
					ours, err = spnego.NewAcceptor([]spnego.Offer{{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return a, nil }}})
				}
				if err != nil {
					t.Fatal(err)
				}
				p := startSamba(t, "initiator", mechanism, x.user, x.password)
				tokens, err := established(t, ours, p, false)
				if x.user+x.password != "fredwilma" {
					want := ntlm.ErrLogon
					if x.user == "" {
						want = ntlm.ErrWeak
					}
					if !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if user, domain := a.Name(); user != "fred" || domain != "ROCK" || a.Anonymous() || a.Workstation() != "QUARRY" {
					t.Errorf("%q, %q, %v, %q", user, domain, a.Anonymous(), a.Workstation())
				}
				if mechanism == "spnego" {
					var r spnego.Resp
					if err := r.UnmarshalBinary(tokens[len(tokens)-1]); err != nil || r.MIC == nil || r.State != spnego.StateCompleted {
						t.Errorf("the last token is %+v, %v: has the list been signed?", r, err)
					}
				}
				talkSamba(t, a.Security(), p)
			})
		}
	}
}

// ntlmAuth is Samba's ntlm_auth as a server, where fred has the password wilma.
// Its answers are TT or AF or NA, a token in base64, and words.
type ntlmAuth struct{ *peer }

func startNTLMAuth(t testing.TB, protocol string) ntlmAuth {
	return ntlmAuth{startPeer(t, logtest.Program(t, "ntlm_auth", "winbind"), "--helper-protocol="+protocol, "--username=fred", "--password=wilma", "--domain=ROCK")}
}

func (n ntlmAuth) step(command string, token []byte) (word string, reply []byte, rest string) {
	n.t.Helper()
	answer := n.line(command, base64.StdEncoding.EncodeToString(token))
	reply, err := base64.StdEncoding.DecodeString(answer[1])
	if err != nil {
		reply = nil
	}
	return answer[0], reply, strings.Join(answer[1:], " ")
}

// unknown is a mechanism that nobody else has.
type unknown struct{ spnego.Mechanism }

func (unknown) Step([]byte) (reply []byte, done bool, err error) {
	return []byte("a token"), false, nil
}

// offers is NTLM, alone or as the second.
func offers(mech *ntlm.Initiator, second bool) []spnego.Offer {
	list := []spnego.Offer{
		{OID: "\x2a\x03\x04", New: func() (spnego.Mechanism, error) { return unknown{}, nil }},
		{OID: spnego.NTLM, New: func() (spnego.Mechanism, error) { return mech, nil }},
	}
	if second {
		return list
	}
	return list[1:]
}

// TestSambaAcceptor: we log on to Samba, which checks our response, our MIC and our
// signature of the list, and has the same session key. In "second" NTLM is not the
// first mechanism that we offer, so that Samba must ask for that signature.
func TestSambaAcceptor(t *testing.T) {
	for _, x := range []struct{ name, protocol string }{{"ntlm", "squid-2.5-ntlmssp"}, {"spnego", "gss-spnego"}, {"second", "gss-spnego"}} {
		for _, password := range []string{"wilma", "betty"} {
			t.Run(x.name+" "+password, func(t *testing.T) {
				protocol := x.protocol
				mech, err := ntlm.NewInitiator(ntlm.InitiatorOptions{User: "fred", Domain: "ROCK", Password: password, Workstation: "QUARRY", TargetName: "host/bedrock", Seal: true})
				if err != nil {
					t.Fatal(err)
				}
				var ours stepper = mech
				if protocol == "gss-spnego" {
					if ours, err = spnego.NewInitiator(offers(mech, x.name == "second")); err != nil {
						t.Fatal(err)
					}
				}
				n := startNTLMAuth(t, protocol)
				command, token, done := "YR", []byte(nil), false
				word, rest := "", ""
				for range 4 {
					if token, done, err = ours.Step(token); err != nil {
						break
					}
					if token == nil {
						break
					}
					word, token, rest = n.step(command, token)
					command = "KK"
					if word != "TT" && (protocol != "gss-spnego" || word != "AF") {
						break
					}
				}
				if password != "wilma" {
					if word != "NA" || !strings.Contains(rest, "NT_STATUS_") {
						t.Errorf("a wrong password gets %s %s, %v", word, rest, err)
					}
					return
				}
				if err != nil || !done || word != "AF" {
					t.Fatalf("done %v, %v: %s %s", done, err, word, rest)
				}
				s := session(t, ours)
				if at, ok := s.ServerTime(); !ok || time.Since(at).Abs() > time.Minute {
					t.Errorf("server's time %v, %v", at, ok)
				}
				key := n.line("GK")
				if want := base64.StdEncoding.EncodeToString(keyOf(s)); key[0] != "GK" || key[1] != want {
					t.Errorf("Samba's key %v, ours %s", key, want)
				}
			})
		}
	}
}

// TestSambaAcceptorSession: messages to and from Samba as a server, which lets in
// only somebody anonymous here. In "second" they come behind signatures of the list.
func TestSambaAcceptorSession(t *testing.T) {
	for _, name := range []string{"ntlmssp", "spnego", "second"} {
		mech, err := ntlm.NewInitiator(ntlm.InitiatorOptions{Anonymous: true, Seal: true})
		if err != nil {
			t.Fatal(err)
		}
		var ours stepper = mech
		mechanism := "ntlmssp"
		if name != "ntlmssp" {
			mechanism = "spnego"
			if ours, err = spnego.NewInitiator(offers(mech, name == "second")); err != nil {
				t.Fatal(err)
			}
		}
		p := startSamba(t, "acceptor", mechanism, "", "")
		tokens, err := established(t, ours, p, true)
		if err != nil {
			t.Fatal(err)
		}
		var r spnego.Resp
		if err := r.UnmarshalBinary(tokens[len(tokens)-1]); name != "ntlmssp" && (err != nil || (r.MIC != nil) != (name == "second")) {
			t.Errorf("%s: the last token is %+v, %v", name, r, err)
		}
		talkSamba(t, mech.Security(), p)
	}
}

// TestImpacketInitiator: impacket logs on to us and seals messages both ways, as its
// RPC does: the whole is signed, a part of it sealed.
func TestImpacketInitiator(t *testing.T) {
	python := logtest.Python(t, "impacket.ntlm", "python3-impacket")
	for _, x := range []struct{ user, password string }{{"fred", "wilma"}, {"fred", "betty"}, {"barney", "wilma"}, {"", ""}} {
		p := startPeer(t, python, "testdata/impacket_ntlm.py", x.user, x.password)
		a, err := knowsFred()
		if err != nil {
			t.Fatal(err)
		}
		challenge, _, err := a.Step(p.ok(1, "first")[0])
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = a.Step(p.ok(1, "answer", challenge)[0])
		if x.user != "" && x.user+x.password != "fredwilma" {
			if !errors.Is(err, ntlm.ErrLogon) {
				t.Errorf("%s, %s: %v", x.user, x.password, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		user, domain := a.Name()
		if anonymous := x.user == ""; anonymous != a.Anonymous() || !anonymous && (user != "fred" || domain != "ROCK" || a.TargetName() != "cifs/BEDROCK") {
			t.Errorf("%q, %q, %q, anonymous %v", user, domain, a.TargetName(), a.Anonymous())
		}
		s := a.Security()
		for n := range 3 {
			head, body := []byte(fmt.Sprintf("head %d ", n)), []byte("a body to be sealed")
			out := p.ok(2, "seal", head, body)
			whole := append(bytes.Clone(head), out[0]...)
			if err := s.Unseal(whole, len(head), len(whole), out[1]); err != nil || string(whole) != string(head)+string(body) {
				t.Errorf("we unseal %q, %v", whole, err)
			}
			plain := bytes.Clone(whole)
			sig, err := s.Seal(whole, len(head), len(whole))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.ok(1, "open", whole[len(head):])[0]; !bytes.Equal(got, body) {
				t.Errorf("impacket opens %q", got)
			}
			if got := p.ok(1, "mac", plain)[0]; !bytes.Equal(got, sig) {
				t.Errorf("impacket's signature %x, ours %x", got, sig)
			}
		}
	}
}

// TestImpacketTokens: impacket reads our SPNEGO tokens, and we its.
func TestImpacketTokens(t *testing.T) {
	p := startPeer(t, logtest.Python(t, "impacket.spnego", "python3-impacket"), "testdata/impacket_ntlm.py", "fred", "wilma")
	for _, size := range []int{1, 0x70, 0x90, 0x180} {
		token := bytes.Repeat([]byte{'x'}, size)
		b, err := (&spnego.Init{Mechanisms: []spnego.OID{spnego.NTLM, spnego.Kerberos}, Token: token}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		out := p.ok(3, "readinit", b)
		if spnego.OID(out[0]) != spnego.NTLM || spnego.OID(out[1]) != spnego.Kerberos || !bytes.Equal(out[2], token) {
			t.Errorf("%d bytes: impacket reads %x", size, out)
		}
		var i spnego.Init
		if err := i.UnmarshalBinary(p.ok(1, "init", token)[0]); err != nil || len(i.Mechanisms) != 1 || i.Mechanisms[0] != spnego.NTLM || !bytes.Equal(i.Token, token) {
			t.Errorf("%d bytes: we read %+v, %v", size, i, err)
		}
		for _, r := range []spnego.Resp{
			{State: spnego.StateIncomplete, Mechanism: spnego.NTLM, Token: token},
			{State: spnego.StateNone, Token: token},
			{State: spnego.StateCompleted},
		} {
			if b, err = r.AppendBinary(nil); err != nil {
				t.Fatal(err)
			}
			var state []byte
			if r.State != spnego.StateNone {
				state = []byte{byte(r.State)}
			}
			out = p.ok(3, "readresp", b)
			if !bytes.Equal(out[0], state) || spnego.OID(out[1]) != r.Mechanism || !bytes.Equal(out[2], r.Token) {
				t.Errorf("impacket reads %x of %+v", out, r)
			}
			if made := p.ok(1, "resp", state, []byte(r.Mechanism), r.Token)[0]; !bytes.Equal(made, b) {
				t.Errorf("impacket makes %x of %+v, we %x", made, r, b)
			}
		}
	}
}
