package evtx_test

import (
	"bytes"
	"fmt"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

// open makes a log of events.
func open(t testing.TB, f *logtest.EVTX, events []*eventlog.Event, opts *evtx.Options) *evtx.Reader {
	t.Helper()
	return reader(t, file(t, f, events), opts)
}

func file(t testing.TB, f *logtest.EVTX, events []*eventlog.Event) []byte {
	t.Helper()
	b, err := f.Bytes(events)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reader(t testing.TB, b []byte, opts *evtx.Options) *evtx.Reader {
	t.Helper()
	if opts == nil {
		opts = &evtx.Options{Origin: &eventlog.Origin{Server: "srv1", Log: "App.evtx"}}
	}
	r, err := evtx.NewReader(bytes.NewReader(b), int64(len(b)), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestContract(t *testing.T) {
	for _, parallel := range []int{0, 3} {
		for _, perChunk := range []int{0, 1, 3} {
			t.Run(fmt.Sprintf("parallel=%d/chunks of %d", parallel, perChunk), func(t *testing.T) {
				logtest.RunLevels(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
					return open(t, &logtest.EVTX{PerChunk: perChunk}, events,
						&evtx.Options{Parallel: parallel, Origin: &eventlog.Origin{Server: "srv1", Log: "dir/App.evtx", Channel: "Application"}})
				})
			})
		}
	}
}
