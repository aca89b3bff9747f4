package server

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
)

// place is a cursor as clients have it: a mark in a log, and which way to go on
// from it. They are not to look into it.
type place struct {
	turned bool // against the direction that was asked for
	at     bool // record is the first that is read; false: the one behind which is
	record uint64
	time   time.Time // when it was written; zero: not to be compared
}

const (
	placeTurned = 1 << iota
	placeAt
	placeTime
)

var placeText = base64.RawURLEncoding.Strict()

// sum is of the log, so that no place is taken for one of another log.
func sum(log string) uint32 { return crc32.ChecksumIEEE([]byte(eventlog.Fold(log))) }

func (p place) text(log string) string {
	var flags byte
	if p.turned {
		flags |= placeTurned
	}
	if p.at {
		flags |= placeAt
	}
	if !p.time.IsZero() {
		flags |= placeTime
	}
	b := binary.AppendUvarint(binary.BigEndian.AppendUint32([]byte{flags}, sum(log)), p.record)
	if flags&placeTime != 0 {
		b = binary.AppendVarint(b, p.time.Unix())
		b = binary.AppendUvarint(b, uint64(p.time.Nanosecond()))
	}
	return placeText.EncodeToString(b)
}

func parsePlace(text, log string) (p place, err error) {
	wrong := fmt.Errorf("the cursor is none: %w", eventlog.ErrInvalid)
	b, err := placeText.DecodeString(text)
	if err != nil || len(b) < 6 || b[0] >= 2*placeTime {
		return p, wrong
	}
	flags := b[0]
	if binary.BigEndian.Uint32(b[1:]) != sum(log) {
		return p, fmt.Errorf("the cursor is of another log than %q: %w", log, eventlog.ErrInvalid)
	}
	p.turned, p.at = flags&placeTurned != 0, flags&placeAt != 0
	b = b[5:]
	n := 0
	if p.record, n = binary.Uvarint(b); n <= 0 {
		return p, wrong
	}
	if b = b[n:]; flags&placeTime != 0 {
		seconds, n := binary.Varint(b)
		if n <= 0 {
			return p, wrong
		}
		nano, m := binary.Uvarint(b[n:])
		if m <= 0 || nano >= uint64(time.Second) {
			return p, wrong
		}
		p.time, b = time.Unix(seconds, int64(nano)).UTC(), b[n+m:]
	}
	if len(b) > 0 {
		return p, wrong
	}
	return p, nil
}

// placeOf is behind a mark.
func placeOf(m *eventlog.Mark, turned bool) place {
	return place{turned: turned, record: m.Record, time: m.Time}
}

// begin makes s begin at p; after is what it goes on behind, nil if that is nothing.
func (p place) begin(s *eventlog.Selection) (after *api.Mark) {
	if p.turned {
		s.Backward = !s.Backward
	}
	if p.at {
		s.Start = p.record
		return nil
	}
	m := api.MarkOf(eventlog.Mark{Record: p.record, Time: p.time})
	return m
}
