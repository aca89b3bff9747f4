package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/render"
	"netelf.example/scan"
)

// logsFlags are the flags of logs as they were given.
type logsFlags struct {
	server, file, output, zone string
	timeout                    time.Duration
	timeoutGiven               bool
}

func (a *app) logsVerb() *cobra.Command {
	var f logsFlags
	var cmd *cobra.Command
	cmd = &cobra.Command{
		Use:     "logs [TARGET...]",
		GroupID: groupKeep,
		Short:   "List the logs that servers keep",
		Long: `Lists the logs that the service of this machine keeps, or those of each TARGET, all
of which are asked at once: how many records each log has, when the oldest and the
newest were written, how large its file is and how large it may get, and what may
be overwritten then. FLAGS says

  full       a report was refused for want of space
  no access  it may not be read, so nothing more is known of it

A TARGET is what 'netelf scan' has as one: a server, a group of servers, a data
directory, or a file or folder of files. The trouble of one never stops another;
where a password is refused it is not tried at the next server.

Exit codes: 0 all is well; 1 none of the targets could be asked; 2 wrong usage;
4 some of them could not be.`,
		Example: `  netelf logs
  netelf logs dir:/var/lib/netelf -o json
  netelf logs -U fred bedrock barney rpc://wilma
  netelf logs @web`,
		ValidArgsFunction: a.completeTargets,
		RunE: a.verb(func(ctx context.Context, args []string) error {
			fl := cmd.Flags()
			if f.timeoutGiven = fl.Changed("timeout"); f.timeout < 0 {
				return usage("--timeout %v: want a length of time, as 30s", f.timeout)
			}
			if fl.Changed("server") && (len(args) > 0 || f.file != "") {
				return usage("--server %s is one target, and there are others: name it beside them", f.server)
			}
			return a.logs(ctx, &f, args)
		}),
	}
	a.serverFlag(cmd, &f.server)
	fl := cmd.Flags()
	fl.StringVar(&f.file, "targets", "", "read targets from this `file`, one a line; - is the standard input")
	fl.DurationVar(&f.timeout, "timeout", 0, "give up on a target that does not answer within this `time`, as 30s; 0: wait\n(default 30s for another machine, else 0)")
	outputFlag(cmd, &f.output)
	fl.StringVar(&f.zone, "timezone", "local", "the `zone` of times: local, utc, or a name as Europe/Berlin; json is in utc")
	return cmd
}

// logs asks all targets for their logs, and lists what they answer.
func (a *app) logs(ctx context.Context, f *logsFlags, args []string) error {
	asJSON, err := isJSON(f.output)
	if err != nil {
		return err
	}
	loc, err := parseZone(f.zone)
	if err != nil {
		return err
	}
	if len(args) == 0 && f.file == "" {
		args = []string{f.server}
	}
	parsed, err := a.targets(args, f.file)
	if err != nil {
		return err
	}
	targets := make([]scan.Target, len(parsed))
	for i, t := range parsed {
		targets[i] = scanTarget(t, nil)
		if f.timeoutGiven {
			targets[i].OpenTimeout = 0
		}
	}
	waiting := time.AfterFunc(2*progressAfter, func() {
		if width(a.stderr) > 0 {
			a.say("waiting for answers; --timeout says how long one may take")
		}
	})
	defer waiting.Stop()
	all := make([][]eventlog.Info, len(targets))
	outcomes := scan.Ask(ctx, targets, &scan.Options{Timeout: f.timeout}, func(ctx context.Context, i int, srv eventlog.Server) (err error) {
		all[i], err = srv.Logs(ctx)
		return err
	})
	failed := 0
	for i := range outcomes {
		if outcomes[i].Err != nil {
			failed++
			all[i] = nil // it may have come too late
		}
	}
	if failed < len(targets) {
		if err := a.putLogs(targets, all, asJSON, loc); err != nil {
			return outputError(err)
		}
	}
	for i := range outcomes {
		switch o := &outcomes[i]; {
		case o.NotTried():
			a.say("netelf: %s: not tried: %s", o.Target, words(o.Err))
		case o.Err != nil:
			a.say("netelf: %s: %s", o.Target, errorText(o.Err))
		}
	}
	return outcomeOf(failed, len(targets), false)
}

