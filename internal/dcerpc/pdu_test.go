package dcerpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/hexdoc"
)

// goldenBind is a bind as Windows makes it: NDR and the feature negotiation, with
// the first token of an NTLM logon cut short.
const goldenBind = `
05 00 0b 07  10 00 00 00  80 00 04 00  02 00 00 00   # bind, first and last, header signing; call 2
d0 16 d0 16  00 00 00 00  02 00 00 00                # 5840, 5840, no group, two elements
00 00 01 00                                          # context 0, one transfer syntax
dc 3f 27 82 2a e3 c3 18 3f 78 82 79 29 dc 23 ea  00 00 00 00
04 5d 88 8a eb 1c c9 11 9f e8 08 00 2b 10 48 60  02 00 00 00
01 00 01 00                                          # context 1
dc 3f 27 82 2a e3 c3 18 3f 78 82 79 29 dc 23 ea  00 00 00 00
2c 1c b7 6c 12 98 40 45 03 00 00 00 00 00 00 00  01 00 00 00
0a 06 00 00  00 00 00 00                             # NTLM, privacy, no padding, context 0
4e 54 4c 4d
`

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hexdoc.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGoldenBind(t *testing.T) {
	raw := unhex(t, goldenBind)
	p, err := decodePDU(raw)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(header{Type: ptBind, Flags: 7, Order: binary.LittleEndian, FragLength: 0x80, AuthLength: 4, CallID: 2}, p.header); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(&trailer{Type: AuthNTLM, Level: LevelPrivacy}, p.Trailer); d != "" {
		t.Error(d)
	}
	b, err := decodeBind(&p)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Elements) != 2 || len(b.Elements[0].Transfer) != 1 || b.Elements[0].Transfer[0] != NDR {
		t.Fatalf("%+v", b)
	}
	if got, want := b.Elements[1].Abstract.String(), "{82273FDC-E32A-18C3-3F78-827929DC23EA} v0.0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if bits, ok := b.Elements[1].Transfer[0].features(); !ok || bits != 3 {
		t.Errorf("features %d, %v", bits, ok)
	}
	again, err := appendPDU(nil, p.header, b.append(nil, p.Order), p.Trailer, p.Token)
	if err != nil || !bytes.Equal(again, raw) {
		t.Errorf("encodes as\n%x, want\n%x, %v", again, raw, err)
	}
}

// TestBigEndian: the same values in the other byte order.
func TestBigEndian(t *testing.T) {
	raw := unhex(t, goldenBind)
	p, err := decodePDU(raw)
	if err != nil {
		t.Fatal(err)
	}
	want, err := decodeBind(&p)
	if err != nil {
		t.Fatal(err)
	}
	h := p.header
	h.Order = binary.BigEndian
	big, err := appendPDU(nil, h, want.append(nil, h.Order), p.Trailer, p.Token)
	if err != nil {
		t.Fatal(err)
	}
	// C706 14.1: the GUID's numbers in the sender's order, its bytes as they are.
	if at := headerSize + 12 + 4; !bytes.Equal(big[at:at+syntaxSize], unhex(t, "82 27 3f dc e3 2a 18 c3 3f 78 82 79 29 dc 23 ea 00 00 00 00")) {
		t.Errorf("abstract syntax %x", big[at:at+syntaxSize])
	}
	q, err := decodePDU(big)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeBind(&q)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if q.CallID != 2 || q.FragLength != 0x80 || q.Order != order(binary.BigEndian) {
		t.Errorf("%+v", q.header)
	}
}

