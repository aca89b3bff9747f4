package npa

import (
	"errors"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"
)

// watch tells of changes of a folder, by inotify(7).
type watch struct {
	path string
	tell chan<- struct{}
	f    *os.File
	done chan struct{}
}

// begin begins, where it has not or has ended of itself: the folder was removed.
func (w *watch) begin(log *slog.Logger) {
	if w.f != nil {
		select {
		case <-w.done:
			w.end()
		default:
			return
		}
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err == nil {
		w.f = os.NewFile(uintptr(fd), "inotify") // non-blocking: Close ends Read
		_, err = unix.InotifyAddWatch(fd, w.path, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE|
			unix.IN_DELETE_SELF|unix.IN_MOVE_SELF|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW)
	}
	if err != nil {
		w.end()
		if !errors.Is(err, unix.ENOENT) {
			log.Debug("no inotify, only looks from time to time", "folder", w.path, "error", err)
		}
		return
	}
	w.done = make(chan struct{})
	go w.read(w.f, w.done)
}

func (w *watch) read(f *os.File, done chan struct{}) {
	defer close(done)
	b := make([]byte, 4096)
	for {
		n, err := f.Read(b)
		if err != nil {
			return
		}
		select {
		case w.tell <- struct{}{}:
		default: // it is told already
		}
		for e := b[:n]; len(e) >= unix.SizeofInotifyEvent; {
			mask := uint32(e[4]) | uint32(e[5])<<8 | uint32(e[6])<<16 | uint32(e[7])<<24
			if mask&(unix.IN_IGNORED|unix.IN_MOVE_SELF) != 0 {
				return
			}
			length := int(e[12]) | int(e[13])<<8 | int(e[14])<<16 | int(e[15])<<24
			e = e[min(unix.SizeofInotifyEvent+length, len(e)):]
		}
	}
}

func (w *watch) end() {
	if w.f == nil {
		return
	}
	_ = w.f.Close() // it was only read
	if w.done != nil {
		<-w.done
	}
	w.f, w.done = nil, nil
}
