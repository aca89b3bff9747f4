package spnego

import (
	"fmt"

	"netelf.example/eventlog"
)

// The tags of DER that occur. All are of one byte.
const (
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagString      = 0x1b // GeneralString
	tagSequence    = 0x30
	tagApplication = 0x60 // [APPLICATION 0], constructed
	tagContext     = 0xa0 // [0], constructed; [n] is tagContext+n
)

// format is what a FormatError of the package names.
const format = "spnego"

// der is a part of a token that is a row of elements.
type der struct {
	structure string // for errors
	b         []byte
	at        int // the offset of b in the token
}

func (d der) malformed(field, text string, args ...any) error {
	return &eventlog.FormatError{Format: format, Struct: d.structure, Field: field, Offset: int64(d.at), Err: fmt.Errorf(text, args...)}
}

// next cuts off the first element: its tag, what is in it, and all its bytes. Field
// is what it is for, for errors.
func (d *der) next(field string) (tag byte, body der, whole []byte, err error) {
	if len(d.b) < 2 {
		return 0, der{}, nil, d.malformed(field, "need 2 bytes, have %d", len(d.b))
	}
	tag = d.b[0]
	if tag&0x1f == 0x1f {
		return 0, der{}, nil, d.malformed(field, "a tag 0x%02x of several bytes", tag)
	}
	head, size := 2, uint64(d.b[1])
	if size >= 0x80 {
		n := int(size & 0x7f)
		if n == 0 || n > 4 {
			return 0, der{}, nil, d.malformed(field, "a length 0x%02x: want one of 1 to 4 bytes", size)
		}
		if len(d.b) < 2+n {
			return 0, der{}, nil, d.malformed(field, "a length of %d bytes, have %d", n, len(d.b)-2)
		}
		size = 0
		for _, c := range d.b[2 : 2+n] {
			size = size<<8 | uint64(c)
		}
		head += n
	}
	if size > uint64(len(d.b)-head) {
		return 0, der{}, nil, d.malformed(field, "need %d bytes, have %d", size, len(d.b)-head)
	}
	end := head + int(size)
	whole = d.b[:end:end]
	body = der{d.structure, d.b[head:end:end], d.at + head}
	d.b, d.at = d.b[end:], d.at+end
	return tag, body, whole, nil
}

// want is next for an element that must have a tag.
func (d *der) want(field string, tag byte) (body der, whole []byte, err error) {
	at := *d
	got, body, whole, err := d.next(field)
	if err == nil && got != tag {
		err = at.malformed(field, "want tag 0x%02x, have 0x%02x", tag, got)
	}
	return body, whole, err
}

// only is want for the one element that a part holds.
func (d *der) only(field string, tag byte) (body der, whole []byte, err error) {
	if body, whole, err = d.want(field, tag); err == nil {
		err = d.end(field)
	}
	return body, whole, err
}

func (d *der) end(field string) error {
	if len(d.b) != 0 {
		return d.malformed(field, "%d bytes behind it", len(d.b))
	}
	return nil
}

// wrap is an element around parts.
func wrap(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n+6)
	b = append(b, tag)
	switch {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 0x100:
		b = append(b, 0x81, byte(n))
	case n < 0x10000:
		b = append(b, 0x82, byte(n>>8), byte(n))
	default: // never as much as 2³²: tokens are bounded by MaxToken
		b = append(b, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
