package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/internal/worded"
	"netelf.example/render"
	"netelf.example/scan"
	"netelf.example/service"
	"netelf.example/target"
)

// followFlags are the flags of follow as they were given.
type followFlags struct {
	where
	text           textFlags
	logs           []string
	last           uint32
	limit          count
	output, fields string
	schema         string
	data           bool
	zone           string
	quiet          bool
}

func (a *app) followVerb() *cobra.Command {
	var f followFlags
	cmd := &cobra.Command{
		Use:     "follow [TARGET...]",
		GroupID: groupRead,
		Short:   "Show new events as they come",
		Long: `Shows the newest events of the logs of all targets in the order of time, and then
each new one as it comes, until it is stopped. Without a TARGET it is the service
of this machine. Without --log it is all logs that you may read.

A service that stops, or cannot be reached, is told on the standard error and
tried again; it goes on where it was, so that nothing is missing. What a log has
overwritten meanwhile, and that one was cleared, is said there too. A log that is
not there, or that you may not read, is told and left out.

Files and folders of them are followed while another program writes them, on a
mounted disk, a share, or as copies that are brought up to date. They are looked at
every quarter of a second to four seconds. The logs of a folder are those that it
has when it begins.

Of flags that choose events all must hold; of several values of one flag, which
commas separate, one must. --query asks in one text, as in scan; docs/query.md has
all of it.

Exit codes: 0 it was stopped, or --limit was reached; 1 nothing is left that could
be followed; 2 wrong usage; 4 --limit was reached, and some of the targets or
logs could not be followed.`,
		Example: `  netelf follow
  netelf follow bedrock rpc://barney --type error,warning
  netelf follow --log System --id 6005,6006,6008 -o json
  netelf follow --query 'level<=2 or source:Crusher'
  netelf follow /mnt/c/Windows/System32/winevt/Logs --log System,Security
  netelf follow -n 0 --limit 1 --source Crusher && echo "the crusher has something to say"`,
		ValidArgsFunction: a.completeTargets,
		RunE: a.verb(func(ctx context.Context, args []string) error {
			j, err := a.planFollow(&f, args)
			if err != nil {
				return err
			}
			return j.run(ctx)
		}),
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.Uint32VarP(&f.last, "last", "n", 10, "begin with this `number` of the newest events")
	fl.Var(&f.limit, "limit", "end after so many events")
	fl.StringArrayVar(&f.logs, "log", nil, "only these `logs`, by name: System")
	f.where.flags(fl)
	f.text.flags(cmd)
	fl.StringVarP(&f.output, "output", "o", "table", "the `form` of the events: table, json, csv, xml")
	fl.StringVar(&f.fields, "fields", "", "show these `fields`, in this order: time,type,computer,source,id,message;\ndata.NAME is the datum of that name")
	fl.StringVar(&f.schema, "schema", "native", "the `names` of json: native, ecs (as Winlogbeat writes), otel (the body of\nOpenTelemetry's windowseventlogreceiver)")
	fl.BoolVar(&f.data, "data", false, "show binary data under its event in the table")
	fl.StringVar(&f.zone, "timezone", "local", "the `zone` of times: local, utc, or a name as Europe/Berlin;\njson and xml are always in utc")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "do not say when a target is lost for a while, and when it is back")
	a.credentialFlags(cmd)
	for name, values := range map[string]func() []string{
		"type":     typeNames,
		"level":    levelNames,
		"output":   followForms,
		"schema":   schemaNames,
		"timezone": func() []string { return []string{"local", "utc"} },
		"log":      standardLogs,
		"fields":   fieldNames,
	} {
		completeList(cmd, name, values)
	}
	completeQuery(cmd)
	return cmd
}

// followForms are the outputs without classic, which has the time of a reading in
// its headers.
func followForms() []string {
	return slices.DeleteFunc(formNames(), func(s string) bool { return s == render.Classic.String() })
}

// followJob is a following that is ready to run.
type followJob struct {
	*app
	targets []scan.Target
	sel     eventlog.Selection
	opts    scan.FollowOptions
	out     *render.Writer
	quiet   bool
	texts   *texts // nil: no text is wanted
	givenUp bool   // of something, said by a Notice
}

