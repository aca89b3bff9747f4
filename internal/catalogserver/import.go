// Package catalogserver fills a catalogue of message files from a Windows server: its
// registry says which sources there are, and its shares have the files. It asks over
// SMB 2 or 3; what becomes of the answers is decided by message/catalog.
package catalogserver

import (
	"context"
	"time"

	"netelf.example/internal/smb"
	"netelf.example/message/catalog"
)

// MaxTime is how long an import may take; Options may have less.
const MaxTime = 2 * time.Hour

// Options are those of Import; nil is fine.
type Options struct {
	// ServerOptions without an Origin have smb:// and the address.
	catalog.ServerOptions

	// Timeout ends the import. What was added until then stays. 0: MaxTime.
	Timeout time.Duration

	// AllowBare asks a server's registry also without authentication inside the pipe,
	// which is protected by SMB, where the server refuses that. False: it is an error.
	AllowBare bool
}

// Import adds the sources and message files of a Windows server to a catalogue, as
// catalog.ImportServer does, and asks as who, who must be an administrator there.
func Import(ctx context.Context, c *catalog.Catalog, address string, who smb.Credentials, opts *Options) (catalog.Imported, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Timeout <= 0 {
		o.Timeout = MaxTime
	}
	if o.Origin == "" {
		o.Origin = "smb://" + address
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	s, err := smb.Dial(ctx, smb.Options{Address: address, Credentials: who})
	if err != nil {
		return catalog.Imported{}, err
	}
	defer func() { _ = s.Close() }() // only read
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	r, err := openRegistry(ctx, s, address, who, o.AllowBare)
	if err != nil {
		return catalog.Imported{}, err
	}
	defer func() { _ = r.Close() }() // only read
	done, err := c.ImportServer(ctx, registry{r.LocalMachine()}, shares{s, map[string]*smb.Share{}}, &o.ServerOptions)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // and not that the session was closed
	}
	return done, err
}
