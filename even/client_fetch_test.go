package even

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/nt"
)

// numbers is what a read answers: the records with these numbers.
func (s *script) numbers(resp *readResponse, list ...uint32) {
	resp.Buffer, resp.Status = nil, 0
	for _, n := range list {
		resp.Buffer = append(resp.Buffer, s.at(n)...)
	}
}

// cutAt is how many records a buffer is cut down to.
func cutAt(resp *readResponse, n int) {
	b := resp.Buffer
	for i := 0; len(b) > 0; i++ {
		if i == n {
			resp.Buffer = resp.Buffer[:len(resp.Buffer)-len(b)]
			return
		}
		b = b[binary.LittleEndian.Uint32(b):]
	}
}

func refuse(s nt.Status, resp *readResponse) { resp.Buffer, resp.Status = nil, s }

// without takes the record n out of an answer.
func without(resp *readResponse, n uint32) {
	var kept []byte
	for b := resp.Buffer; len(b) > 0; {
		size := binary.LittleEndian.Uint32(b)
		if binary.LittleEndian.Uint32(b[8:]) != n {
			kept = append(kept, b[:size]...)
		}
		b = b[size:]
	}
	resp.Buffer = kept
}

// record finds the record n in an answer, nil if it is not there.
func record(resp *readResponse, n uint32) []byte {
	for b := resp.Buffer; len(b) > 0; {
		size := binary.LittleEndian.Uint32(b)
		if binary.LittleEndian.Uint32(b[8:]) == n {
			return b[:size]
		}
		b = b[size:]
	}
	return nil
}

func seeks(m *readRequest) bool     { return m.ReadFlags&flagSeek != 0 }
func backwards(m *readRequest) bool { return m.ReadFlags&flagBackwards != 0 }

// losses64 is 64 losses of one record, without the numbers.
var losses64 = strings.TrimSpace(strings.Repeat("lost - ", 64))

