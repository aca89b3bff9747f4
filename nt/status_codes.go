package nt

// The NTSTATUS values that a reader, a client or a server of the event log
// meets, in ascending order (MS-ERREF section 2.3.1). The comment of each is the
// specification's identifier and what it says.
const (
	StatusSuccess                    Status = 0x00000000 // STATUS_SUCCESS: success
	StatusTimeout                    Status = 0x00000102 // STATUS_TIMEOUT: the wait timed out
	StatusPending                    Status = 0x00000103 // STATUS_PENDING: operation pending
	StatusMoreEntries                Status = 0x00000105 // STATUS_MORE_ENTRIES: more entries follow
	StatusBufferOverflow             Status = 0x80000005 // STATUS_BUFFER_OVERFLOW: the data did not fit in the buffer
	StatusNoMoreEntries              Status = 0x8000001A // STATUS_NO_MORE_ENTRIES: no more entries
	StatusUnsuccessful               Status = 0xC0000001 // STATUS_UNSUCCESSFUL: operation unsuccessful
	StatusNotImplemented             Status = 0xC0000002 // STATUS_NOT_IMPLEMENTED: not implemented
	StatusInfoLengthMismatch         Status = 0xC0000004 // STATUS_INFO_LENGTH_MISMATCH: information length mismatch
	StatusInvalidHandle              Status = 0xC0000008 // STATUS_INVALID_HANDLE: invalid handle
	StatusInvalidParameter           Status = 0xC000000D // STATUS_INVALID_PARAMETER: invalid parameter
	StatusNoSuchFile                 Status = 0xC000000F // STATUS_NO_SUCH_FILE: no such file
	StatusInvalidDeviceRequest       Status = 0xC0000010 // STATUS_INVALID_DEVICE_REQUEST: invalid request for this device
	StatusEndOfFile                  Status = 0xC0000011 // STATUS_END_OF_FILE: end of file
	StatusMoreProcessingRequired     Status = 0xC0000016 // STATUS_MORE_PROCESSING_REQUIRED: more processing required
	StatusNoMemory                   Status = 0xC0000017 // STATUS_NO_MEMORY: not enough memory
	StatusAccessDenied               Status = 0xC0000022 // STATUS_ACCESS_DENIED: access denied
	StatusBufferTooSmall             Status = 0xC0000023 // STATUS_BUFFER_TOO_SMALL: buffer too small
	StatusObjectNameInvalid          Status = 0xC0000033 // STATUS_OBJECT_NAME_INVALID: invalid object name
	StatusObjectNameNotFound         Status = 0xC0000034 // STATUS_OBJECT_NAME_NOT_FOUND: object name not found
	StatusObjectNameCollision        Status = 0xC0000035 // STATUS_OBJECT_NAME_COLLISION: object name already exists
	StatusObjectPathNotFound         Status = 0xC000003A // STATUS_OBJECT_PATH_NOT_FOUND: object path not found
	StatusObjectPathSyntaxBad        Status = 0xC000003B // STATUS_OBJECT_PATH_SYNTAX_BAD: bad object path syntax
	StatusSharingViolation           Status = 0xC0000043 // STATUS_SHARING_VIOLATION: the file is in use by another process
	StatusDeletePending              Status = 0xC0000056 // STATUS_DELETE_PENDING: the file is being deleted
	StatusNoLogonServers             Status = 0xC000005E // STATUS_NO_LOGON_SERVERS: no logon server available
	StatusPrivilegeNotHeld           Status = 0xC0000061 // STATUS_PRIVILEGE_NOT_HELD: required privilege not held
	StatusNoSuchUser                 Status = 0xC0000064 // STATUS_NO_SUCH_USER: no such user
	StatusWrongPassword              Status = 0xC000006A // STATUS_WRONG_PASSWORD: wrong password
	StatusLogonFailure               Status = 0xC000006D // STATUS_LOGON_FAILURE: wrong user name or password
	StatusAccountRestriction         Status = 0xC000006E // STATUS_ACCOUNT_RESTRICTION: account restriction prevents logon
	StatusInvalidLogonHours          Status = 0xC000006F // STATUS_INVALID_LOGON_HOURS: logon not allowed at this hour
	StatusInvalidWorkstation         Status = 0xC0000070 // STATUS_INVALID_WORKSTATION: logon not allowed from this workstation
	StatusPasswordExpired            Status = 0xC0000071 // STATUS_PASSWORD_EXPIRED: password expired
	StatusAccountDisabled            Status = 0xC0000072 // STATUS_ACCOUNT_DISABLED: account disabled
	StatusInvalidSID                 Status = 0xC0000078 // STATUS_INVALID_SID: invalid SID
	StatusDiskFull                   Status = 0xC000007F // STATUS_DISK_FULL: disk full
	StatusInsufficientResources      Status = 0xC000009A // STATUS_INSUFFICIENT_RESOURCES: insufficient system resources
	StatusMediaWriteProtected        Status = 0xC00000A2 // STATUS_MEDIA_WRITE_PROTECTED: medium write protected
	StatusDeviceNotReady             Status = 0xC00000A3 // STATUS_DEVICE_NOT_READY: device not ready
	StatusPipeNotAvailable           Status = 0xC00000AC // STATUS_PIPE_NOT_AVAILABLE: no pipe instance available
	StatusInvalidPipeState           Status = 0xC00000AD // STATUS_INVALID_PIPE_STATE: invalid pipe state
	StatusPipeBusy                   Status = 0xC00000AE // STATUS_PIPE_BUSY: pipe busy
	StatusPipeDisconnected           Status = 0xC00000B0 // STATUS_PIPE_DISCONNECTED: pipe disconnected
	StatusPipeClosing                Status = 0xC00000B1 // STATUS_PIPE_CLOSING: pipe closing
	StatusInvalidReadMode            Status = 0xC00000B4 // STATUS_INVALID_READ_MODE: invalid pipe read mode
	StatusIOTimeout                  Status = 0xC00000B5 // STATUS_IO_TIMEOUT: input or output timed out
	StatusNotSupported               Status = 0xC00000BB // STATUS_NOT_SUPPORTED: not supported
	StatusBadNetworkPath             Status = 0xC00000BE // STATUS_BAD_NETWORK_PATH: network path not found
	StatusInvalidNetworkResponse     Status = 0xC00000C3 // STATUS_INVALID_NETWORK_RESPONSE: invalid network response
	StatusUnexpectedNetworkError     Status = 0xC00000C4 // STATUS_UNEXPECTED_NETWORK_ERROR: unexpected network error
	StatusNetworkNameDeleted         Status = 0xC00000C9 // STATUS_NETWORK_NAME_DELETED: network name deleted
	StatusBadNetworkName             Status = 0xC00000CC // STATUS_BAD_NETWORK_NAME: network name not found
	StatusRequestNotAccepted         Status = 0xC00000D0 // STATUS_REQUEST_NOT_ACCEPTED: the server accepts no more connections
	StatusPipeEmpty                  Status = 0xC00000D9 // STATUS_PIPE_EMPTY: pipe empty
	StatusInternalError              Status = 0xC00000E5 // STATUS_INTERNAL_ERROR: internal error
	StatusFileCorruptError           Status = 0xC0000102 // STATUS_FILE_CORRUPT_ERROR: file corrupt
	StatusTooManyOpenedFiles         Status = 0xC000011F // STATUS_TOO_MANY_OPENED_FILES: too many open files
	StatusCancelled                  Status = 0xC0000120 // STATUS_CANCELLED: request cancelled
	StatusFileClosed                 Status = 0xC0000128 // STATUS_FILE_CLOSED: the file is closed
	StatusTimeDifferenceAtDC         Status = 0xC0000133 // STATUS_TIME_DIFFERENCE_AT_DC: clocks of client and server too far apart
	StatusInvalidLevel               Status = 0xC0000148 // STATUS_INVALID_LEVEL: invalid information level
	StatusPipeBroken                 Status = 0xC000014B // STATUS_PIPE_BROKEN: pipe broken
	StatusLogonTypeNotGranted        Status = 0xC000015B // STATUS_LOGON_TYPE_NOT_GRANTED: logon type not granted
	StatusLogFileFull                Status = 0xC0000188 // STATUS_LOG_FILE_FULL: log file full
	StatusTrustedRelationshipFailure Status = 0xC000018D // STATUS_TRUSTED_RELATIONSHIP_FAILURE: trust relationship with the domain failed
	StatusEventlogFileCorrupt        Status = 0xC000018E // STATUS_EVENTLOG_FILE_CORRUPT: event log file corrupt
	StatusEventlogCantStart          Status = 0xC000018F // STATUS_EVENTLOG_CANT_START: event log could not be opened, event logging did not start
	StatusAccountExpired             Status = 0xC0000193 // STATUS_ACCOUNT_EXPIRED: account expired
	StatusEventlogFileChanged        Status = 0xC0000197 // STATUS_EVENTLOG_FILE_CHANGED: event log changed between reads
	StatusUserSessionDeleted         Status = 0xC0000203 // STATUS_USER_SESSION_DELETED: user session deleted
	StatusConnectionDisconnected     Status = 0xC000020C // STATUS_CONNECTION_DISCONNECTED: connection disconnected
	StatusConnectionReset            Status = 0xC000020D // STATUS_CONNECTION_RESET: connection reset
	StatusPasswordMustChange         Status = 0xC0000224 // STATUS_PASSWORD_MUST_CHANGE: password must be changed first
	StatusNotFound                   Status = 0xC0000225 // STATUS_NOT_FOUND: not found
	StatusAccountLockedOut           Status = 0xC0000234 // STATUS_ACCOUNT_LOCKED_OUT: account locked out
	StatusConnectionRefused          Status = 0xC0000236 // STATUS_CONNECTION_REFUSED: connection refused
	StatusNetworkUnreachable         Status = 0xC000023C // STATUS_NETWORK_UNREACHABLE: network unreachable
	StatusHostUnreachable            Status = 0xC000023D // STATUS_HOST_UNREACHABLE: host unreachable
	StatusConnectionAborted          Status = 0xC0000241 // STATUS_CONNECTION_ABORTED: connection aborted
	StatusNetworkSessionExpired      Status = 0xC000035C // STATUS_NETWORK_SESSION_EXPIRED: network session expired
	StatusRPCNoEndpointFound         Status = 0xC0020009 // RPC_NT_NO_ENDPOINT_FOUND: no RPC endpoint found
	StatusRPCUnknownIf               Status = 0xC0020012 // RPC_NT_UNKNOWN_IF: unknown RPC interface
	StatusRPCOutOfResources          Status = 0xC0020016 // RPC_NT_OUT_OF_RESOURCES: RPC server out of resources
	StatusRPCServerUnavailable       Status = 0xC0020017 // RPC_NT_SERVER_UNAVAILABLE: RPC server unavailable
	StatusRPCServerTooBusy           Status = 0xC0020018 // RPC_NT_SERVER_TOO_BUSY: RPC server too busy
	StatusRPCNoCallActive            Status = 0xC002001A // RPC_NT_NO_CALL_ACTIVE: no RPC call active
	StatusRPCCallFailed              Status = 0xC002001B // RPC_NT_CALL_FAILED: RPC call failed
	StatusRPCCallFailedDne           Status = 0xC002001C // RPC_NT_CALL_FAILED_DNE: RPC call failed and did not execute
	StatusRPCProtocolError           Status = 0xC002001D // RPC_NT_PROTOCOL_ERROR: RPC protocol error
	StatusRPCUnsupportedTransSyn     Status = 0xC002001F // RPC_NT_UNSUPPORTED_TRANS_SYN: RPC transfer syntax not supported
	StatusRPCUnsupportedType         Status = 0xC0020021 // RPC_NT_UNSUPPORTED_TYPE: RPC type not supported
	StatusRPCInvalidTag              Status = 0xC0020022 // RPC_NT_INVALID_TAG: invalid RPC tag
	StatusRPCInvalidBound            Status = 0xC0020023 // RPC_NT_INVALID_BOUND: invalid RPC array bounds
	StatusRPCStringTooLong           Status = 0xC002002C // RPC_NT_STRING_TOO_LONG: RPC string too long
	StatusRPCProcnumOutOfRange       Status = 0xC002002E // RPC_NT_PROCNUM_OUT_OF_RANGE: RPC operation number out of range
	StatusRPCUnknownAuthnService     Status = 0xC0020030 // RPC_NT_UNKNOWN_AUTHN_SERVICE: unknown RPC authentication service
	StatusRPCUnknownAuthnLevel       Status = 0xC0020031 // RPC_NT_UNKNOWN_AUTHN_LEVEL: unknown RPC authentication level
	StatusEptNotRegistered           Status = 0xC0020036 // EPT_NT_NOT_REGISTERED: the endpoint mapper has no such endpoint
	StatusRPCCannotSupport           Status = 0xC0020041 // RPC_NT_CANNOT_SUPPORT: RPC operation not supported
	StatusRPCInternalError           Status = 0xC0020043 // RPC_NT_INTERNAL_ERROR: RPC internal error
	StatusRPCCallCancelled           Status = 0xC0020050 // RPC_NT_CALL_CANCELLED: RPC call cancelled
	StatusRPCCommFailure             Status = 0xC0020052 // RPC_NT_COMM_FAILURE: RPC communication failure
	StatusRPCUnsupportedAuthnLevel   Status = 0xC0020053 // RPC_NT_UNSUPPORTED_AUTHN_LEVEL: RPC authentication level not supported
	StatusRPCSecPkgError             Status = 0xC0020057 // RPC_NT_SEC_PKG_ERROR: RPC security package error
	StatusRPCSSInNullContext         Status = 0xC0030004 // RPC_NT_SS_IN_NULL_CONTEXT: null RPC context handle
	StatusRPCSSContextMismatch       Status = 0xC0030005 // RPC_NT_SS_CONTEXT_MISMATCH: RPC context handle mismatch
	StatusRPCSSContextDamaged        Status = 0xC0030006 // RPC_NT_SS_CONTEXT_DAMAGED: RPC context handle damaged
	StatusRPCNullRefPointer          Status = 0xC0030009 // RPC_NT_NULL_REF_POINTER: null RPC reference pointer
	StatusRPCEnumValueOutOfRange     Status = 0xC003000A // RPC_NT_ENUM_VALUE_OUT_OF_RANGE: RPC enumeration value out of range
	StatusRPCByteCountTooSmall       Status = 0xC003000B // RPC_NT_BYTE_COUNT_TOO_SMALL: RPC byte count too small
	StatusRPCBadStubData             Status = 0xC003000C // RPC_NT_BAD_STUB_DATA: bad RPC stub data
)

