//go:build unix && !linux

package npa

const isLinux = false