// TestClientFetch: what a walk makes of servers that read as they like. Each has the
// records 101 to 400, and answers a read by itself or as change says.
func TestClientFetch(t *testing.T) {
	for _, x := range []struct {
		name   string
		sel    eventlog.Selection
		few    int
		change func(s *script, m *readRequest, resp *readResponse) error
		want   string
		err    error  // errors.Is
		text   string // of the error, a part
		most   int    // reads; 0: 60
	}{
		{name: "well", want: "101-400", most: 1},
		{name: "well, backward", sel: eventlog.Selection{Backward: true}, want: "400-101", most: 1},
		{name: "limit", sel: eventlog.Selection{Backward: true, Limit: 100}, want: "400-301", most: 2},
		{name: "answers of a few records", few: 7, want: "101-400"},
		{name: "answers of a few records, backward", few: 7, sel: eventlog.Selection{Backward: true}, want: "400-101"},
		{name: "answers whose rest is left out", change: func(_ *script, _ *readRequest, resp *readResponse) error {
			cutAt(resp, 20)
			return nil
		}, want: "101-400"},

		// Buffers.
		{name: "large buffers refused by a fault", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if m.NumberOfBytesToRead > 5000 {
				return &dcerpc.Fault{Status: 1734}
			}
			return nil
		}, want: "101-400"},
		{name: "large buffers refused by a status, backward", sel: eventlog.Selection{Backward: true}, change: func(_ *script, m *readRequest, resp *readResponse) error {
			if m.NumberOfBytesToRead > 5000 {
				refuse(nt.StatusInsufficientResources, resp)
			}
			return nil
		}, want: "400-101"},
		{name: "all buffers refused", change: func(*script, *readRequest, *readResponse) error {
			return &dcerpc.Fault{Status: dcerpc.FaultNDR}
		}, text: "the stub received bad data"},
		{name: "access denied", change: func(*script, *readRequest, *readResponse) error {
			return &dcerpc.Fault{Status: dcerpc.FaultAccessDenied}
		}, err: fs.ErrPermission, most: 1},
		{name: "a record for which no buffer is large enough", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if record(resp, 150) != nil {
				if cutTo(resp, 150); len(resp.Buffer) == 0 {
					refuse(nt.StatusBufferTooSmall, resp)
					resp.MinNumberOfBytesNeeded = maxBatchBuff + 1
				}
			}
			return nil
		}, want: "101-149 lost 150-150 151-400"},

		// Seeking.
		{name: "no seeking", sel: eventlog.Selection{Start: 250}, change: noSeeking, want: "250-400"},
		{name: "no seeking, backward", sel: eventlog.Selection{Start: 250, Backward: true}, change: noSeeking, want: "250-101"},
		{name: "no seeking, all", change: noSeeking, want: "101-400"},
		{name: "no seeking, small answers, a gap", change: func(s *script, m *readRequest, resp *readResponse) error {
			without(resp, 222)
			return noSeeking(s, m, resp)
		}, want: "101-221 lost 222-222 223-400"},
		{name: "backwards one record and the end", sel: eventlog.Selection{Backward: true}, change: func(_ *script, m *readRequest, resp *readResponse) error {
			if backwards(m) {
				if cutAt(resp, 1); !seeks(m) {
					refuse(nt.StatusEndOfFile, resp)
				}
			}
			return nil
		}, want: "400-101", most: 12},
		{name: "backwards one record at a time, and little forwards", sel: eventlog.Selection{Backward: true, Start: 300}, change: func(s *script, m *readRequest, resp *readResponse) error {
			switch {
			case backwards(m) && seeks(m):
				cutAt(resp, 1)
			case backwards(m):
				refuse(nt.StatusEndOfFile, resp)
			case seeks(m):
				cutAt(resp, 20)
			default:
				refuse(nt.StatusEndOfFile, resp)
			}
			return nil
		}, want: "300-101", most: 80},
		{name: "backwards one record at a time, one is damaged and one left out", sel: eventlog.Selection{Backward: true}, change: func(_ *script, m *readRequest, resp *readResponse) error {
			if backwards(m) {
				cutAt(resp, 1)
			}
			without(resp, 170)
			if b := record(resp, 222); b != nil {
				b[4] = 'x'
			}
			return nil
		}, want: "400-223 lost 222-222 221-171 lost 170-170 169-101", most: 80},

		// Lies.
		{name: "records left out", change: func(_ *script, m *readRequest, resp *readResponse) error {
			for n := uint32(110); n < 120; n++ {
				without(resp, n)
			}
			return nil
		}, want: "101-109 lost 110-119 120-400"},
		{name: "records left out, backward", sel: eventlog.Selection{Backward: true}, change: func(_ *script, m *readRequest, resp *readResponse) error {
			without(resp, 101)
			without(resp, 200)
			return nil
		}, want: "400-201 lost 200-200 199-102 lost 101-101"},
		{name: "the same record again and again", change: func(s *script, m *readRequest, resp *readResponse) error {
			s.numbers(resp, 105)
			return nil
		}, want: "lost 101-104 105-105", text: "does not go on from record 106"},
		{name: "records come twice", change: func(s *script, m *readRequest, resp *readResponse) error {
			if !seeks(m) {
				return nil
			}
			s.numbers(resp, 101, 101, 102, 101, 102, 103, 103, 104)
			return nil
		}, want: "101-104 lost 105-400"}, // the handle is at its end
		{name: "a number of another log", change: func(s *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 130); b != nil {
				binary.LittleEndian.PutUint32(b[8:], 70000)
			}
			return nil
		}, want: "101-129 lost 130-130 131-400"},
		{name: "a number of another record", change: func(s *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 130); b != nil {
				binary.LittleEndian.PutUint32(b[8:], 390)
			}
			return nil
		}, want: "101-129 lost 130-130 131-400"},
		{name: "a number of another record, backward", sel: eventlog.Selection{Backward: true}, change: func(s *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 130); b != nil {
				binary.LittleEndian.PutUint32(b[8:], 102)
			}
			return nil
		}, want: "400-131 lost 130-130 129-101"},
		{name: "numbers of another log", change: func(s *script, m *readRequest, resp *readResponse) error {
			for b := resp.Buffer; len(b) > 0; b = b[binary.LittleEndian.Uint32(b):] {
				binary.LittleEndian.PutUint32(b[8:], binary.LittleEndian.Uint32(b[8:])+70000)
			}
			return nil
		}, want: losses64, err: eventlog.ErrCorrupt, most: 200},
		{name: "a length that is too long", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 130); b != nil {
				binary.LittleEndian.PutUint32(b, 0x70000)
			}
			return nil
		}, want: "101-129 lost 130-130 131-400"},
		{name: "a length of 0, backward", sel: eventlog.Selection{Backward: true}, change: func(_ *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 130); b != nil {
				binary.LittleEndian.PutUint32(b, 0)
			}
			return nil
		}, want: "400-131 lost 130-130 129-101"},
		{name: "a last length that is another", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 101); b != nil {
				b[len(b)-4]++
			}
			return nil
		}, want: "lost 101-101 102-400"},
		{name: "all records damaged", change: func(s *script, m *readRequest, resp *readResponse) error {
			for i := range resp.Buffer {
				resp.Buffer[i] ^= 0x55
			}
			return nil
		}, want: losses64, err: eventlog.ErrCorrupt, most: 200},
		{name: "damaged once", change: once(func(_ *script, m *readRequest, resp *readResponse) error {
			record(resp, 130)[4] = 'x'
			return nil
		}), want: "101-400"},
		{name: "a string without an end", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 130); b != nil {
				binary.LittleEndian.PutUint32(b[36:], 0xffff)
			}
			return nil
		}, want: "101-129 partial 130 130-400"},
		{name: "garbage behind the records", change: func(s *script, m *readRequest, resp *readResponse) error {
			s.numbers(resp, s.numbersFrom(m, 50)...)
			resp.Buffer = append(resp.Buffer, "rest"...)
			return nil
		}, want: "101-400"},
		{name: "nothing, and all is well", change: func(_ *script, m *readRequest, resp *readResponse) error {
			resp.Buffer = nil
			return nil
		}, want: "lost 101-400"},
		{name: "the end, too early", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if b := record(resp, 201); b != nil || len(resp.Buffer) == 0 {
				if cutTo(resp, 201); len(resp.Buffer) == 0 {
					refuse(nt.StatusEndOfFile, resp)
				}
			}
			return nil
		}, want: "101-200 lost 201-400"},
		{name: "the end, from the beginning", change: func(_ *script, m *readRequest, resp *readResponse) error {
			refuse(nt.StatusEndOfFile, resp)
			return nil
		}, want: "lost 101-400"},
		{name: "an unknown status", change: func(_ *script, m *readRequest, resp *readResponse) error {
			refuse(0xc0001234, resp)
			return nil
		}, text: "ElfrReadELW: NTSTATUS 0xC0001234", most: 1},
		{name: "damaged, says the server", change: func(_ *script, m *readRequest, resp *readResponse) error {
			if m.RecordOffset == 101 && seeks(m) {
				refuse(nt.StatusEventlogFileCorrupt, resp)
			}
			return nil
		}, want: "lost 101-101 102-400"},

		// Handles.
		{name: "a handle that is void once", change: once(func(_ *script, m *readRequest, resp *readResponse) error {
			refuse(nt.StatusInvalidHandle, resp)
			return nil
		}), want: "101-400"},
		{name: "handles that are always void", change: func(_ *script, m *readRequest, resp *readResponse) error {
			refuse(nt.StatusInvalidHandle, resp)
			return nil
		}, err: eventlog.ErrHandle},
		{name: "handles that are always void, by a fault", change: func(*script, *readRequest, *readResponse) error {
			return &dcerpc.Fault{Status: dcerpc.FaultContextMismatch}
		}, text: "context handle mismatch"},
		{name: "changed, it says, again and again", change: func(_ *script, m *readRequest, resp *readResponse) error {
			refuse(nt.StatusEventlogFileChanged, resp)
			return nil
		}, text: "does not go on from record 101"},
		{name: "changed, it says once", change: once(func(_ *script, m *readRequest, resp *readResponse) error {
			refuse(nt.StatusEventlogFileChanged, resp)
			return nil
		}), want: "101-400"},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScript(t, events(101, 300))
			s.few = x.few
			if x.change != nil {
				s.change = func(m *readRequest, resp *readResponse) error { return x.change(s, m, resp) }
			}
			c := asking(t, serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}}), ClientOptions{})
			got, err := walkedBy(t, openLog(t, c, "System"), &x.sel)
			if x.want == losses64 {
				got = strings.Map(func(r rune) rune {
					if r >= '0' && r <= '9' {
						return -1
					}
					return r
				}, got)
			}
			if got != x.want {
				t.Errorf("have %s, want %s", got, x.want)
			}
			switch {
			case x.err != nil && !errors.Is(err, x.err), x.text != "" && (err == nil || !strings.Contains(err.Error(), x.text)):
				t.Errorf("error %v, want %v%s", err, x.err, x.text)
			case x.err == nil && x.text == "" && err != nil:
				t.Errorf("error %v", err)
			}
			most := x.most
			if most == 0 {
				most = 60
			}
			if len(s.reads) > most {
				t.Errorf("%d reads, at most %d", len(s.reads), most)
			}
		})
	}
}

