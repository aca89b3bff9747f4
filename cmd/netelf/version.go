package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionVerb() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show the version",
		Long:    "Shows the version of netelf, what it was built from, and with which Go.",
		Example: "  netelf version",
		Args:    noArgs,
		RunE: a.verb(func(context.Context, []string) error {
			_, err := fmt.Fprintln(a.stdout, versionText())
			return err
		}),
	}
}

// version is what this program is called by.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}

func versionText() string {
	revision := ""
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = ", revision " + s.Value[:min(12, len(s.Value))] + revision
			case s.Key == "vcs.modified" && s.Value == "true":
				revision += " and changes"
			}
		}
	}
	return fmt.Sprintf("netelf %s%s, %s %s/%s", version(), revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
