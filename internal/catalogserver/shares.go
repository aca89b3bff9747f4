package catalogserver

import (
	"context"

	"netelf.example/internal/smb"
	"netelf.example/message/catalog"
)

// shares are the shares of a session, each connected to once.
type shares struct {
	session *smb.Session
	known   map[string]*smb.Share
}

func (s shares) share(ctx context.Context, name string) (*smb.Share, error) {
	if sh, ok := s.known[name]; ok {
		return sh, nil
	}
	sh, err := s.session.Share(ctx, name)
	if err == nil {
		s.known[name] = sh
	}
	return sh, err
}

func (s shares) List(ctx context.Context, share, folder string, more func(name string) bool) error {
	sh, err := s.share(ctx, share)
	if err != nil {
		return err
	}
	return sh.List(ctx, folder, more)
}

func (s shares) Open(ctx context.Context, share, name string) (catalog.ServerFile, error) {
	sh, err := s.share(ctx, share)
	if err != nil {
		return nil, err
	}
	f, err := sh.Open(ctx, name)
	if err != nil {
		return nil, err // and not a file that is nil
	}
	return f, nil
}

func (shares) Over(err error) bool { return smb.IsOver(err) }