// cutTo cuts an answer at the record n.
func cutTo(resp *readResponse, n uint32) {
	for b := resp.Buffer; len(b) > 0; b = b[binary.LittleEndian.Uint32(b):] {
		if binary.LittleEndian.Uint32(b[8:]) == n {
			resp.Buffer = resp.Buffer[:len(resp.Buffer)-len(b)]
			return
		}
	}
}

func noSeeking(_ *script, m *readRequest, resp *readResponse) error {
	if seeks(m) {
		refuse(nt.StatusInvalidParameter, resp)
	}
	return nil
}

// once changes the first answer alone.
func once(f func(*script, *readRequest, *readResponse) error) func(*script, *readRequest, *readResponse) error {
	done := false
	return func(s *script, m *readRequest, resp *readResponse) error {
		if done {
			return nil
		}
		done = true
		return f(s, m, resp)
	}
}

// numbersFrom is n numbers from the one on that a read begins with.
func (s *script) numbersFrom(m *readRequest, n int) (list []uint32) {
	from := m.RecordOffset
	if !seeks(m) {
		from = s.first + uint32(len(s.records)) // nothing: the place of a handle is not known here
	}
	for i := range n {
		list = append(list, from+uint32(i))
	}
	return list
}

// TestClientNumbers: record numbers go on behind 2^32, of which the wire has the
// lower half.
func TestClientNumbers(t *testing.T) {
	list := events(0xfffffff0, 50)
	for i, e := range list {
		e.RecordNumber = uint64(0xfffffff0) + uint64(i)
	}
	s := newScript(t, list)
	l := openLog(t, asking(t, serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}}), ClientOptions{}), "System")
	for sel, want := range map[*eventlog.Selection]string{
		{}:                                  "4294967280-4294967329",
		{Backward: true}:                    "4294967329-4294967280",
		{Start: 4294967290}:                 "4294967290-4294967329",
		{Start: 4294967300}:                 "4294967300-4294967329",
		{Start: 4294967300, Backward: true}: "4294967300-4294967280",
	} {
		if got, err := walkedBy(t, l, sel); got != want || err != nil {
			t.Errorf("%+v: have %s, %v, want %s", sel, got, err, want)
		}
	}
}

