package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/target"
)

func (a *app) logVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "log",
		GroupID: groupKeep,
		Short:   "Create or delete a log",
		Long:    `Creates or deletes logs. System, Security and Application are always there.`,
		Example: `  netelf log create Quarry
  netelf log delete Quarry --server dir:/var/lib/netelf`,
		Args: noArgs,
		RunE: subverb,
	}
	cmd.AddCommand(a.logCreateVerb(), a.logDeleteVerb())
	return cmd
}

// subverb is a verb that has verbs of its own, called without one.
func subverb(cmd *cobra.Command, _ []string) error {
	var names string
	for i, c := range cmd.Commands() {
		if i > 0 {
			names += ", "
		}
		names += c.Name()
	}
	return fmt.Errorf("want one of %s, as in '%s'", names, firstExample(cmd))
}

func (a *app) logCreateVerb() *cobra.Command {
	var server string
	var f settingsFlags
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a log",
		Long: `Creates an empty log. Its name is a source of it at once: 'netelf report --source
NAME' reports to it.

A data directory that is not there is made.`,
		Example: `  netelf log create Quarry
  netelf log create Quarry --max-size 16MiB --retention 30d --server dir:/var/lib/netelf`,
		Args:              oneLog,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	a.serverFlag(cmd, &server)
	f.flags(cmd)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		n, err := f.settings(cmd.Flags().Changed)
		if err != nil {
			return err
		}
		return a.changing(ctx, server, &target.ChangeOptions{Create: true}, func(t *target.Target, srv eventlog.Server) error {
			if err := eventlog.CreateLog(ctx, srv, args[0], n); err != nil {
				return err
			}
			info, err := infoOf(ctx, t.Text, args[0], srv)
			if err != nil { // rules by which whoever made it may not read it
				a.say("%s: created", args[0])
				return nil
			}
			a.say("%s: created, max size %s, %s", info.Name, shortSize(info.MaxSize), retention(info.Retention))
			if n.MaxSize != nil {
				if s := rounded(*n.MaxSize); s != "" {
					a.say("  %s", s)
				}
			}
			return nil
		})
	})
	return cmd
}

func (a *app) logDeleteVerb() *cobra.Command {
	var server string
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a log with all its records and sources",
		Long: `Deletes a log, its records and its sources, for good. What the sources report
then goes to Application. System, Security and Application are not deleted.

It asks first; without a terminal to ask on it wants --yes.`,
		Example: `  netelf log delete Quarry
  netelf log delete Quarry --yes --server dir:/var/lib/netelf`,
		Args: oneLog,
	}
	cmd.ValidArgsFunction = a.completeLogs(&server, 1)
	a.serverFlag(cmd, &server)
	yesFlag(cmd, &yes)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		err := a.confirm(ctx, server, args[0], yes, cmd.CommandPath(), func(i *eventlog.Info, err error) (string, error) {
			if err != nil { // it can be deleted even so
				return fmt.Sprintf("%v\ndelete the log %s with all its records?", err, args[0]), nil
			}
			return fmt.Sprintf("delete the log %s with its %s?", i.Name, counted(i.Count(), "record")), nil
		})
		if err != nil {
			return err
		}
		return a.changing(ctx, server, nil, func(_ *target.Target, srv eventlog.Server) error {
			if err := eventlog.DeleteLog(ctx, srv, args[0]); err != nil {
				return err
			}
			a.say("%s: deleted", args[0])
			return nil
		})
	})
	return cmd
}

func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVar(yes, "yes", false, "do not ask")
}

// confirm asks about a log, which is open for reading meanwhile, unless yes says
// that nobody wants to be asked. An answer other than yes ends the verb.
func (a *app) confirm(ctx context.Context, server, name string, yes bool, verb string, question func(*eventlog.Info, error) (string, error)) error {
	if yes {
		return nil
	}
	if err := a.mayAsk(yes, verb); err != nil {
		return err
	}
	var text string
	err := a.reading(ctx, server, func(srv eventlog.Server) error {
		l, err := openLog(ctx, server, name, srv)
		if errors.Is(err, fs.ErrNotExist) {
			return err
		}
		var info eventlog.Info
		if err == nil {
			info, err = l.Info(ctx)
			_ = l.Close() // it was only read from
		}
		text, err = question(&info, err)
		return err
	})
	if err != nil {
		return err
	}
	ok, err := a.ask(ctx, text)
	switch {
	case err != nil:
		return err
	case !ok:
		a.say("netelf: nothing was done")
		return code(exitFailed)
	}
	return nil
}
