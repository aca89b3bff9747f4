//go:build !linux

package npa

import "log/slog"

// watch tells nothing: the folder is looked at from time to time.
type watch struct {
	path string
	tell chan<- struct{}
}

func (*watch) begin(*slog.Logger) {}
func (*watch) end()               {}
