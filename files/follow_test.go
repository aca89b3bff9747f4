package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/scan"
)

// TestFollowEvt: a circular log is written in bursts that may go round it.
func TestFollowEvt(t *testing.T) {
	seeds(t, 20, func(t *testing.T, seed uint64) {
		g := newGrowth(t, "a.evt", seed)
		g.evt(64 << 10)
		g.append(g.random.IntN(300))
		first := g.next
		g.during(new(eventlog.Selection), func() {
			for range 40 {
				g.append(g.random.IntN(8))
				if g.random.IntN(10) == 0 {
					g.append(g.random.IntN(400))
				}
				time.Sleep(time.Duration(g.random.IntN(3000)) * time.Millisecond)
			}
		})
		g.check(first)
		g.overtaken()
	})
}

// TestFollowEvtx: the same, in pieces that are shorter than the time between looks.
func TestFollowEvtx(t *testing.T) {
	seeds(t, 20, func(t *testing.T, seed uint64) {
		g := newGrowth(t, "a.evtx", seed)
		g.evtx(&logtest.EVTXLog{MaxChunks: []int{0, 2, 3, 5}[g.random.IntN(4)], HeadEvery: g.random.IntN(6), EVTX: logtest.EVTX{PerChunk: 5 + g.random.IntN(20)}})
		g.append(1 + g.random.IntN(60))
		first := g.next
		g.during(new(eventlog.Selection), func() {
			for range 40 {
				g.append(g.random.IntN(4))
				time.Sleep(time.Duration(g.random.IntN(3000)) * time.Millisecond)
			}
		})
		g.check(first)
		g.overtaken()
	})
}

// TestFollowFromMark: what was there already comes from a mark on, and what a mark
// cannot have any more is said.
func TestFollowFromMark(t *testing.T) {
	const n = 900 // an .evt file of 64 KiB has room for some 200
	for _, x := range []struct {
		name        string
		mark        uint64
		date        int64 // that the mark is off
		first, lost uint64
		err         error
	}{
		{"behind the newest", n, 0, n + 1, 0, nil},
		{"in the middle", n - 5, 0, n - 4, 0, nil},
		{"overwritten", 10, 0, 11, 1, nil},
		{"beyond", n + 1, 0, 0, 0, eventlog.ErrMarkGone},
		{"another record", n - 5, 7, 0, 0, eventlog.ErrMarkGone},
	} {
		t.Run(x.name, func(t *testing.T) {
			each(t, func(t *testing.T, g *growth) {
				g.append(n)
				at := time.Unix(1_000_000_000+int64(x.mark)+x.date, 0).UTC()
				sel := &eventlog.Selection{After: []eventlog.Mark{{Log: g.name, Record: x.mark, Time: at}}}
				if x.err != nil {
					if err := g.follow(t.Context(), sel); !errors.Is(err, x.err) {
						t.Errorf("%v, want %v", err, x.err)
					}
					return
				}
				g.during(sel, func() { g.append(3) })
				g.check(x.first)
				if uint64(len(g.losses)) != x.lost {
					t.Error(g.losses)
				}
			})
		})
	}
}

