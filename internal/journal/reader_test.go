package journal_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"netelf.example/internal/journal"
	"netelf.example/internal/journal/journaltest"
)

// TestReaders has each commit write one number everywhere: a reader must see one
// only, and never an older one than before.
func TestReaders(t *testing.T) {
	d := journaltest.NewDisk(1)
	f, err := openDisk(d, &journal.Options{MaxDirty: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	const words = 3 * 4096 / 8
	b := make([]byte, words*8)
	commit := func(n uint64, sync bool) {
		for i := range words {
			binary.LittleEndian.PutUint64(b[i*8:], n)
		}
		if _, err := f.WriteAt(b, 1000); err != nil {
			t.Error(err)
		}
		// The file gets shorter and longer too, behind what is read.
		if err := f.Truncate(1000 + words*8 + int64(n%7)*3000); err != nil {
			t.Error(err)
		}
		if err := f.Commit(sync); err != nil {
			t.Error(err)
		}
	}
	commit(1, false)
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			r, p, last := f.Reader(), make([]byte, words*8), uint64(0)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := r.ReadAt(p, 1000); err != nil {
					t.Error(err)
					return
				}
				n := binary.LittleEndian.Uint64(p)
				for i := range words {
					if w := binary.LittleEndian.Uint64(p[i*8:]); w != n {
						t.Errorf("word %d is of commit %d, word 0 of %d", i, w, n)
						return
					}
				}
				if n < last {
					t.Errorf("commit %d after %d", n, last)
					return
				}
				last = n
			}
		})
	}
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := f.Checkpoint(); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for n := uint64(2); n < 1500; n++ {
		commit(n, n%10 == 0)
	}
	close(stop)
	wait.Wait()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