// TestClientChanges: a log that goes on, is overwritten or cleared while it is read.
// After so many records that were given, the log is another one.
func TestClientChanges(t *testing.T) {
	for _, x := range []struct {
		name  string
		sel   eventlog.Selection
		given int
		then  func(t *testing.T, s *script)
		want  string
		err   error
	}{
		{name: "it grows", given: 3, then: func(t *testing.T, s *script) { s.put(t, 101, 400) }, want: "104-400"},
		{name: "it grows, backward", sel: eventlog.Selection{Backward: true}, given: 3, then: func(t *testing.T, s *script) { s.put(t, 101, 400) }, want: "397-101"},
		{name: "overwritten", given: 10, then: func(t *testing.T, s *script) { s.put(t, 300, 300) }, want: "111-130 lost 131-299 300-400"},
		{name: "overwritten, all of it", given: 10, then: func(t *testing.T, s *script) { s.put(t, 3000, 300) }, want: "111-130 lost 131-400"},
		{name: "overwritten, backward", sel: eventlog.Selection{Backward: true}, given: 10, then: func(t *testing.T, s *script) { s.put(t, 300, 300) }, want: "390-300 lost 101-299"},
		{name: "cleared", given: 10, then: func(t *testing.T, s *script) { s.put(t, 1, 5) }, want: "111-130", err: eventlog.ErrMarkGone},
		{name: "cleared and empty", given: 10, then: func(t *testing.T, s *script) { s.records = nil }, want: "111-130", err: eventlog.ErrMarkGone},
		{name: "cleared, backward", sel: eventlog.Selection{Backward: true}, given: 10, then: func(t *testing.T, s *script) { s.put(t, 1, 5) }, want: "390-371", err: eventlog.ErrMarkGone},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newScript(t, events(101, 300))
			s.few = 30
			w := serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}})
			cur, err := openLog(t, asking(t, w, ClientOptions{}), "System").Read(t.Context(), &x.sel)
			if err != nil {
				t.Fatal(err)
			}
			defer cur.Close()
			var e eventlog.Event
			for range x.given {
				if err := cur.Next(t.Context(), &e); err != nil {
					t.Fatal(err)
				}
			}
			s.mu.Lock()
			x.then(t, s)
			s.mu.Unlock()
			got, err := cursorText(t.Context(), cur)
			if got != x.want || !errors.Is(err, x.err) {
				t.Errorf("have %s, %v, want %s, %v", got, err, x.want, x.err)
			}
		})
	}
}