// TestFollowReplaced: what can happen to a file between two looks.
func TestFollowReplaced(t *testing.T) {
	rename := func(t *testing.T, from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Error(err)
		}
	}
	// anew makes a log of the next epoch of the file that has the name now.
	anew := func(g *growth) {
		g.epoch, g.next = g.epoch+1, 1
		g.make()
	}
	for _, x := range []struct {
		name    string
		do      func(t *testing.T, g *growth)
		cleared int
	}{
		{"rotated", func(t *testing.T, g *growth) {
			g.append(2) // nobody has seen these yet
			rename(t, g.name, g.name+".1")
			g.open()
			anew(g)
		}, 1},
		{"rotated, and the numbers go on", func(t *testing.T, g *growth) {
			rename(t, g.name, g.name+".1")
			first := g.next
			g.open()
			anew(g)
			if !hasExt(g.name, ".evtx") {
				w, err := evt.Create(g.f, &evt.WriterOptions{FirstRecord: uint32(first)})
				if err != nil {
					t.Error(err)
				}
				g.put = func(e *eventlog.Event) {
					if _, err := w.Append(e); err != nil {
						t.Error(err)
					}
				}
			}
			g.epoch, g.next = 0, first
		}, 0},
		{"rotated slowly", func(t *testing.T, g *growth) {
			rename(t, g.name, g.name+".1")
			time.Sleep(10 * time.Second)
			g.open()
			anew(g)
		}, 1},
		{"cleared", func(t *testing.T, g *growth) {
			if err := g.f.Truncate(0); err != nil {
				t.Error(err)
			}
			anew(g)
		}, 1},
		{"cleared, and filled again beyond what it had", func(t *testing.T, g *growth) {
			if err := g.f.Truncate(0); err != nil {
				t.Error(err)
			}
			anew(g)
			g.append(29)
		}, 1},
		{"gone for a moment", func(t *testing.T, g *growth) {
			rename(t, g.name, g.name+".1")
			time.Sleep(10 * time.Second)
			rename(t, g.name+".1", g.name)
		}, 0},
		{"a copy in its place", func(_ *testing.T, g *growth) {
			put := g.put
			g.put = func(e *eventlog.Event) {
				put(e)
				g.swap()
			}
		}, 0},
		{"copied over itself", func(t *testing.T, g *growth) {
			g.append(2)
			b, err := os.ReadFile(g.name)
			if err == nil {
				err = g.f.Truncate(0)
			}
			for off := 0; off < len(b) && err == nil; off += 5000 {
				time.Sleep(3 * time.Second)
				_, err = g.f.WriteAt(b[off:min(off+5000, len(b))], int64(off))
			}
			if err != nil {
				t.Error(err)
			}
		}, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			each(t, func(t *testing.T, g *growth) {
				g.append(25)
				first := g.next
				g.during(new(eventlog.Selection), func() {
					g.append(3)
					time.Sleep(time.Minute)
					x.do(t, g)
					g.append(1)
					time.Sleep(time.Minute)
					g.append(4)
				})
				g.check(first)
				if g.cleared != x.cleared || len(g.losses) != x.cleared {
					t.Error(g.losses)
				}
			})
		})
	}
}

// TestFollowBeside: two follow one and the same Log, and each has what comes, though
// the file's time says nothing: the first record of a log, too.
func TestFollowBeside(t *testing.T) {
	for _, before := range []int{0, 5} {
		t.Run(strconv.Itoa(before), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGrowth(t, "a.evtx", 1)
				if _, err := g.f.Write(fileOf(t, g.name, nil)); err != nil {
					t.Fatal(err)
				}
				g.make()
				g.append(before)
				info, err := g.f.Stat()
				if err != nil {
					t.Fatal(err)
				}
				l, err := open(t, g.name, nil).OpenLog(t.Context(), g.name)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				ctx, cancel := context.WithCancel(t.Context())
				var given [2][]uint64
				var all sync.WaitGroup
				for i := range given {
					c, err := eventlog.Follow(ctx, l, new(eventlog.Selection))
					if err != nil {
						t.Fatal(err)
					}
					all.Go(func() {
						defer c.Close()
						var e eventlog.Event
						for c.Next(ctx, &e) == nil {
							given[i] = append(given[i], e.RecordNumber)
						}
					})
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				g.append(1)
				if err := os.Chtimes(g.name, info.ModTime(), info.ModTime()); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				cancel()
				all.Wait()
				for i := range given {
					if want := []uint64{uint64(before + 1)}; !slices.Equal(given[i], want) {
						t.Errorf("%d was given %v, want %v", i, given[i], want)
					}
				}
			})
		})
	}
}

// TestFollowEnds: what makes an end of following.
func TestFollowEnds(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(g *growth) error
		want error
	}{
		{"gone", func(g *growth) error { return os.Remove(g.name) }, fs.ErrNotExist},
		{"a folder in its place", func(g *growth) error { return errors.Join(os.Remove(g.name), os.Mkdir(g.name, 0o700)) }, errNotFile},
		{"emptied", func(g *growth) error { return g.f.Truncate(0) }, eventlog.ErrCorrupt},
		{"overwritten with text", func(g *growth) error { return os.WriteFile(g.name, make([]byte, 0x3000), 0o600) }, eventlog.ErrCorrupt},
	} {
		t.Run(x.name, func(t *testing.T) {
			each(t, func(t *testing.T, g *growth) {
				g.append(25)
				ended := make(chan error, 1)
				go func() { ended <- g.follow(t.Context(), new(eventlog.Selection)) }()
				synctest.Wait()
				if err := x.do(g); err != nil {
					t.Error(err)
				}
				begin := time.Now()
				err := <-ended
				if !errors.Is(err, x.want) {
					t.Errorf("%v, want %v", err, x.want)
				}
				if d := time.Since(begin); d < 5*time.Second || d > 2*time.Minute {
					t.Errorf("after %v", d)
				}
				if len(g.given) > 0 {
					t.Error(g.given)
				}
			})
		})
	}
}

