package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/scan"
)

func constant(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// Whoever answers is shown at once, and who does not is named.
func TestFirstPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		w.server("bedrock", logOf("bedrock", "System", seconds(5000, 2)...)).pause = constant(20 * time.Millisecond)
		w.server("barney", logOf("barney", "System", seconds(10, 1)...)).pause = constant(10 * time.Second)
		w.server("betty", logOf("betty", "System", seconds(10, 1)...)).fail = errGone
		half := logOf("wilma", "System", seconds(3000, 2)...)
		half.failAt, half.err = 700, errGone
		w.server("wilma", half)
		crawling := logOf("dino", "System", seconds(3000, 2)...)
		crawling.pause = constant(time.Second)
		w.server("dino", crawling)
		r := create(t, storeOf(t, nil), &Query{Targets: w.targets()})

		time.Sleep(300 * time.Millisecond)
		p := page(t, r, &PageQuery{Rows: 20})
		if len(p.Rows) != 20 || p.Rows[0].Server != "bedrock" || p.Settled != 0 {
			t.Fatalf("after 300 ms: %d rows of %d, the first of %v", len(p.Rows), p.Total, p.Rows)
		}
		for _, row := range p.Rows {
			if row.Event == nil || row.Event.Strings[0] != "System" {
				t.Errorf("row %+v has no whole event", row)
			}
		}
		if !slices.Equal(p.Pending, []string{"barney", "dino"}) {
			t.Errorf("pending: %v", p.Pending)
		}
		h, err := r.Histogram(time.Time{}, time.Time{}, 10)
		if err != nil || h.Exact || h.Done || h.Outside != 0 {
			t.Errorf("histogram: %+v, %v", h, err)
		}
		progress, err := r.Progress()
		if err != nil || progress.Done {
			t.Fatalf("%+v, %v", progress, err)
		}
		var words []string
		for _, s := range progress.Servers {
			words = append(words, fmt.Sprint(s.Name, " ", s.Phase, " ", s.State))
		}
		want := []string{"bedrock over ok", "barney opening ok", "betty over unreachable", "wilma over unreachable", "dino reading ok"}
		if !slices.Equal(words, want) {
			t.Errorf("servers: %q\nwant %q", words, want)
		}
		if s := &progress.Servers[3]; s.Rows != 3000-700 || !errors.Is(s.Err, errGone) || s.Oldest.After(day.Add(700*2*time.Second)) || s.Oldest.Before(day.Add(690*2*time.Second)) {
			t.Errorf("the one that died half-way: %+v", s)
		}

		r.Cancel()
		progress = done(t, r)
		if s := progress.Servers[1]; s.State != eventlog.Cancelled || !errors.Is(s.Err, context.Canceled) {
			t.Errorf("cancelled: %+v", s)
		}
		if progress.Rows < 5000+2300 {
			t.Errorf("%d rows are left after Cancel", progress.Rows)
		}
		if p := page(t, r, &PageQuery{Rank: 7000, Rows: 10}); len(p.Rows) != 10 || !p.Done || len(p.Pending) > 0 {
			t.Errorf("a page behind Cancel: %+v", p)
		}
	})
}

// Where all events are of one second, it is the order of servers that says what may still
// come in between.
func TestPendingTies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		w.server("bedrock", logOf("bedrock", "System", make([]int, 10)...))
		slow := logOf("wilma", "System", make([]int, 10)...)
		slow.pause = constant(time.Second)
		w.server("wilma", slow)
		crawling := logOf("barney", "System", make([]int, 10)...)
		crawling.pause = constant(time.Second)
		w.server("barney", crawling)
		r := create(t, storeOf(t, nil), &Query{Targets: w.targets()})
		time.Sleep(3500 * time.Millisecond)
		for _, c := range []struct {
			rows    int
			settled uint64
			servers string
			pending []string
		}{
			{3, 3, "[wilma wilma wilma]", nil},
			{5, 3, "[wilma wilma wilma bedrock bedrock]", []string{"wilma"}},
			{16, 3, "", []string{"wilma"}},
			{17, 3, "", []string{"wilma", "barney"}}, // there are no more, but for those to come
		} {
			p := page(t, r, &PageQuery{Rows: c.rows})
			var servers []string
			for _, row := range p.Rows {
				servers = append(servers, row.Server)
			}
			if c.servers != "" && fmt.Sprint(servers) != c.servers || p.Settled != c.settled || !slices.Equal(p.Pending, c.pending) {
				t.Errorf("%d rows: of %v, %d settled, pending %v", c.rows, servers, p.Settled, p.Pending)
			}
		}
	})
}

