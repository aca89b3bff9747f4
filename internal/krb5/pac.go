package krb5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"
)

const (
	maxBuffers = 64   // of a PAC
	maxSIDs    = 4096 // of a user and its groups

	pacHeaderSize = 8
	bufferSize    = 16 // PAC_INFO_BUFFER

	// ulType of PAC_INFO_BUFFER.
	bufferLogon           = 1 // KERB_VALIDATION_INFO
	bufferServerSignature = 6
	bufferKDCSignature    = 7
	bufferClient          = 10
)

var errPAC = errors.New("kerberos: the PAC of the ticket is damaged")

// readPAC takes names and SIDs from the PAC of a ticket, whose signature is the
// service's key's. One without logon information, as MIT's KDC makes it, says nothing.
func (i *Identity) readPAC(list types.AuthorizationData, key types.EncryptionKey) error {
	b, err := findPAC(list)
	if err != nil || b == nil {
		return err
	}
	return i.takePAC(b, key)
}

func (i *Identity) takePAC(b []byte, key types.EncryptionKey) error {
	buffers, err := pacBuffers(b)
	if err != nil {
		return err
	}
	logon, ok := buffers[bufferLogon]
	if !ok {
		return nil
	}
	if !signed(b, buffers, key) {
		return refusal("the PAC of the ticket is not signed by the KDC for this service, or damaged")
	}
	var v logonInfo
	if err := v.UnmarshalBinary(logon.of(b)); err != nil {
		return fmt.Errorf("%w: %w", errPAC, err)
	}
	i.PAC, i.SID = true, v.sids[0]
	i.SIDs, i.Account, i.Domain = v.sids, v.account, v.domain
	return nil
}

// findPAC finds the PAC in authorization data; nil: there is none.
func findPAC(list types.AuthorizationData) ([]byte, error) {
	for _, outer := range list {
		if outer.ADType != adtype.ADIfRelevant {
			continue
		}
		var inner types.AuthorizationData
		if err := inner.Unmarshal(outer.ADData); err != nil {
			return nil, errPAC
		}
		for _, ad := range inner {
			if ad.ADType == adtype.ADWin2KPAC {
				return ad.ADData, nil
			}
		}
	}
	return nil, nil
}

// extent is where a buffer lies in a PAC.
type extent struct{ begin, end int }

func (x extent) of(pac []byte) []byte { return pac[x.begin:x.end] }

// pacBuffers are the buffers of a PAC ([MS-PAC] 2.3 and 2.4), the first one of each
// type: later ones are to be ignored.
func pacBuffers(b []byte) (map[uint32]extent, error) {
	if len(b) < pacHeaderSize {
		return nil, errPAC
	}
	n := binary.LittleEndian.Uint32(b)
	if n > maxBuffers || int(n)*bufferSize > len(b)-pacHeaderSize {
		return nil, errPAC
	}
	buffers := map[uint32]extent{}
	for i := range int(n) {
		r := b[pacHeaderSize+i*bufferSize:]
		size, at := binary.LittleEndian.Uint32(r[4:]), binary.LittleEndian.Uint64(r[8:])
		if at > uint64(len(b)) || uint64(size) > uint64(len(b))-at {
			return nil, errPAC
		}
		if kind := binary.LittleEndian.Uint32(r); buffers[kind] == (extent{}) {
			buffers[kind] = extent{int(at), int(at) + int(size)}
		}
	}
	return buffers, nil
}

// signed says whether the service's key signed a PAC ([MS-PAC] 2.8): nothing else of it
// is looked at before. What the KDC signs, over this signature, is for the KDC to check;
// but it and the name of the client have to be there.
func signed(b []byte, buffers map[uint32]extent, key types.EncryptionKey) bool {
	if buffers[bufferClient] == (extent{}) {
		return false
	}
	b = bytes.Clone(b) // the signatures are of a PAC that has zeros in their place
	kind, signature := takeSignature(b, buffers[bufferServerSignature])
	if _, kdc := takeSignature(b, buffers[bufferKDCSignature]); signature == nil || kdc == nil {
		return false
	}
	e, err := crypto.GetChksumEtype(kind)
	return err == nil && e.VerifyChecksum(key.KeyValue, b, signature, keyusage.KERB_NON_KERB_CKSUM_SALT)
}

// takeSignature is a PAC_SIGNATURE_DATA, whose signature it overwrites with zeros; nil:
// it is none.
func takeSignature(b []byte, x extent) (kind int32, signature []byte) {
	const head = 4
	if x.end-x.begin < head {
		return 0, nil
	}
	kind = int32(binary.LittleEndian.Uint32(b[x.begin:]))
	n := 0
	switch kind {
	case chksumtype.KERB_CHECKSUM_HMAC_MD5:
		n = 16
	case chksumtype.HMAC_SHA1_96_AES128, chksumtype.HMAC_SHA1_96_AES256:
		n = 12
	}
	at := x.begin + head
	if n == 0 || n > x.end-at {
		return 0, nil
	}
	signature = bytes.Clone(b[at : at+n])
	clear(b[at : at+n])
	return kind, signature
}
