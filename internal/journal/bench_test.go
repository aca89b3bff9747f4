package journal_test

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"netelf.example/internal/journal"
)

// memory is a Storage that only copies.
type memory struct {
	mu sync.RWMutex
	b  []byte
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if off >= int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(p, m.b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return copy(m.b[off:], p), nil
}

func (m *memory) Truncate(size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.b = append(m.b[:min(size, int64(len(m.b)))], make([]byte, max(0, size-int64(len(m.b))))...)
	return nil
}

func (m *memory) Size() (int64, error) { return int64(len(m.b)), nil }
func (m *memory) Sync() error          { return nil }
func (m *memory) Close() error         { return nil }

const ring = 64 << 20

// batch writes n records of 300 bytes as a log's writer does: each with what
// follows it, and one at the beginning of the file.
func batch(b *testing.B, f *journal.File, rec []byte, n int, pos int64) int64 {
	for range n {
		if pos+int64(len(rec)) > ring {
			pos = 4096
		}
		if _, err := f.WriteAt(rec, pos); err != nil {
			b.Fatal(err)
		}
		pos += 300
	}
	if _, err := f.WriteAt(rec[:48], 0); err != nil {
		b.Fatal(err)
	}
	return pos
}

func BenchmarkCommit(b *testing.B) {
	rec := make([]byte, 340)
	for _, c := range []struct {
		name string
		n    int
	}{{"100records", 100}, {"1record", 1}} {
		for _, aside := range []bool{false, true} {
			name := c.name
			if aside {
				name += "/checkpoint=aside"
			}
			b.Run(name, func(b *testing.B) {
				f, err := journal.Open(&memory{b: make([]byte, ring)}, &memory{}, nil)
				if err != nil {
					b.Fatal(err)
				}
				var wait sync.WaitGroup
				start := make(chan struct{}, 1)
				if aside {
					wait.Go(func() {
						for range start {
							_ = f.Checkpoint() // Commit gives the same error
						}
					})
				}
				b.SetBytes(int64(300 * c.n))
				b.ReportAllocs()
				pos := int64(4096)
				for b.Loop() {
					pos = batch(b, f, rec, c.n, pos)
					if err := f.Commit(false); err != nil {
						b.Fatal(err)
					}
					if f.Dirty() > journal.DefaultMaxDirty/2 {
						select {
						case start <- struct{}{}:
						default:
						}
					}
				}
				close(start)
				wait.Wait()
				_ = f.Close()
			})
		}
	}
}

// BenchmarkSync takes turns: a synced Commit of a file, and a bare write and sync
// of as many bytes. The ratio is the time of the one to that of the other.
func BenchmarkSync(b *testing.B) {
	rec := make([]byte, 340)
	for _, c := range []struct {
		name  string
		n     int
		aside bool
	}{{"100records", 100, false}, {"100records/checkpoint=aside", 100, true}, {"1record", 1, false}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			open := func(name string) journal.Storage {
				s, err := journal.OpenStorage(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
				if err != nil {
					b.Fatal(err)
				}
				return s
			}
			data, bare := open("data"), open("bare")
			const room = 32 << 20
			zeros := make([]byte, 1<<20)
			for off := int64(0); off < ring; off += 1 << 20 {
				_, _ = data.WriteAt(zeros, off)
				if off < room {
					_, _ = bare.WriteAt(zeros, off)
				}
			}
			log := open("log")
			for off := int64(0); off < 16<<20+8192; off += 1 << 20 {
				_, _ = log.WriteAt(zeros, off) // written once, as after the first round
			}
			f, err := journal.Open(data, log, nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := bare.Sync(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(300 * c.n))
			b.ReportAllocs()
			var wait sync.WaitGroup
			start := make(chan struct{}, 1)
			wait.Go(func() {
				for range start {
					_ = f.Checkpoint() // Commit gives the same error
				}
			})
			var ours, theirs time.Duration
			pos, at := int64(4096), int64(0)
			plain := make([]byte, 300*c.n)
			for b.Loop() {
				begin := time.Now()
				pos = batch(b, f, rec, c.n, pos)
				if err := f.Commit(true); err != nil {
					b.Fatal(err)
				}
				middle := time.Now()
				if c.aside && f.Dirty() > journal.DefaultMaxDirty/2 {
					select {
					case start <- struct{}{}:
					default:
					}
				}
				if at+int64(len(plain)) > room {
					at = 0
				}
				if _, err := bare.WriteAt(plain, at); err != nil {
					b.Fatal(err)
				}
				if err := bare.Sync(); err != nil {
					b.Fatal(err)
				}
				at += int64(len(plain))
				ours, theirs = ours+middle.Sub(begin), theirs+time.Since(middle)
			}
			b.ReportMetric(float64(ours)/float64(theirs), "ratio")
			b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "bare-ns/op")
			close(start)
			wait.Wait()
			_ = f.Close()
			_ = bare.Close()
		})
	}
}
