package journal_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"netelf.example/internal/journal"
	"netelf.example/internal/journal/journaltest"
)

// script is a short life with everything in it. It tells how far it came.
func script(d *journaltest.Disk, states *[][]byte, acked, sure *int) (err error) {
	f, err := openDisk(d, small)
	if err != nil {
		return err
	}
	commit := func(sync bool) error {
		b, err := readAll(f)
		if err != nil {
			return err
		}
		*states = append(*states, b)
		if err := f.Commit(sync); err != nil {
			return err
		}
		*acked++
		if sync {
			*sure = *acked
		}
		return nil
	}
	for i := range 12 {
		n := int64(i * 700)
		if i%4 == 0 {
			if err := f.Truncate(6000 + n); err != nil {
				return err
			}
		}
		if i == 7 {
			if err := f.Truncate(1234); err != nil {
				return err
			}
		}
		if _, err := f.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, 1500), n); err != nil {
			return err
		}
		if err := commit(i%3 == 1); err != nil {
			return err
		}
		if i%5 == 4 {
			if err := f.Checkpoint(); err != nil {
				return err
			}
			*sure = *acked
		}
	}
	if d.Extend { // and Close has nothing left to do but to trim the data file
		if err := f.Checkpoint(); err != nil {
			return err
		}
		*sure = *acked
	}
	if err := f.Truncate(60000); err != nil { // space is reserved, and not used
		return err
	}
	return f.Close()
}

// TestFaults lets each operation of a life fail, in each way, once.
func TestFaults(t *testing.T) {
	kinds := []journaltest.Fault{
		{Op: journaltest.Write, Err: syscall.EIO}, {Op: journaltest.Write, Err: syscall.ENOSPC, Partial: true},
		{Op: journaltest.Truncate, Err: syscall.EIO}, {Op: journaltest.Allocate, Err: syscall.ENOSPC},
		{Op: journaltest.Sync, Err: syscall.EIO}, {Op: journaltest.Sync, Err: syscall.EIO, Partial: true},
		{Op: journaltest.Read, Err: syscall.EIO},
	}
	for _, fault := range kinds {
		for n := 0; ; n++ {
			d := journaltest.NewDisk(1)
			d.SetContents("data", []byte("old"))
			fault.N = n
			d.Fail(fault)
			states, acked, sure := [][]byte{[]byte("old")}, 0, 0
			err := script(d, &states, &acked, &sure)
			if err == nil {
				if n == 0 {
					t.Errorf("%v: nothing failed", fault.Op)
				}
				break
			}
			if !errors.Is(err, fault.Err) {
				t.Errorf("%v %d: %v", fault.Op, n, err)
			}
			for seed := range uint64(4) {
				rnd := rand.New(rand.NewPCG(seed, uint64(n)))
				m := &model{states: states}
				killed := d.Kill(rnd)
				if err := m.found(killed, acked); err != nil {
					t.Errorf("%v %d, then a kill: %v", fault.Op, n, err)
				}
				// What was opened again is on the disk, whatever a failed sync left.
				m.open = bytes.Clone(m.states[0])
				if err := m.found(killed.Crash(rnd), 0); err != nil {
					t.Errorf("%v %d, then a kill, an open and a power cut: %v", fault.Op, n, err)
				}
				m = &model{states: states}
				if err := m.found(d.Crash(rnd), sure); err != nil {
					t.Errorf("%v %d, then a power cut: %v", fault.Op, n, err)
				}
			}
		}
	}
}

// TestStops ends the process, or cuts the power, at each operation of a life, those
// of Close among them. A life that came to its end leaves an empty journal.
func TestStops(t *testing.T) {
	for _, extend := range []bool{false, true} {
		closing := 0
		for n := 0; ; n++ {
			d := journaltest.NewDisk(uint64(n))
			d.Extend = extend
			d.SetContents("data", []byte("old"))
			d.StopAfter(n)
			states, acked, sure := [][]byte{[]byte("old")}, 0, 0
			err := script(d, &states, &acked, &sure)
			if err != nil && !errors.Is(err, journaltest.ErrStopped) {
				t.Fatalf("stopped after %d: %v", n, err)
			}
			if acked == 12 {
				closing++
			}
			if err == nil {
				if log, data := d.Contents("log"), d.Contents("data"); len(log) > 0 || !bytes.Equal(data, states[acked]) {
					t.Errorf("closed: journal of %d bytes; data file differs: %s", len(log), differ(data, states[acked]))
				}
				sure = acked
			}
			for seed := range uint64(6) {
				rnd := rand.New(rand.NewPCG(seed, uint64(n)))
				m := &model{states: states}
				if err := m.found(d.Kill(rnd), acked); err != nil {
					t.Errorf("stopped after %d, a kill: %v", n, err)
				}
				m = &model{states: states}
				left := d.Crash(rnd)
				if err := m.found(left, sure); err != nil {
					t.Errorf("stopped after %d, a power cut: %v", n, err)
				}
				// And the power again, when what was found has been opened.
				if err := m.found(left.Crash(rnd), 0); err != nil {
					t.Errorf("stopped after %d, a power cut, an open and a power cut: %v", n, err)
				}
			}
			if err == nil {
				break
			}
		}
		// At least the truncation of both files and a sync, each of which may be
		// the last that happens.
		if closing < 4 {
			t.Errorf("extend %v: only %d ends while it closes", extend, closing)
		}
	}
}

