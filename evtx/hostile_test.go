package evtx_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

// sparse is a large file with a few pieces in it and zeros elsewhere. It counts
// what is read.
type sparse struct {
	size   int64
	pieces map[int64][]byte
	read   atomic.Int64
}

func (s *sparse) ReadAt(b []byte, off int64) (int, error) {
	n := int(min(int64(len(b)), max(0, s.size-off)))
	s.read.Add(int64(n))
	clear(b[:n])
	for at, p := range s.pieces {
		if at < off+int64(n) && off < at+int64(len(p)) {
			copy(b[max(0, at-off):n], p[max(0, off-at):])
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// TestLarge reads a file of more than 4 GiB, in which only the first chunk and one
// far behind 4 GiB have records.
func TestLarge(t *testing.T) {
	first := file(t, &logtest.EVTX{Flags: 1}, series(1, 5))
	second := file(t, &logtest.EVTX{}, series(6, 5))
	const far = 0x1000 + 70000*evtx.ChunkSize
	s := &sparse{size: far + 2*evtx.ChunkSize, pieces: map[int64][]byte{0: first, far: second[0x1000:]}}
	r, err := evtx.NewReader(s, s.size, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	var offset int64
	losses := 0
	for e, err := range eventlog.All(t.Context(), r, nil) {
		if err != nil {
			losses++ // of the zeros between the two
			continue
		}
		got = append(got, e.RecordNumber)
		offset = e.Offset
	}
	if !slices.Equal(got, []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) || losses != 1 || offset < far {
		t.Errorf("records %v, %d losses, the last at 0x%x", got, losses, offset)
	}
	if x := r.Extent(); x.Blocks != 70002 || x.Chunks != 2 || x.Oldest != 1 || x.Next != 11 {
		t.Errorf("%+v", x)
	}
	// The heads of all chunks, and the two chunks once or twice.
	if n := s.read.Load(); n > 70002*1024+70002*evtx.ChunkSize || n < 70000*512 {
		t.Errorf("0x%x bytes were read of 0x%x", n, s.size)
	}
}

// TestTooMany has more chunks than are read.
func TestTooMany(t *testing.T) {
	first := file(t, &logtest.EVTX{Flags: 1}, series(1, 2))
	s := &sparse{size: 0x1000 + (evtx.MaxChunks+5)*evtx.ChunkSize, pieces: map[int64][]byte{0: first}}
	r, err := evtx.NewReader(&heads{s}, s.size, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := outcome(t, r)
	if out.Events != 2 || out.Losses != 1 || out.Err == nil || r.Extent().Blocks != evtx.MaxChunks {
		t.Errorf("%+v, %+v", out, r.Extent())
	}
}

// heads has chunks behind the first one that were made and not written to.
type heads struct{ *sparse }

func (h *heads) ReadAt(b []byte, off int64) (int, error) {
	n, err := h.sparse.ReadAt(b, off)
	if off > 0x1000 && off%evtx.ChunkSize == 0x1000 {
		copy(b[:n], unwritten)
	}
	return n, err
}

var unwritten = logtest.EVTXChunk(make([]byte, evtx.ChunkDataOffset), 1, 0, math.MaxUint64, math.MaxUint64, evtx.ChunkDataOffset)[:evtx.ChunkDataOffset]

func outcome(t *testing.T, r *evtx.Reader) (out eventlog.Outcome) {
	t.Helper()
	c, err := r.Read(t.Context(), new(eventlog.Selection))
	if err != nil {
		t.Fatal(err)
	}
	var e eventlog.Event
	for !out.Done() {
		out.Note(c.Next(t.Context(), &e))
	}
	return out
}

// TestRepeated has chunks of one and the same number in any amount: all but one of
// them are copies.
func TestRepeated(t *testing.T) {
	one := file(t, &logtest.EVTX{Flags: 1}, series(1, 3))
	b := one
	for range 50 {
		b = append(b, one[0x1000:]...)
	}
	r := reader(t, b, nil)
	if got := items(t, r, eventlog.Selection{}); len(got) != 3 {
		t.Errorf("the log has %v", got)
	}
	if got := items(t, r, eventlog.Selection{Recovered: true}); len(got) != 3*51 {
		t.Errorf("%d items with all copies, want %d", len(got), 3*51)
	}
}

// TestCloseEnds closes a parallel walk that nobody reads on.
func TestCloseEnds(t *testing.T) {
	b := file(t, &logtest.EVTX{PerChunk: 1}, series(1, 100))
	r := reader(t, b, &evtx.Options{Parallel: 4})
	for n := range 10 {
		c, err := r.Read(t.Context(), new(eventlog.Selection))
		if err != nil {
			t.Fatal(err)
		}
		var e eventlog.Event
		for range n {
			if err := c.Next(t.Context(), &e); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	// Reading fails: the walk ends with that, and so do its goroutines.
	failing := &failAfter{r: bytes.NewReader(b)}
	r, err := evtx.NewReader(failing, int64(len(b)), &evtx.Options{Parallel: 3})
	if err != nil {
		t.Fatal(err)
	}
	failing.left.Store(20)
	failing.armed.Store(true)
	c, err := r.Read(context.Background(), new(eventlog.Selection))
	if err != nil {
		t.Fatal(err)
	}
	var e eventlog.Event
	n := 0
	for ; err == nil; n++ {
		err = c.Next(context.Background(), &e)
	}
	if err != io.ErrClosedPipe || n < 10 {
		t.Errorf("after %d events %v, want %v", n, err, io.ErrClosedPipe)
	}
}

// failAfter fails after some reads.
type failAfter struct {
	r     io.ReaderAt
	armed atomic.Bool
	left  atomic.Int64
}

func (f *failAfter) ReadAt(b []byte, off int64) (int, error) {
	if f.armed.Load() && f.left.Add(-1) < 0 {
		return 0, io.ErrClosedPipe
	}
	return f.r.ReadAt(b, off)
}

// FuzzChunk reads any bytes as a chunk: both directions agree, all that is given
// can be asked for everything, and the output is bounded.
func FuzzChunk(f *testing.F) {
	whole := file(f, &logtest.EVTX{}, logtest.Events())
	free := binary.LittleEndian.Uint32(whole[0x1000+48:])
	f.Add(whole[0x1000:0x1000+free], false)
	named := file(f, &logtest.EVTX{Flags: 1}, series(1, 3))
	free = binary.LittleEndian.Uint32(named[0x1000+48:])
	f.Add(named[0x1000:0x1000+free], true)
	f.Fuzz(func(t *testing.T, chunk []byte, sum bool) {
		if len(chunk) > evtx.ChunkSize {
			return
		}
		b := append(bytes.Clone(whole[:0x1000]), chunk...)
		if sum && len(chunk) >= evtx.ChunkDataOffset {
			logtest.EVTXSum(b[0x1000:])
		}
		r, err := evtx.NewReader(bytes.NewReader(b), int64(len(b)), &evtx.Options{Origin: &eventlog.Origin{Server: "srv1", Log: "App.evtx"}})
		if err != nil {
			return
		}
		there := items(t, r, eventlog.Selection{Recovered: true})
		back := items(t, r, eventlog.Selection{Recovered: true, Backward: true})
		if len(there) != len(back) {
			t.Errorf("forwards %d items, backwards %d:\n%v\n%v", len(there), len(back), there, back)
		}
		if len(there) > len(chunk)/evtx.MinRecordSize*2+8 {
			t.Errorf("%d items of 0x%x bytes", len(there), len(chunk))
		}
		term := eventlog.And{
			eventlog.TextTerm(eventlog.FieldString, eventlog.Contains, "x"), eventlog.NamedTerm(eventlog.FieldNamed, "a", eventlog.Eq, "b"),
			eventlog.TextTerm(eventlog.FieldXML, eventlog.Contains, "y"), eventlog.TextTerm(eventlog.FieldUser, eventlog.Prefix, "S"),
			eventlog.RangeTerm(eventlog.FieldTimeGenerated, 1, 2), eventlog.TextTerm(eventlog.FieldData, eventlog.Contains, "z"),
		}
		items(t, r, eventlog.Selection{Recovered: true, Where: eventlog.Not{X: term}, Want: eventlog.AllFields})
	})
}
