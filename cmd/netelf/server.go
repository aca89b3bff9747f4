package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/certs"
	"netelf.example/internal/config"
	"netelf.example/internal/worded"
	"netelf.example/target"
)

// serverFlag is the --server of the verbs that manage logs.
func (a *app) serverFlag(cmd *cobra.Command, s *string) {
	a.credentialFlags(cmd)
	cmd.Flags().StringVarP(s, "server", "s", ".", "the `target` that keeps the logs: . is the service of this machine,\ndir:PATH a data directory without its service, bedrock, rpc://bedrock or https://bedrock a server")
	err := cmd.RegisterFlagCompletionFunc("server", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		names := a.configuredNames(typed)
		switch {
		case typed == "":
			return append([]string{".", "dir:"}, names...), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		case len(names) > 0:
			return names, cobra.ShellCompDirectiveNoFileComp
		case len(typed) < len("dir:"):
			return []string{".", "dir:"}, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	})
	if err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}

// completeLogs lets the shell complete up to most names of logs, of the server
// that stands on the line already; without one it is the logs that are always
// there.
func (a *app) completeLogs(server *string, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := standardLogs()
		if t, err := a.target(*server); err == nil {
			if srv, err := t.Open(cmd.Context()); err == nil {
				defer srv.Close()
				if infos, err := srv.Logs(cmd.Context()); err == nil {
					names = nil
					for i := range infos {
						names = append(names, infos[i].Name)
					}
				}
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func standardLogs() []string { return []string{"System", "Security", "Application"} }

// target is what a text names: a target, or a name of the configuration.
func (a *app) target(text string) (target.Target, error) {
	t, err := a.parse(text, config.Logon{})
	if err != nil || t.Kind != target.SMB || t.Name != text {
		return t, err
	}
	people, err := a.configured() // it is a bare word, of which there is no file
	if err != nil {
		return t, err
	}
	return a.member(people.Member(text))
}

// server is the target of --server, which is one.
func (a *app) server(text string) (target.Target, error) {
	t, err := a.target(text)
	if err != nil {
		return t, badTarget("--server ", err)
	}
	if t.Kind != target.Group {
		return t, nil
	}
	members, err := a.group(t.Name)
	if err != nil {
		return t, err
	}
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return t, usage("--server %s: it is a group, and one server is wanted: one of %s", text, strings.Join(names, ", "))
}

// member is a server of the configuration.
func (a *app) member(m config.Member) (target.Target, error) {
	t, err := a.parse(m.Target, m.Logon)
	t.Text = m.Name
	return t, err
}

// parse is target.Parse, and knows how files are read, where the service of this
// machine listens, and who asks.
func (a *app) parse(text string, l config.Logon) (target.Target, error) {
	t, err := target.Parse(text)
	switch {
	case err != nil:
	case t.Kind == target.Path:
		t.Files = a.files
	case t.Kind == target.Local:
		t.Socket = a.socket()
	case t.Kind == target.SMB, t.Kind == target.RPC:
		t.Remote = a.remote(l)
	case t.Kind == target.HTTP:
		t.Remote = a.remote(l)
		t.Remote.HTTP, err = a.trusted(t.Name)
	}
	return t, err
}

// badTarget is the error of a text that names no target. One of the configuration
// is nothing that was typed.
func badTarget(flag string, err error) error {
	var e *exitError
	if errors.As(err, &e) {
		return err
	}
	return usage("%s%w", flag, err)
}

// trusted says by what the certificate of a server is known: by flags, or by what
// the configuration has of a server at that address.
func (a *app) trusted(name string) (target.HTTPRemote, error) {
	f := &a.credentials
	known := target.HTTPRemote{CA: f.ca, Fingerprint: f.fingerprint}
	if f.fingerprint != "" {
		if _, err := certs.ParseFingerprint(f.fingerprint); err != nil {
			return known, fmt.Errorf("--fingerprint: %w", err)
		}
	}
	if known != (target.HTTPRemote{}) {
		return known, nil
	}
	people, err := a.configured()
	if err != nil {
		return known, err
	}
	for _, s := range people.Servers {
		if t, err := target.Parse(s.Target); err == nil && t.Kind == target.HTTP && target.SameHost(t.Name, name) {
			return target.HTTPRemote{CA: s.CA, Fingerprint: s.Fingerprint}, nil
		}
	}
	return known, nil
}

// socket is where the service of this machine listens: as a variable says, else
// as its configuration does, if it can be read.
func (a *app) socket() string {
	c, err := a.config("")
	if err != nil {
		if c, err = config.Load(config.Source{}, a.environ()); err != nil {
			return target.DefaultSocket
		}
	}
	return string(c.Service.Socket)
}

// reading does f with a server that is open for reading.
func (a *app) reading(ctx context.Context, text string, f func(eventlog.Server) error) error {
	t, err := a.server(text)
	if err != nil {
		return err
	}
	srv, err := t.Open(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", t.Text, err)
	}
	defer srv.Close() // it was only read from
	return of(&t, f(srv))
}

// changing does f with a server that is open to be changed, and says so if it was
// made for that. What f did is done only if the server could be closed.
func (a *app) changing(ctx context.Context, text string, opts *target.ChangeOptions, f func(t *target.Target, srv eventlog.Server) error) error {
	t, err := a.server(text)
	if err != nil {
		return err
	}
	srv, created, err := t.OpenToChange(ctx, opts)
	if errors.Is(err, fs.ErrNotExist) && t.Kind == target.DataDir && !isCreate(opts) {
		err = fmt.Errorf("%w; 'netelf log create' and 'netelf report' make one", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.Text, err)
	}
	if created {
		a.say("%s: made a new data directory", t.Text)
	}
	err = f(&t, srv)
	if closed := srv.Close(); closed != nil {
		err = errors.Join(err, fmt.Errorf("close: %w", closed))
	}
	return of(&t, err)
}

func isCreate(opts *target.ChangeOptions) bool { return opts != nil && opts.Create }

// of puts the target before an error that is not of the output, of usage or said
// already.
func of(t *target.Target, err error) error {
	var out *writeError
	var exit *exitError
	switch {
	case err == nil, errors.As(err, &exit):
		return err
	case errors.As(err, &out):
		return outputError(out.err)
	}
	return fmt.Errorf("%s: %w", t.Text, err)
}

// openLog opens a log for a verb, and says where to look if there is none of that
// name.
func openLog(ctx context.Context, t, name string, srv eventlog.Server) (eventlog.Log, error) {
	l, err := srv.OpenLog(ctx, name)
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, even.ErrNotListed) { // that says why
		return nil, worded.Errorf(fs.ErrNotExist, "there is no log %q; 'netelf logs --server %s' lists them", name, t)
	}
	return l, err
}

// changingLog is changing for one log, with what it is like before.
func (a *app) changingLog(ctx context.Context, text, name string, f func(t *target.Target, srv eventlog.Server, l eventlog.Log, before eventlog.Info) error) error {
	return a.changing(ctx, text, nil, func(t *target.Target, srv eventlog.Server) error {
		l, err := openLog(ctx, t.Text, name, srv)
		if err != nil {
			return err
		}
		defer l.Close() // what was done with it is done
		info, err := l.Info(ctx)
		if err != nil {
			return err
		}
		return f(t, srv, l, info)
	})
}

// backupDir is where the backups of a target lie, as far as that can be said.
func backupDir(t *target.Target, name string) string {
	if t.Kind == target.DataDir {
		return filepath.Join(t.Name, "backup", name)
	}
	return name
}

// oneLog is an Args for verbs that take a log.
func oneLog(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one log, as in '%s'", firstExample(cmd))
	}
	return nil
}
