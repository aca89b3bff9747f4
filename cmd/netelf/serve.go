package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/internal/config"
	"netelf.example/service"
)

// serveFlags are the keys of the configuration that are flags, too.
var serveFlags = []struct{ name, key, usage string }{
	{"data", "service.data", "keep the logs in this `directory`; one that is not there is made"},
	{"socket", "service.socket", "listen on this Unix `socket`"},
	{"admin-group", "service.admin_group", "the members of this `group` administrate, beside root"},
	{"sync", "service.sync", "`when` a report is answered: always, when it is on the disk; periodic or none,\nwhen the system has it"},
	{"rpc", "rpc.listen", "answer MS-EVEN on this `address` and port, as 127.0.0.1:1026"},
	{"samba-pipe", "rpc.samba_pipe", "answer \\pipe\\eventlog for Samba, whose ncalrpc sockets are in this `folder`"},
	{"http", "http.listen", "answer the HTTP API over TLS on this `address` and port, as :7446"},
	{"log-level", "service.log_level", "say what is of this `level` or above: debug, info, warn, error"},
}

func (a *app) serveVerb() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "serve",
		GroupID: groupKeep,
		Short:   "Run the event log service of this machine",
		Long: `Keeps event logs in a data directory for all programs of this machine, which
reach it over a Unix socket: the other verbs do without --server, and so do
programs over the NetElf API or HTTP (docs/service.md).

Who connects is known by the user that its process runs as. Root, the user of the
service itself and the members of the administrators' group manage logs and read
Security; all others read System and Application, and report.

The configuration is /etc/netelf/netelf.yaml, if it is there, or the file of
--config. Variables, as NETELF_DATA, override it, and flags both. SIGHUP reads it
again, and the certificate: log_level and admin_group change at once, the rest with
the next start.
SIGINT and SIGTERM end the service cleanly.

--rpc offers MS-EVEN over TCP, the protocol of Windows' own tools, to the users of
'netelf user' (docs/ms-even.md); --samba-pipe offers it through Samba, over SMB, to
whom Samba lets in (docs/samba.md). --http offers the HTTP API over TLS to the same
users, and to programs with their tokens (docs/http-api.md); without a certificate
of http.certificate the service makes its own, and says its fingerprint.`,
		Example: `  netelf serve
  netelf serve --data /tmp/logs --socket /tmp/netelf.sock
  netelf serve --config quarry.yaml`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.StringVar(&file, "config", "", "the configuration `file` (default "+config.DefaultFile+", if it is there)")
	values := make([]string, len(serveFlags))
	for i, f := range serveFlags {
		fl.StringVar(&values[i], f.name, "", f.usage)
	}
	completeList(cmd, "sync", func() []string { return []string{"always", "periodic", "none"} })
	completeList(cmd, "log-level", func() []string { return []string{"debug", "info", "warn", "error"} })
	cmd.RunE = a.verb(func(ctx context.Context, _ []string) error {
		load := func() (*config.Config, error) {
			c, err := a.config(file)
			if err != nil {
				return nil, err
			}
			for i, f := range serveFlags {
				if !fl.Changed(f.name) {
					continue
				}
				text := values[i]
				if f.name == "data" || f.name == "socket" || f.name == "samba-pipe" { // as typed, they are of this folder
					if abs, err := filepath.Abs(text); err == nil && text != "" {
						text = abs
					}
				}
				if err := c.Set(f.key, text, "--"+f.name); err != nil {
					return nil, usage("%w", err)
				}
			}
			return c, nil
		}
		return a.serve(ctx, load)
	})
	return cmd
}

// config is the configuration of the service: of a file that was named, or of the
// default one if it is there.
func (a *app) config(file string) (*config.Config, error) {
	if file != "" {
		return config.Open(file, a.environ())
	}
	c, err := config.Open(config.DefaultFile, a.environ())
	if errors.Is(err, fs.ErrNotExist) {
		return config.Load(config.Source{}, a.environ())
	}
	return c, err
}

