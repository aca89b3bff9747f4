package even

import (
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// openRequest is that of ElfrOpenELW and ElfrRegisterEventSourceW (3.1.4.3,
// 3.1.4.5), and with ansi of their A forms.
type openRequest struct {
	ansi          bool
	UNCServerName *uint16 // the first character of the server's name, and nothing else of it: its type is no string
	ModuleName    ndr.String
	RegModuleName ndr.String
	MajorVersion  uint32
	MinorVersion  uint32
}

func (m *openRequest) marshal(w *ndr.Writer) {
	writeServerName(w, m.ansi, m.UNCServerName)
	writeText(w, m.ansi, m.ModuleName)
	writeText(w, m.ansi, m.RegModuleName)
	w.Uint32(m.MajorVersion)
	w.Uint32(m.MinorVersion)
}

func (m *openRequest) unmarshal(r *ndr.Reader) {
	m.UNCServerName = readServerName(r, m.ansi)
	readText(r, "ModuleName", m.ansi, &m.ModuleName)
	readText(r, "RegModuleName", m.ansi, &m.RegModuleName)
	m.MajorVersion = r.Field("MajorVersion").Uint32()
	m.MinorVersion = r.Field("MinorVersion").Uint32()
}

// openBackupRequest is that of ElfrOpenBELW and A (3.1.4.1, 3.1.4.2).
type openBackupRequest struct {
	ansi           bool
	UNCServerName  *uint16
	BackupFileName ndr.String
	MajorVersion   uint32
	MinorVersion   uint32
}

func (m *openBackupRequest) marshal(w *ndr.Writer) {
	writeServerName(w, m.ansi, m.UNCServerName)
	writeText(w, m.ansi, m.BackupFileName)
	w.Uint32(m.MajorVersion)
	w.Uint32(m.MinorVersion)
}

func (m *openBackupRequest) unmarshal(r *ndr.Reader) {
	m.UNCServerName = readServerName(r, m.ansi)
	readText(r, "BackupFileName", m.ansi, &m.BackupFileName)
	m.MajorVersion = r.Field("MajorVersion").Uint32()
	m.MinorVersion = r.Field("MinorVersion").Uint32()
}

// readServerName is an EVENTLOG_HANDLE_W or _A (2.2.7): a unique pointer to one
// character. Samba sends two, of which the second lies in what is padding.
func readServerName(r *ndr.Reader, ansi bool) *uint16 {
	if !r.Field("UNCServerName").Pointer() {
		return nil
	}
	c := new(uint16)
	if ansi {
		*c = uint16(r.Uint8())
	} else {
		*c = r.Uint16()
	}
	return c
}

func writeServerName(w *ndr.Writer, ansi bool, c *uint16) {
	w.Pointer(c != nil)
	switch {
	case c == nil:
	case ansi:
		w.Uint8(uint8(*c))
	default:
		w.Uint16(*c)
	}
}

// handleRequest is that of the operations that take a handle and nothing else:
// ElfrCloseEL, ElfrDeregisterEventSource, ElfrNumberOfRecords, ElfrOldestRecord,
// ElfrFlushEL.
type handleRequest struct {
	LogHandle ndr.ContextHandle
}

func (m *handleRequest) marshal(w *ndr.Writer) { w.ContextHandle(m.LogHandle) }
func (m *handleRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
}

// handleResponse is that of the operations that open and close: the handle is null
// where it was closed, or not opened.
type handleResponse struct {
	LogHandle ndr.ContextHandle
	Status    nt.Status
}

func (m *handleResponse) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	w.Uint32(uint32(m.Status))
}

func (m *handleResponse) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	m.Status = readStatus(r)
}

// statusResponse is that of the operations that give nothing else.
type statusResponse struct {
	Status nt.Status
}

func (m *statusResponse) marshal(w *ndr.Writer)   { w.Uint32(uint32(m.Status)) }
func (m *statusResponse) unmarshal(r *ndr.Reader) { m.Status = readStatus(r) }

func readStatus(r *ndr.Reader) nt.Status { return nt.Status(r.Field("return value").Uint32()) }
