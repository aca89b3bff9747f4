package netelf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

const (
	eof     = nt.ErrorHandleEOF
	small   = nt.ErrorInsufficientBuffer
	changed = nt.ErrorEventlogFileChanged
	badArg  = nt.ErrorInvalidParameter

	seqForwards   = netelf.SequentialRead | netelf.ForwardsRead
	seqBackwards  = netelf.SequentialRead | netelf.BackwardsRead
	seekForwards  = netelf.SeekRead | netelf.ForwardsRead
	seekBackwards = netelf.SeekRead | netelf.BackwardsRead
)

// realistic is n events with numbers from first on.
func realistic(first uint64, n int) (events []*eventlog.Event) {
	for i := range n {
		e := logtest.Realistic(i)
		e.RecordNumber = first + uint64(i)
		events = append(events, e)
	}
	return events
}

// TestReadProperty: whatever the buffer, if it holds the largest record, what is
// read is the whole log, and decodes to its events.
func TestReadProperty(t *testing.T) {
	large := logtest.Events()
	large[3].Data = make([]byte, netelf.MaxReportData)
	for name, events := range map[string][]*eventlog.Event{
		"one":       logtest.Events()[:1],
		"fixture":   logtest.Events(),
		"realistic": realistic(4711, 300),
		"large":     large,
	} {
		t.Run(name, func(t *testing.T) {
			srv := newFake().with("Spool", events)
			records := encode(t, events)
			largest := 0
			for _, r := range records {
				largest = max(largest, len(r))
			}
			total := len(bytes.Join(records, nil))
			sizes := []int{largest, largest + 1, largest + evt.MinRecordSize, 2 * largest, total - 1, total, total + 1, 0x10000, evt.MaxRecordSize, 1 << 20}
			rnd := rand.New(rand.NewPCG(1, uint64(total)))
			for range 20 {
				sizes = append(sizes, largest+rnd.IntN(total))
			}
			for _, back := range []bool{false, true} {
				flags, events := seqForwards, slices.Clone(events)
				all := slices.Clone(records)
				if back {
					flags = seqBackwards
					slices.Reverse(all)
					slices.Reverse(events)
				}
				whole := bytes.Join(all, nil)
				for _, size := range sizes {
					if size < largest {
						continue
					}
					if got := readAll(t, openLog(t, srv, "Spool"), flags, size); !bytes.Equal(got, whole) {
						t.Fatalf("buffer %d, back %v: %d bytes, want %d", size, back, len(got), len(whole))
					}
				}
				i := 0
				for e, err := range netelf.Decode(whole) {
					ok(t, err)
					if d := logtest.Diff(e, events[i]); d != "" {
						t.Errorf("record %d:%s", events[i].RecordNumber, d)
					}
					i++
				}
				if i != len(events) {
					t.Errorf("%d decoded, want %d", i, len(events))
				}
			}
		})
	}
}

// TestReadSmallBuffers: with any buffer that is too small the size that is needed is
// said, and nothing is lost.
func TestReadSmallBuffers(t *testing.T) {
	events := logtest.Events()
	records := encode(t, events)
	h := openLog(t, newFake().with("Spool", events), "Spool")
	for i, r := range records {
		for size := range len(r) {
			n, needed, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, make([]byte, size))
			want(t, "ReadEventLog", err, small)
			wantIs(t, "ReadEventLog", err, eventlog.ErrBuffer)
			if n != 0 || needed != len(r) {
				t.Fatalf("record %d, buffer %d: read %d, needed %d, want 0 and %d", i, size, n, needed, len(r))
			}
		}
		buf := make([]byte, len(r))
		n, needed, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
		if err != nil || needed != 0 || !bytes.Equal(buf[:n], r) {
			t.Fatalf("record %d: read %d, needed %d, %v", i, n, needed, err)
		}
	}
	_, _, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, nil)
	want(t, "ReadEventLog", err, eof)
}

