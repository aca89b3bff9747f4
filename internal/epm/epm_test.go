package epm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/hexdoc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

var (
	eventlogID = dcerpc.SyntaxID{UUID: guid("82273fdc-e32a-18c3-3f78-827929dc23ea")}
	winregID   = dcerpc.SyntaxID{UUID: guid("338cd001-2244-31f1-aaaa-900038001003"), Version: 1}
	spoolssID  = dcerpc.SyntaxID{UUID: guid("12345678-1234-abcd-ef00-0123456789ab"), Version: 1}
)

func guid(s string) nt.GUID {
	g, err := nt.ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}

func entries() []Entry {
	newer := winregID
	newer.Version |= 5 << 16
	return []Entry{
		{Interface: eventlogID, Port: 49152, Annotation: "NetElf event log"},
		{Interface: winregID, Port: 49153, Addr: netip.MustParseAddr("10.1.2.3")},
		{Interface: newer, Port: 49154, Annotation: strings.Repeat("long ", 20)},
	}
}

// goldenTower is the tower of MS-EVEN at 127.0.0.1, port 49152.
const goldenTower = `
05 00                                                    # five floors
13 00 0d dc 3f 27 82 2a e3 c3 18 3f 78 82 79 29 dc 23 ea 00 00   # the interface, version 0
02 00 00 00                                              # .0
13 00 0d 04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60 02 00   # NDR, version 2
02 00 00 00                                              # .0
01 00 0b  02 00 00 00                                    # connection-oriented RPC
01 00 07  02 00 c0 00                                    # TCP, port 49152
01 00 09  04 00 7f 00 00 01                              # IP
`

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hexdoc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTower(t *testing.T) {
	b := unhex(t, goldenTower)
	want := tower{eventlogID, dcerpc.NDR, true, 49152, [4]byte{127, 0, 0, 1}}
	got, err := decodeTower(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(b, want.append(nil)); d != "" {
		t.Error(d)
	}
	for n := range b {
		if _, err := decodeTower(b[:n]); !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

func TestTowerErrors(t *testing.T) {
	good := unhex(t, goldenTower)
	change := func(at int, v ...byte) []byte {
		b := append([]byte{}, good...)
		copy(b[at:], v)
		return b
	}
	for _, x := range []struct {
		name string
		b    []byte
		want string
	}{
		{"empty", nil, "tower at offset 0x0: need 2 bytes, have 0"},
		{"too few floors", change(0, 2), "tower.floors at offset 0x0: have 2, want 3 to 32"},
		{"too many floors", change(0, 33), "tower.floors at offset 0x0: have 33, want 3 to 32"},
		{"missing floor", change(0, 6), "tower.left side at offset 0x4b: need 2 bytes, have 0"},
		{"left side", change(2, 0xff, 0xff), "tower.left side at offset 0x2: have 65535 bytes, 71 are left"},
		{"right side", change(23, 0x40), "tower.right side at offset 0x17: have 64 bytes, 50 are left"},
		{"no interface", change(4, 7), "tower.floor at offset 0x2: floor 1 is no interface"},
	} {
		_, err := decodeTower(x.b)
		if err == nil || err.Error() != "epm: "+x.want {
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
	for name, b := range map[string][]byte{"a pipe": change(61, 0x0f), "datagrams": change(54, 0x0a), "no address": change(68, 0x11)} {
		if tw, err := decodeTower(b); err != nil || tw.TCP {
			t.Errorf("%s: %+v, %v", name, tw, err)
		}
	}
}

// start is a server of the entries on loopback, and a connection to it.
func start(t *testing.T) func() net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := dcerpc.NewServer(dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{Interface(entries()...)}})
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != dcerpc.ErrServerClosed {
			t.Error(err)
		}
	})
	return func() net.Conn {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return nc
	}
}

// TestMap: client and server.
func TestMap(t *testing.T) {
	connect := start(t)
	old, other := winregID, winregID
	old.Version = 1 | 6<<16
	other.Version = 2
	for _, x := range []struct {
		name string
		id   dcerpc.SyntaxID
		want string // "": not registered
	}{
		{"eventlog", eventlogID, "127.0.0.1:49152"},
		{"the first of two", winregID, "127.0.0.1:49153"},
		{"minor version", dcerpc.SyntaxID{UUID: winregID.UUID, Version: 1 | 5<<16}, "127.0.0.1:49154"},
		{"newer minor version", old, ""},
		{"major version", other, ""},
		{"unknown", spoolssID, ""},
	} {
		got, err := Map(context.Background(), connect(), x.id)
		if got != x.want || (err == nil) != (x.want != "") {
			t.Errorf("%s: %q, %v, want %q", x.name, got, err, x.want)
		}
		if x.want == "" && (!errors.Is(err, fs.ErrNotExist) || err.Error() != "endpoint mapper: the interface is not registered") {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	nc := connect()
	_ = nc.Close()
	if _, err := Map(context.Background(), nc, eventlogID); err == nil || !strings.HasPrefix(err.Error(), "endpoint mapper: ") {
		t.Errorf("over a closed connection: %v", err)
	}
}

// lookupRequest is the stub of ept_lookup.
func lookupRequest(order binary.ByteOrder, inquiry uint32, object *nt.GUID, id *dcerpc.SyntaxID, version uint32, h ndr.ContextHandle, most uint32) []byte {
	w := ndr.NewWriter(nil, order)
	w.Uint32(inquiry)
	w.Pointer(object != nil)
	if object != nil {
		w.GUID(*object)
	}
	w.Pointer(id != nil)
	if id != nil {
		w.GUID(id.UUID)
		w.Uint16(id.Major())
		w.Uint16(id.Minor())
	}
	w.Uint32(version)
	w.ContextHandle(h)
	w.Uint32(most)
	b, err := w.Bytes()
	if err != nil {
		panic(err)
	}
	return b
}

// lookedUp is the answer to ept_lookup.
func lookedUp(t *testing.T, b []byte, order binary.ByteOrder) (found []string, h ndr.ContextHandle, status uint32) {
	t.Helper()
	r := ndr.NewReader(b, order, "ept_lookup")
	h = r.ContextHandle()
	n := r.Uint32()
	_, count := r.ConformantVarying(24, maxEntries)
	if uint32(count) != n {
		t.Errorf("%d entries, num_ents %d", count, n)
	}
	for range count {
		r.GUID()
		_, first := r.FullPointer()
		a := strings.TrimSuffix(string(r.Bytes(r.Varying(1, maxAnnotation))), "\x00")
		if first {
			r.Defer(func() {
				tw, _ := readTower(r)
				found = append(found, fmt.Sprintf("%d.%d %v:%d %.10s %d", tw.Interface.Major(), tw.Interface.Minor(), tw.IP, tw.Port, a, len(a)))
			})
		}
	}
	r.Flush()
	status = r.Uint32()
	if r.Err() != nil || r.Rest() != 0 {
		t.Errorf("%v, %d bytes are left", r.Err(), r.Rest())
	}
	return found, h, status
}

func newHandler(t testing.TB) *handler {
	t.Helper()
	h, err := Interface(entries()...).New(context.Background(), &dcerpc.Peer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}})
	if err != nil {
		t.Fatal(err)
	}
	return h.(*handler)
}

// TestLookup: what is found, in both byte orders, and a bit at a time.
func TestLookup(t *testing.T) {
	all := []string{"0.0 [127 0 0 9]:49152 NetElf eve 16", "1.0 [10 1 2 3]:49153  0", "1.5 [127 0 0 9]:49154 long long  63"}
	v := func(major, minor uint32) *dcerpc.SyntaxID {
		return &dcerpc.SyntaxID{UUID: winregID.UUID, Version: major | minor<<16}
	}
	for _, x := range []struct {
		name    string
		inquiry uint32
		object  *nt.GUID
		id      *dcerpc.SyntaxID
		version uint32
		want    []string
	}{
		{"all", inquireAll, nil, nil, versionAll, all},
		{"all versions", inquireInterface, nil, v(7, 7), versionAll, all[1:]},
		{"compatible", inquireInterface, nil, v(1, 1), versionCompatible, all[2:]},
		{"exact", inquireInterface, nil, v(1, 0), versionExact, all[1:2]},
		{"major", inquireInterface, nil, v(1, 9), versionMajor, all[1:]},
		{"up to", inquireInterface, nil, v(1, 4), versionUpTo, all[1:2]},
		{"up to a higher one", inquireInterface, nil, v(2, 0), versionUpTo, all[1:]},
		{"unknown version option", inquireInterface, nil, v(1, 0), 9, nil},
		{"unknown inquiry", 4, nil, nil, versionAll, nil},
		{"no object", inquireObject, nil, nil, versionAll, all},
		{"object", inquireObject, &winregID.UUID, nil, versionAll, nil},
		{"both", inquireBoth, &nt.GUID{}, v(1, 0), versionExact, all[1:2]},
	} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			h := newHandler(t)
			out, err := h.Call(context.Background(), opLookup, lookupRequest(order, x.inquiry, x.object, x.id, x.version, ndr.ContextHandle{}, 500), order)
			if err != nil {
				t.Errorf("%s: %v", x.name, err)
				continue
			}
			found, handle, status := lookedUp(t, out, order)
			if d := cmp.Diff(x.want, found); d != "" {
				t.Errorf("%s, %v: %s", x.name, order, d)
			}
			if want := uint32(0); !handle.IsZero() || x.want != nil && status != want || x.want == nil && status != statusNotRegistered {
				t.Errorf("%s: handle %v, status 0x%x", x.name, handle, status)
			}

			// One at a time: a handle as long as there is more, and only so long.
			h = newHandler(t)
			handle = ndr.ContextHandle{}
			for i := range x.want {
				out, err := h.Call(context.Background(), opLookup, lookupRequest(order, x.inquiry, x.object, x.id, x.version, handle, 1), order)
				if err != nil {
					t.Fatalf("%s, %d: %v", x.name, i, err)
				}
				found, handle, status = lookedUp(t, out, order)
				if last := i == len(x.want)-1; len(found) != 1 || found[0] != x.want[i] || status != 0 || handle.IsZero() != last {
					t.Errorf("%s, %d: %v, handle %v, status 0x%x", x.name, i, found, handle, status)
				}
			}
			if len(h.open) != 0 {
				t.Errorf("%s: %d handles are left", x.name, len(h.open))
			}
		}
	}
}