// A row shows its event, or why there is none, and never another one.
func TestGone(t *testing.T) {
	ascending := func(n, from, shift int) (list []*eventlog.Event) {
		for i := from; i < n; i++ {
			list = append(list, event("System", i, i+shift))
		}
		return list
	}
	other := ascending(1000, 0, 0)
	for _, e := range other {
		e.Strings = []string{"another life"} // all that a key knows is as it was
	}
	tail := append(ascending(1000, 400, 0), event("System", 1000, 1000))
	for _, c := range []struct {
		name    string
		events  []*eventlog.Event
		cleared bool
		alive   uint64 // rows of records from here on remain
		want    error
	}{
		{"cleared and empty", nil, true, 2000, eventlog.ErrMarkGone},
		{"cleared and filled", ascending(1000, 0, 5), false, 2000, eventlog.ErrMarkGone},
		{"cleared and filled less", ascending(300, 0, 5), false, 2000, eventlog.ErrMarkGone},
		{"cleared and filled within a second", other, true, 2000, eventlog.ErrMarkGone},
		{"overwritten", tail, false, 401, eventlog.ErrOverwrite},
		{"grown", ascending(1200, 0, 0), false, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := new(world)
			l := logOf("bedrock", "System", seconds(1000, 1)...)
			l.generation = 1
			w.server("bedrock", l)
			r := whole(t, w, nil)
			checkAlive := func(alive uint64, want error) {
				t.Helper()
				for _, rank := range []uint64{650, 600, 300, 995} {
					for _, row := range page(t, r, &PageQuery{Rank: rank, Rows: 20}).Rows {
						if row.Record != 1000-row.Rank {
							t.Fatalf("row %d is record %d", row.Rank, row.Record)
						}
						if row.Record >= alive {
							if row.Err != nil || row.Event.RecordNumber != row.Record || row.Event.Strings[0] != "System" {
								t.Fatalf("record %d: %v, %v", row.Record, row.Event, row.Err)
							}
						} else if row.Event != nil || !errors.Is(row.Err, want) {
							t.Fatalf("record %d: %v, %v, want %v", row.Record, row.Event, row.Err, want)
						}
					}
				}
			}
			checkAlive(0, nil)
			l.change(c.events, c.cleared)
			checkAlive(c.alive, c.want)

			if c.cleared {
				f := counted(t, r, Field{Field: eventlog.FieldString, Position: 1})
				if f.Counted != 0 || f.Total != 1000 || !errors.Is(f.Err, eventlog.ErrMarkGone) {
					t.Errorf("a data field of another life: %+v", f)
				}
			}
			x, err := r.Export(0)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			var e eventlog.Event
			var given, lost uint64
			for {
				err := x.Next(t.Context(), &e)
				if err == io.EOF {
					break
				}
				if loss, ok := eventlog.AsLoss(err); ok {
					if lost++; !errors.Is(loss, c.want) || loss.First != 1000-given-lost+1 {
						t.Fatalf("behind %d and %d: %v", given, lost, loss)
					}
				} else if err != nil {
					t.Fatal(err)
				} else if given++; e.RecordNumber != 1000-given-lost+1 {
					t.Fatalf("record %d behind %d and %d", e.RecordNumber, given, lost)
				}
			}
			if given+lost != 1000 || c.want == nil && lost > 0 {
				t.Errorf("%d given and %d lost of 1000", given, lost)
			}
		})
	}
}