// put makes the log one of n records from a number on.
func (s *script) put(t testing.TB, first uint64, n int) {
	o := newScript(t, events(first, n))
	s.first, s.records = o.first, o.records
}

// TestClientConnection: a connection that is lost is made again where the walk
// stands; one that is lost again before the walk went on ends it.
func TestClientConnection(t *testing.T) {
	s := newScript(t, events(101, 300))
	w := serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}})
	c := asking(t, w, ClientOptions{})
	l := openLog(t, c, "System")
	s.few = 40
	cur, err := l.Read(t.Context(), &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	var e eventlog.Event
	for want := uint64(101); want <= 400; want++ {
		if err := cur.Next(t.Context(), &e); err != nil || e.RecordNumber != want {
			t.Fatalf("record %d, %v, want %d", e.RecordNumber, err, want)
		}
		if want%30 == 0 {
			w.cut()
		}
	}
	if w.count() < 5 {
		t.Errorf("connected %d times", w.count())
	}

	// What is idle is made again, too.
	w.cut()
	if i, err := l.Info(t.Context()); err != nil || i.Oldest != 101 || i.Next != 401 {
		t.Errorf("%+v, %v", i, err)
	}

	// Another log under the same numbers is not the one that was read.
	cur, err = l.Read(t.Context(), &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	if err := cur.Next(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	for i, b := range s.records {
		binary.LittleEndian.PutUint32(b[20:], uint32(i))
	}
	s.mu.Unlock()
	w.cut()
	if got, err := cursorText(t.Context(), cur); got != "102-140" || !errors.Is(err, eventlog.ErrMarkGone) {
		t.Errorf("another log: %s, %v", got, err)
	}

	// Nobody is there any more.
	cur, err = l.Read(t.Context(), &eventlog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer cur.Close()
	gone := errors.New("nobody is there")
	w.mu.Lock()
	w.err = gone
	w.mu.Unlock()
	w.cut()
	if err := cur.Next(t.Context(), &e); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
}

// TestClientBounds: a walk ends where all that is left was written too long before or
// after what is asked for, and says where; one that begins in time begins there.
func TestClientBounds(t *testing.T) {
	const n = 5000
	list := events(1, n) // record i is written i-1 seconds after the first
	at := func(i int) time.Time { return nt.Time32(1_300_000_000 + uint32(i-1)) }
	for i, e := range list {
		if e.TimeGenerated = e.TimeWritten; i%1000 == 500 {
			e.TimeWritten = nt.Time32(0) // a clock that was wrong for one event
		}
	}
	s := newScript(t, list)
	l := openLog(t, asking(t, serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}}), ClientOptions{}), "System")
	const never = -1
	for _, x := range []struct {
		name     string
		sel      eventlog.Selection
		want     string
		at, most uint64 // where it was bounded; records examined at most
	}{
		{"since", eventlog.Selection{Since: at(4000)}, "4000-5000", 3200, 1800},
		{"since, backward", eventlog.Selection{Since: at(4000), Backward: true}, "5000-4000", 3392, 1608},
		{"since, no slack", eventlog.Selection{Since: at(4000), Slack: time.Nanosecond}, "4000-5000", 3800, 1200},
		{"since, backward, no slack", eventlog.Selection{Since: at(4000), Backward: true, Slack: time.Nanosecond}, "5000-4000", 3992, 1008},
		{"since, never early", eventlog.Selection{Since: at(4000), Slack: never}, "4000-5000", 0, n},
		{"since, backward, never early", eventlog.Selection{Since: at(4000), Slack: never, Backward: true}, "5000-4000", 0, n},
		{"since the newest", eventlog.Selection{Since: at(5000)}, "5000-5000", 4200, 800},
		{"since before all", eventlog.Selection{Since: at(-5000)}, "1-5000", 0, n},
		{"until", eventlog.Selection{Until: at(1000)}, "1-999", 1608, 1607},
		{"until, backward", eventlog.Selection{Until: at(1000), Backward: true}, "999-1", 0, n},
		{"since, from a place", eventlog.Selection{Since: at(4000), Start: 4500}, "4500-5000", 0, 501},
		{"since, from an earlier place", eventlog.Selection{Since: at(4000), After: []eventlog.Mark{{Server: "bedrock", Log: "System", Record: 2}}}, "4000-5000", 3200, 1800},
	} {
		c, err := l.Read(t.Context(), &x.sel)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cursorText(t.Context(), c)
		if got != x.want || err != nil {
			t.Errorf("%s: have %s, %v, want %s", x.name, got, err, x.want)
		}
		at, _ := eventlog.Bounded(c)
		if x.at == 0 && at != 0 || x.at != 0 && (at == 0 || at > x.at+200 || at+200 < x.at) {
			t.Errorf("%s: bounded at %d, want about %d", x.name, at, x.at)
		}
		if n := eventlog.Examined(c); n > x.most+200 {
			t.Errorf("%s: %d records examined, at most %d", x.name, n, x.most)
		}
		_ = c.Close() // never fails
	}
}