// TestHandles: handles that are none, too many of them, and giving them back.
func TestHandles(t *testing.T) {
	le := binary.LittleEndian
	h := newHandler(t)
	ask := func(op uint16, handle ndr.ContextHandle, most uint32) ([]byte, error) {
		in := lookupRequest(le, inquireAll, nil, nil, versionAll, handle, most)
		if op == opLookupHandleFree {
			in = handle[:]
		}
		return h.Call(context.Background(), op, in, le)
	}
	fault := func(what string, err error, want uint32) {
		t.Helper()
		var f *dcerpc.Fault
		if !errors.As(err, &f) || f.Status != want {
			t.Errorf("%s: %v, want fault 0x%x", what, err, want)
		}
	}
	stranger := ndr.ContextHandle{4: 1, 19: 1}
	_, err := ask(opLookup, stranger, 1)
	fault("a stranger's handle", err, dcerpc.FaultContextMismatch)
	_, err = ask(opLookupHandleFree, stranger, 0)
	fault("freeing a stranger's handle", err, dcerpc.FaultContextMismatch)
	_, err = ask(opLookup, ndr.ContextHandle{}, 501)
	fault("too many entries", err, dcerpc.FaultNDR)
	_, err = ask(99, ndr.ContextHandle{}, 0)
	fault("an unknown operation", err, dcerpc.FaultOpRange)
	_, err = h.Call(context.Background(), opLookup, nil, le)
	fault("an empty stub", err, dcerpc.FaultNDR)
	out, err := ask(opLookup, ndr.ContextHandle{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if found, _, status := lookedUp(t, out, le); len(found) != 0 || status != statusCantPerform {
		t.Errorf("no entries: %v, 0x%x", found, status)
	}
	if out, err := ask(opLookupHandleFree, ndr.ContextHandle{}, 0); err != nil || string(out) != string(make([]byte, 24)) {
		t.Errorf("freeing a null handle: %x, %v", out, err)
	}
	var last ndr.ContextHandle
	for i := range maxLookups {
		out, err := ask(opLookup, ndr.ContextHandle{}, 1)
		if err != nil {
			t.Fatalf("lookup %d: %v", i, err)
		}
		_, last, _ = lookedUp(t, out, le)
	}
	_, err = ask(opLookup, ndr.ContextHandle{}, 1)
	fault("one lookup too many", err, dcerpc.FaultTooBusy)
	in, err := appendMapRequest(nil, eventlogID)
	if err != nil {
		t.Fatal(err)
	}
	copy(in[len(in)-24:], last[:])
	_, err = h.Call(context.Background(), opMap, in, le)
	fault("a lookup's handle for ept_map", err, dcerpc.FaultContextMismatch)
	if out, err := ask(opLookupHandleFree, last, 0); err != nil || string(out) != string(make([]byte, 24)) {
		t.Errorf("freeing: %x, %v", out, err)
	}
	if _, err = ask(opLookup, ndr.ContextHandle{}, 1); err != nil {
		t.Errorf("with a handle freed: %v", err)
	}
}

// TestMapResponseErrors: answers that are none.
func TestMapResponseErrors(t *testing.T) {
	h := newHandler(t)
	in, err := appendMapRequest(nil, eventlogID)
	if err != nil {
		t.Fatal(err)
	}
	good, err := h.Call(context.Background(), opMap, in, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	if towers, status, err := decodeMapResponse(good); err != nil || status != 0 || len(towers) != 1 || towers[0].Port != 49152 {
		t.Fatalf("%+v, 0x%x, %v", towers, status, err)
	}
	// The request has used 1 and 2, which the answer must not mean anew.
	if id := binary.LittleEndian.Uint32(good[36:]); id != 3 {
		t.Errorf("the tower's pointer is %d, want 3", id)
	}
	for n := range good {
		if _, _, err := decodeMapResponse(good[:n]); err == nil {
			t.Errorf("decodes with %d of %d bytes", n, len(good))
		}
	}
	for name, at := range map[string]int{"num_towers": 20, "maximum count": 24, "offset": 28, "actual count": 32, "array of the tower": 40, "tower_length": 44, "floors": 48} {
		b := append([]byte{}, good...)
		b[at] ^= 0x81
		if _, _, err := decodeMapResponse(b); err == nil {
			t.Errorf("decodes with another %s", name)
		}
	}
	if got := (&Error{7}).Error(); got != "endpoint mapper: status 0x00000007" {
		t.Error(got)
	}
}

// FuzzTower: what decodes as a TCP endpoint, encodes to the same.
func FuzzTower(f *testing.F) {
	f.Add(unhex(f, goldenTower))
	f.Fuzz(func(t *testing.T, b []byte) {
		want, err := decodeTower(b)
		if err != nil || !want.TCP {
			return
		}
		got, err := decodeTower(want.append(nil))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%v\n%s", err, d)
		}
	})
}

// FuzzHandler: arbitrary stubs against the server, and its answers against the client.
func FuzzHandler(f *testing.F) {
	in, err := appendMapRequest(nil, eventlogID)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(opMap), false, in)
	f.Add(uint16(opLookup), false, lookupRequest(binary.LittleEndian, inquireBoth, &nt.GUID{}, &winregID, versionMajor, ndr.ContextHandle{}, 1))
	f.Add(uint16(opLookup), true, lookupRequest(binary.BigEndian, inquireAll, nil, nil, versionAll, ndr.ContextHandle{}, 2))
	f.Add(uint16(opLookupHandleFree), false, make([]byte, 20))
	f.Fuzz(func(t *testing.T, op uint16, big bool, in []byte) {
		order := binary.ByteOrder(binary.LittleEndian)
		if big {
			order = binary.BigEndian
		}
		h := newHandler(t)
		for range maxLookups + 2 {
			out, err := h.Call(context.Background(), op, in, order)
			if f := (*dcerpc.Fault)(nil); err != nil && !errors.As(err, &f) {
				t.Fatalf("an error that is no fault: %v", err)
			}
			if err == nil && op == opMap && !big {
				if _, _, err := decodeMapResponse(out); err != nil && binary.LittleEndian.Uint32(out[24:]) <= mapTowers {
					t.Errorf("the client does not read %x: %v", out, err)
				}
			}
		}
		if len(h.open) > maxLookups {
			t.Errorf("%d handles", len(h.open))
		}
		_, _, _ = decodeMapResponse(in)
	})
}
