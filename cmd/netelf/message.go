package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/message/catalog"
)

func (a *app) messageVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "message",
		GroupID: groupFiles,
		Short:   "Keep the message files in which the text of events stands",
		Long: `An event has strings; its text stands in a message file of the machine that it is
from, a DLL. A catalogue is one file with the texts of any number of them. What
'netelf message import' puts into yours, ~/.local/share/netelf/messages.db, is
where 'netelf scan' and 'netelf follow' find the text of events that do not bring
it along.

'netelf scan --unresolved' says which events have no text yet.`,
		Example: `  netelf message import /mnt/windows
  netelf message list
  netelf message show "Service Control Manager" 7036
  netelf message export colleagues.db
  netelf message compile crusher.mc`,
		Args: noArgs,
		RunE: subverb,
	}
	cmd.AddCommand(a.messageImportVerb(), a.messageListVerb(), a.messageShowVerb(), a.messageExportVerb(), a.messageCompileVerb())
	return cmd
}

// readCatalog does f with the catalogue that a flag names, or the user's.
func (a *app) readCatalog(flag string, f func(c *catalog.Catalog) error) error {
	name, err := a.catalogName(flag)
	if err != nil {
		return err
	}
	c, err := catalog.Open(name, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: there is no catalogue; 'netelf message import' makes one: %w", name, plain(err))
	}
	if err != nil {
		return err
	}
	defer c.Close() // it was only read from
	err = f(c)
	var out *writeError
	if errors.As(err, &out) {
		return outputError(out.err)
	}
	return err
}

// changeCatalog does f with the catalogue that a flag names, or the user's, and makes
// it if there is none. One that was made and stayed empty is removed again.
func (a *app) changeCatalog(flag string, f func(c *catalog.Catalog, name string) error) error {
	name, err := a.catalogName(flag)
	if err != nil {
		return err
	}
	made := false
	c, err := catalog.Open(name, &catalog.Options{Write: true, Now: a.now})
	if errors.Is(err, fs.ErrNotExist) {
		if flag == "" {
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				return err
			}
		}
		made = true
		c, err = catalog.Create(name, &catalog.Options{Now: a.now})
	}
	if err != nil {
		return err
	}
	err = f(c, name)
	empty := false
	if made {
		list, errList := c.Files(context.Background())
		sources, errSources := c.List(context.Background())
		empty = errList == nil && errSources == nil && len(list) == 0 && len(sources) == 0
	}
	if closed := c.Close(); closed != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closed))
	}
	switch {
	case empty:
		_ = os.Remove(name) // it is ours, and nothing is in it
	case made:
		a.say("%s: made a new catalogue", name)
	}
	return err
}

// completeSources lets the shell complete the sources of the catalogue.
func (a *app) completeSources(flag *string, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		_ = a.readCatalog(*flag, func(c *catalog.Catalog) error { // none, then
			list, err := c.List(cmd.Context())
			for i := range list {
				names = append(names, list[i].Name)
			}
			return err
		})
		slices.Sort(names)
		return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
	}
}

// sourceNames are names of sources, of which one that ends with * is a beginning.
type sourceNames []eventlog.Expr

func sourcesNamed(args []string) (sourceNames, error) {
	var list sourceNames
	for _, arg := range args {
		x, err := namesExpr(eventlog.FieldSource)("source", []string{arg})
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// match is which of the names a source has, -1: none. No names are all.
func (n sourceNames) match(source string) int {
	if len(n) == 0 {
		return 0
	}
	e := &eventlog.Event{Source: source}
	return slices.IndexFunc(n, func(x eventlog.Expr) bool { return x.Match(e) == eventlog.Yes })
}
