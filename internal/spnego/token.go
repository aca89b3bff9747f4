package spnego

import (
	"bytes"
	"fmt"
)

const (
	// MaxToken is the most bytes that a token may have.
	MaxToken = 1 << 16
	// MaxMechanisms is the most mechanisms that a list may have.
	MaxMechanisms = 32
)

// State is a NegTokenResp's negState.
type State int8

const (
	StateNone       State = -1 // the token has none
	StateCompleted  State = 0  // accept-completed
	StateIncomplete State = 1  // accept-incomplete
	StateReject     State = 2  // reject
	StateRequestMIC State = 3  // request-mic
)

func (s State) String() string {
	switch s {
	case StateNone:
		return "none"
	case StateCompleted:
		return "accept-completed"
	case StateIncomplete:
		return "accept-incomplete"
	case StateReject:
		return "reject"
	case StateRequestMIC:
		return "request-mic"
	}
	return fmt.Sprintf("state %d", int8(s))
}

// Init is a NegTokenInit ([RFC 4178] 4.2.1), or a NegTokenInit2 ([MS-SPNG] 2.2.1),
// with which some servers begin.
type Init struct {
	Mechanisms []OID
	Token      []byte // mechToken: of the first mechanism; nil: none
	MIC        []byte // mechListMIC; nil: none
	Hint       string // hintName, of a NegTokenInit2 only

	list []byte // the MechTypeList as it was read
}

// Resp is a NegTokenResp ([RFC 4178] 4.2.2).
type Resp struct {
	State     State
	Mechanism OID    // supportedMech; "": none
	Token     []byte // responseToken; nil: none
	MIC       []byte // mechListMIC; nil: none
}

// IsToken says whether a token looks like one of SPNEGO: a NegTokenInit in its
// GSS-API header or bare, or a NegTokenResp. A mechanism that comes without SPNEGO,
// as NTLM's messages do, is none.
func IsToken(token []byte) bool {
	if len(token) == 0 {
		return false
	}
	switch token[0] {
	case tagContext, tagContext + 1:
		return true
	case tagApplication:
		d := der{"NegTokenInit", token, 0}
		body, _, err := d.want("", tagApplication)
		if err != nil {
			return false
		}
		oid, _, err := body.want("thisMech", tagOID)
		return err == nil && OID(oid.b) == SPNEGO
	}
	return false
}

// begin makes a reader of a token of bounded size.
func begin(structure string, b []byte) (der, error) {
	d := der{structure, b, 0}
	if len(b) > MaxToken {
		return d, d.malformed("", "%d bytes, at most %d are read", len(b), MaxToken)
	}
	return d, nil
}

// UnmarshalBinary decodes a token, with the GSS-API header or without. The fields
// are copies.
func (t *Init) UnmarshalBinary(b []byte) error {
	d, err := begin("NegTokenInit", b)
	if err != nil {
		return err
	}
	if len(b) > 0 && b[0] == tagApplication {
		body, _, err := d.only("", tagApplication)
		if err != nil {
			return err
		}
		oid, _, err := body.want("thisMech", tagOID)
		if err != nil {
			return err
		}
		if OID(oid.b) != SPNEGO {
			return oid.malformed("thisMech", "want %v, have %v", SPNEGO, short(oid.b))
		}
		d = body
	}
	choice, _, err := d.only("", tagContext)
	if err != nil {
		return err
	}
	seq, _, err := choice.only("", tagSequence)
	if err != nil {
		return err
	}
	var n Init
	seen := -1
	for len(seq.b) > 0 {
		field, body, at, err := seq.context(&seen)
		if err != nil {
			return err
		}
		switch field {
		case 0:
			if n.Mechanisms, n.list, err = body.mechanisms(); err != nil {
				return err
			}
		case 1:
			if _, _, err := body.only("reqFlags", tagBitString); err != nil {
				return err
			}
		case 2:
			if n.Token, err = body.octets("mechToken"); err != nil {
				return err
			}
		case 3: // mechListMIC, or NegTokenInit2's negHints
			if len(body.b) > 0 && body.b[0] == tagSequence {
				if n.Hint, err = body.hints(); err != nil {
					return err
				}
				continue
			}
			if n.MIC, err = body.octets("mechListMIC"); err != nil {
				return err
			}
		case 4: // NegTokenInit2's mechListMIC
			if n.MIC, err = body.octets("mechListMIC"); err != nil {
				return err
			}
		default:
			return at.malformed("", "an unknown field [%d]", field)
		}
	}
	if n.list == nil {
		return seq.malformed("mechTypes", "missing")
	}
	*t = n
	return nil
}

// short is an OID for an error, cut to what an OID may have.
func short(b []byte) OID { return OID(b[:min(len(b), maxOID)]) }

// context cuts off an element [n] of a sequence, in ascending order.
func (d *der) context(seen *int) (field int, body, at der, err error) {
	at = *d
	tag, body, _, err := d.next("")
	if err != nil {
		return 0, body, at, err
	}
	field = int(tag) - tagContext
	if field < 0 || field > 0x1e {
		return 0, body, at, at.malformed("", "want a field [n], have tag 0x%02x", tag)
	}
	if field <= *seen {
		return 0, body, at, at.malformed("", "field [%d] after [%d]", field, *seen)
	}
	*seen = field
	return field, body, at, nil
}

// octets copies an OCTET STRING; one that is empty is not nil.
func (d *der) octets(field string) ([]byte, error) {
	body, _, err := d.only(field, tagOctetString)
	if err != nil {
		return nil, err
	}
	return append([]byte{}, body.b...), nil
}

