package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/files"
	"netelf.example/render"
)

func (a *app) checkVerb() *cobra.Command {
	var output string
	var opts files.Options
	cmd := &cobra.Command{
		Use:     "check FILE...",
		GroupID: groupFiles,
		Short:   "Find out whether a log file is damaged",
		Long: `Reads each .evt or .evtx file from its oldest record to its newest and lists every damage:
the offset in the file, what is missing or incomplete there, and why. The last
line of a file is the verdict:

  clean    nothing is wrong
  dirty    the file was copied or cut off from its writer while it was in use;
           values in its header are stale, but every record can be read
  damaged  something is missing, or contradicts itself

It also counts the records that can be recovered: old ones that the log no longer
reaches. 'netelf recover' writes what can be saved into a new file, and
'netelf scan --recovered' lists them.

An .evtx file has checksums. One that is not that of its bytes is a damage, though
every record may be there; --no-verify does not compare them.

Exit codes: 0 no file is damaged; 1 no file could be read; 2 wrong usage; 3 a
file is damaged; 4 some of the files could not be read.`,
		Example: `  netelf check SysEvent.Evt
  netelf check -o json /mnt/evidence/*.evt*
  netelf check Security.evtx`,
		Args:              atLeastOne,
		ValidArgsFunction: completeFiles,
	}
	outputFlag(cmd, &output)
	cmd.Flags().BoolVar(&opts.NoVerify, "no-verify", false, "do not compare the checksums of .evtx files")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		return a.eachFile(ctx, args, &opts, func(name string, l eventlog.Log, info eventlog.Info) (bool, error) {
			out := bufio.NewWriter(a.stdout)
			c := &checker{out: out, name: name, json: asJSON}
			damaged, err := c.check(ctx, l, info)
			if flushed := out.Flush(); flushed != nil {
				err = &writeError{flushed}
			}
			return damaged, err
		})
	})
	return cmd
}

type checker struct {
	out  io.Writer
	name string
	json bool

	outcome     eventlog.Outcome // of what the log reaches
	recoverable uint64
}

// damageDoc is one damage, verdictDoc what comes of all.
type damageDoc struct {
	File    string `json:"file"`
	Damage  string `json:"damage"` // incomplete, missing, intact
	Offset  int64  `json:"offset"`
	First   uint64 `json:"first,omitempty"`
	Last    uint64 `json:"last,omitempty"`
	Problem string `json:"problem"`
}

type verdictDoc struct {
	File        string `json:"file"`
	Verdict     string `json:"verdict"`
	Records     uint64 `json:"records"`
	Oldest      uint64 `json:"oldest,omitempty"`
	Newest      uint64 `json:"newest,omitempty"`
	Recoverable uint64 `json:"recoverable"`
	Damages     uint64 `json:"damages"`
	Missing     uint64 `json:"missing"`
	MoreMissing bool   `json:"more_missing,omitempty"`
	Wrapped     bool   `json:"wrapped,omitempty"`
	Full        bool   `json:"full,omitempty"`
}

func (c *checker) check(ctx context.Context, l eventlog.Log, info eventlog.Info) (damaged bool, err error) {
	cur, err := l.Read(ctx, &eventlog.Selection{Recovered: true, Want: eventlog.DefaultFields})
	if err != nil {
		return false, err
	}
	defer cur.Close()
	var e eventlog.Event
	var incomplete *eventlog.Loss // of the next event
	for {
		err := cur.Next(ctx, &e)
		var loss *eventlog.Loss
		switch {
		case err == io.EOF:
			return c.verdict(l, info)
		case errors.As(err, &loss):
			if loss.Partial && loss.First != 0 {
				incomplete = loss
			} else if err := c.damage(loss); err != nil {
				return true, err
			}
		case err != nil:
			return c.outcome.Losses > 0, err
		default:
			if e.Recovered {
				c.recoverable++
			} else {
				c.outcome.Note(nil)
				if incomplete != nil {
					if err := c.damage(incomplete); err != nil {
						return true, err
					}
				}
			}
			incomplete = nil
		}
	}
}

// damage says one.
func (c *checker) damage(l *eventlog.Loss) error {
	c.outcome.Note(l)
	if !c.json {
		text := *l
		text.Origin = nil // the file is said before it
		place := "          "
		if l.Offset >= 0 {
			place = fmt.Sprintf("0x%08x", l.Offset)
		}
		return put(c.out, []byte(render.Visible(fmt.Sprintf("%s: %s  %v", c.name, place, &text))+"\n"))
	}
	d := damageDoc{File: c.name, Damage: "missing", Offset: l.Offset, First: l.First, Last: l.Last}
	switch {
	case l.Partial && l.First != 0:
		d.Damage = "incomplete"
	case l.Partial:
		d.Damage = "intact"
	}
	if l.Err != nil {
		d.Problem = l.Err.Error()
	}
	return c.line(d)
}

func (c *checker) line(v any) error {
	b, err := jsonLine(v)
	if err != nil {
		return err
	}
	return put(c.out, b)
}

func (c *checker) verdict(l eventlog.Log, info eventlog.Info) (damaged bool, err error) {
	o := &c.outcome
	damaged = o.Losses > 0
	wrapped := false
	if r, ok := l.(*evt.Reader); ok {
		h, err := r.Header()
		wrapped = err == nil && h.Flags&evt.FlagWrapped != 0
	}
	d := verdictDoc{
		File: c.name, Verdict: "clean", Records: o.Events, Recoverable: c.recoverable,
		Damages: o.Losses, Missing: o.Lost, MoreMissing: o.LostUnknown,
		Wrapped: wrapped, Full: info.Full,
	}
	if info.Count() > 0 {
		d.Oldest, d.Newest = info.Oldest, info.Next-1
	}
	switch {
	case damaged:
		d.Verdict = "damaged"
	case info.Dirty:
		d.Verdict = "dirty"
	}
	if c.json {
		return damaged, c.line(d)
	}
	says := []string{d.Verdict}
	if damaged {
		says[0] += " in " + counted(o.Losses, "place")
		if m := missing(o); m != "" {
			says = append(says, strings.TrimPrefix(m, ", "))
		}
		if info.Dirty {
			says = append(says, "and dirty")
		}
	}
	records := counted(o.Events, "record")
	if o.Events > 0 && info.Count() > 0 {
		records += fmt.Sprintf(" from %d to %d", d.Oldest, d.Newest)
	}
	says = append(says, records, fmt.Sprintf("%d more can be recovered", c.recoverable))
	if d.Wrapped {
		says = append(says, "wrapped")
	}
	if d.Full {
		says = append(says, "full")
	}
	return damaged, put(c.out, []byte(render.Visible(c.name+": "+strings.Join(says, ", "))+"\n"))
}
