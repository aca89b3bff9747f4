package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/sourcetext"
	"netelf.example/message"
	"netelf.example/message/catalog"
)

// What benchMessage's catalogue is like, and what it may cost.
const (
	messageSources = 1000
	messageEach    = 100 // messages of a source

	messageWarm = 2 * time.Microsecond
	messageOpen = 50 * time.Millisecond
	messageHeld = 1 << 20 // bytes that are held when one source was asked
)

// benchMessage measures what the text of an event costs: out of a catalogue, out of
// the message file of a source, and inserting alone. Nobody else has such a thing
// to be compared with: FormatMessage is part of Windows, and of Wine.
func benchMessage(w io.Writer, work string) error {
	ctx := context.Background()
	name := filepath.Join(work, "messages.db")
	source, err := messageCatalog(ctx, name)
	if err != nil {
		return err
	}
	mc := filepath.Join(work, "source.mc")
	if err := os.WriteFile(mc, []byte(source), 0o600); err != nil {
		return err
	}
	word := func(over bool, limit any) string {
		if over {
			return fmt.Sprintf("  more than %v", limit)
		}
		return ""
	}

	fmt.Fprintf(w, "\nmessage text: a catalogue of %d sources with %d messages each; median of %d rounds\n", messageSources, messageEach, *runs)
	var opens, colds, held []float64
	e := &eventlog.Event{Origin: &eventlog.Origin{Log: "System"}, Source: "Source 500", ID: 0x40000032, Strings: []string{"Windows Update", "running", "by hand"}}
	for range *runs {
		before := inUse()
		begin := time.Now()
		c, err := catalog.Open(name, nil)
		if err != nil {
			return err
		}
		opens = append(opens, time.Since(begin).Seconds())
		begin = time.Now()
		if _, by := c.Message("", e); by != eventlog.ByCatalogue {
			return fmt.Errorf("the first text is %v", by)
		}
		colds = append(colds, time.Since(begin).Seconds())
		held = append(held, max(inUse()-before, 0))
		if err := c.Close(); err != nil {
			return err
		}
	}
	open, memory := median(opens), median(held)
	fmt.Fprintf(w, "%-36s  %10.2fms%s\n", "open", open*1e3, word(open > messageOpen.Seconds(), messageOpen))
	fmt.Fprintf(w, "%-36s  %10.2fms\n", "the first text of a source", median(colds)*1e3)
	fmt.Fprintf(w, "%-36s  %9.1fKiB%s\n", "in memory then, SQLite with it", memory/1024, word(memory > messageHeld, "1 MiB"))

	c, err := catalog.Open(name, nil)
	if err != nil {
		return err
	}
	defer c.Close() // it was only read from
	files := sourcetext.New(nil)
	src := &eventlog.Source{Name: e.Source, MessageFiles: []string{mc}}
	langs := []message.Lang{message.English}
	template := message.NewTemplate("Message 50: the %1 service entered the %2 state.%n%nIt was %3.")
	dst := make([]byte, 0, 512)
	fmt.Fprintf(w, "%-36s  %10s  %14s  %14s  %10s\n", "each text from then on", "time", "bytes allocated", "bytes of text", "allocations")
	for _, what := range []struct {
		name string
		text func() int
	}{
		{"out of the catalogue", func() int { s, _ := c.Message("", e); return len(s) }},
		{"out of a source's message file", func() int { s, _ := files.Message(src, langs, e); return len(s) }},
		{"inserting alone", func() int { dst = template.Append(dst[:0], e.Strings, nil); return 0 }},
	} {
		var times []float64
		var bytes, allocs float64
		text := what.text()
		for range *runs {
			const n = 20000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			for range n {
				if what.text() != text {
					return fmt.Errorf("%s: another text", what.name)
				}
			}
			times = append(times, time.Since(begin).Seconds()/n)
			runtime.ReadMemStats(&after)
			bytes = float64(after.TotalAlloc-before.TotalAlloc) / n
			allocs = float64(after.Mallocs-before.Mallocs) / n
		}
		t := median(times)
		fmt.Fprintf(w, "%-36s  %8.0fns  %14.1f  %14d  %10.2f%s\n", what.name, t*1e9, bytes, text, allocs, word(t > messageWarm.Seconds(), messageWarm))
	}
	return nil
}

// messageCatalog makes the catalogue, and gives .mc text with the messages of one of
// its sources.
func messageCatalog(ctx context.Context, name string) (source string, err error) {
	c, err := catalog.Create(name, nil)
	if err != nil {
		return "", err
	}
	source = "FacilityNames=(None=0x0)\n"
	for i := range messageEach {
		source += fmt.Sprintf("MessageId=%d Severity=Informational Facility=None\nLanguage=English\nMessage %d: the %%1 service entered the %%2 state.%%n%%nIt was %%3.\n.\n", i, i)
	}
	parsed, err := message.ParseMC([]byte(source))
	if err != nil {
		return "", err
	}
	tables, err := parsed.Compile()
	if err != nil {
		return "", err
	}
	err = c.Update(ctx, func(tx *catalog.Tx) error {
		for i := range messageSources {
			file := fmt.Sprintf("file%d.dll", i)
			if _, err := tx.AddFile(&catalog.File{Name: file, Tables: tables}); err != nil {
				return err
			}
			s := catalog.Source{Source: eventlog.Source{Log: "System", Name: fmt.Sprint("Source ", i), MessageFiles: []string{`%SystemRoot%\System32\` + file}}}
			if err := tx.AddSource(s); err != nil {
				return err
			}
		}
		return nil
	})
	if closed := c.Close(); err == nil {
		err = closed
	}
	return source, err
}
