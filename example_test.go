package netelf_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/nt"
)

// sample is a server with three events in System.
func sample() eventlog.Server {
	ctx := context.Background()
	srv := newFake()
	srv.sources["disk"] = "System"
	src, err := netelf.RegisterEventSource(ctx, srv, "Disk")
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	_, err = src.Report(ctx,
		&eventlog.Event{ID: 0x40000011, Type: eventlog.Information, Strings: []string{"sda", "ready"}},
		&eventlog.Event{ID: 0x80000033, Type: eventlog.Warning, Strings: []string{"sda", "slow"}},
		&eventlog.Event{ID: 0xC0000007, Type: eventlog.Error, Strings: []string{"sda", "bad block"}, Data: []byte{4, 7, 1, 1}})
	if err != nil {
		log.Fatal(err)
	}
	return srv
}

// The form for programs that are ported: flags and a buffer.
func ExampleReadEventLog() {
	ctx, srv := context.Background(), sample()
	h, err := netelf.OpenEventLog(ctx, srv, "System")
	if err != nil {
		log.Fatal(err)
	}
	defer netelf.CloseEventLog(h)
	buf := make([]byte, 16)
	for {
		n, needed, err := netelf.ReadEventLog(ctx, h, netelf.SequentialRead|netelf.BackwardsRead, 0, buf)
		switch {
		case errors.Is(err, nt.ErrorInsufficientBuffer):
			buf = make([]byte, needed)
			continue
		case errors.Is(err, nt.ErrorHandleEOF):
			return
		case err != nil:
			log.Fatal(err)
		}
		for e, err := range netelf.Decode(buf[:n]) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(e.RecordNumber, e.Type, e.Code(), e.Inserts())
		}
	}
	// Output:
	// 3 error 7 sda, bad block
	// 2 warning 51 sda, slow
	// 1 information 17 sda, ready
}

// The form for new programs.
func ExampleEventLog_Records() {
	ctx, srv := context.Background(), sample()
	h, err := netelf.OpenEventLog(ctx, srv, "System")
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	for e, err := range h.Records(ctx, netelf.SeekRead|netelf.ForwardsRead, 2) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.RecordNumber, e.Type, e.Code(), e.Inserts())
	}
	// Output:
	// 2 warning 51 sda, slow
	// 3 error 7 sda, bad block
}

func ExampleReportEvent() {
	ctx, srv := context.Background(), sample()
	src, err := netelf.RegisterEventSource(ctx, srv, "Disk")
	if err != nil {
		log.Fatal(err)
	}
	defer netelf.DeregisterEventSource(src)
	record, err := netelf.ReportEvent(ctx, src, eventlog.Warning, 0, 0x80000034, "", []string{"sda", "hot"}, nil)
	fmt.Println(record, err)
	_, err = netelf.ReportEvent(ctx, src, eventlog.Warning, 0, 0x80000034, "", nil, make([]byte, 100000))
	fmt.Println(err)
	// Output:
	// 4 <nil>
	// ReportEvent "Disk": over a limit: 100000 bytes of data, the limit is 61440 (MaxReportData)
}

func ExampleEventLogSetInfo() {
	ctx, srv := context.Background(), sample()
	h, err := netelf.OpenEventLog(ctx, srv, "System")
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	if err := netelf.EventLogSetInfo(ctx, h, 1, netelf.EventLogInfo1{MaxSize: 1000, Retention: 7 * 86400}); err != nil {
		log.Fatal(err)
	}
	info, err := netelf.EventLogGetInfo(ctx, h, 1)
	fmt.Println(info.MaxSize, "KB,", info.Retention, "s", err)
	_, err = netelf.EventLogGetInfo(ctx, h, 2)
	fmt.Println(errors.Is(err, nt.ErrorInvalidLevel))
	// Output:
	// 1024 KB, 604800 s <nil>
	// true
}

func ExampleClearEventLog() {
	ctx, srv := context.Background(), sample()
	h, err := netelf.OpenEventLog(ctx, srv, "System")
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	if err := netelf.ClearEventLog(ctx, h, "may.evt"); err != nil {
		log.Fatal(err)
	}
	b, err := netelf.OpenBackupEventLog(ctx, srv, "may.evt")
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	now, _ := h.Count(ctx)
	then, _ := b.Count(ctx)
	fmt.Println(now, then)
	fmt.Println(b.Clear(ctx, ""))
	// Output:
	// 0 3
	// ClearEventLog "may.evt": invalid handle
}

func ExampleReadEventLogDetail() {
	ctx, srv := context.Background(), sample()
	h, err := netelf.OpenEventLog(ctx, srv, "System")
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	d, err := netelf.OpenEventLogDetail(ctx, srv, "System", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	buf := make([]byte, 4096)
	n, _, err := netelf.ReadEventLog(ctx, h, netelf.SeekRead|netelf.ForwardsRead, 3, buf)
	if err != nil {
		log.Fatal(err)
	}
	detail, err := netelf.ReadEventLogDetail(ctx, d, buf[:n])
	fmt.Println(detail.Message, "|", detail.MessageBy, err)
	// Output:
	// sda, bad block | not found <nil>
}

// A Go program logs into the event log by two lines.
func ExampleNewHandler() {
	ctx, srv := context.Background(), sample()
	src, err := netelf.RegisterEventSource(ctx, srv, "MyService")
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	logger := slog.New(netelf.NewHandler(src, nil))

	logger.Warn("certificate expires", "event_id", 1001, "days", 3, slog.Group("host", "name", "bedrock"))

	h, err := netelf.OpenEventLog(ctx, srv, "Application")
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	for e, err := range h.Records(ctx, netelf.ForwardsRead, 0) {
		fmt.Println(e.Source, e.Type, e.Code(), e.Inserts(), err)
	}
	// Output:
	// MyService warning 1001 certificate expires, days=3, host.name=bedrock <nil>
}
