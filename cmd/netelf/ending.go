package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilEnded is ctx until somebody wants a verb to end that has a temporary file or
// folder, which must not be left behind: not by a terminal that is closed, and not by a
// second signal, as timeout sends one together with the first. Until stop is called
// signals do no more than that.
func untilEnded(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, signals...)
}
