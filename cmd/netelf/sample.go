package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/scan"
)

// sampleTargets are the servers of the sample network. Their logs are written
// into memory by evt's own Writer, and read back as any other.
func sampleTargets(now time.Time, logs []string) ([]scan.Target, error) {
	var targets []scan.Target
	for _, server := range sampleServers {
		s := &sampleServer{name: server}
		for _, log := range sampleLogs {
			r, err := sampleLog(server, log, now)
			if err != nil {
				return nil, fmt.Errorf("make up the sample: %w", err)
			}
			s.logs = append(s.logs, r)
		}
		open := func(context.Context) (eventlog.Server, error) { return s, nil }
		targets = append(targets, scan.Target{Name: server, Open: open, Logs: logs})
	}
	return targets, nil
}

// sampleLog is one log of a server.
func sampleLog(server, log string, now time.Time) (*evt.Reader, error) {
	f := new(memoryFile)
	w, err := evt.Create(f, nil)
	if err != nil {
		return nil, err
	}
	for _, e := range sampleEvents {
		if e.server != server || e.log != log {
			continue
		}
		at := now.Add(-e.ago).UTC().Truncate(time.Second)
		_, err := w.Append(&eventlog.Event{
			TimeGenerated: at, TimeWritten: at, ID: e.id, Type: e.kind, Level: eventlog.LevelOf(e.kind), Category: e.category,
			Source: e.source, Computer: server, User: e.user, Strings: e.strings, Data: e.data,
		})
		if err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	return evt.NewReader(f, int64(len(f.b)), &evt.Options{Origin: &eventlog.Origin{Server: server, Log: log}, Channel: log})
}

// sampleServer is a server whose logs lie in memory.
type sampleServer struct {
	name string
	logs []*evt.Reader // in the order of sampleLogs
}

func (s *sampleServer) Logs(ctx context.Context) ([]eventlog.Info, error) {
	var infos []eventlog.Info
	for _, l := range s.logs {
		info, err := l.Info(ctx)
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (s *sampleServer) OpenLog(_ context.Context, name string) (eventlog.Log, error) {
	for i, n := range sampleLogs {
		if eventlog.EqualFold(n, name) {
			return s.logs[i], nil
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (s *sampleServer) Close() error { return nil }

// memoryFile is an evt.File in memory.
type memoryFile struct{ b []byte }

func (f *memoryFile) ReadAt(b []byte, off int64) (int, error) {
	if off >= int64(len(f.b)) {
		return 0, io.EOF
	}
	n := copy(b, f.b[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memoryFile) WriteAt(b []byte, off int64) (int, error) {
	if n := off + int64(len(b)); n > int64(len(f.b)) {
		_ = f.Truncate(n) // never fails
	}
	return copy(f.b[off:], b), nil
}

func (f *memoryFile) Truncate(size int64) error {
	if size <= int64(len(f.b)) {
		f.b = f.b[:size]
		return nil
	}
	f.b = append(f.b, make([]byte, size-int64(len(f.b)))...)
	return nil
}
