package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
)

// NoText is what SafeFormatMessage of pywin32's win32evtlogutil gives for an event
// whose text is not found, so that scripts that look for it go on working:
//
//	<The description for Event ID ( 7036 ) in Source ( 'Spooler' ) could not be found. It contains the following insertion string(s):'a, b'.>
//
// The number is the code of the id. Source and strings are written as repr of Python 3
// writes a str.
func NoText(e *eventlog.Event) string {
	return fmt.Sprintf("<The description for Event ID ( %d ) in Source ( %s ) could not be found. It contains the following insertion string(s):%s.>",
		e.Code(), repr(e.Source), repr(e.Inserts()))
}

// repr is s as Python 3 writes it. A byte that is not UTF-8, which no str has, is
// the surrogate that stands for it there.
func repr(s string) string {
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	b := append(make([]byte, 0, len(s)+2), quote)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b = fmt.Appendf(b, `\udc%02x`, s[i])
		case r == rune(quote) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case unicode.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r <= 0xff:
			b = fmt.Appendf(b, `\x%02x`, r)
		case r <= 0xffff:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = fmt.Appendf(b, `\U%08x`, r)
		}
		i += n
	}
	return string(append(b, quote))
}
