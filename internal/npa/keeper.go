package npa

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"time"
)

// grace is how long the pipe's place must have been empty before our socket is put
// there: samba-dcerpcd removes what is there before it makes its own, and would not
// start if that failed.
const grace = 100 * time.Millisecond

// errEmpty is a pipe's place that is empty, and not yet for long.
var errEmpty = errors.New("npa: nothing stands in the pipe's place")

// keeper puts our socket into Samba's place, and again. It is for one goroutine.
type keeper struct {
	path, name string // of the folder; of the pipe
	log        *slog.Logger
	serve      func(net.Listener)
	exchange   func(f *folder, a, b string) error // nil: (*folder).exchange

	folder *folder           // nil: it is not there
	l      *net.UnixListener // nil: there is none
	own    fileID            // l's socket
	taken  bool              // the pipe was ours once
	empty  time.Time         // since when its place is known to be empty; zero: it is not
}

// The names in the folder that are not the pipe's. smbd asks for names in lower
// case, so that clients cannot open these.
func (k *keeper) ourName() string   { return k.name + ".NETELF" }
func (k *keeper) newName() string   { return k.name + ".NETELF.NEW" }
func (k *keeper) asideName() string { return k.name + ".SAMBA" }

// look sees that the pipe is ours. fs.ErrNotExist without a folder: it is not
// there. errEmpty: it must look again, grace later.
func (k *keeper) look() error {
	if k.folder != nil && !k.folder.current() {
		k.drop()
	}
	if k.folder == nil {
		f, err := openFolder(k.path)
		if err != nil {
			return err
		}
		k.folder = f
	}
	if k.l != nil {
		if id, err := k.folder.stat(k.ourName()); err != nil || id != k.own {
			if !errors.Is(err, fs.ErrNotExist) || k.folder.link(k.name, k.ourName()) != nil {
				k.unlisten()
			} else if id, err := k.folder.stat(k.ourName()); err != nil || id != k.own {
				// Another socket stood there, and has a second name now.
				k.unlisten()
				if err := k.folder.remove(k.ourName()); err != nil {
					return err
				}
			}
		}
	}
	if k.l == nil {
		if err := k.listen(); err != nil {
			return err
		}
	}
	for range 3 { // something may come to stand there meanwhile
		id, err := k.folder.stat(k.name)
		switch {
		case err == nil && id == k.own:
			k.empty = time.Time{}
			return nil
		case err == nil:
			k.empty = time.Time{}
			err = k.take(id)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		case k.empty.IsZero():
			k.empty = time.Now()
			return errEmpty
		case time.Since(k.empty) < grace:
			return errEmpty
		default:
			err = k.folder.link(k.ourName(), k.name)
		}
		if err == nil {
			msg := "pipe taken over"
			if k.taken {
				msg = "pipe taken back"
			}
			k.taken = true
			k.log.Info(msg, "pipe", k.name, "folder", k.path)
			continue
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if id, err := k.folder.stat(k.name); err != nil || id != k.own {
		return errEmpty // it is being changed
	}
	return nil
}

// listen makes our socket.
func (k *keeper) listen() error {
	id, err := k.folder.stat(k.ourName())
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !id.socket:
		return k.notASocket(k.ourName())
	case !k.folder.dead(k.ourName()):
		return fmt.Errorf("npa: another process answers %s/%s", k.path, k.ourName())
	default: // of a process that has ended
		if at, err := k.folder.stat(k.name); err == nil && at == id {
			if err := k.folder.remove(k.name); err != nil {
				return err
			}
		}
		if err := k.folder.remove(k.ourName()); err != nil {
			return err
		}
	}
	l, err := k.folder.listen(k.ourName())
	if err != nil {
		return fmt.Errorf("npa: %w", err)
	}
	own, err := k.folder.stat(k.ourName())
	if err != nil {
		_ = l.Close() // its name is gone
		return err
	}
	k.l, k.own = l, own
	k.serve(l)
	return nil
}

// take puts our socket into the pipe's place, and moves what is there aside.
func (k *keeper) take(there fileID) error {
	if !there.socket {
		return k.notASocket(k.name)
	}
	for _, name := range []string{k.asideName(), k.newName()} {
		switch id, err := k.folder.stat(name); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case !id.socket:
			return k.notASocket(name)
		case name == k.newName():
			if err := k.folder.remove(name); err != nil {
				return err
			}
		}
	}
	// In one step, so that no open finds nothing: smbd would start a helper.
	if err := k.folder.link(k.ourName(), k.newName()); err != nil {
		return err
	}
	exchange := k.exchange
	if exchange == nil {
		exchange = (*folder).exchange
	}
	switch err := exchange(k.folder, k.newName(), k.name); {
	case err == nil:
		return k.folder.rename(k.newName(), k.asideName())
	case !errors.Is(err, errors.ErrUnsupported):
		return errors.Join(err, k.folder.remove(k.newName()))
	}
	if err := k.folder.rename(k.name, k.asideName()); err != nil {
		return errors.Join(err, k.folder.remove(k.newName()))
	}
	return k.folder.rename(k.newName(), k.name)
}

func (k *keeper) notASocket(name string) error {
	return fmt.Errorf("npa: %s/%s is not a socket", k.path, name)
}

// close puts Samba's socket back.
func (k *keeper) close() error {
	if k.folder == nil {
		return nil
	}
	defer k.drop()
	if k.l == nil || !k.folder.current() {
		return nil
	}
	aside, err := k.folder.stat(k.asideName())
	theirs := err == nil && aside.socket
	at, err := k.folder.stat(k.name)
	there, ours := err == nil, err == nil && at == k.own
	err = nil
	switch {
	case theirs && (ours || !there):
		err = k.folder.rename(k.asideName(), k.name)
	case theirs: // Samba has made another one
		err = k.folder.remove(k.asideName())
	case ours:
		err = k.folder.remove(k.name)
	}
	if id, missing := k.folder.stat(k.ourName()); missing == nil && id == k.own {
		err = errors.Join(err, k.folder.remove(k.ourName()))
	}
	return err
}

// unlisten closes our socket and leaves its names.
func (k *keeper) unlisten() {
	if k.l != nil {
		_ = k.l.Close() // it has nothing that could be lost
		k.l, k.own = nil, fileID{}
	}
}

// drop lets go of the folder.
func (k *keeper) drop() {
	k.unlisten()
	if k.folder != nil {
		k.folder.close()
		k.folder = nil
	}
}