func TestReadFlags(t *testing.T) {
	srv := newFake().with("Spool", logtest.Events())
	buf := make([]byte, 1<<16)
	for _, f := range []netelf.ReadFlags{0, 16, seqForwards | 32} {
		_, _, err := netelf.ReadEventLog(t.Context(), openLog(t, srv, "Spool"), f, 0, nil) // whatever the buffer
		want(t, "ReadEventLog", err, badArg)
		for _, err := range openLog(t, srv, "Spool").Records(t.Context(), f, 0) {
			want(t, "ReadEventLog", err, badArg)
		}
	}
	for _, c := range []struct {
		flags netelf.ReadFlags
		first uint64
	}{
		{seqForwards, logtest.First},
		{seqBackwards, logtest.Last},
		{seekForwards, 9},
		{seekBackwards, 9},
		{netelf.SequentialRead, logtest.Last},                                 // no direction: backwards
		{netelf.ForwardsRead, logtest.First},                                  // no mode: sequential
		{netelf.BackwardsRead, logtest.Last},                                  //
		{netelf.SeekRead, 9},                                                  //
		{seqForwards | netelf.SeekRead, logtest.First},                        // sequential wins
		{seqForwards | netelf.BackwardsRead, logtest.First},                   // forwards wins
		{seqForwards | netelf.SeekRead | netelf.BackwardsRead, logtest.First}, //
	} {
		h := openLog(t, srv, "Spool")
		n, _, err := netelf.ReadEventLog(t.Context(), h, c.flags, 9, buf)
		ok(t, err)
		got := numbers(t, buf[:n])
		if got[0] != c.first {
			t.Errorf("flags 0x%x: begins with %d, want %d", uint32(c.flags), got[0], c.first)
		}
		back := c.flags&netelf.ForwardsRead == 0
		if len(got) > 1 && back != (got[1] < got[0]) {
			t.Errorf("flags 0x%x: %v", uint32(c.flags), got)
		}
		i := 0
		for e, err := range h.Records(t.Context(), c.flags, 9) {
			ok(t, err)
			if e.RecordNumber != got[i] {
				t.Errorf("flags 0x%x: Records gives %d, want %d", uint32(c.flags), e.RecordNumber, got[i])
			}
			i++
		}
		if i != len(got) {
			t.Errorf("flags 0x%x: Records gives %d, want %d", uint32(c.flags), i, len(got))
		}
	}
}

func TestReadSeek(t *testing.T) {
	events := logtest.Events()
	srv := newFake().with("Spool", events)
	h := openLog(t, srv, "Spool")
	buf := make([]byte, 1<<16)
	for n := uint64(0); n <= logtest.Last+3; n++ {
		for _, f := range []netelf.ReadFlags{seekForwards, seekBackwards} {
			read, _, err := netelf.ReadEventLog(t.Context(), h, f, n, buf)
			if n < logtest.First || n > logtest.Last {
				want(t, "ReadEventLog", err, badArg)
				for _, err := range h.Records(t.Context(), f, n) {
					want(t, "ReadEventLog", err, badArg)
				}
				continue
			}
			ok(t, err)
			var list []uint64
			for i := n; i >= logtest.First && i <= logtest.Last; {
				list = append(list, i)
				if f == seekForwards {
					i++
				} else {
					i--
				}
			}
			if got := numbers(t, buf[:read]); !slices.Equal(got, list) {
				t.Errorf("seek %d flags %d: %v, want %v", n, f, got, list)
			}
		}
	}
	// One that gives nothing leaves the place as it was.
	one := func(f netelf.ReadFlags, offset uint64) (uint64, error) {
		for size := evt.MinRecordSize; ; size += 4 {
			n, _, err := netelf.ReadEventLog(t.Context(), h, f, offset, buf[:size])
			if errors.Is(err, small) {
				continue
			}
			if err != nil {
				return 0, err
			}
			return numbers(t, buf[:n])[0], nil
		}
	}
	h = openLog(t, srv, "Spool")
	steps := []struct {
		flags  netelf.ReadFlags
		offset uint64
		want   uint64
	}{
		{seekForwards, 8, 8}, {seqForwards, 0, 9}, {seekForwards, 10, 10}, {seqBackwards, 0, 9},
		{seqForwards, 0, 10}, {seekBackwards, 9, 9}, {seekBackwards, 8, 8}, {seqBackwards, 0, 7}, {seqForwards, 0, 8},
	}
	for i, s := range steps {
		got, err := one(s.flags, s.offset)
		ok(t, err)
		if got != s.want {
			t.Fatalf("step %d: record %d, want %d", i, got, s.want)
		}
		_, _, err = netelf.ReadEventLog(t.Context(), h, seekForwards, 18, nil)
		want(t, "ReadEventLog", err, small)
		_, _, err = netelf.ReadEventLog(t.Context(), h, seekForwards, 99, buf)
		want(t, "ReadEventLog", err, badArg)
	}
}

