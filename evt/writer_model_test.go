package evt

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"netelf.example/eventlog"
)

// logModel says by brute force which records a log must hold: every dword of the
// file has an owner, and what a new record needs is taken from the oldest.
type logModel struct {
	max, size    int
	end          int // of the newest record, where the EOF record begins
	next         uint32
	retention    uint32
	owner        []uint32 // of each dword, by record number; 0: nobody
	live         []modelRecord
	removed      int
	restarts     int
	full, skips  int
	splits, eofs map[int]bool // bytes of a record, of an EOF record before the file's end
}

type modelRecord struct {
	liveRecord
	begin   int
	written uint32
}

func newLogModel(maxSize int, retention, first uint32) *logModel {
	return &logModel{
		max: (maxSize + SizeStep - 1) / SizeStep * SizeStep, size: SizeStep, end: 0x30, next: first, retention: retention,
		owner: make([]uint32, SizeStep/4), splits: map[int]bool{}, eofs: map[int]bool{},
	}
}

// cells are the dwords that n bytes take from at on.
func (m *logModel) cells(at, n int) (c []int) {
	for ; n > 0; n -= 4 {
		if at == m.size {
			at = 0x30
		}
		c = append(c, at/4)
		at += 4
	}
	return c
}

func (m *logModel) resize(n int) {
	m.owner = append(m.owner, make([]uint32, (n-m.size)/4)...)
	m.size = n
}

// enlarge is the file's growth before a record of n bytes, if it can grow.
func (m *logModel) enlarge(n int) {
	begin := m.end
	if len(m.live) > 0 {
		begin = m.live[0].begin
	}
	inOnePiece := begin <= m.end && m.end+40 <= m.size
	for inOnePiece && m.end+n+40 > m.size && m.size < m.max {
		m.resize(m.size + SizeStep)
	}
}

// add is what Append must do; ok is false where it must refuse.
func (m *logModel) add(raw []byte, number, written uint32) (ok bool) {
	n := len(raw)
	was := *m
	if m.retention != 0 {
		m.owner = append([]uint32(nil), m.owner...)
	}
	var start int
	var cells []int
	for {
		if len(m.live) == 0 && m.end != 0x30 {
			m.end = 0x30
			m.restarts++
		}
		m.enlarge(n)
		start, cells = m.end, nil
		if left := m.size - start; left < 56 {
			cells, start = m.cells(start, left), 0x30
		}
		cells = append(cells, m.cells(start, n+40)...)
		taken := false
		for _, c := range cells {
			taken = taken || m.owner[c] != 0
		}
		if !taken {
			break
		}
		old := m.live[0]
		if m.retention == RetainForever || m.retention != 0 && int64(written)-int64(old.written) < int64(m.retention) {
			*m = was
			m.full++
			return false
		}
		for _, c := range m.cells(old.begin, len(old.raw)) {
			m.owner[c] = 0
		}
		m.live = m.live[1:]
		m.removed++
	}
	if start != m.end {
		m.skips++
	}
	own := m.cells(start, n)
	for _, c := range own {
		m.owner[c] = number
	}
	if start+n > m.size {
		m.splits[m.size-start] = true
	}
	if m.end = own[len(own)-1]*4 + 4; m.end == m.size {
		m.end = 0x30
	}
	if m.end+40 > m.size {
		m.eofs[m.size-m.end] = true
	}
	m.live = append(m.live[:len(m.live):len(m.live)], modelRecord{liveRecord{number, string(raw)}, start, written})
	m.next = number + 1
	return true
}

func (m *logModel) expect() (live []liveRecord) {
	for _, r := range m.live {
		live = append(live, r.liveRecord)
	}
	return live
}

// checkLog compares the file with the model by the test's own walk and by the
// Reader, and the EOF record and header with each other.
func checkLog(t testing.TB, w *Writer, f *diskFile, m *logModel) {
	t.Helper()
	if len(f.b) != m.size || w.Size() != int64(m.size) {
		t.Fatalf("file of 0x%x bytes, writer says 0x%x, want 0x%x", len(f.b), w.Size(), m.size)
	}
	eof, live, err := walkLog(f.b)
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	want := m.expect()
	sameLive(t, "walk", live, want)
	h := w.Header()
	if eof != (EOFRecord{h.StartOffset, h.EndOffset, h.CurrentRecordNumber, h.OldestRecordNumber}) {
		t.Fatalf("EOF record %+v, header %+v", eof, h)
	}
	if int(h.EndOffset) != m.end || h.CurrentRecordNumber != m.next {
		t.Fatalf("end 0x%x, next %d; want 0x%x, %d", h.EndOffset, h.CurrentRecordNumber, m.end, m.next)
	}
	if wrapped := h.Flags&FlagWrapped != 0; wrapped != (m.removed > 0) {
		t.Fatalf("flags %v with %d records overwritten", h.Flags, m.removed)
	}
	live, err = readLog(f.b)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	sameLive(t, "read", live, want)
}

// pair is a writer and its model.
type pair struct {
	t testing.TB
	f *diskFile
	w *Writer
	m *logModel
}

