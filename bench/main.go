// Command bench measures netelf against its peers, side by side in one run:
//
//	go run ./bench            everything
//	go run ./bench files      reading .evt files
//	go run ./bench evtx       reading .evtx files
//	go run ./bench scan       reading many servers at once
//	go run ./bench results    asking many servers for results that are paged and counted
//	go run ./bench page       the web page, in Chromium
//	go run ./bench service    the event log service; service/durable is one part of it
//	go run ./bench message    the text of events
//	go run ./bench http       the HTTP API over TLS
//	go run ./bench many       many servers, by the HTTP API
//
// The programs take turns, several times over, on the same disk, and what is
// printed is the best or the median of each with its ratio to the peer. Times of
// one machine swing; ratios of one run are what to trust. Linux only; evtexport is
// in Debian's libevt-utils, evtxexport in libevtx-utils, rsyslogd in rsyslog, evtx_dump
// in the crate evtx: what is not installed is passed over with a word.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var (
	small = flag.Int("size", 64, "size in `MiB` of the file that is read whole")
	big   = flag.Int("big", 1024, "size in `MiB` of the file that is searched, and of the log that is opened after a crash")
	runs  = flag.Int("runs", 5, "how many times each program runs")
	dir   = flag.String("dir", "", "where to make the folders for the files; empty: in a temporary one, removed at the end")
)

// parts are what can be named on the command line, each alone or by what stands
// before the slash. Each prints tables of its own, and works in a folder of its own
// that is removed behind it.
var parts = []struct {
	name string
	run  func(w io.Writer, work string) error
}{
	{"files", benchFiles},
	{"evtx", benchEvtx},
	{"scan", benchScan},
	{"results", benchResults},
	{"service/durable", benchDurable},
	{"service/unsynced", benchUnsynced},
	{"service/socket", benchSocket},
	{"service/reopen", benchReopen},
	{"even", benchEven},
	{"message", benchMessage},
	{"http", benchHTTP},
	{"many", benchMany},
	{"page", benchPage},
}

func main() {
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: bench [flags] [part…]\nparts: %s\n", strings.Join(partNames(), ", "))
		flag.PrintDefaults()
	}
	flag.Parse()
	var err error
	if how := os.Getenv(childEnv); how != "" {
		err = runChild(how)
	} else if how := os.Getenv(evtxEnv); how != "" {
		err = runEvtx(how, flag.Arg(0))
	} else {
		err = run(os.Stdout, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func partNames() (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// means says whether a part is what somebody named.
func means(name, part string) bool { return name == part || strings.HasPrefix(part, name+"/") }

func run(w io.Writer, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(partNames(), func(part string) bool { return means(name, part) }) {
			return fmt.Errorf("no part %q: there are %s", name, strings.Join(partNames(), ", "))
		}
	}
	work := *dir
	if work == "" {
		tmp, err := os.MkdirTemp("", "netelf-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		work = tmp
	}
	// The catalogue of whoever runs this has no part in it.
	if err := os.Setenv("XDG_DATA_HOME", filepath.Join(work, "share")); err != nil {
		return err
	}
	for _, p := range parts {
		if len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return means(name, p.name) }) {
			continue
		}
		folder := filepath.Join(work, strings.ReplaceAll(p.name, "/", "-"))
		err := os.Mkdir(folder, 0o700)
		if err == nil {
			err = p.run(w, folder)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}
