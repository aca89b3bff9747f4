package evt

import (
	"context"
	"encoding/binary"

	"netelf.example/eventlog"
)

// backward goes from record to record against the ring's direction by their
// second lengths. It is for healthy stretches only: at the first thing that is
// not as it should be it stops, and a replay of the walker takes over.
type backward struct {
	ring
	w      *window
	pos    int64 // behind the record that comes next
	left   int64 // bytes back to the zone's begin
	expect uint32
	split  []byte
}

// step makes rec the record before pos. ok is false where there is none that is
// perfectly well.
func (k *backward) step(rec *Record) (ok bool, err error) {
	if k.left < MinRecordSize {
		return false, nil
	}
	pos, left := k.pos, k.left
	if pos <= k.base {
		// The file's end: over the filling, if a head did not fit there.
		pos = k.size
		for fill := int64(4); fill < RecordHeadSize; fill += 4 {
			v, err := k.w.u32(k.size - fill)
			if err != nil {
				return false, err
			}
			if v != fillPattern {
				break
			}
			pos, left = k.size-fill, left-4
		}
		if left < MinRecordSize {
			return false, nil
		}
	}
	if pos-k.base < 4 {
		return false, nil
	}
	tail, err := k.w.at(pos-4, 4, true)
	if err != nil {
		return false, err
	}
	n := int64(binary.LittleEndian.Uint32(tail))
	if n < MinRecordSize || n > MaxRecordSize || n&3 != 0 || n > left {
		return false, nil
	}
	begin := pos - n
	var b []byte
	if begin >= k.base {
		b, err = k.w.at(begin, int(n), true)
	} else {
		begin += k.size - k.base
		if begin < pos || k.size-begin < RecordHeadSize {
			return false, nil
		}
		if int64(cap(k.split)) < n {
			k.split = make([]byte, n)
		}
		b = k.split[:n]
		err = k.read(k.w, b, begin)
	}
	if err != nil || int64(binary.LittleEndian.Uint32(b)) != n ||
		binary.LittleEndian.Uint32(b[atReserved:]) != signature ||
		binary.LittleEndian.Uint32(b[atRecordNumber:]) != k.expect {
		return false, err
	}
	rec.b, rec.off = b[:n:n], begin
	k.pos, k.left = begin, left-n
	k.expect--
	return true, nil
}

// replay gives what a walker meets in the opposite order. It walks once to the
// end and keeps places on the way; then, from the last place to the first, it
// walks from place to place again and gives that piece backwards. Memory is
// bounded by maxPlaces and the distance between them.
type replay struct {
	places []walker
	every  int
	stop   int64  // where left is this much or less, the walk ends
	given  uint32 // this number and those behind it were given already; 0: none
	block  []replayed
	view   walker // for fetching what block names
}

type replayed struct {
	what item
	off  int64
	n    int
	loss *eventlog.Loss
}

const maxPlaces = 2048

func newReplay(ctx context.Context, k walker, stop int64, given uint32) (*replay, error) {
	r := &replay{every: 256, stop: stop, given: given, view: k}
	var rec Record
	for n := 0; ; n++ {
		if n%r.every == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if len(r.places) == maxPlaces {
				for i := range maxPlaces / 2 {
					r.places[i] = r.places[2*i]
				}
				r.places = r.places[:maxPlaces/2]
				r.every *= 2
				if n%r.every != 0 {
					goto walk
				}
			}
			r.places = append(r.places, k)
		}
	walk:
		what, _, err := r.forward(&k, &rec)
		if err != nil {
			return nil, err
		}
		if what == atEnd {
			return r, nil
		}
	}
}

// forward is a step of the walker up to the record at which the replay stops,
// and with it what is missing before that.
func (r *replay) forward(k *walker, rec *Record) (item, *eventlog.Loss, error) {
	what, loss, err := k.step(rec)
	if (what == isRecord || what == isRecovery) && r.stop > 0 && k.left+int64(len(rec.b)) <= r.stop {
		what = atEnd
	}
	if what == isRecord && r.given != 0 && rec.RecordNumber() >= r.given {
		what = isRecovery // a copy of a newer record, in a damaged stretch
	}
	return what, loss, err
}

// step finds the item before the last one given.
func (r *replay) step(rec *Record) (item, *eventlog.Loss, error) {
	for len(r.block) == 0 {
		if len(r.places) == 0 {
			return atEnd, nil, nil
		}
		k := r.places[len(r.places)-1]
		r.places = r.places[:len(r.places)-1]
		for range r.every {
			what, loss, err := r.forward(&k, rec)
			if err != nil {
				return atEnd, nil, err
			}
			if what == atEnd {
				break
			}
			r.block = append(r.block, replayed{what, rec.off, len(rec.b), loss})
		}
	}
	x := r.block[len(r.block)-1]
	r.block = r.block[:len(r.block)-1]
	if x.what == isLoss {
		return x.what, x.loss, nil
	}
	v := &r.view
	rec.off = x.off
	if x.off+int64(x.n) <= v.size {
		b, err := v.w.at(x.off, x.n, true)
		if err != nil {
			return atEnd, nil, err
		}
		rec.b = b[:x.n:x.n]
		return x.what, nil, nil
	}
	if cap(v.split) < x.n {
		v.split = make([]byte, x.n)
	}
	rec.b = v.split[:x.n:x.n]
	return x.what, nil, v.read(v.w, rec.b, x.off)
}
