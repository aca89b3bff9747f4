package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/evtx"
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
them, and where in the file they lie; of an .evtx file its chunks instead.

Of logs that are kept, by their names, it shows the same, who may do what with
them if that may be known, and what you may do. They are those of the service of
this machine, or of --server. A name is that of a file if there is such a file, or
if it could be a path.

A file that was copied while Windows wrote to it is dirty: values in its header
are stale then. The values shown are the right ones, and those that are stale are
named.`,
		Example: `  netelf info SysEvent.Evt
  netelf info -o json *.evt *.evtx
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
		return a.eachFile(ctx, args, nil, func(name string, l eventlog.Log, info eventlog.Info) (bool, error) {
			if asJSON {
				return false, a.putJSON(infoJSON(name, l, info))
			}
			text := infoText(name, l, info, loc)
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

func infoText(name string, l eventlog.Log, info eventlog.Info, loc *time.Location) string {
	var b strings.Builder
	line := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "  %-15s%s\n", key, render.Visible(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(&b, "%s\n", render.Visible(name))
	if info.Channel != "" {
		line("log", "%s", info.Channel)
	}
	line("size", "%s", size(info.Size))
	d := infoJSON(name, l, info)
	if d.HeaderError != "" {
		line("header", "none: %s", d.HeaderError)
	} else {
		line("version", "%s", d.Version)
		if d.Chunks == nil {
			line("max size", "%s", size(info.MaxSize))
			line("retention", "%s", retention(info.Retention))
		}
		line("flags", "%s", cmp.Or(strings.Join(d.Flags, ", "), "none"))
	}
	switch n := info.Count(); {
	case n == 0:
		line("records", "0")
	case d.Chunks != nil: // numbers may be missing
		line("records", "from %d to %d", info.Oldest, info.Next-1)
	default:
		line("records", "%d, from %d to %d", n, info.Oldest, info.Next-1)
	}
	if !info.OldestTime.IsZero() {
		line("oldest", "%s", info.OldestTime.In(loc).Format(stamp))
	}
	if !info.NewestTime.IsZero() {
		line("newest", "%s", info.NewestTime.In(loc).Format(stamp))
	}
	switch r := l.(type) {
	case *evt.Reader:
		line("place", "%s", placeOf(r.Extent()))
	case *evtx.Reader:
		x := r.Extent()
		line("chunks", "%d, and room for %d in the file", x.Chunks, x.Blocks)
	}
	for _, s := range d.Stale {
		format := "%s: the header says %d, but it is %d"
		if strings.HasSuffix(s.Field, "Offset") {
			format = "%s: the header says 0x%x, but it is 0x%x"
		}
		line("stale", format, s.Field, s.Header, s.Is)
	}
	return b.String()
}

// placeOf is where in a file the log lies.
func placeOf(x evt.Extent) string {
	end := "which has no EOF record"
	if x.EOF {
		end = "where the EOF record stands"
	}
	switch {
	case x.Begin == 0 && x.End == 0:
		return "not known: what is here can only be recovered"
	case x.Begin > x.End:
		return fmt.Sprintf("from offset 0x%x over the end of the file to 0x%x, %s", x.Begin, x.End, end)
	}
	return fmt.Sprintf("from offset 0x%x to 0x%x, %s", x.Begin, x.End, end)
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
	Version          string       `json:"version,omitempty"`
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
	Begin            *int64       `json:"begin,omitempty"`
	End              *int64       `json:"end,omitempty"`
	EOF              *bool        `json:"eof_record,omitempty"`
	Chunks           *int         `json:"chunks,omitempty"`
	Blocks           *int64       `json:"blocks,omitempty"`
	Stale            []staleValue `json:"stale,omitempty"`
}

func infoJSON(name string, l eventlog.Log, info eventlog.Info) infoDoc {
	d := infoDoc{File: name, Log: info.Channel, Size: info.Size, Records: info.Count(), Flags: []string{}}
	flags := ""
	switch r := l.(type) {
	case *evt.Reader:
		x := r.Extent()
		d.Begin, d.End, d.EOF, d.Stale = &x.Begin, &x.End, &x.EOF, stale(r)
		h, err := r.Header()
		if d.header(err, uint(h.MajorVersion), uint(h.MinorVersion)) {
			d.MaxSize, d.Retention, d.RetentionSeconds = info.MaxSize, retention(info.Retention), &h.Retention
			if h.Flags != 0 {
				flags = h.Flags.String()
			}
		}
	case *evtx.Reader:
		x := r.Extent()
		d.Chunks, d.Blocks, d.Stale = &x.Chunks, &x.Blocks, staleChunks(r)
		h, err := r.Header()
		if d.header(err, uint(h.MajorVersion), uint(h.MinorVersion)) && h.Flags != 0 {
			flags = h.Flags.String()
		}
	}
	if flags != "" {
		d.Flags = strings.Split(flags, ",")
	}
	if d.Records > 0 {
		d.Oldest, d.Newest = info.Oldest, info.Next-1
	}
	if !info.OldestTime.IsZero() {
		d.OldestTime, d.NewestTime = &info.OldestTime, &info.NewestTime
	}
	return d
}

// header notes the version, or what is wrong with the header.
func (d *infoDoc) header(err error, major, minor uint) bool {
	if err != nil {
		d.HeaderError = err.Error()
		return false
	}
	d.Version = fmt.Sprintf("%d.%d", major, minor)
	return true
}

// staleChunks is stale of an .evtx file.
func staleChunks(r *evtx.Reader) (list []staleValue) {
	h, err := r.Header()
	if err != nil {
		return nil
	}
	x := r.Extent()
	if h.Flags&evtx.FlagDirty != 0 && int(h.Chunks) != x.Chunks {
		list = append(list, staleValue{"Chunks", int64(h.Chunks), int64(x.Chunks)})
	}
	if h.NextRecordID != x.Next {
		list = append(list, staleValue{"NextRecordID", int64(h.NextRecordID), int64(x.Next)})
	}
	return list
}
