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
	"netelf.example/internal/sourcetext"
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
		Args: noArgs,
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
		Args:              noArgs,
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
				if err := a.putJSON(s); err != nil {
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
	var types []string
	var src eventlog.Source
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a source, or replace one",
		Long: `Adds a source to a log. One of that name is replaced as a whole.

A message file has the text of the source's events: a DLL, or a .mc file, the text
that Microsoft's Message Compiler makes one of. The service opens it by its whole
path on its machine to read it, never to run it, and so its logs have text for
whoever reads them. A file of this machine that is not there is warned of. Of a
server of Windows the path is for its event viewer.`,
		Example: `  netelf source add Crusher --log Quarry --message-file crusher.mc
  netelf source add Crusher --log Quarry --message-file 'C:\Quarry\crusher.dll' -s bedrock`,
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
	fl.StringArrayVar(&types, "types", nil, "the `types` of events that it reports: error, warning, information,\naudit-success, audit-failure (default: not said)")
	completeList(cmd, "types", typeNames)
	logs := a.completeLogs(&server, 1)
	completeList(cmd, "log", func() []string { names, _ := logs(cmd, nil, ""); return names })
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		src.Name = args[0]
		if src.Log == "" {
			return usage("to which log does %s report? give --log", src.Name)
		}
		for _, name := range split(types) {
			t, err := eventlog.ParseType(name)
			if err != nil {
				return usage("--types: %w", err)
			}
			src.Types |= uint32(t)
		}
		return a.changing(ctx, server, nil, func(t *target.Target, srv eventlog.Server) error {
			here := t.Kind == target.Local || t.Kind == target.DataDir
			if here {
				eachPath(&src, wholePath)
			}
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
			if here {
				eachPath(&src, a.tellMessages())
			}
			return nil
		})
	})
	return cmd
}

// eachPath gives f each path that a source names, for what is to stand there.
func eachPath(src *eventlog.Source, f func(path string) string) {
	for i, p := range src.MessageFiles {
		src.MessageFiles[i] = f(p)
	}
	for _, p := range []*string{&src.CategoryFile, &src.ParameterFile} {
		if *p != "" {
			*p = f(*p)
		}
	}
}

// wholePath is the whole path of a file that there is.
func wholePath(path string) string {
	if _, err := os.Stat(path); err != nil {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// tellMessages says of each path, once, what is in the file.
func (a *app) tellMessages() func(path string) string {
	files := sourcetext.New(nil)
	told := map[string]bool{}
	return func(path string) string {
		if told[path] {
			return path
		}
		told[path] = true
		if missesFile(path) {
			a.say("  warning: %s: there is no such file, and so the events have no text from it", path)
			return path
		}
		tables, err := files.Check(path)
		if n := messages(tables); n > 0 || err == nil {
			a.say("  %s: %s", path, messageCount(tables))
		}
		if err != nil {
			a.say("  %v", err)
		}
		return path
	}
}

// missesFile says whether a path is one of this machine at which nothing is. What has
// another system's signs in it may well be there where the log's events are from.
func missesFile(path string) bool {
	if !filepath.IsAbs(path) && strings.ContainsAny(filepath.ToSlash(path), `\%:`) || strings.HasPrefix(filepath.ToSlash(path), "//") {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
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
