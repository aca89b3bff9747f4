package evtx_test

import (
	"context"
	"fmt"
	"log"

	"netelf.example/eventlog"
	"netelf.example/evtx"
)

// Failed logons of a log, the newest first, with the names that their values have.
func ExampleOpen() {
	r, err := evtx.Open("Security.evtx", &evtx.Options{Parallel: 4})
	if err != nil {
		log.Print(err)
		return
	}
	defer r.Close()
	sel := &eventlog.Selection{Backward: true, Where: eventlog.NumTerm(eventlog.FieldCode, eventlog.Eq, 4625)}
	for e, err := range eventlog.All(context.Background(), r, sel) {
		if err != nil {
			log.Print(err) // damage: the walk goes on
			continue
		}
		for i, name := range e.Extra.Names {
			fmt.Println(e.TimeGenerated, e.Computer, name, e.Strings[i])
		}
	}
}

// Every chunk of a file, with what is wrong with it.
func ExampleReader_Chunk() {
	r, err := evtx.Open("Security.evtx", nil)
	if err != nil {
		log.Print(err)
		return
	}
	defer r.Close()
	var c evtx.Chunk
	for block := range r.Extent().Blocks {
		if err := r.Chunk(block, true, &c); err != nil {
			log.Print(err)
			return
		}
		n := 0
		for range c.Records() {
			n++
		}
		fmt.Printf("0x%x: %d records\n", c.Offset(), n)
		for _, err := range []error{c.HeaderErr, c.SumErr, c.DataErr} {
			if err != nil {
				fmt.Println(err)
			}
		}
	}
}
