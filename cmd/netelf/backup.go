package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/target"
)

func (a *app) backupVerb() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:     "backup LOG [NAME]",
		GroupID: groupKeep,
		Short:   "Save a log to an .evt file",
		Long: `Writes a log, as it is now, to a clean .evt file in the directory for backups,
which is 'backup' in the data directory. NAME is a bare file name, .evt is put
behind it if it has no extension, and no file must have it; without one it is
LOG-YYYYMMDD-HHMMSS.evt. The name of the file is printed, in a data directory
its path.

Of a server over https:// the log is written to a file here: NAME is its path.`,
		Example: `  netelf backup System
  netelf backup --server https://bedrock System ./system.evt
  netelf backup System before-update --server dir:/var/lib/netelf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return fmt.Errorf("want a log and perhaps a name, as in '%s'", firstExample(cmd))
			}
			return nil
		},
	}
	cmd.ValidArgsFunction = a.completeLogs(&server, 1)
	a.serverFlag(cmd, &server)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		return a.changingLog(ctx, server, args[0], func(t *target.Target, _ eventlog.Server, l eventlog.Log, _ eventlog.Info) error {
			name := ""
			if len(args) == 2 {
				name = withEvt(args[1])
			} else {
				name = a.backupName(args[0])
			}
			if t.Kind == target.HTTP {
				if len(args) == 2 {
					if name = args[1]; filepath.Ext(name) == "" {
						name += ".evt"
					}
				}
				if err := copyLog(ctx, l, name); err != nil {
					return err
				}
				return put(a.stdout, fmt.Appendln(nil, name))
			}
			if err := eventlog.Backup(ctx, l, name); err != nil {
				return err
			}
			return put(a.stdout, fmt.Appendln(nil, backupDir(t, name)))
		})
	})
	return cmd
}

// copyLog writes a log to a file of this machine, which must not be there. It is
// written aside, and has its name only when it is whole.
func copyLog(ctx context.Context, l eventlog.Log, name string) (err error) {
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	ctx, stop := untilEnded(ctx)
	defer stop()
	f, err := os.CreateTemp(filepath.Dir(name), ".netelf-backup-*")
	if err != nil {
		return err
	}
	defer func() {
		_ = f.Close()           // written and synced, or not wanted
		_ = os.Remove(f.Name()) // it has its other name by now, or none
	}()
	if err := eventlog.Copy(ctx, l, f); err != nil {
		return err
	}
	r, err := evt.Open(f.Name(), nil) // what is no log is not called one
	if err != nil {
		return fmt.Errorf("what the server sent: %w", err)
	}
	if err := errors.Join(r.Close(), f.Sync()); err != nil {
		return err
	}
	if err := place(f.Name(), name); err != nil { // which fails if there is one by now
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// backupName is a name for a backup of a log, made now.
func (a *app) backupName(log string) string {
	return strings.ReplaceAll(log, "/", "-") + a.now().Format("-20060102-150405") + ".evt"
}

// withEvt is the name that a backup of this name gets.
func withEvt(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".evt"
}
