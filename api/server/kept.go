package server

import (
	"context"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

const (
	keptTime = time.Minute // a server that nobody has asked for so long is closed
	mostKept = 64
)

// keptServers are servers that stay open for the next question. Whoever goes from event
// to event would else log on for each of them, which takes time and which Windows writes
// into its Security log.
type keptServers struct {
	mu   sync.Mutex
	list map[keptKey]*keptServer // which nobody uses
	age  int                     // how often all were forgotten
	over bool
}

// keptKey is which server, and for whom.
type keptKey struct {
	name  string
	whole bool // with its Security
}

type keptServer struct {
	server eventlog.Server
	end    *time.Timer
}

// take is the server that was kept, which is the caller's alone then; nil: there is none.
// What is opened from now on, or taken, is of that age.
func (k *keptServers) take(key keptKey) (s eventlog.Server, age int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if kept := k.list[key]; kept != nil {
		kept.end.Stop()
		delete(k.list, key)
		s = kept.server
	}
	return s, k.age
}

// give keeps a server of that age; false: it is the caller's to close.
func (k *keptServers) give(key keptKey, s eventlog.Server, age int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over || age != k.age || k.list[key] != nil || len(k.list) >= mostKept {
		return false
	}
	if k.list == nil {
		k.list = make(map[keptKey]*keptServer)
	}
	kept := &keptServer{server: s}
	kept.end = time.AfterFunc(keptTime, func() { k.expire(key, kept) })
	k.list[key] = kept
	return true
}

func (k *keptServers) expire(key keptKey, kept *keptServer) {
	k.mu.Lock()
	still := k.list[key] == kept
	if still {
		delete(k.list, key)
	}
	k.mu.Unlock()
	if still {
		_ = kept.server.Close() // it was only read from
	}
}

// forget closes all, also those that are in use as soon as they are not.
func (k *keptServers) forget() {
	k.mu.Lock()
	list := k.list
	k.list = nil
	k.age++
	k.mu.Unlock()
	for _, kept := range list {
		kept.end.Stop()
		_ = kept.server.Close() // it was only read from
	}
}

// close is forget for good.
func (k *keptServers) close() {
	k.mu.Lock()
	k.over = true
	k.mu.Unlock()
	k.forget()
}

// walk does f with a target that opens the server that was kept, if there is one, and
// keeps it, or the one that f has opened last, if f says that it has answered. One that
// was let go in the meantime is opened anew, and f done again.
func (k *keptServers) walk(key keptKey, t scan.Target, f func(scan.Target) (answered bool, err error)) error {
	kept, age := k.take(key)
	if kept != nil {
		again := t
		again.Open = func(context.Context) (eventlog.Server, error) { return lent{kept}, nil }
		again.Credential = "" // nobody logs on: whether it is a good one, this does not show
		answered, err := f(again)
		k.end(key, kept, age, answered)
		if answered || eventlog.StateOf(err) != eventlog.Unreachable {
			return err
		}
	}
	var opened []eventlog.Server
	open := t.Open
	t.Open = func(ctx context.Context) (eventlog.Server, error) {
		s, err := open(ctx)
		if err != nil {
			return nil, err
		}
		opened = append(opened, s)
		return lent{s}, nil
	}
	answered, err := f(t)
	for i, s := range opened {
		k.end(key, s, age, answered && i == len(opened)-1)
	}
	return err
}

// end is the end of a server's use.
func (k *keptServers) end(key keptKey, s eventlog.Server, age int, answered bool) {
	if !answered || !k.give(key, s, age) {
		_ = s.Close() // it was only read from
	}
}

// lent is a server that somebody else closes.
type lent struct{ eventlog.Server }

func (lent) Close() error { return nil }