func (a *app) putLogs(targets []scan.Target, all [][]eventlog.Info, asJSON bool, loc *time.Location) error {
	if !asJSON {
		return put(a.stdout, logsTable(targets, all, loc))
	}
	for n, infos := range all {
		for i := range infos {
			if err := a.putJSON(logJSON(targets[n].Name, &infos[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// logsTable is the logs of all targets; of which one each is, is said where there are
// several.
func logsTable(targets []scan.Target, all [][]eventlog.Info, loc *time.Location) []byte {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(loc).Format("2006-01-02 15:04:05")
	}
	rows := [][]string{{"SERVER", "LOG", "RECORDS", "OLDEST", "NEWEST", "SIZE", "MAX SIZE", "RETENTION", "FLAGS"}}
	for n, infos := range all {
		for i := range infos {
			f := &infos[i]
			row := []string{targets[n].Name, f.Name, "", "", "", "", "", "", strings.Join(logFlags(f), ", ")}
			if known(f) {
				copy(row[2:], []string{fmt.Sprint(f.Count()), at(f.OldestTime), at(f.NewestTime)})
				if f.Size > 0 {
					row[5] = shortSize(f.Size)
				}
				if f.MaxSize > 0 {
					row[6], row[7] = shortSize(f.MaxSize), shortRetention(f.Retention)
				}
			}
			rows = append(rows, row)
		}
	}
	right := []bool{false, false, true, false, false, true, true, false, false}
	if len(targets) == 1 {
		right = right[1:]
		for i := range rows {
			rows[i] = rows[i][1:]
		}
	}
	return columns(right, rows)
}

// known says whether anything is known of a log but its name: a file is never of
// no size, and where the size cannot be asked the next record has a number. The
// retention is known where the max size is.
func known(i *eventlog.Info) bool { return i.Size > 0 || i.Next > 0 }

func logFlags(i *eventlog.Info) []string {
	list := []string{}
	if i.Dirty {
		list = append(list, "dirty")
	}
	if i.Full {
		list = append(list, "full")
	}
	if !known(i) {
		list = append(list, "no access")
	}
	return list
}

// logDoc is one log of a server.
type logDoc struct {
	Server           string     `json:"server"`
	Log              string     `json:"log"`
	Records          uint64     `json:"records"`
	Oldest           uint64     `json:"oldest,omitempty"`
	Newest           uint64     `json:"newest,omitempty"`
	OldestTime       *time.Time `json:"oldest_time,omitempty"`
	NewestTime       *time.Time `json:"newest_time,omitempty"`
	Size             int64      `json:"size,omitempty"`
	MaxSize          int64      `json:"max_size,omitempty"`
	Retention        string     `json:"retention,omitempty"`
	RetentionSeconds *uint32    `json:"retention_seconds,omitempty"`
	Flags            []string   `json:"flags"`
	SDDL             string     `json:"sddl,omitempty"`
}

func logJSON(server string, i *eventlog.Info) logDoc {
	d := logDoc{Server: server, Log: i.Name, Records: i.Count(), Size: i.Size, MaxSize: i.MaxSize, Flags: logFlags(i), SDDL: i.SDDL}
	if !known(i) {
		return d
	}
	if i.MaxSize > 0 {
		seconds := uint32(evt.RetainForever)
		if i.Retention != eventlog.RetainForever {
			seconds = uint32(i.Retention / time.Second)
		}
		d.Retention, d.RetentionSeconds = retention(i.Retention), &seconds
	}
	if d.Records > 0 {
		d.Oldest, d.Newest = i.Oldest, i.Next-1
	}
	if !i.OldestTime.IsZero() {
		d.OldestTime, d.NewestTime = &i.OldestTime, &i.NewestTime
	}
	return d
}

// logInfo is 'netelf info' of logs: each is told of by itself, as files are.
func (a *app) logInfo(ctx context.Context, text string, names []string, asJSON bool, loc *time.Location) error {
	t, err := a.server(text)
	if err != nil {
		return err
	}
	srv, err := t.Open(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	defer srv.Close() // it was only read from
	failed := 0
	for n, name := range names {
		info, err := infoOf(ctx, text, name, srv)
		if err != nil {
			failed++
			a.say("netelf: %s: %s", text, words(err))
			continue
		}
		var b []byte
		if asJSON {
			if b, err = jsonLine(logJSON(text, &info)); err != nil {
				return err
			}
		} else {
			if n > failed {
				b = append(b, '\n')
			}
			b = append(b, logText(text, &info, loc)...)
		}
		var out *writeError
		if err := put(a.stdout, b); errors.As(err, &out) {
			return outputError(out.err)
		}
	}
	return outcomeOf(failed, len(names), false)
}

func infoOf(ctx context.Context, t, name string, srv eventlog.Server) (eventlog.Info, error) {
	l, err := openLog(ctx, t, name, srv)
	if err != nil {
		return eventlog.Info{}, err
	}
	defer l.Close() // it was only read from
	return l.Info(ctx)
}

func logText(server string, i *eventlog.Info, loc *time.Location) string {
	var b strings.Builder
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "  %-15s%s\n", key, render.Visible(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(&b, "%s\n", render.Visible(i.Name))
	line("server", "%s", server)
	sizes, most, keeps := "not known", "not known", "not known"
	if i.Size > 0 {
		sizes = size(i.Size)
	}
	if i.MaxSize > 0 {
		most, keeps = size(i.MaxSize), retention(i.Retention)
	}
	line("size", "%s", sizes)
	line("max size", "%s", most)
	line("retention", "%s", keeps)
	flags := strings.Join(logFlags(i), ", ")
	if flags == "" {
		flags = "none"
	}
	line("flags", "%s", flags)
	if n := i.Count(); n > 0 {
		line("records", "%d, from %d to %d", n, i.Oldest, i.Next-1)
	} else {
		line("records", "0")
	}
	if !i.OldestTime.IsZero() {
		line("oldest", "%s", i.OldestTime.In(loc).Format(stamp))
	}
	if !i.NewestTime.IsZero() {
		line("newest", "%s", i.NewestTime.In(loc).Format(stamp))
	}
	if i.SDDL != "" {
		line("access", "%s", i.SDDL)
	}
	var may []string
	for _, c := range []struct {
		can  eventlog.Can
		what string
	}{{eventlog.CanReport, "report"}, {eventlog.CanBackup, "back up"}, {eventlog.CanClear, "clear"}, {eventlog.CanSet, "set"}} {
		if i.Can&c.can != 0 {
			may = append(may, c.what)
		}
	}
	line("you may", "%s", strings.Join(append([]string{"read"}, may...), ", "))
	return b.String()
}
