package netelf_test

import (
	"errors"
	"testing"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/evt"
)

func asError(err error) *netelf.Error {
	var e *netelf.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// wantIs fails the test if err is not an Error of fn for which errors.Is holds.
func wantIs(t testing.TB, fn string, err, target error) {
	t.Helper()
	e := asError(err)
	if e == nil {
		t.Errorf("%s: %v (%T), want an *Error that is %v", fn, err, err, target)
		return
	}
	if e.Func != fn {
		t.Errorf("Func %q, want %q", e.Func, fn)
	}
	if !errors.Is(err, target) {
		t.Errorf("%s: %v, want %v", fn, err, target)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openLog(t testing.TB, srv eventlog.Server, name string) *netelf.EventLog {
	t.Helper()
	h, err := netelf.OpenEventLog(t.Context(), srv, name)
	ok(t, err)
	t.Cleanup(func() { _ = h.Close() }) // tests may have closed it
	return h
}

func register(t testing.TB, srv eventlog.Server, name string) *netelf.EventSource {
	t.Helper()
	h, err := netelf.RegisterEventSource(t.Context(), srv, name)
	ok(t, err)
	t.Cleanup(func() { _ = h.Close() }) // tests may have closed it
	return h
}

// report writes n events of the source Disk, which is of Spool.
func report(t testing.TB, srv eventlog.Server, n int) {
	t.Helper()
	src := register(t, srv, "Disk")
	for i := range n {
		_, err := netelf.ReportEvent(t.Context(), src, eventlog.Error, 0, eventlog.EventID(i), "", []string{"x"}, nil)
		ok(t, err)
	}
}

// encode is the events as ReadEventLog is to give them.
func encode(t testing.TB, events []*eventlog.Event) (records [][]byte) {
	t.Helper()
	for _, e := range events {
		b, err := evt.AppendRecord(nil, e)
		ok(t, err)
		records = append(records, b)
	}
	return records
}

// numbers are those of the records in a buffer.
func numbers(t testing.TB, b []byte) (list []uint64) {
	t.Helper()
	for e, err := range netelf.Decode(b) {
		ok(t, err)
		list = append(list, e.RecordNumber)
	}
	return list
}

// readAll reads sequentially up to the end.
func readAll(t testing.TB, h netelf.Handle, flags netelf.ReadFlags, size int) (all []byte) {
	t.Helper()
	buf := make([]byte, size)
	for range 100000 {
		n, needed, err := netelf.ReadEventLog(t.Context(), h, flags, 0, buf)
		if err != nil {
			want(t, "ReadEventLog", err, eof)
			if n != 0 || needed != 0 {
				t.Errorf("at the end: read %d, needed %d", n, needed)
			}
			return all
		}
		if n == 0 || n > size || needed != 0 {
			t.Fatalf("read %d, needed %d with a buffer of %d", n, needed, size)
		}
		all = append(all, buf[:n]...)
	}
	t.Fatal("no end")
	return nil
}
