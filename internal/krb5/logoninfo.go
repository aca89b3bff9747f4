package krb5

import (
	"encoding/binary"
	"fmt"

	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// logonInfo is what of KERB_VALIDATION_INFO ([MS-PAC] 2.5) says who somebody is.
type logonInfo struct {
	account, domain string
	sids            []nt.SID // the user's own first, then those of its groups; each once
}

// The headers of type serialization, version 1 ([MS-RPCE] 2.2.6).
const (
	serialVersion = 1
	serialLittle  = 0x10
	serialHead    = 8
)

// UnmarshalBinary decodes the structure as a PAC has it. What it holds of times, paths and
// counts is passed over.
func (v *logonInfo) UnmarshalBinary(b []byte) error {
	r := ndr.NewReader(b, binary.LittleEndian, "KERB_VALIDATION_INFO")
	version, order, size := r.Field("Version").Uint8(), r.Field("Endianness").Uint8(), r.Field("CommonHeaderLength").Uint16()
	if r.Err() == nil && (version != serialVersion || order != serialLittle || size != serialHead) {
		r.Fail(0, fmt.Errorf("serialized in version %d, byte order %#x, with a header of %d bytes", version, order, size))
	}
	r.Bytes(4) // Filler
	r.Field("ObjectBufferLength").Uint32()
	r.Bytes(4) // Filler
	if !r.Field("referent").Pointer() {
		r.Fail(r.Offset(), fmt.Errorf("no structure"))
	}

	var account, domain, other ndr.String
	r.Align(4)
	r.Field("LogonTime").Bytes(6 * 8) // to PasswordMustChange
	r.Field("EffectiveName").UnicodeString(&account)
	for _, name := range []string{"FullName", "LogonScript", "ProfilePath", "HomeDirectory", "HomeDirectoryDrive"} {
		r.Field(name).UnicodeString(&other)
	}
	r.Field("LogonCount").Uint32() // and BadPasswordCount
	user := r.Field("UserId").Uint32()
	r.Field("PrimaryGroupId").Uint32()
	groups := rids(r, "GroupIds")
	r.Field("UserFlags").Uint32()
	r.Field("UserSessionKey").Bytes(16)
	r.Field("LogonServer").UnicodeString(&other)
	r.Field("LogonDomainName").UnicodeString(&domain)
	own := pointedSID(r, "LogonDomainId")
	r.Field("Reserved1").Bytes(2 * 4)
	r.Field("UserAccountControl").Bytes(2*4 + 2*8 + 2*4) // to Reserved3
	extra := extraSIDs(r)
	resource := pointedSID(r, "ResourceGroupDomainSid")
	resources := rids(r, "ResourceGroupIds")
	r.Flush()
	if err := r.Err(); err != nil {
		return err
	}

	v.account, v.domain, v.sids = account.Text, domain.Text, nil
	all := append([]nt.SID{below(*own, user)}, belowAll(*own, *groups)...)
	all = append(all, *extra...)
	all = append(all, belowAll(*resource, *resources)...)
	if len(all) > maxSIDs {
		return fmt.Errorf("%d SIDs, at most %d", len(all), maxSIDs)
	}
	seen := map[nt.SID]bool{}
	for _, s := range all {
		if !s.Valid() {
			return fmt.Errorf("%q is no SID", s)
		}
		if !seen[s] {
			seen[s] = true
			v.sids = append(v.sids, s)
		}
	}
	return nil
}

// below is the SID that a domain gives to who has the relative identifier.
func below(domain nt.SID, rid uint32) nt.SID { return nt.SID(fmt.Sprintf("%s-%d", domain, rid)) }

func belowAll(domain nt.SID, rids []uint32) []nt.SID {
	sids := make([]nt.SID, len(rids))
	for i, rid := range rids {
		sids[i] = below(domain, rid)
	}
	return sids
}

// pointedSID is a PISID; what is found is there behind Flush.
func pointedSID(r *ndr.Reader, field string) *nt.SID {
	sid := new(nt.SID)
	if r.Field(field).Pointer() {
		r.Defer(func() { *sid = takeSID(r) })
	}
	return sid
}

func takeSID(r *ndr.Reader) nt.SID {
	at := r.Offset()
	sid, ok := r.SID()
	if !ok {
		r.Fail(at, fmt.Errorf("no SID"))
	}
	return sid
}

// rids is a count and a pointer to so many GROUP_MEMBERSHIP; their identifiers are there
// behind Flush.
func rids(r *ndr.Reader, field string) *[]uint32 {
	list := new([]uint32)
	counted(r, field, 8, func(n int) {
		for range n {
			*list = append(*list, r.Uint32())
			r.Uint32() // Attributes
		}
	})
	return list
}

// extraSIDs is a count and a pointer to so many KERB_SID_AND_ATTRIBUTES.
func extraSIDs(r *ndr.Reader) *[]nt.SID {
	list := new([]nt.SID)
	counted(r, "ExtraSids", 8, func(n int) {
		for range n {
			if r.Pointer() {
				r.Defer(func() { *list = append(*list, takeSID(r)) })
			}
			r.Uint32() // Attributes
		}
	})
	return list
}

// counted is a count and a pointer to a conformant array of so many elements of size
// bytes, which read takes when its turn comes.
func counted(r *ndr.Reader, field string, size int, read func(n int)) {
	n := r.Field(field).Uint32()
	if !r.Pointer() {
		if r.Err() == nil && n > 0 {
			r.Fail(r.Offset()-4, fmt.Errorf("count %d without an array", n))
		}
		return
	}
	r.Defer(func() {
		at := r.Offset()
		m := r.Conformant(size, maxSIDs)
		if r.Err() == nil && uint32(m) != n {
			r.Fail(at, fmt.Errorf("array of %d, but the count is %d", m, n))
		}
		if r.Err() == nil {
			read(m)
		}
	})
}
