package files

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/render"
)

// TestFollowCorpus: real logs of Windows are copied in growing steps, as a beginning
// first and then to the end in place, while they are followed. What comes is what a
// reading of the whole file gives behind the place where it began.
func TestFollowCorpus(t *testing.T) {
	dir := cmp.Or(os.Getenv("NETELF_CORPUS"), filepath.Join("..", "..", "shared", "corpus"))
	var names []string
	for _, pattern := range []string{"evt/*", "evtx/*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		// Real logs are not for everybody's machine: a skip in CI, too.
		t.Skipf("%s is not there: set NETELF_CORPUS to the folder with the real logs", dir)
	}
	for _, from := range names {
		for _, step := range []int{3 << 10, 100 << 10} {
			t.Run(filepath.Base(from), func(t *testing.T) {
				whole, err := os.ReadFile(from)
				if err != nil {
					t.Fatal(err)
				}
				begin := 0x14000
				if len(whole) <= begin {
					begin = 0x1800
				}
				synctest.Test(t, func(t *testing.T) {
					name := filepath.Join(t.TempDir(), filepath.Base(from))
					f, err := os.Create(name)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					if _, err := f.Write(whole[:min(begin, len(whole))]); err != nil {
						t.Fatal(err)
					}
					l, err := open(t, name, nil).OpenLog(t.Context(), name)
					if err != nil {
						t.Fatal(err)
					}
					defer l.Close()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					c, err := eventlog.Follow(ctx, l, new(eventlog.Selection))
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					mark := c.AppendMarks(nil)[0]
					var have []string
					var lost uint64
					ended := make(chan struct{})
					go func() {
						defer close(ended)
						have, lost = eventsOf(ctx, t, c)
					}()
					for off := begin; off < len(whole); off += step {
						if _, err := f.WriteAt(whole[off:min(off+step, len(whole))], int64(off)); err != nil {
							t.Error(err)
						}
						time.Sleep(700 * time.Millisecond)
					}
					time.Sleep(5 * time.Minute)
					cancel()
					<-ended
					all, err := open(t, name, nil).OpenLog(t.Context(), name)
					if err != nil {
						t.Fatal(err)
					}
					defer all.Close()
					walk, err := all.Read(t.Context(), &eventlog.Selection{Start: mark.Record + 1})
					if err != nil {
						t.Fatal(err)
					}
					defer walk.Close()
					want, missing := eventsOf(t.Context(), t, walk)
					if !slices.Equal(have, want) || lost != missing {
						t.Errorf("%d events came and %d were lost, want %d and %d", len(have), lost, len(want), missing)
					}
				})
			})
		}
	}
}

// eventsOf is the events of a walk, as JSON without their log, and how many records
// it says are missing.
func eventsOf(ctx context.Context, t *testing.T, c eventlog.Cursor) (events []string, lost uint64) {
	var e eventlog.Event
	var out eventlog.Outcome
	for {
		err := c.Next(ctx, &e)
		if out.Note(err); out.Done() {
			if err != io.EOF && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			return events, out.Lost
		}
		if err == nil && !e.Recovered {
			e.Origin = nil
			events = append(events, string(render.AppendJSON(nil, &e, 0)))
		}
	}
}