// daemonState is what a SIGHUP may change.
type daemonState struct {
	log   *slog.Logger
	level slog.LevelVar
	admin atomic.Pointer[uint32] // the group that administrates; nil: none
	conf  *config.Config
	http  *httpDoor
}

// apply takes over what can change while the service runs.
func (d *daemonState) apply(c *config.Config) error {
	var gid *uint32
	if name := string(c.Service.AdminGroup); name != "" {
		g, err := user.LookupGroup(name)
		if err != nil {
			return fmt.Errorf("service.admin_group: there is no group %q on this machine", name)
		}
		n, err := strconv.ParseUint(g.Gid, 10, 32)
		if err != nil {
			return fmt.Errorf("service.admin_group: group %q has the id %q, which is no number", name, g.Gid)
		}
		id := uint32(n)
		gid = &id
	}
	d.admin.Store(gid)
	d.level.Set(slog.Level(c.Service.LogLevel))
	for _, name := range c.Odd() {
		d.log.Warn("a variable that means nothing", "name", name)
	}
	d.conf = c
	return nil
}

// caller is who is at the other end of a connection.
func (d *daemonState) caller(p server.Peer) eventlog.Caller {
	c := eventlog.Caller{Name: fmt.Sprintf("uid %d", p.UID), Door: "socket"}
	if u, err := user.LookupId(strconv.FormatUint(uint64(p.UID), 10)); err == nil {
		c.Name = u.Username
	}
	if p.PID != 0 {
		c.Addr = fmt.Sprintf("process %d", p.PID)
	}
	group := d.admin.Load()
	admin := p.UID == 0 || int64(p.UID) == int64(os.Geteuid()) || group != nil && slices.Contains(p.Groups, *group)
	c.SIDs = service.UnixSIDs(p.UID, p.Groups, admin)
	return c
}

// serve runs the service until ctx ends.
func (a *app) serve(ctx context.Context, load func() (*config.Config, error)) (err error) {
	// From here on a SIGHUP is for the service.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)

	c, err := load()
	if err != nil {
		return a.configError(err)
	}
	d := &daemonState{}
	opts := &slog.HandlerOptions{Level: &d.level}
	d.log = slog.New(slog.NewTextHandler(a.stderr, opts))
	if a.env("JOURNAL_STREAM") != "" {
		d.log = slog.New(slog.NewJSONHandler(a.stderr, opts))
	}
	if err := d.apply(c); err != nil {
		return err
	}
	// Who comes from now on waits until the logs are open.
	l, err := listenUnix(string(c.Service.Socket))
	if err != nil {
		return err
	}
	s, err := openService(c, d.log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() {
		if closed := s.Close(); closed != nil {
			err = errors.Join(err, fmt.Errorf("close: %w", closed))
		}
	}()
	computer := string(c.Service.Computer)
	if computer == "" {
		computer, _ = os.Hostname() // a machine without a name has events without one
	}
	rpc, err := openRPC(s, d.log, c, computer, &d.admin)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	over, err := openHTTP(s, d.log, c, computer, rpc)
	if err != nil {
		return errors.Join(err, rpc.Close(), l.Close())
	}
	d.http = over
	many, err := a.serveMany(s, d.log, c)
	if err != nil {
		return errors.Join(err, over.Close(ctx, d), rpc.Close(), l.Close())
	}
	defer func() { err = errors.Join(err, many.close()) }()
	h := server.New(server.Options{
		Caller:  server.CallerOf,
		For:     func(_ context.Context, c eventlog.Caller) (eventlog.Server, error) { return s.As(c), nil },
		Version: version(), Computer: computer, Zone: localZone(time.Now()), Logger: d.log,
		Accounts: over.accounts, Texts: many.resolver(s), Records: int64(c.HTTP.MaxRecords), Many: many.handler(),
	})
	hs := &http.Server{
		Handler: h, ConnContext: server.ConnContext(d.caller), ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(server.Peers(l, d.log)) }()
	over.serve(h)
	d.log.Info("ready", "version", version(), "data", string(c.Service.Data), "socket", string(c.Service.Socket))
	d.notify(nowReady)
	err = d.run(ctx, s, load, hup, served, rpc.failed, over.failed)

	d.log.Info("stopping")
	d.notify(nowStopping)
	h.Drain()
	err = errors.Join(err, rpc.Close())
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, d.shutDown(stop, hs), over.Close(stop, d))
}