func TestReadEmpty(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		h := openLog(t, w.srv, "Spool")
		buf := make([]byte, 1<<16)
		for _, f := range []netelf.ReadFlags{seqForwards, seqBackwards} {
			_, _, err := netelf.ReadEventLog(t.Context(), h, f, 0, buf)
			want(t, "ReadEventLog", err, eof)
			wantIs(t, "ReadEventLog", err, io.EOF)
			for e, err := range h.Records(t.Context(), f, 0) {
				t.Errorf("Records of nothing: %v, %v", e, err)
			}
		}
		for _, offset := range []uint64{0, 1, 2} {
			_, _, err := netelf.ReadEventLog(t.Context(), h, seekForwards, offset, buf)
			want(t, "ReadEventLog", err, badArg)
		}
		// What comes is read by the handle that was at the end.
		report(t, w.srv, 1)
		for _, f := range []netelf.ReadFlags{seqBackwards, seqForwards} {
			h := openLog(t, w.srv, "Spool")
			if got := numbers(t, readAll(t, h, f, 1<<16)); !slices.Equal(got, []uint64{1}) {
				t.Errorf("one record: %v", got)
			}
		}
		if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); !slices.Equal(got, []uint64{1}) {
			t.Errorf("after the end: %v", got)
		}
		report(t, w.srv, 2)
		if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); !slices.Equal(got, []uint64{2, 3}) {
			t.Errorf("after the end: %v", got)
		}
	})
}

// readSome reads once, with room for about n records of report.
func readSome(t testing.TB, h *netelf.EventLog, f netelf.ReadFlags, offset uint64, n int) ([]uint64, error) {
	t.Helper()
	buf := make([]byte, n*124) // a record has 100 to 124 bytes, by its user
	read, _, err := netelf.ReadEventLog(t.Context(), h, f, offset, buf)
	return numbers(t, buf[:read]), err
}

func TestReadCleared(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		report(t, w.srv, 10)
		gone := func(err error) {
			t.Helper()
			want(t, "ReadEventLog", err, changed)
			wantIs(t, "ReadEventLog", err, eventlog.ErrMarkGone)
		}
		for _, after := range []int{0, 2, 10, 20} { // as many are there again
			forwards, backwards, seeking := openLog(t, w.srv, "Spool"), openLog(t, w.srv, "Spool"), openLog(t, w.srv, "Spool")
			fresh := openLog(t, w.srv, "Spool")
			_, err := readSome(t, forwards, seqForwards, 0, 3)
			ok(t, err)
			_, err = readSome(t, backwards, seqBackwards, 0, 3)
			ok(t, err)
			_, err = readSome(t, seeking, seekForwards, 2, 3)
			ok(t, err)
			ok(t, netelf.ClearEventLog(t.Context(), forwards, ""))
			report(t, w.srv, after)
			for range 2 { // it goes on answering that
				_, err := readSome(t, forwards, seqForwards, 0, 3)
				gone(err)
				_, err = readSome(t, backwards, seqForwards, 0, 3)
				gone(err)
			}
			_, err = readSome(t, seeking, seekForwards, 1, 3)
			gone(err)
			_, err = readSome(t, seeking, seqForwards, 0, 3)
			gone(err)
			if after > 0 {
				for _, h := range []*netelf.EventLog{forwards, seeking} {
					got, err := readSome(t, h, seekForwards, 1, 1)
					ok(t, err)
					if got[0] != 1 {
						t.Errorf("seek after a clear: %v", got)
					}
				}
				if after > 1 {
					got, err := readSome(t, forwards, seqForwards, 0, 1)
					ok(t, err)
					if got[0] != 2 {
						t.Errorf("after the seek: %v", got)
					}
				}
			}
			// A handle that had read nothing has nothing to be told.
			if got := readAll(t, fresh, seqForwards, 1<<16); len(numbers(t, got)) != after {
				t.Errorf("fresh: %v", numbers(t, got))
			}
			report(t, w.srv, 10)
		}
	})
}

