package results

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netelf.example/eventlog"
)

// What a dictionary says of a stream with far more values than it keeps holds for it.
func TestDictionaryBounds(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		var d dictionary
		truth := map[string]uint64{}
		var long uint64
		for i := range 200_000 {
			var s string
			switch rnd.IntN(4) {
			case 0:
				s = fmt.Sprint("often ", rnd.IntN(20))
			case 1:
				s = fmt.Sprint("Often ", rnd.IntN(20))
			case 2:
				s = fmt.Sprint("seldom ", rnd.IntN(40_000))
			case 3:
				s = fmt.Sprint("once ", i)
				if rnd.IntN(1000) == 0 {
					s += strings.Repeat("x", maxValue)
					long++
				}
			}
			d.add(s)
			truth[eventlog.Fold(s)]++
		}
		if len(d.exact) > maxValues || d.bytes > maxText+maxValue || !d.lost || d.long != long || d.total != 200_000 {
			t.Fatalf("seed %d: %d values, %d bytes, lost %v, %d long ones of %d", seed, len(d.exact), d.bytes, d.lost, d.long, long)
		}
		for f, v := range d.folded {
			if n := truth[f]; v.count > n || n > v.count+v.more || v.more > d.floor {
				t.Errorf("seed %d: %q: %d and up to %d more, and it was there %d times", seed, f, v.count, v.more, n)
			}
		}
		for f, n := range truth {
			if d.folded[f] == nil && n > d.floor && len(f) <= maxValue {
				t.Errorf("seed %d: %q was there %d times and is missing; the floor is %d", seed, f, n, d.floor)
			}
		}
		var x Facet
		x.show(x.take(&d), 20, 0)
		for _, v := range x.Top {
			if !strings.HasPrefix(eventlog.Fold(v.Text), "often") || v.More != 0 {
				t.Errorf("seed %d: among the top: %+v", seed, v)
			}
		}
		if x.Exact || x.Rest == 0 {
			t.Errorf("seed %d: %+v", seed, x)
		}
	}
}

func TestDictionaryExact(t *testing.T) {
	var d dictionary
	for i := range 9_000 {
		for range i%3 + 1 {
			d.add(fmt.Sprint("value ", i))
		}
		d.add("VALUE 0")
	}
	var x Facet
	x.show(x.take(&d), 2, 1)
	want := Facet{
		Top: []Value{{Text: "value 0", Count: 9001}, {Text: "value 1001", Count: 3}}, Rare: []Value{{Text: "value 999", Count: 1}},
		Values: 9000, Exact: true,
	}
	x.Top[1].Text, want.Top[1].Text = "", "" // one of many
	if fmt.Sprint(x) != fmt.Sprint(want) {
		t.Errorf("%+v\nwant %+v", x, want)
	}
}

// Slots have everything in them, and in the right place, whatever comes.
func TestSlots(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		var s slots
		var times []uint64
		spread := uint64(1) << (10 + rnd.IntN(50))
		for range 500 {
			k := key{generated: undatedUpTo + 1 + rnd.Uint64N(spread), level: uint8(rnd.IntN(9))}
			if rnd.IntN(50) == 0 {
				k.generated = []uint64{math.MaxInt64, undatedUpTo + 1}[rnd.IntN(2)]
			}
			s.add(&k)
			times = append(times, k.generated)
		}
		slices.Sort(times)
		since, until, ok := s.span()
		if !ok || since != times[0] || until != times[499]+1 {
			t.Fatalf("seed %d: span %d to %d, want %d to %d", seed, since, until, times[0], times[499])
		}
		for range 10 {
			n := 1 + rnd.IntN(300)
			list, outside := s.buckets(since, until, n)
			var sum uint64
			for i := range list {
				sum += list[i].Sum()
			}
			if sum != 500 || outside != 0 {
				t.Fatalf("seed %d: %d in buckets, %d outside", seed, sum, outside)
			}
			// No event is further from its bucket than a slot is long.
			at := 0
			for i := range list {
				for range list[i].Sum() {
					low := since + uint64(float64(until-since)/float64(n)*float64(i))
					high := since + uint64(float64(until-since)/float64(n)*float64(i+1))
					slack := uint64(1)<<s.shift + uint64(float64(until-since)*1e-12) + 1
					if times[at]+slack < low || times[at] > high+slack {
						t.Fatalf("seed %d: %d in bucket %d of %d, %d to %d; slots of %d", seed, times[at], i, n, low, high, uint64(1)<<s.shift)
					}
					at++
				}
			}
		}
	}
}

