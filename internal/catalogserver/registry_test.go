package catalogserver

import (
	"context"
	"fmt"
	"net"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// TestOver: what is wrong with one key ends nothing; what is not known to be about a
// key does.
func TestOver(t *testing.T) {
	for _, x := range []struct {
		name string
		err  error
		want bool
	}{
		{"no such key", nt.ErrorFileNotFound, false},
		{"no access", fmt.Errorf("key: %w", nt.ErrorAccessDenied), false},
		{"too many keys", fmt.Errorf("key: %w", eventlog.ErrTooLarge), false},
		{"an answer that cannot be understood", eventlog.ErrInvalid, false},
		{"the end of the connection", net.ErrClosed, true},
		{"the end of the time", context.DeadlineExceeded, true},
	} {
		if got := (registry{}).Over(x.err); got != x.want {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
}
