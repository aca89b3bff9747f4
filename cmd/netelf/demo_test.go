package main

import (
	"errors"
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// With a port the servers have that one and the next; a name has its server, and what
// comes later comes to all of them.
func TestDemoPorts(t *testing.T) {
	for try := range 20 {
		_, text, err := net.SplitHostPort(closedPort(t))
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		d := &demo{dir: t.TempDir()}
		err = d.open(t.Context(), time.Now(), min(port, 1<<16-len(demoServers)))
		if errors.Is(err, syscall.EADDRINUSE) && try < 19 { // others look for ports too
			if err := d.close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.close(); err != nil {
				t.Error(err)
			}
		}()
		for i, s := range d.servers {
			if s.name != demoServers[i] || s.door.addr.Port != d.servers[0].door.addr.Port+i || !s.door.addr.IP.IsLoopback() {
				t.Errorf("%s has %v", s.name, s.door.addr)
			}
		}
		before := d.events(t)
		for i := range 4 * len(demoRoutine) {
			if err := d.happen(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		for i, n := range d.events(t) {
			if n-before[i] != uint64(len(demoRoutine)) {
				t.Errorf("%s has %d more events", demoServers[i], n-before[i])
			}
		}
		return
	}
}

// events is how many there are on each server, without those of Security, which are
// the service's.
func (d *demo) events(t *testing.T) (list []uint64) {
	for _, s := range d.servers {
		n := uint64(0)
		for _, log := range []string{"System", "Application"} {
			i, err := s.log(t, log).Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n += i.Count()
		}
		list = append(list, n)
	}
	return list
}

// The events of the past are in the order of time, of the last day, and such as a log
// can have.
func TestDemoPast(t *testing.T) {
	for _, server := range demoServers {
		list := demoPast(server)
		last := ago(24, 0, 0)
		logs := map[string]int{}
		for i, e := range list {
			if e.ago > last || e.ago <= 0 {
				t.Errorf("%s: event %d is of %v ago, behind one of %v", server, i, e.ago, last)
			}
			last = e.ago.Truncate(time.Second) + time.Second
			logs[e.log]++
		}
		for _, log := range demoLogs {
			if logs[log] < 3 {
				t.Errorf("%s/%s has %d events", server, log, logs[log])
			}
		}
		if len(logs) != len(demoLogs) {
			t.Errorf("%s has the logs %v", server, logs)
		}
	}
	if err := demoData(filepath.Join(t.TempDir(), "there", "is", "none"), "fred", time.Now()); err == nil {
		t.Error("a folder without one to be in was made")
	}
}
