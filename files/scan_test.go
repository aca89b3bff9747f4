package files

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

func targetOf(name string) scan.Target {
	return scan.Target{Name: name, Open: func(context.Context) (eventlog.Server, error) {
		s, err := Open(name, nil)
		if err != nil {
			return nil, err
		}
		return s, nil
	}}
}

// What is wrong with one file or folder is its own outcome.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string][]byte{
		"logs/SysEvent.Evt": evtFile(3, "x"), "logs/b/SysEvent.Evt": evtFile(5, "x"), "logs/text.evt": []byte("no log"),
		"none/notes.txt": nil,
	})
	logs, none := targetOf(filepath.Join(dir, "logs")), targetOf(filepath.Join(dir, "none"))
	c := scan.Open(t.Context(), []scan.Target{logs, none}, &eventlog.Selection{Backward: true}, nil)
	defer c.Close()
	var got []string
	var e eventlog.Event
	for {
		err := c.Next(t.Context(), &e)
		if err == nil {
			got = append(got, e.TimeWritten.Format("04:05 ")+e.Origin.Log)
			continue
		}
		if err != scan.ErrIncomplete {
			t.Fatal(err)
		}
		break
	}
	equal(t, got, []string{
		"50:40 b/SysEvent.Evt", "49:40 b/SysEvent.Evt", "48:40 b/SysEvent.Evt", "48:40 SysEvent.Evt",
		"47:40 b/SysEvent.Evt", "47:40 SysEvent.Evt", "46:40 b/SysEvent.Evt", "46:40 SysEvent.Evt",
	})
	o := c.Outcomes()
	if o[0].State != eventlog.Failed || o[0].Events != 8 || !errors.Is(o[0].Err, eventlog.ErrCorrupt) || o[0].Logs[2].Err != o[0].Err {
		t.Errorf("%+v", o[0])
	}
	if o[1].State != eventlog.Failed || o[1].Err.Error() != "no event logs in "+none.Name {
		t.Errorf("%+v", o[1])
	}

	logs.Logs = []string{"system"}
	c = scan.Open(t.Context(), []scan.Target{logs}, &eventlog.Selection{Limit: 100}, nil)
	defer c.Close()
	for {
		if err := c.Next(t.Context(), &e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if o := c.Outcomes()[0]; len(o.Logs) != 2 || o.Events != 8 {
		t.Errorf("%+v", o)
	}
}

const benchRecords = 200_000

func BenchmarkCursor(b *testing.B) {
	bench(b, func(s *Server) (eventlog.Cursor, error) {
		l, err := s.OpenLog(b.Context(), s.logs[0].name)
		if err != nil {
			return nil, err
		}
		return l.Read(b.Context(), new(eventlog.Selection))
	})
}

func BenchmarkScan(b *testing.B) {
	bench(b, func(s *Server) (eventlog.Cursor, error) {
		return scan.Open(b.Context(), []scan.Target{targetOf(s.path)}, nil, nil), nil
	})
}

func bench(b *testing.B, open func(*Server) (eventlog.Cursor, error)) {
	dir := b.TempDir()
	file := evtFile(benchRecords, "The Print Spooler service entered the running state.")
	write(b, dir, map[string][]byte{"a.evt": file})
	s, err := Open(dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := open(s)
		if err != nil {
			b.Fatal(err)
		}
		var e eventlog.Event
		n := 0
		for ; err == nil; n++ {
			err = c.Next(b.Context(), &e)
		}
		if err != io.EOF || n != benchRecords+1 {
			b.Fatal(n, err)
		}
		c.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRecords, "ns/event")
}
