package results

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"netelf.example/eventlog"
)

const (
	blockKeys = 128
	blockSize = blockKeys * keySize
)

// spill is the file of one result, made of blocks of blockKeys keys that are written
// once. It has no name any more when it is in use, where the system can do that: then
// nothing is left of it whatever becomes of the process.
type spill struct {
	dir    string
	most   int64         // bytes this one may have
	shared *atomic.Int64 // bytes that all have
	all    int64         // bytes that all may have

	mu   sync.Mutex // guards what follows
	file *os.File   // nil: nothing was written yet
	name string     // of a file that could not be removed while it is open
	next uint32     // block
	err  error      // the file is closed, or could not be made
}

// errDisk is why a result stopped: what it may keep is used up.
var errDisk = fmt.Errorf("the room for results is used up: %w", eventlog.ErrTooLarge)

// reserve makes room for a block.
func (s *spill) reserve() (*os.File, uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, 0, s.err
	}
	if int64(s.next+1)*blockSize > s.most {
		return nil, 0, errDisk
	}
	if s.shared.Add(blockSize) > s.all {
		s.shared.Add(-blockSize)
		return nil, 0, errDisk
	}
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "netelf-result-")
		if err != nil {
			s.shared.Add(-blockSize)
			s.err = err
			return nil, 0, err
		}
		if os.Remove(f.Name()) != nil {
			s.name = f.Name()
		}
		s.file = f
	}
	s.next++
	return s.file, s.next - 1, nil
}

// write keeps a block and says where.
func (s *spill) write(block []byte) (at uint32, err error) {
	f, at, err := s.reserve()
	if err != nil {
		return 0, err
	}
	if _, err = f.WriteAt(block, int64(at)*blockSize); err != nil {
		return 0, fmt.Errorf("keep a result: %w", err)
	}
	return at, nil
}

// read gives a block back, into b if there is one.
func (s *spill) read(b []byte, at uint32) ([]byte, error) {
	s.mu.Lock()
	f, err := s.file, s.err
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, fmt.Errorf("block %d of a result without a file: %w", at, eventlog.ErrCorrupt)
	}
	if b == nil {
		b = make([]byte, blockSize)
	}
	if _, err := f.ReadAt(b, int64(at)*blockSize); err != nil {
		return nil, fmt.Errorf("read a result: %w", err)
	}
	return b, nil
}

// size is how many bytes lie on the disk.
func (s *spill) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.next) * blockSize
}

// close gives the room back.
func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.err, os.ErrClosed) {
		return nil
	}
	s.err = os.ErrClosed
	if s.file == nil {
		return nil
	}
	s.shared.Add(-int64(s.next) * blockSize)
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return err
}