// TestClientLarge: records that are larger than the first buffer, and as large as
// there are.
func TestClientLarge(t *testing.T) {
	list := events(1, 5)
	list[1].Data = make([]byte, 100_000)
	list[3].Data = make([]byte, maxBatchBuff-400)
	s := newScript(t, list)
	l := openLog(t, asking(t, serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{s.iface()}, MaxFrag: 65535}), ClientOptions{}), "System")
	for sel, want := range map[*eventlog.Selection]string{
		{}: "1-5", {Backward: true}: "5-1", {Limit: 2}: "1-2", {Start: 2, Limit: 1}: "2-2", {Start: 4, Backward: true, Budget: 9}: "4-1",
	} {
		if got, err := walkedBy(t, l, sel); got != want || err != nil {
			t.Errorf("%+v: have %s, %v, want %s", sel, got, err, want)
		}
	}
	s.change = func(m *readRequest, resp *readResponse) error {
		if m.NumberOfBytesToRead > 50_000 {
			return &dcerpc.Fault{Status: 1734}
		}
		return nil
	}
	if got, err := walkedBy(t, l, &eventlog.Selection{}); got != "1-1 lost 2-2 3-3 lost 4-4 5-5" || err != nil {
		t.Errorf("with small buffers only: %s, %v", got, err)
	}
}
