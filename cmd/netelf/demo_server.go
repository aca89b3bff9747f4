package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/internal/config"
	"netelf.example/nt"
	"netelf.example/service"
)

// demo is the servers, all of which lie in one folder.
type demo struct {
	dir     string
	servers []*demoServer
}

// demoServer is one of them: a service, and its door over TCP.
type demoServer struct {
	name string
	s    *service.Service
	door *rpcDoor
}

// startDemoServer makes a data directory with the events of the last day, and serves
// it on a port of this machine alone; 0 is any.
func startDemoServer(dir, usersFile, name string, port int, now time.Time) (*demoServer, error) {
	if err := demoData(dir, name, now); err != nil {
		return nil, err
	}
	c, err := config.Load(config.Source{}, nil)
	if err != nil {
		return nil, err
	}
	for key, value := range map[string]string{
		"service.data": dir, "service.users": usersFile, "service.computer": strings.ToUpper(name), "service.sync": "none",
		"rpc.listen": fmt.Sprint("127.0.0.1:", port),
	} {
		if err := c.Set(key, value, "demo"); err != nil {
			return nil, err
		}
	}
	log := slog.New(slog.DiscardHandler)
	s, err := openService(c, log)
	if err != nil {
		return nil, err
	}
	door, err := openRPC(s, log, c, string(c.Service.Computer), new(atomic.Pointer[uint32]))
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &demoServer{name, s, door}, nil
}

// demoData writes the logs of a data directory, as if they came from a server that
// kept them before.
func demoData(dir, server string, now time.Time) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, log := range demoLogs {
		f, err := os.OpenFile(filepath.Join(dir, log+".evt"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(demoLog(f, server, log, now), f.Close()); err != nil {
			return fmt.Errorf("log %s: %w", log, err)
		}
	}
	return nil
}

func demoLog(f *os.File, server, log string, now time.Time) error {
	w, err := evt.Create(f, &evt.WriterOptions{MaxSize: evt.DefaultMaxSize})
	if err != nil {
		return err
	}
	for _, d := range demoPast(server) {
		if d.log != log {
			continue
		}
		e := d.event()
		e.TimeGenerated = now.Add(-d.ago).UTC().Truncate(time.Second)
		e.TimeWritten = e.TimeGenerated
		if _, err := w.Append(e); err != nil {
			return err
		}
	}
	return w.Flush()
}

// demoEvery is how often something happens on one of the servers.
const demoEvery = 3 * time.Second

// goOn lets the servers live until ctx ends, or one of them fails.
func (d *demo) goOn(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel(nil)
	for _, s := range d.servers {
		watching.Go(func() {
			select {
			case err := <-s.door.failed:
				cancel(fmt.Errorf("%s: %w", s.name, err))
			case <-ctx.Done():
			}
		})
	}
	t := time.NewTicker(demoEvery)
	defer t.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil // being stopped is how it ends
		case <-t.C:
		}
		if err := d.happen(ctx, i); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// happen has the i-th event come.
func (d *demo) happen(ctx context.Context, i int) error {
	s := d.servers[i%len(d.servers)]
	e := demoRoutine[(i+i/len(d.servers))%len(demoRoutine)]
	e.server = s.name
	// By its name a log is a source of it: so no source need be registered.
	r, err := eventlog.RegisterSource(ctx, s.s.As(eventlog.Caller{Name: "demo", SIDs: []eventlog.SID{nt.SIDAdministrators}}), e.log)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer r.Close()
	if _, err := r.Report(ctx, e.event()); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// close ends the servers.
func (d *demo) close() error {
	var errs []error
	for _, s := range d.servers {
		errs = append(errs, s.door.Close(), s.s.Close())
	}
	return errors.Join(errs...)
}
