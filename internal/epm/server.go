package epm

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// Entry is an interface that can be had over TCP.
type Entry struct {
	Interface  dcerpc.SyntaxID
	Port       uint16
	Addr       netip.Addr // IPv4; zero: the address that the client came to
	Annotation string     // shown by ept_lookup; cut to 63 bytes
}

// Limits of the server.
const (
	maxEntries    = 500 // of one answer, the range of max_ents and max_towers
	maxLookups    = 8   // of one connection that wait to go on
	maxAnnotation = 64  // with the zero at its end
)

// Inquiry types and version options of ept_lookup (C706 appendix O).
const (
	inquireAll       = 0 // RPC_C_EP_ALL_ELTS
	inquireInterface = 1 // RPC_C_EP_MATCH_BY_IF
	inquireObject    = 2 // RPC_C_EP_MATCH_BY_OBJ
	inquireBoth      = 3 // RPC_C_EP_MATCH_BY_BOTH

	versionAll        = 1 // RPC_C_VERS_ALL
	versionCompatible = 2 // RPC_C_VERS_COMPATIBLE
	versionExact      = 3 // RPC_C_VERS_EXACT
	versionMajor      = 4 // RPC_C_VERS_MAJOR_ONLY
	versionUpTo       = 5 // RPC_C_VERS_UPTO
)

// Interface is an endpoint mapper of these entries.
func Interface(entries ...Entry) dcerpc.Interface {
	return dcerpc.Interface{ID: ID, New: func(_ context.Context, p *dcerpc.Peer) (dcerpc.Handler, error) {
		h := &handler{entries: entries, open: map[ndr.ContextHandle]*rest{}}
		if a, ok := p.LocalAddr.(*net.TCPAddr); ok {
			h.local, _ = netip.AddrFromSlice(a.IP.To4()) // the zero Addr of IPv6: told as 0.0.0.0
		}
		return h, nil
	}}
}

// handler is one connection to the endpoint mapper.
type handler struct {
	entries []Entry
	local   netip.Addr
	open    map[ndr.ContextHandle]*rest
	last    uint64
}

// rest is what a lookup or map has still to give.
type rest struct {
	op      uint16
	entries []*Entry
}

func (h *handler) Close() {}

// Call answers one operation.
func (h *handler) Call(_ context.Context, op uint16, in []byte, order binary.ByteOrder) ([]byte, error) {
	switch op {
	case opLookup:
		return h.lookup(in, order)
	case opMap:
		return h.mapTower(in, order)
	case opLookupHandleFree:
		return h.free(in, order)
	}
	return nil, &dcerpc.Fault{Status: dcerpc.FaultOpRange}
}

// badStub is a stub that does not decode, told as such.
func badStub(err error) error {
	return fmt.Errorf("%w: %w", &dcerpc.Fault{Status: dcerpc.FaultNDR}, err)
}

// referents gives ids for the full pointers of an answer. One that the request has
// used would mean the same thing again (C706 chapter 14): Wireshark reads it so.
type referents struct {
	used []uint32
	last uint32
}

func (r *referents) fresh() uint32 {
	for {
		if r.last++; r.last != 0 && !slices.Contains(r.used, r.last) {
			return r.last
		}
	}
}

// lookup is ept_lookup.
func (h *handler) lookup(in []byte, order binary.ByteOrder) ([]byte, error) {
	r := ndr.NewReader(in, order, "ept_lookup")
	inquiry := r.Field("inquiry_type").Uint32()
	var object nt.GUID
	objectID, first := r.Field("object").FullPointer()
	if first {
		object = r.GUID()
	}
	var id dcerpc.SyntaxID
	interfaceID, first := r.Field("Ifid").FullPointer()
	if first {
		r.Align(4)
		id.UUID = r.GUID()
		major := r.Uint16()
		id.Version = uint32(major) | uint32(r.Uint16())<<16
	}
	version := r.Field("vers_option").Uint32()
	handle := r.Field("entry_handle").ContextHandle()
	most := r.Field("max_ents").Uint32()
	if err := r.Err(); err != nil {
		return nil, badStub(err)
	}
	now, handle, status, err := h.next(opLookup, handle, most, func(e *Entry) bool {
		byInterface := inquiry == inquireInterface || inquiry == inquireBoth
		byObject := inquiry == inquireObject || inquiry == inquireBoth
		return inquiry <= inquireBoth && (!byInterface || matches(e.Interface, id, version)) && (!byObject || object.IsZero())
	})
	if err != nil {
		return nil, err
	}
	w := newAnswer(order, handle, len(now), most)
	ids := referents{used: []uint32{objectID, interfaceID}}
	for _, e := range now {
		w.Align(4)
		w.GUID(nt.GUID{})
		w.FullPointer(ids.fresh())
		a := e.Annotation[:min(len(e.Annotation), maxAnnotation-1)]
		w.Uint32(0)
		w.Uint32(uint32(len(a) + 1))
		w.Raw([]byte(a))
		w.Uint8(0)
		w.Defer(func() { h.writeEntry(w, e) })
	}
	w.Flush()
	w.Uint32(status)
	return w.Bytes()
}