// A server that does not answer any more is the trouble of its rows, and is not tried
// again for each page.
func TestPageOfTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(world)
		bedrock := w.server("bedrock", logOf("bedrock", "System", seconds(2000, 2)...))
		barney := w.server("barney", logOf("barney", "System", seconds(2000, 2)...))
		wilma := w.server("wilma", logOf("wilma", "System", seconds(2000, 2)...))
		r := whole(t, w, nil)
		barney.fail = errGone
		wilma.fail = fs.ErrPermission
		look := func() (good int, dead, refused error) {
			t.Helper()
			for _, row := range page(t, r, &PageQuery{Rank: 3000, Rows: 30}).Rows {
				switch {
				case row.Err == nil && row.Event != nil && row.Server == "bedrock":
					good++
				case row.Server == "barney":
					dead = row.Err
				case row.Server == "wilma":
					refused = row.Err
				case errors.Is(row.Err, context.DeadlineExceeded):
				default:
					t.Errorf("row %+v", row)
				}
			}
			return good, dead, refused
		}
		for range 3 {
			if good, dead, refused := look(); good != 10 || !errors.Is(dead, errGone) || !errors.Is(refused, fs.ErrPermission) {
				t.Errorf("%d rows, %v, %v", good, dead, refused)
			}
		}
		if n := barney.tries.Load(); n != 2 {
			t.Errorf("the dead server was tried %d times, once to count", n)
		}
		if n := bedrock.tries.Load(); n != 2 {
			t.Errorf("the other one was opened %d times, once to count", n)
		}
		time.Sleep(3 * handleIdle) // what is not used is closed, and yet not asked again
		barney.fail, wilma.fail = nil, nil
		if good, dead, _ := look(); good != 10 || dead != nil {
			t.Errorf("back again: %d rows, %v", good, dead)
		}
		if n := wilma.tries.Load(); n != 2 {
			t.Errorf("the server that refuses was tried %d times, once to count", n)
		}
		// What is not needed any more is closed.
		if n := w.open.Load(); n != 2 {
			t.Errorf("%d servers are open", n)
		}
		time.Sleep(3 * handleIdle)
		if n := w.open.Load(); n != 0 {
			t.Errorf("%d servers are still open", n)
		}

		// One that hangs costs a page its ReadTimeout, and the next ones nothing.
		hung := w.servers[0].logs[0]
		hung.pause = constant(time.Hour)
		for i, most := range []time.Duration{5 * time.Second, 0, 0} {
			begin := time.Now()
			if good, _, _ := look(); good != 0 || time.Since(begin) > most {
				t.Errorf("page %d: %d rows of a server that hangs after %v", i, good, time.Since(begin))
			}
		}
	})
}

func TestOpenIsBounded(t *testing.T) {
	w := new(world)
	for i := range 20 {
		name := fmt.Sprintf("srv%02d", i)
		w.server(name, logOf(name, "System", seconds(500, 1)...))
	}
	s := storeOf(t, &Options{Open: 3})
	r := create(t, s, &Query{Targets: w.targets()})
	done(t, r)
	for rank := uint64(0); rank < 10000; rank += 500 {
		for _, row := range page(t, r, &PageQuery{Rank: rank, Rows: 40}).Rows {
			if row.Err != nil {
				t.Fatal(row.Err)
			}
		}
		if n := w.open.Load(); n > 3 {
			t.Fatalf("%d servers are open", n)
		}
	}
	if err := r.Close(); err != nil || w.open.Load() != 0 {
		t.Errorf("%v, %d servers are open", err, w.open.Load())
	}
	if _, err := r.Page(t.Context(), nil); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a page of what is closed: %v", err)
	}
	if _, err := s.Get(fred, r.ID()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found again: %v", err)
	}
}

// Where there is no more room a result stops, and says how far it has come.
func TestDiskBound(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
	}{
		{"one result", Options{ResultDisk: 4 * blockSize}},
		{"all of them", Options{Disk: 4*blockSize + 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := new(world)
			w.server("bedrock", logOf("bedrock", "System", seconds(20000, 2)...))
			w.server("barney", logOf("barney", "System", seconds(20000, 2)...))
			s := storeOf(t, &c.opts)
			r := create(t, s, &Query{Targets: w.targets()})
			p := done(t, r)
			if !errors.Is(p.Stopped, eventlog.ErrTooLarge) || p.Disk > 4*blockSize || p.Rows < 4*blockKeys || p.Rows > 7*blockKeys {
				t.Fatalf("%d rows, %d bytes, stopped: %v", p.Rows, p.Disk, p.Stopped)
			}
			var rows uint64
			for i := range p.Servers {
				sv := &p.Servers[i]
				rows += sv.Rows
				if sv.State != eventlog.Partial || !errors.Is(sv.Err, errDisk) {
					t.Errorf("server %+v", sv)
				}
			}
			x, err := r.Facet(Field{Field: eventlog.FieldCode}, 100, 0)
			if err != nil || sum(x.Top) != p.Rows || rows != p.Rows || !x.Done {
				t.Errorf("facet of %d events, %d rows at the servers, %d in all: %v", sum(x.Top), rows, p.Rows, err)
			}
			data := counted(t, r, Field{Field: eventlog.FieldNamed, Name: "Rest"})
			if sum(data.Top) != p.Rows || data.Counted != p.Rows {
				t.Errorf("data field of %d events", sum(data.Top))
			}
			h, err := r.Histogram(time.Time{}, time.Time{}, 7)
			n := h.Undated.Sum()
			for i := range h.Buckets {
				n += h.Buckets[i].Sum()
			}
			if err != nil || n != p.Rows || !h.Exact || !h.Done {
				t.Errorf("histogram of %d events, %v", n, err)
			}
			last := page(t, r, &PageQuery{Rank: p.Rows - 10, Rows: 100})
			if len(last.Rows) != 10 || !last.Done {
				t.Errorf("the last page: %+v", last)
			}
			x2, err := r.Export(eventlog.FieldRecord.Bit())
			if err != nil {
				t.Fatal(err)
			}
			defer x2.Close()
			var e eventlog.Event
			for n = 0; err == nil; n++ {
				err = x2.Next(t.Context(), &e)
			}
			if n-1 != p.Rows || !errors.Is(err, scan.ErrIncomplete) || !errors.Is(err, eventlog.ErrTooLarge) {
				t.Errorf("the export ends after %d rows with %v", n-1, err)
			}
			if c.opts.Disk == 0 {
				return
			}
			if err := r.Close(); err != nil || s.Disk() != 0 {
				t.Errorf("close: %v, %d bytes are counted", err, s.Disk())
			}
		})
	}
}