// TestFollowDamage: what is damaged at the growing end, and stays so, is said once,
// and the following goes on behind it.
func TestFollowDamage(t *testing.T) {
	for _, x := range []struct {
		name  string
		still bool // nothing is written for a while
	}{
		{"the file stands still", true},
		{"the log goes on", false},
	} {
		t.Run(x.name, func(t *testing.T) {
			each(t, func(t *testing.T, g *growth) {
				if hasExt(g.name, ".evtx") { // what its heads do not know of nobody misses
					g.evtx(&logtest.EVTXLog{EVTX: logtest.EVTX{PerChunk: 40}})
				}
				g.append(3)
				first := g.next
				g.during(new(eventlog.Selection), func() {
					g.append(2)
					time.Sleep(time.Minute)
					before, err := os.ReadFile(g.name)
					if err != nil {
						t.Error(err)
					}
					g.append(3)
					after, err := os.ReadFile(g.name)
					if err != nil {
						t.Error(err)
					}
					// The second of the three is spoilt: its signature, and all behind that.
					signature := map[bool]string{false: "LfLe", true: "**\x00\x00"}[hasExt(g.name, ".evtx")]
					at := changed(before, after)
					i := at + 8 + strings.Index(string(after[at+8:]), signature)
					if _, err := g.f.WriteAt(make([]byte, 32), int64(i)); err != nil {
						t.Error(err)
					}
					if x.still {
						time.Sleep(time.Minute)
						synctest.Wait()
						if len(g.losses) != 1 {
							t.Errorf("nothing happens for a minute: %v", g.losses)
						}
					}
					for range 100 {
						g.append(1)
						time.Sleep(time.Second)
					}
				})
				g.check(first)
				if len(g.losses) != 1 || g.losses[0].First != 7 || g.losses[0].Last != 7 {
					t.Errorf("%v", g.losses)
				}
			})
		})
	}
}

// changed is the first byte behind the headers that is another one.
func changed(a, b []byte) int {
	i := 0x1200
	if len(a) < 0x11000 {
		i = headerSize
	}
	for a[i] == b[i] {
		i++
	}
	return i
}

// TestFollowHostile: what writes does its worst. Nothing panics, nothing goes on
// for ever, and what is said of it is bounded by the time that passes.
func TestFollowHostile(t *testing.T) {
	seeds(t, 20, func(t *testing.T, seed uint64) {
		g := newGrowth(t, []string{"a.evt", "a.evtx"}[seed%2], seed)
		g.make()
		g.append(60)
		good, err := os.ReadFile(g.name)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s := open(t, g.name, &Options{MaxOpen: 1})
		events, losses := 0, 0
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			var sel eventlog.Selection
			for ctx.Err() == nil { // as scan.Follow does it
				if l, err := s.OpenLog(ctx, g.name); err == nil {
					if c, err := eventlog.Follow(ctx, l, &sel); err == nil {
						var e eventlog.Event
						for {
							err := c.Next(ctx, &e)
							if _, lost := eventlog.AsLoss(err); lost {
								losses++
							} else if err == nil {
								events++
							} else {
								break
							}
						}
						if err := c.Close(); err != nil {
							t.Error(err)
						}
					}
					if err := l.Close(); err != nil {
						t.Error(err)
					}
				}
				time.Sleep(time.Second)
			}
		}()
		const minutes = 10
		for range minutes * 60 {
			n, at := 1+g.random.IntN(64), g.random.IntN(len(good))
			if g.random.IntN(2) == 0 {
				at = g.random.IntN(0x80) // in a header
				if g.random.IntN(2) == 0 && hasExt(g.name, ".evtx") {
					at += 0x1000
				}
			}
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(g.random.Uint32())
			}
			switch g.random.IntN(8) {
			case 0:
				err = g.f.Truncate(int64(g.random.IntN(2 * len(good))))
			case 1, 2:
				_, err = g.f.WriteAt(good, 0)
			case 3:
				_, err = g.f.WriteAt(good[:at], 0)
			default:
				_, err = g.f.WriteAt(b, int64(at))
			}
			if err != nil {
				t.Error(err)
			}
			time.Sleep(time.Duration(g.random.IntN(2000)) * time.Millisecond)
		}
		cancel()
		<-ended
		if events > minutes*60*60 || losses > minutes*60 {
			t.Errorf("%d events, %d losses", events, losses)
		}
	})
}

