package winreg

import (
	"context"
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// fakeKey is a key of the fake registry.
type fakeKey struct {
	name   string
	keys   []*fakeKey
	values []Value
	denied bool
}

// find is the key of a path below k.
func (k *fakeKey) find(path string) *fakeKey {
	for part := range strings.SplitSeq(path, `\`) {
		i := slices.IndexFunc(k.keys, func(k *fakeKey) bool { return strings.EqualFold(k.name, part) })
		if i < 0 {
			return nil
		}
		k = k.keys[i]
	}
	return k
}

// key is the key of a path below k, which is made.
func (k *fakeKey) key(path string, values ...Value) *fakeKey {
	for part := range strings.SplitSeq(path, `\`) {
		below := k.find(part)
		if below == nil {
			below = &fakeKey{name: part}
			k.keys = append(k.keys, below)
		}
		k = below
	}
	k.values = append(k.values, values...)
	return k
}

// fakeServer answers as [MS-RRP] says, out of a tree of keys.
type fakeServer struct {
	root *fakeKey
	// answer changes answers; nil: none.
	answer func(op uint16, stub []byte) []byte

	mu   sync.Mutex
	open []*fakeKey // by the first byte of the handle's UUID, less one; nil: closed
}

func (s *fakeServer) Close() {}

func (s *fakeServer) handle(w *ndr.Writer, k *fakeKey, code nt.Win32Error) {
	h := ndr.ContextHandle{}
	if code == 0 {
		s.open = append(s.open, k)
		h[4] = byte(len(s.open))
	}
	w.ContextHandle(h)
	w.Uint32(uint32(code))
}

// Call decodes what this package never decodes, and encodes what it never encodes.
func (s *fakeServer) Call(_ context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, w := ndr.NewReader(in, order, opNames[op]), ndr.NewWriter(nil, order)
	var k *fakeKey
	if op != opOpenLocalMachine {
		if h := r.ContextHandle(); h[4] > 0 && int(h[4]) <= len(s.open) {
			k = s.open[h[4]-1]
			if op == opCloseKey {
				s.open[h[4]-1] = nil
			}
		}
	}
	code := nt.Win32Error(0)
	if k == nil && op != opOpenLocalMachine {
		code = nt.ErrorInvalidHandle
		k = &fakeKey{}
	}
	switch op {
	case opOpenLocalMachine:
		r.Pointer()
		s.handle(w, s.root, 0)
	case opCloseKey:
		w.ContextHandle(ndr.ContextHandle{})
		w.Uint32(uint32(code))
	case opOpenKey:
		path := s.terminated(r)
		r.Uint32()
		r.Uint32()
		below := k.find(path)
		switch {
		case code != 0:
		case below == nil:
			code = nt.ErrorFileNotFound
		case below.denied:
			code = nt.ErrorAccessDenied
		}
		s.handle(w, below, code)
	case opEnumKey:
		i := r.Uint32()
		room := s.room(r)
		if r.Pointer() {
			s.room(r)
		}
		name := ""
		if uint64(i) >= uint64(len(k.keys)) {
			code = nt.ErrorNoMoreItems
		} else {
			name = k.keys[i].name
		}
		s.name(w, name, room)
		w.Pointer(true) // the class: none, with a buffer
		s.name(w, "", 1)
		w.Pointer(true) // 1601-01-01 00:00:01
		w.Uint32(10_000_000)
		w.Uint32(0)
		w.Uint32(uint32(code))
	case opEnumValue, opQueryValue:
		v := Value{}
		room := 0
		if op == opEnumValue {
			i := r.Uint32()
			room = s.room(r)
			if uint64(i) >= uint64(len(k.values)) {
				code = nt.ErrorNoMoreItems
			} else {
				v = k.values[i]
			}
		} else {
			name := s.terminated(r)
			i := slices.IndexFunc(k.values, func(v Value) bool { return strings.EqualFold(v.Name, name) })
			if i < 0 {
				code = nt.ErrorFileNotFound
			} else {
				v = k.values[i]
			}
		}
		r.Pointer()
		r.Uint32()
		r.Pointer()
		size, _ := r.ConformantVarying(1, 1<<30)
		if op == opEnumValue {
			s.name(w, v.Name, room)
		}
		if code == 0 && len(v.Data) > size {
			code = nt.ErrorMoreData
		}
		w.Pointer(true)
		w.Uint32(uint32(v.Type))
		w.Pointer(code == 0)
		if code == 0 {
			w.Uint32(uint32(size))
			w.Uint32(0)
			w.Uint32(uint32(len(v.Data)))
			w.Raw(v.Data)
		}
		w.Pointer(true)
		w.Uint32(uint32(len(v.Data)))
		w.Pointer(true)
		w.Uint32(uint32(len(v.Data)))
		w.Uint32(uint32(code))
	case opQueryInfoKey:
		var class ndr.String
		r.UnicodeString(&class)
		r.Flush()
		w.UnicodeString(ndr.String{})
		w.Flush()
		for _, n := range []int{len(k.keys), 510, 0, len(k.values), 510, 4711, 100, 10_000_000, 0} {
			w.Uint32(uint32(n))
		}
		w.Uint32(uint32(code))
	case opSetValue:
		v := Value{Name: s.terminated(r), Type: Type(r.Uint32())}
		v.Data = append([]byte{}, r.ByteArray(1<<30)...)
		if n := r.Uint32(); r.Err() == nil && int(n) != len(v.Data) {
			return nil, &dcerpc.Fault{Status: dcerpc.FaultNDR}
		}
		i := slices.IndexFunc(k.values, func(o Value) bool { return strings.EqualFold(v.Name, o.Name) })
		if i < 0 {
			k.values = append(k.values, v)
		} else {
			k.values[i] = v
		}
		w.Uint32(uint32(code))
	default:
		return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
	}
	if r.Err() != nil {
		return nil, &dcerpc.Fault{Status: dcerpc.FaultNDR}
	}
	out, err := w.Bytes()
	if s.answer != nil {
		out = s.answer(op, out)
	}
	return out, err
}

// terminated is a name, of which Windows wants the zero at the end.
func (s *fakeServer) terminated(r *ndr.Reader) string {
	var t ndr.String
	at := r.Offset()
	r.UnicodeString(&t)
	r.Flush()
	name, ok := strings.CutSuffix(t.Text, "\x00")
	if !ok {
		r.Fail(at, nt.ErrorInvalidParameter)
	}
	return name
}

// room is how many characters there are room for in an empty name.
func (s *fakeServer) room(r *ndr.Reader) int {
	length, size := r.Uint16(), r.Uint16()
	if r.Pointer() {
		m, n := r.ConformantVarying(2, 1<<15)
		if length != 0 || n != 0 || m != int(size/2) {
			r.Fail(0, nt.ErrorInvalidParameter)
		}
	}
	return int(size / 2)
}

// name writes a name with the zero at its end, in a buffer with room.
func (s *fakeServer) name(w *ndr.Writer, name string, room int) {
	u16 := nt.AppendUTF16(nil, name+"\x00")
	w.Align(4)
	w.Uint16(uint16(len(u16)))
	w.Uint16(uint16(2 * room))
	w.Pointer(true)
	w.Uint32(uint32(room))
	w.Uint32(0)
	w.Uint32(uint32(len(u16) / 2))
	w.Raw(u16)
}

// textValue is a value that is text.
func textValue(name string, typ Type, text string) Value {
	return Value{Name: name, Type: typ, Data: nt.AppendUTF16(nil, text+"\x00")}
}

// fakeTree is the registry of a server with logs.
func fakeTree() *fakeKey {
	root := &fakeKey{}
	logs := root.key(eventLogPath)
	logs.key("Application", NumberValue("MaxSize", 512<<10))
	logs.key("System",
		NumberValue("MaxSize", 20<<20), NumberValue("Retention", 604800), NumberValue("AutoBackupLogFiles", 1),
		textValue("File", TypeExpand, `%SystemRoot%\system32\config\SysEvent.Evt`), textValue("CustomSD", TypeString, "O:BAG:SYD:(A;;0x7;;;BA)"))
	logs.key(`System\Disk`,
		textValue("EventMessageFile", TypeExpand, `%SystemRoot%\System32\IoLogMsg.dll;%SystemRoot%\System32\Drivers\disk.sys; `),
		NumberValue("TypesSupported", 7))
	logs.key(`System\Service Control Manager`,
		textValue("EventMessageFile", TypeString, `C:\a.exe`), textValue("CategoryMessageFile", TypeExpand, `C:\c.dll`),
		textValue("ParameterMessageFile", TypeExpand, `kernel32.dll`), NumberValue("CategoryCount", 3))
	logs.key(`System\Empty`)
	logs.key("Security").denied = true
	return root
}

// dialFake is the Registry of a fake server.
func dialFake(t testing.TB, s *fakeServer) *Registry {
	t.Helper()
	srv := dcerpc.NewServer(dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{{
		ID: ID, New: func(context.Context, *dcerpc.Peer) (dcerpc.Handler, error) { return s, nil },
	}}, MaxCallSize: 4 << 20})
	client, server := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- srv.ServeConn(context.Background(), server, dcerpc.Peer{}) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	r, err := Dial(t.Context(), client, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // the server may have ended it
	return r
}