func TestFirstRows(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	var f firstRows
	for i := range uint64(20_000) {
		f.add(rowID{runID{}, i}, 1000+rnd.Uint64N(50), &eventlog.Event{RecordNumber: i})
	}
	for i := range uint64(200) {
		f.add(rowID{runID{1, 0}, i}, i, &eventlog.Event{RecordNumber: i})
	}
	if n := len(f.rows); n > 4*maxFirst {
		t.Errorf("%d events are kept", n)
	}
	for i := range uint64(200) {
		if f.rows[rowID{runID{1, 0}, i}].event == nil {
			t.Errorf("the newest event but %d is not kept", i)
		}
	}
	f.add(rowID{runID{2, 0}, 0}, 0, &eventlog.Event{Data: make([]byte, maxFirstSize+1)})
	if f.rows[rowID{runID{2, 0}, 0}].event != nil {
		t.Error("a huge event is kept")
	}
}

func FuzzKey(f *testing.F) {
	f.Add(make([]byte, keySize))
	f.Add(bytes.Repeat([]byte{0xff}, keySize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < keySize {
			return
		}
		k := decodeKey(b, 0)
		if got := k.append(nil); !bytes.Equal(got, b[:keySize]) {
			t.Errorf("%x encodes as %x", b[:keySize], got)
		}
		_ = k.time()
	})
}

func FuzzAnchor(f *testing.F) {
	for _, s := range []string{"0.0.0", "1.22.333", "4294967295.4294967295.18446744073709551615", "", "..", "1.2", "+1.0.0", "01.0.0", "1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, index, err := Anchor(s).parse()
		if err == nil && string(anchorOf(id, index)) != s {
			t.Errorf("%q parses as %v, %d", s, id, index)
		}
	})
}

// FuzzOrder gives runs any keys at all, sorted or not, as if their file had been
// damaged: rows may be wrong then, but there is an end and no panic. Where the keys are
// sorted, every row has its rank.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint16(700), uint16(2))
	f.Add([]byte{9, 9, 9, 9, 0, 255}, uint16(1500), uint16(900))
	f.Fuzz(func(t *testing.T, places []byte, many, rank uint16) {
		if len(places) == 0 {
			return
		}
		many %= 2000
		var disk atomic.Int64
		s := &spill{dir: t.TempDir(), most: 1 << 20, shared: &disk, all: 1 << 20}
		defer s.close()
		o := &order{spill: s, blocks: map[uint32][]byte{}}
		sorted := true
		for i := range 3 {
			v := view{}
			for j := range int(many) / (i + 1) {
				k := key{place: uint64(places[(i+j)%len(places)]) << (j % 3), record: uint64(j)}
				if sorted = sorted && k.place >= v.last; len(v.tail) == blockSize {
					at, err := s.write(v.tail)
					if err != nil {
						t.Fatal(err)
					}
					v.fences, v.tail = append(v.fences, fence{placeAt(v.tail, 0), at}), nil
				}
				v.tail, v.last = k.append(v.tail), k.place
			}
			o.views, o.runs = append(o.views, v), append(o.runs, &run{id: runID{uint32(i), 0}})
			o.total += v.len()
		}
		rows, err := o.page(uint64(rank), 50)
		if err != nil {
			t.Fatal(err)
		}
		if !sorted {
			return
		}
		if want := min(50, max(o.total, uint64(rank))-uint64(rank)); uint64(len(rows)) != want {
			t.Fatalf("%d rows from %d of %d", len(rows), rank, o.total)
		}
		for _, row := range rows {
			position, index, err := o.find(row.Anchor)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := o.rank(position, index); got != row.Rank || err != nil {
				t.Fatalf("row %d has the rank %d, %v", row.Rank, got, err)
			}
		}
	})
}

func TestKeyTimes(t *testing.T) {
	e := event("System", 3, 100)
	k := keyOf(e, 0)
	if !k.is(e) || !k.time().Equal(e.TimeGenerated) || k.flags != 0 {
		t.Errorf("%+v", k)
	}
	// Behind an event that was written before, and stands before it in the walk.
	stepped := keyOf(e, ^ticks(day))
	if stepped.flags != flagStepped || stepped.place != ^ticks(day) || !stepped.is(e) {
		t.Errorf("%+v", stepped)
	}
	for name, change := range map[string]func(*eventlog.Event){
		"record":    func(e *eventlog.Event) { e.RecordNumber++ },
		"id":        func(e *eventlog.Event) { e.ID++ },
		"type":      func(e *eventlog.Event) { e.Type = eventlog.AuditSuccess },
		"generated": func(e *eventlog.Event) { e.TimeGenerated = e.TimeGenerated.Add(time.Second) },
		"written":   func(e *eventlog.Event) { e.TimeWritten = e.TimeWritten.Add(time.Second) },
	} {
		other := e.Clone()
		if change(other); k.is(other) {
			t.Errorf("another %s is the same event", name)
		}
	}
	if k := keyOf(&eventlog.Event{}, 0); !k.time().IsZero() {
		t.Errorf("no time is %v", k.time())
	}
}