// A folder in which nothing can be written stops a result once it needs the disk.
func TestNoFolder(t *testing.T) {
	w := new(world)
	l := logOf("bedrock", "System", seconds(5000, 2)...)
	w.server("bedrock", l)
	s := NewStore(&Options{Dir: filepath.Join(t.TempDir(), "not there")})
	defer s.Close()
	r := create(t, s, &Query{Targets: w.targets()})
	if p := done(t, r); !errors.Is(p.Stopped, fs.ErrNotExist) || p.Rows == 0 || s.Disk() != 0 {
		t.Errorf("%d rows, stopped: %v", p.Rows, p.Stopped)
	}
	few := create(t, s, &Query{Targets: w.targets(), Selection: eventlog.Selection{Where: eventlog.RangeTerm(eventlog.FieldRecord, 1, 100)}})
	if p := done(t, few); p.Stopped != nil || p.Rows != 100 {
		t.Errorf("%d rows, stopped: %v", p.Rows, p.Stopped)
	}
}

// A password that one server refuses is tried at no other one for the same result, not
// even to count a field; it is for the next result.
func TestRefusedCredential(t *testing.T) {
	w := new(world)
	targets := []scan.Target{}
	for _, name := range []string{"bedrock", "barney", "wilma"} {
		s := w.server(name, logOf(name, "System", 1, 2, 3))
		s.fail = fs.ErrPermission
		targets = append(targets, scan.Target{Name: name, Open: s.Open, Credential: "fred"})
	}
	tries := func() (n int32) {
		for _, s := range w.servers {
			n += s.tries.Load()
		}
		return n
	}
	s := storeOf(t, nil)
	r := create(t, s, &Query{Targets: targets})
	p := done(t, r)
	var refused, left int
	for i := range p.Servers {
		switch sv := &p.Servers[i]; {
		case sv.NotTried:
			left++
		case sv.State == eventlog.Refused:
			refused++
		}
	}
	if x := counted(t, r, Field{Field: eventlog.FieldString, Position: 1}); x.Counted != 0 || x.Err == nil {
		t.Errorf("%+v", x)
	}
	if refused != 1 || left != 2 || tries() != 1 {
		t.Errorf("%d refused, %d not tried, %d tries", refused, left, tries())
	}
	for _, sv := range w.servers {
		sv.fail = nil
	}
	if p := done(t, create(t, s, &Query{Targets: targets})); p.Rows != 9 {
		t.Errorf("the next result has %d rows", p.Rows)
	}
}

// Selections that hang on text are settled by the text.
func TestMessages(t *testing.T) {
	l := &testLog{Memory: logtest.NewMemory(eventlog.Origin{Server: "bedrock", Log: "System"}, logtest.Events())}
	w := new(world)
	w.server("bedrock", l)
	for _, c := range []struct {
		name string
		by   eventlog.Resolver
		lang string
		text string
		want []uint64
	}{
		{"english", logtest.Resolver(), "", "event log service", []uint64{18, 5}},
		{"german", logtest.Resolver(), "de", "beendet", []uint64{18}},
		{"nobody", nil, "", "event log service", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := storeOf(t, &Options{Resolver: c.by})
			r := create(t, s, &Query{Targets: w.targets(), Selection: eventlog.Selection{
				Where: eventlog.TextTerm(eventlog.FieldMessage, eventlog.Contains, c.text), Lang: c.lang,
			}})
			done(t, r)
			var got []uint64
			for _, row := range page(t, r, nil).Rows {
				got = append(got, row.Record)
				if row.Event.MessageBy != eventlog.ByCatalogue {
					t.Errorf("record %d has its text by %v", row.Record, row.Event.MessageBy)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("records %v, want %v", got, c.want)
			}
			if x := counted(t, r, Field{Field: eventlog.FieldString, Position: 1}); x.Counted != uint64(len(c.want)) {
				t.Errorf("data field of %d events", x.Counted)
			}
		})
	}
}
