package netelf_test

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
)

var (
	modelSeed = flag.Uint64("model.seed", 1, "seed of TestReadModel")
	modelRuns = flag.Int("model.runs", 300, "runs of TestReadModel")
)

// model is what the reads of a handle are to give, over the numbers of the records
// that there are.
type model struct {
	oldest, next uint64 // next-oldest records
	last         uint64 // read last; 0: none
	void         bool   // cleared since
	gone         bool   // told that what comes backwards was overwritten

	// The first record of all, whose size was told because it did not fit: that
	// one is next in this direction, whatever was written meanwhile.
	told     uint64
	toldBack bool
}

// TestReadModel reads by chance, in all ways and with all sizes, while the log is
// written, overwritten and cleared, and compares with a model.
func TestReadModel(t *testing.T) {
	for run := range *modelRuns {
		seed := *modelSeed + uint64(run)
		rnd := rand.New(rand.NewPCG(seed, 0))
		srv := newFake()
		rep, err := srv.RegisterSource(t.Context(), "Disk")
		ok(t, err)
		l := srv.log("Spool")
		h := openLog(t, srv, "Spool")
		m := model{oldest: 1, next: 1}
		for step := range 60 {
			switch rnd.IntN(12) {
			case 0, 1:
				n := 1 + rnd.IntN(6)
				for i := range n {
					_, err := rep.Report(t.Context(), logtest.Realistic(rnd.IntN(24)+i))
					ok(t, err)
				}
				m.next += uint64(n)
			case 2:
				if n := m.next - m.oldest; n > 1 && rnd.IntN(2) == 0 {
					n = 1 + rnd.Uint64N(n-1)
					l.drop(int(n))
					m.oldest += n
					m.told = 0
				}
			case 3:
				if rnd.IntN(4) == 0 {
					ok(t, l.Clear(t.Context(), ""))
					m.oldest, m.next, m.told = 1, 1, 0
					if m.last != 0 {
						m.void = true
					}
					// The handle is told by its next read, which here is a sequential one.
					if m.void {
						_, _, err := h.Read(t.Context(), seqForwards, 0, make([]byte, 1024))
						want(t, "ReadEventLog", err, changed)
					}
				}
			default:
				if !m.read(t, h, l, rnd) {
					t.Fatalf("-model.seed %d -model.runs 1: step %d", seed, step)
				}
			}
		}
	}
}

// read is one read with random arguments, compared.
func (m *model) read(t *testing.T, h *netelf.EventLog, l *fakeLog, rnd *rand.Rand) bool {
	seek, back := rnd.IntN(3) == 0, rnd.IntN(2) == 0
	flags := seqForwards
	if back {
		flags = seqBackwards
	}
	var offset uint64
	if seek {
		flags ^= netelf.SequentialRead | netelf.SeekRead
		offset = m.oldest - 1 + rnd.Uint64N(m.next-m.oldest+3)
	}
	buf := make([]byte, []int{0, 100, 300, 400, 500, 700, 1000, 2000, 1 << 16}[rnd.IntN(9)])

	// What it is to be.
	var code error
	var list []uint64
	begin, needed := offset, 0
	switch {
	case seek && (offset < m.oldest || offset >= m.next):
		code = badArg
	case seek:
	case m.void:
		code = changed
	case m.last == 0 && m.told != 0 && m.toldBack == back:
		begin = m.told
	case m.last == 0 && back:
		begin = m.next - 1
	case m.last == 0:
		begin = m.oldest
	case back && m.last > 1 && m.oldest > m.last && !m.gone:
		// What was still to come is gone, and nobody knows how much of it: told once.
		code = changed
		m.gone = true
	case back:
		begin = m.last - 1
	case m.oldest > m.last+1:
		code = changed
		m.last = m.oldest - 1
	default:
		begin = m.last + 1
	}
	if code == nil {
		records := map[uint64]int{}
		for _, e := range l.now().Events {
			records[e.RecordNumber] = len(encode(t, []*eventlog.Event{e})[0])
		}
		room := len(buf)
		for n := begin; n >= m.oldest && n < m.next; {
			if records[n] > room {
				if list == nil {
					code, needed = small, records[n]
				}
				break
			}
			list = append(list, n)
			room -= records[n]
			if back {
				n--
			} else {
				n++
			}
		}
		switch {
		case list != nil:
			m.last, m.void, m.gone = list[len(list)-1], false, false
		case code == nil:
			code = eof
		}
	}

	n, need, err := h.Read(t.Context(), flags, offset, buf)
	got := numbers(t, buf[:n])
	switch {
	case code == badArg:
	case code == small && !seek && m.last == 0:
		m.told, m.toldBack = begin, back
	default:
		m.told = 0
	}
	if (code == nil) != (err == nil) || code != nil && !errors.Is(err, code) || !slices.Equal(got, list) || need != needed {
		t.Errorf("flags %d offset %d buffer %d in %+v:\n got %v, needed %d, %v\nwant %v, needed %d, %v",
			flags, offset, len(buf), *m, got, need, err, list, needed, code)
		return false
	}
	return true
}

// TestConcurrent: many goroutines share a handle, every record is given to one of
// them, and closing ends them all.
func TestConcurrent(t *testing.T) {
	srv := newFake()
	src := register(t, srv, "Disk")
	h := openLog(t, srv, "Spool")
	const reporters, each = 4, 50
	var writing, reading sync.WaitGroup
	for range reporters {
		writing.Go(func() {
			for range each {
				if _, err := src.Report(t.Context(), &eventlog.Event{Strings: []string{"x"}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var mu sync.Mutex
	var all []uint64
	for range 3 {
		reading.Go(func() {
			buf := make([]byte, 300)
			for {
				n, _, err := h.Read(t.Context(), seqForwards, 0, buf)
				if errors.Is(err, eof) {
					continue
				}
				if err != nil {
					want(t, "ReadEventLog", err, badHandle)
					return
				}
				mu.Lock()
				all = append(all, numbers(t, buf[:n])...)
				done := len(all) == reporters*each
				mu.Unlock()
				if done {
					ok(t, h.Close())
				}
			}
		})
	}
	writing.Wait()
	reading.Wait()
	slices.Sort(all)
	for i, n := range all {
		if n != uint64(i+1) {
			t.Fatalf("record %d in place of %d", n, i+1)
		}
	}
}

// TestCloseEndsRead: Close ends a read that waits.
func TestCloseEndsRead(t *testing.T) {
	srv := newFake().with("Spool", logtest.Events())
	srv.log("Spool").mem.Block = true
	h := openLog(t, srv, "Spool")
	done := make(chan error)
	go func() {
		_, _, err := h.Read(t.Context(), seqForwards, 0, make([]byte, 1000))
		done <- err
	}()
	ok(t, h.Close())
	want(t, "ReadEventLog", <-done, badHandle)
}
