package main

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// What systemd is told of a service.
const (
	nowReady    = daemon.SdNotifyReady
	nowStopping = daemon.SdNotifyStopping
	stillAlive  = daemon.SdNotifyWatchdog
)

// nowReloading is what systemd is told before nowReady comes again.
func nowReloading() string {
	return daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec()
}

// tellSystemd tells it, if it is there.
func tellSystemd(state string) error {
	_, err := daemon.SdNotify(false, state)
	return err
}

// aliveWithin is within which time systemd wants to hear that the service is alive; 0:
// it does not.
func aliveWithin() time.Duration {
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return d
}
