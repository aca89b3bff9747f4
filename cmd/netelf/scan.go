package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/render"
	"netelf.example/scan"
	"netelf.example/target"
)

// scanFlags are the flags of scan as they were given.
type scanFlags struct {
	where
	text               textFlags
	unresolved         bool
	since, until, zone string
	logs               []string
	limit              count
	reverse            bool
	output, fields     string
	schema             string
	data               bool
	recovered          bool
	parallel           count
	timeout, deadline  time.Duration
	timeoutGiven       bool
	file               string // of targets
	summary            string
	quiet              bool
}

func (a *app) scanVerb() *cobra.Command {
	var f scanFlags
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:     "scan [TARGET...]",
		GroupID: groupRead,
		Short:   "List the events of many logs in the order of time",
		Long: `Reads the event logs of all targets at once and lists their events in the order
of time, the newest first. A TARGET is an .evt or .evtx file, or a folder, of
which all such files are read, also those in folders below it, or dir:PATH, a data
directory of netelf, or . (a dot), the event log service of this machine, which is
read when no target is named. A server is named as bedrock, fred@bedrock or
smb://bedrock (Windows, Samba), rpc://bedrock or https://bedrock (netelf). @GROUP is
a group of targets, and a name one target, of your configuration,
~/.config/netelf/config.yaml. --targets reads a list of them from a file.

Of servers, the service and data directories the events of the last 8 hours are
listed, as the old scripts did, unless --since or --until says otherwise; of files,
and where one is among the targets, all. Over SMB and RPC they are those of the logs
System and Application unless --log says otherwise; of the service, and over https,
those of all logs that you may read.

What becomes of each target is said on the standard error: ok, partial with what
is damaged, or its error. The trouble of one target never stops another. A
connection that breaks off is made again once, and the list goes on where it was.
Where a password is refused it is not tried at the next server.

Of flags that choose events all must hold; of several values of one flag, which
commas separate, one must. --query asks in one text for what flags cannot say: in
netelf's own language, in the XPath of Windows' event queries, or with a QueryList,
also one that Event Viewer saved. docs/query.md has all of it. Bounds on time
in it hold beside --since and --until, and take the place of the 8 hours too.

Exit codes: 0 all is well; 1 nothing could be read; 2 wrong usage; 3 something
is damaged, the rest was listed; 4 some of the targets could not be read.`,
		Example: `  netelf scan
  netelf scan SysEvent.Evt
  netelf scan --since "2003-05-01" --until "2003-06-01 12:00" SysEvent.Evt
  netelf scan --type error,warning --source "Service Control*" /mnt/evidence
  netelf scan --log System --id 6005,6006,6008 bedrock/ barney/ betty/
  netelf scan -U fred --log Security --id 4740,644 --since "yesterday 18:00" bedrock barney
  netelf scan --id -7035,-7036 --grep spooler -n 20 SysEvent.Evt
  netelf scan --since 1d --log System dir:/var/lib/netelf
  netelf scan --query 'level<=2 -source:disk (id:7,51 or "bad block")' SysEvent.Evt
  netelf scan --query "*[System[(EventID=6005 or EventID=6008)]]" /mnt/evidence
  netelf scan --query @errors.xml bedrock barney
  netelf scan --recovered -o json SysEvent.Evt > events.json
  netelf scan -o csv --id 4625 --fields time,data.TargetUserName,data.IpAddress Security.evtx
  netelf scan -o json --schema ecs Security.evtx
  netelf scan --targets machines.txt --summary json:scan.json @web`,
		ValidArgsFunction: a.completeTargets,
		RunE: a.verb(func(ctx context.Context, args []string) error {
			f.timeoutGiven = cmd.Flags().Changed("timeout")
			j, err := a.planScan(&f, args)
			if err != nil {
				return err
			}
			return j.run(ctx)
		}),
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&f.since, "since", "", "only events from this `time` on: 8h (the last 8 hours), 30m, 2d, 1w, all,\ntoday, yesterday, \"yesterday 22:00\", 14:30 (the last time it was), 2026-11-22,\n\"2026-11-22 08:00\" or 2026-11-22T08:00:00Z (default 8h; for a file, and with --until, all)")
	fl.StringVar(&f.until, "until", "", "only events before this `time`, in the same forms")
	fl.StringArrayVar(&f.logs, "log", nil, "only these `logs`, by name: System, or a file's name or path in its folder;\nall are all that there are (default all; over SMB and RPC System,Application)")
	f.where.flags(fl)
	fl.VarP(&f.limit, "limit", "n", "stop after so many events; with -o classic, of each target")
	fl.BoolVar(&f.reverse, "reverse", false, "the oldest events first")
	fl.BoolVar(&f.recovered, "recovered", false, "also list old records that a log no longer reaches; they are marked")
	f.text.flags(cmd)
	fl.BoolVar(&f.unresolved, "unresolved", false, "instead of events, count those without text by log, source and id,\nwith the strings of one; -o table or json")
	fl.StringVarP(&f.output, "output", "o", "table", "the `form` of the list: table, classic, json, csv, xml")
	fl.StringVar(&f.fields, "fields", "", "show these `fields`, in this order: time,type,computer,source,id,message;\ndata.NAME is the datum of that name")
	fl.StringVar(&f.schema, "schema", "native", "the `names` of json: native, ecs (as Winlogbeat writes), otel (the body of\nOpenTelemetry's windowseventlogreceiver)")
	fl.BoolVar(&f.data, "data", false, "show binary data under its event in the table")
	fl.StringVar(&f.zone, "timezone", "local", "the `zone` of times, shown and given: local, utc, or a name as Europe/Berlin;\njson and xml are always in utc")
	fl.StringVar(&f.file, "targets", "", "read targets from this `file`, one a line; - is the standard input")
	fl.Var(&f.parallel, "parallel", fmt.Sprintf("read at most so many targets at the same time (default %d)", scan.DefaultParallel))
	fl.DurationVar(&f.timeout, "timeout", 0, "give up on a target that does not answer within this `time`, as 30s; 0: wait\n(default 0, but 30s until another machine's logs are open)")
	fl.DurationVar(&f.deadline, "deadline", 0, "give up on a target that takes longer than this `time` in all, as 5m; 0: wait")
	fl.StringVar(&f.summary, "summary", "text", "the `form` of what is said of targets in the end: text, json,\nor json:FILE, for a program and beside the text")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "say nothing about targets that are ok")
	a.credentialFlags(cmd)
	for name, values := range map[string]func() []string{
		"type":     typeNames,
		"level":    levelNames,
		"output":   formNames,
		"schema":   schemaNames,
		"timezone": func() []string { return []string{"local", "utc"} },
		"since":    func() []string { return []string{"8h", "2d", "1w", "today", "yesterday", "all"} },
		"log":      func() []string { return append(standardLogs(), allLogs) },
		"summary":  func() []string { return []string{"text", "json", "json:"} },
	} {
		completeList(cmd, name, values)
	}
	completeList(cmd, "fields", fieldNames)
	completeQuery(cmd)
	return cmd
}