func TestFailedSyncIsForGood(t *testing.T) {
	d := journaltest.NewDisk(1)
	f, err := openDisk(d, small)
	if err != nil {
		t.Fatal(err)
	}
	write := func(s string) {
		t.Helper()
		if _, err := f.WriteAt([]byte(s), 0); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	if err := f.Commit(true); err != nil {
		t.Fatal(err)
	}
	d.Fail(journaltest.Fault{Op: journaltest.Sync, Err: syscall.EIO})
	write("two")
	err = f.Commit(true)
	if !errors.Is(err, journal.ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("commit: %v", err)
	}
	if want := "journal: sync journal: failed for good: sync log: input/output error"; err.Error() != want {
		t.Errorf("text %q, want %q", err, want)
	}
	_, writeErr := f.WriteAt([]byte("x"), 0)
	for _, err := range []error{writeErr, f.Commit(false), f.Sync(), f.Checkpoint(), f.Truncate(0), f.Err()} {
		if !errors.Is(err, journal.ErrFailed) {
			t.Errorf("afterwards: %v", err)
		}
	}
	if b, err := readAll(f.Reader()); err != nil || string(b) != "one" {
		t.Errorf("reader: %q, %v", b, err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("close again: %v", err)
	}
}

// TestFullDisk grows till nothing is left, and finds each acknowledged commit able
// to be checkpointed.
func TestFullDisk(t *testing.T) {
	d := journaltest.NewDisk(1)
	d.Capacity = 100 << 10
	f, err := openDisk(d, small)
	if err != nil {
		t.Fatal(err)
	}
	size, full := int64(0), 0
	for i := range 100 {
		if err := f.Truncate(size + 3000); err != nil {
			if !errors.Is(err, syscall.ENOSPC) || f.Err() != nil {
				t.Fatal(err)
			}
			f.Rollback()
			if full++; full == 3 {
				break
			}
			if _, err := f.WriteAt([]byte{1}, size+5000); err != nil {
				t.Fatal(err)
			}
			if err := f.Commit(true); !errors.Is(err, syscall.ENOSPC) || errors.Is(err, journal.ErrFailed) {
				t.Fatalf("commit: %v", err)
			}
			f.Rollback()
			continue
		}
		if _, err := f.WriteAt(bytes.Repeat([]byte{byte(i)}, 3000), size); err != nil {
			t.Fatal(err)
		}
		if err := f.Commit(true); err != nil {
			t.Fatal(err)
		}
		size += 3000
	}
	if full != 3 {
		t.Fatalf("disk was full %d times", full)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if have := int64(len(d.Contents("data"))); have != size {
		t.Errorf("data file of %d bytes, want %d", have, size)
	}
}

func TestCorrupt(t *testing.T) {
	lived := func(t *testing.T) *journaltest.Disk {
		d := journaltest.NewDisk(1)
		f, err := openDisk(d, small)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			_, _ = f.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, 600), int64(i)*600)
			if err := f.Commit(true); err != nil {
				t.Fatal(err)
			}
		}
		return d // killed
	}
	// The first area used is 0, and each entry takes two sectors.
	for name, c := range map[string]struct {
		damage func(log []byte) []byte
		want   string // of the error; "": commits
		left   int
	}{
		"nothing":        {func(b []byte) []byte { return b }, "", 5},
		"both slots":     {func(b []byte) []byte { b[4] ^= 1; return b }, "journal: offset 0x0: no valid header in either slot", 0},
		"slots zero":     {func(b []byte) []byte { clear(b[:8192]); return b }, "journal: offset 0x0: no valid header in either slot", 0},
		"cut off":        {func(b []byte) []byte { return b[:20000] }, "journal: offset 0x0: journal of 20000 bytes, its header says 40960", 0},
		"last entry":     {func(b []byte) []byte { b[8192+4*1024+200] ^= 1; return b }, "", 4},
		"third entry":    {func(b []byte) []byte { b[8192+2*1024+600] ^= 1; return b }, "journal: offset 0x2800: entry 3 is damaged: entry 4 at 0x2c00 was written after it had been synced", 0},
		"zeroed entries": {func(b []byte) []byte { clear(b[8192 : 8192+3*1024]); return b }, "journal: offset 0x2000: entry 1 is damaged: entry 4 at 0x2c00 was written after it had been synced", 0},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			d := lived(t)
			d.SetContents("log", c.damage(d.Contents("log")))
			before := d.Contents("log")
			f, err := openDisk(d, small)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if n, _ := f.Size(); n != int64(c.left)*600 {
					t.Errorf("%d bytes, want %d commits of 600", n, c.left)
				}
				return
			}
			var ce *journal.CorruptError
			if !errors.As(err, &ce) || err.Error() != c.want {
				t.Errorf("have %v\nwant %s", err, c.want)
			}
			if !bytes.Equal(before, d.Contents("log")) || len(d.Contents("data")) != 0 {
				t.Error("something was changed")
			}
		})
	}
}
