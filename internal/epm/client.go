package epm

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"net"
	"strconv"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// ID is the interface of endpoint mappers.
var ID = dcerpc.SyntaxID{
	UUID:    nt.GUID{0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa},
	Version: 3,
}

// Port is where endpoint mappers listen.
const Port = 135

// Operations.
const (
	opLookup           = 2
	opMap              = 3
	opLookupHandleFree = 4
)

// Statuses (C706 appendix E, [MS-RPCE] 2.2.1.2).
const (
	statusCantPerform   = 0x16c9a0cd // EPT_S_CANT_PERFORM_OP
	statusNotRegistered = 0x16c9a0d6 // EPT_S_NOT_REGISTERED
)

// Error is a status that is not 0. errors.Is finds fs.ErrNotExist where the
// interface is not registered.
type Error struct{ Status uint32 }

func (e *Error) Error() string {
	switch e.Status {
	case statusNotRegistered:
		return "endpoint mapper: the interface is not registered"
	case statusCantPerform:
		return "endpoint mapper: cannot perform the operation"
	}
	return fmt.Sprintf("endpoint mapper: status 0x%08x", e.Status)
}

// Is makes an interface that is not registered an fs.ErrNotExist.
func (e *Error) Is(target error) bool {
	return target == fs.ErrNotExist && e.Status == statusNotRegistered
}

// mapTowers is how many endpoints Map asks for; the first one is taken.
const mapTowers = 4

// Map asks the endpoint mapper at the other end of nc, which it closes, for the TCP
// endpoint of an interface: addr is the host of nc's remote address with the port.
// The address that the endpoint mapper names is not used: behind an address
// translation it is another one, and it would let anybody who answers on port 135
// choose to whom the caller authenticates next.
func Map(ctx context.Context, nc net.Conn, iface dcerpc.SyntaxID) (addr string, err error) {
	host := ""
	if a := nc.RemoteAddr(); a != nil {
		if h, _, err := net.SplitHostPort(a.String()); err == nil {
			host = h
		}
	}
	c, err := dcerpc.Dial(ctx, nc, &dcerpc.ClientOptions{Interface: ID, MaxResponse: 1 << 16})
	if err != nil {
		return "", fmt.Errorf("endpoint mapper: %w", err)
	}
	defer func() { _ = c.Close() }() // everything was answered
	in, err := appendMapRequest(nil, iface)
	if err != nil {
		return "", err
	}
	out, err := c.Call(ctx, opMap, in)
	if err != nil {
		return "", fmt.Errorf("endpoint mapper: %w", err)
	}
	towers, status, err := decodeMapResponse(out)
	if err != nil {
		return "", err
	}
	if status != 0 {
		return "", &Error{status}
	}
	for _, t := range towers {
		if t.TCP && t.Port != 0 && t.Interface.UUID == iface.UUID && t.Interface.Major() == iface.Major() {
			return net.JoinHostPort(host, strconv.Itoa(int(t.Port))), nil
		}
	}
	return "", &Error{statusNotRegistered}
}

// appendMapRequest appends the stub of ept_map.
func appendMapRequest(dst []byte, iface dcerpc.SyntaxID) ([]byte, error) {
	w := ndr.NewWriter(dst, binary.LittleEndian)
	// Ids of full pointers are good for the answer too (C706 chapter 14), and Samba
	// begins its own at 0x20000 there. 1 and 2 are the ones that impacket found
	// Windows 2003 to take.
	w.FullPointer(1) // obj: the GUID of zeros is no object
	w.GUID(nt.GUID{})
	w.FullPointer(2) // map_tower
	t := tower{Interface: iface, Transfer: dcerpc.NDR}
	writeTower(w, &t)
	w.ContextHandle(ndr.ContextHandle{})
	w.Uint32(mapTowers)
	return w.Bytes()
}

// decodeMapResponse decodes the answer to it.
func decodeMapResponse(b []byte) (towers []tower, status uint32, err error) {
	r := ndr.NewReader(b, binary.LittleEndian, "ept_map")
	r.ContextHandle()
	n := r.Field("num_towers").Uint32()
	_, count := r.Field("ITowers").ConformantVarying(4, mapTowers)
	if r.Err() == nil && uint32(count) != n {
		r.Fail(r.Offset(), fmt.Errorf("%d towers, num_towers is %d", count, n))
	}
	for range count {
		if _, first := r.FullPointer(); first {
			r.Defer(func() {
				if t, ok := readTower(r); ok {
					towers = append(towers, t)
				}
			})
		}
	}
	r.Flush()
	status = r.Field("status").Uint32()
	if err := r.Err(); err != nil {
		return nil, 0, err
	}
	return towers, status, nil
}

// writeTower writes a twr_t.
func writeTower(w *ndr.Writer, t *tower) {
	b := t.append(nil)
	w.Count(len(b), maxTower)
	w.Uint32(uint32(len(b))) // tower_length, and the array whose count came first
	w.Raw(b)
}

// readTower reads a twr_t. ok is false after an error, which is r's.
func readTower(r *ndr.Reader) (t tower, ok bool) {
	n := r.Field("tower_octet_string").Conformant(1, maxTower)
	length := r.Field("tower_length").Uint32()
	if r.Err() == nil && length != uint32(n) {
		r.Fail(r.Offset()-4, fmt.Errorf("%d of an array of %d", length, n))
	}
	at := r.Offset()
	b := r.Field("tower_octet_string").Bytes(n)
	if r.Err() != nil {
		return t, false
	}
	t, err := decodeTower(b)
	if err != nil {
		r.Fail(at, err)
		return t, false
	}
	return t, true
}
