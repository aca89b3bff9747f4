package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"netelf.example/evt"
	"netelf.example/internal/logtest"
)

// benchFiles makes .evt files of realistic records and has every program read
// them.
func benchFiles(w io.Writer, work string) error {
	netelf := filepath.Join(work, "netelf")
	build := exec.Command("go", "build", "-o", netelf, "netelf.example/cmd/netelf")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build netelf: %w", err)
	}
	one, err := makeLog(filepath.Join(work, "one.evt"), int64(*small)<<20)
	if err != nil {
		return err
	}
	large, err := makeLog(filepath.Join(work, "large.evt"), int64(*big)<<20)
	if err != nil {
		return err
	}
	many := filepath.Join(work, "many")
	if err := os.MkdirAll(many, 0o755); err != nil {
		return err
	}
	all := file{path: many}
	for i := range 8 {
		f, err := makeLog(filepath.Join(many, fmt.Sprintf("log%d.evt", i)), int64(*small)<<20/4)
		if err != nil {
			return err
		}
		all.bytes += f.bytes
		all.records += f.records
	}

	core := []string{"taskset", "-c", "0"}
	scan := func(prefix []string, f file, args ...string) []string {
		return slices.Concat(prefix, []string{netelf, "scan", "--quiet", "-o", "json"}, args, []string{f.path})
	}
	none := func(prefix []string, name string, args ...string) *program {
		return &program{name: "netelf scan, none by " + name, args: scan(prefix, large, args...), in: large}
	}
	for _, part := range []struct {
		title    string
		programs []*program
	}{
		{"all events as json, one core; ratio to evtexport", []*program{
			{name: "evtexport (libevt)", args: slices.Concat(core, []string{"evtexport", one.path}), in: one},
			{name: "netelf scan -o json", args: scan(core, one), in: one},
			{name: "netelf scan -o json --reverse", args: scan(core, one, "--reverse"), in: one},
		}},
		{"a selection that matches nothing, one core; ratio to cat", []*program{
			{name: "cat", args: slices.Concat(core, []string{"cat", large.path}), in: large},
			none(core, "time", "--since", "2090-01-01"),
			none(core, "type", "--type", "audit-failure"),
			none(core, "id", "--id", "9999"),
			none(core, "source", "--source", "no such source"),
		}},
		{"eight files as json; ratio of two cores to one", []*program{
			{name: "netelf scan -o json, one core", args: scan(core, all), in: all},
			{name: "netelf scan -o json, all cores", args: scan(nil, all), in: all},
		}},
	} {
		if err := compare(w, part.title, part.programs); err != nil {
			return err
		}
	}
	return nil
}

// file is what a program reads.
type file struct {
	path           string
	bytes, records int64
}

func makeLog(name string, size int64) (f file, err error) {
	out, err := os.Create(name)
	if err != nil {
		return f, err
	}
	defer func() {
		if e := out.Close(); err == nil {
			err = e
		}
	}()
	w, err := evt.Create(out, &evt.WriterOptions{MaxSize: size})
	if err != nil {
		return f, err
	}
	// Once around and a bit, so that the log is full and wrapped.
	for n := int64(0); n < size/290; n++ {
		if _, err := w.Append(logtest.Realistic(int(n))); err != nil {
			return f, err
		}
	}
	if err := w.Flush(); err != nil {
		return f, err
	}
	return file{name, size, int64(w.Count())}, nil
}

// program is one contender.
type program struct {
	name  string
	args  []string
	in    file
	times []time.Duration
	peak  int64 // KiB
	gone  string
}

// foreign is how to get the programs of others.
var foreign = map[string]string{
	"evtexport":  "apt-get install libevt-utils",
	"evtxexport": "apt-get install libevtx-utils",
	"evtx_dump":  "cargo install evtx",
}

// compare runs all programs in turn, so that what disturbs the machine disturbs
// them alike; the first is the one that the ratios are to.
func compare(w io.Writer, title string, programs []*program) error {
	for range *runs {
		for _, p := range programs {
			if p.gone != "" {
				continue
			}
			err := p.run()
			if err != nil && strings.HasPrefix(p.name, "netelf") {
				return err
			}
			if err != nil { // another's trouble is told, and the others go on
				lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
				p.gone = "does not run: " + lines[len(lines)-1]
			}
		}
	}
	fmt.Fprintf(w, "\n%s\n%-36s %9s %9s %12s %9s %7s\n", title, "", "MB/s best", "median", "records/s", "peak MiB", "ratio")
	base := programs[0]
	for _, p := range programs {
		if p.gone != "" {
			fmt.Fprintf(w, "%-36s %s\n", p.name, p.gone)
			continue
		}
		slices.Sort(p.times)
		best, median := p.times[0], p.times[len(p.times)/2]
		ratio := "-"
		if base.gone == "" {
			ratio = fmt.Sprintf("%.2f", base.times[0].Seconds()/best.Seconds())
		}
		fmt.Fprintf(w, "%-36s %9.0f %9.0f %12.0f %9.1f %7s\n", p.name,
			float64(p.in.bytes)/1e6/best.Seconds(), float64(p.in.bytes)/1e6/median.Seconds(),
			float64(p.in.records)/best.Seconds(), float64(p.peak)/1024, ratio)
	}
	return nil
}

func (p *program) run() error {
	for _, a := range p.args[:min(4, len(p.args))] {
		if get, ok := foreign[a]; ok {
			if _, err := exec.LookPath(a); err != nil {
				p.gone = "not installed: " + get
				return nil
			}
		}
	}
	cmd := exec.Command(p.args[0], p.args[1:]...)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	cmd.Stdout = null
	var complaint strings.Builder
	cmd.Stderr = &complaint
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(p.args, " "), err, complaint.String())
	}
	p.times = append(p.times, time.Since(begin))
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.peak = max(p.peak, int64(use.Maxrss)) // 32 bits on some machines
	}
	return nil
}