// shutDown ends a server when its requests have ended, or time is up.
func (d *daemonState) shutDown(ctx context.Context, hs *http.Server) error {
	down := hs.Shutdown(ctx)
	if down == nil {
		return nil
	}
	d.log.Warn("requests were cut off", "error", down)
	return hs.Close()
}

// openService opens the logs as is configured.
func openService(c *config.Config, log *slog.Logger) (*service.Service, error) {
	return service.Open(string(c.Service.Data), &service.Options{
		Sync: map[config.Sync]service.Sync{
			config.SyncAlways: service.SyncAlways, config.SyncPeriodic: service.SyncPeriodic, config.SyncNone: service.SyncNone,
		}[c.Service.Sync],
		SyncEvery: time.Duration(c.Service.SyncEvery), BackupDir: string(c.Service.Backup), MaxSize: uint32(c.Service.MaxSize),
		Computer: string(c.Service.Computer), Logger: log,
	})
}

// run waits for what happens to a service.
func (d *daemonState) run(ctx context.Context, s *service.Service, load func() (*config.Config, error), hup <-chan os.Signal, served, rpc, over <-chan error) error {
	var watchdog <-chan time.Time
	if within := aliveWithin(); within > 0 {
		t := time.NewTicker(within / 2)
		defer t.Stop()
		watchdog = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-served:
			return fmt.Errorf("the socket: %w", err)
		case err := <-rpc:
			return err
		case err := <-over:
			return fmt.Errorf("http.listen: %w", err)
		case <-d.http.look:
			d.http.renew(false)
		case <-hup:
			d.notify(nowReloading())
			d.reload(load)
			d.http.renew(true)
			d.notify(nowReady)
		case <-watchdog:
			own := s.As(eventlog.Caller{Name: "watchdog"})
			if _, err := own.Logs(ctx); err != nil {
				d.log.Error("watchdog", "error", err)
				continue
			}
			d.notify(stillAlive)
		}
	}
}

// reload reads the configuration again. What is wrong with it changes nothing.
func (d *daemonState) reload(load func() (*config.Config, error)) {
	before := d.conf
	c, err := load()
	if err == nil {
		err = d.apply(c)
	}
	if err != nil {
		d.log.Error("the configuration stays as it was", "error", err)
		return
	}
	d.log.Info("the configuration was read again")
	for _, f := range config.Fields() {
		if f.Key == "service.log_level" || f.Key == "service.admin_group" || c.Text(f.Key) == before.Text(f.Key) {
			continue
		}
		d.log.Warn("takes effect with the next start", "key", f.Key, "value", c.Text(f.Key))
	}
}

// notify tells systemd, if it is there.
func (d *daemonState) notify(state string) {
	if err := tellSystemd(state); err != nil {
		d.log.Warn("systemd cannot be told", "error", err)
	}
}

// listenUnix listens on a socket that all users of this machine may connect to:
// what they may do is decided by who they are. The socket of a service that ended
// without removing it is taken over, that of one that runs is not.
func listenUnix(name string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	if fi, err := os.Lstat(name); err == nil {
		if fi.Mode().Type() != fs.ModeSocket {
			return nil, fmt.Errorf("%s is there and is no socket", name)
		}
		if c, err := net.DialTimeout("unix", name, time.Second); err == nil {
			_ = c.Close() // it was only to see
			return nil, fmt.Errorf("%s: another service listens there", name)
		} else if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", name)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, 0o666); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
