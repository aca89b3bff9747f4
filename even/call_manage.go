package even

import (
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// clearRequest is that of ElfrClearELFW and A (3.1.4.9, 3.1.4.10).
type clearRequest struct {
	ansi           bool
	LogHandle      ndr.ContextHandle
	BackupFileName *ndr.String // nil, and without a buffer: no backup
}

func (m *clearRequest) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	w.Pointer(m.BackupFileName != nil)
	if m.BackupFileName != nil {
		writeText(w, m.ansi, *m.BackupFileName)
	}
}

func (m *clearRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	if r.Field("BackupFileName").Pointer() {
		m.BackupFileName = new(ndr.String)
		readText(r, "BackupFileName", m.ansi, m.BackupFileName)
	}
}

// backupRequest is that of ElfrBackupELFW and A (3.1.4.11, 3.1.4.12).
type backupRequest struct {
	ansi           bool
	LogHandle      ndr.ContextHandle
	BackupFileName ndr.String
}

func (m *backupRequest) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	writeText(w, m.ansi, m.BackupFileName)
}

func (m *backupRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	readText(r, "BackupFileName", m.ansi, &m.BackupFileName)
}

// numberResponse is that of ElfrNumberOfRecords and ElfrOldestRecord (3.1.4.18,
// 3.1.4.19).
type numberResponse struct {
	Number uint32
	Status nt.Status
}

func (m *numberResponse) marshal(w *ndr.Writer) {
	w.Uint32(m.Number)
	w.Uint32(uint32(m.Status))
}

func (m *numberResponse) unmarshal(r *ndr.Reader) {
	m.Number = r.Field("number").Uint32()
	m.Status = readStatus(r)
}

// changeNotifyRequest is that of ElfrChangeNotify (3.1.4.23).
type changeNotifyRequest struct {
	LogHandle                   ndr.ContextHandle
	UniqueProcess, UniqueThread uint32 // ClientId, an RPC_CLIENT_ID (2.2.8)
	Event                       uint32
}

func (m *changeNotifyRequest) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	w.Uint32(m.UniqueProcess)
	w.Uint32(m.UniqueThread)
	w.Uint32(m.Event)
}

func (m *changeNotifyRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	m.UniqueProcess = r.Field("ClientId").Uint32()
	m.UniqueThread = r.Uint32()
	m.Event = r.Field("Event").Uint32()
}

// logInformationRequest is that of ElfrGetLogInformation (3.1.4.20).
type logInformationRequest struct {
	LogHandle ndr.ContextHandle
	InfoLevel uint32
	BufSize   uint32 // cbBufSize, at most 1024
}

func (m *logInformationRequest) marshal(w *ndr.Writer) {
	w.ContextHandle(m.LogHandle)
	w.Uint32(m.InfoLevel)
	w.Uint32(m.BufSize)
}

func (m *logInformationRequest) unmarshal(r *ndr.Reader) {
	m.LogHandle = r.Field("LogHandle").ContextHandle()
	m.InfoLevel = r.Field("InfoLevel").Uint32()
	m.BufSize = readRange(r, "cbBufSize", maxInfoBuff)
}

// logInformationResponse is that of ElfrGetLogInformation.
type logInformationResponse struct {
	Buffer      []byte // lpBuffer, all cbBufSize bytes
	BytesNeeded uint32 // pcbBytesNeeded
	Status      nt.Status
}

func (m *logInformationResponse) marshal(w *ndr.Writer) {
	w.ByteArray(m.Buffer)
	w.Uint32(m.BytesNeeded)
	w.Uint32(uint32(m.Status))
}

func (m *logInformationResponse) unmarshal(r *ndr.Reader) {
	m.Buffer = append([]byte(nil), r.Field("lpBuffer").ByteArray(maxInfoBuff)...)
	m.BytesNeeded = r.Field("pcbBytesNeeded").Uint32()
	m.Status = readStatus(r)
}
