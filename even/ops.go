package even

import (
	"encoding/binary"
	"fmt"

	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// Interface is the interface's name on the wire.
var Interface = dcerpc.SyntaxID{
	UUID: nt.GUID{0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea},
}

// The operations (3.1.4). The names are the specification's without Elfr.
const (
	opClearELFW              = 0
	opBackupELFW             = 1
	opCloseEL                = 2
	opDeregisterEventSource  = 3
	opNumberOfRecords        = 4
	opOldestRecord           = 5
	opChangeNotify           = 6
	opOpenELW                = 7
	opRegisterEventSourceW   = 8
	opOpenBELW               = 9
	opReadELW                = 10
	opReportEventW           = 11
	opClearELFA              = 12
	opBackupELFA             = 13
	opOpenELA                = 14
	opRegisterEventSourceA   = 15
	opOpenBELA               = 16
	opReadELA                = 17
	opReportEventA           = 18
	opGetLogInformation      = 22
	opFlushEL                = 23
	opReportEventAndSourceW  = 24
	opReportEventExW         = 25
	opReportEventExA         = 26
	opCount                  = 27
	maxBatchBuff             = 0x7ffff // MAX_BATCH_BUFF, 2.2.9: bytes that one read may ask for
	maxInfoBuff              = 1024    // bytes that ElfrGetLogInformation may ask for
	maxStrings               = 0x100   // MAX_STRINGS, 2.2.9: strings of a report
	maxData                  = 61440   // bytes of data of a report (3.1.4.13)
	sizeFullInformation      = 4       // of EVENTLOG_FULL_INFORMATION, 2.2.4
	infoLevelFullInformation = 0       // the only level
)

// message is the parameters of one direction of a call.
type message interface {
	marshal(*ndr.Writer)
	unmarshal(*ndr.Reader)
}

// call is one operation: its name, and what it takes and gives.
type call struct {
	name     string
	request  func() message
	response func() message
}

// calls is all operations; those without a name are not used on the wire.
var calls = [opCount]call{
	opClearELFW:             {"ElfrClearELFW", func() message { return &clearRequest{} }, newStatus},
	opBackupELFW:            {"ElfrBackupELFW", func() message { return &backupRequest{} }, newStatus},
	opCloseEL:               {"ElfrCloseEL", newHandleRequest, newHandleResponse},
	opDeregisterEventSource: {"ElfrDeregisterEventSource", newHandleRequest, newHandleResponse},
	opNumberOfRecords:       {"ElfrNumberOfRecords", newHandleRequest, newNumber},
	opOldestRecord:          {"ElfrOldestRecord", newHandleRequest, newNumber},
	opChangeNotify:          {"ElfrChangeNotify", func() message { return &changeNotifyRequest{} }, newStatus},
	opOpenELW:               {"ElfrOpenELW", func() message { return &openRequest{} }, newHandleResponse},
	opRegisterEventSourceW:  {"ElfrRegisterEventSourceW", func() message { return &openRequest{} }, newHandleResponse},
	opOpenBELW:              {"ElfrOpenBELW", func() message { return &openBackupRequest{} }, newHandleResponse},
	opReadELW:               {"ElfrReadELW", func() message { return &readRequest{} }, newRead},
	opReportEventW:          {"ElfrReportEventW", func() message { return &reportRequest{} }, newReport},
	opClearELFA:             {"ElfrClearELFA", func() message { return &clearRequest{ansi: true} }, newStatus},
	opBackupELFA:            {"ElfrBackupELFA", func() message { return &backupRequest{ansi: true} }, newStatus},
	opOpenELA:               {"ElfrOpenELA", func() message { return &openRequest{ansi: true} }, newHandleResponse},
	opRegisterEventSourceA:  {"ElfrRegisterEventSourceA", func() message { return &openRequest{ansi: true} }, newHandleResponse},
	opOpenBELA:              {"ElfrOpenBELA", func() message { return &openBackupRequest{ansi: true} }, newHandleResponse},
	opReadELA:               {"ElfrReadELA", func() message { return &readRequest{} }, newRead},
	opReportEventA:          {"ElfrReportEventA", func() message { return &reportRequest{ansi: true} }, newReport},
	opGetLogInformation:     {"ElfrGetLogInformation", func() message { return &logInformationRequest{} }, func() message { return &logInformationResponse{} }},
	opFlushEL:               {"ElfrFlushEL", newHandleRequest, newStatus},
	opReportEventAndSourceW: {"ElfrReportEventAndSourceW", func() message { return &reportRequest{withSource: true} }, newReport},
	opReportEventExW:        {"ElfrReportEventExW", func() message { return &reportRequest{ex: true} }, newReportEx},
	opReportEventExA:        {"ElfrReportEventExA", func() message { return &reportRequest{ansi: true, ex: true} }, newReportEx},
}

func newStatus() message         { return &statusResponse{} }
func newHandleRequest() message  { return &handleRequest{} }
func newHandleResponse() message { return &handleResponse{} }
func newNumber() message         { return &numberResponse{} }
func newRead() message           { return &readResponse{} }
func newReport() message         { return &reportResponse{} }
func newReportEx() message       { return &reportResponse{ex: true} }

// encode is a message as a stub.
func encode(m message, order binary.ByteOrder) ([]byte, error) {
	w := ndr.NewWriter(nil, order)
	m.marshal(w)
	return w.Bytes()
}

// decode reads a stub into a message of the call name.
func decode(m message, name string, stub []byte, order binary.ByteOrder) error {
	r := ndr.NewReader(stub, order, name)
	m.unmarshal(r)
	return r.Err()
}

// opName is an operation's name, for logs.
func opName(op uint16) string {
	if op < opCount && calls[op].name != "" {
		return calls[op].name
	}
	return fmt.Sprintf("operation %d", op)
}

// readText reads a string parameter in one of its two forms.
func readText(r *ndr.Reader, field string, ansi bool, s *ndr.String) {
	r.Field(field)
	if ansi {
		r.ANSIString(s)
	} else {
		r.UnicodeString(s)
	}
	r.Flush()
	if ansi {
		s.Text = fromANSI(s.Text)
	}
}

func writeText(w *ndr.Writer, ansi bool, s ndr.String) {
	if ansi {
		s.Text = toANSI(s.Text)
		w.ANSIString(s)
	} else {
		w.UnicodeString(s)
	}
	w.Flush()
}
