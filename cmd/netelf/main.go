// Command netelf reads Windows NT event logs, and keeps some of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // so that --timezone works where no zones are installed

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/files"
	"netelf.example/internal/config"
	"netelf.example/query"
	"netelf.example/render"
)

func main() { os.Exit(newApp().run(os.Args[1:])) }

// newApp has the outside of this process.
func newApp() *app {
	return &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, environ: os.Environ}
}

// run is main that returns.
func (a *app) run(args []string) int {
	// A reader that went away is an error of the write, which ends everything quietly.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends the process at once

	root := a.root()
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainUsages(root)
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return a.exit(cmd, err)
}

// app is what all verbs have in common: the outside, as far as they see it.
type app struct {
	stdin, stdout, stderr *os.File
	now                   func() time.Time
	environ               func() []string
	credentials           credentialFlags
	ownConfig             string         // the file of --config
	people                *config.People // what is in it; nil: nobody has asked yet
	files                 files.Options  // how files that are named are read

	unattended bool // nobody is asked on a terminal, though there may be one

	begun bool // a verb has taken over: its errors are no longer about usage
}

// env is the value of a variable, "" if there is none.
func (a *app) env(name string) string {
	for _, v := range a.environ() {
		if key, value, _ := strings.Cut(v, "="); key == name {
			return value
		}
	}
	return ""
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "netelf",
		Short: "Read and keep Windows NT event logs",
		Long: `netelf reads the event logs of Windows on any machine: .evt files, of Windows NT
up to Server 2003, .evtx files, of all since, and folders of both, many at once, in
the order of time, whatever state the files are in. It never changes a file that it
reads. Windows, Samba and netelf servers are read as well, each by its name.

It also keeps event logs for the machine it runs on, by the rules of Windows NT:
'netelf serve' is the service, which all the other verbs speak to. Without a
service a data directory is named as dir:PATH.`,
		Example: `  netelf demo --scan
  netelf demo --web
  netelf scan SysEvent.Evt
  netelf scan --since 2d --type error,warning /mnt/evidence
  netelf check SysEvent.Evt
  netelf serve
  netelf report --source Crusher "belt 3" jammed
  netelf scan`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
	}
	shown := root.Flags().Bool("version", false, "show the version")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *shown {
			return put(a.stdout, fmt.Appendln(nil, versionText()))
		}
		return cmd.Help()
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetHelpCommand(&cobra.Command{
		Use: "help [VERB]", Short: "Show help for netelf or for a verb", Hidden: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return err
			case len(rest) > 0:
				return noVerb(c, rest[0])
			}
			return c.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			c, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range c.Commands() {
				if c.IsAvailableCommand() {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	})
	root.AddGroup(
		&cobra.Group{ID: groupRead, Title: "Files and logs:"},
		&cobra.Group{ID: groupFiles, Title: "Files:"},
		&cobra.Group{ID: groupKeep, Title: "The service and its logs:"},
	)
	root.AddCommand(
		a.scanVerb(),
		a.followVerb(),
		a.demoVerb(),
		a.infoVerb(),
		a.checkVerb(),
		a.recoverVerb(),
		a.dumpVerb(),
		a.viewVerb(),
		a.messageVerb(),
		a.serveVerb(),
		a.logsVerb(),
		a.reportVerb(),
		a.sourceVerb(),
		a.setVerb(),
		a.backupVerb(),
		a.clearVerb(),
		a.logVerb(),
		a.userVerb(),
		a.configVerb(),
		a.versionVerb(),
		a.manVerb(),
	)
	a.tidy(root)
	return root
}

// The groups of verbs in the help.
const (
	groupRead  = "read"
	groupFiles = "files"
	groupKeep  = "keep"
)

// The exit codes (docs/exit-codes.md).
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitDamaged = 3
	exitSome    = 4
)

// exitError ends a verb with a code. Err is printed; nil: all has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// code is the end of a verb that has said all there is to say.
func code(n int) error {
	if n == exitOK {
		return nil
	}
	return &exitError{code: n}
}

// usage is an error of how netelf was called.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// verb wraps what a verb does, so that errors before it are known to be about
// usage.
func (a *app) verb(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		a.begun = true
		return f(cmd.Context(), args)
	}
}

// exit prints err and says what to exit with.
func (a *app) exit(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	// Whoever reads the output may go away; a server that goes away is an error.
	var out *writeError
	if errors.As(err, &out) && errors.Is(out, syscall.EPIPE) {
		return exitOK
	}
	var e *exitError
	if !errors.As(err, &e) {
		e = &exitError{exitFailed, err}
		if !a.begun {
			e.code, e.err = exitUsage, together(err)
		}
	}
	if e.err == nil {
		return e.code
	}
	if errors.Is(e.err, context.Canceled) {
		a.say("netelf: cancelled")
		return e.code
	}
	a.say("netelf: %s", words(e.err))
	var place *query.Error
	if errors.As(e.err, &place) {
		for line := range strings.Lines(place.Caret()) {
			a.say("  %s", strings.TrimSuffix(line, "\n"))
		}
	}
	if e.code == exitUsage {
		a.say("'%s --help' shows how to use it", cmd.CommandPath())
	}
	return e.code
}

// words are the text of an error for people: without the name of its kind at the end
// where what is invalid has been said, which of the system's errors is all that is
// said; and of a file that has no header, that it is no log.
func words(err error) string {
	text := err.Error()
	var sys syscall.Errno
	if errors.Is(err, eventlog.ErrInvalid) && !errors.As(err, &sys) {
		text = strings.TrimSuffix(text, ": "+eventlog.ErrInvalid.Error())
	}
	var bad *eventlog.FormatError
	header := errors.As(err, &bad) && (bad.Struct == "ELF_LOGFILE_HEADER" || bad.Format == "evtx" && bad.Struct == "FileHeader")
	if header && (bad.Field == "" || bad.Field == "Signature") {
		text = "it is no event log: " + text
	}
	return text
}

// say prints a line for people on the standard error. What it formats is made
// safe for a terminal as a whole.
func (a *app) say(format string, args ...any) {
	_, _ = io.WriteString(a.stderr, render.Visible(fmt.Sprintf(format, args...))+"\n") // there is nowhere else to say so
}
