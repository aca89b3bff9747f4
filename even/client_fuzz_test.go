package even

import (
	"context"
	"encoding/binary"
	"io"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/reading"
)

// babble is a server whose answers to reads are pieces of some bytes, over and over.
type babble struct {
	oldest, count uint32
	data          []byte
	at            int
	raw           bool // the bytes are the whole stub
}

func (b *babble) Close() {}

func (b *babble) Call(_ context.Context, op uint16, _ []byte, order binary.ByteOrder) ([]byte, error) {
	switch op {
	case opOpenELW:
		return encode(&handleResponse{LogHandle: [20]byte{4: 1}}, order)
	case opNumberOfRecords:
		return encode(&numberResponse{Number: b.count}, order)
	case opOldestRecord:
		return encode(&numberResponse{Number: b.oldest}, order)
	case opReadELW:
		if b.raw {
			return b.data, nil
		}
		resp := &readResponse{Size: maxBatchBuff}
		if b.at >= len(b.data) {
			b.at = 0
		}
		n := min(len(b.data)-b.at, maxBatchBuff)
		if n > 1 && b.data[b.at]&3 == 1 { // a part of it alone
			n = min(n, 1+int(b.data[b.at+1])*4)
		}
		resp.Size, resp.Buffer = uint32(n), b.data[b.at:b.at+n]
		b.at += n
		return encode(resp, order)
	}
	return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
}

// FuzzClientWalk: whatever a server answers, a walk comes to its end; what it gives
// lies in the log, once, and in its order, and nothing is left out silently unless it
// ends with an error.
func FuzzClientWalk(f *testing.F) {
	var some []byte
	for _, e := range events(101, 9) {
		b, err := reading.AppendRecord(nil, e)
		if err != nil {
			f.Fatal(err)
		}
		some = append(some, b...)
	}
	f.Add(uint16(101), uint16(9), false, false, some)
	f.Add(uint16(101), uint16(9), true, false, some)
	f.Add(uint16(101), uint16(300), true, false, some[:len(some)/2])
	f.Add(uint16(0), uint16(7), false, false, []byte{})
	f.Add(uint16(100), uint16(3), false, true, make([]byte, 20))
	f.Fuzz(func(t *testing.T, oldest, count uint16, back, raw bool, data []byte) {
		h := &babble{oldest: uint32(oldest), count: uint32(count), data: data, raw: raw}
		w := serving(t, dcerpc.ServerOptions{MaxFrag: 65535, Interfaces: []dcerpc.Interface{{ID: Interface, New: func(context.Context, *dcerpc.Peer) (dcerpc.Handler, error) { return h, nil }}}})
		l := openLog(t, asking(t, w, ClientOptions{}), "System")
		c, err := l.Read(t.Context(), &eventlog.Selection{Backward: back, Limit: 100_000})
		if err != nil {
			return
		}
		defer c.Close()
		first, last := uint64(oldest), uint64(oldest)+uint64(count)-1
		if oldest == 0 {
			first, last = 1<<32, 1<<32+uint64(count)-1
		}
		next := first
		if back {
			next = last
		}
		var e eventlog.Event
		for range 2*int(count) + 200 {
			err := c.Next(t.Context(), &e)
			from, to := e.RecordNumber, e.RecordNumber
			if loss, ok := eventlog.AsLoss(err); ok {
				if loss.Partial {
					continue
				}
				from, to, err = loss.First, loss.Last, nil
				if back {
					from, to = to, from
				}
			}
			switch {
			case err == io.EOF && count > 0 && !back && next != last+1, err == io.EOF && count > 0 && back && next != first-1:
				t.Fatalf("the end before record %d of %d to %d", next, first, last)
			case err != nil:
				return
			case from != next:
				t.Fatalf("record %d, want %d", from, next)
			case back:
				next = to - 1
			default:
				next = to + 1
			}
		}
		t.Fatal("the walk does not end")
	})
}
