package worded

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestErrorf(t *testing.T) {
	one, other := Errorf(fs.ErrNotExist, "no log %q", "a"), Errorf(fs.ErrNotExist, "no log %q", "a")
	if s := one.Error(); s != `no log "a"` {
		t.Errorf("text %q", s)
	}
	for _, err := range []error{one, fmt.Errorf("open: %w", one)} {
		if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, one) {
			t.Errorf("%v is not what it is", err)
		}
		if errors.Is(err, fs.ErrExist) || errors.Is(err, other) {
			t.Errorf("%v is what it is not", err)
		}
	}
}