// count is a flag that is a number from 1 on; 0: it was not given.
type count int

func (c *count) String() string {
	if *c == 0 {
		return ""
	}
	return strconv.Itoa(int(*c))
}
func (c *count) Type() string { return "number" }
func (c *count) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return errors.New("want a number from 1 on")
	}
	*c = count(n)
	return nil
}

// scanJob is a scan that is ready to run.
type scanJob struct {
	*app
	targets []scan.Target
	sel     eventlog.Selection
	opts    scan.Options
	form    render.Form
	render  render.Options
	window  string // in words
	log     string // what the one target's header calls its log; "": by the log itself
	report  *report
	texts   *texts // nil: no text is wanted
	count   bool   // events without text, instead of listing events
}

// planScan turns flags and arguments into a job. All that is wrong with them
// is found here.
func (a *app) planScan(f *scanFlags, args []string) (_ *scanJob, err error) {
	now := a.now()
	loc, err := parseZone(f.zone)
	if err != nil {
		return nil, err
	}
	asked, err := f.where.ask(now, loc)
	if err != nil {
		return nil, err
	}
	j := &scanJob{app: a, opts: scan.Options{Parallel: int(f.parallel), Timeout: f.timeout, Deadline: f.deadline}}
	if j.form, err = render.ParseForm(f.output); err != nil {
		return nil, usage("--output: %w", err)
	}
	j.render = render.Options{Location: loc, Data: f.data}
	if j.render.Schema, err = render.ParseSchema(cmp.Or(f.schema, "native")); err != nil {
		return nil, usage("--schema: %w", err)
	}
	if f.fields != "" {
		if j.render.Fields, j.render.Named, err = render.ParseFields(f.fields); err != nil {
			return nil, usage("--fields: %w", err)
		}
	}
	if j.form == render.Table {
		j.render.Width, j.render.Colour = width(a.stdout), colour(a.stdout, a.env)
	} else if f.data {
		return nil, usage("--data is for the table; json, csv and xml show binary data without it")
	}
	if _, err := render.New(io.Discard, j.form, &j.render); err != nil {
		return nil, renderUsage(&j.render, err)
	}
	if err := f.text.check(); err != nil {
		return nil, err
	}
	if err := j.without(f); err != nil {
		return nil, err
	}
	if f.timeout < 0 {
		return nil, usage("--timeout %v: want a length of time, as 30s", f.timeout)
	}
	if f.deadline < 0 {
		return nil, usage("--deadline %v: want a length of time, as 5m", f.deadline)
	}

	if len(args) == 0 && f.file == "" {
		args = []string{"."}
	}
	parsed, err := a.targets(args, f.file)
	if err != nil {
		return nil, err
	}
	kept := len(parsed) > 0 // all targets are where logs are being kept
	for i := range parsed {
		kept = kept && parsed[i].Kind != target.Path
	}
	sinceText := f.since
	unbound := f.until == "" && asked.Since.IsZero() && asked.Until.IsZero() // what ended long ago has nothing in 8 hours
	if sinceText == "" && kept && unbound {
		sinceText = "8h"
	}
	since, err := parseSince(sinceText, now, loc)
	if err != nil {
		return nil, err
	}
	until, err := parseUntil(f.until, now, loc)
	if err != nil {
		return nil, err
	}
	if !until.time.IsZero() && !since.time.Before(until.time) {
		return nil, usage("--until %q is not after --since %q", f.until, sinceText)
	}
	j.window = since.words
	if until.words != "" {
		j.window += " until " + until.words
	}
	if j.texts, err = a.texts(&f.text); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			j.texts.close()
		}
	}()
	expr, err := f.where.expr(j.texts.grep(parsed))
	if err != nil {
		return nil, err
	}
	j.sel = eventlog.Selection{
		Backward:  !f.reverse,
		Since:     since.time,
		Until:     until.time,
		Where:     expr,
		Limit:     int(f.limit),
		Recovered: f.recovered,
		Want:      f.text.want(render.Wants(j.form, j.render.Fields)),
		Lang:      f.text.langs,
	}

	asked.narrow(&j.sel)
	j.window = asked.window(j.window, since, until, loc)

	logs := split(f.logs)
	if f.logs != nil && len(logs) == 0 {
		return nil, usage("--log is empty")
	}
	all := slices.ContainsFunc(logs, func(name string) bool { return eventlog.EqualFold(name, allLogs) })
	if all {
		logs = nil
	}
	if len(logs) == 1 {
		j.log = logs[0]
	}
	for _, t := range parsed {
		s := scanTarget(t, asked.logs(t.Kind, f.logs != nil, logs))
		if all {
			s.Default, s.PassRefused = nil, false
		}
		if f.timeoutGiven {
			s.OpenTimeout = 0
		}
		j.targets = append(j.targets, s)
		j.render.OneLog = len(parsed) == 1 && t.Kind == target.Path && isFile(t.Name)
	}
	j.report = newReport(a, j.targets, f.quiet, f.reverse)
	if j.report.summary, j.report.silent, err = a.openSummary(cmp.Or(f.summary, "text"), now); err != nil {
		return nil, err
	}
	for i := range j.targets {
		j.targets[i].Open = j.report.watch(i, j.targets[i].Open)
	}
	return j, nil
}

