package catalogserver

import (
	"context"
	"errors"
	"io/fs"
	"net"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
	"netelf.example/internal/winreg"
	"netelf.example/message/catalog"
	"netelf.example/nt"
)

// openRegistry opens a server's registry, with privacy inside the pipe. A server that
// takes no authentication there is asked without it where bare is true.
func openRegistry(ctx context.Context, s *smb.Session, address string, who smb.Credentials, bare bool) (*winreg.Registry, error) {
	dial := func(o dcerpc.ClientOptions) (*winreg.Registry, error) {
		nc, err := s.Pipe(ctx, winreg.Pipe)
		if err != nil {
			return nil, err
		}
		return winreg.Dial(ctx, nc, &o)
	}
	if who.Anonymous {
		return dial(dcerpc.ClientOptions{})
	}
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	m, err := rpcauth.Negotiate(ctx, rpcauth.Credentials{User: who.User, Domain: who.Domain, Password: who.Password}, who.Kerberos, smb.Service, host)
	if err != nil {
		return nil, err
	}
	r, err := dial(dcerpc.ClientOptions{Mechanism: m, AuthType: m.AuthType(), HeaderSigning: true})
	var refused *dcerpc.BindError
	var fault *dcerpc.Fault
	if err == nil || !bare || errors.Is(err, fs.ErrPermission) || !errors.As(err, &refused) && !errors.As(err, &fault) {
		return r, err
	}
	return dial(dcerpc.ClientOptions{})
}

// registry is a server's registry below one key.
type registry struct{ root *winreg.Key }

// with opens a key for fn.
func (r registry) with(ctx context.Context, path string, fn func(k *winreg.Key) error) error {
	k, err := r.root.Open(ctx, path, winreg.AccessRead)
	if err != nil {
		return err
	}
	err = fn(k)
	if e := k.Close(ctx); err == nil {
		err = e
	}
	return err
}

func (r registry) Keys(ctx context.Context, path string) (names []string, err error) {
	err = r.with(ctx, path, func(k *winreg.Key) (err error) {
		names, err = k.Keys(ctx, catalog.MaxSources)
		return err
	})
	return names, err
}

func (r registry) Values(ctx context.Context, path string) (list []catalog.RegistryValue, err error) {
	err = r.with(ctx, path, func(k *winreg.Key) (err error) {
		list, err = k.Values(ctx)
		return err
	})
	return list, err
}

// Over: what the server says of a key is not the end, and an answer that is too long
// or cannot be understood neither.
func (registry) Over(err error) bool {
	var code nt.Win32Error
	return !errors.As(err, &code) && !errors.Is(err, eventlog.ErrTooLarge) && !errors.Is(err, eventlog.ErrInvalid)
}
