package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/target"
)

func (a *app) sourceVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "source",
		GroupID: groupKeep,
		Short:   "List, add or remove sources of events",
		Long: `A source is a name under which a program reports, and says to which log that goes
and which files have the text of its messages. A source that nobody has added
reports to Application; the name of a log is a source of that log.`,
		Example: `  netelf source list
  netelf source add Crusher --log Quarry
  netelf source remove Crusher --server dir:/var/lib/netelf`,
		Args: cobra.NoArgs,
		RunE: subverb,
	}
	cmd.AddCommand(a.sourceListVerb(), a.sourceAddVerb(), a.sourceRemoveVerb())
	return cmd
}

func (a *app) sourceListVerb() *cobra.Command {
	var server, output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sources",
		Long:  "Lists the sources with their logs and message files.",
		Example: `  netelf source list
  netelf source list -o json --server dir:/var/lib/netelf`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	a.serverFlag(cmd, &server)
	outputFlag(cmd, &output)
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		return a.reading(ctx, server, func(srv eventlog.Server) error {
			sources, err := eventlog.Sources(ctx, srv)
			if err != nil {
				return err
			}
			if !asJSON {
				rows := [][]string{{"SOURCE", "LOG", "MESSAGE FILES"}}
				for _, s := range sources {
					rows = append(rows, []string{s.Name, s.Log, strings.Join(s.MessageFiles, "; ")})
				}
				return put(a.stdout, columns([]bool{false, false, false}, rows))
			}
			for _, s := range sources {
				b, err := jsonLine(s)
				if err != nil {
					return err
				}
				if err := put(a.stdout, b); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return cmd
}

// oneSource is an Args for verbs that take a source.
func oneSource(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one source, as in '%s'", firstExample(cmd))
	}
	return nil
}

func (a *app) sourceAddVerb() *cobra.Command {
	var server string
	var src eventlog.Source
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a source, or replace one",
		Long: `Adds a source to a log. One of that name is replaced as a whole. The paths of
message files are kept as they are given; nothing is opened by them.`,
		Example: `  netelf source add Crusher --log Quarry
  netelf source add Crusher --log Quarry --message-file 'C:\Quarry\crusher.dll' -s dir:/var/lib/netelf`,
		Args:              oneSource,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	a.serverFlag(cmd, &server)
	fl := cmd.Flags()
	fl.StringVar(&src.Log, "log", "", "the `log` that its events go to")
	fl.StringArrayVar(&src.MessageFiles, "message-file", nil, "a `file` with the text of its events; may be given several times")
	fl.StringVar(&src.CategoryFile, "category-file", "", "the `file` with the names of its categories")
	fl.StringVar(&src.ParameterFile, "parameter-file", "", "the `file` with the text of its parameters")
	fl.Uint32Var(&src.CategoryCount, "category-count", 0, "categories from 1 to this `number` have names")
	logs := a.completeLogs(&server, 1)
	completeList(cmd, "log", func() []string { names, _ := logs(cmd, nil, ""); return names })
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		src.Name = args[0]
		if src.Log == "" {
			return usage("to which log does %s report? give --log", src.Name)
		}
		return a.changing(ctx, server, nil, func(_ *target.Target, srv eventlog.Server) error {
			old, found, err := findSource(ctx, srv, src.Name)
			if err != nil {
				return err
			}
			if err := eventlog.SetSource(ctx, srv, src); err != nil {
				return err
			}
			now, _, err := findSource(ctx, srv, src.Name)
			if err != nil {
				return err
			}
			if found {
				a.say("%s: reports to %s, in place of what it was, which reported to %s", now.Name, now.Log, old.Log)
			} else {
				a.say("%s: reports to %s", now.Name, now.Log)
			}
			return nil
		})
	})
	return cmd
}

func findSource(ctx context.Context, srv eventlog.Server, name string) (src eventlog.Source, found bool, err error) {
	list, err := eventlog.Sources(ctx, srv)
	for _, s := range list {
		if eventlog.EqualFold(s.Name, name) {
			return s, true, err
		}
	}
	return src, false, err
}

func (a *app) sourceRemoveVerb() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a source",
		Long:    "Removes a source. What it has reported stays; what it reports from then on goes to\nApplication.",
		Example: "  netelf source remove Crusher\n  netelf source remove Crusher --server dir:/var/lib/netelf",
		Args:    oneSource,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			if t, err := a.target(server); err == nil && len(args) == 0 {
				if srv, err := t.Open(cmd.Context()); err == nil {
					defer srv.Close()
					sources, _ := eventlog.Sources(cmd.Context(), srv) // none, then
					for _, s := range sources {
						names = append(names, s.Name)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
	a.serverFlag(cmd, &server)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		return a.changing(ctx, server, nil, func(_ *target.Target, srv eventlog.Server) error {
			if err := eventlog.RemoveSource(ctx, srv, args[0]); err != nil {
				return err
			}
			a.say("%s: removed; what it reports goes to Application now", args[0])
			return nil
		})
	})
	return cmd
}
