package journal_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"netelf.example/internal/journal"
	"netelf.example/internal/journal/journaltest"
)

// FuzzReplay opens whatever stands in a journal. What opens for reading has the
// state that it has when it is opened for writing, and again.
func FuzzReplay(f *testing.F) {
	d := journaltest.NewDisk(1)
	j, err := openDisk(d, small)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		_, _ = j.WriteAt(make([]byte, 500), int64(i)*5000)
		_ = j.Truncate(int64(i) * 4000)
		_ = j.Commit(true)
	}
	f.Add([]byte("data"), d.Contents("log"))
	f.Add([]byte{}, d.Crash(rand.New(rand.NewPCG(1, 1))).Contents("log"))
	f.Add([]byte{}, make([]byte, 8192))
	f.Fuzz(func(t *testing.T, data, log []byte) {
		d := journaltest.NewDisk(1)
		d.SetContents("data", data)
		d.SetContents("log", log)
		ro, roErr := journal.OpenReadOnly(d.Open("data"), d.Open("log"))
		if roErr == nil {
			if size, _ := ro.Size(); size > 1<<20 {
				return // holds, and takes long in memory
			}
		}
		j, err := openDisk(d, small)
		var ce *journal.CorruptError
		if errors.As(err, &ce) != errors.As(roErr, &ce) {
			t.Fatalf("for reading: %v, for writing: %v", roErr, err)
		}
		if err != nil {
			return
		}
		again, err := readAll(j.Reader())
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if differs := string(again) != string(d.Contents("data")); differs {
			t.Fatal("data file differs after Close")
		}
	})
}
