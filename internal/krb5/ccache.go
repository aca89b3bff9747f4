package krb5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"netelf.example/eventlog"
)

// maxComponents is the most that a principal's name has.
const maxComponents = 16

// cache is what a ticket cache file has, of format 3 or 4:
//
//	05 03 or 05 04; of format 4 then 2 bytes of length and as many of fields
//	principal: 4 name type, 4 count of components, realm, components
//	…  credentials to the end:
//	   client, server principal
//	   2 key type, of format 3 twice; key
//	   4 each: time of authentication, start, end, renewal till
//	   1 is in a session key, 4 flags
//	   4 count of addresses, each: 2 type, data; the same of authorization data
//	   ticket, second ticket
//
// Numbers are big-endian; names, keys, data and tickets have 4 bytes of length.
type cache struct {
	client  principal
	tickets []cached
}

// principal is a name in a realm.
type principal struct {
	types.PrincipalName
	Realm string
}

func (p principal) String() string { return p.PrincipalNameString() + "@" + p.Realm }

// cached is one ticket with its key.
type cached struct {
	client, server principal
	key            types.EncryptionKey
	start, end     time.Time
	ticket         []byte
}

// cacheReader reads fields, and keeps the first error.
type cacheReader struct {
	b   []byte
	at  int
	err error
}

var errShort = errors.New("the file ends amid it")

func (r *cacheReader) fail(field string, err error) {
	if r.err == nil {
		r.err = &eventlog.FormatError{Format: "ccache", Struct: "credential", Field: field, Offset: int64(r.at), Err: err}
	}
}

// take cuts off n bytes; of an error it gives nil.
func (r *cacheReader) take(field string, n uint32) []byte {
	if r.err != nil {
		return nil
	}
	if uint64(n) > uint64(len(r.b)-r.at) {
		r.fail(field, errShort)
		return nil
	}
	b := r.b[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *cacheReader) uint16(field string) uint16 {
	b := r.take(field, 2)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

func (r *cacheReader) uint32(field string) uint32 {
	b := r.take(field, 4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (r *cacheReader) data(field string) []byte { return r.take(field, r.uint32(field)) }

func (r *cacheReader) time(field string) time.Time {
	return time.Unix(int64(r.uint32(field)), 0).UTC()
}

func (r *cacheReader) principal(field string) (p principal) {
	p.NameType = int32(r.uint32(field))
	n := r.uint32(field)
	if n > maxComponents {
		r.fail(field, fmt.Errorf("%d components, at most %d", n, maxComponents))
		return p
	}
	p.Realm = string(r.data(field))
	for range n {
		p.NameString = append(p.NameString, string(r.data(field)))
	}
	return p
}

// list reads over entries of a type and data each.
func (r *cacheReader) list(field string) {
	for n := r.uint32(field); n > 0 && r.err == nil; n-- {
		r.uint16(field)
		r.data(field)
	}
}

// decodeCache decodes a ticket cache file.
func decodeCache(b []byte) (c cache, err error) {
	r := &cacheReader{b: b}
	switch v := r.uint16("version"); {
	case r.err == nil && v == 0x0504:
		r.take("header", uint32(r.uint16("header")))
	case r.err == nil && v != 0x0503:
		r.fail("version", fmt.Errorf("have 0x%04x, want 0x0503 or 0x0504", v))
	}
	format3 := len(b) > 1 && b[1] == 3
	c.client = r.principal("default principal")
	for r.err == nil && r.at < len(b) {
		var t cached
		t.client, t.server = r.principal("client"), r.principal("server")
		t.key.KeyType = int32(r.uint16("keyblock"))
		if format3 {
			r.uint16("keyblock")
		}
		t.key.KeyValue = r.data("keyblock")
		authTime := r.time("times")
		if t.start = r.time("times"); t.start.Unix() == 0 {
			t.start = authTime
		}
		t.end = r.time("times")
		r.take("renewal, is_skey and flags", 9)
		r.list("addresses")
		r.list("authdata")
		t.ticket = r.data("ticket")
		r.data("second ticket")
		if r.err == nil && !strings.HasPrefix(t.server.Realm, "X-CACHECONF:") {
			c.tickets = append(c.tickets, t)
		}
	}
	return c, r.err
}

// decode makes the ticket of it that can be used.
func (t *cached) decode() (*Ticket, error) {
	out := &Ticket{client: t.client, key: t.key, start: t.start, end: t.end}
	if err := guard(func() error { return out.ticket.Unmarshal(t.ticket) }); err != nil {
		return nil, err
	}
	if len(out.ticket.SName.NameString) == 0 {
		return nil, errMalformed
	}
	return out, nil
}

// find gives the ticket for a service that ends last.
func (c *cache) find(server principal) (*cached, bool) {
	var found *cached
	for i := range c.tickets {
		t := &c.tickets[i]
		if t.server.Equal(server.PrincipalName) && t.server.Realm == server.Realm && t.client.Equal(c.client.PrincipalName) &&
			t.client.Realm == c.client.Realm && (found == nil || t.end.After(found.end)) {
			found = t
		}
	}
	return found, found != nil
}

// Ticket is a ticket with its key: what an [Initiator] needs.
type Ticket struct {
	client     principal
	ticket     messages.Ticket
	key        types.EncryptionKey
	start, end time.Time
}

// Client is whose ticket it is, as fred@QUARRY.EXAMPLE.
func (t *Ticket) Client() string { return t.client.String() }

// lasts says whether a ticket can be used, and for a while.
func (t *Ticket) lasts(now time.Time) bool { return now.Add(time.Minute).Before(t.end) }