func TestReadOverwritten(t *testing.T) {
	everywhere(t, func(t *testing.T, w world) {
		if w.overwrite == nil {
			t.Skip("this server overwrites nothing on demand")
		}
		report(t, w.srv, 20)
		h, back := openLog(t, w.srv, "Spool"), openLog(t, w.srv, "Spool")
		got, err := readSome(t, h, seqForwards, 0, 3)
		ok(t, err)
		last := got[len(got)-1]
		_, err = readSome(t, back, seqBackwards, 0, 3)
		ok(t, err)
		w.overwrite("Spool", 10)
		_, err = readSome(t, h, seqForwards, 0, 3)
		want(t, "ReadEventLog", err, changed)
		wantIs(t, "ReadEventLog", err, eventlog.ErrOverwrite)
		if e := asError(err); e.Oldest != 11 {
			t.Errorf("oldest %d, want 11", e.Oldest)
		}
		text := fmt.Sprintf(`ReadEventLog "Spool": records %d to 10 are missing: %v; the oldest is now 11`, last+1, eventlog.ErrOverwrite)
		if err.Error() != text {
			t.Errorf("text %q, want %q", err, text)
		}
		if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); !slices.Equal(got, []uint64{11, 12, 13, 14, 15, 16, 17, 18, 19, 20}) {
			t.Errorf("goes on with %v", got)
		}
		// Backwards the end comes earlier, that is all.
		if got := numbers(t, readAll(t, back, seqBackwards, 1<<16)); got[len(got)-1] != 11 {
			t.Errorf("backwards: %v", got)
		}
		// All that was read is gone, and nothing else.
		h = openLog(t, w.srv, "Spool")
		_, err = readSome(t, h, seqForwards, 0, 1)
		ok(t, err)
		w.overwrite("Spool", 1)
		got, err = readSome(t, h, seqForwards, 0, 1)
		ok(t, err)
		if got[0] != 12 {
			t.Errorf("next is %v, want 12", got)
		}
		// Backwards that is all that was still to come: told once, and the place stays.
		w.overwrite("Spool", 1)
		_, err = readSome(t, h, seqBackwards, 0, 1)
		wantIs(t, "ReadEventLog", err, eventlog.ErrOverwrite)
		_, err = readSome(t, h, seqBackwards, 0, 1)
		want(t, "ReadEventLog", err, eof)
		got, err = readSome(t, h, seqForwards, 0, 1)
		ok(t, err)
		if got[0] != 13 {
			t.Errorf("forwards again it is %v, want 13", got)
		}
		_, err = readSome(t, h, seekForwards, 3, 1)
		want(t, "ReadEventLog", err, badArg)
	})
}

