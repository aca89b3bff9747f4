package main

import (
	"context"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/target"
)

// flags adds the flags that say how a log is kept.
func (f *settingsFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.maxSize, "max-size", "", "the `size` up to which the log grows: 512KiB, 16MiB, 65536; rounded up to 64 KiB")
	fl.StringVar(&f.retention, "retention", "", "how `old` a record must be before it may be overwritten: 7d, 12h, never, or 0 for as needed")
	fl.StringVar(&f.sddl, "sddl", "", "who may read (0x1), write (0x2) and clear (0x4) the log, a security `descriptor`;\n\"\" is the default")
	completeList(cmd, "max-size", func() []string { return []string{"512KiB", "1MiB", "16MiB", "64MiB"} })
	completeList(cmd, "retention", func() []string { return []string{"0", "7d", "30d", "never"} })
}

func (a *app) setVerb() *cobra.Command {
	var server string
	var f settingsFlags
	cmd := &cobra.Command{
		Use:     "set LOG",
		GroupID: groupKeep,
		Short:   "Change how large a log may get, what it keeps, and who may read it",
		Long: `Changes settings of a log; what is not named stays as it is.

When a log has reached its size, its oldest records are overwritten: as needed,
or only those that are older than the retention. Where none may be overwritten
the log is full, and reports are refused.

A size is rounded up to a multiple of 64 KiB. One that is smaller than the log is
now takes effect when the log is cleared, as on Windows NT.`,
		Example: `  netelf set System --max-size 16MiB
  netelf set System --retention 7d --server dir:/var/lib/netelf
  netelf set Quarry --sddl "D:(A;;0x7;;;BA)(A;;0x2;;;AU)"`,
		Args: oneLog,
	}
	cmd.ValidArgsFunction = a.completeLogs(&server, 1)
	a.serverFlag(cmd, &server)
	f.flags(cmd)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		n, err := f.settings(cmd.Flags().Changed)
		if err != nil {
			return err
		}
		if n == (eventlog.Settings{}) {
			return usage("nothing to set: give --max-size, --retention or --sddl")
		}
		return a.changingLog(ctx, server, args[0], func(_ *target.Target, srv eventlog.Server, l eventlog.Log, before eventlog.Info) error {
			if err := eventlog.Set(ctx, l, n); err != nil {
				return err
			}
			now, err := l.Info(ctx)
			if err != nil {
				return err
			}
			if n.MaxSize != nil {
				a.say("%s: max size %s, before %s", now.Name, shortSize(now.MaxSize), shortSize(before.MaxSize))
				if s := rounded(*n.MaxSize); s != "" {
					a.say("  %s", s)
				}
				if now.MaxSize < now.Size {
					a.say("  its file has %s: it becomes smaller when the log is cleared", shortSize(now.Size))
				}
			}
			if n.Retention != nil {
				a.say("%s: %s, before: %s", now.Name, retention(now.Retention), retention(before.Retention))
			}
			if n.SDDL != nil {
				a.say("%s: access rules changed", now.Name)
				if again, err := srv.OpenLog(ctx, now.Name); err != nil {
					a.say("  by these you may not open it any more: %v", err)
				} else {
					_ = again.Close() // nothing was done with it
				}
			}
			return nil
		})
	})
	return cmd
}
