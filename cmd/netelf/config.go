package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"netelf.example/internal/config"
	"netelf.example/render"
)

func (a *app) configVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: groupKeep,
		Short:   "Check or print the configuration of the service",
		Long: `The service is configured by a file, ` + config.DefaultFile + `, by variables of
the environment that begin with NETELF_, and by flags, each of which overrides
what stands before it.`,
		Example: `  netelf config check
  netelf config print`,
		Args: noArgs,
		RunE: subverb,
	}
	cmd.AddCommand(a.configCheckVerb(), a.configPrintVerb())
	return cmd
}

func (a *app) configCheckVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find what is wrong with a configuration",
		Long: `Reads a configuration file, ` + config.DefaultFile + ` unless another one is named,
and the environment, as the service would. All problems are told, a line each,
with the line and the column that they are in.

A file that has servers or groups is that of somebody who reads logs, as
~/.config/netelf/config.yaml, and is checked as such.`,
		Example: `  netelf config check
  netelf config check ./netelf.yaml`,
		Args:              upToOneFile,
		ValidArgsFunction: completeFiles,
	}
	cmd.RunE = a.verb(func(_ context.Context, args []string) error {
		name := config.DefaultFile
		if len(args) == 1 {
			name = args[0]
		}
		src, err := config.ReadSource(name)
		if len(args) == 0 && errors.Is(err, fs.ErrNotExist) {
			src, err, name = config.Source{}, nil, "the environment" // the service does without the file
			a.say("there is no %s", config.DefaultFile)
		}
		if err == nil {
			err = a.checkConfig(src)
		}
		if err != nil {
			return a.configError(err)
		}
		return put(a.stdout, fmt.Appendf(nil, "%s: no problems\n", render.Visible(name)))
	})
	return cmd
}

// checkConfig reads a configuration of either kind.
func (a *app) checkConfig(src config.Source) error {
	if config.IsPeople(src.Data) {
		_, err := config.LoadPeople(src, a.isTarget)
		return err
	}
	c, err := config.Load(src, a.environ())
	if err != nil {
		return err
	}
	a.oddVariables(c)
	return nil
}

func (a *app) configPrintVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "print [FILE]",
		Short: "Print the whole configuration, and where each value is from",
		Long: `Prints the configuration that the service would have with a file, ` + config.DefaultFile + `
unless another one is named, and the environment: every key with its value, and
where that is from. What is printed is such a file itself.`,
		Example: `  netelf config print
  NETELF_SYNC=none netelf config print ./netelf.yaml`,
		Args:              upToOneFile,
		ValidArgsFunction: completeFiles,
	}
	cmd.RunE = a.verb(func(_ context.Context, args []string) error {
		name := ""
		if len(args) == 1 {
			name = args[0]
		}
		c, err := a.config(name)
		if err != nil {
			return a.configError(err)
		}
		if _, err := os.Stat(config.DefaultFile); name == "" && errors.Is(err, fs.ErrNotExist) {
			a.say("there is no %s", config.DefaultFile)
		}
		a.oddVariables(c)
		b, err := c.YAML()
		if err != nil {
			return err
		}
		return put(a.stdout, b)
	})
	return cmd
}

// upToOneFile is an Args for verbs that take a configuration file.
func upToOneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 || len(args) == 1 && args[0] == "" {
		return fmt.Errorf("want one file at most, as in '%s'", firstExample(cmd))
	}
	return nil
}

// configError tells of problems with a configuration, a line each as compilers
// do; other errors are left as they are.
func (a *app) configError(err error) error {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	for _, p := range problems {
		a.say("%v", p)
	}
	return code(exitFailed)
}

// oddVariables tells of variables that may be misspelt.
func (a *app) oddVariables(c *config.Config) {
	for _, name := range c.Odd() {
		a.say("%s: no variable of netelf; it has no effect", name)
	}
}
