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
	"netelf.example/evtx"
)

func (a *app) recoverVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "recover IN OUT",
		GroupID: groupFiles,
		Short:   "Write all that can be saved of a log file into a new one",
		Long: `Reads the .evt or .evtx file IN and writes OUT, a clean file of the same kind of
all that can be saved. IN is never changed, and OUT must not exist: it comes into
being whole, at the end, or not at all.

An .evt file gets the records of the log, and before them those that the log no
longer reaches, which lie in unused space, in damaged stretches, or in a piece
without any header. Records keep their bytes and their numbers. One whose number
cannot be right, or that another record has already, stands behind all others
under a new number, which is said. A copy that is the same byte for byte is
written once.

An .evtx file gets the chunks of the log, in the order of their records, with
headers and checksums made anew. Records keep their bytes, their numbers and their
place in the chunk. What is damaged behind a record becomes a part of it that
nobody looks at, so that other programs read on; how often is said, and so is
what stands behind a damaged beginning of a chunk, where only programs that look
for it, as netelf does, find it. Records that the log no longer reaches are not in
OUT: 'netelf scan --recovered' lists them.

Exit codes: 0 nothing was missing; 1 OUT was not written; 2 wrong usage; 3 OUT was
written, but something was missing or wrong in IN.`,
		Example: `  netelf recover SysEvent.Evt recovered.evt
  netelf recover Security.evtx repaired.evtx
  netelf check repaired.evtx`,
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
	l, _, err := openLogFile(ctx, in, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	defer l.Close()
	if same(in, out) {
		return fmt.Errorf("%s: is the file that is read", out)
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s: %w", out, fs.ErrExist)
	}
	ext := ".evt"
	if _, ok := l.(*evtx.Reader); ok {
		ext = ".evtx"
	}
	if is := strings.ToLower(filepath.Ext(out)); is != ext && (is == ".evt" || is == ".evtx") {
		return fmt.Errorf("%s: what is recovered of an %s file is one too, and is called so: records of the one kind are not made into the other", out, ext)
	}
	losses := 0
	lost := func(l *eventlog.Loss) {
		if losses++; losses <= maxShown {
			a.say("  %v", l)
		}
	}
	var done recovered
	err = writeAside(out, func(f *os.File) (err error) {
		switch r := l.(type) {
		case *evt.Reader:
			done, err = recoverEvt(ctx, r, f, lost)
		case *evtx.Reader:
			done, err = recoverEvtx(ctx, r, f, lost)
		}
		return err
	})
	if losses > maxShown {
		a.say("  and %d more; 'netelf check' lists all", losses-maxShown)
	}
	if err != nil {
		return err
	}
	if d := &done.damage; d.Losses > 0 {
		done.says = append(done.says, counted(d.Losses, "damaged place")+missing(d))
	}
	a.say("%s: %s", out, strings.Join(done.says, ", "))
	for _, line := range done.more {
		a.say("  %s", line)
	}
	if done.damage.Losses > 0 {
		return code(exitDamaged)
	}
	return nil
}

// recovered is what came of a recovery, in words.
type recovered struct {
	says   []string // on one line
	more   []string // a line each
	damage eventlog.Outcome
}

func recoverEvt(ctx context.Context, r *evt.Reader, f *os.File, lost func(*eventlog.Loss)) (recovered, error) {
	var moves ranges
	done, err := evt.Recover(ctx, r, f, &evt.RecoverOptions{Renumbered: moves.add, Loss: lost})
	if err != nil {
		return recovered{}, err
	}
	says := []string{
		numbered(done.Live+done.Recovered, uint64(done.Oldest), uint64(done.Next)),
		fmt.Sprintf("%d of the log and %d recovered", done.Live, done.Recovered),
	}
	if done.Copies > 0 {
		says = append(says, copies(done.Copies)+" left out")
	}
	if done.Renumbered > 0 {
		says = append(says, fmt.Sprintf("%d under a new number", done.Renumbered))
	}
	var more []string
	for i, m := range moves.list {
		if i == maxMoves {
			more = append(more, fmt.Sprintf("and %d more", uint64(done.Renumbered)-moves.said(maxMoves)))
			break
		}
		more = append(more, m.String())
	}
	return recovered{says, more, done.Damage}, nil
}

func recoverEvtx(ctx context.Context, r *evtx.Reader, f *os.File, lost func(*eventlog.Loss)) (recovered, error) {
	done, err := evtx.Recover(ctx, r, f, lost)
	if err != nil {
		return recovered{}, err
	}
	says := []string{numbered(done.Records, done.Oldest, done.Next), "in " + counted(uint64(done.Chunks), "chunk")}
	if done.Rebuilt > 0 {
		says = append(says, fmt.Sprintf("%d of them with a new header", done.Rebuilt))
	}
	var more []string
	if done.Covered > 0 {
		more = append(more, counted(uint64(done.Covered), "damaged place")+" taken into the record before")
	}
	if done.Unreached > 0 {
		more = append(more, counted(done.Unreached, "record")+" behind a damaged beginning of a chunk, which other programs may not find")
	}
	if done.Left > 0 {
		more = append(more, counted(done.Left, "record")+" that the log no longer reaches left out; 'netelf scan --recovered' lists them")
	}
	return recovered{says, more, done.Damage}, nil
}

// numbered is how many records there are, and which.
func numbered(n, oldest, next uint64) string {
	s := counted(n, "record")
	if oldest > 0 {
		s += fmt.Sprintf(" from %d to %d", oldest, next-1)
	}
	return s
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
