package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/internal/users"
	"netelf.example/render"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	scan  bool
	web   bool
	limit count
	port  uint16
}

func (a *app) demoVerb() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: groupRead,
		Short:   "Run four servers with made-up events, to try netelf on",
		Long: `Runs four servers on this machine, barney, betty, fred and wilma, with the events
of a day and new ones every few seconds, and prints a line to scan them with in
another shell. They are event log services as 'netelf serve' runs them: they answer
MS-EVEN over TCP, on 127.0.0.1 alone, to a user with a password that is made up.
Their names, ports and where the password is stand in a configuration beside their
logs; other verbs take it by --config as well.

With --web it also shows them on a page, on 127.0.0.1, and prints its address, in which
there is a token: who has it is let in.

With --scan it scans them itself, and ends. Ctrl-C ends it too. All that they keep is
in a temporary folder, which is removed at the end.`,
		Example: `  netelf demo
  netelf demo --web
  netelf demo --scan
  netelf demo --port 10260`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.BoolVar(&f.scan, "scan", false, "scan the servers, and end")
	fl.BoolVar(&f.web, "web", false, "show the servers on a page")
	fl.VarP(&f.limit, "limit", "n", "with --scan: stop after so many events")
	fl.Uint16Var(&f.port, "port", 0, "the `port` of the first server; the others have the next ones\n(default: any that are free)")
	cmd.MarkFlagsMutuallyExclusive("web", "scan")
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		switch {
		case f.limit > 0 && !f.scan:
			return usage("--limit is for --scan")
		case int(f.port) > 1<<16-len(demoServers):
			return usage("--port %d: want one up to %d, since %d servers have one each", f.port, 1<<16-len(demoServers), len(demoServers))
		}
		ctx, stop := untilEnded(ctx)
		defer stop()
		return a.demo(ctx, &f)
	})
	return cmd
}

// demoUser is who may ask the servers.
const demoUser = "demo"

// demo runs the servers until ctx ends.
func (a *app) demo(ctx context.Context, f *demoFlags) (err error) {
	dir, err := os.MkdirTemp("", "netelf-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{dir: dir}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx, a.now(), int(f.port)); err != nil {
		return err
	}
	if f.scan {
		a.ownConfig = d.config()
		j, err := a.planScan(&scanFlags{output: render.Table.String(), limit: f.limit}, []string{"@" + demoUser})
		if err != nil {
			return err
		}
		return j.run(ctx)
	}
	hint := d.hint()
	if f.web {
		page, err := a.demoPage(d)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, page.close()) }()
		hint += "\nOr look at them in a browser:\n\n  " + page.url() + "\n"
	}
	if err := put(a.stdout, []byte(hint)); err != nil {
		return err
	}
	return d.goOn(ctx)
}

// open makes what the servers have in common, and starts them.
func (d *demo) open(ctx context.Context, now time.Time, port int) error {
	password := rand.Text()
	store, err := users.Open(d.users(), nil)
	if err != nil {
		return err
	}
	if _, err := store.Add(ctx, users.NewUser{Name: demoUser, Password: password, Groups: []users.Group{users.Administrators}}); err != nil {
		return err
	}
	for i, name := range demoServers {
		at := 0
		if port > 0 {
			at = port + i
		}
		s, err := startDemoServer(filepath.Join(d.dir, name), d.users(), name, at, now)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		d.servers = append(d.servers, s)
	}
	auth := fmt.Sprintf("username = %s\npassword = %s\n", demoUser, password)
	if err := os.WriteFile(filepath.Join(d.dir, demoAuth), []byte(auth), 0o600); err != nil {
		return err
	}
	text := "servers:\n"
	for _, s := range d.servers {
		text += fmt.Sprintf("  %s: {target: \"rpc://%s\", auth_file: %s}\n", s.name, s.door.addr, demoAuth)
	}
	text += fmt.Sprintf("groups:\n  %s: [%s]\ncatalog: %s\n", demoUser, strings.Join(demoServers, ", "), demoCatalog)
	if err := makeDemoCatalog(ctx, filepath.Join(d.dir, demoCatalog)); err != nil {
		return err
	}
	return os.WriteFile(d.config(), []byte(text), 0o600)
}

// The files beside the logs.
const (
	demoAuth    = "demo.auth"
	demoCatalog = "messages.db"
)

func (d *demo) users() string  { return filepath.Join(d.dir, "users.json") }
func (d *demo) config() string { return filepath.Join(d.dir, "config.yaml") }

// demoEveryPage is how often the page's servers are asked how they are.
const demoEveryPage = 15 * time.Second

// demoPage shows the servers on a page.
func (a *app) demoPage(d *demo) (*localPage, error) {
	targets, catalog, err := a.watched(d.config())
	if err != nil {
		return nil, err
	}
	texts, err := a.texts(&textFlags{catalog: catalog})
	if err != nil {
		return nil, err
	}
	p, err := openLocalPage(manyConfig{targets: targets, every: demoEveryPage, texts: texts, views: filepath.Join(d.dir, "views.json")}, "/")
	if err != nil {
		texts.close()
		return nil, err
	}
	p.many.open = texts
	return p, nil
}

// hint is what to do with the servers.
func (d *demo) hint() string {
	var b strings.Builder
	b.WriteString("These servers answer until you press Ctrl-C:\n\n")
	for _, s := range d.servers {
		fmt.Fprintf(&b, "  %-8s%s\n", s.name, s.door.addr)
	}
	fmt.Fprintf(&b, "\nIn another shell, scan them, or see new events as they come:\n\n")
	for _, verb := range []string{"scan", "follow"} {
		fmt.Fprintf(&b, "  %s %s --config %s @%s\n", self(), verb, quotePath(d.config()), demoUser)
	}
	return b.String()
}

// self is how this program is called in another shell.
func self() string {
	exe, err := os.Executable()
	if err != nil {
		return "netelf"
	}
	if name, err := exec.LookPath("netelf"); err == nil {
		there, err1 := os.Stat(name)
		here, err2 := os.Stat(exe)
		if err1 == nil && err2 == nil && os.SameFile(there, here) {
			return "netelf"
		}
	}
	return quotePath(exe)
}

// quotePath is a path as a shell takes it.
func quotePath(name string) string {
	if strings.ContainsAny(name, " \t&()[]{}^=;!'+,`~$*?<>|#") {
		return `"` + name + `"`
	}
	return name
}
