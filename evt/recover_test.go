package evt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
)

// savedRecord is a record whose text tells it from others of the same number.
func savedRecord(t testing.TB, number uint32, text string) []byte {
	t.Helper()
	at := time.Unix(1e9+int64(number&0xffffff), 0)
	b, err := AppendRecord(nil, &eventlog.Event{
		RecordNumber: uint64(number), TimeGenerated: at, TimeWritten: at, Source: "S", Computer: "C", Strings: []string{text},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// damagedFile is a file with a header, what the log reaches, its EOF record, and what
// it no longer reaches, as the ring has it: the slack lies between the newest and
// the oldest.
func damagedFile(t testing.TB, live, slack []byte, oldest, next uint32) []byte {
	t.Helper()
	begin, end := HeaderSize+0, HeaderSize+len(live)
	h := FileHeader{
		StartOffset: uint32(begin), EndOffset: uint32(end), CurrentRecordNumber: next, OldestRecordNumber: oldest,
		MaxSize: 1 << 20, Retention: 7 * 86400,
	}
	b, _ := h.AppendBinary(nil)
	b = append(b, live...)
	b, _ = (&EOFRecord{uint32(begin), uint32(end), next, oldest}).AppendBinary(b)
	return append(b, slack...)
}

// savedOf is what a log reaches, as "number text", and what is wrong with it.
func savedOf(t testing.TB, file []byte) (list []string) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := r.Header(); err != nil || h.Flags&FlagDirty != 0 {
		t.Errorf("header %+v, %v", h, err)
	}
	for e, err := range eventlog.All(context.Background(), r, &eventlog.Selection{Recovered: true}) {
		switch {
		case err != nil:
			list = append(list, strings.TrimPrefix(err.Error(), ": ")) // the log has no name
		case e.Recovered:
			list = append(list, fmt.Sprintf("recovered %d %s", e.RecordNumber, e.Strings[0]))
		default:
			list = append(list, fmt.Sprintf("%d %s", e.RecordNumber, e.Strings[0]))
		}
	}
	return list
}

func TestRecover(t *testing.T) {
	rec := func(number uint32, text string) []byte { return savedRecord(t, number, text) }
	row := func(text string, numbers ...uint32) (b []byte) {
		for _, n := range numbers {
			b = append(b, rec(n, text)...)
		}
		return b
	}
	headless := func(parts ...[]byte) []byte { return append(make([]byte, HeaderSize), slices.Concat(parts...)...) }
	for _, tt := range []struct {
		name  string
		file  []byte
		want  []string
		moves []string
		done  Recovery
	}{{
		name: "empty",
		file: damagedFile(t, nil, nil, 0, 1),
		done: Recovery{Next: 1},
	}, {
		name: "well",
		file: damagedFile(t, row("a", 5, 6, 7), nil, 5, 8),
		want: []string{"5 a", "6 a", "7 a"},
		done: Recovery{Live: 3, Oldest: 5, Next: 8},
	}, {
		name: "older ones in the slack",
		file: damagedFile(t, row("a", 5, 6), row("b", 3, 4), 5, 7),
		want: []string{"3 b", "4 b", "5 a", "6 a"},
		done: Recovery{Live: 2, Recovered: 2, Oldest: 3, Next: 7},
	}, {
		name: "copies are written once",
		file: damagedFile(t, row("a", 5, 6), row("a", 3, 4, 5, 6), 5, 7),
		want: []string{"3 a", "4 a", "5 a", "6 a"},
		done: Recovery{Live: 2, Recovered: 2, Copies: 2, Oldest: 3, Next: 7},
	}, {
		name:  "another record with the number of one of the log",
		file:  damagedFile(t, row("a", 5, 6), row("b", 4, 5, 6), 5, 7),
		want:  []string{"4 b", "5 a", "6 a", "7 b", "8 b"},
		moves: []string{"5 to 7", "6 to 8"},
		done:  Recovery{Live: 2, Recovered: 3, Renumbered: 2, Oldest: 4, Next: 9},
	}, {
		name:  "a number that the log has not reached",
		file:  damagedFile(t, row("a", 5, 6), row("b", 3, 4, 4000000000), 5, 7),
		want:  []string{"3 b", "4 b", "5 a", "6 a", "7 b"},
		moves: []string{"4000000000 to 7"},
		done:  Recovery{Live: 2, Recovered: 3, Renumbered: 1, Oldest: 3, Next: 8},
	}, {
		name:  "a number to itself",
		file:  damagedFile(t, row("a", 50, 51), row("b", 3, 20, 21), 50, 52),
		want:  []string{"20 b", "21 b", "records 22 to 49 are missing: evt: EVENTLOGRECORD.RecordNumber at offset 0xd0: 50 where 22 comes next", "50 a", "51 a", "52 b"},
		moves: []string{"3 to 52"},
		done:  Recovery{Live: 2, Recovered: 3, Renumbered: 1, Oldest: 20, Next: 53},
	}, {
		name: "a piece without a header, turned round",
		file: headless(row("a", 5, 6, 7), row("b", 2, 3, 4)),
		want: []string{"2 b", "3 b", "4 b", "5 a", "6 a", "7 a"},
		done: Recovery{Recovered: 6, Oldest: 2, Next: 8},
	}, {
		name:  "the longer row wins",
		file:  headless(row("a", 2, 3), row("b", 1, 2, 3, 4)),
		want:  []string{"1 b", "2 b", "3 b", "4 b", "5 a", "6 a"},
		moves: []string{"2 to 5", "3 to 6"},
		done:  Recovery{Recovered: 6, Renumbered: 2, Oldest: 1, Next: 7},
	}, {
		name: "one record, at a place where none of the log could be",
		file: headless([]byte("xyz"), rec(9, "a")),
		want: []string{"9 a"},
		done: Recovery{Recovered: 1, Oldest: 9, Next: 10},
	}, {
		name:  "number 0",
		file:  headless(row("a", 0)),
		want:  []string{"1 a"},
		moves: []string{"0 to 1"},
		done:  Recovery{Recovered: 1, Renumbered: 1, Oldest: 1, Next: 2},
	}} {
		t.Run(tt.name, func(t *testing.T) {
			before := bytes.Clone(tt.file)
			r, err := NewReader(bytes.NewReader(tt.file), int64(len(tt.file)), nil)
			if err != nil {
				t.Fatal(err)
			}
			var moves []string
			out := new(diskFile)
			done, err := Recover(context.Background(), r, out, &RecoverOptions{
				Renumbered: func(old, new uint32, _ int64) { moves = append(moves, fmt.Sprintf("%d to %d", old, new)) },
			})
			if err != nil {
				t.Fatal(err)
			}
			tt.done.Size = int64(len(out.b))
			done.Damage = eventlog.Outcome{}
			if done != tt.done {
				t.Errorf("got %+v, want %+v", done, tt.done)
			}
			if diff := cmp.Diff(tt.want, savedOf(t, out.b)); diff != "" {
				t.Error("-want +got:\n" + diff)
			}
			if diff := cmp.Diff(tt.moves, moves); diff != "" {
				t.Error("moves: -want +got:\n" + diff)
			}
			if h, err := r.Header(); err == nil {
				var saved FileHeader
				if err := saved.UnmarshalBinary(out.b); err != nil || saved.Retention != h.Retention || saved.MaxSize < h.MaxSize {
					t.Errorf("header %+v, %v", saved, err)
				}
			}
			if !bytes.Equal(before, tt.file) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestRecoverAnything: of files of rows in any order with any damage, every record
// that a walk gives is in the new log, as one of the log.
func TestRecoverAnything(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var file []byte
		rows := 1 + rng.IntN(8)
		if rng.IntN(20) == 0 {
			rows = 3 * maxRuns
		}
		for i := range rows {
			n := uint32(1 + rng.IntN(400))
			for range 1 + rng.IntN(6) {
				file = append(file, savedRecord(t, n, fmt.Sprint("row ", i))...)
				n += 1 + uint32(rng.IntN(8)/7)
			}
			if rng.IntN(4) == 0 {
				file = append(file, make([]byte, rng.IntN(100))...)
			}
		}
		half := len(file) / 2
		for range rng.IntN(4) {
			file[rng.IntN(len(file))] ^= byte(1 << rng.IntN(8))
		}
		switch rng.IntN(3) {
		case 0:
			file = append(make([]byte, HeaderSize), file...)
		case 1:
			file = damagedFile(t, file[:half], file[half:], uint32(rng.IntN(400)), uint32(rng.IntN(400)))
		case 2:
			file = damagedFile(t, file[:half], file[half:], 1, 1+uint32(rng.IntN(400)))
		}
		checkRecover(t, file)
	}
}

// FuzzRecover holds Recover to the same with any bytes.
func FuzzRecover(f *testing.F) {
	row := func(text string, numbers ...uint32) (b []byte) {
		for _, n := range numbers {
			b = append(b, savedRecord(f, n, text)...)
		}
		return b
	}
	f.Add(damagedFile(f, row("a", 5, 6), row("b", 3, 4, 5), 5, 7))
	f.Add(damagedFile(f, row("a", 5, 9), row("b", 3, 4, 5), 5, 10))
	f.Add(append(make([]byte, HeaderSize+3), row("a", 5, 6, 1, 2, 0, 0xffffffff)...))
	f.Fuzz(func(t *testing.T, file []byte) { checkRecover(t, file) })
}

func checkRecover(t *testing.T, file []byte) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		return
	}
	want := bodies(t, r, true)
	out := new(diskFile)
	done, err := Recover(context.Background(), r, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := NewReader(bytes.NewReader(out.b), int64(len(out.b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := bodies(t, saved, false)
	n := uint64(0)
	for body, count := range want {
		n += uint64(count)
		if got[body] == 0 {
			t.Fatal("a record is not in the new log")
		}
	}
	for body := range got {
		if want[body] == 0 {
			t.Fatal("a record in the new log was not in the old one")
		}
	}
	if n != done.Live+done.Recovered+done.Copies {
		t.Fatalf("%d records, but %+v", n, done)
	}
}

// bodies are the records of a log without their numbers, and how often each is there.
func bodies(t *testing.T, r *Reader, recovered bool) map[string]int {
	t.Helper()
	all := make(map[string]int)
	sel := &eventlog.Selection{Want: eventlog.FieldRaw.Bit(), Recovered: recovered}
	for e, err := range eventlog.All(context.Background(), r, sel) {
		var loss *eventlog.Loss
		if errors.As(err, &loss) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint32(e.Raw[atRecordNumber:], 0)
		all[string(e.Raw)]++
	}
	return all
}

func TestRecoverErrors(t *testing.T) {
	file := damagedFile(t, savedRecord(t, 5, "a"), nil, 5, 6)
	r, err := NewReader(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Recover(context.Background(), r, &diskFile{fail: func(int) bool { return true }}, nil)
	if !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	many := bytes.Repeat(savedRecord(t, 1, "a"), 2000)
	if r, err = NewReader(bytes.NewReader(append(make([]byte, HeaderSize), many...)), int64(HeaderSize+len(many)), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Recover(ctx, r, new(diskFile), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}

	var told []string
	file[HeaderSize+atReserved] = 0
	if r, err = NewReader(bytes.NewReader(file), int64(len(file)), nil); err != nil {
		t.Fatal(err)
	}
	done, err := Recover(context.Background(), r, new(diskFile), &RecoverOptions{Loss: func(l *eventlog.Loss) { told = append(told, l.Error()) }})
	if err != nil || done.Damage.Lost != 1 || len(told) != 1 {
		t.Errorf("got %+v, %v, %q", done, err, told)
	}
}
