package nt

import "fmt"

// GUID is a globally unique identifier as it stands on the wire and on disk
// (MS-DTYP section 2.3.4.2): Data1, Data2 and Data3 little-endian, then the
// eight bytes of Data4 in order. Sixteen bytes of input convert to it with
// GUID(b[:16]).
type GUID [16]byte

// guidTextLen is the length of the form with braces.
const guidTextLen = 38

// guidOrder says which byte of the GUID stands at each place of the text, with
// -1 for a hyphen.
var guidOrder = [...]int8{3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15}

// guidPlaces says at which place of the text with braces each byte of the GUID
// stands.
var guidPlaces = [...]uint8{7, 5, 3, 1, 12, 10, 17, 15, 20, 22, 25, 27, 29, 31, 33, 35}

// ParseGUID parses the text form, with or without braces, in any case
// (MS-DTYP section 2.3.4.3).
func ParseGUID(s string) (GUID, error) {
	var g GUID
	body, at := s, 0 // at is where body begins in s
	switch len(s) {
	case guidTextLen - 2:
	case guidTextLen:
		if s[0] != '{' || s[guidTextLen-1] != '}' {
			return GUID{}, fmt.Errorf("guid %q: %d characters without braces, want %d", s, len(s), guidTextLen-2)
		}
		body, at = s[1:guidTextLen-1], 1
	default:
		return GUID{}, fmt.Errorf("guid %q: %d characters, want %d or %d with braces", quotable(s), len(s), guidTextLen-2, guidTextLen)
	}
	i := 0
	for _, o := range guidOrder {
		if o < 0 {
			if body[i] != '-' {
				return GUID{}, fmt.Errorf("guid %q: no hyphen at character %d", s, at+i)
			}
			i++
			continue
		}
		hi, lo := hexValue(body[i]), hexValue(body[i+1])
		if hi < 0 || lo < 0 {
			if hi >= 0 {
				i++
			}
			return GUID{}, fmt.Errorf("guid %q: no hexadecimal digit at character %d", s, at+i)
		}
		g[o] = byte(hi<<4 | lo)
		i += 2
	}
	return g, nil
}

// hexValue returns the value of a hexadecimal digit, -1 if c is none.
func hexValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendText appends the braced upper-case form.
func (g GUID) appendText(dst []byte) []byte {
	const digits = "0123456789ABCDEF"
	at := len(dst)
	dst = append(dst, "{00000000-0000-0000-0000-000000000000}"...)
	text := (*[guidTextLen]byte)(dst[at:])
	for i, place := range guidPlaces {
		text[place], text[place+1] = digits[g[i]>>4], digits[g[i]&15]
	}
	return dst
}

// String returns the form that Windows writes in events, with braces and in
// upper case: {54849625-5478-4994-A5BA-3E3B0328C30D}.
func (g GUID) String() string {
	var buf [guidTextLen]byte
	return string(g.appendText(buf[:0]))
}

// AppendText appends the form of String to dst. The error is always nil.
func (g GUID) AppendText(dst []byte) ([]byte, error) {
	return g.appendText(dst), nil
}

// MarshalText returns the form of String. The error is always nil.
func (g GUID) MarshalText() ([]byte, error) {
	return g.appendText(make([]byte, 0, guidTextLen)), nil
}

// UnmarshalText is ParseGUID; on an error g stays as it was.
func (g *GUID) UnmarshalText(text []byte) error {
	v, err := ParseGUID(string(text))
	if err != nil {
		return err
	}
	*g = v
	return nil
}

// IsZero reports whether g is the nil GUID, all of whose bits are zero.
func (g GUID) IsZero() bool {
	return g == GUID{}
}

// quotable shortens text that is too long to stand in an error.
func quotable(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