// planFollow turns flags and arguments into a job. All that is wrong with them
// is found here.
func (a *app) planFollow(f *followFlags, args []string) (*followJob, error) {
	j := &followJob{app: a, quiet: f.quiet, opts: scan.FollowOptions{Last: int(f.last)}}
	loc, err := parseZone(f.zone)
	if err != nil {
		return nil, err
	}
	asked, err := f.where.ask(a.now(), loc)
	if err != nil {
		return nil, err
	}
	form, err := render.ParseForm(f.output)
	if err == nil && form == render.Classic {
		err = errors.New("classic is for a list that ends: one of table, json, csv, xml")
	}
	if err != nil {
		return nil, usage("--output: %w", err)
	}
	opts := render.Options{Location: loc, Data: f.data}
	if opts.Schema, err = render.ParseSchema(cmp.Or(f.schema, "native")); err != nil {
		return nil, usage("--schema: %w", err)
	}
	if f.fields != "" {
		if opts.Fields, opts.Named, err = render.ParseFields(f.fields); err != nil {
			return nil, usage("--fields: %w", err)
		}
	}
	logs := split(f.logs)
	if f.logs != nil && len(logs) == 0 {
		return nil, usage("--log is empty")
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	if form == render.Table {
		opts.Width, opts.Colour = width(a.stdout), colour(a.stdout, a.env)
		opts.OneLog = len(args) == 1 && len(logs) == 1
	} else if f.data {
		return nil, usage("--data is for the table; json, csv and xml show binary data without it")
	}
	if j.out, err = render.New(a.stdout, form, &opts); err != nil {
		return nil, renderUsage(&opts, err)
	}
	if err := f.text.check(); err != nil {
		return nil, err
	}
	targets, err := a.targets(args, "")
	if err != nil {
		return nil, err
	}
	if j.texts, err = a.texts(&f.text); err != nil {
		return nil, err
	}
	expr, err := f.where.expr(j.texts.grep(targets))
	if err != nil {
		j.texts.close()
		return nil, err
	}
	j.sel = eventlog.Selection{Where: expr, Limit: int(f.limit), Want: f.text.want(render.Wants(form, opts.Fields)), Lang: f.text.langs}
	asked.add(&j.sel)
	j.opts.Resolver = j.texts.resolver()
	for _, t := range targets {
		s := t.Scan(asked.logs(t.Kind, f.logs != nil, logs))
		s.Open = followable(&t, s.Open)
		j.targets = append(j.targets, s)
	}
	j.opts.Notice = j.notice
	return j, nil
}

// errDataDir is an errors.ErrUnsupported that says why.
var errDataDir = worded.Errorf(errors.ErrUnsupported, "nothing comes to a data directory while it is read: follow the service that keeps it")

// followable is open, and says of what does not grow while it is open that it
// cannot be followed.
func followable(t *target.Target, open func(context.Context) (eventlog.Server, error)) func(context.Context) (eventlog.Server, error) {
	if t.Kind != target.DataDir {
		return open
	}
	return func(ctx context.Context) (eventlog.Server, error) {
		srv, err := open(ctx) // if it is not there, or may not be read, that is what is wrong
		if err != nil && !errors.Is(err, service.ErrInUse) {
			return nil, err
		}
		if err == nil {
			_ = srv.Close() // nothing was done with it
		}
		return nil, errDataDir
	}
}

// notice says what became of a target or a log.
func (j *followJob) notice(n scan.Notice) {
	name := n.Target
	if n.Log != "" {
		name += "/" + n.Log
	}
	switch {
	case n.GivenUp:
		j.givenUp = true
		j.say("%s: %s; it is not followed", name, errorText(n.Err))
	case j.quiet:
	case n.Err != nil:
		text := errorText(n.Err)
		if errors.Is(n.Err, fs.ErrClosed) {
			text = "the service has stopped"
		}
		j.say("%s: %s; trying again", name, text)
	default:
		j.say("%s: back", name)
	}
}

func (j *followJob) run(ctx context.Context) error {
	c := scan.Follow(ctx, j.targets, &j.sel, &j.opts)
	err := j.stream(ctx, eventlog.Resolve(c, &j.sel, j.texts.resolver()))
	_ = c.Close() // never fails; from here on nothing is told any more
	j.texts.close()
	switch {
	case err == io.EOF && j.givenUp:
		return code(exitSome)
	case err == io.EOF, errors.Is(err, context.Canceled):
		return nil // being stopped is how it ends
	case errors.Is(err, scan.ErrIncomplete):
		return code(exitFailed) // why has been said
	}
	return err
}

// stream writes events as they come, closes the output, and says why it ended.
func (j *followJob) stream(ctx context.Context, c eventlog.Cursor) error {
	var e eventlog.Event
	for {
		err := c.Next(ctx, &e)
		loss, lost := eventlog.AsLoss(err)
		switch {
		case err == nil:
			if err := j.out.Write(&e); err != nil {
				return outputError(err)
			}
			if err := j.out.Flush(); err != nil {
				return outputError(err)
			}
		case lost:
			j.say("%s", lossText(loss))
		default:
			if err := j.out.Close(); err != nil {
				return outputError(err)
			}
			return err
		}
	}
}

// lossText is a loss as it is said of a log that is followed.
func lossText(l *eventlog.Loss) string {
	if errors.Is(l.Err, eventlog.ErrMarkGone) && l.Last == 0 {
		return fmt.Sprintf("%s: the log was cleared", l.Origin)
	}
	return l.Error()
}
