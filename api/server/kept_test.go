package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/scan"
)

// counted is a server that counts.
type counted struct {
	opened, closed atomic.Int32
	gone           atomic.Int32 // up to which its connections have broken off
}

type connection struct {
	eventlog.Server // of nothing
	of              *counted
	number          int32
}

func (c *counted) target() scan.Target {
	return scan.Target{Name: "barney", Credential: "fred", Open: func(context.Context) (eventlog.Server, error) {
		return &connection{of: c, number: c.opened.Add(1)}, nil
	}}
}

func (c *connection) OpenLog(context.Context, string) (eventlog.Log, error) {
	if c.number <= c.of.gone.Load() {
		return nil, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	return logtest.NewMemory(eventlog.Origin{Server: "barney", Log: "System"}, nil), nil
}

func (c *connection) Close() error { c.of.closed.Add(1); return nil }

// ask asks as an event is asked for; said is what is said of the answer.
func ask(t *testing.T, k *keptServers, key keptKey, target scan.Target, said bool) (credential string) {
	t.Helper()
	err := k.walk(key, target, func(t scan.Target) (bool, error) {
		credential = t.Credential
		s, err := t.Open(context.Background())
		if err != nil {
			return false, err
		}
		l, err := s.OpenLog(context.Background(), "System")
		if err != nil {
			return false, errors.Join(err, s.Close())
		}
		return said, errors.Join(l.Close(), s.Close())
	})
	if err != nil {
		t.Error(err)
	}
	return credential
}

func TestKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k keptServers
		c := new(counted)
		key := keptKey{"barney", true}
		want := func(what string, opened, closed int32) {
			t.Helper()
			if o, cl := c.opened.Load(), c.closed.Load(); o != opened || cl != closed {
				t.Errorf("%s: %d opened and %d closed, want %d and %d", what, o, cl, opened, closed)
			}
		}
		if who := ask(t, &k, key, c.target(), true); who != "fred" {
			t.Errorf("the first logs on with %q", who)
		}
		want("one", 1, 0)
		time.Sleep(keptTime / 2)
		if who := ask(t, &k, key, c.target(), true); who != "" {
			t.Errorf("what does not log on waits for %q", who)
		}
		time.Sleep(keptTime / 2)
		synctest.Wait()
		want("two", 1, 0)
		ask(t, &k, keptKey{"barney", false}, c.target(), true)
		want("somebody else", 2, 0)
		time.Sleep(keptTime)
		synctest.Wait()
		want("left alone", 2, 2)

		ask(t, &k, key, c.target(), true)
		c.gone.Store(3)
		ask(t, &k, key, c.target(), true)
		want("the connection was let go", 4, 3)
		ask(t, &k, key, c.target(), true)
		want("and made again", 4, 3)
		ask(t, &k, key, c.target(), false)
		want("no answer", 4, 4)

		ask(t, &k, key, c.target(), true)
		k.forget()
		want("forgotten", 5, 5)
		err := k.walk(key, c.target(), func(t scan.Target) (bool, error) {
			_, err := t.Open(context.Background())
			k.forget() // while it is used
			return true, err
		})
		if err != nil {
			t.Error(err)
		}
		want("forgotten in use", 6, 6)

		err = k.walk(key, c.target(), func(target scan.Target) (bool, error) {
			ask(t, &k, key, c.target(), true)
			_, err := target.Open(context.Background())
			return true, err
		})
		if err != nil {
			t.Error(err)
		}
		want("two at the same time", 8, 7)
		for i := range mostKept + 3 {
			ask(t, &k, keptKey{fmt.Sprint(i), true}, c.target(), true)
		}
		want("many", 8+mostKept+3, 7+4)
		k.close()
		want("over", 8+mostKept+3, 8+mostKept+3)
		ask(t, &k, key, c.target(), true)
		want("behind it", 8+mostKept+4, 8+mostKept+4)
	})
}

// TestManyKept: who goes from event to event logs on once.
func TestManyKept(t *testing.T) {
	f := newFleet(t, 5)
	fred, betty := f.browser("fred", "Yabba1"), f.browser("betty", "Yabba1")
	var opened atomic.Int32 // but for what the Fleet opens
	known := f.many.targets["betty"]
	plain := known.Scan
	known.Scan = func(logs []string) scan.Target {
		t := plain(logs)
		open := t.Open
		t.Open = func(ctx context.Context) (eventlog.Server, error) { opened.Add(1); return open(ctx) }
		return t
	}
	for i := range 5 {
		fred.want(200, "", "GET", fmt.Sprintf("/v1/servers/betty/logs/System/records/%d", i+1), "")
	}
	fred.want(200, "", "GET", "/v1/servers/betty/logs/Security/records/1", "")
	if n := opened.Load(); n != 1 {
		t.Errorf("opened %d times for six events", n)
	}
	// What an administrator has open is for nobody else.
	betty.want(200, "", "GET", "/v1/servers/betty/logs/System/records/2", "")
	betty.want(403, "", "GET", "/v1/servers/betty/logs/Security/records/1", "")
	fred.want(404, "", "GET", "/v1/servers/betty/logs/Quarry/records/1", "")
}

// TestManyForeign: the trouble of another server is no internal error of this one.
func TestManyForeign(t *testing.T) {
	f := newFleet(t, 1)
	fred := f.browser("fred", "Yabba1")
	known := f.many.targets["betty"]
	for _, x := range []struct {
		err    error
		status int
		has    string
	}{
		{&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, 502, `"code":"server-failed","detail":"betty: dial tcp: connection refused"`},
		{fmt.Errorf("no answer: %w", context.DeadlineExceeded), 504, `"code":"timeout","detail":"no answer: `},
		{errors.New("it says nonsense"), 502, `"code":"server-failed","detail":"betty: it says nonsense"`},
		{fmt.Errorf("wrong password: %w", fs.ErrPermission), 403, `"code":"access-denied"`},
	} {
		known.Scan = func(logs []string) scan.Target {
			return scan.Target{Name: "betty", Logs: logs, Open: func(context.Context) (eventlog.Server, error) { return nil, x.err }}
		}
		fred.want(x.status, x.has, "GET", "/v1/servers/betty/logs/System/records/1", "")
	}
}
