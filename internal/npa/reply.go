package npa

import (
	"encoding/binary"

	"netelf.example/nt"
)

// What a reply says of the pipe.
const (
	messageMode    = 2      // FILE_TYPE_MESSAGE_MODE_PIPE
	deviceState    = 0x05ff // messages, blocking, as many instances as there are opens
	allocationSize = 4096
)

// appendReply appends the reply to a hello of a level; with a status that is not 0,
// smbd refuses the open.
func appendReply(dst []byte, level uint32, status nt.Status) []byte {
	const length = 32
	dst = binary.BigEndian.AppendUint32(dst, length)
	dst = append(dst, magic...)
	le := binary.LittleEndian
	dst = le.AppendUint32(dst, level)
	dst = le.AppendUint32(dst, level)
	dst = le.AppendUint16(dst, messageMode)
	dst = le.AppendUint16(dst, deviceState)
	dst = le.AppendUint32(dst, 0) // up to the next multiple of 8
	dst = le.AppendUint64(dst, allocationSize)
	return le.AppendUint32(dst, uint32(status))
}
