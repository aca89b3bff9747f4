package filelog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netelf.example/eventlog"
)

func TestOpen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	var opened *os.File
	keep := func(f *os.File, size int64) (int64, error) { opened = f; return size, nil }
	if size, err := Open(name, keep); size != 4 || err != nil {
		t.Errorf("%d bytes, %v", size, err)
	}
	if err := opened.Close(); err != nil {
		t.Errorf("the file of a reader: %v", err)
	}
	none := errors.New("no log")
	if _, err := Open(name, func(f *os.File, _ int64) (int64, error) { opened = f; return 0, none }); err != none {
		t.Error(err)
	}
	if err := opened.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the file of no reader stays open: %v", err)
	}
	if _, err := Open(name+"s", keep); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestReadFull(t *testing.T) {
	r := strings.NewReader("1234")
	if err := ReadFull(r, make([]byte, 3), 1); err != nil {
		t.Errorf("up to the end: %v", err)
	}
	err := ReadFull(r, make([]byte, 3), 2)
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "file ends at 0x4 while it is read: unexpected EOF" {
		t.Errorf("over the end: %v", err)
	}
}

func TestClip(t *testing.T) {
	type loss struct {
		first, last uint64
		partial     bool
	}
	for _, c := range []struct {
		name  string
		loss  loss
		first uint64
		back  bool
		want  loss
		ok    bool
	}{
		{"behind the beginning", loss{5, 9, false}, 3, false, loss{5, 9, false}, true},
		{"across it", loss{5, 9, false}, 7, false, loss{7, 9, false}, true},
		{"before it", loss{5, 9, false}, 10, false, loss{}, false},
		{"backwards, behind the beginning", loss{5, 9, false}, 10, true, loss{5, 9, false}, true},
		{"backwards, across it", loss{5, 9, false}, 7, true, loss{5, 7, false}, true},
		{"backwards, before it", loss{5, 9, false}, 4, true, loss{}, false},
		{"nobody knows how many", loss{5, 0, false}, 7, false, loss{5, 0, false}, true},
		{"of the next event", loss{5, 5, true}, 7, false, loss{5, 5, true}, true},
	} {
		l := &eventlog.Loss{First: c.loss.first, Last: c.loss.last, Partial: c.loss.partial}
		ok := Clip(l, c.first, c.back)
		if have := (loss{l.First, l.Last, l.Partial}); ok != c.ok || ok && have != c.want {
			t.Errorf("%s: %v, %v, want %v, %v", c.name, have, ok, c.want, c.ok)
		}
	}
}
