package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/target"
)

func (a *app) clearVerb() *cobra.Command {
	var server, backup string
	var yes bool
	cmd := &cobra.Command{
		Use:     "clear LOG",
		GroupID: groupKeep,
		Short:   "Remove all records of a log",
		Long: `Removes all records of a log; the next one is number 1 again. With --backup it
saves them first, as 'netelf backup' does, and clears only what was saved: if the
backup cannot be written nothing is cleared.

It asks first; without a terminal to ask on it wants --yes. That a log was cleared
is written to Security.`,
		Example: `  netelf clear System
  netelf clear System --backup system-2026 --yes --server dir:/var/lib/netelf`,
		Args: oneLog,
	}
	cmd.ValidArgsFunction = a.completeLogs(&server, 1)
	a.serverFlag(cmd, &server)
	cmd.Flags().StringVar(&backup, "backup", "", "first save the log to a backup of this `name`")
	yesFlag(cmd, &yes)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		if cmd.Flags().Changed("backup") {
			if backup == "" {
				return usage("--backup is empty")
			}
			backup = withEvt(backup)
		}
		err := a.confirm(ctx, server, args[0], yes, cmd.CommandPath(), func(i *eventlog.Info, err error) (string, error) {
			s := fmt.Sprintf("clear %s of %s", counted(i.Count(), "record"), i.Name)
			if backup != "" {
				s += " after saving them to " + backup
			}
			return s + "?", err
		})
		if err != nil {
			return err
		}
		return a.changingLog(ctx, server, args[0], func(t *target.Target, _ eventlog.Server, l eventlog.Log, before eventlog.Info) error {
			if err := eventlog.Clear(ctx, l, backup); err != nil {
				return err
			}
			a.say("%s: cleared, %s", before.Name, counted(before.Count(), "record"))
			if backup != "" {
				return put(a.stdout, fmt.Appendln(nil, backupDir(t, backup)))
			}
			return nil
		})
	})
	return cmd
}
