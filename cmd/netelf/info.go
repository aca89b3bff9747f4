package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/render"
	"netelf.example/target"
)

func (a *app) infoVerb() *cobra.Command {
	var server, output, zone string
	cmd := &cobra.Command{
		Use:     "info FILE... | LOG...",
		GroupID: groupRead,
		Short:   "Show what is known of a log",
		Long: `Shows of each .evt file its size and the size up to which it may grow, what may
be overwritten, its flags, how many records it has, the oldest and the newest of
them, and where in the file they lie.

Of logs that are kept, by their names, it shows the same, who may do what with
them if that may be known, and what you may do. They are those of the service of
this machine, or of --server. A name is that of a file if there is such a file, or
if it could be a path.

A file that was copied while Windows wrote to it is dirty: values in its header
are stale then. The values shown are the right ones, and those that are stale are
named.`,
		Example: `  netelf info SysEvent.Evt
  netelf info -o json *.evt
  netelf info System Security
  netelf info --server dir:/var/lib/netelf System`,
		Args: atLeastOne,
	}
	a.serverFlag(cmd, &server)
	logs := a.completeLogs(&server, maxShown)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if cmd.Flags().Changed("server") {
			return logs(cmd, args, typed)
		}
		return completeFiles(cmd, args, typed)
	}
	outputFlag(cmd, &output)
	cmd.Flags().StringVar(&zone, "timezone", "local", "the `zone` of times: local, utc, or a name as Europe/Berlin; json is in utc")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		loc, err := parseZone(zone)
		if err != nil {
			return err
		}
		names, err := logNames(args, cmd.Flags().Changed("server"))
		if err != nil {
			return err
		}
		if names {
			return a.logInfo(ctx, server, args, asJSON, loc)
		}
		first := true
		return a.eachFile(ctx, args, func(name string, r *evt.Reader, info eventlog.Info) (bool, error) {
			if asJSON {
				b, err := jsonLine(infoJSON(name, r, info))
				if err != nil {
					return false, err
				}
				return false, put(a.stdout, b)
			}
			text := infoText(name, r, info, loc)
			if !first {
				text = "\n" + text
			}
			first = false
			return false, put(a.stdout, []byte(text))
		})
	})
	return cmd
}

// logNames says whether args are names of logs and not of files.
func logNames(args []string, server bool) (bool, error) {
	if server {
		return true, nil
	}
	files := 0
	for _, arg := range args {
		t, err := target.Parse(arg)
		if err != nil {
			return false, usage("%w", err)
		}
		ext := strings.ToLower(filepath.Ext(arg))
		if t.Kind != target.SMB || t.Name != arg || ext == ".evt" || ext == ".evtx" {
			files++
		}
	}
	return files == 0, nil
}

func infoText(name string, r *evt.Reader, info eventlog.Info, loc *time.Location) string {
	var b strings.Builder
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "  %-15s%s\n", key, render.Visible(fmt.Sprintf(format, args...)))
	}
	h, headerErr := r.Header()
	x := r.Extent()
	fmt.Fprintf(&b, "%s\n", render.Visible(name))
	if info.Channel != "" {
		line("log", "%s", info.Channel)
	}
	line("size", "%s", size(info.Size))
	if headerErr != nil {
		line("header", "none: %v", headerErr)
	} else {
		line("version", "%d.%d", h.MajorVersion, h.MinorVersion)
		line("max size", "%s", size(info.MaxSize))
		line("retention", "%s", retention(info.Retention))
		line("flags", "%s", strings.ReplaceAll(h.Flags.String(), ",", ", "))
	}
	if n := info.Count(); n > 0 {
		line("records", "%d, from %d to %d", n, info.Oldest, info.Next-1)
	} else {
		line("records", "0")
	}
	if !info.OldestTime.IsZero() {
		line("oldest", "%s", info.OldestTime.In(loc).Format(stamp))
	}
	if !info.NewestTime.IsZero() {
		line("newest", "%s", info.NewestTime.In(loc).Format(stamp))
	}
	place := "which has no EOF record"
	if x.EOF {
		place = "where the EOF record stands"
	}
	switch {
	case x.Begin == 0 && x.End == 0:
		line("place", "not known: what is here can only be recovered")
	case x.Begin > x.End:
		line("place", "from offset 0x%x over the end of the file to 0x%x, %s", x.Begin, x.End, place)
	default:
		line("place", "from offset 0x%x to 0x%x, %s", x.Begin, x.End, place)
	}
	for _, s := range stale(r) {
		format := "%s: the header says %d, but it is %d"
		if strings.HasSuffix(s.Field, "Offset") {
			format = "%s: the header says 0x%x, but it is 0x%x"
		}
		line("stale", format, s.Field, s.Header, s.Is)
	}
	return b.String()
}

const stamp = "2006-01-02 15:04:05 -0700"

// staleValue is a value of the header that is not that of the log.
type staleValue struct {
	Field  string `json:"field"`
	Header int64  `json:"header"`
	Is     int64  `json:"is"`
}

func stale(r *evt.Reader) (list []staleValue) {
	h, err := r.Header()
	x := r.Extent()
	if err != nil || !x.EOF {
		return nil
	}
	for _, v := range []staleValue{
		{"StartOffset", int64(h.StartOffset), x.Begin},
		{"EndOffset", int64(h.EndOffset), x.End},
		{"OldestRecordNumber", int64(h.OldestRecordNumber), int64(x.Oldest)},
		{"CurrentRecordNumber", int64(h.CurrentRecordNumber), int64(x.Next)},
	} {
		if v.Header != v.Is {
			list = append(list, v)
		}
	}
	return list
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d bytes (%.1f MiB)", n, float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d bytes (%.1f KiB)", n, float64(n)/(1<<10))
	}
	return counted(uint64(n), "byte")
}

type infoDoc struct {
	File             string       `json:"file"`
	Log              string       `json:"log,omitempty"`
	Size             int64        `json:"size"`
	HeaderError      string       `json:"header_error,omitempty"`
	MaxSize          int64        `json:"max_size,omitempty"`
	Retention        string       `json:"retention,omitempty"`
	RetentionSeconds *uint32      `json:"retention_seconds,omitempty"`
	Flags            []string     `json:"flags"`
	Records          uint64       `json:"records"`
	Oldest           uint64       `json:"oldest,omitempty"`
	Newest           uint64       `json:"newest,omitempty"`
	OldestTime       *time.Time   `json:"oldest_time,omitempty"`
	NewestTime       *time.Time   `json:"newest_time,omitempty"`
	Begin            int64        `json:"begin"`
	End              int64        `json:"end"`
	EOF              bool         `json:"eof_record"`
	Stale            []staleValue `json:"stale,omitempty"`
}

func infoJSON(name string, r *evt.Reader, info eventlog.Info) infoDoc {
	x := r.Extent()
	d := infoDoc{
		File: name, Log: info.Channel, Size: info.Size, Records: info.Count(), Begin: x.Begin, End: x.End, EOF: x.EOF,
		Flags: []string{}, Stale: stale(r),
	}
	if h, err := r.Header(); err != nil {
		d.HeaderError = err.Error()
	} else {
		d.MaxSize, d.Retention, d.RetentionSeconds = info.MaxSize, retention(info.Retention), &h.Retention
		if h.Flags != 0 {
			d.Flags = strings.Split(h.Flags.String(), ",")
		}
	}
	if d.Records > 0 {
		d.Oldest, d.Newest = info.Oldest, info.Next-1
	}
	if !info.OldestTime.IsZero() {
		d.OldestTime, d.NewestTime = &info.OldestTime, &info.NewestTime
	}
	return d
}
