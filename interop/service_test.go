//go:build interop

package interop

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/nt"
	"netelf.example/service"
)

// TestLibevtReadsService: libevt finds in every file of the service what the
// service reads: while it runs and has written its checkpoint, when the log has
// wrapped, after a clear, of a backup, and when it was closed.
func TestLibevtReadsService(t *testing.T) {
	lib := needLibevt(t)
	ctx := context.Background()
	admin := eventlog.Caller{Name: "root", SIDs: []eventlog.SID{nt.UnixUser(0), nt.SIDAdministrators, nt.SIDAuthenticatedUsers, nt.SIDEveryone}}
	for _, x := range []struct {
		name string
		sync service.Sync
	}{{"durable", service.SyncAlways}, {"unsynced", service.SyncNone}} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s, err := service.Open(dir, &service.Options{Sync: x.sync, MaxSize: 2 * evt.SizeStep, Computer: "bedrock"})
			if err != nil {
				t.Fatal(err)
			}
			open := true
			defer func() {
				if open {
					_ = s.Close() // the test has failed
				}
			}()
			logs := map[string]eventlog.Log{}
			for _, name := range []string{"System", "Security", "Application"} {
				if logs[name], err = s.As(admin).OpenLog(ctx, name); err != nil {
					t.Fatal(err)
				}
			}
			app := logs["Application"]
			r, err := eventlog.RegisterSource(ctx, s.As(admin), "quarry")
			if err != nil {
				t.Fatal(err)
			}
			reported := 0
			report := func(n int) {
				t.Helper()
				for range n {
					e := eventOfSize(160 + reported*52%4000&^3)
					e.Source = ""
					if reported++; reported%5 == 0 {
						e.Strings = []string{"äöü €", "", "a\ttab"}
					}
					if _, err := r.Report(ctx, e); err != nil {
						t.Fatal(err)
					}
				}
			}
			live := func(what string) {
				t.Helper()
				for name, l := range logs {
					compareService(t, lib, what+": "+name, checkpointed(t, filepath.Join(dir, name+".evt"), l), exportAll(t, l))
				}
			}
			backup := func(name string, want []exported) {
				t.Helper()
				path := filepath.Join(dir, "backup", name+".evt")
				compareService(t, lib, name, path, want)
				b, err := eventlog.OpenBackup(ctx, s.As(admin), name)
				if err != nil {
					t.Fatal(err)
				}
				compareExported(t, name+" by the service", exportAll(t, b), want)
				if err := b.Close(); err != nil {
					t.Error(err)
				}
			}

			live("empty")
			report(20)
			live("some")
			if err := eventlog.Backup(ctx, app, "some"); err != nil {
				t.Fatal(err)
			}
			backup("some", exportAll(t, app))
			for range 4 { // ends that lie elsewhere each time
				report(101)
				live("wrapped")
			}
			if i, err := app.Info(ctx); err != nil || i.Oldest == 1 {
				t.Errorf("%+v, %v: has not wrapped", i, err)
			}
			want := exportAll(t, app)
			if err := eventlog.Clear(ctx, app, "wrapped"); err != nil {
				t.Fatal(err)
			}
			backup("wrapped", want)
			live("cleared")
			report(7)
			live("after the clear")

			report(150)
			closed := map[string][]exported{}
			for name, l := range logs {
				closed[name] = exportAll(t, l)
			}
			open = false
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for name, want := range closed {
				path := filepath.Join(dir, name+".evt")
				if name == "System" { // which has got one more
					f, err := evt.Open(path, nil)
					if err != nil {
						t.Fatal(err)
					}
					all := exportAll(t, f)
					if len(all) != len(want)+1 || all[len(want)].ID&0xffff != 6006 {
						t.Errorf("System has %d records, want %d and 6006", len(all), len(want))
					}
					want = all
					if err := f.Close(); err != nil {
						t.Error(err)
					}
				}
				compareService(t, lib, "closed: "+name, path, want)
			}
		})
	}
}

// exportAll is what a log has, as evtexport prints it.
func exportAll(t testing.TB, l eventlog.Log) (all []exported) {
	t.Helper()
	for e, err := range eventlog.All(context.Background(), l, nil) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, exportOf(e))
	}
	return all
}

// checkpointed waits until the file of a log that stands still has all of it, and
// is a copy of the file.
func checkpointed(t testing.TB, name string, l eventlog.Log) string {
	t.Helper()
	info, err := l.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(name))
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var h evt.FileHeader
		if err = h.UnmarshalBinary(b); err == nil && h.Flags&evt.FlagDirty == 0 && uint64(h.CurrentRecordNumber) == info.Next {
			if err := os.WriteFile(copied, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return copied
		}
		if time.Now().After(end) {
			t.Fatalf("%s has no checkpoint: %+v, %v; want a clean one up to %d", name, h, err, info.Next)
		}
	}
}

// compareService compares what libevt reads of a file. Where the ring turns at the
// boundary of two records libevt gives the rest as recovered, before what it
// recovers of old records.
func compareService(t testing.TB, lib libevt, what, name string, want []exported) {
	t.Helper()
	info, all, err := lib.readMode(name, "all")
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	wrapped := len(want) > 0 && want[0].Number > 1
	if !wrapped && (info.Records != len(want) || info.Corrupted) {
		t.Errorf("%s: %+v, want %d records", what, info, len(want))
	}
	if len(all) != info.Records+info.Recovered {
		t.Errorf("%s: %d records, %+v", what, len(all), info)
	}
	for _, flag := range info.Flags {
		if flag == "Is dirty" {
			t.Errorf("%s: is dirty", what)
		}
	}
	compareExported(t, what, all[:min(len(all), len(want))], want)
}
