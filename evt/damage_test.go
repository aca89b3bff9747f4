package evt

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"netelf.example/eventlog"
)

var (
	damageSeed = flag.Uint64("damage.seed", 1, "seed of TestDamage")
	damageRuns = flag.Int("damage.runs", 10000, "damaged variants that TestDamage makes")
)

// TestDamage damages files in thousands of ways. Every record that lies outside
// of the damage must be given, live or recovered, in both directions.
func TestDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*damageSeed, 0))
	var files []*ringFile
	for i := range 24 {
		size := 12<<10 + rnd.IntN(6)*1111*4
		begin := HeaderSize + rnd.IntN((size-HeaderSize-RecordHeadSize)/4)*4
		if i%3 == 0 {
			begin = HeaderSize
		}
		files = append(files, newRingFile(t, size, begin, series(1+rnd.IntN(5000), 20+rnd.IntN(150)), i%2 == 0))
	}
	for run := range *damageRuns {
		f := files[rnd.IntN(len(files))]
		b, hit, what := damage(rnd, f.b)
		if !damageCase(t, f, b, hit) {
			t.Fatalf("seed %d, run %d: %s", *damageSeed, run, what)
		}
	}
}

// damage is a damaged copy of b, and which bytes of it are not as they were.
func damage(rnd *rand.Rand, b []byte) (c []byte, hit func(from, to int) bool, what string) {
	c = slices.Clone(b)
	var spoiled [][2]int
	hit = func(from, to int) bool {
		if to > len(c) {
			return true
		}
		for _, s := range spoiled {
			if from < s[1] && s[0] < to {
				return true
			}
		}
		return false
	}
	spoil := func(what string, n int, change func(b []byte)) string {
		at := rnd.IntN(len(c) - n)
		if rnd.IntN(8) == 0 {
			at = rnd.IntN(HeaderSize)
		}
		change(c[at : at+n])
		spoiled = append(spoiled, [2]int{at, at + n})
		return fmt.Sprintf("%s 0x%x..0x%x; ", what, at, at+n)
	}
	for range 1 + rnd.IntN(3) {
		n := 1 + rnd.IntN(1<<rnd.IntN(12))
		switch rnd.IntN(6) {
		case 0:
			if cut := rnd.IntN(len(c)-4200) + 4200; rnd.IntN(2) == 0 {
				c = c[:cut]
				what += fmt.Sprintf("cut at 0x%x; ", cut)
			}
		case 1:
			what += spoil("flip", 1, func(b []byte) { b[0] ^= 1 << rnd.IntN(8) })
		case 2:
			what += spoil("zero", n, func(b []byte) { clear(b) })
		case 3:
			what += spoil("random", n, func(b []byte) {
				for i := range b {
					b[i] = byte(rnd.Uint32())
				}
			})
		case 4:
			from := rnd.IntN(len(c) - n)
			what += spoil(fmt.Sprintf("copy of 0x%x at", from), n, func(b []byte) { copy(b, slices.Clone(c[from:from+n])) })
		case 5:
			what += spoil("number", 4, func(b []byte) { binary.LittleEndian.PutUint32(b, rnd.Uint32()>>rnd.IntN(32)) })
		}
	}
	return c, hit, what
}

func damageCase(t *testing.T, f *ringFile, b []byte, hit func(from, to int) bool) bool {
	whole := slices.DeleteFunc(slices.Concat(f.spans, f.old), func(s span) bool {
		return slices.ContainsFunc(s.parts, func(p [2]int) bool { return hit(p[0], p[1]) })
	})
	r, err := NewReader(bytesFile(b), int64(len(b)), nil)
	if err != nil {
		// With neither a header nor one record left it is no .evt file.
		if len(whole) > 0 || !errors.Is(err, eventlog.ErrCorrupt) {
			t.Error(err)
		}
		return !t.Failed()
	}
	forward := walk(t, r, eventlog.Selection{Recovered: true})
	back := walk(t, r, eventlog.Selection{Recovered: true, Backward: true})
	for _, w := range []walked{forward, back} {
		if w.err != nil {
			t.Error(w.err)
		}
		for _, s := range whole {
			if !w.offsets[int64(s.parts[0][0])] {
				t.Errorf("record %d at 0x%x is lost", s.number, s.parts[0][0])
			}
		}
	}
	slices.Reverse(back.live)
	slices.Sort(forward.recovered) // copies of records change sides
	slices.Sort(back.recovered)
	if !slices.Equal(forward.live, back.live) || !slices.Equal(forward.recovered, back.recovered) {
		t.Errorf("forward:  %v\n%v\nbackward: %v\n%v", forward.live, forward.recovered, back.live, back.recovered)
	}
	if missing(forward) != missing(back) {
		t.Errorf("forward %v, backward %v", forward.losses, back.losses)
	}
	if !slices.IsSorted(forward.live) {
		t.Errorf("live records out of order: %v", forward.live)
	}
	if t.Failed() {
		t.Logf("%+v\nlive %x\nslack %x", r.layout, f.spans, f.old)
	}
	return !t.Failed()
}

func missing(w walked) (n uint64) {
	for _, l := range w.losses {
		c, _ := l.Count()
		n += c
	}
	return n
}
