package even

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/logtest"
	"netelf.example/internal/reading"
	"netelf.example/nt"
)

const (
	seqForwards   = flagSequential | flagForwards
	seqBackwards  = flagSequential | flagBackwards
	seekForwards  = flagSeek | flagForwards
	seekBackwards = flagSeek | flagBackwards
)

// recordSize is what each record of events has.
func recordSize(t *testing.T) uint32 {
	t.Helper()
	b, err := evt.AppendRecord(nil, events(1, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	return uint32(len(b))
}

// TestReadFlags: all combinations, by [MS-EVEN] 3.1.4.7.
func TestReadFlags(t *testing.T) {
	srv := newFake()
	srv.put("System", events(11, 4)...)
	c := dialed(t, srv, HandlerOptions{})
	one := recordSize(t)
	for flags := range uint32(17) {
		h := c.open("System")
		want, first := nt.StatusSuccess, uint32(14) // sequential, backwards
		switch {
		case flags == 0, flags > 15:
			want = nt.StatusInvalidParameter
		case flags&3 == flagSeek:
			first = 12
		case flags&flagForwards != 0:
			first = 11
		}
		got, _ := c.read(h, flags, 12, one, want)
		if want == nt.StatusSuccess && !slices.Equal(got, []uint32{first}) {
			t.Errorf("flags %d: %d, want %d", flags, got, first)
		}
		if flags == 0 {
			c.read(h, flags, 12, 0, want) // the flags are looked at before the buffer
		}
		c.close(h, nt.StatusSuccess)
	}
}

// TestReadPlace: a table of reads through one handle, one behind the other.
func TestReadPlace(t *testing.T) {
	one := recordSize(t)
	type step struct {
		flags, offset, size uint32
		want                nt.Status
		got                 []uint32
	}
	for name, steps := range map[string][]step{
		"forwards": {
			{seqForwards, 0, 2 * one, 0, []uint32{11, 12}},
			{seqForwards, 0, 2*one - 1, 0, []uint32{13}},
			{seqForwards, 0, 1000 * one, 0, []uint32{14, 15}},
			{seqForwards, 0, one, nt.StatusEndOfFile, nil},
			{seqForwards, 0, 0, nt.StatusEndOfFile, nil},
			{seqForwards, 0, one, nt.StatusEndOfFile, nil},
		},
		"backwards": {
			{seqBackwards, 0, 2 * one, 0, []uint32{15, 14}},
			{seqBackwards, 0, 2 * one, 0, []uint32{13, 12}},
			{seqBackwards, 0, 2 * one, 0, []uint32{11}},
			{seqBackwards, 0, one, nt.StatusEndOfFile, nil},
		},
		// Turning round goes on beside the record that was given last.
		"turning": {
			{seqForwards, 0, 3 * one, 0, []uint32{11, 12, 13}},
			{seqBackwards, 0, one, 0, []uint32{12}},
			{seqForwards, 0, one, 0, []uint32{13}},
			{seqForwards, 0, 9 * one, 0, []uint32{14, 15}},
			{seqForwards, 0, one, nt.StatusEndOfFile, nil},
			{seqBackwards, 0, one, 0, []uint32{14}},
		},
		"seeking": {
			{seekForwards, 13, 2 * one, 0, []uint32{13, 14}},
			{seqForwards, 0, one, 0, []uint32{15}},
			{seekBackwards, 13, one, 0, []uint32{13}},
			{seqBackwards, 0, one, 0, []uint32{12}},
			{seekForwards, 10, one, nt.StatusInvalidParameter, nil},
			{seekForwards, 16, one, nt.StatusInvalidParameter, nil},
			{seekForwards, 0, one, nt.StatusInvalidParameter, nil},
			{seekForwards, 0xffffffff, one, nt.StatusInvalidParameter, nil},
			{seqBackwards, 0, one, 0, []uint32{11}}, // what failed has moved nothing
			{seekForwards, 12, one, 0, []uint32{12}},
			{seekForwards, 13, one, 0, []uint32{13}},
		},
		"too small": {
			{seqForwards, 0, 0, nt.StatusBufferTooSmall, nil},
			{seqForwards, 0, one - 1, nt.StatusBufferTooSmall, nil},
			{seqForwards, 0, one, 0, []uint32{11}},
			{seekForwards, 14, one - 1, nt.StatusBufferTooSmall, nil},
			{seqBackwards, 0, one, nt.StatusEndOfFile, nil},
			{seqForwards, 0, one, 0, []uint32{12}},
			{seqForwards, 0, one - 1, nt.StatusBufferTooSmall, nil},
			{seqBackwards, 0, one, 0, []uint32{11}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newFake()
			srv.put("System", events(11, 5)...)
			c := dialed(t, srv, HandlerOptions{})
			h := c.open("System")
			for i, s := range steps {
				got, needed := c.read(h, s.flags, s.offset, s.size, s.want)
				if !slices.Equal(got, s.got) {
					t.Errorf("step %d: %d, want %d", i+1, got, s.got)
				}
				if s.want == nt.StatusBufferTooSmall && needed != one {
					t.Errorf("step %d: %d bytes needed, want %d", i+1, needed, one)
				}
			}
		})
	}
}

// TestReadAll: whatever the buffer, if it holds the largest record, what is read is
// the whole log, in both directions.
func TestReadAll(t *testing.T) {
	list := logtest.Events()
	var records [][]byte
	largest := 0
	for _, e := range list {
		b, err := reading.AppendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		records, largest = append(records, b), max(largest, len(b))
	}
	srv := newFake()
	srv.put("System", list...)
	c := dialed(t, srv, HandlerOptions{})
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		h := c.open("System")
		for _, flags := range []uint32{seqForwards, seqBackwards} {
			// The other direction begins where this one has ended, beside the last.
			want := slices.Clone(records)
			if flags == seqBackwards {
				slices.Reverse(want)
				want = want[1:]
			}
			var got []byte
			for {
				var r readResponse
				size := uint32(largest + rnd.IntN(2000))
				c.call(opReadELW, &readRequest{h, flags, 0, size}, &r)
				if r.Status == nt.StatusEndOfFile {
					break
				}
				if c.want("read", r.Status, nt.StatusSuccess); t.Failed() {
					return
				}
				got = append(got, r.Buffer...)
			}
			if d := cmp.Diff(bytes.Join(want, nil), got); d != "" {
				t.Fatalf("flags %d (-want +got):\n%s", flags, d)
			}
		}
		c.close(h, nt.StatusSuccess)
	}
}

// TestReadChanges: logs that grow, wrap and are cleared between reads.
func TestReadChanges(t *testing.T) {
	one := recordSize(t)
	srv := newFake()
	l := srv.put("System", events(1, 5)...)
	put := func(list []*eventlog.Event) {
		l.Memory = logtest.NewMemory(l.Origin, list)
		l.next = list[len(list)-1].RecordNumber + 1
	}
	c := dialed(t, srv, HandlerOptions{})
	read := func(h [20]byte, flags, offset uint32, want nt.Status, numbers ...uint32) {
		t.Helper()
		if got, _ := c.read(h, flags, offset, 2*one, want); !slices.Equal(got, numbers) {
			t.Errorf("read %d, want %d", got, numbers)
		}
	}
	h := c.open("System")
	read(h, seqForwards, 0, nt.StatusSuccess, 1, 2)
	read(h, seqForwards, 0, nt.StatusSuccess, 3, 4)
	put(events(1, 6)) // one more
	read(h, seqForwards, 0, nt.StatusSuccess, 5, 6)
	read(h, seqForwards, 0, nt.StatusEndOfFile)
	put(events(1, 7))
	read(h, seqForwards, 0, nt.StatusSuccess, 7)

	put(events(1, 20)[9:]) // 1 to 9 are overwritten
	read(h, seqForwards, 0, nt.StatusEventlogFileChanged)
	read(h, seqForwards, 0, nt.StatusSuccess, 10, 11) // it was said
	read(h, seekForwards, 9, nt.StatusInvalidParameter)

	c.clear(h, nil, nt.StatusSuccess)
	read(h, seqForwards, 0, nt.StatusEventlogFileChanged)
	put(events(1, 3))
	read(h, seqForwards, 0, nt.StatusEventlogFileChanged) // the place is void
	read(h, seekForwards, 2, nt.StatusSuccess, 2, 3)      // now there is one
	read(h, seqBackwards, 0, nt.StatusSuccess, 2, 1)
	read(c.open("System"), seqForwards, 0, nt.StatusSuccess, 1, 2)
}

// TestReadDamage: what is lost is said once, behind what lies before it, and
// reading goes on behind it.
func TestReadDamage(t *testing.T) {
	one := recordSize(t)
	srv := newFake()
	list := events(1, 6)
	l := srv.put("System", append(list[:2:2], list[4:]...)...)
	l.Losses = map[uint64]*eventlog.Loss{5: {Offset: 0x1234, First: 3, Last: 4, Err: errors.New("nonsense")}}
	l.Events[3].Computer = strings.Repeat("x", evt.MaxNameLength+1) // cannot be said in a record
	c := dialed(t, srv, HandlerOptions{})
	h := c.open("System")
	for i, want := range []struct {
		status  nt.Status
		numbers []uint32
	}{
		{nt.StatusSuccess, []uint32{1, 2}}, {nt.StatusEventlogFileCorrupt, nil}, {nt.StatusSuccess, []uint32{5}},
		{nt.StatusEventlogFileCorrupt, nil}, {nt.StatusEndOfFile, nil},
	} {
		if got, _ := c.read(h, seqForwards, 0, 10*one, want.status); !slices.Equal(got, want.numbers) {
			t.Errorf("read %d: %d, want %d", i+1, got, want.numbers)
		}
	}
}

// rawLog keeps records as they are stored, each with the event that it is of.
func rawLog(t *testing.T, srv *fakeServer, spoil func(i int, record []byte)) []*eventlog.Event {
	t.Helper()
	list := events(1, 8)
	for i, e := range list {
		b, err := evt.AppendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		b[30] = 0x80 // ReservedFlags, which only the stored record has
		if spoil != nil {
			spoil(i, b)
		}
		e.Raw = b
	}
	srv.put("System", list...)
	return list
}

// TestReadStored: records go out as they are stored, unless a client could not take
// them apart; then they are made of what could be decoded.
func TestReadStored(t *testing.T) {
	for name, spoil := range map[string]func(b []byte){
		"":               nil,
		"SID outside":    func(b []byte) { b[atUserSidOffset+2] = 0xff },
		"SID revision":   func(b []byte) { b[56+2*5+2*8] = 9 },
		"data outside":   func(b []byte) { b[atDataOffset+2] = 0xff },
		"string outside": func(b []byte) { b[atStringOffset+2] = 0xff },
		"string in head": func(b []byte) { b[atStringOffset], b[atStringOffset+1] = 4, 0 },
		"more strings":   func(b []byte) { b[26] = 200 },
		"no end of name": func(b []byte) {
			for i := 56; i < len(b)-4; i++ {
				b[i] |= 1
			}
		},
		"other number":    func(b []byte) { b[8] ^= 0x55 },
		"other signature": func(b []byte) { b[4] ^= 0x55 },
		"other length":    func(b []byte) { b[len(b)-4] ^= 4 },
	} {
		t.Run(name, func(t *testing.T) {
			srv := newFake()
			list := rawLog(t, srv, func(i int, b []byte) {
				if i == 3 && spoil != nil {
					spoil(b)
				}
			})
			c := dialed(t, srv, HandlerOptions{})
			for _, flags := range []uint32{seekForwards, seekBackwards} {
				// The first record of a walk is the one that is not as it should be.
				number := uint32(4)
				for h, size := c.open("System"), recordSize(t); number >= 3 && number <= 5; {
					if got, _ := c.read(h, flags, number, size, nt.StatusSuccess); !slices.Equal(got, []uint32{number}) {
						t.Errorf("flags %d, seek to %d: %d", flags, number, got)
					}
					if flags == seekForwards {
						number++
					} else {
						number--
					}
				}
			}
			for _, flags := range []uint32{seqForwards, seqBackwards} {
				h := c.open("System")
				for i := range list {
					if flags == seqBackwards {
						i = len(list) - 1 - i
					}
					var r readResponse
					c.call(opReadELW, &readRequest{h, flags, 0, uint32(len(list[i].Raw))}, &r)
					c.want("read", r.Status, nt.StatusSuccess)
					want := list[i].Raw
					if i == 3 && spoil != nil {
						made := *list[i]
						var err error
						if want, err = evt.AppendRecord(nil, &made); err != nil {
							t.Fatal(err)
						}
					}
					if !bytes.Equal(r.Buffer, want) {
						t.Errorf("flags %d, record %d:\n%x\nwant\n%x", flags, i+1, r.Buffer, want)
					}
				}
			}
		})
	}
}

// ansiEvent is an EVENTLOGRECORD with ANSI strings taken apart.
func ansiEvent(t *testing.T, b []byte) (e eventlog.Event, rest []byte) {
	t.Helper()
	u32 := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	n := u32(0)
	if n > len(b) || n%4 != 0 || u32(n-4) != n || string(b[4:8]) != "LfLe" {
		t.Fatalf("no record: %x", b)
	}
	text := func(at int) (string, int) {
		end := at + bytes.IndexByte(b[at:n], 0)
		return fromANSI(string(b[at:end])), end + 1
	}
	e.RecordNumber, e.TimeGenerated, e.TimeWritten = uint64(u32(8)), nt.Time32(uint32(u32(12))), nt.Time32(uint32(u32(16)))
	e.ID, e.Type, e.Category = eventlog.EventID(u32(20)), eventlog.Type(b[24]), uint16(b[28])
	at := 56
	e.Source, at = text(at)
	e.Computer, at = text(at)
	if at != u32(44) {
		t.Errorf("the SID lies at %d, and the names end at %d", u32(44), at)
	}
	if u32(40) > 0 {
		sid, _, err := nt.DecodeSID(b[u32(44) : u32(44)+u32(40)])
		if err != nil {
			t.Fatal(err)
		}
		e.User = sid
	}
	at = u32(36)
	for range u32(26) & 0xffff {
		var s string
		s, at = text(at)
		e.Strings = append(e.Strings, s)
	}
	e.Data = append(e.Data, b[u32(52):u32(52)+u32(48)]...)
	return e, b[n:]
}

func TestReadANSI(t *testing.T) {
	list := events(1, 5)
	list[1].Source, list[1].Strings = "Größe", []string{"", "€uro", "日本", "😀"}
	list[2].User, list[2].Strings, list[2].Data = "", nil, nil
	list[3].Computer = ""
	srv := newFake()
	srv.put("System", list...)
	c := dialed(t, srv, HandlerOptions{})
	h := c.open("System")
	var r readResponse
	c.call(opReadELA, &readRequest{h, seqForwards, 0, 0}, &r)
	c.want("read into nothing", r.Status, nt.StatusBufferTooSmall)
	needed := r.MinNumberOfBytesNeeded
	c.call(opReadELA, &readRequest{h, seqForwards, 0, needed}, &r)
	c.want("read what is needed", r.Status, nt.StatusSuccess)
	if uint32(len(r.Buffer)) != needed || needed >= recordSize(t) {
		t.Errorf("%d bytes of %d, and with UTF-16 %d", len(r.Buffer), needed, recordSize(t))
	}
	all := bytes.Clone(r.Buffer)
	c.call(opReadELA, &readRequest{h, seqForwards, 0, 4096}, &r)
	c.want("read the rest", r.Status, nt.StatusSuccess)
	all = append(all, r.Buffer...)
	for _, want := range list {
		var got eventlog.Event
		got, all = ansiEvent(t, all)
		w := *want
		w.Level, w.Offset = 0, 0
		if w.RecordNumber == 2 {
			w.Strings = []string{"", "€uro", "??", "?"}
		}
		if d := cmp.Diff(w, got); d != "" {
			t.Errorf("record %d (-want +got):\n%s", want.RecordNumber, d)
		}
	}
	if len(all) != 0 {
		t.Errorf("%d bytes are left", len(all))
	}
	// A and W go on from one place.
	got, _ := c.read(h, seqBackwards, 0, recordSize(t), nt.StatusSuccess)
	if !slices.Equal(got, []uint32{4}) {
		t.Errorf("back with the W form: %d", got)
	}
}

// TestANSIOverlap: parts that lie on each other need more room where they do not.
func TestANSIOverlap(t *testing.T) {
	e := events(1, 1)[0]
	e.Data = make([]byte, 400_000)
	b, err := evt.AppendRecord(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	// The SID is a SID, and goes on for as long as the data.
	b[40], b[41], b[42] = byte(len(e.Data)), byte(len(e.Data)>>8), byte(len(e.Data)>>16)
	e.Raw = b
	srv := newFake()
	srv.put("System", e)
	c := dialed(t, srv, HandlerOptions{})
	var r readResponse
	c.call(opReadELA, &readRequest{c.open("System"), seqForwards, 0, maxBatchBuff}, &r)
	c.want("a record that no buffer holds", r.Status, nt.StatusEventlogFileCorrupt)
}

// TestReadKeepsWalk: reads that follow each other are one walk, since a walk that is
// begun anew would look for its place each time.
func TestReadKeepsWalk(t *testing.T) {
	srv := newFake()
	srv.put("System", events(1, 100)...)
	c := dialed(t, srv, HandlerOptions{})
	one := recordSize(t)
	for _, flags := range []uint32{seqForwards, seqBackwards, seekForwards, seekBackwards} {
		h := c.open("System")
		c.read(h, flags, 50, one, nt.StatusSuccess)
		a := c.h.(*association)
		walk := a.handles.open[h].reading.Walk()
		for i := range uint32(20) {
			offset := 51 + i
			if flags&flagBackwards != 0 {
				offset = 49 - i
			}
			c.read(h, flags, offset, one, nt.StatusSuccess)
		}
		if a.handles.open[h].reading.Walk() != walk {
			t.Errorf("flags %d: another walk was begun", flags)
		}
	}
}

// TestManyWalks: few walks stay open, and handles whose walk was closed go on where
// they were.
func TestManyWalks(t *testing.T) {
	srv := newFake()
	rawLog(t, srv, nil)
	c := dialed(t, srv, HandlerOptions{})
	one := recordSize(t)
	var handles [][20]byte
	for range 2*maxWalks + 1 {
		handles = append(handles, c.open("System"))
	}
	a := c.h.(*association)
	for i := range uint32(8) {
		for _, h := range handles {
			if got, _ := c.read(h, seqForwards, 0, one, nt.StatusSuccess); !slices.Equal(got, []uint32{i + 1}) {
				t.Errorf("read %d: %d", i+1, got)
			}
			open := 0
			for _, h := range a.handles.open {
				if h.reading != nil && h.reading.Walk() != nil {
					open++
				}
			}
			if open > maxWalks {
				t.Fatalf("%d walks are open", open)
			}
		}
	}
	for _, h := range handles {
		c.close(h, nt.StatusSuccess)
	}
	if len(a.walks) != 0 {
		t.Errorf("%d walks of handles that are closed", len(a.walks))
	}
}