// TestDecodeErrors: what is wrong, and where.
func TestDecodeErrors(t *testing.T) {
	good := unhex(t, goldenBind)
	change := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	for _, x := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "header at offset 0x0: need 16 bytes, have 0"},
		{"one short", good[:15], "header at offset 0x0: need 16 bytes, have 15"},
		{"version", change(0, 4), "header.rpc_vers at offset 0x0: have 4.0: not version 5.0 or 5.1"},
		{"minor version", change(1, 2), "header.rpc_vers at offset 0x0: have 5.2: not version 5.0 or 5.1"},
		{"byte order", change(4, 0x20), "header.drep at offset 0x4: byte order 2"},
		{"EBCDIC", change(4, 0x11), "header.drep at offset 0x4: characters 1 and floating point 0, want ASCII and IEEE"},
		{"VAX", change(5, 1), "header.drep at offset 0x4: characters 0 and floating point 1, want ASCII and IEEE"},
		{"frag_length below the header", change(8, 15, 0), "header.frag_length at offset 0x8: have 15, want 16 or more"},
		{"frag_length beyond", change(8, 0x81), "header.frag_length at offset 0x8: have 129 in 128 bytes"},
		{"frag_length below", change(8, 0x7f), "header.frag_length at offset 0x8: have 127 in 128 bytes"},
		{"auth_length", change(10, 105), "header.auth_length at offset 0xa: have 105 in a PDU of 128 bytes"},
		{"trailer not aligned", change(10, 5), "sec_trailer at offset 0x73: not aligned"},
		{"padding", change(0x76, 113), "sec_trailer.auth_pad_length at offset 0x76: have 113 in a body of 100 bytes"},
		{"elements", change(24, 65), "bind.n_context_elem at offset 0x18: have 65, the most is 64"},
		{"one element too many", change(24, 3), "bind.p_cont_elem at offset 0x74: need 24 bytes, have 0"},
		{"transfer syntaxes", change(30, 6), "bind.n_transfer_syn at offset 0x1e: have 6 in 64 bytes"},
		{"transfer syntaxes, many", change(30, 255), "bind.n_transfer_syn at offset 0x1e: have 255 in 64 bytes"},
	} {
		t.Run(x.name, func(t *testing.T) {
			p, err := decodePDU(x.raw)
			if err == nil {
				_, err = decodeBind(&p)
			}
			if got, want := errorText(err), "dcerpc: "+x.want; got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Error("not a FormatError")
			}
		})
	}
}

// TestBindAck: there and back in both orders, at each length of the address.
func TestBindAck(t *testing.T) {
	for _, order := range []order{binary.LittleEndian, binary.BigEndian} {
		for n := range 9 {
			want := bindAck{MaxXmit: 5840, MaxRecv: 4280, Group: 0x12345678, Address: strings.Repeat("a", n), Results: []result{
				{Result: resultAccept, Transfer: NDR},
				{Result: resultReject, Reason: reasonTransferSyntax},
				{Result: resultFeatures, Reason: 2},
			}}
			raw, err := appendPDU(nil, header{Type: ptBindAck, Flags: flagWhole, Order: order}, want.append(nil, order), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			p, err := decodePDU(raw)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decodeBindAck(&p)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			for cut := range p.Body {
				q := p
				q.Body = p.Body[:cut]
				if _, err := decodeBindAck(&q); err == nil {
					t.Errorf("decodes with %d of %d bytes", cut, len(p.Body))
				}
			}
		}
	}
}

// TestBindAckErrors: the texts.
func TestBindAckErrors(t *testing.T) {
	for _, x := range []struct{ name, body, want string }{
		{"empty", "", "bind_ack at offset 0x10: body of 0 bytes, need 10"},
		{"address beyond", "d016 d016 00000000 0300 4100", "bind_ack.sec_addr at offset 0x18: have 3 bytes, 2 are left"},
		{"address without zero", "d016 d016 00000000 0200 4141", "bind_ack.sec_addr at offset 0x1a: no zero at its end"},
		{"no list", "d016 d016 00000000 0200 4100 0100", "bind_ack.p_result_list at offset 0x1c: need 4 bytes, have 2"},
		{"list", "d016 d016 00000000 0200 4100 01000000 00", "bind_ack.n_results at offset 0x1c: have 1 in 1 bytes"},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := pdu{header: header{Type: ptBindAck, Order: binary.LittleEndian}, Body: unhex(t, x.body)}
			if _, err := decodeBindAck(&p); errorText(err) != "dcerpc: "+x.want {
				t.Errorf("%v, want %s", err, x.want)
			}
		})
	}
}

// TestTooLong: what does not fit into a PDU is not sent.
func TestTooLong(t *testing.T) {
	_, err := appendPDU(nil, header{Type: ptBind, Order: binary.LittleEndian}, make([]byte, 65_520), &trailer{}, make([]byte, 100))
	if want := "dcerpc: bind of 65644 bytes, the most is 65535"; errorText(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}
