package dcerpc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"netelf.example/eventlog"
)

// ptype is the type of a PDU (PTYPE, C706 12.6.4; auth3 is 2.2.2.10).
type ptype uint8

const (
	ptRequest          ptype = 0
	ptResponse         ptype = 2
	ptFault            ptype = 3
	ptBind             ptype = 11
	ptBindAck          ptype = 12
	ptBindNak          ptype = 13
	ptAlterContext     ptype = 14
	ptAlterContextResp ptype = 15
	ptAuth3            ptype = 16
	ptShutdown         ptype = 17
	ptCancel           ptype = 18
	ptOrphaned         ptype = 19
)

var ptypeNames = map[ptype]string{
	ptRequest: "request", ptResponse: "response", ptFault: "fault",
	ptBind: "bind", ptBindAck: "bind_ack", ptBindNak: "bind_nak",
	ptAlterContext: "alter_context", ptAlterContextResp: "alter_context_resp",
	ptAuth3: "rpc_auth_3", ptShutdown: "shutdown", ptCancel: "co_cancel", ptOrphaned: "orphaned",
}

func (t ptype) String() string {
	if n, ok := ptypeNames[t]; ok {
		return n
	}
	return fmt.Sprintf("PTYPE %d", uint8(t))
}

// Flags of a PDU (pfc_flags, C706 12.6.3.1 and 2.2.2.3).
const (
	flagFirst         = 0x01 // PFC_FIRST_FRAG
	flagLast          = 0x02 // PFC_LAST_FRAG
	flagHeaderSign    = 0x04 // PFC_SUPPORT_HEADER_SIGN, in bind and alter_context and their answers
	flagPendingCancel = 0x04 // PFC_PENDING_CANCEL, in the others
	flagNotExecuted   = 0x20 // PFC_DID_NOT_EXECUTE
	flagObject        = 0x80 // PFC_OBJECT_UUID
	flagWhole         = flagFirst | flagLast
)

// Sizes in bytes.
const (
	headerSize  = 16
	trailerSize = 8  // sec_trailer without its token
	callSize    = 24 // header and fixed part of request, response and fault
	objectSize  = 16
	faultSize   = callSize + 8
	maxPDU      = 0xffff
	minFrag     = 1432 // MustRecvFragSize, C706 12.6.3.1
	defaultFrag = 5840 // what Windows proposes
	sendAlign   = 16   // of the sec_trailer as it is sent, from the body's begin (2.2.2.11)
	takeAlign   = 4    // of the sec_trailer as it is taken: impacket aligns no further
)

// header is the part that all PDUs have in common.
type header struct {
	Minor      uint8
	Type       ptype
	Flags      uint8
	Order      order
	FragLength uint16
	AuthLength uint16
	CallID     uint32
}

var errVersion = errors.New("not version 5.0 or 5.1")

// formatError says what is wrong with a PDU; off is counted from its begin.
func formatError(what string, field string, off int, format string, args ...any) error {
	return &eventlog.FormatError{Format: "dcerpc", Struct: what, Field: field, Offset: int64(off), Err: fmt.Errorf(format, args...)}
}

// decodeHeader decodes the first 16 bytes of a PDU. Of a version that is not
// spoken here it returns the call id with errVersion.
func decodeHeader(b []byte) (h header, err error) {
	if len(b) < headerSize {
		return h, formatError("header", "", 0, "need %d bytes, have %d", headerSize, len(b))
	}
	h.Minor, h.Type, h.Flags = b[1], ptype(b[2]), b[3]
	switch b[4] >> 4 {
	case 0:
		h.Order = binary.BigEndian
	case 1:
		h.Order = binary.LittleEndian
	default:
		return h, formatError("header", "drep", 4, "byte order %d", b[4]>>4)
	}
	h.FragLength = h.Order.Uint16(b[8:])
	h.AuthLength = h.Order.Uint16(b[10:])
	h.CallID = h.Order.Uint32(b[12:])
	switch {
	case b[0] != 5 || b[1] > 1:
		return h, formatError("header", "rpc_vers", 0, "have %d.%d: %w", b[0], b[1], errVersion)
	case b[4]&0xf != 0 || b[5] != 0:
		return h, formatError("header", "drep", 4, "characters %d and floating point %d, want ASCII and IEEE", b[4]&0xf, b[5])
	case h.FragLength < headerSize:
		return h, formatError("header", "frag_length", 8, "have %d, want %d or more", h.FragLength, headerSize)
	case h.AuthLength > 0 && int(h.AuthLength)+trailerSize > int(h.FragLength)-headerSize:
		return h, formatError("header", "auth_length", 10, "have %d in a PDU of %d bytes", h.AuthLength, h.FragLength)
	}
	return h, nil
}

