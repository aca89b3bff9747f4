package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // the driver

	"netelf.example/internal/journal"
)

// bare is what a service cannot do without: a queue, and one goroutine that writes
// all that waits, syncs the data, and answers. It keeps nothing else: no numbers,
// no oldest record, no file that another program reads. It goes round in a file
// that was written whole before, so that a sync finds no block to be allotted and no
// size to be kept.
type bare struct {
	f    journal.Storage
	mu   sync.Mutex
	all  []chan error
	wake chan struct{}
	done chan error

	patient bool // it lets those who were answered come again before it writes, as the service does
}

const bareSize = 16 << 20

func openBare(folder string) (recorder, error)    { return newBare(folder, false) }
func openPatient(folder string) (recorder, error) { return newBare(folder, true) }

func newBare(folder string, patient bool) (recorder, error) {
	f, err := journal.OpenStorage(filepath.Join(folder, "bare"), os.O_RDWR|os.O_CREATE, 0o600) // a file and a data sync
	if err != nil {
		return nil, err
	}
	if _, err = f.WriteAt(make([]byte, bareSize), 0); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	b := &bare{f: f, patient: patient, wake: make(chan struct{}, 1), done: make(chan error, 1)}
	go b.run()
	return b, nil
}

func (b *bare) run() {
	defer close(b.done)
	buf, off := []byte{}, int64(0)
	for range b.wake {
		b.mu.Lock()
		group := b.all
		b.all = nil
		b.mu.Unlock()
		if len(group) == 0 {
			continue
		}
		n := recordSize * len(group)
		for len(buf) < n {
			buf = append(buf, bytes.Repeat([]byte("a record"), 1024)...)
		}
		if off+int64(n) > bareSize {
			off = 0
		}
		_, err := b.f.WriteAt(buf[:n], off)
		if err == nil {
			err = b.f.Sync()
		}
		off += int64(n)
		for _, c := range group {
			c <- err
		}
		if b.patient {
			b.await(len(group))
		}
	}
}

func (b *bare) await(answered int) {
	for begin := time.Now(); time.Since(begin) < 100*time.Microsecond; runtime.Gosched() {
		b.mu.Lock()
		n := len(b.all)
		b.mu.Unlock()
		if n >= answered {
			break
		}
	}
}

func (b *bare) record() error {
	c := make(chan error, 1)
	b.mu.Lock()
	b.all = append(b.all, c)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return <-c
}

func (b *bare) settle() (int, error) { return 0, nil }

func (b *bare) close() error {
	close(b.wake)
	<-b.done
	return b.f.Close()
}

// sqlite inserts one row a transaction, through one connection: with one for each
// goroutine they wait for the database's lock by sleeping, which is slower.
type sqlite struct {
	db     *sql.DB
	insert *sql.Stmt
	row    []byte
}

func openSQLite(folder string) (recorder, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "events.db")+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(sqliteConns)
	s := &sqlite{db: db, row: bytes.Repeat([]byte("a record"), 1+recordSize/8)[:recordSize]}
	_, err = db.Exec("CREATE TABLE events (number INTEGER PRIMARY KEY, written INTEGER, record BLOB)")
	if err == nil {
		s.insert, err = db.Prepare("INSERT INTO events (written, record) VALUES (?, ?)")
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

const sqliteConns = 1

func (s *sqlite) record() error {
	_, err := s.insert.Exec(time.Now().Unix(), s.row)
	return err
}

func (s *sqlite) settle() (int, error) { return 0, nil }
func (s *sqlite) close() error         { return errors.Join(s.insert.Close(), s.db.Close()) }

// rsyslog is rsyslogd with a configuration and a socket of its own, to which
// messages are sent as logger(1) does. It acknowledges nothing: what is measured is
// how long it takes until all of them are in its file, which it syncs.
type rsyslog struct {
	cmd  *exec.Cmd
	exit chan error
	file string
	sent atomic.Int64
	kept int64 // lines of the file, counted up to off
	off  int64
	gave int64 // lost in rounds before

	conns sync.Pool
	addr  *net.UnixAddr
	msg   []byte
}

const rsyslogPatience = 3 * time.Second // without a new line in the file

func openRsyslog(folder string) (recorder, error) {
	program, err := exec.LookPath("rsyslogd")
	if err != nil {
		if program = "/usr/sbin/rsyslogd"; !isFile(program) {
			return nil, errMissing("not installed: apt-get install rsyslog")
		}
	}
	r := &rsyslog{file: filepath.Join(folder, "messages"), exit: make(chan error, 1)}
	socket, config := filepath.Join(folder, "socket"), filepath.Join(folder, "rsyslog.conf")
	text := fmt.Sprintf(`global(workDirectory=%q)
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket=%q CreatePath="off" RateLimit.Interval="0")
main_queue(queue.type="FixedArray" queue.size="100000")
$ActionFileEnableSync on
*.* action(type="omfile" file=%q sync="on")
`, folder, socket, r.file)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	r.cmd = exec.Command(program, "-n", "-f", config, "-i", filepath.Join(folder, "pid"))
	var complaint bytes.Buffer
	r.cmd.Stderr = &complaint
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { r.exit <- r.cmd.Wait() }()
	r.addr = &net.UnixAddr{Name: socket, Net: "unixgram"}
	r.msg = fmt.Appendf(nil, "<13>%s quarry: %s", time.Now().Format(time.Stamp), bytes.Repeat([]byte("a record"), recordSize/8))[:recordSize]
	for range 100 { // until it listens
		if err = r.record(); err == nil {
			break
		}
		select {
		case err := <-r.exit:
			return nil, errMissing(fmt.Sprintf("does not run: %v: %s", err, bytes.TrimSpace(complaint.Bytes())))
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err == nil {
		_, err = r.settle()
	}
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func isFile(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.Mode().IsRegular()
}

// record sends a message. The socket makes the sender wait while it is full.
func (r *rsyslog) record() error {
	c, ok := r.conns.Get().(*net.UnixConn)
	if !ok {
		var err error
		if c, err = net.DialUnix("unixgram", nil, r.addr); err != nil {
			return err
		}
	}
	if _, err := c.Write(r.msg); err != nil {
		return errors.Join(err, c.Close())
	}
	r.conns.Put(c)
	r.sent.Add(1)
	return nil
}

func (r *rsyslog) settle() (lost int, err error) {
	f, err := os.Open(r.file)
	for began := time.Now(); errors.Is(err, os.ErrNotExist) && time.Since(began) < rsyslogPatience; {
		time.Sleep(time.Millisecond)
		f, err = os.Open(r.file)
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	b := make([]byte, 1<<20)
	for last := time.Now(); r.kept+r.gave < r.sent.Load(); {
		n, err := f.ReadAt(b, r.off)
		if err != nil && err != io.EOF {
			return 0, err
		}
		r.off += int64(n)
		r.kept += int64(bytes.Count(b[:n], []byte{'\n'}))
		if n > 0 {
			last = time.Now()
		} else if time.Since(last) > rsyslogPatience {
			lost = int(r.sent.Load() - r.kept - r.gave)
			r.gave += int64(lost)
			break
		} else {
			time.Sleep(time.Millisecond)
		}
	}
	return lost, nil
}

func (r *rsyslog) close() error {
	for {
		c, ok := r.conns.Get().(*net.UnixConn)
		if !ok {
			break
		}
		_ = c.Close() // all was sent
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	select {
	case <-r.exit: // by the signal
		return nil
	case <-ctx.Done():
		return r.cmd.Process.Kill()
	}
}