// statusRow is what is known of one NTSTATUS.
type statusRow struct {
	value Status
	name  string     // the specification's identifier
	text  string     // plain, lower case
	win32 Win32Error // what RtlNtStatusToDosError answers
}

// statusTable is sorted by value; TestStatusTable holds it so.
var statusTable = [...]statusRow{
	{StatusSuccess, "STATUS_SUCCESS", "success", ErrorSuccess},
	{StatusTimeout, "STATUS_TIMEOUT", "the wait timed out", ErrorTimeout},
	{StatusPending, "STATUS_PENDING", "operation pending", ErrorIOPending},
	{StatusMoreEntries, "STATUS_MORE_ENTRIES", "more entries follow", ErrorMoreData},
	{StatusBufferOverflow, "STATUS_BUFFER_OVERFLOW", "the data did not fit in the buffer", ErrorMoreData},
	{StatusNoMoreEntries, "STATUS_NO_MORE_ENTRIES", "no more entries", ErrorNoMoreItems},
	{StatusUnsuccessful, "STATUS_UNSUCCESSFUL", "operation unsuccessful", ErrorGenFailure},
	{StatusNotImplemented, "STATUS_NOT_IMPLEMENTED", "not implemented", ErrorInvalidFunction},
	{StatusInfoLengthMismatch, "STATUS_INFO_LENGTH_MISMATCH", "information length mismatch", ErrorBadLength},
	{StatusInvalidHandle, "STATUS_INVALID_HANDLE", "invalid handle", ErrorInvalidHandle},
	{StatusInvalidParameter, "STATUS_INVALID_PARAMETER", "invalid parameter", ErrorInvalidParameter},
	{StatusNoSuchFile, "STATUS_NO_SUCH_FILE", "no such file", ErrorFileNotFound},
	{StatusInvalidDeviceRequest, "STATUS_INVALID_DEVICE_REQUEST", "invalid request for this device", ErrorInvalidFunction},
	{StatusEndOfFile, "STATUS_END_OF_FILE", "end of file", ErrorHandleEOF},
	{StatusMoreProcessingRequired, "STATUS_MORE_PROCESSING_REQUIRED", "more processing required", ErrorMoreData},
	{StatusNoMemory, "STATUS_NO_MEMORY", "not enough memory", ErrorNotEnoughMemory},
	{StatusAccessDenied, "STATUS_ACCESS_DENIED", "access denied", ErrorAccessDenied},
	{StatusBufferTooSmall, "STATUS_BUFFER_TOO_SMALL", "buffer too small", ErrorInsufficientBuffer},
	{StatusObjectNameInvalid, "STATUS_OBJECT_NAME_INVALID", "invalid object name", ErrorInvalidName},
	{StatusObjectNameNotFound, "STATUS_OBJECT_NAME_NOT_FOUND", "object name not found", ErrorFileNotFound},
	{StatusObjectNameCollision, "STATUS_OBJECT_NAME_COLLISION", "object name already exists", ErrorAlreadyExists},
	{StatusObjectPathNotFound, "STATUS_OBJECT_PATH_NOT_FOUND", "object path not found", ErrorPathNotFound},
	{StatusObjectPathSyntaxBad, "STATUS_OBJECT_PATH_SYNTAX_BAD", "bad object path syntax", ErrorBadPathname},
	{StatusSharingViolation, "STATUS_SHARING_VIOLATION", "the file is in use by another process", ErrorSharingViolation},
	{StatusDeletePending, "STATUS_DELETE_PENDING", "the file is being deleted", ErrorAccessDenied},
	{StatusNoLogonServers, "STATUS_NO_LOGON_SERVERS", "no logon server available", ErrorNoLogonServers},
	{StatusPrivilegeNotHeld, "STATUS_PRIVILEGE_NOT_HELD", "required privilege not held", ErrorPrivilegeNotHeld},
	{StatusNoSuchUser, "STATUS_NO_SUCH_USER", "no such user", ErrorNoSuchUser},
	{StatusWrongPassword, "STATUS_WRONG_PASSWORD", "wrong password", ErrorInvalidPassword},
	{StatusLogonFailure, "STATUS_LOGON_FAILURE", "wrong user name or password", ErrorLogonFailure},
	{StatusAccountRestriction, "STATUS_ACCOUNT_RESTRICTION", "account restriction prevents logon", ErrorAccountRestriction},
	{StatusInvalidLogonHours, "STATUS_INVALID_LOGON_HOURS", "logon not allowed at this hour", ErrorInvalidLogonHours},
	{StatusInvalidWorkstation, "STATUS_INVALID_WORKSTATION", "logon not allowed from this workstation", ErrorInvalidWorkstation},
	{StatusPasswordExpired, "STATUS_PASSWORD_EXPIRED", "password expired", ErrorPasswordExpired},
	{StatusAccountDisabled, "STATUS_ACCOUNT_DISABLED", "account disabled", ErrorAccountDisabled},
	{StatusInvalidSID, "STATUS_INVALID_SID", "invalid SID", ErrorInvalidSID},
	{StatusDiskFull, "STATUS_DISK_FULL", "disk full", ErrorDiskFull},
	{StatusInsufficientResources, "STATUS_INSUFFICIENT_RESOURCES", "insufficient system resources", ErrorNoSystemResources},
	{StatusMediaWriteProtected, "STATUS_MEDIA_WRITE_PROTECTED", "medium write protected", ErrorWriteProtect},
	{StatusDeviceNotReady, "STATUS_DEVICE_NOT_READY", "device not ready", ErrorNotReady},
	{StatusPipeNotAvailable, "STATUS_PIPE_NOT_AVAILABLE", "no pipe instance available", ErrorPipeBusy},
	{StatusInvalidPipeState, "STATUS_INVALID_PIPE_STATE", "invalid pipe state", ErrorBadPipe},
	{StatusPipeBusy, "STATUS_PIPE_BUSY", "pipe busy", ErrorPipeBusy},
	{StatusPipeDisconnected, "STATUS_PIPE_DISCONNECTED", "pipe disconnected", ErrorPipeNotConnected},
	{StatusPipeClosing, "STATUS_PIPE_CLOSING", "pipe closing", ErrorNoData},
	{StatusInvalidReadMode, "STATUS_INVALID_READ_MODE", "invalid pipe read mode", ErrorBadPipe},
	{StatusIOTimeout, "STATUS_IO_TIMEOUT", "input or output timed out", ErrorSemTimeout},
	{StatusNotSupported, "STATUS_NOT_SUPPORTED", "not supported", ErrorNotSupported},
	{StatusBadNetworkPath, "STATUS_BAD_NETWORK_PATH", "network path not found", ErrorBadNetpath},
	{StatusInvalidNetworkResponse, "STATUS_INVALID_NETWORK_RESPONSE", "invalid network response", ErrorBadNetResp},
	{StatusUnexpectedNetworkError, "STATUS_UNEXPECTED_NETWORK_ERROR", "unexpected network error", ErrorUnexpNetErr},
	{StatusNetworkNameDeleted, "STATUS_NETWORK_NAME_DELETED", "network name deleted", ErrorNetnameDeleted},
	{StatusBadNetworkName, "STATUS_BAD_NETWORK_NAME", "network name not found", ErrorBadNetName},
	{StatusRequestNotAccepted, "STATUS_REQUEST_NOT_ACCEPTED", "the server accepts no more connections", ErrorReqNotAccep},
	{StatusPipeEmpty, "STATUS_PIPE_EMPTY", "pipe empty", ErrorNoData},
	{StatusInternalError, "STATUS_INTERNAL_ERROR", "internal error", ErrorInternalError},
	{StatusFileCorruptError, "STATUS_FILE_CORRUPT_ERROR", "file corrupt", ErrorFileCorrupt},
	{StatusTooManyOpenedFiles, "STATUS_TOO_MANY_OPENED_FILES", "too many open files", ErrorTooManyOpenFiles},
	{StatusCancelled, "STATUS_CANCELLED", "request cancelled", ErrorOperationAborted},
	{StatusFileClosed, "STATUS_FILE_CLOSED", "the file is closed", ErrorInvalidHandle},
	{StatusTimeDifferenceAtDC, "STATUS_TIME_DIFFERENCE_AT_DC", "clocks of client and server too far apart", ErrorTimeSkew},
	{StatusInvalidLevel, "STATUS_INVALID_LEVEL", "invalid information level", ErrorInvalidLevel},
	{StatusPipeBroken, "STATUS_PIPE_BROKEN", "pipe broken", ErrorBrokenPipe},
	{StatusLogonTypeNotGranted, "STATUS_LOGON_TYPE_NOT_GRANTED", "logon type not granted", ErrorLogonTypeNotGranted},
	{StatusLogFileFull, "STATUS_LOG_FILE_FULL", "log file full", ErrorLogFileFull},
	{StatusTrustedRelationshipFailure, "STATUS_TRUSTED_RELATIONSHIP_FAILURE", "trust relationship with the domain failed", ErrorTrustedRelationshipFailure},
	{StatusEventlogFileCorrupt, "STATUS_EVENTLOG_FILE_CORRUPT", "event log file corrupt", ErrorEventlogFileCorrupt},
	{StatusEventlogCantStart, "STATUS_EVENTLOG_CANT_START", "event log could not be opened, event logging did not start", ErrorEventlogCantStart},
	{StatusAccountExpired, "STATUS_ACCOUNT_EXPIRED", "account expired", ErrorAccountExpired},
	{StatusEventlogFileChanged, "STATUS_EVENTLOG_FILE_CHANGED", "event log changed between reads", ErrorEventlogFileChanged},
	{StatusUserSessionDeleted, "STATUS_USER_SESSION_DELETED", "user session deleted", ErrorUnexpNetErr},
	{StatusConnectionDisconnected, "STATUS_CONNECTION_DISCONNECTED", "connection disconnected", ErrorNetnameDeleted},
	{StatusConnectionReset, "STATUS_CONNECTION_RESET", "connection reset", ErrorNetnameDeleted},
	{StatusPasswordMustChange, "STATUS_PASSWORD_MUST_CHANGE", "password must be changed first", ErrorPasswordMustChange},
	{StatusNotFound, "STATUS_NOT_FOUND", "not found", ErrorNotFound},
	{StatusAccountLockedOut, "STATUS_ACCOUNT_LOCKED_OUT", "account locked out", ErrorAccountLockedOut},
	{StatusConnectionRefused, "STATUS_CONNECTION_REFUSED", "connection refused", ErrorConnectionRefused},
	{StatusNetworkUnreachable, "STATUS_NETWORK_UNREACHABLE", "network unreachable", ErrorNetworkUnreachable},
	{StatusHostUnreachable, "STATUS_HOST_UNREACHABLE", "host unreachable", ErrorHostUnreachable},
	{StatusConnectionAborted, "STATUS_CONNECTION_ABORTED", "connection aborted", ErrorConnectionAborted},
	{StatusNetworkSessionExpired, "STATUS_NETWORK_SESSION_EXPIRED", "network session expired", ErrorNoUserSessionKey},
	{StatusRPCNoEndpointFound, "RPC_NT_NO_ENDPOINT_FOUND", "no RPC endpoint found", ErrorRPCNoEndpointFound},
	{StatusRPCUnknownIf, "RPC_NT_UNKNOWN_IF", "unknown RPC interface", ErrorRPCUnknownIf},
	{StatusRPCOutOfResources, "RPC_NT_OUT_OF_RESOURCES", "RPC server out of resources", ErrorRPCOutOfResources},
	{StatusRPCServerUnavailable, "RPC_NT_SERVER_UNAVAILABLE", "RPC server unavailable", ErrorRPCServerUnavailable},
	{StatusRPCServerTooBusy, "RPC_NT_SERVER_TOO_BUSY", "RPC server too busy", ErrorRPCServerTooBusy},
	{StatusRPCNoCallActive, "RPC_NT_NO_CALL_ACTIVE", "no RPC call active", ErrorRPCNoCallActive},
	{StatusRPCCallFailed, "RPC_NT_CALL_FAILED", "RPC call failed", ErrorRPCCallFailed},
	{StatusRPCCallFailedDne, "RPC_NT_CALL_FAILED_DNE", "RPC call failed and did not execute", ErrorRPCCallFailedDne},
	{StatusRPCProtocolError, "RPC_NT_PROTOCOL_ERROR", "RPC protocol error", ErrorRPCProtocolError},
	{StatusRPCUnsupportedTransSyn, "RPC_NT_UNSUPPORTED_TRANS_SYN", "RPC transfer syntax not supported", ErrorRPCUnsupportedTransSyn},
	{StatusRPCUnsupportedType, "RPC_NT_UNSUPPORTED_TYPE", "RPC type not supported", ErrorRPCUnsupportedType},
	{StatusRPCInvalidTag, "RPC_NT_INVALID_TAG", "invalid RPC tag", ErrorRPCInvalidTag},
	{StatusRPCInvalidBound, "RPC_NT_INVALID_BOUND", "invalid RPC array bounds", ErrorRPCInvalidBound},
	{StatusRPCStringTooLong, "RPC_NT_STRING_TOO_LONG", "RPC string too long", ErrorRPCStringTooLong},
	{StatusRPCProcnumOutOfRange, "RPC_NT_PROCNUM_OUT_OF_RANGE", "RPC operation number out of range", ErrorRPCProcnumOutOfRange},
	{StatusRPCUnknownAuthnService, "RPC_NT_UNKNOWN_AUTHN_SERVICE", "unknown RPC authentication service", ErrorRPCUnknownAuthnService},
	{StatusRPCUnknownAuthnLevel, "RPC_NT_UNKNOWN_AUTHN_LEVEL", "unknown RPC authentication level", ErrorRPCUnknownAuthnLevel},
	{StatusEptNotRegistered, "EPT_NT_NOT_REGISTERED", "the endpoint mapper has no such endpoint", ErrorEptNotRegistered},
	{StatusRPCCannotSupport, "RPC_NT_CANNOT_SUPPORT", "RPC operation not supported", ErrorRPCCannotSupport},
	{StatusRPCInternalError, "RPC_NT_INTERNAL_ERROR", "RPC internal error", ErrorRPCInternalError},
	{StatusRPCCallCancelled, "RPC_NT_CALL_CANCELLED", "RPC call cancelled", ErrorRPCCallCancelled},
	{StatusRPCCommFailure, "RPC_NT_COMM_FAILURE", "RPC communication failure", ErrorRPCCommFailure},
	{StatusRPCUnsupportedAuthnLevel, "RPC_NT_UNSUPPORTED_AUTHN_LEVEL", "RPC authentication level not supported", ErrorRPCUnsupportedAuthnLevel},
	{StatusRPCSecPkgError, "RPC_NT_SEC_PKG_ERROR", "RPC security package error", ErrorRPCSecPkgError},
	{StatusRPCSSInNullContext, "RPC_NT_SS_IN_NULL_CONTEXT", "null RPC context handle", ErrorInvalidHandle},
	{StatusRPCSSContextMismatch, "RPC_NT_SS_CONTEXT_MISMATCH", "RPC context handle mismatch", ErrorInvalidHandle},
	{StatusRPCSSContextDamaged, "RPC_NT_SS_CONTEXT_DAMAGED", "RPC context handle damaged", ErrorRPCSSContextDamaged},
	{StatusRPCNullRefPointer, "RPC_NT_NULL_REF_POINTER", "null RPC reference pointer", ErrorRPCNullRefPointer},
	{StatusRPCEnumValueOutOfRange, "RPC_NT_ENUM_VALUE_OUT_OF_RANGE", "RPC enumeration value out of range", ErrorRPCEnumValueOutOfRange},
	{StatusRPCByteCountTooSmall, "RPC_NT_BYTE_COUNT_TOO_SMALL", "RPC byte count too small", ErrorRPCByteCountTooSmall},
	{StatusRPCBadStubData, "RPC_NT_BAD_STUB_DATA", "bad RPC stub data", ErrorRPCBadStubData},
}
