package scan_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/files"
	"netelf.example/scan"
)

// sample writes a folder with a log of one server.
func sample(dir, computer string, events ...*eventlog.Event) {
	folder := filepath.Join(dir, computer)
	if err := os.Mkdir(folder, 0o700); err != nil {
		log.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, "SysEvent.Evt"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	w, err := evt.Create(f, nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range events {
		e.Computer, e.TimeWritten = computer, e.TimeGenerated
		if _, err := w.Append(e); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
}

func at(hour int) time.Time { return time.Date(2026, 11, 22, hour, 0, 0, 0, time.UTC) }

// Two folders, and one that is not there, read as one list.
func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "evidence")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sample(dir, "bedrock",
		&eventlog.Event{TimeGenerated: at(6), Source: "EventLog", ID: 6005, Type: eventlog.Information},
		&eventlog.Event{TimeGenerated: at(8), Source: "Disk", ID: 7, Type: eventlog.Error})
	sample(dir, "barney",
		&eventlog.Event{TimeGenerated: at(7), Source: "W32Time", ID: 36, Type: eventlog.Warning})

	var targets []scan.Target
	for _, name := range []string{"bedrock", "barney", "betty"} {
		targets = append(targets, scan.Target{Name: name, Open: func(context.Context) (eventlog.Server, error) {
			return files.Open(filepath.Join(dir, name), nil)
		}})
	}
	c := scan.Open(ctx, targets, &eventlog.Selection{Backward: true}, nil)
	defer c.Close()
	for {
		var e eventlog.Event
		err := c.Next(ctx, &e)
		var loss *eventlog.Loss
		switch {
		case errors.As(err, &loss):
			fmt.Println(loss) // something is missing here; the walk goes on
			continue
		case errors.Is(err, io.EOF), errors.Is(err, scan.ErrIncomplete):
			for _, o := range c.Outcomes() {
				fmt.Println(o.Target, o.State, o.Events)
			}
			return
		case err != nil:
			log.Fatal(err)
		}
		fmt.Println(e.TimeGenerated.Format(time.TimeOnly), e.Computer, e.Source, e.Type, e.Code())
	}
	// Output:
	// 08:00:00 bedrock Disk error 7
	// 07:00:00 barney W32Time warning 36
	// 06:00:00 bedrock EventLog information 6005
	// bedrock ok 2
	// barney ok 1
	// betty failed 0
}
