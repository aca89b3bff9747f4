package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/api/server"
	"netelf.example/render"
	"netelf.example/scan"
	"netelf.example/target"
)

func (a *app) viewVerb() *cobra.Command {
	var text textFlags
	var stay bool
	cmd := &cobra.Command{
		Use:     "view FILE|FOLDER...",
		GroupID: groupFiles,
		Short:   "Look at files on a page in the browser",
		Long: `Shows event log files and folders of them on a page, which it serves on 127.0.0.1
until Ctrl-C, and opens it in the browser where there is one. The address that it
prints has a token: who has it is let in, and nobody else. The files are only read.`,
		Example: `  netelf view SysEvent.Evt
  netelf view --no-browser /mnt/evidence`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("want a file or a folder at least, as in 'netelf view SysEvent.Evt'")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	text.flags(cmd)
	cmd.Flags().BoolVar(&stay, "no-browser", false, "only print the address")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error { return a.view(ctx, args, &text, !stay) })
	return cmd
}

// viewEvery is how often files are looked at again.
const viewEvery = time.Minute

func (a *app) view(ctx context.Context, args []string, text *textFlags, browse bool) (err error) {
	if err := text.check(); err != nil {
		return err
	}
	c := manyConfig{every: viewEvery}
	for _, arg := range args {
		t, err := target.Parse(arg)
		t.Files.Beside = len(args) - 1
		switch {
		case err != nil:
			return usage("%w", err)
		case t.Kind != target.Path && t.Kind != target.DataDir:
			if _, err := os.Lstat(arg); t.Name == arg && err != nil {
				return fmt.Errorf("%s: %w", arg, plain(err))
			}
			return usage("%s: want a file or a folder", arg)
		case slices.ContainsFunc(c.targets, func(x server.Target) bool { return x.Name == t.Text }):
			continue
		}
		srv, err := t.Open(ctx) // what cannot be read is said here, and not on the page alone
		if err != nil {
			return fmt.Errorf("%s: %w", t.Text, err)
		}
		if err := srv.Close(); err != nil {
			return fmt.Errorf("%s: %w", t.Text, err)
		}
		c.targets = append(c.targets, server.Target{Name: t.Text, Kind: "file", Scan: func(logs []string) scan.Target { return t.Scan(logs) }})
	}
	texts, err := a.texts(text)
	if err != nil {
		return err
	}
	defer texts.close()
	c.texts = texts.resolver()
	ctx, stop := untilEnded(ctx)
	defer stop()
	page, err := openLocalPage(c, "/events?since=") // all events: the last hours of a file can be long ago
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, page.close()) }()
	if err := put(a.stdout, fmt.Appendf(nil, "%s\n", page.url())); err != nil {
		return err
	}
	if browse {
		if err := openBrowser(page.url()); err != nil {
			a.say("netelf: no browser was opened: %s", render.Visible(err.Error()))
		}
	}
	a.say("Ctrl-C ends it")
	<-ctx.Done()
	return nil // being stopped is how it ends
}

// openBrowser opens an address by what the system has for that. It does not wait for it.
func openBrowser(url string) error {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // it is the browser's affair how it ends
	return nil
}
