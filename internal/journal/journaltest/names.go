package journaltest

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"syscall"
)

// A name is durable after SyncNames: a power cut before it leaves any of what was
// done to the names since, and not the rest. Names that Open and SetContents made
// are durable from the beginning.

// A move is something done to names.
type move struct {
	name string
	to   *state // what it is the name of; nil: it is gone
	from string // the name that it had before; "": none
}

func (m *move) do(names map[string]*state) {
	if m.from != "" {
		delete(names, m.from)
	}
	if m.to == nil {
		delete(names, m.name)
	} else {
		names[m.name] = m.to
	}
}

// moved does an operation on names: lookup makes it, or says why not. The one at
// which the disk stops happens or does not.
func (d *Disk) moved(op Op, name string, lookup func() (move, error)) error {
	if d.Before != nil {
		d.Before(op, name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	half, err := d.do(op, name)
	if err != nil && !half {
		return err
	}
	m, missing := lookup()
	if missing != nil {
		if err == nil {
			err = missing
		}
		return err
	}
	m.do(d.files)
	d.moves = append(d.moves, m)
	return err
}

// Lookup gives a file, or fs.ErrNotExist.
func (d *Disk) Lookup(name string) (*File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return nil, ErrStopped
	}
	if s := d.files[name]; s != nil {
		return &File{d: d, s: s, name: name}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
}

// Create makes a new file, which the disk may forget before SyncNames. A name that
// there is is fs.ErrExist.
func (d *Disk) Create(name string) (*File, error) {
	s := new(state)
	err := d.moved(Create, name, func() (move, error) {
		if d.files[name] != nil {
			return move{}, &fs.PathError{Op: "create", Path: name, Err: syscall.EEXIST}
		}
		return move{name: name, to: s}, nil
	})
	if err != nil {
		return nil, err
	}
	return &File{d: d, s: s, name: name}, nil
}

// Rename gives a file another name, in place of the file that has it. After a crash
// both names are as before or both are as after.
func (d *Disk) Rename(from, to string) error {
	return d.moved(Rename, from, func() (move, error) {
		if d.files[from] == nil {
			return move{}, &fs.PathError{Op: "rename", Path: from, Err: syscall.ENOENT}
		}
		return move{name: to, to: d.files[from], from: from}, nil
	})
}

// Remove takes a name away.
func (d *Disk) Remove(name string) error {
	return d.moved(Remove, name, func() (move, error) {
		if d.files[name] == nil {
			return move{}, &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOENT}
		}
		return move{name: name}, nil
	})
}

// SyncNames makes the names durable, and not what is in the files.
func (d *Disk) SyncNames() error {
	if d.Before != nil {
		d.Before(SyncNames, "")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	half, err := d.do(SyncNames, "")
	if err == nil || half {
		d.names, d.moves = maps.Clone(d.files), nil
	}
	return err
}

// Names is the names that a process sees, sorted.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return sorted(d.files)
}

// after gives a disk as left says of the files. With lost, of the names too only
// what is durable is there for certain.
func (d *Disk) after(rnd *rand.Rand, lost bool, left func(*state) *state) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := NewDisk(rnd.Uint64())
	n.Capacity, n.Extend = d.Capacity, d.Extend

	// A file that has two names in the two views is one file, and left is asked in
	// an order that is the same each time.
	copies := map[*state]*state{}
	of := func(s *state) *state {
		if s == nil {
			return nil
		}
		if copies[s] == nil {
			copies[s] = left(s)
		}
		return copies[s]
	}
	for _, names := range []map[string]*state{d.files, d.names} {
		for _, name := range sorted(names) {
			of(names[name])
		}
	}
	for name, s := range d.names {
		n.names[name] = of(s)
	}
	for _, m := range d.moves {
		n.moves = append(n.moves, move{m.name, of(m.to), m.from})
	}
	if lost {
		odds := [...]int{0, 25, 50, 75, 100}[rnd.IntN(5)] // of a move to be kept, in percent
		for i := range n.moves {
			if rnd.IntN(100) < odds {
				n.moves[i].do(n.names)
			}
		}
		n.moves = nil
		n.files = maps.Clone(n.names)
		return n
	}
	for name, s := range d.files {
		n.files[name] = of(s)
	}
	return n
}
