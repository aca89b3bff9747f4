package service_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"netelf.example/eventlog"
	"netelf.example/service"
)

// A program keeps an event log of its own, without a service.
func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "quarry")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := service.Open(dir, &service.Options{Computer: "bedrock"})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	srv := s.As(service.Local(dir, ""))

	crusher, err := eventlog.RegisterSource(ctx, srv, "Crusher")
	if err != nil {
		log.Fatal(err)
	}
	defer crusher.Close()
	if _, err := crusher.Report(ctx,
		&eventlog.Event{ID: 6, Type: eventlog.Information, Strings: []string{"belt 3", "running"}},
		&eventlog.Event{ID: 7, Type: eventlog.Error, Strings: []string{"belt 3", "jammed"}}); err != nil {
		log.Fatal(err)
	}

	l, err := srv.OpenLog(ctx, "Application") // where sources report that nobody has added
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	for e, err := range eventlog.All(ctx, l, &eventlog.Selection{Backward: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.RecordNumber, e.Computer, e.Source, e.Type, e.Code(), e.Inserts())
	}
	// Output:
	// 2 bedrock Crusher error 7 belt 3, jammed
	// 1 bedrock Crusher information 6 belt 3, running
}
