package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// summary is where the summary for programs goes; nil: there is none.
type summary struct {
	w     io.Writer
	file  *os.File // w, if it is to be closed
	begun time.Time
}

// openSummary takes --summary: text, json, or json:FILE. A file is there, and
// empty, from the beginning on: so one that is empty is that of a scan that did not
// come to its end.
func (a *app) openSummary(flag string, begun time.Time) (s *summary, quiet bool, err error) {
	name, toFile := strings.CutPrefix(flag, "json:")
	switch {
	case flag == "text":
		return nil, false, nil
	case flag == "json":
		return &summary{w: a.stderr, begun: begun}, true, nil
	case !toFile || name == "":
		return nil, false, usage("--summary %q: want text, json or json:FILE", flag)
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, false, fmt.Errorf("--summary: %w", err)
	}
	return &summary{w: f, file: f, begun: begun}, false, nil
}

// The document (docs/outputs.md).
type (
	summaryDoc struct {
		Begun    time.Time       `json:"begun"`
		Seconds  float64         `json:"seconds"`
		ExitCode int             `json:"exit_code"`
		Stopped  bool            `json:"stopped,omitempty"`
		Events   uint64          `json:"events"`
		Servers  []summaryServer `json:"servers"`
	}
	summaryServer struct {
		Server string `json:"server"`
		summaryPart
		Seconds  float64      `json:"seconds"`
		Skew     *float64     `json:"skew_seconds,omitempty"`
		Reopened string       `json:"reopened,omitempty"`
		Skipped  int          `json:"skipped,omitempty"`
		Logs     []summaryLog `json:"logs,omitempty"`
	}
	summaryLog struct {
		Log string `json:"log"`
		summaryPart
		Bounded uint64 `json:"bounded,omitempty"`
	}
	summaryPart struct {
		State       string `json:"state"`
		Events      uint64 `json:"events"`
		Lost        uint64 `json:"lost"`
		LostUnknown bool   `json:"lost_unknown,omitempty"`
		Error       string `json:"error,omitempty"`
	}
)

func summarize(o *eventlog.Outcome, word string) summaryPart {
	p := summaryPart{State: word, Events: o.Events, Lost: o.Lost, LostUnknown: o.LostUnknown}
	if o.Err != nil {
		p.Error = errorText(o.Err)
	}
	return p
}

// seconds are rounded to milliseconds.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Millisecond)/time.Millisecond) / 1000
}

// write writes the document, one line, and closes the file.
func (s *summary) write(doc *summaryDoc) error {
	b, err := json.Marshal(doc)
	if err == nil {
		_, err = s.w.Write(append(printable(b), '\n'))
	}
	if s.file != nil {
		if closed := s.file.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// printable is JSON in which what a terminal could take for something else than
// text is escaped: such characters are nowhere but in strings.
func printable(b []byte) []byte {
	var out []byte
	for _, r := range string(b) {
		switch {
		case unicode.IsPrint(r):
			out = append(out, string(r)...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// document is the summary of what became of all targets.
func (r *report) document(now time.Time, exit int, stopped bool) *summaryDoc {
	doc := &summaryDoc{Begun: r.summary.begun.UTC().Truncate(time.Millisecond), Seconds: seconds(now.Sub(r.summary.begun)), ExitCode: exit, Stopped: stopped}
	for i := range r.targets {
		t := &r.targets[i]
		o := &t.outcome
		s := summaryServer{Server: t.name, summaryPart: summarize(&o.Outcome, o.Word()), Seconds: seconds(o.Elapsed), Skipped: len(t.skipped)}
		if o.SkewKnown {
			skew := seconds(o.Skew)
			s.Skew = &skew
		}
		if o.Broke != nil {
			s.Reopened = o.Broke.Error()
		}
		for _, l := range o.Logs {
			s.Logs = append(s.Logs, summaryLog{l.Log, summarize(&l.Outcome, l.State.String()), l.Bounded})
		}
		doc.Events += o.Events
		doc.Servers = append(doc.Servers, s)
	}
	return doc
}

// skewShown is from where on a clock that is wrong is worth a word; the asking
// itself takes a part of it.
const skewShown = 2 * time.Second

// clock says how a server's clock differs, "" if it does not.
func clock(o *scan.Outcome) string {
	d := o.Skew.Round(time.Second)
	switch {
	case !o.SkewKnown || d.Abs() < skewShown:
		return ""
	case d < 0:
		return fmt.Sprintf("%v behind", -d)
	}
	return fmt.Sprintf("%v ahead", d)
}

// tally is the last line about many targets.
func (r *report) tally() string {
	counts := map[string]int{}
	var words []string
	var events uint64
	wrong, worst := 0, -1
	for i := range r.targets {
		o := &r.targets[i].outcome
		word := o.Word()
		if counts[word]++; counts[word] == 1 {
			words = append(words, word)
		}
		events += o.Events
		if clock(o) == "" {
			continue
		}
		if wrong++; worst < 0 || o.Skew.Abs() > r.targets[worst].outcome.Skew.Abs() {
			worst = i
		}
	}
	for i, word := range words {
		words[i] = fmt.Sprintf("%d %s", counts[word], word)
	}
	s := fmt.Sprintf("%s: %s; %s", counted(uint64(len(r.targets)), "target"), strings.Join(words, ", "), counted(events, "event"))
	if worst >= 0 {
		s += fmt.Sprintf("; the clock of %s is %s", r.targets[worst].name, clock(&r.targets[worst].outcome))
	}
	if wrong > 1 {
		s += fmt.Sprintf(", that of %d more is wrong too", wrong-1)
	}
	return s
}
