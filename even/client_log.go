package even

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// clientLog is a backup at the other end, or what a log has in common with it. What
// is open of it at the server is its sessions: one for each walk, and up to two that
// wait to be used again. A session that the server has closed is opened again.
type clientLog struct {
	c       *Client
	op      uint16 // the operation that opens it
	request message
	origin  *eventlog.Origin
	backup  bool

	mu     sync.Mutex
	closed bool
	idle   []*session
}

// liveLog is a log at the other end.
type liveLog struct{ clientLog }

var (
	_ eventlog.Log         = (*clientLog)(nil)
	_ eventlog.Log         = (*liveLog)(nil)
	_ eventlog.Follower    = (*liveLog)(nil)
	_ eventlog.Keeper      = (*liveLog)(nil)
	_ eventlog.LogReporter = (*liveLog)(nil)
)

const (
	maxIdleSessions = 2 // of a log
	maxTries        = maxIdleSessions + 1
)

// session is an open handle, and the connection that it is used over.
type session struct {
	*conn
	h     ndr.ContextHandle
	moved bool // it was read from: a sequential read does not begin at an end of the log
}

// begin opens the log for the first time.
func (l *clientLog) begin(ctx context.Context) error {
	s, _, err := l.session(ctx, false)
	if err == nil {
		l.give(s)
	}
	return err
}

// check says whether the log was closed. Walks go on all the same.
func (l *clientLog) check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fmt.Errorf("log %s: %w", l.origin.Log, fs.ErrClosed)
	}
	return nil
}

// session is one to use alone: one that is idle, or with fresh a new one. reused
// says that the server may have closed it meanwhile.
func (l *clientLog) session(ctx context.Context, fresh bool) (s *session, reused bool, err error) {
	for {
		l.mu.Lock()
		s = nil
		if i := len(l.idle) - 1; i >= 0 && !fresh {
			s = l.idle[i]
			l.idle = l.idle[:i]
		}
		l.mu.Unlock()
		if s == nil {
			return l.c.open(ctx, l.op, l.request)
		}
		if l.c.o.Now().Sub(s.used) <= idleFor {
			return s, true, nil
		}
		s.drop()
	}
}

// give takes a session back.
func (l *clientLog) give(s *session) {
	s.used = l.c.o.Now()
	l.mu.Lock()
	keep := !l.closed && !s.broken && len(l.idle) < maxIdleSessions
	if keep {
		l.idle = append(l.idle, s)
	}
	l.mu.Unlock()
	if !keep {
		l.c.give(s.conn, s.h)
	}
}

// changedLog says whether a handle is void for reading, since the log is another one
// than when it was read from.
func changedLog(err error) bool {
	s, _ := statusOf(err)
	return s == nt.StatusEventlogFileChanged
}

// do calls f with a session, and once more with another one if that was closed by
// the server, or the log was cleared since it was used. It is for what can be asked
// twice.
func (l *clientLog) do(ctx context.Context, f func(*session) error) error {
	if err := l.check(); err != nil {
		return err
	}
	for try := 0; ; try++ {
		s, reused, err := l.session(ctx, false)
		if err != nil {
			return err
		}
		err = f(s)
		again := reused && broken(err)
		switch {
		case staleHandle(err):
			l.c.give(s.conn, ndr.ContextHandle{})
			again = reused
		case changedLog(err):
			l.c.give(s.conn, s.h)
			again = true
		default:
			l.give(s)
		}
		if !again || try >= maxTries || ctx.Err() != nil {
			return err
		}
	}
}

// Close lets go of the log. Walks that are open go on.
func (l *clientLog) Close() error {
	l.mu.Lock()
	idle := l.idle
	l.idle, l.closed = nil, true
	l.mu.Unlock()
	for _, s := range idle {
		l.c.give(s.conn, s.h)
	}
	return nil
}

// bounds is where a log begins and ends.
type bounds struct {
	oldest uint64 // 0: it is empty
	next   uint64 // the number of the record that is to come; 1 where it is empty
	sure   bool   // nothing moved while it was asked; else next is no more than it is
}