// without is what --unresolved asks besides.
func (j *scanJob) without(f *scanFlags) error {
	switch {
	case !f.unresolved:
		return nil
	case f.text.none:
		return usage("--unresolved counts what has no text: without --no-message")
	case j.form != render.Table && j.form != render.JSON:
		return usage("--unresolved: the output is table or json")
	case f.fields != "" || f.data || j.render.Schema != render.Native:
		return usage("--unresolved lists no events: without --fields, --data and --schema")
	}
	j.count = true
	return nil
}

// allLogs is what --log has for all logs of a target.
const allLogs = "all"

// openTimeout is how long another machine may take for an answer until its logs are
// open, if nothing else is said: many that are off say nothing at all.
const openTimeout = 30 * time.Second

// far says whether targets of a kind are other machines.
func far(k target.Kind) bool { return k == target.SMB || k == target.RPC || k == target.HTTP }

// scanTarget is a target of its logs with these names, as its Scan has it, that is not
// waited for without an end if it is another machine.
func scanTarget(t target.Target, logs []string) scan.Target {
	s := t.Scan(logs)
	if far(t.Kind) {
		s.OpenTimeout = openTimeout
	}
	return s
}

func (j *scanJob) run(ctx context.Context) error {
	defer j.texts.close()
	progress := j.startProgress()
	var err error
	if j.form == render.Classic {
		err = j.classic(ctx, progress)
	} else {
		err = j.list(ctx, progress)
	}
	progress.stop()
	if err != nil {
		return outputError(err)
	}
	return j.report.end(ctx)
}

