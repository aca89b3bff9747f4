// Package quote shows a stranger's text in an error.
package quote

import (
	"strconv"
	"unicode/utf8"
)

// most is how many bytes of a text are shown.
const most = 64

// Short is text in quotes, with what does not print escaped, and not longer than it
// helps: an ellipsis behind it says that there is more.
func Short(s string) string {
	if len(s) <= most {
		return strconv.Quote(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}