// bounds asks for the oldest record and how many there are: those are two calls, so
// the first one is made once more.
func (s *session) bounds(ctx context.Context) (b bounds, err error) {
	oldest, err := s.number(ctx, opOldestRecord)
	for range 3 {
		if err != nil {
			return b, err
		}
		n, err := s.number(ctx, opNumberOfRecords)
		if err != nil {
			return b, err
		}
		again, err := s.number(ctx, opOldestRecord)
		if err != nil {
			return b, err
		}
		b = bounds{oldest: uint64(oldest), sure: again == oldest}
		switch {
		case n == 0:
			b.oldest, b.next = 0, max(b.oldest, 1)
		case oldest == 0: // after 2^32 records
			b.oldest, b.next = 1<<32, 1<<32+uint64(n)
		default:
			b.next = b.oldest + uint64(n)
		}
		if b.sure {
			break
		}
		oldest = again
	}
	return b, nil
}

func (s *session) number(ctx context.Context, op uint16) (uint32, error) {
	var resp numberResponse
	if err := s.call(ctx, op, &handleRequest{s.h}, &resp); err != nil {
		return 0, err
	}
	return resp.Number, s.refusal(op, resp.Status)
}

// read reads records into a buffer of so many bytes; records is what of it was
// filled, and the caller's. needed is what the next record has, where the buffer is
// too small.
func (s *session) read(ctx context.Context, flags uint32, from uint64, size uint32) (records []byte, needed uint32, err error) {
	req := &readRequest{LogHandle: s.h, ReadFlags: flags, RecordOffset: uint32(from), NumberOfBytesToRead: size}
	var resp readResponse
	if err := s.call(ctx, opReadELW, req, &resp); err != nil {
		return nil, 0, err
	}
	s.moved = true
	if err := s.refusal(opReadELW, resp.Status); err != nil {
		return nil, resp.MinNumberOfBytesNeeded, err
	}
	return resp.Buffer, 0, nil
}

const smallBuffer = 4096 // for one record, mostly

// at is the records from a number on, as many as a small buffer holds. The numbers
// are not looked at.
func (s *session) at(ctx context.Context, number uint64) ([]byte, error) {
	b, needed, err := s.read(ctx, flagSeek|flagForwards, number, smallBuffer)
	if status, _ := statusOf(err); status == nt.StatusBufferTooSmall && needed > smallBuffer && needed <= maxBatchBuff {
		b, _, err = s.read(ctx, flagSeek|flagForwards, number, needed)
	}
	return b, err
}

// useless says whether an error is of the session and not of what was asked.
func (s *session) useless(ctx context.Context, err error) bool {
	return s.broken || staleHandle(err) || changedLog(err) || ctx.Err() != nil
}

// timeAt is the TimeWritten of a record; ok is false where the server does not give
// it. The error is of the connection.
func (s *session) timeAt(ctx context.Context, number uint64) (t time.Time, ok bool, err error) {
	b, err := s.at(ctx, number)
	if err != nil {
		if !s.useless(ctx, err) {
			err = nil // it was overwritten, or the server does not seek
		}
		return t, false, err
	}
	var r evt.Record
	if r.UnmarshalBinary(b) != nil || r.RecordNumber() != uint32(number) {
		return t, false, nil
	}
	return nt.Time32(r.TimeWritten()), true, nil
}

// full asks whether the log is full. A server that does not know the question is
// not asked for more.
func (s *session) full(ctx context.Context) (bool, error) {
	var resp logInformationResponse
	err := s.call(ctx, opGetLogInformation, &logInformationRequest{s.h, infoLevelFullInformation, sizeFullInformation}, &resp)
	if f := (*dcerpc.Fault)(nil); errors.As(err, &f) && f.Status == dcerpc.FaultOpRange {
		return false, nil // NT 4 and before
	}
	if err != nil || resp.Status.Failed() || len(resp.Buffer) < sizeFullInformation {
		return false, err
	}
	return resp.Buffer[0]|resp.Buffer[1]|resp.Buffer[2]|resp.Buffer[3] != 0, nil
}

