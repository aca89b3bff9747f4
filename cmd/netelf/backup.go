package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
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
LOG-YYYYMMDD-HHMMSS.evt. The path of the file is printed.`,
		Example: `  netelf backup System
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
			if err := eventlog.Backup(ctx, l, name); err != nil {
				return err
			}
			return put(a.stdout, fmt.Appendln(nil, backupDir(t, name)))
		})
	})
	return cmd
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
