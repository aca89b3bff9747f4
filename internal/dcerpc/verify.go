package dcerpc

import (
	"bytes"
	"encoding/binary"
)

// verificationMark begins a verification trailer (2.2.2.13.1).
var verificationMark = []byte{0x8a, 0xe3, 0x13, 0x71, 0x02, 0xf4, 0x36, 0x71}

// Commands of a verification trailer (2.2.2.13).
const (
	vtBitmask     = 1
	vtContext     = 2
	vtHeader      = 3
	vtEnd         = 0x4000
	vtMustProcess = 0x8000
	vtKind        = 0x3fff

	// maxVerification is the longest trailer looked for: the three commands that
	// are known take 80 bytes with the mark.
	maxVerification = 256
)

// verified is what a verification trailer is compared with.
type verified struct {
	headerSigning bool
	abstract      SyntaxID
	header        header // of the last fragment
	contextID, op uint16
}

// cutVerification takes the verification trailer off the end of a request's stub,
// if there is one: what Windows sends where a request is not protected as a whole.
// It answers *Fault access denied where it says something else than the request.
func cutVerification(stub []byte, v verified) ([]byte, error) {
	for n := len(verificationMark) + 4; n <= min(len(stub), maxVerification); n += 4 {
		at := len(stub) - n
		if !bytes.HasPrefix(stub[at:], verificationMark) {
			continue
		}
		if ok, whole := v.check(stub[at+len(verificationMark):]); whole {
			if !ok {
				return nil, &Fault{FaultAccessDenied}
			}
			return stub[:at], nil
		}
	}
	return stub, nil
}

// check says whether the commands end exactly with b, and whether they hold.
// They are little-endian whatever the PDU is.
func (v *verified) check(b []byte) (ok, whole bool) {
	ok = true
	le := binary.LittleEndian
	for len(b) >= 4 {
		command, n := le.Uint16(b), int(le.Uint16(b[2:]))
		if b = b[4:]; n > len(b) || n%4 != 0 {
			return false, false
		}
		switch data := b[:n]; {
		case command&vtKind == vtBitmask && n == 4:
			if le.Uint32(data)&1 != 0 && !v.headerSigning {
				ok = false // the bind said so, and somebody took it out
			}
		case command&vtKind == vtContext && n == 2*syntaxSize:
			ok = ok && syntaxIn(data, le) == v.abstract && syntaxIn(data[syntaxSize:], le) == NDR
		case command&vtKind == vtHeader && n == 16:
			drep := byte(0)
			if v.header.Order == order(le) {
				drep = 0x10
			}
			ok = ok && data[0] == byte(v.header.Type) && data[4] == drep && le.Uint32(data[8:]) == v.header.CallID &&
				le.Uint16(data[12:]) == v.contextID && le.Uint16(data[14:]) == v.op
		case command&vtMustProcess != 0:
			ok = false
		}
		if b = b[n:]; command&vtEnd != 0 {
			return ok, len(b) == 0
		}
	}
	return false, false
}