// newAnswer begins the answer to a lookup or a map: the handle to go on with, and the
// head of an array of n entries of at most so many, which varies.
func newAnswer(order binary.ByteOrder, handle ndr.ContextHandle, n int, most uint32) *ndr.Writer {
	w := ndr.NewWriter(nil, order)
	w.ContextHandle(handle)
	w.Uint32(uint32(n))
	w.Uint32(most)
	w.Uint32(0)
	w.Uint32(uint32(n))
	return w
}

// matches says whether an interface that is registered is one that is asked for.
func matches(have, want dcerpc.SyntaxID, version uint32) bool {
	if have.UUID != want.UUID {
		return false
	}
	switch version {
	case versionAll:
		return true
	case versionCompatible:
		return have.Major() == want.Major() && have.Minor() >= want.Minor()
	case versionExact:
		return have.Version == want.Version
	case versionMajor:
		return have.Major() == want.Major()
	case versionUpTo:
		return have.Major() < want.Major() || have.Major() == want.Major() && have.Minor() <= want.Minor()
	}
	return false
}

// mapTower is ept_map.
func (h *handler) mapTower(in []byte, order binary.ByteOrder) ([]byte, error) {
	r := ndr.NewReader(in, order, "ept_map")
	objectID, first := r.Field("obj").FullPointer()
	if first {
		r.GUID() // no entry has an object, so each is good for any
	}
	var want tower
	towerID, first := r.Field("map_tower").FullPointer()
	if first {
		want, _ = readTower(r) // whose error is r's
	}
	handle := r.Field("entry_handle").ContextHandle()
	most := r.Field("max_towers").Uint32()
	if err := r.Err(); err != nil {
		return nil, badStub(err)
	}
	now, handle, status, err := h.next(opMap, handle, most, func(e *Entry) bool {
		return want.TCP && want.Transfer == dcerpc.NDR && matches(e.Interface, want.Interface, versionCompatible)
	})
	if err != nil {
		return nil, err
	}
	w := newAnswer(order, handle, len(now), most)
	ids := referents{used: []uint32{objectID, towerID}}
	for _, e := range now {
		w.FullPointer(ids.fresh())
		w.Defer(func() { h.writeEntry(w, e) })
	}
	w.Flush()
	w.Uint32(status)
	return w.Bytes()
}

// free is ept_lookup_handle_free.
func (h *handler) free(in []byte, order binary.ByteOrder) ([]byte, error) {
	r := ndr.NewReader(in, order, "ept_lookup_handle_free")
	handle := r.Field("entry_handle").ContextHandle()
	if err := r.Err(); err != nil {
		return nil, badStub(err)
	}
	if !handle.IsZero() {
		if h.open[handle] == nil {
			return nil, &dcerpc.Fault{Status: dcerpc.FaultContextMismatch}
		}
		delete(h.open, handle)
	}
	w := ndr.NewWriter(nil, order)
	w.ContextHandle(ndr.ContextHandle{})
	w.Uint32(0)
	return w.Bytes()
}

// next is what a lookup gives now: of a null handle the entries that f wants, of
// another one those that are left. The handle that comes back is null where none
// are.
func (h *handler) next(op uint16, handle ndr.ContextHandle, most uint32, f func(*Entry) bool) (now []*Entry, then ndr.ContextHandle, status uint32, err error) {
	if most > maxEntries {
		return nil, then, 0, &dcerpc.Fault{Status: dcerpc.FaultNDR}
	}
	var all []*Entry
	if handle.IsZero() {
		for i := range h.entries {
			if e := &h.entries[i]; f(e) {
				all = append(all, e)
			}
		}
	} else {
		old := h.open[handle]
		if old == nil || old.op != op {
			return nil, then, 0, &dcerpc.Fault{Status: dcerpc.FaultContextMismatch}
		}
		all = old.entries
	}
	switch {
	case most == 0:
		return nil, handle, statusCantPerform, nil
	case len(all) == 0:
		return nil, then, statusNotRegistered, nil
	}
	n := min(len(all), int(most))
	if n == len(all) {
		delete(h.open, handle)
		return all, then, 0, nil
	}
	if handle.IsZero() {
		if len(h.open) >= maxLookups {
			return nil, then, 0, &dcerpc.Fault{Status: dcerpc.FaultTooBusy}
		}
		h.last++
		binary.LittleEndian.PutUint64(handle[4:], h.last)
	}
	h.open[handle] = &rest{op, all[n:]}
	return all[:n], handle, 0, nil
}

// writeEntry writes the tower of an entry.
func (h *handler) writeEntry(w *ndr.Writer, e *Entry) {
	t := tower{Interface: e.Interface, Transfer: dcerpc.NDR, Port: e.Port}
	a := e.Addr
	if !a.IsValid() {
		a = h.local
	}
	if a = a.Unmap(); a.Is4() {
		t.IP = a.As4()
	}
	writeTower(w, &t)
}
