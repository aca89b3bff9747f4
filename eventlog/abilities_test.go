package eventlog

import (
	"context"
	"errors"
	"io"
	"testing"
)

// bare is a Server without abilities.
type bare struct{}

func (bare) Logs(context.Context) ([]Info, error)         { return nil, nil }
func (bare) OpenLog(context.Context, string) (Log, error) { return nil, nil }
func (bare) Close() error                                 { return nil }

var errDone = errors.New("done")

// able can do everything, and answers errDone.
type able struct {
	bare
	listLog
	did string
}

func (a *able) Close() error { return nil }
func (a *able) Follow(context.Context, *Selection) (Cursor, error) {
	a.did = "follow"
	return nil, errDone
}
func (a *able) Clear(_ context.Context, backup string) error {
	a.did = "clear " + backup
	return errDone
}
func (a *able) Copy(context.Context, io.Writer) error       { a.did = "copy"; return errDone }
func (a *able) Backup(_ context.Context, name string) error { a.did = "backup " + name; return errDone }
func (a *able) Set(context.Context, Settings) error         { a.did = "set"; return errDone }
func (a *able) CreateLog(_ context.Context, name string, _ Settings) error {
	a.did = "create log " + name
	return errDone
}
func (a *able) DeleteLog(_ context.Context, name string) error {
	a.did = "delete log " + name
	return errDone
}
func (a *able) OpenBackup(_ context.Context, name string) (Log, error) {
	a.did = "open backup " + name
	return nil, errDone
}
func (a *able) RegisterSource(_ context.Context, name string) (Reporter, error) {
	a.did = "register source " + name
	return nil, errDone
}

func TestAbilities(t *testing.T) {
	for _, x := range []struct {
		what, did string
		call      func(context.Context, Log, Server) error
	}{
		{"follow", "follow", func(ctx context.Context, l Log, _ Server) error { _, err := Follow(ctx, l, nil); return err }},
		{"clear", "clear x", func(ctx context.Context, l Log, _ Server) error { return Clear(ctx, l, "x") }},
		{"copy", "copy", func(ctx context.Context, l Log, _ Server) error { return Copy(ctx, l, io.Discard) }},
		{"backup", "backup x", func(ctx context.Context, l Log, _ Server) error { return Backup(ctx, l, "x") }},
		{"set", "set", func(ctx context.Context, l Log, _ Server) error { return Set(ctx, l, Settings{}) }},
		{"create log", "create log x", func(ctx context.Context, _ Log, s Server) error { return CreateLog(ctx, s, "x", Settings{}) }},
		{"delete log", "delete log x", func(ctx context.Context, _ Log, s Server) error { return DeleteLog(ctx, s, "x") }},
		{"open backup", "open backup x", func(ctx context.Context, _ Log, s Server) error { _, err := OpenBackup(ctx, s, "x"); return err }},
		{"register source", "register source x", func(ctx context.Context, _ Log, s Server) error { _, err := RegisterSource(ctx, s, "x"); return err }},
	} {
		err := x.call(t.Context(), &listLog{}, bare{})
		if !errors.Is(err, errors.ErrUnsupported) || err.Error() != x.what+": unsupported operation" {
			t.Errorf("%s: %v, want errors.ErrUnsupported", x.what, err)
		}
		a := new(able)
		if err := x.call(t.Context(), a, a); err != errDone || a.did != x.did {
			t.Errorf("%s: %v, did %q, want %q", x.what, err, a.did, x.did)
		}
	}
}
