package npa

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// golden is annotated hex: an offset, bytes, and behind a # what they are.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		part, err := hex.DecodeString(strings.Join(words[1:], ""))
		if err != nil {
			t.Fatalf("%s: %q: %v", name, line, err)
		}
		b = append(b, part...)
	}
	return b
}

// relength makes a message's length right.
func relength(msg []byte) []byte {
	binary.BigEndian.PutUint32(msg, uint32(len(msg)-4))
	return msg
}

// claim is a claim with values of a type: int64, uint64, string, []byte (octets) or
// nt.SID.
type claim struct {
	name   string
	kind   uint16
	values []any
}

// maker writes a hello as Samba's tables have it, and lets a test spoil it.
type maker struct {
	Hello
	claims             [3][]claim
	flags              []uint32 // SIDs with flags
	key, gss           []byte
	noSession, noInner bool
	noToken            bool
	torture            bool
	ngroups            int // added to the number of groups
	nsids              int // added to the number of SIDs
}

// make is the message.
func (m *maker) make(t testing.TB) []byte {
	t.Helper()
	w := ndr.NewWriter(nil, binary.LittleEndian)
	w.Raw([]byte("\x00\x00\x00\x00NPAM"))
	w.Uint32(m.Level)
	w.Uint32(m.Level)
	w.Uint8(m.Transport)
	text := func(s string, there bool) {
		w.Pointer(there)
		if there {
			w.Defer(func() {
				w.ConformantVarying(len(s)+1, 1<<20)
				w.Raw(append([]byte(s), 0))
			})
		}
	}
	some := func(s string) { text(s, s != "") }
	some(m.ClientName)
	some(m.ClientAddr)
	w.Uint16(m.ClientPort)
	some(m.ServerName)
	some(m.ServerAddr)
	w.Uint16(m.ServerPort)
	w.Pointer(!m.noSession)
	if !m.noSession {
		w.Defer(func() {
			w.Pointer(!m.noInner)
			if !m.noInner {
				w.Defer(func() { m.session(w, text, some) })
			}
			w.ByteArray(m.gss)
		})
	}
	w.Flush()
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return relength(b)
}

func (m *maker) session(w *ndr.Writer, text func(string, bool), some func(string)) {
	w.Pointer(!m.noToken)
	if !m.noToken {
		w.Defer(func() { m.token(w) })
	}
	w.Pointer(m.HasUnix)
	if m.HasUnix {
		w.Defer(func() {
			w.Uint32(uint32(len(m.Groups)))
			w.Uint64(m.UID)
			w.Uint64(m.GID)
			w.Uint32(uint32(len(m.Groups) + m.ngroups))
			for _, g := range m.Groups {
				w.Uint64(g)
			}
		})
	}
	w.Pointer(true)
	w.Defer(func() {
		some(m.Account)
		some(m.Principal)
		w.Uint8(1)
		some(m.Domain)
		some(m.DNSDomain)
		some(m.FullName)
		for range 5 {
			text("", true)
		}
		for range 6 * 2 {
			w.Uint32(0xffffffff)
		}
		w.Uint16(1)
		w.Uint16(2)
		w.Uint32(0x10)
		if m.Authenticated {
			w.Uint8(1)
		} else {
			w.Uint8(0)
		}
	})
	w.Pointer(true)
	w.Defer(func() {
		some(m.UnixName)
		text("clean", true)
	})
	w.Pointer(m.torture)
	w.ByteArray(m.key)
	w.Pointer(false)
	w.GUID(nt.GUID{1, 2, 3})
	w.Uint16(2)
}

func sid(w *ndr.Writer, s nt.SID) {
	b, err := s.AppendBinary(nil)
	if err != nil {
		w.Fail(err)
	}
	w.Align(4)
	w.Raw(b)
}

func (m *maker) token(w *ndr.Writer) {
	w.Align(8)
	n := len(m.SIDs) + len(m.flags)
	w.Uint32(uint32(n + m.nsids))
	w.Uint32(uint32(n))
	for _, s := range m.SIDs {
		sid(w, s)
	}
	for _, f := range m.flags {
		sid(w, nt.SID(fmt.Sprintf("S-1-22-2041152804-%d", f)))
	}
	w.Uint64(m.Privileges)
	w.Uint32(m.Rights)
	if m.Level < level8 {
		return
	}
	for _, list := range m.claims {
		w.Uint32(uint32(len(list)))
	}
	w.Uint32(uint32(len(m.DeviceSIDs)))
	var later []func()
	relative := func(write func()) {
		w.Uint32(0)
		at := w.Len() - 4
		later = append(later, func() {
			w.Align(2)
			whole, err := w.Bytes()
			if err == nil {
				binary.LittleEndian.PutUint32(whole[at:], uint32(w.Len()))
			}
			write()
		})
	}
	wide := func(s string) { w.Raw(append(nt.AppendUTF16(nil, s), 0, 0)) }
	blob := func(b []byte) { w.Raw(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)) }
	for _, list := range m.claims {
		w.Uint32(uint32(len(list)))
		for _, c := range list {
			w.Align(4)
			relative(func() { wide(c.name) })
			w.Uint16(c.kind)
			w.Uint32(0x20)
			w.Uint32(uint32(len(c.values)))
			for _, v := range c.values {
				relative(func() {
					switch v := v.(type) {
					case int:
						w.Raw(binary.LittleEndian.AppendUint64(nil, uint64(v)))
					case string:
						wide(v)
					case []byte:
						blob(v)
					}
				})
			}
		}
	}
	w.Uint32(uint32(len(m.DeviceSIDs)))
	for _, s := range m.DeviceSIDs {
		sid(w, s)
	}
	w.Uint16(2)
	w.Defer(func() {
		for _, f := range later {
			f()
		}
	})
}

// fred is a maker of a hello of level 8 with something in everything.
func fred() *maker {
	return &maker{
		Hello: Hello{
			Level: 8, Transport: TransportSMB,
			ClientName: "wilma", ClientAddr: "fd00::17", ClientPort: 50001,
			ServerName: "bedrock", ServerAddr: "fd00::1", ServerPort: 445,
			SIDs:       []nt.SID{"S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-513", "S-1-1-0", "S-1-5-11", "S-1-5-32-573"},
			DeviceSIDs: []nt.SID{"S-1-5-21-1-2-3-1201", "S-1-5-21-1-2-3-515"},
			Privileges: 0x1122334455667788, Rights: 3, Flags: FlagWinbindOff, Claims: 4,
			HasUnix: true, UID: 3000016, GID: 100, Groups: []uint64{100, 3000017, 1 << 40}, UnixName: `QUARRY\fred`,
			Account: "fred", Principal: "fred@quarry.example", Domain: "QUARRY", DNSDomain: "quarry.example",
			FullName: "Fred Feuerstein, Döner", Authenticated: true,
		},
		claims: [3][]claim{
			{{"Örtlich", claimInt64, []any{-1, 2}}},
			{{"ad://ext/title:1", claimString, []any{"crane operator", ""}}, {"octets", claimOctets, []any{[]byte{1, 2, 3}, []byte(nil)}}},
			{{"bool", claimBoolean, []any{1}}},
		},
		flags: []uint32{FlagWinbindOff}, key: make([]byte, 16), gss: []byte("ccache!"),
	}
}
