package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/nt"
	"netelf.example/query"
	"netelf.example/target"
)

// asked is what --query asks for; the zero one is all.
type asked struct{ *query.Query }

// ask reads --query.
func (w *where) ask(now time.Time, loc *time.Location) (asked, error) {
	text, name := w.query, "--query"
	if file, ok := strings.CutPrefix(text, "@"); ok {
		name += " " + text
		var err error
		if text, err = readQuery(file); err != nil {
			return asked{}, usage("--query: %w", err)
		}
		if strings.TrimSpace(text) == "" {
			return asked{}, usage("%s is empty", name)
		}
	}
	q, err := query.Parse(text, &query.Options{Now: now, Location: loc})
	if err != nil {
		return asked{}, usage("%s: %w", name, err)
	}
	return asked{q}, nil
}

// readQuery reads the text of a file, in UTF-8 or, as Windows writes, in UTF-16.
func readQuery(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()                                             // it was only read
	b, err := io.ReadAll(io.LimitReader(f, 2*query.MaxText+16)) // twice as long in UTF-16
	if err != nil {
		return "", err
	}
	text, _ := nt.FileText(b) // what is no UTF-8 the query's own error speaks of
	return text, nil
}

// add makes a selection ask for what a holds too.
func (a asked) add(s *eventlog.Selection) {
	s.Where = query.Both(s.Where, a.Where)
	if a.Limit > 0 && (s.Limit == 0 || a.Limit < s.Limit) {
		s.Limit = a.Limit
	}
}

// narrow adds a to the selection of a walk that ends, with its bounds.
func (a asked) narrow(s *eventlog.Selection) {
	a.add(s)
	if a.Since.After(s.Since) {
		s.Since = a.Since
	}
	if !a.Until.IsZero() && (s.Until.IsZero() || a.Until.Before(s.Until)) {
		s.Until = a.Until
	}
	switch {
	case s.Recovered: // such records come before all others, whatever their number
	case s.Backward:
		s.Start = a.Last
	default:
		s.Start = a.First
	}
}

// window is what the flags say of the time in words, or else what the query says.
func (a asked) window(words string, since, until when, loc *time.Location) string {
	if !since.time.IsZero() || !until.time.IsZero() {
		return words
	}
	const layout = "2006-01-02 15:04:05"
	switch from, to := a.Since.In(loc).Format(layout), a.Until.In(loc).Format(layout); {
	case a.Since.IsZero() && a.Until.IsZero():
	case a.Until.IsZero():
		return "since " + from
	case a.Since.IsZero():
		return words + " until " + to
	default:
		return "since " + from + " until " + to
	}
	return words
}

// logs are those that a target is asked for: what --log says, or else what the
// query names. Files are not called as the logs that they are of; what the query
// says of logs is asked of their events.
func (a asked) logs(k target.Kind, given bool, logs []string) []string {
	if !given && k != target.Path {
		return slices.Clone(a.Logs)
	}
	return slices.Clone(logs)
}

// completeQuery completes the last word of --query.
func completeQuery(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("query", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		if strings.HasPrefix(typed, "@") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		c := query.Complete(typed, len(typed))
		var all []string
		for _, i := range c.Items {
			all = append(all, typed[:c.From]+i.Text)
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	if err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}