func (d *der) oid(field string) (OID, error) {
	at := *d
	body, _, err := d.want(field, tagOID)
	if err == nil && (len(body.b) == 0 || len(body.b) > maxOID) {
		err = at.malformed(field, "an object identifier of %d bytes, want 1 to %d", len(body.b), maxOID)
	}
	return OID(body.b), err
}

// mechanisms decodes a MechTypeList and gives its bytes too.
func (d *der) mechanisms() (list []OID, whole []byte, err error) {
	seq, whole, err := d.only("mechTypes", tagSequence)
	if err != nil {
		return nil, nil, err
	}
	for len(seq.b) > 0 {
		if len(list) == MaxMechanisms {
			return nil, nil, seq.malformed("mechTypes", "more than %d", MaxMechanisms)
		}
		oid, err := seq.oid("mechTypes")
		if err != nil {
			return nil, nil, err
		}
		list = append(list, oid)
	}
	if list == nil {
		return nil, nil, seq.malformed("mechTypes", "empty")
	}
	return list, bytes.Clone(whole), nil
}

// hints decodes NegHints; the address in it is read over.
func (d *der) hints() (name string, err error) {
	seq, _, err := d.only("negHints", tagSequence)
	if err != nil {
		return "", err
	}
	seen := -1
	for len(seq.b) > 0 {
		field, body, at, err := seq.context(&seen)
		if err != nil {
			return "", err
		}
		switch field {
		case 0:
			s, _, err := body.only("hintName", tagString)
			if err != nil {
				return "", err
			}
			name = string(s.b)
		case 1:
			if _, _, err := body.only("hintAddress", tagOctetString); err != nil {
				return "", err
			}
		default:
			return "", at.malformed("negHints", "an unknown field [%d]", field)
		}
	}
	return name, nil
}

// mechTypes is a MechTypeList.
func mechTypes(list []OID) []byte {
	var b []byte
	for _, oid := range list {
		b = append(b, wrap(tagOID, []byte(oid))...)
	}
	return wrap(tagSequence, b)
}

// fits is a token that was made, unless a mechanism's token made it too long.
func fits(b, made []byte) ([]byte, error) {
	if len(made) > MaxToken {
		return nil, fmt.Errorf("spnego: a token of %d bytes, at most %d are sent", len(made), MaxToken)
	}
	return append(b, made...), nil
}

// AppendBinary appends the token in its GSS-API header. With a Hint it is a
// NegTokenInit2.
func (t *Init) AppendBinary(b []byte) ([]byte, error) {
	if len(t.Mechanisms) == 0 || len(t.Mechanisms) > MaxMechanisms {
		return nil, fmt.Errorf("spnego: a list of %d mechanisms, want 1 to %d", len(t.Mechanisms), MaxMechanisms)
	}
	seq := wrap(tagContext, mechTypes(t.Mechanisms))
	if t.Token != nil {
		seq = append(seq, wrap(tagContext+2, wrap(tagOctetString, t.Token))...)
	}
	mic := byte(tagContext + 3)
	if t.Hint != "" {
		seq = append(seq, wrap(tagContext+3, wrap(tagSequence, wrap(tagContext, wrap(tagString, []byte(t.Hint)))))...)
		mic++
	}
	if t.MIC != nil {
		seq = append(seq, wrap(mic, wrap(tagOctetString, t.MIC))...)
	}
	return fits(b, wrap(tagApplication, wrap(tagOID, []byte(SPNEGO)), wrap(tagContext, wrap(tagSequence, seq))))
}

// UnmarshalBinary decodes a token. The fields are copies.
func (t *Resp) UnmarshalBinary(b []byte) error {
	d, err := begin("NegTokenResp", b)
	if err != nil {
		return err
	}
	choice, _, err := d.only("", tagContext+1)
	if err != nil {
		return err
	}
	seq, _, err := choice.only("", tagSequence)
	if err != nil {
		return err
	}
	r := Resp{State: StateNone}
	seen := -1
	for len(seq.b) > 0 {
		field, body, at, err := seq.context(&seen)
		if err != nil {
			return err
		}
		switch field {
		case 0:
			state, _, err := body.only("negState", tagEnumerated)
			if err != nil {
				return err
			}
			if len(state.b) != 1 || state.b[0] > byte(StateRequestMIC) {
				return state.malformed("negState", "want one byte of 0 to 3, have %x", state.b[:min(len(state.b), 8)])
			}
			r.State = State(state.b[0])
		case 1:
			if r.Mechanism, err = body.oid("supportedMech"); err != nil {
				return err
			}
			if err := body.end("supportedMech"); err != nil {
				return err
			}
		case 2:
			if r.Token, err = body.octets("responseToken"); err != nil {
				return err
			}
		case 3:
			if r.MIC, err = body.octets("mechListMIC"); err != nil {
				return err
			}
		default:
			return at.malformed("", "an unknown field [%d]", field)
		}
	}
	*t = r
	return nil
}

// AppendBinary appends the token.
func (t *Resp) AppendBinary(b []byte) ([]byte, error) {
	var seq []byte
	if t.State != StateNone {
		seq = append(seq, wrap(tagContext, wrap(tagEnumerated, []byte{byte(t.State)}))...)
	}
	if t.Mechanism != "" {
		seq = append(seq, wrap(tagContext+1, wrap(tagOID, []byte(t.Mechanism)))...)
	}
	if t.Token != nil {
		seq = append(seq, wrap(tagContext+2, wrap(tagOctetString, t.Token))...)
	}
	if t.MIC != nil {
		seq = append(seq, wrap(tagContext+3, wrap(tagOctetString, t.MIC))...)
	}
	return fits(b, wrap(tagContext+1, wrap(tagSequence, seq)))
}
