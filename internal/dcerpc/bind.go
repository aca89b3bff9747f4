package dcerpc

// maxElements is how many presentation contexts, and transfer syntaxes in one of
// them, a decoder takes. Both counts are one byte on the wire; Windows sends three
// contexts of one.
const maxElements = 64

// element is one proposal of a bind (p_cont_elem_t, C706 12.6.3.1).
type element struct {
	ContextID uint16
	Abstract  SyntaxID
	Transfer  []SyntaxID
}

// bind is the body of bind and alter_context (C706 12.6.4.3 and 12.6.4.1).
type bind struct {
	MaxXmit, MaxRecv uint16
	Group            uint32
	Elements         []element
}

// decodeBind decodes the body of a bind or alter_context.
func decodeBind(p *pdu) (v bind, err error) {
	b, order, what := p.Body, p.Order, p.Type.String()
	if len(b) < 12 {
		return v, formatError(what, "", headerSize, "body of %d bytes, need 12", len(b))
	}
	v.MaxXmit, v.MaxRecv, v.Group = order.Uint16(b), order.Uint16(b[2:]), order.Uint32(b[4:])
	n := int(b[8])
	if n > maxElements {
		return v, formatError(what, "n_context_elem", headerSize+8, "have %d, the most is %d", n, maxElements)
	}
	at := 12
	for range n {
		if len(b)-at < 4+syntaxSize {
			return v, formatError(what, "p_cont_elem", headerSize+at, "need %d bytes, have %d", 4+syntaxSize, len(b)-at)
		}
		e := element{ContextID: order.Uint16(b[at:]), Abstract: syntaxIn(b[at+4:], order)}
		syntaxes := int(b[at+2])
		at += 4 + syntaxSize
		if syntaxes > maxElements || (len(b)-at)/syntaxSize < syntaxes {
			return v, formatError(what, "n_transfer_syn", headerSize+at-syntaxSize-2, "have %d in %d bytes", syntaxes, len(b)-at)
		}
		for range syntaxes {
			e.Transfer = append(e.Transfer, syntaxIn(b[at:], order))
			at += syntaxSize
		}
		v.Elements = append(v.Elements, e)
	}
	return v, nil
}

func (v *bind) append(dst []byte, order order) []byte {
	dst = order.AppendUint16(dst, v.MaxXmit)
	dst = order.AppendUint16(dst, v.MaxRecv)
	dst = order.AppendUint32(dst, v.Group)
	dst = append(dst, byte(len(v.Elements)), 0, 0, 0)
	for _, e := range v.Elements {
		dst = append(order.AppendUint16(dst, e.ContextID), byte(len(e.Transfer)), 0)
		dst = appendSyntax(dst, e.Abstract, order)
		for _, t := range e.Transfer {
			dst = appendSyntax(dst, t, order)
		}
	}
	return dst
}

// result is the answer to one element (p_result_t, 2.2.2.4).
type result struct {
	Result   uint16
	Reason   uint16 // of resultFeatures the bits
	Transfer SyntaxID
}

const resultSize = 4 + syntaxSize

// bindAck is the body of bind_ack and alter_context_resp (C706 12.6.4.4 and
// 12.6.4.2). Address is the secondary address without the zero at its end.
type bindAck struct {
	MaxXmit, MaxRecv uint16
	Group            uint32
	Address          string
	Results          []result
}

// decodeBindAck decodes the body of a bind_ack or alter_context_resp.
func decodeBindAck(p *pdu) (v bindAck, err error) {
	b, order, what := p.Body, p.Order, p.Type.String()
	if len(b) < 10 {
		return v, formatError(what, "", headerSize, "body of %d bytes, need 10", len(b))
	}
	v.MaxXmit, v.MaxRecv, v.Group = order.Uint16(b), order.Uint16(b[2:]), order.Uint32(b[4:])
	n := int(order.Uint16(b[8:]))
	if n > len(b)-10 {
		return v, formatError(what, "sec_addr", headerSize+8, "have %d bytes, %d are left", n, len(b)-10)
	}
	if n > 0 {
		if b[10+n-1] != 0 {
			return v, formatError(what, "sec_addr", headerSize+10, "no zero at its end")
		}
		v.Address = string(b[10 : 10+n-1])
	}
	at := (10 + n + 3) &^ 3
	if len(b) < at+4 {
		return v, formatError(what, "p_result_list", headerSize+at, "need 4 bytes, have %d", max(0, len(b)-at))
	}
	n, at = int(b[at]), at+4
	if n > maxElements || (len(b)-at)/resultSize < n {
		return v, formatError(what, "n_results", headerSize+at-4, "have %d in %d bytes", n, len(b)-at)
	}
	for range n {
		v.Results = append(v.Results, result{order.Uint16(b[at:]), order.Uint16(b[at+2:]), syntaxIn(b[at+4:], order)})
		at += resultSize
	}
	return v, nil
}

// append appends v; dst must be as long as to keep its alignment to 4.
func (v *bindAck) append(dst []byte, order order) []byte {
	begin := len(dst)
	dst = order.AppendUint16(dst, v.MaxXmit)
	dst = order.AppendUint16(dst, v.MaxRecv)
	dst = order.AppendUint32(dst, v.Group)
	if v.Address == "" {
		dst = order.AppendUint16(dst, 0)
	} else {
		dst = order.AppendUint16(dst, uint16(len(v.Address)+1))
		dst = append(append(dst, v.Address...), 0)
	}
	for (len(dst)-begin)%4 != 0 {
		dst = append(dst, 0)
	}
	dst = append(dst, byte(len(v.Results)), 0, 0, 0)
	for _, r := range v.Results {
		dst = order.AppendUint16(dst, r.Result)
		dst = order.AppendUint16(dst, r.Reason)
		dst = appendSyntax(dst, r.Transfer, order)
	}
	return dst
}

// decodeBindNak decodes the reason of a bind_nak; the versions and what else
// follows (2.2.2.9) do not matter here.
func decodeBindNak(p *pdu) (reason uint16, err error) {
	if len(p.Body) < 2 {
		return 0, formatError("bind_nak", "", headerSize, "body of %d bytes, need 2", len(p.Body))
	}
	return p.Order.Uint16(p.Body), nil
}

// appendBindNak appends the body of a bind_nak, with version 5.0 as the one that
// is spoken here.
func appendBindNak(dst []byte, reason uint16, order order) []byte {
	return append(order.AppendUint16(dst, reason), 1, 5, 0)
}
