package even

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/internal/reading"
)

// FuzzCall: whatever an operation is sent, it answers a fault, or a whole response
// of its type. A handle that is all zeros but for a small number is made one that is
// open.
func FuzzCall(f *testing.F) {
	for op, c := range calls {
		if c.name == "" {
			continue
		}
		for big, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, m := range []message{c.request(), fill(c.request())} {
				b, err := encode(m, order)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(byte(op), b, big == 1)
			}
		}
	}
	f.Fuzz(func(t *testing.T, op byte, in []byte, big bool) {
		var order binary.ByteOrder = binary.LittleEndian
		if big {
			order = binary.BigEndian
		}
		srv := newFake()
		srv.put("System", events(1, 5)...)
		door := NewHandler(HandlerOptions{For: func(context.Context, *dcerpc.Peer) (eventlog.Server, error) { return srv, nil }})
		h, err := door.New(t.Context(), &dcerpc.Peer{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		a := h.(*association)
		l, source := srv.logs["system"], &fakeReporter{srv.logs["system"], "Disk"}
		a.handles.open = map[ndr.ContextHandle]*handle{
			{}: {name: "System", log: l}, someHandle: {name: "System", to: source},
		}
		a.handles.total.Add(2)
		out, err := h.Call(t.Context(), uint16(op), in, order)
		if err != nil {
			var fault *dcerpc.Fault
			if !errors.As(err, &fault) {
				t.Errorf("%s: %v", opName(uint16(op)), err)
			}
			return
		}
		r := ndr.NewReader(out, order, opName(uint16(op)))
		resp := calls[op].response()
		if resp.unmarshal(r); r.Err() != nil || r.Rest() != 0 {
			t.Errorf("%s: the response: %v, %d bytes left", opName(uint16(op)), r.Err(), r.Rest())
		}
	})
}

// FuzzMessages: what decodes as a message encodes to what decodes to the same.
func FuzzMessages(f *testing.F) {
	for op, c := range calls {
		if c.name == "" {
			continue
		}
		for response, m := range []message{fill(c.request()), fill(c.response())} {
			b, err := encode(m, binary.LittleEndian)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(op), response == 1, b)
		}
	}
	f.Fuzz(func(t *testing.T, op byte, response bool, in []byte) {
		if op >= opCount || calls[op].name == "" {
			return
		}
		empty := calls[op].request
		if response {
			empty = calls[op].response
		}
		m, again := empty(), empty()
		if decode(m, calls[op].name, in, binary.LittleEndian) != nil {
			return
		}
		if r, ok := m.(*reportRequest); ok && (r.NoSID || r.Missing) {
			return
		}
		b, err := encode(m, binary.BigEndian)
		if err != nil {
			return // a replacement character made text longer than a string can be
		}
		if err := decode(again, calls[op].name, b, binary.BigEndian); err != nil {
			t.Fatalf("%s: %v", calls[op].name, err)
		}
		// A buffer without text is sent, and so is text without a buffer.
		if d := cmp.Diff(m, again, comparable); d != "" {
			t.Errorf("%s (-first +again):\n%s", calls[op].name, d)
		}
	})
}

// FuzzANSIRecord: a stored record, whatever is in it, becomes one with ANSI strings
// or an error.
func FuzzANSIRecord(f *testing.F) {
	for _, e := range events(1, 3) {
		b, err := reading.AppendRecord(nil, e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fix := func(b []byte) {
			if n := len(b) &^ 3; n >= 60 {
				binary.LittleEndian.PutUint32(b, uint32(n))
				binary.LittleEndian.PutUint32(b[n-4:], uint32(n))
				copy(b[4:], "LfLe")
			}
		}
		fix(b)
		e := eventlog.Event{Raw: b[:len(b)&^3]}
		if len(b) >= 12 {
			e.RecordNumber = uint64(binary.LittleEndian.Uint32(b[8:]))
		}
		well := reading.Stored(&e)
		out, err := appendANSIRecord([]byte("front"), e.Raw)
		if err != nil {
			if well {
				t.Errorf("a record that is well: %v", err)
			}
			return
		}
		if string(out[:5]) != "front" || (len(out)-5)%4 != 0 || binary.LittleEndian.Uint32(out[5:]) != uint32(len(out)-5) {
			t.Errorf("%d bytes: %x", len(out), out)
		}
		if well {
			ansiEvent(t, out[5:])
		}
	})
}