// appendHeader appends h.
func appendHeader(dst []byte, h header) []byte {
	drep := byte(0)
	if h.Order == order(binary.LittleEndian) {
		drep = 0x10
	}
	dst = append(dst, 5, h.Minor, byte(h.Type), h.Flags, drep, 0, 0, 0)
	dst = h.Order.AppendUint16(dst, h.FragLength)
	dst = h.Order.AppendUint16(dst, h.AuthLength)
	return h.Order.AppendUint32(dst, h.CallID)
}

// trailer is the sec_trailer (2.2.2.11).
type trailer struct {
	Type      uint8
	Level     uint8
	PadLength uint8
	ContextID uint32
}

// pdu is one PDU. Its slices lie in Raw.
type pdu struct {
	header
	Raw     []byte // all of it
	Body    []byte // from behind the header to the sec_trailer, padding included
	Trailer *trailer
	Token   []byte // what follows the sec_trailer; nil where there is none
}

// decodePDU takes the parts of a whole PDU apart: exactly one must be in raw.
func decodePDU(raw []byte) (p pdu, err error) {
	if p.header, err = decodeHeader(raw); err != nil {
		return p, err
	}
	if int(p.FragLength) != len(raw) {
		return p, formatError("header", "frag_length", 8, "have %d in %d bytes", p.FragLength, len(raw))
	}
	p.Raw, p.Body = raw, raw[headerSize:]
	if p.AuthLength == 0 {
		return p, nil
	}
	at := len(raw) - int(p.AuthLength) - trailerSize // not below headerSize, by decodeHeader
	if at%takeAlign != 0 {
		return p, formatError("sec_trailer", "", at, "not aligned")
	}
	t := &trailer{raw[at], raw[at+1], raw[at+2], p.Order.Uint32(raw[at+4:])}
	p.Body, p.Token = raw[headerSize:at], raw[at+trailerSize:]
	if int(t.PadLength) > len(p.Body) {
		return p, formatError("sec_trailer", "auth_pad_length", at+2, "have %d in a body of %d bytes", t.PadLength, len(p.Body))
	}
	p.Trailer = t
	return p, nil
}

// appendPDU appends a PDU of a body that is there, with t and the token if there is
// one: everything but requests and responses, which appendFragment makes.
func appendPDU(dst []byte, h header, body []byte, t *trailer, token []byte) ([]byte, error) {
	size, pad := headerSize+len(body), 0
	if len(token) == 0 {
		t = nil // auth_length is what says that there is one
	}
	if t != nil {
		pad = -size & (takeAlign - 1)
		size += pad + trailerSize + len(token)
	}
	if size > maxPDU {
		return dst, fmt.Errorf("dcerpc: %s of %d bytes, the most is %d", h.Type, size, maxPDU)
	}
	h.FragLength = uint16(size)
	h.AuthLength = uint16(len(token))
	dst = append(appendHeader(dst, h), body...)
	if t == nil {
		return dst, nil
	}
	dst = append(dst, make([]byte, pad)...)
	dst = appendTrailer(dst, trailer{t.Type, t.Level, uint8(pad), t.ContextID}, h.Order)
	return append(dst, token...), nil
}

func appendTrailer(dst []byte, t trailer, order order) []byte {
	return order.AppendUint32(append(dst, t.Type, t.Level, t.PadLength, 0), t.ContextID)
}
