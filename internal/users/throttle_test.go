package users

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"testing"
	"time"
)

// clock is one that stands until it is set.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

func throttle(o ThrottleOptions) (*Throttle, *clock) {
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	o.Now = c.now
	return NewThrottle(&o), c
}

// try makes an attempt and returns what it has to wait, 0 if it was made.
func try(t *testing.T, th *Throttle, name, addr string, failed bool) time.Duration {
	t.Helper()
	var a netip.Addr
	if addr != "" {
		a = netip.MustParseAddr(addr)
	}
	done, err := th.Try(name, a)
	if err == nil {
		done(failed)
		done(failed) // counts once
		return 0
	}
	var soon *TooSoon
	if !errors.As(err, &soon) || soon.Wait <= 0 || !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("%v", err)
	}
	return soon.Wait
}

func TestThrottleName(t *testing.T) {
	th, clock := throttle(ThrottleOptions{})
	for i := range 5 {
		if wait := try(t, th, "Fred", fmt.Sprintf("10.0.0.%d", i), true); wait != 0 {
			t.Fatalf("attempt %d waits %v", i, wait)
		}
	}
	// Then each failure doubles the delay, up to a minute.
	for i, want := range []int{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		delay := time.Duration(want) * time.Second
		if wait := try(t, th, "FRED", "10.1.0.1", true); wait != delay {
			t.Fatalf("after %d: waits %v, want %v", i, wait, delay)
		}
		clock.advance(delay - 1)
		if wait := try(t, th, "fred", "", true); wait != 1 {
			t.Fatalf("after %d: waits %v, want 1 ns", i, wait)
		}
		clock.advance(1)
		if wait := try(t, th, "fred", "", true); wait != 0 {
			t.Fatalf("after %d: waits %v", i, wait)
		}
	}
	if wait := try(t, th, "wilma", "10.0.0.1", false); wait != 0 {
		t.Errorf("another name waits %v", wait)
	}
	// A success takes nothing back; time does.
	clock.advance(time.Minute)
	if wait := try(t, th, "fred", "", false); wait != 0 {
		t.Errorf("waits %v", wait)
	}
	if wait := try(t, th, "fred", "", true); wait != 0 {
		t.Errorf("waits %v", wait)
	}
	if wait := try(t, th, "fred", "", true); wait != time.Minute {
		t.Errorf("after a success it waits %v", wait)
	}
	clock.advance(time.Hour)
	for range 5 {
		if wait := try(t, th, "fred", "", true); wait != 0 {
			t.Errorf("an hour later it waits %v", wait)
		}
	}
	if err := (&TooSoon{90 * time.Second}).Error(); err != "too many failed attempts: wait 1m30s" {
		t.Error(err)
	}
}

func TestThrottleAddress(t *testing.T) {
	th, clock := throttle(ThrottleOptions{AddressFree: 3})
	// All of these are one: what a customer gets of IPv6 is a /64.
	for i, a := range []string{"2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:8000::"} {
		if wait := try(t, th, fmt.Sprintf("user%d", i), a, true); wait != 0 {
			t.Errorf("%s waits %v", a, wait)
		}
	}
	if wait := try(t, th, "wilma", "2001:db8::3", false); wait != time.Second {
		t.Errorf("waits %v", wait)
	}
	for _, a := range []string{"2001:db8:0:1::1", "10.0.0.1", ""} {
		if wait := try(t, th, "wilma", a, false); wait != 0 {
			t.Errorf("%s waits %v", a, wait)
		}
	}
	// As are an address of IPv4 and the same in IPv6.
	for i, a := range []string{"10.0.0.2", "::ffff:10.0.0.2", "10.0.0.2"} {
		try(t, th, fmt.Sprintf("other%d", i), a, true)
	}
	if wait := try(t, th, "wilma", "::ffff:10.0.0.2", false); wait != time.Second {
		t.Errorf("waits %v", wait)
	}
	// A quarter of an hour is the most.
	for i := range 40 {
		clock.advance(15 * time.Minute)
		if wait := try(t, th, fmt.Sprintf("more%d", i), "10.0.0.2", true); wait != 0 {
			t.Fatalf("%d: waits %v", i, wait)
		}
	}
	if wait := try(t, th, "wilma", "10.0.0.2", false); wait != 15*time.Minute {
		t.Errorf("waits %v", wait)
	}
}

// Attempts that are under way at once are no way around it.
func TestThrottleAtOnce(t *testing.T) {
	th, clock := throttle(ThrottleOptions{NameMost: 4 * time.Second})
	var all []func(bool)
	for {
		done, err := th.Try("fred", netip.Addr{})
		if err != nil {
			break
		}
		all = append(all, done)
	}
	if len(all) != burst {
		t.Errorf("%d at once, want %d", len(all), burst)
	}
	for _, done := range all {
		done(true)
	}
	if wait := try(t, th, "fred", "", true); wait != 4*time.Second {
		t.Errorf("waits %v", wait)
	}
	clock.advance(4 * time.Second)
	done, err := th.Try("fred", netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if wait := try(t, th, "fred", "", true); wait != time.Second {
		t.Errorf("while one is under way it waits %v", wait)
	}
	done(false)
	if wait := try(t, th, "fred", "", false); wait != 0 {
		t.Errorf("waits %v", wait)
	}
	// Many who succeed at once are no trouble.
	for range 1000 {
		if wait := try(t, th, "wilma", "10.0.0.1", false); wait != 0 {
			t.Fatalf("waits %v", wait)
		}
	}
}

// However many names come, memory is bounded, and the one that is tried again and
// again is not forgotten.
func TestThrottleSize(t *testing.T) {
	th, clock := throttle(ThrottleOptions{Size: 16})
	for range 6 {
		try(t, th, "fred", "", true)
		clock.advance(time.Second)
	}
	for i := range 1000 {
		if wait := try(t, th, fmt.Sprintf("x%d", i), fmt.Sprintf("10.0.%d.%d", i/256, i%256), true); wait != 0 {
			t.Fatalf("%d waits %v", i, wait)
		}
		if len(th.names.m) > 16 || len(th.addresses.m) > 16 {
			t.Fatalf("%d names, %d addresses", len(th.names.m), len(th.addresses.m))
		}
	}
	if wait := try(t, th, "fred", "", true); wait != time.Second {
		t.Errorf("fred waits %v", wait)
	}
	// Names that nobody can have are one.
	for i := range 100 {
		_, _ = th.Try(fmt.Sprintf("a/%d", i), netip.Addr{})
	}
	if _, ok := th.names.m[""]; !ok || len(th.names.m) > 16 {
		t.Errorf("%v, %d names", ok, len(th.names.m))
	}
	// When all is under way there is room for no more, until one is done.
	th, _ = throttle(ThrottleOptions{Size: 2})
	one, err1 := th.Try("a", netip.Addr{})
	_, err2 := th.Try("b", netip.Addr{})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if wait := try(t, th, "c", "", false); wait != time.Second {
		t.Errorf("c waits %v", wait)
	}
	one(true)
	if wait := try(t, th, "c", "", false); wait != 0 {
		t.Errorf("c waits %v", wait)
	}
	// What is old makes room first.
	th, clock = throttle(ThrottleOptions{Size: 4})
	for i := range 4 {
		try(t, th, fmt.Sprintf("x%d", i), "", true)
	}
	clock.advance(time.Hour)
	try(t, th, "new", "", true)
	if len(th.names.m) != 1 {
		t.Errorf("%d names, want 1", len(th.names.m))
	}
}
