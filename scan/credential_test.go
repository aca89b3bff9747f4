package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
)

// errRefused is what a server answers to a wrong password.
var errRefused = fmt.Errorf("log on as fred: %w", fs.ErrPermission)

// users are n targets that log on with one credential, each as logon says after a
// second. tries counts, and most is how many were under way at once.
func users(n int, logon func(i int) error) (targets []Target, tries, most *atomic.Int32) {
	tries, most = new(atomic.Int32), new(atomic.Int32)
	var now atomic.Int32
	for i := range n {
		name := fmt.Sprintf("srv%03d", i)
		s := &server{names: []string{"System"}, logs: []eventlog.Log{memory(name, "System", i)}}
		targets = append(targets, Target{Name: name, Credential: "fred", Open: func(ctx context.Context) (eventlog.Server, error) {
			tries.Add(1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if err := logon(i); err != nil {
				return nil, err
			}
			return s, nil
		}})
	}
	return targets, tries, most
}

// Of 200 servers and a wrong password one sees it.
func TestRefusedOnce(t *testing.T) {
	for _, parallel := range []int{1, 200} {
		synctest.Test(t, func(t *testing.T) {
			targets, tries, _ := users(200, func(int) error { return errRefused })
			targets = append(targets, target("other", memory("other", "System", 1, 2)))
			c := Open(t.Context(), targets, nil, &Options{Parallel: parallel})
			defer c.Close()
			if ids, _, err := drain(t, c); err != ErrIncomplete || len(ids) != 2 {
				t.Errorf("%d events, %v", len(ids), err)
			}
			if n := tries.Load(); n != 1 {
				t.Errorf("%d attempts, want 1", n)
			}
			for i, o := range c.Outcomes() {
				want, text := "not tried", "srv000 refused the same credential: "+errRefused.Error()
				switch i {
				case 0:
					want, text = "refused", errRefused.Error()
				case 200:
					if o.Word() != "ok" {
						t.Errorf("%s is %s", o.Target, o.Word())
					}
					continue
				}
				if o.Word() != want || o.NotTried() != (i > 0) || !o.Bad() || o.Err.Error() != text || !errors.Is(o.Err, fs.ErrPermission) {
					t.Errorf("%s is %s: %v", o.Target, o.Word(), o.Err)
				}
			}
			for i, s := range c.Status(nil) {
				if s.Phase != Over || s.NotTried != (i > 0 && i < 200) || s.NotTried && s.Word() != "not tried" {
					t.Errorf("%+v is %s", s, s.Word())
				}
			}
		})
	}
}

// Who neither lets in nor refuses says nothing of the credential: the next goes
// alone. Who lets in says that it is good, and all others go at once.
func TestFirstAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		targets, tries, most := users(20, func(i int) error {
			switch i {
			case 0, 1:
				return down
			case 7: // has no fred
				return errRefused
			}
			return nil
		})
		hangs := targets[2].Open
		targets[2].Open = func(ctx context.Context) (eventlog.Server, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			<-ctx.Done()
			_, _ = hangs(ctx) // counted, and over
			return nil, ctx.Err()
		}
		begin := time.Now()
		c := Open(t.Context(), targets, nil, &Options{Timeout: 5 * time.Second})
		defer c.Close()
		drain(t, c)
		if d := time.Since(begin); d != (1+1+5+1+1)*time.Second {
			t.Errorf("took %v", d)
		}
		if n, m := tries.Load(), most.Load(); n != 20 || m != 16 {
			t.Errorf("%d attempts, %d at once", n, m)
		}
		words := map[string]int{}
		for _, o := range c.Outcomes() {
			words[o.Word()]++
		}
		if words["ok"] != 16 || words["refused"] != 1 || words["unreachable"] != 2 || words["timeout"] != 1 {
			t.Errorf("%v", words)
		}
	})
}

// Walks that share Credentials share what is known, and one that is closed while it
// waits holds up nobody.
func TestSharedCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared Credentials
		opts := &Options{Credentials: &shared}
		targets, tries, _ := users(4, func(i int) error {
			if i == 0 {
				return io.ErrUnexpectedEOF
			}
			return errRefused
		})
		var walks []*Cursor
		for i := range targets {
			walks = append(walks, Open(t.Context(), targets[i:i+1], nil, opts))
		}
		walks[1].Close() // before it was its turn
		for i, want := range []string{"failed", "cancelled", "refused", "not tried"} {
			drain(t, walks[i])
			walks[i].Close()
			if o := walks[i].Outcomes()[0]; o.Word() != want {
				t.Errorf("%d is %s: %v", i, o.Word(), o.Err)
			}
		}
		late := Open(t.Context(), targets[:1], nil, opts)
		drain(t, late)
		late.Close()
		if o := late.Outcomes()[0]; !o.NotTried() || tries.Load() != 2 {
			t.Errorf("%s after %d attempts", o.Word(), tries.Load())
		}
	})
}

// Following does not try a wrong password everywhere either.
func TestFollowRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		targets, tries, _ := users(50, func(int) error { return errRefused })
		var others atomic.Int32
		c := Follow(t.Context(), targets, nil, &FollowOptions{Notice: func(n Notice) {
			if n.GivenUp && errors.Is(n.Err, ErrNotTried) && strings.HasPrefix(n.Err.Error(), "srv000 refused") {
				others.Add(1)
			}
		}})
		defer c.Close()
		var e eventlog.Event
		if err := c.Next(t.Context(), &e); !errors.Is(err, ErrIncomplete) {
			t.Error(err)
		}
		if tries.Load() != 1 || others.Load() != 49 {
			t.Errorf("%d attempts, %d not tried", tries.Load(), others.Load())
		}
	})
}
