package npa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"netelf.example/nt"
)

// Options are those of Take. Dir and Name are needed.
type Options struct {
	Dir  string // Samba's ncalrpc directory, as "/run/samba/ncalrpc"; the sockets are in np in it
	Name string // of the pipe, in lower case, as "eventlog"

	Poll         time.Duration // between looks at the folder, beside what inotify tells; 0: 500 ms
	HelloTimeout time.Duration // until the hello of a connection is there; 0: 10 s
	MaxHellos    int           // connections whose hello is still to come; more wait; 0: 64
	Logger       *slog.Logger  // nil: discarded
}

// Pipe is a pipe that was taken over. Its methods may be called by many goroutines.
type Pipe struct {
	o      Options
	uids   []uint32
	conns  chan *Conn
	slots  chan struct{} // one for each hello that is being waited for
	cancel context.CancelFunc
	ended  chan struct{} // run is through
	err    error         // of putting Samba's socket back; set before ended
	work   sync.WaitGroup
}

// Take takes a pipe over and keeps it until ctx ends or the Pipe is closed.
//
// The folder np is Samba's. Where it is not there yet, the Pipe says so in the log
// and waits for it. In it, three names are the Pipe's: NAME, NAME.NETELF, the same
// socket, which stays there when Samba replaces the other one, and NAME.SAMBA,
// Samba's, which was moved aside. smbd looks for names in lower case only, so that
// no client reaches either of the latter. When something else stands at NAME, a
// restarted samba-dcerpcd's socket, it is exchanged for ours in one step where the
// system can (Linux): inotify tells of it at once, and the folder is looked at every
// Poll besides. Where nothing stands, ours is put there a tenth of a second later,
// since that is what a starting samba-dcerpcd begins with. At the end, Samba's is put
// back.
//
// What is no socket is neither moved nor removed, and a folder that others than its
// owner may write to, or that belongs neither to root nor to this user, is not
// used: these are errors, of Take where they are found at once, and later in the
// log. So is a second Pipe of the same name, in whatever process.
func Take(ctx context.Context, o Options) (*Pipe, error) {
	if o.Name == "" || o.Name != strings.ToLower(o.Name) || strings.ContainsAny(o.Name, "/\\\x00") || o.Name[0] == '.' {
		return nil, fmt.Errorf("npa: %q is not the name of a pipe", o.Name)
	}
	if o.Dir == "" {
		return nil, errors.New("npa: no directory of Samba's sockets")
	}
	if o.Poll <= 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.HelloTimeout <= 0 {
		o.HelloTimeout = 10 * time.Second
	}
	if o.MaxHellos <= 0 {
		o.MaxHellos = 64
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Pipe{o: o, uids: trusted(), conns: make(chan *Conn), slots: make(chan struct{}, o.MaxHellos), cancel: cancel, ended: make(chan struct{})}
	k := &keeper{path: filepath.Join(o.Dir, "np"), name: o.Name, log: o.Logger,
		serve: func(l net.Listener) { p.work.Go(func() { p.accept(ctx, l) }) }}
	err := k.look()
	for err == errEmpty {
		select {
		case <-time.After(grace):
			err = k.look()
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		o.Logger.Info("waiting for Samba's folder of pipes", "folder", k.path)
	case err != nil:
		cancel()
		return nil, errors.Join(err, k.close())
	}
	go p.run(ctx, k)
	return p, nil
}

// Accept is the next opened pipe. After the end it is net.ErrClosed.
func (p *Pipe) Accept() (*Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

// Close gives the pipe back to Samba and waits until that is done. Connections that
// Accept has given go on. An error is what could not be put back.
func (p *Pipe) Close() error {
	p.cancel()
	<-p.ended
	return p.err
}

// run keeps the pipe.
func (p *Pipe) run(ctx context.Context, k *keeper) {
	defer close(p.ended)
	events := make(chan struct{}, 1)
	w := &watch{path: k.path, tell: events}
	tick := time.NewTicker(p.o.Poll)
	defer tick.Stop()
	said, later := "", time.NewTimer(grace) // for errEmpty
	defer later.Stop()
	for first := true; ; first = false {
		if k.folder != nil {
			w.begin(p.o.Logger)
		} else {
			w.end()
		}
		wake := events
		if said != "" {
			wake = nil // what was tried may have told of itself
		}
		if !first || k.folder == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
			case <-wake:
			case <-later.C:
			}
		}
		if ctx.Err() != nil {
			break
		}
		// The first look behind the beginning of the watch sees what came before it.
		err := k.look()
		text := ""
		if err == errEmpty {
			later.Reset(grace)
		} else if err != nil && !(errors.Is(err, fs.ErrNotExist) && k.folder == nil) {
			text = err.Error()
		}
		if text != said && text != "" {
			p.o.Logger.Error("the pipe is not ours", "pipe", p.o.Name, "error", err)
		}
		said = text
	}
	w.end()
	p.err = k.close()
	p.work.Wait()
}

// accept answers the connections of a listener until it is closed.
func (p *Pipe) accept(ctx context.Context, l net.Listener) {
	for {
		nc, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no more files, say: they will be fewer
			p.o.Logger.Warn("accept", "pipe", p.o.Name, "error", err)
			select {
			case <-time.After(p.o.Poll):
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			_ = nc.Close() // nothing was said on it
			return
		}
		p.work.Go(func() {
			c, err := p.greet(ctx, nc)
			<-p.slots
			if err != nil {
				_ = nc.Close() // it is not answered
				if err != io.EOF && ctx.Err() == nil {
					p.o.Logger.Warn("refused", "pipe", p.o.Name, "error", err)
				}
				return
			}
			select {
			case p.conns <- c:
			case <-ctx.Done():
				_ = c.Close() // nobody takes it any more
			}
		})
	}
}

// greet does the hand-over of a connection.
func (p *Pipe) greet(ctx context.Context, nc net.Conn) (*Conn, error) {
	if uid, ok := peerUID(nc); ok && !slices.Contains(p.uids, uid) {
		return nil, fmt.Errorf("npa: user %d may not hand over", uid)
	}
	if err := nc.SetDeadline(time.Now().Add(p.o.HelloTimeout)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	defer stop()
	msg, err := readHello(nc)
	if err != nil {
		return nil, err
	}
	h := new(Hello)
	status := nt.StatusSuccess
	switch err = h.UnmarshalBinary(msg); {
	case err == nil && h.Transport == TransportSMB && slices.Contains(h.SIDs, nt.SIDSystem):
		status, err = nt.StatusAccessDenied, fmt.Errorf("npa: %s claims to be the system, by SMB", h.Client())
	case errors.As(err, new(*LevelError)):
		status = nt.StatusNotSupported
	case err != nil:
		status = nt.StatusInvalidParameter
	}
	level, ok := helloLevel(msg)
	if !ok {
		return nil, err
	}
	if _, wrote := nc.Write(appendReply(nil, level, status)); wrote != nil || err != nil {
		return nil, errors.Join(err, wrote)
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	return newConn(nc, h), nc.SetDeadline(time.Time{})
}
