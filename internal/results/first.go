package results

import (
	"cmp"
	"slices"

	"netelf.example/eventlog"
)

const (
	maxFirst     = 256      // events that are kept of all, newest first
	maxFirstSize = 16 << 10 // bytes of one, about
)

// rowID names a row.
type rowID struct {
	run   runID
	index uint64
}

// firstRows are the newest events, kept as they were counted, so that the first page
// waits for nobody to be asked a second time.
type firstRows struct {
	rows  map[rowID]firstRow
	limit uint64 // place behind which none is taken any more; 0: there was room so far
}

type firstRow struct {
	place uint64
	event *eventlog.Event
}

func (f *firstRows) add(id rowID, place uint64, e *eventlog.Event) {
	if f.limit != 0 && place > f.limit || sizeOf(e) > maxFirstSize {
		return
	}
	if f.rows == nil {
		f.rows = map[rowID]firstRow{}
	}
	f.rows[id] = firstRow{place, e.Clone()}
	if len(f.rows) < 2*maxFirst {
		return
	}
	places := make([]uint64, 0, len(f.rows))
	for _, r := range f.rows {
		places = append(places, r.place)
	}
	slices.SortFunc(places, cmp.Compare)
	f.limit = places[maxFirst-1]
	for id, r := range f.rows {
		if r.place > f.limit {
			delete(f.rows, id)
		}
	}
	if len(f.rows) >= 2*maxFirst-1 { // many of one second
		f.limit--
	}
}

func sizeOf(e *eventlog.Event) int {
	n := len(e.Data) + len(e.Raw) + len(e.Message) + len(e.Source) + len(e.Computer)
	for _, s := range e.Strings {
		n += len(s)
	}
	if e.Extra != nil {
		n += len(e.Extra.XML)
	}
	return n
}
