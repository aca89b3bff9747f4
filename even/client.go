package even

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/internal/worded"
	"netelf.example/nt"
)

// ClientOptions say which server a Client asks, and how. Dialer is needed; a zero
// value of another field means what stands at it.
type ClientOptions struct {
	Name   string // the server as the user named it: Origin.Server
	Dialer Dialer

	// Mechanism makes the calling side of an authentication inside the pipe, a new
	// one for each connection; rpcauth.Initiator is one. nil: the bind is bare, and
	// what the pipe knows of the caller is all that the server knows.
	Mechanism func(ctx context.Context) (m dcerpc.Mechanism, authType uint8, err error)
	Level     uint8 // of the authentication; 0: dcerpc.LevelPrivacy

	// AllowBare goes down to a bare bind where the server does not take the
	// Mechanism. Notice is told. Only for connections that are protected by what
	// they run in, as a pipe over SMB; false: it is an error.
	AllowBare bool

	// Registry tells what MS-EVEN cannot: which logs there are, and what is set of
	// them. NewRegistry is that of the same server; nil: it is not known.
	Registry Registry

	Notice func(text string) // what the user should know; may be called by any goroutine; nil: nobody does

	PollMin, PollMax time.Duration    // how often a log that is followed is looked at; 0: 1 s, 10 s
	MaxFrag          int              // longest fragment, 1432 to 65535 bytes; 0: 65535
	Now              func() time.Time // nil: time.Now
}