// list writes the events of all targets as one list.
func (j *scanJob) list(ctx context.Context, p *progress) error {
	to := p.before(j.stdout)
	var out eventWriter = &unresolved{app: j.app, out: to, asJSON: j.form == render.JSON}
	if !j.count {
		w, err := render.New(to, j.form, &j.render)
		if err != nil {
			return err
		}
		out = w
	}
	c := scan.Open(ctx, j.targets, &j.sel, &j.opts)
	defer c.Close()
	p.watch(0, c)
	if err := j.stream(ctx, c, out, func(l *eventlog.Loss) { j.report.loss(-1, l) }); err != nil {
		return err
	}
	for i, o := range c.Outcomes() {
		j.report.outcome(i, o)
	}
	return nil
}

// stream writes what in gives, with text, and closes out. The error is that of the output:
// what became of the reading is in the outcomes.
func (j *scanJob) stream(ctx context.Context, in eventlog.Cursor, out eventWriter, loss func(*eventlog.Loss)) error {
	c := eventlog.Resolve(in, &j.sel, j.texts.resolver())
	atOnce := width(j.stdout) > 0
	var e eventlog.Event
	for {
		err := c.Next(ctx, &e)
		var l *eventlog.Loss
		switch {
		case err == nil:
			if err := out.Write(&e); err != nil {
				return err
			}
			if atOnce {
				if err := out.Flush(); err != nil {
					return err
				}
			}
		case errors.As(err, &l):
			loss(l)
		default:
			return out.Close()
		}
	}
}

// renderUsage says which flag is wrong where an output does not have what is asked.
func renderUsage(o *render.Options, err error) error {
	if o.Schema != render.Native {
		return usage("--schema: %w", err)
	}
	return usage("--fields: %w", err)
}

// outputError says that it was the output that failed.
func outputError(err error) error { return fmt.Errorf("write the output: %w", &writeError{err}) }
