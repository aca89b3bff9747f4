package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"netelf.example/internal/spelling"
)

// noArgs is an Args for verbs that take no arguments, or only further verbs.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasAvailableSubCommands():
		return noVerb(cmd, args[0])
	case cmd.Flags().Lookup("server") != nil:
		return fmt.Errorf("'%s' takes no arguments: %q; a server is named by --server (-s)", cmd.CommandPath(), args[0])
	}
	return fmt.Errorf("'%s' takes no arguments: %q", cmd.CommandPath(), args[0])
}

// noVerb says that cmd has no verb of that name, and which may be meant.
func noVerb(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	hint := ""
	if like := spelling.Like(name, names); like != "" {
		hint = "; do you mean " + like + "?"
	} else if cmd.HasParent() && len(names) > 0 {
		hint = ": one of " + strings.Join(names, ", ")
	}
	return fmt.Errorf("'%s' has no verb %q%s", cmd.CommandPath(), name, hint)
}

// flagError is what pflag says of a flag, in the words of all other errors.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if like := spelling.Like(unknown.GetSpecifiedName(), names); like != "" {
			return fmt.Errorf("%w; do you mean --%s?", err, like)
		}
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		want, ok := wanted[f.Value.Type()]
		if !ok {
			want = invalid.Unwrap().Error()
		}
		return fmt.Errorf("--%s %q: %s", f.Name, invalid.GetValue(), want)
	}
	return err
}

// wanted is what the types of flags that are not netelf's own take.
var wanted = map[string]string{
	"bool":     "want true or false",
	"duration": "want a length of time, as 30s or 5m",
	"uint16":   "want a number up to 65535",
	"uint32":   "want a number up to 4294967295",
}

// together is what cobra says of flags that do not go together, in fewer words. It
// has no type for that.
func together(err error) error {
	rest, ok := strings.CutPrefix(err.Error(), "if any flags in the group [")
	names, _, found := strings.Cut(rest, "] are set none of the others can be")
	if !ok || !found {
		return err
	}
	return fmt.Errorf("--%s do not go together", strings.Join(strings.Fields(names), " and --"))
}

// tidy is for what cobra leaves otherwise than the verbs have it: the flags that say
// who asks servers stand behind a verb's own, and what cobra adds by itself has the
// same errors.
func (a *app) tidy(root *cobra.Command) {
	root.SetFlagErrorFunc(flagError)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil && c != root {
		c.RunE, c.Args = subverb, noArgs
		c.Example = "  source <(netelf completion bash)"
		for _, shell := range c.Commands() {
			run := shell.RunE
			shell.Args = noArgs
			shell.RunE = a.verb(func(context.Context, []string) error { return run(shell, nil) })
		}
	}
	eachVerb(root, credentialsLast)
}

// eachVerb does f with cmd and all verbs below it.
func eachVerb(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range cmd.Commands() {
		eachVerb(c, f)
	}
}

func credentialsLast(cmd *cobra.Command) {
	var own, credentials []*pflag.Flag
	set := cmd.Flags()
	set.VisitAll(func(f *pflag.Flag) {
		if f.Annotations[ofCredentials] != nil {
			credentials = append(credentials, f)
		} else {
			own = append(own, f)
		}
	})
	if len(credentials) == 0 {
		return
	}
	cmd.ResetFlags()
	cmd.Flags().SortFlags = false
	for _, f := range append(own, credentials...) {
		cmd.Flags().AddFlag(f)
	}
}

// plainUsages takes the quotation marks of the help out of what is said of flags,
// which shells show as it stands.
func plainUsages(root *cobra.Command) {
	eachVerb(root, func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			f.Usage, _, _ = strings.Cut(f.Usage, "\n")
			f.Usage = strings.TrimRight(strings.ReplaceAll(f.Usage, "`", ""), ",;")
		})
	})
}
