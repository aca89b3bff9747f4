package netelf_test

import (
	"errors"
	"testing"

	netelf "netelf.example"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

// categories is a Resolver that knows categories too.
type categories struct{ eventlog.Resolver }

func (categories) Category(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if e.Category == 2 {
		return "Logon/Logoff" + lang, eventlog.ByCatalogue
	}
	return "made up", eventlog.NotFound
}

// detailWorld is the fixture with text in some of its events.
func detailWorld(t *testing.T) (srv *fakeServer, records map[uint64][]byte) {
	list := logtest.Events()
	for _, e := range list {
		switch e.RecordNumber {
		case 6:
			e.Message, e.MessageBy = "The Print Spooler service is running.", eventlog.ByServer
		case 9:
			e.Message, e.MessageBy = "Carried.", eventlog.ByEvent
		}
	}
	records = map[uint64][]byte{}
	for i, r := range encode(t, list) {
		records[list[i].RecordNumber] = r
	}
	return newFake().with("Spool", list), records
}

func TestReadEventLogDetail(t *testing.T) {
	srv, records := detailWorld(t)
	for name, c := range map[string]struct {
		log      string
		opts     *netelf.DetailOptions
		record   uint64
		message  string
		by       eventlog.TextBy
		category string
		catBy    eventlog.TextBy
	}{
		"strings alone":      {"Spool", nil, 7, `\Device\Harddisk0\DR0`, eventlog.NotFound, "", eventlog.NotFound},
		"no strings":         {"Spool", nil, 5, "", eventlog.NotFound, "", eventlog.NotFound},
		"server":             {"Spool", nil, 6, "The Print Spooler service is running.", eventlog.ByServer, "", eventlog.NotFound},
		"server not asked":   {"", nil, 6, "Print Spooler, running", eventlog.NotFound, "", eventlog.NotFound},
		"carried, by server": {"Spool", nil, 9, "Carried.", eventlog.ByEvent, "", eventlog.NotFound},
		"carried first":      {"Spool", &netelf.DetailOptions{Resolver: logtest.Resolver()}, 9, "Carried.", eventlog.ByEvent, "", eventlog.NotFound},
		"resolver":           {"", &netelf.DetailOptions{Resolver: logtest.Resolver()}, 9, "Successful Logon", eventlog.ByCatalogue, "", eventlog.NotFound},
		"resolver last":      {"Spool", &netelf.DetailOptions{Resolver: logtest.Resolver()}, 18, "The Event log service was stopped.", eventlog.ByCatalogue, "", eventlog.NotFound},
		"resolver, language": {"", &netelf.DetailOptions{Resolver: logtest.Resolver(), Lang: "de"}, 18, "Der Ereignisprotokolldienst wurde beendet.", eventlog.ByCatalogue, "", eventlog.NotFound},
		"resolver has none":  {"Spool", &netelf.DetailOptions{Resolver: logtest.Resolver()}, 6, "The Print Spooler service is running.", eventlog.ByServer, "", eventlog.NotFound},
		"category":           {"", &netelf.DetailOptions{Resolver: categories{logtest.Resolver()}, Lang: "!"}, 9, "Administrator, SRV1, (0x0,0x3E7), 2", eventlog.NotFound, "Logon/Logoff!", eventlog.ByCatalogue},
		"category not known": {"", &netelf.DetailOptions{Resolver: categories{logtest.Resolver()}}, 16, "alpha, beta, gamma, delta, epsilon, zeta, eta, theta, iota, kappa", eventlog.NotFound, "", eventlog.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := netelf.OpenEventLogDetail(t.Context(), srv, c.log, c.opts)
			ok(t, err)
			defer h.Close()
			buf := append(records[c.record], records[5]...) // what is behind it does not count
			d, err := netelf.ReadEventLogDetail(t.Context(), h, buf)
			ok(t, err)
			check := func(d *netelf.Detail) {
				t.Helper()
				if d.Message != c.message || d.MessageBy != c.by || d.Category != c.category || d.CategoryBy != c.catBy {
					t.Errorf("got %q by %v, category %q by %v", d.Message, d.MessageBy, d.Category, d.CategoryBy)
				}
				for _, e := range logtest.Events() {
					if e.RecordNumber == c.record {
						if diff := logtest.Diff(d.Event, e); diff != "" {
							t.Errorf("event:%s", diff)
						}
					}
				}
			}
			check(d)
			for e, err := range openLog(t, srv, "Spool").Records(t.Context(), seekForwards, c.record) {
				ok(t, err)
				d, err := h.Read(t.Context(), e)
				ok(t, err)
				check(d)
				break
			}
		})
	}
}

func TestDetailCarried(t *testing.T) {
	h, err := netelf.OpenEventLogDetail(t.Context(), nil, "", &netelf.DetailOptions{Resolver: logtest.Resolver()})
	ok(t, err)
	e := &eventlog.Event{RecordNumber: 6, Message: "As it came.", MessageBy: eventlog.ByEvent, Strings: []string{"x"}}
	d, err := h.Read(t.Context(), e)
	if err != nil || d.Message != "As it came." || d.MessageBy != eventlog.ByEvent {
		t.Errorf("%+v, %v", d, err)
	}
	if e.Message != "As it came." {
		t.Error("the event was changed")
	}
	_, err = h.Read(t.Context(), nil)
	want(t, "ReadEventLogDetail", err, badArg)
}

// TestDetailAnother: a record that is another by now gives no text.
func TestDetailAnother(t *testing.T) {
	srv, records := detailWorld(t)
	h, err := netelf.OpenEventLogDetail(t.Context(), srv, "Spool", nil)
	ok(t, err)
	l := srv.log("Spool")
	l.mem.Events[1].ID++
	d, err := netelf.ReadEventLogDetail(t.Context(), h, records[6])
	if err != nil || d.MessageBy != eventlog.NotFound {
		t.Errorf("%+v, %v", d, err)
	}
	l.drop(3)
	d, err = netelf.ReadEventLogDetail(t.Context(), h, records[6])
	if err != nil || d.MessageBy != eventlog.NotFound || d.Message != "Print Spooler, running" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestDetailErrors(t *testing.T) {
	srv, records := detailWorld(t)
	_, err := netelf.OpenEventLogDetail(t.Context(), srv, noLog, nil)
	want(t, "OpenEventLogDetail", err, notFound)
	_, err = netelf.OpenEventLogDetail(t.Context(), nil, "Spool", nil)
	want(t, "OpenEventLogDetail", err, badArg)
	h, err := netelf.OpenEventLogDetail(t.Context(), srv, "Spool", nil)
	ok(t, err)
	bad := append([]byte(nil), records[6]...)
	bad[36] = 0xff // StringOffset
	for _, b := range [][]byte{nil, records[6][:56], records[6][:len(records[6])-1], bad} {
		_, err := netelf.ReadEventLogDetail(t.Context(), h, b)
		want(t, "ReadEventLogDetail", err, nt.ErrorEventlogFileCorrupt)
		var f *eventlog.FormatError
		if !errors.As(err, &f) {
			t.Errorf("%v is no FormatError", err)
		}
	}
	// If the server cannot be asked, what is known without it is there.
	srv.fail(eventlog.ErrCorrupt)
	d, err := netelf.ReadEventLogDetail(t.Context(), h, records[6])
	want(t, "ReadEventLogDetail", err, nt.ErrorEventlogFileCorrupt)
	if d == nil || d.Message != "Print Spooler, running" || d.MessageBy != eventlog.NotFound {
		t.Errorf("%+v", d)
	}
	srv.fail(nil)
}
