package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) manVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Long:    "Writes one manual page for netelf and one for each verb into DIR, which must\nexist.",
		Example: "  netelf man /usr/local/share/man/man1",
		Hidden:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("want one folder, as in '%s'", firstExample(cmd))
			}
			return nil
		},
	}
	cmd.RunE = a.verb(func(_ context.Context, args []string) error {
		root := cmd.Root()
		root.DisableAutoGenTag = true
		header := &doc.GenManHeader{Title: "NETELF", Section: "1", Source: "netelf", Manual: "netelf"}
		if err := doc.GenManTree(root, header, args[0]); err != nil {
			return err
		}
		pages, err := filepath.Glob(filepath.Join(args[0], "netelf*.1"))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.stdout, "%d pages written to %s\n", len(pages), args[0])
		return err
	})
	return cmd
}
