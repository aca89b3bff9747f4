//go:build !linux

package main

import "time"

// There is no systemd.
const nowReady, nowStopping, stillAlive = "", "", ""

func nowReloading() string       { return "" }
func tellSystemd(string) error   { return nil }
func aliveWithin() time.Duration { return 0 }