// TestFollowSelects: what is chosen, how many, and how far it has come meanwhile.
func TestFollowSelects(t *testing.T) {
	each(t, func(t *testing.T, g *growth) {
		g.append(5)
		s := open(t, g.name, nil)
		l, err := s.OpenLog(t.Context(), g.name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if i, err := l.Info(t.Context()); err != nil || i.Can&eventlog.CanFollow == 0 {
			t.Errorf("%+v, %v", i, err)
		}
		if _, err := eventlog.Follow(t.Context(), l, &eventlog.Selection{Backward: true}); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("backwards: %v", err)
		}
		tens := eventlog.TextTerm(eventlog.FieldString, eventlog.Contains, "0 ")
		c, err := eventlog.Follow(t.Context(), l, &eventlog.Selection{Where: tens, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		var writing sync.WaitGroup
		defer writing.Wait()
		writing.Go(func() {
			time.Sleep(time.Second)
			g.append(8)
			time.Sleep(time.Minute)
			if m := eventlog.Passed(c); m.Record != 13 || m.Log != g.name || m.Time.Unix() != 1_000_000_013 {
				t.Errorf("passed %+v", m)
			}
			g.append(20)
		})
		var have []uint64
		var e eventlog.Event
		for {
			if err = c.Next(t.Context(), &e); err != nil {
				break
			}
			have = append(have, e.RecordNumber)
		}
		if err != io.EOF || !slices.Equal(have, []uint64{10, 20}) {
			t.Errorf("%v, %v", have, err)
		}
		if m := c.AppendMarks(nil); len(m) != 1 || m[0].Record != 20 {
			t.Errorf("%+v", m)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFollowClose ends a Next that waits.
func TestFollowClose(t *testing.T) {
	each(t, func(t *testing.T, g *growth) {
		g.append(1)
		l, err := open(t, g.name, nil).OpenLog(t.Context(), g.name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := eventlog.Follow(t.Context(), l, new(eventlog.Selection))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Minute)
			for range 2 {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		for range 2 {
			if err := c.Next(t.Context(), new(eventlog.Event)); !errors.Is(err, fs.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

// TestFollowAgain: scan.Follow ends at any time and goes on by its marks, with
// nothing given twice and nothing left out, though the log goes round and is
// replaced meanwhile.
func TestFollowAgain(t *testing.T) {
	seeds(t, 20, func(t *testing.T, seed uint64) {
		g := newGrowth(t, []string{"a.evt", "a.evtx"}[seed%2], seed)
		if g.make(); hasExt(g.name, ".evtx") {
			g.evtx(&logtest.EVTXLog{MaxChunks: 8, HeadEvery: 4, EVTX: logtest.EVTX{PerChunk: 20}})
		}
		g.append(1 + g.random.IntN(30))
		first := g.next
		target := targetOf(g.name)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		begun := make(chan struct{})
		go func() {
			defer close(ended)
			var marks []eventlog.Mark
			random := rand.New(rand.NewPCG(seed, 8))
			for round := 0; ctx.Err() == nil; round++ {
				ctx, cancel := context.WithTimeout(ctx, time.Duration(random.IntN(20_000))*time.Millisecond)
				if round == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
				}
				c := scan.Follow(ctx, []scan.Target{target}, &eventlog.Selection{After: marks}, nil)
				for g.note(c.Next(ctx, &g.event)) == nil {
				}
				marks = c.AppendMarks(marks[:0])
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				cancel()
				if round == 0 {
					close(begun)
				}
			}
		}()
		<-begun // the first round saw where the log ended
		for range 60 {
			g.append(g.random.IntN(4))
			time.Sleep(time.Duration(g.random.IntN(3000)) * time.Millisecond)
			if g.random.IntN(10) == 0 { // a copy takes its place
				g.swap()
			}
		}
		time.Sleep(5 * time.Minute)
		stop()
		<-ended
		g.check(first)
		if len(g.losses) > 0 {
			t.Error(g.losses)
		}
	})
}

// TestFollowManyFewOpen: files that are followed are closed and opened again where
// only one may be open at a time.
func TestFollowManyFewOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []*growth
		for i, name := range []string{"a.evt", "b.evtx", "c.evt", "d.evtx"} {
			g := newGrowth(t, name, uint64(i))
			if i > 0 { // all in one folder
				g.name = filepath.Join(filepath.Dir(all[0].name), name)
				g.open()
			}
			g.make()
			g.append(5)
			all = append(all, g)
		}
		s := open(t, filepath.Dir(all[0].name), &Options{MaxOpen: 1})
		ctx, cancel := context.WithCancel(t.Context())
		var following sync.WaitGroup
		for _, g := range all {
			l, err := s.OpenLog(ctx, filepath.Base(g.name))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			c, err := eventlog.Follow(ctx, l, new(eventlog.Selection))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			following.Go(func() {
				for g.note(c.Next(ctx, &g.event)) == nil {
				}
			})
		}
		for range 20 {
			for _, g := range all {
				g.append(g.random.IntN(3))
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		cancel()
		following.Wait()
		for _, g := range all {
			if g.check(6); len(g.losses) > 0 {
				t.Error(g.losses)
			}
		}
	})
}
