package catalog

import (
	"fmt"
	"path/filepath"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/message"
)

// thousand makes a catalogue of 1,000 sources with a file of 100 messages each.
func thousand(tb testing.TB) string {
	name := filepath.Join(tb.TempDir(), "thousand")
	c, err := Create(name, nil)
	must(tb, err)
	var list []message.Message
	for i := range 100 {
		list = append(list, message.Message{ID: 0x40000000 + uint32(i), Text: fmt.Sprintf("Message %d: the %%1 service entered the %%2 state.%%n%%nIt was %%3.\r\n", i)})
	}
	must(tb, c.Update(ctx, func(tx *Tx) error {
		for i := range 1000 {
			file := fmt.Sprintf("file%d.dll", i)
			if _, err := tx.AddFile(&File{Name: file, Tables: message.Tables{tableOf(tb, English, list...)}}); err != nil {
				return err
			}
			if err := tx.AddSource(source("Application", fmt.Sprint("Source ", i), `%SystemRoot%\System32\`+file)); err != nil {
				return err
			}
		}
		return nil
	}))
	must(tb, c.Close())
	return name
}

var benchEvent = event("Application", "Source 500", 0x40000032, "Windows Update", "running", "started by hand")

// TestWarmAllocates: a text that was met before costs its own memory and no more, and
// a catalogue holds only what was asked for.
func TestWarmAllocates(t *testing.T) {
	c, err := Open(thousand(t), nil)
	must(t, err)
	defer func() { must(t, c.Close()) }()
	const want = "Message 50: the Windows Update service entered the running state.\n\nIt was started by hand."
	wantText(t, c, "", benchEvent, want)
	n := testing.AllocsPerRun(1000, func() {
		if s, _ := c.Message("", benchEvent); s != want {
			t.Fatal(s)
		}
	})
	if !raceEnabled && n > 1 {
		t.Errorf("%v allocations", n)
	}
	if len(c.entries) != 1 || len(c.files) != 1 || c.held > 64<<10 {
		t.Errorf("%d sources, %d files, %d bytes are held", len(c.entries), len(c.files), c.held)
	}
}

func BenchmarkMessageWarm(b *testing.B) {
	c, err := Open(thousand(b), nil)
	must(b, err)
	defer func() { must(b, c.Close()) }()
	c.Message("", benchEvent)
	b.ReportAllocs()
	for b.Loop() {
		if _, by := c.Message("", benchEvent); by != eventlog.ByCatalogue {
			b.Fatal(by)
		}
	}
}

func BenchmarkMessageWarmParallel(b *testing.B) {
	c, err := Open(thousand(b), nil)
	must(b, err)
	defer func() { must(b, c.Close()) }()
	c.Message("", benchEvent)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Message("", benchEvent)
		}
	})
}

// BenchmarkMessageCold asks for the first text of a source.
func BenchmarkMessageCold(b *testing.B) {
	c, err := Open(thousand(b), nil)
	must(b, err)
	defer func() { must(b, c.Close()) }()
	b.ReportAllocs()
	for b.Loop() {
		c.cold.Lock()
		c.forget()
		c.cold.Unlock()
		if _, by := c.Message("", benchEvent); by != eventlog.ByCatalogue {
			b.Fatal(by)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	name := thousand(b)
	b.ReportAllocs()
	for b.Loop() {
		c, err := Open(name, nil)
		must(b, err)
		must(b, c.Close())
	}
}
