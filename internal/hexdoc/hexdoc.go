// Package hexdoc lays out bytes as annotated hexadecimal text, and reads such
// text back into bytes.
//
//	# EVENTLOGRECORD 4711
//	00000030: dc 00 00 00              # Length 0xdc
//	00000034: 4c 66 4c 65              # Reserved LfLe
//	# SourceName "EventLog"
//	00000068: 45 00 76 00 65 00 6e 00 74 00 4c 00 6f 00 67 00  # E.v.e.n.t.L.o.g.
//	00000078: 00 00                    # ..
//
// A line has an offset with a colon, bytes of two digits, and behind a # what is
// said of them; each of the three may be missing. It is how binary test data
// stands in the tree, so that it can be read and reviewed, and what dumps print.
package hexdoc

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// How a line is laid out: of a field of up to short bytes the comment is in the
// same line.
const (
	short = 8
	row   = 16
)

// AppendComment appends a line that is a comment.
func AppendComment(dst []byte, text string) []byte {
	return append(append(append(dst, "# "...), text...), '\n')
}

// AppendField appends the bytes that lie at off with what they are: in one line,
// or if there are many in rows of 16 below it, each with what of it is printable
// ASCII. text must be one line, and safe for where it is shown.
func AppendField(dst []byte, off int64, b []byte, text string) []byte {
	if len(b) <= short {
		return appendRow(dst, off, b, short, text)
	}
	dst = AppendComment(dst, text)
	return AppendRows(dst, off, b)
}

// AppendRows appends the bytes that lie at off in rows of 16.
func AppendRows(dst []byte, off int64, b []byte) []byte {
	var text [row]byte
	for len(b) > 0 {
		part := b[:min(row, len(b))]
		for i, c := range part {
			if c < 0x20 || c >= 0x7f {
				c = '.'
			}
			text[i] = c
		}
		dst = appendRow(dst, off, part, row, string(text[:len(part)]))
		off, b = off+int64(len(part)), b[len(part):]
	}
	return dst
}

func appendRow(dst []byte, off int64, b []byte, width int, text string) []byte {
	dst = fmt.Appendf(dst, "%08x:", off)
	for _, c := range b {
		dst = append(dst, ' ', digits[c>>4], digits[c&15])
	}
	if text == "" {
		return append(dst, '\n')
	}
	for range 3 * (width - len(b)) {
		dst = append(dst, ' ')
	}
	return append(append(append(dst, "  # "...), text...), '\n')
}

const digits = "0123456789abcdef"

// MaxSize is how many bytes a text may stand for.
const MaxSize = 64 << 20

// Parse reads the bytes that text stands for. What lies between offsets is zero;
// an offset that goes back is an error, and so is anything that is not of the
// form. A line without an offset goes on where the one before it ended.
func Parse(text string) ([]byte, error) {
	var out []byte
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if off, bytes, ok := strings.Cut(line, ":"); ok {
			var at int64
			off = strings.TrimPrefix(strings.TrimSpace(off), "0x")
			if _, err := fmt.Sscanf(off, "%x", &at); err != nil || !isHex(off) {
				return nil, fmt.Errorf("line %d: offset %q is not hexadecimal", n, off)
			}
			switch {
			case at < int64(len(out)):
				return nil, fmt.Errorf("line %d: offset 0x%x lies before the end 0x%x of the line above", n, at, len(out))
			case at > MaxSize:
				return nil, fmt.Errorf("line %d: offset 0x%x is over the limit 0x%x", n, at, MaxSize)
			}
			out = append(out, make([]byte, at-int64(len(out)))...)
			line = bytes
		}
		for field := range strings.FieldsSeq(line) {
			b, err := hex.DecodeString(field)
			if err != nil {
				return nil, fmt.Errorf("line %d: %q is not bytes of two digits", n, field)
			}
			out = append(out, b...)
		}
		if len(out) > MaxSize {
			return nil, fmt.Errorf("line %d: over the limit of 0x%x bytes", n, MaxSize)
		}
	}
	return out, nil
}

func isHex(s string) bool {
	return s != "" && len(s) <= 15 && strings.Trim(strings.ToLower(s), digits) == ""
}
