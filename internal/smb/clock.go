package smb

import (
	"encoding/binary"
	"time"

	"netelf.example/nt"
)

// Of an answer to a negotiation ([MS-SMB2] 2.2.4), from its header on.
const (
	offsetSystemTime = headerSize + 40
	negotiateHead    = offsetSystemTime + 8
)

// hear keeps the beginning of the first message, which is the answer to the
// negotiation and tells the server's time. The module above passes over it.
func (l *link) hear(b []byte) {
	if l.skew.Load() != nil || len(l.first) == negotiateHead {
		return
	}
	l.first = append(l.first, b[:min(len(b), negotiateHead-len(l.first))]...)
	if len(l.first) < negotiateHead {
		return
	}
	le := binary.LittleEndian
	at := nt.Filetime(le.Uint64(l.first[offsetSystemTime:]))
	if [4]byte(l.first) != protocolID || le.Uint16(l.first[offsetCommand:]) != commandNegotiate || at == 0 {
		return
	}
	l.skew.Store(new(time.Until(at.Time())))
}

// Skew is how far the server's clock was ahead of this one's when the session began;
// ok is false where it did not say.
func (s *Session) Skew() (d time.Duration, ok bool) {
	if p := s.link.skew.Load(); p != nil {
		return *p, true
	}
	return 0, false
}

// Skew is that of the session; ok is false where there is none.
func (d *Dialer) Skew() (skew time.Duration, ok bool) {
	d.mu.Lock()
	s := d.session
	d.mu.Unlock()
	if s == nil {
		return 0, false
	}
	return s.Skew()
}
