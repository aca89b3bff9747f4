package krb5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/pac"
	"github.com/jcmturner/gokrb5/v8/types"

	"netelf.example/nt"
)

const (
	maxBuffers = 64   // of a PAC
	maxSIDs    = 4096 // of a user and its groups

	bufferSize    = 16 // PAC_INFO_BUFFER
	bufferLogon   = 1  // KERB_VALIDATION_INFO
	pacHeaderSize = 8
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
	found, err := checkPAC(b)
	if err != nil {
		return err
	}
	if !found[bufferLogon] {
		return nil
	}
	var p pac.PACType
	if err := p.Unmarshal(b); err != nil {
		return errPAC
	}
	if err := p.ProcessPACInfoBuffers(key, log.New(io.Discard, "", 0)); err != nil || p.KerbValidationInfo == nil {
		return refusal("the PAC of the ticket is not signed by the KDC for this service, or damaged")
	}
	v := p.KerbValidationInfo
	domain := v.LogonDomainID.String()
	texts := append([]string{fmt.Sprintf("%s-%d", domain, v.UserID)}, v.GetGroupMembershipSIDs()...)
	if len(texts) > maxSIDs {
		return fmt.Errorf("kerberos: %d SIDs in a PAC, at most %d", len(texts), maxSIDs)
	}
	seen := map[nt.SID]bool{}
	for _, text := range texts {
		sid, err := nt.ParseSID(text)
		if err != nil {
			return errPAC
		}
		if !seen[sid] {
			seen[sid] = true
			i.SIDs = append(i.SIDs, sid)
		}
	}
	i.PAC, i.SID = true, i.SIDs[0]
	i.Account, i.Domain = v.EffectiveName.Value, v.LogonDomainName.Value
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

// checkPAC looks whether each buffer of a PAC lies in it, which the module beneath
// does not, and says which types there are.
func checkPAC(b []byte) (found map[uint32]bool, err error) {
	if len(b) < pacHeaderSize {
		return nil, errPAC
	}
	n := binary.LittleEndian.Uint32(b)
	if n > maxBuffers || int(n)*bufferSize > len(b)-pacHeaderSize {
		return nil, errPAC
	}
	found = map[uint32]bool{}
	for i := range int(n) {
		r := b[pacHeaderSize+i*bufferSize:]
		size, at := binary.LittleEndian.Uint32(r[4:]), binary.LittleEndian.Uint64(r[8:])
		if at > uint64(len(b)) || uint64(size) > uint64(len(b))-at {
			return nil, errPAC
		}
		found[binary.LittleEndian.Uint32(r)] = true
	}
	return found, nil
}
