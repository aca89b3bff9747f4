package npa

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"netelf.example/nt"
)

const (
	minClaim  = 16      // bytes of a claim without values
	maxClaims = 1 << 12 // of one kind
)

// token is security_token: SIDs and the masks; from level 8 on, claims too.
func (d *decoder) token() {
	h := d.h
	d.Align(8)
	count, at := d.count("num_sids")
	n := d.Field("sids").Conformant(8, maxSIDs)
	d.same("num_sids", at, count, n)
	flags := 0
	for i := 0; i < n && d.Err() == nil; i++ {
		at := d.Offset()
		s := d.Field("sids").sid()
		if mask, ok := flagsOf(s); !ok {
			h.SIDs = append(h.SIDs, s)
		} else if flags++; flags > 1 {
			d.Fail(at, errors.New("second SID with flags"))
		} else {
			h.Flags = mask
		}
	}
	h.Privileges = d.Field("privilege_mask").Uint64()
	h.Rights = d.Field("rights_mask").Uint32()
	if h.Level >= level8 {
		d.claims()
	}
}

// flagsOf is what the SID with the flags says; ok is false for any other SID.
func flagsOf(s nt.SID) (flags uint32, ok bool) {
	last, ok := strings.CutPrefix(string(s), flagSID)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(last, 10, 32)
	return uint32(n), err == nil
}

// Field is that of the Reader, for errors.
func (d *decoder) Field(name string) *decoder {
	d.Reader.Field(name)
	return d
}

// sid is a dom_sid: as many sub-authorities as it says, and no count before it.
func (d *decoder) sid() nt.SID {
	d.Align(4)
	at := d.Offset()
	b := d.Bytes(8)
	if d.Err() != nil {
		return ""
	}
	if b[1] > nt.MaxSubAuthorities {
		d.Fail(at+1, fmt.Errorf("%d sub-authorities, at most %d", b[1], nt.MaxSubAuthorities))
		return ""
	}
	d.Bytes(4 * int(b[1]))
	if d.Err() != nil {
		return ""
	}
	s, _, err := nt.DecodeSID(d.msg[at:d.Offset()])
	if err != nil {
		d.Fail(at, err)
	}
	return s
}

// claims is the second half of security_token. Claims are counted and skipped.
func (d *decoder) claims() {
	h := d.h
	names := [...]string{"local_claims", "user_claims", "device_claims"}
	var counts [len(names)]uint32
	var at [len(names)]int
	for i, name := range names {
		counts[i], at[i] = d.count("num_" + name)
	}
	devices, devicesAt := d.count("num_device_sids")
	var far []pointee
	for i, name := range names {
		n := d.Field(name).Conformant(minClaim, maxClaims)
		d.same("num_"+name, at[i], counts[i], n)
		for j := 0; j < n && d.Err() == nil; j++ {
			far = d.Field(name).claim(far)
		}
		h.Claims += n
	}
	n := d.Field("device_sids").Conformant(8, maxSIDs)
	d.same("num_device_sids", devicesAt, devices, n)
	for i := 0; i < n && d.Err() == nil; i++ {
		h.DeviceSIDs = append(h.DeviceSIDs, d.Field("device_sids").sid())
	}
	d.Field("evaluate_claims").Uint16()
	if len(far) > 0 {
		d.Defer(func() { d.skip(far) })
	}
}

// Value types of a claim ([MS-DTYP] 2.4.10.1).
const (
	claimInt64   = 1
	claimUint64  = 2
	claimString  = 3
	claimSID     = 5
	claimBoolean = 6
	claimOctets  = 16
)

// pointee is what a relative pointer of a claim points to: where it begins, counted
// from the message's first byte, and what it is.
type pointee struct {
	at   uint32
	kind uint16
}

// claim is CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1 without what its pointers point to,
// which is appended to far.
func (d *decoder) claim(far []pointee) []pointee {
	if at := d.Uint32(); at != 0 {
		far = append(far, pointee{at, claimString})
	}
	at := d.Offset()
	kind := d.Uint16()
	d.Uint32() // flags
	switch n := d.Conformant(4, MaxHello); kind {
	case claimInt64, claimUint64, claimString, claimSID, claimBoolean, claimOctets:
		for i := 0; i < n && d.Err() == nil; i++ {
			if at := d.Uint32(); at != 0 {
				far = append(far, pointee{at, kind})
			}
		}
	default:
		if d.Err() == nil {
			d.Fail(at, fmt.Errorf("value type %d", kind))
		}
	}
	return far
}

// skip goes behind the last of the pointees. They stand where the first of them
// would, in order, so that none begins before the end of another one.
func (d *decoder) skip(far []pointee) {
	end := d.Offset()
	for _, p := range far {
		d.Field("claims")
		at := int64(p.at)
		if at < int64(end) || at > int64(len(d.msg)) {
			d.Fail(end, fmt.Errorf("pointer to offset 0x%x, want 0x%x to 0x%x", p.at, end, len(d.msg)))
			return
		}
		rest := d.msg[at:]
		n := 8 // of a number
		switch p.kind {
		case claimString:
			if n = nt.IndexNUL(rest); n >= 0 {
				n += 2
			}
		case claimSID, claimOctets:
			if n = 4; len(rest) >= 4 {
				n = 4 + int(min(binary.LittleEndian.Uint32(rest), MaxHello))
			}
		}
		if n < 0 || n > len(rest) {
			d.Fail(int(at), errors.New("value that does not end"))
			return
		}
		end = int(at) + n
	}
	d.Bytes(end - d.Offset())
}
