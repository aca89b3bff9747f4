//go:build tools

// Package tools names the programs that building and checking netelf need, so
// that their modules stay out of those of netelf's users.
package tools

import _ "honnef.co/go/tools/cmd/staticcheck"