// TestReadLoss: what is missing is said once, at its place, and the read goes on.
func TestReadLoss(t *testing.T) {
	srv := newFake().with("Spool", logtest.Events())
	cause := &eventlog.FormatError{Format: "evt", Struct: "EVENTLOGRECORD", Field: "Length", Offset: 7, Err: errors.New("is odd")}
	srv.log("Spool").mem.Losses = map[uint64]*eventlog.Loss{
		5: {Offset: -1, First: 3, Last: 4, Err: eventlog.ErrOverwrite},
		8: {Offset: 7, First: 8, Last: 8, Partial: true, Err: cause},
		9: {Offset: 9},
	}
	h := openLog(t, srv, "Spool")
	buf := make([]byte, 1<<16)
	expect := func(list ...uint64) {
		t.Helper()
		n, _, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
		ok(t, err)
		if got := numbers(t, buf[:n]); !slices.Equal(got, list) {
			t.Errorf("read %v, want %v", got, list)
		}
	}
	lost := func(code nt.Win32Error, target error) {
		t.Helper()
		_, _, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
		want(t, "ReadEventLog", err, code)
		if target != nil {
			wantIs(t, "ReadEventLog", err, target)
		}
	}
	lost(changed, eventlog.ErrOverwrite)
	expect(5, 6, 7)
	lost(nt.ErrorEventlogFileCorrupt, eventlog.ErrCorrupt)
	expect(8)
	lost(nt.ErrorEventlogFileCorrupt, nil)
	expect(9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
	lost(eof, io.EOF)

	var events, losses int
	for e, err := range h.Records(t.Context(), seqForwards, 0) {
		if err != nil {
			losses++
			continue
		}
		if e == nil {
			t.Fatal("neither event nor error")
		}
		events++
	}
	if events != len(logtest.Events()) || losses != 3 {
		t.Errorf("Records: %d events, %d losses", events, losses)
	}
}

// TestReadFails: an error in the middle ends a read, which gives what it has; the
// next one begins there.
func TestReadFails(t *testing.T) {
	srv := newFake().with("Spool", logtest.Events())
	l := srv.log("Spool")
	l.mem.Fail, l.mem.FailAfter = fmt.Errorf("conn: %w", io.ErrUnexpectedEOF), 4
	h := openLog(t, srv, "Spool")
	buf := make([]byte, 1<<16)
	n, _, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
	ok(t, err)
	if got := numbers(t, buf[:n]); !slices.Equal(got, []uint64{5, 6, 7, 8}) {
		t.Errorf("before the error: %v", got)
	}
	l.mem.FailAfter = 0
	for range 2 {
		_, _, err = netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
		wantIs(t, "ReadEventLog", err, io.ErrUnexpectedEOF)
	}
	l.mem.Fail = nil
	if got := numbers(t, readAll(t, h, seqForwards, 1<<16)); got[0] != 9 || len(got) != 10 {
		t.Errorf("after the error: %v", got)
	}
}

// TestReadForeign: an event that no .evt file had is one all the same, with what
// a record can say of it.
func TestReadForeign(t *testing.T) {
	when := time.Date(2020, 1, 2, 3, 4, 5, 678, time.UTC)
	e := &eventlog.Event{
		RecordNumber: 1<<32 + 7, TimeWritten: when, Source: "a\x00b", Computer: "PC\xff",
		Strings: []string{"fine", "x\x00y", "\xff"}, Raw: []byte("<Event/>"), Extra: &eventlog.Extra{Channel: "Spool"},
	}
	tooLong := &eventlog.Event{RecordNumber: 1<<32 + 8, TimeWritten: when, Data: make([]byte, evt.MaxRecordSize)}
	after := &eventlog.Event{RecordNumber: 1<<32 + 9, TimeGenerated: when, TimeWritten: when}
	srv := newFake().with("Spool", []*eventlog.Event{e, tooLong, after})
	h := openLog(t, srv, "Spool")
	buf := make([]byte, 1<<16)
	n, _, err := netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
	ok(t, err)
	for got, err := range netelf.Decode(buf[:n]) {
		ok(t, err)
		wanted := &eventlog.Event{
			RecordNumber: 7, TimeGenerated: time.Unix(0, 0).UTC(), TimeWritten: when.Truncate(time.Second),
			Level: eventlog.LevelInformation, Source: "a\ufffdb", Computer: "PC\ufffd", Strings: []string{"fine", "x\ufffdy", "\ufffd"},
		}
		if d := logtest.Diff(got, wanted); d != "" {
			t.Errorf("record:%s", d)
		}
	}
	if e.Strings[1] != "x\x00y" || e.Source != "a\x00b" {
		t.Error("the log's event was changed")
	}
	_, _, err = netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
	want(t, "ReadEventLog", err, nt.ErrorEventlogFileCorrupt)
	wantIs(t, "ReadEventLog", err, eventlog.ErrTooLarge)
	n, _, err = netelf.ReadEventLog(t.Context(), h, seqForwards, 0, buf)
	ok(t, err)
	if got := numbers(t, buf[:n]); !slices.Equal(got, []uint64{9}) {
		t.Errorf("behind it: %v", got)
	}
}

func TestDecode(t *testing.T) {
	records := encode(t, logtest.Events()[:2])
	whole := bytes.Join(records, nil)
	var got []string
	for e, err := range netelf.Decode(whole[:len(whole)-1]) {
		if err != nil {
			got = append(got, err.Error())
			wantCorrupt(t, err)
			continue
		}
		got = append(got, fmt.Sprintf("%d at %d", e.RecordNumber, e.Offset))
	}
	wanted := []string{"5 at 0", fmt.Sprintf("record at offset 0x%x: evt: EVENTLOGRECORD.Length at offset 0x0: 0x%x, but only 0x%x bytes are left",
		len(records[0]), len(records[1]), len(records[1])-1)}
	if !slices.Equal(got, wanted) {
		t.Errorf("got %q, want %q", got, wanted)
	}
	bad := bytes.Clone(records[1])
	bad[36] = 0xff // StringOffset
	var events, errs int
	for e, err := range netelf.Decode(append(bad, records[0]...)) {
		if err != nil {
			errs++
			wantCorrupt(t, err)
		} else if e != nil {
			events++
		}
	}
	if events != 2 || errs != 1 {
		t.Errorf("%d events and %d errors, want 2 and 1", events, errs)
	}
	for range netelf.Decode(nil) {
		t.Error("something in nothing")
	}
}

func wantCorrupt(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("%v is not ErrCorrupt", err)
	}
}