// Info is what the server tells: the size of a log it does not, and what is set of
// it only its registry.
func (l *clientLog) Info(ctx context.Context) (eventlog.Info, error) {
	i := eventlog.Info{Name: l.origin.Log, Channel: l.origin.Channel}
	err := l.do(ctx, func(s *session) error {
		b, err := s.bounds(ctx)
		if err != nil {
			return err
		}
		i.Oldest, i.Next = b.oldest, b.next
		if i.Full, err = s.full(ctx); err != nil {
			return err
		}
		if b.oldest != 0 {
			if i.OldestTime, _, err = s.timeAt(ctx, b.oldest); err != nil {
				return err
			}
			i.NewestTime, _, err = s.timeAt(ctx, b.next-1)
		}
		return err
	})
	if err != nil {
		return eventlog.Info{}, err
	}
	return i, nil
}

func (l *liveLog) Info(ctx context.Context) (eventlog.Info, error) {
	i, err := l.clientLog.Info(ctx)
	if err != nil {
		return i, err
	}
	i.Can = eventlog.CanFollow | eventlog.CanReport | eventlog.CanBackup | eventlog.CanClear
	if reg := l.c.o.Registry; reg != nil {
		i.Can |= eventlog.CanSet
		// Who may not read the registry still knows the log.
		if set, err := reg.Log(ctx, l.origin.Log); err == nil {
			withRegistry(&i, &set)
		} else if ctx.Err() != nil {
			return eventlog.Info{}, ctx.Err()
		}
	}
	return i, nil
}

// once calls f with a session that is known to work, for what must not be done
// twice: nobody knows what became of a call whose answer was lost.
func (l *clientLog) once(ctx context.Context, f func(*session) error) error {
	return l.do(ctx, func(s *session) error {
		if _, err := s.number(ctx, opNumberOfRecords); err != nil {
			return err
		}
		if err := f(s); err != nil {
			if broken(err) {
				return &unknown{err}
			}
			return err
		}
		return nil
	})
}

// unknown is the error of a call that may have been carried out. It is not one of a
// broken connection, after which a call is made again.
type unknown struct{ err error }

func (e *unknown) Error() string { return e.err.Error() + "; whether it was done is not known" }

// Clear removes all records, after a backup on the server's disk if it is named; the
// name is as for Backup.
func (l *liveLog) Clear(ctx context.Context, backup string) error {
	req := &clearRequest{}
	if backup != "" {
		path, err := backupPathOf(backup)
		if err != nil {
			return err
		}
		s := ndr.Text(path)
		req.BackupFileName = &s
	}
	return l.once(ctx, func(s *session) error {
		var resp statusResponse
		req.LogHandle = s.h
		if err := s.call(ctx, opClearELFW, req, &resp); err != nil {
			return err
		}
		return s.refusal(opClearELFW, resp.Status)
	})
}

// Backup writes the log into a new file on the server's own disk. A name without a
// path lies in the root of its drive C:, "C:\folder\name" where it says, and what
// begins with \??\ or has another form goes to the server as it is. A netelf server
// takes the last part, and puts it into its folder of backups.
func (l *liveLog) Backup(ctx context.Context, name string) error {
	path, err := backupPathOf(name)
	if err != nil {
		return err
	}
	return l.once(ctx, func(s *session) error {
		var resp statusResponse
		if err := s.call(ctx, opBackupELFW, &backupRequest{LogHandle: s.h, BackupFileName: ndr.Text(path)}, &resp); err != nil {
			return err
		}
		return s.refusal(opBackupELFW, resp.Status)
	})
}

// Set sets the greatest size and the retention, in the server's registry.
func (l *liveLog) Set(ctx context.Context, s eventlog.Settings) error {
	maxSize, retention, err := registryValues(s)
	if err != nil {
		return fmt.Errorf("set log %s: %w", l.origin.Log, err)
	}
	if err := l.check(); err != nil {
		return err
	}
	if l.c.o.Registry == nil {
		return fmt.Errorf("set log %s: MS-EVEN cannot, and the registry is not known: %w", l.origin.Log, errors.ErrUnsupported)
	}
	if maxSize == nil && retention == nil {
		return nil
	}
	return l.c.o.Registry.SetLog(ctx, l.origin.Log, maxSize, retention)
}