func newPair(t testing.TB, opts WriterOptions) *pair {
	p := &pair{t: t, f: new(diskFile), m: newLogModel(int(opts.MaxSize), opts.Retention, or(opts.FirstRecord, 1))}
	var err error
	if p.w, err = Create(p.f, &opts); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pair) append(n int, sec uint32) {
	p.t.Helper()
	number := p.m.next
	ok := p.m.add(recordOf(p.t, n, number, sec), number, sec)
	have, err := p.w.Append(eventOf(n, sec))
	switch {
	case ok && (err != nil || have != number):
		p.t.Fatalf("append of %d bytes: %d, %v; want %d", n, have, err, number)
	case !ok && !errors.Is(err, eventlog.ErrLogFull):
		p.t.Fatalf("append of %d bytes: %d, %v; want ErrLogFull", n, have, err)
	}
}

func (p *pair) check() {
	p.t.Helper()
	checkLog(p.t, p.w, p.f, p.m)
}

// fillUp appends records until left bytes remain before the end of a file of
// size bytes.
func (p *pair) fillUp(size, left int) {
	p.t.Helper()
	for room := size - left - p.m.end; room > 0; {
		n := room
		if n > 9000 {
			n = min(9000, room-68)
		}
		p.append(n, 1)
		room -= n
	}
	if want := size - left; p.m.end != want && left != 0 || left == 0 && p.m.end != 0x30 {
		p.t.Fatalf("filled up to 0x%x, want 0x%x", p.m.end, want)
	}
}

// TestWrapEverywhere lets the end of the file fall on every dword of what is
// written: before, in and behind a record, and in the EOF record.
func TestWrapEverywhere(t *testing.T) {
	for _, maxSize := range []int{SizeStep, 2 * SizeStep} {
		splits, eofs, skips := map[int]bool{}, map[int]bool{}, map[int]bool{}
		for _, n := range []int{68, 300} {
			for left := 0; left <= n+60; left += 4 {
				p := newPair(t, WriterOptions{MaxSize: int64(maxSize)})
				p.fillUp(maxSize, left)
				p.check()
				before := p.m.skips
				p.append(n, 2)
				p.check()
				if p.m.skips > before {
					skips[left] = true
				}
				for _, more := range []int{n, 68, 8000, n, 200} {
					p.append(more, 3)
				}
				p.check()
				if left%16 == 0 { // once round again, at other places
					for p.m.removed < 80 {
						p.append(n+left+1000, 4)
					}
					p.check()
				}
				if n == 300 {
					for k := range p.m.splits {
						splits[k] = true
					}
				}
				for k := range p.m.eofs {
					eofs[k] = true
				}
			}
		}
		for left := 4; left < 40; left += 4 {
			if !eofs[left] {
				t.Errorf("max size %#x: no EOF record split after %d bytes", maxSize, left)
			}
		}
		for left := 4; left < 56; left += 4 { // with 0 left the EOF record is at the front
			if !skips[left] {
				t.Errorf("max size %#x: nothing filled with %d bytes left", maxSize, left)
			}
		}
		for left := 56; left < 300; left += 4 {
			if !splits[left] {
				t.Errorf("max size %#x: no record split after %d bytes", maxSize, left)
			}
		}
	}
}

// TestWriterRandom compares random operations with the model.
func TestWriterRandom(t *testing.T) {
	runs := 30
	if testing.Short() {
		runs = 10
	}
	var restarts, full, removed int
	for seed := range uint64(runs) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			opts := WriterOptions{MaxSize: SizeStep * (1 + rnd.Int64N(4)), FirstRecord: rnd.Uint32N(5)}
			if rnd.IntN(3) == 0 {
				opts.Retention = 1 + rnd.Uint32N(200)
			}
			p := newPair(t, opts)
			sec := uint32(1_000_000)
			size := func() int {
				switch rnd.IntN(12) {
				case 0:
					return 68 + rnd.IntN(65000)&^3
				case 1, 2, 3:
					return 68 + rnd.IntN(8000)&^3
				}
				return 68 + rnd.IntN(500)&^3
			}
			for range 400 {
				switch k := rnd.IntN(100); {
				case k < 88:
					sec += rnd.Uint32N(3)
					p.append(size(), sec-rnd.Uint32N(2))
				case k < 91:
					if err := p.w.Flush(); err != nil {
						t.Fatal(err)
					}
				case k < 94, k < 97: // goes on after a flush, or without one
					if k < 94 {
						if err := p.w.Flush(); err != nil {
							t.Fatal(err)
						}
					}
					var o *WriterOptions
					if rnd.IntN(3) == 0 {
						o = &WriterOptions{MaxSize: SizeStep * (1 + rnd.Int64N(6)), Retention: p.m.retention}
						p.m.max = max(int(o.MaxSize), p.m.size)
					} else {
						p.m.max = max(int(p.w.Header().MaxSize), p.m.size)
					}
					var err error
					if p.w, err = OpenWriter(p.f, int64(len(p.f.b)), o); err != nil {
						t.Fatal(err)
					}
				default:
					p.check()
				}
			}
			p.check()
			restarts, full, removed = restarts+p.m.restarts, full+p.m.full, removed+p.m.removed
		})
	}
	t.Logf("%d records overwritten, %d refusals, %d restarts", removed, full, restarts)
	if removed == 0 || full == 0 || restarts == 0 && !testing.Short() {
		t.Error("a case did not occur")
	}
}
