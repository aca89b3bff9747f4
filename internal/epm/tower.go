package epm

import (
	"encoding/binary"
	"fmt"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/nt"
)

// Limits of a tower.
const (
	maxTower  = 4096 // bytes
	maxFloors = 32
)

// Protocol identifiers, the first byte of a floor's left side (C706 appendix I).
const (
	floorRPC  = 0x0b // connection-oriented RPC
	floorUUID = 0x0d
	floorTCP  = 0x07
	floorIP   = 0x09
)

// tower is an endpoint of an interface. What is no TCP endpoint has TCP unset.
type tower struct {
	Interface dcerpc.SyntaxID
	Transfer  dcerpc.SyntaxID
	TCP       bool
	Port      uint16
	IP        [4]byte
}

func towerError(field string, off int, format string, args ...any) error {
	return &eventlog.FormatError{Format: "epm", Struct: "tower", Field: field, Offset: int64(off), Err: fmt.Errorf(format, args...)}
}

// decodeTower decodes tower_octet_string. Of floors that it doesn't know it takes
// the frame only.
func decodeTower(b []byte) (t tower, err error) {
	le := binary.LittleEndian
	if len(b) < 2 {
		return t, towerError("", 0, "need 2 bytes, have %d", len(b))
	}
	n, at := int(le.Uint16(b)), 2
	if n < 3 || n > maxFloors {
		return t, towerError("floors", 0, "have %d, want 3 to %d", n, maxFloors)
	}
	side := func(what string) ([]byte, error) {
		if len(b)-at < 2 {
			return nil, towerError(what, at, "need 2 bytes, have %d", len(b)-at)
		}
		size := int(le.Uint16(b[at:]))
		if at += 2; size > len(b)-at {
			return nil, towerError(what, at-2, "have %d bytes, %d are left", size, len(b)-at)
		}
		at += size
		return b[at-size : at], nil
	}
	var co, ip bool
	for i := range n {
		begin := at
		left, err := side("left side")
		if err != nil {
			return t, err
		}
		right, err := side("right side")
		if err != nil {
			return t, err
		}
		if i < 2 {
			if len(left) != 19 || left[0] != floorUUID || len(right) < 2 {
				return t, towerError("floor", begin, "floor %d is no interface", i+1)
			}
			s := dcerpc.SyntaxID{UUID: nt.GUID(left[1:17]), Version: uint32(le.Uint16(left[17:])) | uint32(le.Uint16(right))<<16}
			if i == 0 {
				t.Interface = s
			} else {
				t.Transfer = s
			}
			continue
		}
		switch {
		case len(left) == 0:
		case i == 2:
			co = left[0] == floorRPC
		case left[0] == floorTCP && len(right) == 2:
			t.Port, t.TCP = binary.BigEndian.Uint16(right), co
		case left[0] == floorIP && len(right) == 4:
			t.IP, ip = [4]byte(right), true
		}
	}
	t.TCP = t.TCP && ip
	return t, nil
}

// append appends the tower of a TCP endpoint.
func (t *tower) append(dst []byte) []byte {
	le := binary.LittleEndian
	dst = le.AppendUint16(dst, 5)
	for _, s := range []dcerpc.SyntaxID{t.Interface, t.Transfer} {
		dst = append(le.AppendUint16(dst, 19), floorUUID)
		dst = le.AppendUint16(append(dst, s.UUID[:]...), s.Major())
		dst = le.AppendUint16(le.AppendUint16(dst, 2), s.Minor())
	}
	dst = append(dst, 1, 0, floorRPC, 2, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(append(dst, 1, 0, floorTCP, 2, 0), t.Port)
	return append(append(dst, 1, 0, floorIP, 4, 0), t.IP[:]...)
}
