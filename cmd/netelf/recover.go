package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

func (a *app) recoverVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "recover IN OUT",
		GroupID: groupFiles,
		Short:   "Write all that can be saved of a log file into a new one",
		Long: `Reads the .evt file IN and writes OUT, a clean .evt file of all that can be saved:
the records of the log, and before them those that the log no longer reaches,
which lie in unused space, in damaged stretches, or in a piece without any header.

Records keep their bytes and their numbers. One whose number cannot be right, or
that another record has already, stands behind all others under a new number,
which is said. A copy that is the same byte for byte is written once.

IN is never changed, and OUT must not exist: it comes into being whole, at the
end, or not at all.

Exit codes: 0 nothing was missing; 1 OUT was not written; 2 wrong usage; 3 OUT was
written, but something was missing in IN.`,
		Example: `  netelf recover SysEvent.Evt recovered.evt
  netelf check recovered.evt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("want two files, one to read and one to write: 'netelf recover IN OUT'")
			}
			return nil
		},
		ValidArgsFunction: completeFiles,
		RunE: a.verb(func(ctx context.Context, args []string) error {
			return a.recover(ctx, args[0], args[1])
		}),
	}
	return cmd
}

func (a *app) recover(ctx context.Context, in, out string) error {
	r, _, err := openEvt(ctx, in)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	defer r.Close()
	if same(in, out) {
		return fmt.Errorf("%s: is the file that is read", out)
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s: %w", out, fs.ErrExist)
	}

	var moves ranges
	losses := 0
	opts := &evt.RecoverOptions{
		Renumbered: moves.add,
		Loss: func(l *eventlog.Loss) {
			if losses++; losses <= maxShown {
				a.say("  %v", l)
			}
		},
	}
	var done evt.Recovery
	err = writeAside(out, func(f *os.File) (err error) {
		done, err = evt.Recover(ctx, r, f, opts)
		return err
	})
	if losses > maxShown {
		a.say("  and %d more; 'netelf check' lists all", losses-maxShown)
	}
	if err != nil {
		return err
	}
	says := []string{
		counted(done.Live+done.Recovered, "record"),
		fmt.Sprintf("%d of the log and %d recovered", done.Live, done.Recovered),
	}
	if done.Oldest > 0 {
		says[0] += fmt.Sprintf(" from %d to %d", done.Oldest, done.Next-1)
	}
	if done.Copies > 0 {
		says = append(says, copies(done.Copies)+" left out")
	}
	if done.Renumbered > 0 {
		says = append(says, fmt.Sprintf("%d under a new number", done.Renumbered))
	}
	if d := &done.Damage; d.Losses > 0 {
		says = append(says, counted(d.Losses, "damaged place")+missing(d))
	}
	a.say("%s: %s", out, strings.Join(says, ", "))
	for i, m := range moves.list {
		if i == maxMoves {
			a.say("  and %d more", uint64(done.Renumbered)-moves.said(maxMoves))
			break
		}
		a.say("  %s", m)
	}
	if done.Damage.Losses > 0 {
		return code(exitDamaged)
	}
	return nil
}

// same says whether two names are one file.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// writeAside makes a new file name by f: under another name in the same folder
// first, so that name is there whole or not at all. A file of that name is never
// replaced.
func writeAside(name string, f func(*os.File) error) error {
	// Not os.CreateTemp: the file is to have the permissions of any new file.
	tmp, err := os.OpenFile(filepath.Join(filepath.Dir(name), ".netelf-"+rand.Text()), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return fmt.Errorf("%s: %w", name, plain(err))
	}
	defer os.Remove(tmp.Name()) // where it was renamed there is nothing to remove
	err = f(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := place(tmp.Name(), name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	syncFolder(filepath.Dir(name))
	return nil
}

// place gives a file its name, unless there is one of that name.
func place(tmp, name string) error {
	err := os.Link(tmp, name)
	var l *os.LinkError
	if err == nil || errors.Is(err, fs.ErrExist) {
		if errors.As(err, &l) {
			return l.Err
		}
		return err
	}
	// A file system without hard links: take the name first, then put the file
	// in its place.
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return plain(err)
	}
	_ = f.Close() // nothing was written
	if err := os.Rename(tmp, name); err != nil {
		_ = os.Remove(name) // it is ours and empty
		return err
	}
	return nil
}

// syncFolder makes a new name durable, where folders can be synced.
func syncFolder(name string) {
	if d, err := os.Open(name); err == nil {
		_ = d.Sync() // not everywhere possible, and the file itself is safe
		_ = d.Close()
	}
}

// ranges are pairs of old and new numbers, those that go on together as one.
type ranges struct{ list []move }

type move struct {
	old, new, n uint32
}

const maxMoves = 100

func (r *ranges) add(old, new uint32, _ int64) {
	if n := len(r.list); n > 0 {
		if m := &r.list[n-1]; m.old+m.n == old && m.new+m.n == new {
			m.n++
			return
		}
	}
	if len(r.list) <= maxMoves { // one more, to know that there are more
		r.list = append(r.list, move{old, new, 1})
	}
}

// said is how many records the first n moves are.
func (r *ranges) said(n int) (sum uint64) {
	for _, m := range r.list[:n] {
		sum += uint64(m.n)
	}
	return sum
}

func (m move) String() string {
	if m.n == 1 {
		return fmt.Sprintf("record %d is now %d", m.old, m.new)
	}
	return fmt.Sprintf("records %d to %d are now %d to %d", m.old, m.old+m.n-1, m.new, m.new+m.n-1)
}

func copies(n uint64) string {
	if n == 1 {
		return "1 copy"
	}
	return fmt.Sprintf("%d copies", n)
}
