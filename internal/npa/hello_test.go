package npa

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

func TestHello(t *testing.T) {
	anonymous := &maker{Hello: Hello{
		Level: 7, Transport: 8, SIDs: []nt.SID{nt.SIDAnonymous, nt.SIDEveryone},
	}}
	many := &maker{Hello: Hello{Level: 7, Transport: TransportSMB, Account: "pebbles"}}
	for i := range 3000 {
		many.SIDs = append(many.SIDs, nt.UnixGroup(uint32(i)))
	}
	for _, x := range []struct {
		name string
		msg  []byte
		want Hello
	}{
		{"Samba 4.17", golden(t, "hello7.hex"), Hello{
			Level: 7, Transport: TransportSMB,
			ClientName: "vm", ClientAddr: "127.0.0.1", ClientPort: 50526,
			ServerName: "vm", ServerAddr: "127.0.0.1", ServerPort: 4471,
			SIDs: []nt.SID{"S-1-5-21-517224652-546180782-1854992785-1000", "S-1-5-21-517224652-546180782-1854992785-513",
				"S-1-22-2-0", "S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-22-1-0"},
			HasUnix: true, Groups: []uint64{0}, UnixName: "root",
			Account: "root", Domain: "BEDROCK", FullName: "root", Authenticated: true,
		}},
		{"level 8, with everything", fred().make(t), fred().Hello},
		{"nobody in particular", anonymous.make(t), anonymous.Hello},
		{"many groups", many.make(t), many.Hello},
	} {
		t.Run(x.name, func(t *testing.T) {
			h, err := ReadHello(iotest.OneByteReader(bytes.NewReader(append(x.msg, "more"...))))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(x.want, *h); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestHelloCut: what is a byte short, or a byte long, is an error, wherever.
func TestHelloCut(t *testing.T) {
	for name, whole := range map[string][]byte{"seen": golden(t, "hello7.hex"), "made": fred().make(t)} {
		for n := range whole {
			if n >= 4 {
				if err := new(Hello).UnmarshalBinary(relength(bytes.Clone(whole[:n]))); err == nil {
					t.Errorf("%s: %d bytes of %d are enough", name, n, len(whole))
				}
			}
			if _, err := ReadHello(bytes.NewReader(whole[:n])); err == nil {
				t.Errorf("%s: read of %d bytes of %d", name, n, len(whole))
			}
		}
		if err := new(Hello).UnmarshalBinary(relength(append(bytes.Clone(whole), 0))); err == nil || !strings.HasSuffix(err.Error(), ": 1 bytes are left over") {
			t.Errorf("%s: a byte more: %v", name, err)
		}
	}
}

func TestHelloErrors(t *testing.T) {
	seen := golden(t, "hello7.hex")
	set := func(at int, b ...byte) []byte {
		msg := bytes.Clone(seen)
		copy(msg[at:], b)
		return msg
	}
	made := func(f func(m *maker)) []byte {
		m := fred()
		f(m)
		return m.make(t)
	}
	for _, x := range []struct {
		name string
		msg  []byte
		want string
	}{
		{"empty", nil, "ndr: named_pipe_auth_req.length at offset 0x0: need 4 bytes, have 0"},
		{"wrong length", set(3, 0xd2), "ndr: named_pipe_auth_req.length at offset 0x0: 722, but there are 721 bytes"},
		{"magic", set(4, 'X'), `ndr: named_pipe_auth_req.magic at offset 0x4: "XPAM", want "NPAM"`},
		{"older", set(8, 6), "npa: hello of level 6, known are 7 (Samba 4.17) and 8 (later)"},
		{"newer", set(8, 9), "npa: hello of level 9, known are 7 (Samba 4.17) and 8 (later)"},
		{"other level behind", set(12, 8), "ndr: named_pipe_auth_req.info at offset 0xc: union of level 8 in a request of level 7"},
		{"level 7 as level 8", set(8, 8, 0, 0, 0, 8), "ndr: named_pipe_auth_req.num_local_claims at offset 0x16c: 1, but the array has 0"},
		{"text over its size", set(0x38, 4), "ndr: named_pipe_auth_req.remote_client_name at offset 0x38: actual count 4 is over the maximum count 3"},
		{"text over the end", set(0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0), "ndr: named_pipe_auth_req.remote_client_name at offset 0x38: actual count 65536 needs 65536 bytes, have 665"},
		{"text over the limit", set(0x30, 1, 0, 1, 0), "ndr: named_pipe_auth_req.remote_client_name at offset 0x30: maximum count 65537 is over the limit 65536"},
		{"text of no bytes", set(0x38, 0), "ndr: named_pipe_auth_req.remote_client_name at offset 0x3c: string without a zero at its end, or with one before it"},
		{"text without zero", set(0x3e, 'x'), "ndr: named_pipe_auth_req.remote_client_name at offset 0x3c: string without a zero at its end, or with one before it"},
		{"text with two zeros", set(0x3d, 0), "ndr: named_pipe_auth_req.remote_client_name at offset 0x3c: string without a zero at its end, or with one before it"},
		{"key over the end", set(0x9c, 0, 0, 1), "ndr: named_pipe_auth_req.session_key at offset 0x9c: maximum count 65536 needs 65536 bytes, have 565"},
		{"SIDs over the limit", set(0xcc, 1, 0, 1), "ndr: named_pipe_auth_req.sids at offset 0xcc: maximum count 65537 is over the limit 65536"},
		{"SID of another revision", set(0xd0, 2), "ndr: named_pipe_auth_req.sids at offset 0xd0: sid: revision 2, want 1"},
		{"SID of 16 parts", set(0xd1, 16), "ndr: named_pipe_auth_req.sids at offset 0xd1: 16 sub-authorities, at most 15"},
		{"number of SIDs", made(func(m *maker) { m.nsids = 1 }), "ndr: named_pipe_auth_req.num_sids at offset 0xd8: 7, but the array has 6"},
		{"number of groups", made(func(m *maker) { m.ngroups = -1 }), "ndr: named_pipe_auth_req.ngroups at offset 0x2b8: 2, but the array has 3"},
		{"flags twice", made(func(m *maker) { m.flags = []uint32{0, 1} }), "ndr: named_pipe_auth_req.sids at offset 0x150: second SID with flags"},
		{"no session", made(func(m *maker) { m.noSession = true }), "ndr: named_pipe_auth_req.session_info at offset 0x2c: null pointer"},
		{"no session in it", made(func(m *maker) { m.noInner = true }), "ndr: named_pipe_auth_req.session_info at offset 0x84: null pointer"},
		{"no token", made(func(m *maker) { m.noToken = true }), "ndr: named_pipe_auth_req.security_token at offset 0x94: null pointer"},
		{"a pointer of smbd's own", made(func(m *maker) { m.torture = true }), "ndr: named_pipe_auth_req.torture at offset 0xa4: pointer that is not null"},
		{"nobody", (&maker{Hello: Hello{Level: 7}, flags: []uint32{0}}).make(t), "ndr: named_pipe_auth_req.sids at offset 0x15e: no user in the token"},
		{"claim of an unknown type", made(func(m *maker) { m.claims[1][0].kind = 4 }), "ndr: named_pipe_auth_req.user_claims at offset 0x190: value type 4"},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := Hello{Account: "of before"}
			err := h.UnmarshalBinary(x.msg)
			if err == nil || !strings.HasPrefix(err.Error(), x.want) {
				t.Fatalf("error %v, want %s", err, x.want)
			}
			if level := new(LevelError); !errors.Is(err, eventlog.ErrCorrupt) && !errors.As(err, &level) {
				t.Errorf("%T is neither kind of error", err)
			}
		})
	}
}

// TestHelloClaimPointers: what a claim's pointers point to begins behind what came
// before, and ends in the message.
func TestHelloClaimPointers(t *testing.T) {
	m := &maker{Hello: Hello{Level: 8, SIDs: []nt.SID{nt.SIDEveryone}, Claims: 1}, key: make([]byte, 16)}
	m.claims[0] = []claim{{"n", claimOctets, []any{[]byte("octets")}}}
	msg := m.make(t)
	if err := new(Hello).UnmarshalBinary(msg); err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(msg, []byte("n\x00\x00\x00")) // what the first pointer points to
	pointer := bytes.Index(msg, binary.LittleEndian.AppendUint32(nil, uint32(at)))
	second := pointer + 16
	length := int(binary.LittleEndian.Uint32(msg[second:]))
	for _, x := range []struct {
		name  string
		at    int
		value uint32
		want  string
	}{
		{"before what came before", pointer, uint32(at - 2), "pointer to offset"},
		{"into the value before", second, uint32(at + 2), "pointer to offset"},
		{"over the end", second, uint32(len(msg) + 1), "pointer to offset"},
		{"at the end", second, uint32(len(msg)), "value that does not end"},
		{"far over the end", second, 0xffffffff, "pointer to offset"},
		{"octets over the end", length, 0xffffffff, "value that does not end"},
		{"fewer octets", length, 1, "offset"}, // what follows is not what should
	} {
		spoilt := bytes.Clone(msg)
		binary.LittleEndian.PutUint32(spoilt[x.at:], x.value)
		if err := new(Hello).UnmarshalBinary(spoilt); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: error %v, want %s", x.name, err, x.want)
		}
	}
}

func TestReadHelloErrors(t *testing.T) {
	if _, err := ReadHello(strings.NewReader("")); err != io.EOF {
		t.Errorf("nothing: %v, want io.EOF", err)
	}
	for _, x := range []struct{ in, want string }{
		{"\x00\x00", "npa: hello: length: unexpected EOF"},
		{"\x00\x00\x00\x05NPA", "npa: hello: have 3 bytes of 5: unexpected EOF"},
		{"\x00\x10\x00\x01NPAM", "npa: hello of 1048577 bytes, at most 1048576"},
		{"\xff\xff\xff\xff", "npa: hello of 4294967295 bytes, at most 1048576"},
		{"\x00\x00\x00\x00", "ndr: named_pipe_auth_req.magic at offset 0x4: need 4 bytes, have 0"},
	} {
		if _, err := ReadHello(strings.NewReader(x.in)); err == nil || err.Error() != x.want {
			t.Errorf("%q: error %v, want %s", x.in, err, x.want)
		}
	}
}

func TestCaller(t *testing.T) {
	root := Hello{SIDs: []nt.SID{"S-1-5-21-1-2-3-1000", "S-1-22-1-0"}, HasUnix: true, Account: "root", Domain: "BEDROCK", ClientAddr: "127.0.0.1", ClientPort: 7}
	withoutUnix, guest := root, root
	withoutUnix.HasUnix = false
	guest.UID, guest.Domain, guest.ClientAddr, guest.ClientName = 65534, "", "", "wilma"
	for name, x := range map[string]struct {
		h    Hello
		want eventlog.Caller
	}{
		"root":               {root, eventlog.Caller{Name: `BEDROCK\root`, Door: "samba", Addr: "127.0.0.1:7", SIDs: []nt.SID{"S-1-5-21-1-2-3-1000", "S-1-22-1-0", nt.SIDAdministrators}}},
		"without Unix token": {withoutUnix, eventlog.Caller{Name: `BEDROCK\root`, Door: "samba", Addr: "127.0.0.1:7", SIDs: root.SIDs}},
		"guest":              {guest, eventlog.Caller{Name: "root", Door: "samba", Addr: "wilma:7", SIDs: root.SIDs}},
	} {
		if d := cmp.Diff(x.want, x.h.Caller()); d != "" {
			t.Errorf("%s (-want +got)\n%s", name, d)
		}
	}
	if got := root.Caller().SIDs; &got[0] == &root.SIDs[0] {
		t.Error("the caller's SIDs are the hello's")
	}
}

func TestAddr(t *testing.T) {
	for _, x := range []struct {
		h    Hello
		want string
		tcp  bool
	}{
		{Hello{ClientAddr: "192.0.2.1", ClientPort: 1}, "192.0.2.1:1", true},
		{Hello{ClientAddr: "fe80::1%eth0", ClientPort: 2}, "[fe80::1%eth0]:2", true},
		{Hello{ClientAddr: "a unix socket", ClientName: "no"}, "a unix socket:0", false},
		{Hello{}, ":0", false},
	} {
		a := x.h.Client()
		if _, tcp := a.(*net.TCPAddr); a.String() != x.want || a.Network() != "tcp" || tcp != x.tcp {
			t.Errorf("%T %s, want %s", a, a, x.want)
		}
	}
}

func TestReply(t *testing.T) {
	for _, x := range []struct {
		name   string
		status nt.Status
	}{{"reply7.hex", nt.StatusSuccess}, {"reply7_refused.hex", nt.StatusAccessDenied}} {
		if d := cmp.Diff(golden(t, x.name), appendReply([]byte{}, 7, x.status)); d != "" {
			t.Errorf("%s (-want +got)\n%s", x.name, d)
		}
	}
}

func FuzzHello(f *testing.F) {
	f.Add(golden(f, "hello7.hex"))
	f.Add(fred().make(f))
	f.Add((&maker{Hello: Hello{Level: 8, SIDs: []nt.SID{nt.SIDEveryone}}}).make(f))
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) >= 4 && len(msg) <= MaxHello {
			relength(msg)
		}
		var h Hello
		if err := h.UnmarshalBinary(msg); err != nil {
			return
		}
		if len(h.SIDs) == 0 || 8*len(h.SIDs) > len(msg) || 16*h.Claims > len(msg) || 8*len(h.Groups) > len(msg) {
			t.Errorf("%d SIDs, %d claims and %d groups of %d bytes", len(h.SIDs), h.Claims, len(h.Groups), len(msg))
		}
		for _, s := range append(h.SIDs, h.DeviceSIDs...) {
			if !s.Valid() {
				t.Errorf("SID %q", s)
			}
		}
		again, err := ReadHello(bytes.NewReader(msg))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(h, *again); d != "" {
			t.Error(d)
		}
		_ = h.Caller()
	})
}