// fill puts in what zero values mean.
func (o *ClientOptions) fill() {
	if o.PollMin <= 0 {
		o.PollMin = time.Second
	}
	if o.PollMax <= 0 {
		o.PollMax = 10 * time.Second
	}
	o.PollMax = max(o.PollMin, o.PollMax)
	if o.MaxFrag == 0 {
		o.MaxFrag = 65535
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// notice tells the user something.
func (o *ClientOptions) notice(text string) {
	if o.Notice != nil {
		o.Notice(text)
	}
}

// Client is an eventlog.Server at the other end of MS-EVEN. It may be used by many
// goroutines; each walk has a connection of its own, and connections are made as
// they are needed.
type Client struct {
	o      ClientOptions
	binder binder

	mu        sync.Mutex
	closed    bool
	idle      []*conn
	skew      time.Duration
	skewKnown bool
	size      uint32 // the largest buffer that the server is known not to refuse
}

var (
	_ eventlog.Server       = (*Client)(nil)
	_ eventlog.BackupOpener = (*Client)(nil)
	_ eventlog.Registrar    = (*Client)(nil)
	_ eventlog.SourceKeeper = (*Client)(nil)
	_ eventlog.Creator      = (*Client)(nil)
)

// Dial connects to a server. ctx is for Dial alone.
func Dial(ctx context.Context, o *ClientOptions) (*Client, error) {
	if o == nil || o.Dialer == nil {
		return nil, errors.New("even: ClientOptions.Dialer is not set")
	}
	c := &Client{o: *o, size: maxBatchBuff}
	c.o.fill()
	c.binder.o = &c.o
	n, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.give(n, ndr.ContextHandle{})
	return c, nil
}

// Close closes what is idle, and the Registry if it can be closed. Logs and walks
// that are open end with their own Close; none of them connects again.
func (c *Client) Close() error {
	c.closeIdle()
	if r, ok := c.o.Registry.(io.Closer); ok {
		return r.Close()
	}
	return nil
}

// Skew is how far the server's clock was ahead of this one's when it last
// authenticated; ok is false where the authentication does not tell.
func (c *Client) Skew() (d time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew, c.skewKnown
}

// theThree are the logs that every server has. They are opened by name without the
// registry.
var theThree = []string{"Application", "Security", "System"}

// names is the names of the logs: of the registry where there is one, else the
// three. The error says why the registry's are not known; errors.ErrUnsupported
// that there is none.
func (c *Client) names(ctx context.Context) ([]string, error) {
	if c.o.Registry == nil {
		return theThree, fmt.Errorf("the list of logs: %w", errors.ErrUnsupported)
	}
	names, err := c.o.Registry.Logs(ctx)
	if err != nil {
		return theThree, err
	}
	var list []string
	for _, n := range names {
		same := func(s string) bool { return eventlog.EqualFold(s, n) }
		if n != "" && !strings.Contains(n, "/") && !slices.ContainsFunc(list, same) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return theThree, errors.New("the registry names no logs")
	}
	slices.Sort(list)
	return list, nil
}

// Logs lists the logs: those of the server's registry, or, where it is not known or
// cannot be read, Application, Security and System. Of those that the caller may not
// read it has the name only.
func (c *Client) Logs(ctx context.Context) ([]eventlog.Info, error) {
	names, err := c.names(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && c.o.Registry != nil {
		c.o.notice(fmt.Sprintf("%s: only the usual logs are listed: %v", c.o.Name, err))
	}
	var list []eventlog.Info
	for _, name := range names {
		i := eventlog.Info{Name: name, Channel: name}
		l, err := c.openNamed(ctx, name)
		if err == nil {
			i, err = l.Info(ctx)
			_ = l.Close() // it was only asked
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, fs.ErrPermission):
			i = eventlog.Info{Name: name, Channel: name}
		case err != nil:
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// ErrNotListed is a name that the server was not asked to open, since nothing says
// that it has a log of that name. It is fs.ErrNotExist.
var ErrNotListed = worded.Errorf(fs.ErrNotExist, "it is not opened")

// OpenLog opens a log. A server opens Application for a name that it does not know,
// so names other than Application, Security and System are opened only where the
// server's registry lists them. What it does not list is ErrNotListed.
func (c *Client) OpenLog(ctx context.Context, name string) (eventlog.Log, error) {
	known, err := c.verified(ctx, name)
	if err != nil {
		return nil, err
	}
	l, err := c.openNamed(ctx, known)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// verified is the name of a log as the server has it.
func (c *Client) verified(ctx context.Context, name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("a log without a name: %w", fs.ErrNotExist)
	case strings.Contains(name, "/"):
		return "", fmt.Errorf("%q is an event channel, and MS-EVEN has none: %w", name, ErrNotListed)
	}
	same := func(s string) bool { return eventlog.EqualFold(s, name) }
	if i := slices.IndexFunc(theThree, same); i >= 0 {
		return theThree[i], nil
	}
	names, err := c.names(ctx)
	if i := slices.IndexFunc(names, same); i >= 0 {
		return names[i], nil
	}
	const why = "the server would open Application for a name that it does not know"
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, errors.ErrUnsupported):
		return "", fmt.Errorf("whether there is a log %q cannot be asked, and %s: %w", name, why, ErrNotListed)
	case err != nil:
		return "", fmt.Errorf("whether there is a log %q is not known, and %s: %w", name, why, err)
	}
	return "", fmt.Errorf("the registry lists no log %q, and %s: %w", name, why, ErrNotListed)
}

// serverName is what Windows' own client sends for the name of a server.
var serverName = uint16('\\')

func newOpen(name string) *openRequest {
	return &openRequest{UNCServerName: &serverName, ModuleName: ndr.Text(name), MajorVersion: 1, MinorVersion: 1}
}

// openNamed opens a log whose name is verified.
func (c *Client) openNamed(ctx context.Context, name string) (*liveLog, error) {
	l := &liveLog{clientLog{
		c: c, op: opOpenELW, request: newOpen(name),
		origin: &eventlog.Origin{Server: c.o.Name, Log: name, Channel: name},
	}}
	if err := l.begin(ctx); err != nil {
		// Some servers refuse a name that they do not know instead of opening another log.
		if s, ok := statusOf(err); ok && s == nt.StatusObjectNameInvalid {
			err = fmt.Errorf("%w: %w", err, fs.ErrNotExist)
		}
		return nil, err
	}
	return l, nil
}

// OpenBackup opens a backup that lies on the server's disk; the name is as for
// Backup.
func (c *Client) OpenBackup(ctx context.Context, name string) (eventlog.Log, error) {
	path, err := backupPathOf(name)
	if err != nil {
		return nil, err
	}
	l := &clientLog{
		c: c, op: opOpenBELW,
		request: &openBackupRequest{UNCServerName: &serverName, BackupFileName: ndr.Text(path), MajorVersion: 1, MinorVersion: 1},
		origin:  &eventlog.Origin{Server: c.o.Name, Log: name},
		backup:  true,
	}
	if err := l.begin(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// backupPathOf is the path of a backup as MS-EVEN has it, an NT object path
// (2.2.4.1).
func backupPathOf(name string) (string, error) {
	switch {
	case name == "" || strings.ContainsRune(name, 0):
		return "", fmt.Errorf("backup %q: %w", name, eventlog.ErrBackupName)
	case len(name) >= 3 && letter(name[0]) && name[1:3] == `:\`:
		return `\??\` + name, nil
	case strings.ContainsAny(name, `\/`):
		return name, nil
	}
	return `\??\C:\` + name, nil
}

// Sources lists the sources of all logs, by the server's registry. Of what of them
// cannot be read, Notice is told.
func (c *Client) Sources(ctx context.Context) ([]eventlog.Source, error) {
	if c.o.Registry == nil {
		return nil, fmt.Errorf("list sources: MS-EVEN cannot, and the registry is not known: %w", errors.ErrUnsupported)
	}
	names, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	var list []eventlog.Source
	for _, name := range names {
		s, err := c.o.Registry.Sources(ctx, name)
		switch {
		case err != nil && s == nil:
			return nil, err
		case err != nil:
			c.o.notice(fmt.Sprintf("%s: of the sources of %s not all is known: %v", c.o.Name, name, err))
		}
		list = append(list, s...)
	}
	slices.SortStableFunc(list, func(a, b eventlog.Source) int { return strings.Compare(eventlog.Fold(a.Name), eventlog.Fold(b.Name)) })
	return list, nil
}

// noCall is why a server is not asked for something, and who can be.
func noCall(what string) error {
	return fmt.Errorf("%s: MS-EVEN has no call for it; a netelf server does it over https://, and any server on its own machine: %w", what, errors.ErrUnsupported)
}

// SetSource is not supported: a source is registered where its message files are.
func (c *Client) SetSource(context.Context, eventlog.Source) error { return noCall("add source") }

// RemoveSource is not supported.
func (c *Client) RemoveSource(context.Context, string) error { return noCall("remove source") }

// CreateLog is not supported: which logs there are is for whoever runs the server.
func (c *Client) CreateLog(context.Context, string, eventlog.Settings) error {
	return noCall("create log")
}

// DeleteLog is not supported.
func (c *Client) DeleteLog(context.Context, string) error { return noCall("delete log") }
