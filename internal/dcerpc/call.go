package dcerpc

import (
	"encoding/binary"

	"netelf.example/nt"
)

// requestBody is the fixed part of a request (C706 12.6.4.9). Its alloc_hint is
// not looked at.
type requestBody struct {
	ContextID uint16
	Op        uint16
	Object    nt.GUID // where flagObject is set; no interface here has objects
	Stub      int     // where the stub begins in the PDU
}

func decodeRequest(p *pdu) (v requestBody, err error) {
	v.Stub = callSize
	if p.Flags&flagObject != 0 {
		v.Stub += objectSize
	}
	if headerSize+len(p.Body) < v.Stub {
		return v, formatError("request", "", headerSize, "body of %d bytes, need %d", len(p.Body), v.Stub-headerSize)
	}
	v.ContextID, v.Op = p.Order.Uint16(p.Body[4:]), p.Order.Uint16(p.Body[6:])
	if p.Flags&flagObject != 0 {
		v.Object = guidIn(p.Body[8:], p.Order)
	}
	return v, nil
}

// requestIDs is what stands between the header and the stub of a request.
func requestIDs(order binary.ByteOrder, hint int, contextID, op uint16) (b [callSize - headerSize]byte) {
	order.PutUint32(b[:], uint32(hint))
	order.PutUint16(b[4:], contextID)
	order.PutUint16(b[6:], op)
	return b
}

// responseBody is the fixed part of a response or fault (C706 12.6.4.10, 12.6.4.7).
type responseBody struct {
	ContextID uint16
	Status    uint32 // of a fault
}

func decodeResponse(p *pdu) (v responseBody, err error) {
	need := callSize
	if p.Type == ptFault {
		need += 4
	}
	if headerSize+len(p.Body) < need {
		return v, formatError(p.Type.String(), "", headerSize, "body of %d bytes, need %d", len(p.Body), need-headerSize)
	}
	v.ContextID = p.Order.Uint16(p.Body[4:])
	if p.Type == ptFault {
		v.Status = p.Order.Uint32(p.Body[8:])
	}
	return v, nil
}

// responseIDs is what stands between the header and the stub of a response.
func responseIDs(order binary.ByteOrder, hint int, contextID uint16) (b [callSize - headerSize]byte) {
	order.PutUint32(b[:], uint32(hint))
	order.PutUint16(b[4:], contextID)
	return b
}

// appendFault appends a whole fault PDU.
func appendFault(dst []byte, h header, contextID uint16, status uint32) []byte {
	h.Type, h.FragLength, h.AuthLength = ptFault, faultSize, 0
	h.Flags = h.Flags&flagNotExecuted | flagWhole
	ids := responseIDs(h.Order, faultSize-callSize, contextID)
	dst = append(appendHeader(dst, h), ids[:]...)
	return append(h.Order.AppendUint32(dst, status), 0, 0, 0, 0)
}
