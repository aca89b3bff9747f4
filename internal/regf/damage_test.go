package regf

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	damageSeed = flag.Uint64("damage.seed", 1, "seed of TestDamage")
	damageRuns = flag.Int("damage.runs", 2000, "damaged variants that TestDamage makes")
)

// TestDamage damages hives in thousands of ways. Every key and value must be given
// where the damage is neither in it nor in what leads to it.
func TestDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(*damageSeed, 0))
	var trees []*tree
	var files [][]byte
	for range 8 {
		s := sample()
		for i := range rnd.IntN(200) {
			k := s.keys[rnd.IntN(len(s.keys))]
			k.keys = append(k.keys, &tree{name: fmt.Sprint("key ", i), values: []Value{text("EventMessageFile", fmt.Sprintf(`%%SystemRoot%%\%d.dll`, i))}})
		}
		trees = append(trees, s)
		files = append(files, build(s, uint32(3+rnd.IntN(4))))
	}
	for run := range *damageRuns {
		n := rnd.IntN(len(files))
		b, spoiled := damage(rnd, files[n])
		h, err := Open(bytes.NewReader(b), int64(len(b)), nil)
		inBase := slices.ContainsFunc(spoiled, func(s span) bool { return s[0] < blockSize })
		if err != nil {
			if !inBase {
				t.Fatalf("seed %d, run %d: %v", *damageSeed, run, err)
			}
			continue
		}
		got := map[string]bool{}
		lines, _ := dump(h)
		for _, l := range lines {
			got[l] = true
		}
		if inBase {
			continue
		}
		whole := func(list []span) bool {
			return !slices.ContainsFunc(list, func(s span) bool {
				return s[1] > len(b) || slices.ContainsFunc(spoiled, func(x span) bool { return s[0] < x[1] && x[0] < s[1] })
			})
		}
		var check func(k *tree, path string)
		check = func(k *tree, path string) {
			if !whole(k.own) {
				return
			}
			if !got[path] {
				t.Fatalf("seed %d, run %d, damage at %x: key %q is lost", *damageSeed, run, spoiled, path)
			}
			for i, v := range k.values {
				if whole(k.ofValue[i]) && !got[path+"\t"+v.Name+"\t"+v.Type.String()+"\t"+string(v.Data)] {
					t.Fatalf("seed %d, run %d, damage at %x: value %q of %q is lost", *damageSeed, run, spoiled, v.Name, path)
				}
			}
			if whole(k.lists) {
				for _, below := range k.keys {
					check(below, path+`\`+below.name)
				}
			}
		}
		check(trees[n], trees[n].name)
	}
}

// damage is a damaged copy of b, and which bytes of it are not as they were.
func damage(rnd *rand.Rand, b []byte) (c []byte, spoiled []span) {
	c = bytes.Clone(b)
	spoil := func(n int, change func(b []byte)) {
		at := rnd.IntN(len(c) - n)
		change(c[at : at+n])
		spoiled = append(spoiled, span{at, at + n})
	}
	for range 1 + rnd.IntN(4) {
		n := 1 + rnd.IntN(1<<rnd.IntN(12))
		switch rnd.IntN(6) {
		case 0:
			if rnd.IntN(3) == 0 {
				c = c[:rnd.IntN(len(c)-2*pageSize)+2*pageSize]
			}
		case 1:
			spoil(1, func(b []byte) { b[0] ^= 1 << rnd.IntN(8) })
		case 2:
			spoil(n, func(b []byte) { clear(b) })
		case 3:
			spoil(n, func(b []byte) {
				for i := range b {
					b[i] = byte(rnd.Uint32())
				}
			})
		case 4:
			from := rnd.IntN(len(c) - n)
			spoil(n, func(b []byte) { copy(b, slices.Clone(c[from:from+n])) })
		case 5:
			spoil(4, func(b []byte) { le.PutUint32(b, rnd.Uint32()>>rnd.IntN(32)) })
		}
	}
	return c, spoiled
}
