package nt

// The Win32 error codes that a reader, a client or a server of the event log
// meets, in ascending order (MS-ERREF section 2.2). The comment of each is the
// specification's identifier and what it says.
const (
	ErrorSuccess                      Win32Error = 0     // ERROR_SUCCESS: success
	ErrorInvalidFunction              Win32Error = 1     // ERROR_INVALID_FUNCTION: invalid function
	ErrorFileNotFound                 Win32Error = 2     // ERROR_FILE_NOT_FOUND: file not found
	ErrorPathNotFound                 Win32Error = 3     // ERROR_PATH_NOT_FOUND: path not found
	ErrorTooManyOpenFiles             Win32Error = 4     // ERROR_TOO_MANY_OPEN_FILES: too many open files
	ErrorAccessDenied                 Win32Error = 5     // ERROR_ACCESS_DENIED: access denied
	ErrorInvalidHandle                Win32Error = 6     // ERROR_INVALID_HANDLE: invalid handle
	ErrorNotEnoughMemory              Win32Error = 8     // ERROR_NOT_ENOUGH_MEMORY: not enough memory
	ErrorBadFormat                    Win32Error = 11    // ERROR_BAD_FORMAT: bad format
	ErrorInvalidData                  Win32Error = 13    // ERROR_INVALID_DATA: invalid data
	ErrorOutOfMemory                  Win32Error = 14    // ERROR_OUTOFMEMORY: out of memory
	ErrorWriteProtect                 Win32Error = 19    // ERROR_WRITE_PROTECT: medium write protected
	ErrorNotReady                     Win32Error = 21    // ERROR_NOT_READY: device not ready
	ErrorCrc                          Win32Error = 23    // ERROR_CRC: data error, checksum wrong
	ErrorBadLength                    Win32Error = 24    // ERROR_BAD_LENGTH: bad length
	ErrorGenFailure                   Win32Error = 31    // ERROR_GEN_FAILURE: general failure
	ErrorSharingViolation             Win32Error = 32    // ERROR_SHARING_VIOLATION: the file is in use by another process
	ErrorLockViolation                Win32Error = 33    // ERROR_LOCK_VIOLATION: part of the file is locked by another process
	ErrorHandleEOF                    Win32Error = 38    // ERROR_HANDLE_EOF: end of file
	ErrorHandleDiskFull               Win32Error = 39    // ERROR_HANDLE_DISK_FULL: disk full
	ErrorNotSupported                 Win32Error = 50    // ERROR_NOT_SUPPORTED: not supported
	ErrorBadNetpath                   Win32Error = 53    // ERROR_BAD_NETPATH: network path not found
	ErrorBadNetResp                   Win32Error = 58    // ERROR_BAD_NET_RESP: bad network response
	ErrorUnexpNetErr                  Win32Error = 59    // ERROR_UNEXP_NET_ERR: unexpected network error
	ErrorNetnameDeleted               Win32Error = 64    // ERROR_NETNAME_DELETED: network name deleted
	ErrorBadNetName                   Win32Error = 67    // ERROR_BAD_NET_NAME: network name not found
	ErrorReqNotAccep                  Win32Error = 71    // ERROR_REQ_NOT_ACCEP: the server accepts no more connections
	ErrorFileExists                   Win32Error = 80    // ERROR_FILE_EXISTS: file exists
	ErrorInvalidPassword              Win32Error = 86    // ERROR_INVALID_PASSWORD: wrong network password
	ErrorInvalidParameter             Win32Error = 87    // ERROR_INVALID_PARAMETER: invalid parameter
	ErrorBrokenPipe                   Win32Error = 109   // ERROR_BROKEN_PIPE: pipe broken
	ErrorDiskFull                     Win32Error = 112   // ERROR_DISK_FULL: not enough space on the disk
	ErrorCallNotImplemented           Win32Error = 120   // ERROR_CALL_NOT_IMPLEMENTED: call not implemented
	ErrorSemTimeout                   Win32Error = 121   // ERROR_SEM_TIMEOUT: the wait for the peer timed out
	ErrorInsufficientBuffer           Win32Error = 122   // ERROR_INSUFFICIENT_BUFFER: buffer too small
	ErrorInvalidName                  Win32Error = 123   // ERROR_INVALID_NAME: invalid name
	ErrorInvalidLevel                 Win32Error = 124   // ERROR_INVALID_LEVEL: invalid information level
	ErrorBadPathname                  Win32Error = 161   // ERROR_BAD_PATHNAME: bad path name
	ErrorAlreadyExists                Win32Error = 183   // ERROR_ALREADY_EXISTS: already exists
	ErrorBadPipe                      Win32Error = 230   // ERROR_BAD_PIPE: invalid pipe state
	ErrorPipeBusy                     Win32Error = 231   // ERROR_PIPE_BUSY: all pipe instances busy
	ErrorNoData                       Win32Error = 232   // ERROR_NO_DATA: pipe closing
	ErrorPipeNotConnected             Win32Error = 233   // ERROR_PIPE_NOT_CONNECTED: no process at the other end of the pipe
	ErrorMoreData                     Win32Error = 234   // ERROR_MORE_DATA: more data available
	ErrorNoMoreItems                  Win32Error = 259   // ERROR_NO_MORE_ITEMS: no more items
	ErrorMrMidNotFound                Win32Error = 317   // ERROR_MR_MID_NOT_FOUND: message text not found
	ErrorOperationAborted             Win32Error = 995   // ERROR_OPERATION_ABORTED: operation aborted
	ErrorIOPending                    Win32Error = 997   // ERROR_IO_PENDING: operation pending
	ErrorNotFound                     Win32Error = 1168  // ERROR_NOT_FOUND: not found
	ErrorCancelled                    Win32Error = 1223  // ERROR_CANCELLED: cancelled by the user
	ErrorConnectionRefused            Win32Error = 1225  // ERROR_CONNECTION_REFUSED: connection refused
	ErrorNetworkUnreachable           Win32Error = 1231  // ERROR_NETWORK_UNREACHABLE: network unreachable
	ErrorHostUnreachable              Win32Error = 1232  // ERROR_HOST_UNREACHABLE: host unreachable
	ErrorConnectionAborted            Win32Error = 1236  // ERROR_CONNECTION_ABORTED: connection aborted
	ErrorNoLogonServers               Win32Error = 1311  // ERROR_NO_LOGON_SERVERS: no logon server available
	ErrorPrivilegeNotHeld             Win32Error = 1314  // ERROR_PRIVILEGE_NOT_HELD: required privilege not held
	ErrorNoSuchUser                   Win32Error = 1317  // ERROR_NO_SUCH_USER: no such user
	ErrorLogonFailure                 Win32Error = 1326  // ERROR_LOGON_FAILURE: wrong user name or password
	ErrorAccountRestriction           Win32Error = 1327  // ERROR_ACCOUNT_RESTRICTION: account restriction prevents logon
	ErrorInvalidLogonHours            Win32Error = 1328  // ERROR_INVALID_LOGON_HOURS: logon not allowed at this hour
	ErrorInvalidWorkstation           Win32Error = 1329  // ERROR_INVALID_WORKSTATION: logon not allowed from this workstation
	ErrorPasswordExpired              Win32Error = 1330  // ERROR_PASSWORD_EXPIRED: password expired
	ErrorAccountDisabled              Win32Error = 1331  // ERROR_ACCOUNT_DISABLED: account disabled
	ErrorInvalidSID                   Win32Error = 1337  // ERROR_INVALID_SID: invalid SID
	ErrorInternalError                Win32Error = 1359  // ERROR_INTERNAL_ERROR: internal error
	ErrorLogonTypeNotGranted          Win32Error = 1385  // ERROR_LOGON_TYPE_NOT_GRANTED: logon type not granted
	ErrorFileCorrupt                  Win32Error = 1392  // ERROR_FILE_CORRUPT: file corrupt
	ErrorNoUserSessionKey             Win32Error = 1394  // ERROR_NO_USER_SESSION_KEY: no user session key
	ErrorTimeSkew                     Win32Error = 1398  // ERROR_TIME_SKEW: clocks of client and server too far apart
	ErrorNoSystemResources            Win32Error = 1450  // ERROR_NO_SYSTEM_RESOURCES: insufficient system resources
	ErrorTimeout                      Win32Error = 1460  // ERROR_TIMEOUT: timed out
	ErrorEventlogFileCorrupt          Win32Error = 1500  // ERROR_EVENTLOG_FILE_CORRUPT: event log file corrupt
	ErrorEventlogCantStart            Win32Error = 1501  // ERROR_EVENTLOG_CANT_START: event log could not be opened, event logging did not start
	ErrorLogFileFull                  Win32Error = 1502  // ERROR_LOG_FILE_FULL: log file full
	ErrorEventlogFileChanged          Win32Error = 1503  // ERROR_EVENTLOG_FILE_CHANGED: event log changed between reads
	ErrorRPCNoEndpointFound           Win32Error = 1708  // RPC_S_NO_ENDPOINT_FOUND: no RPC endpoint found
	ErrorRPCUnknownIf                 Win32Error = 1717  // RPC_S_UNKNOWN_IF: unknown RPC interface
	ErrorRPCOutOfResources            Win32Error = 1721  // RPC_S_OUT_OF_RESOURCES: RPC server out of resources
	ErrorRPCServerUnavailable         Win32Error = 1722  // RPC_S_SERVER_UNAVAILABLE: RPC server unavailable
	ErrorRPCServerTooBusy             Win32Error = 1723  // RPC_S_SERVER_TOO_BUSY: RPC server too busy
	ErrorRPCNoCallActive              Win32Error = 1725  // RPC_S_NO_CALL_ACTIVE: no RPC call active
	ErrorRPCCallFailed                Win32Error = 1726  // RPC_S_CALL_FAILED: RPC call failed
	ErrorRPCCallFailedDne             Win32Error = 1727  // RPC_S_CALL_FAILED_DNE: RPC call failed and did not execute
	ErrorRPCProtocolError             Win32Error = 1728  // RPC_S_PROTOCOL_ERROR: RPC protocol error
	ErrorRPCUnsupportedTransSyn       Win32Error = 1730  // RPC_S_UNSUPPORTED_TRANS_SYN: RPC transfer syntax not supported
	ErrorRPCUnsupportedType           Win32Error = 1732  // RPC_S_UNSUPPORTED_TYPE: RPC type not supported
	ErrorRPCInvalidTag                Win32Error = 1733  // RPC_S_INVALID_TAG: invalid RPC tag
	ErrorRPCInvalidBound              Win32Error = 1734  // RPC_S_INVALID_BOUND: invalid RPC array bounds
	ErrorRPCStringTooLong             Win32Error = 1743  // RPC_S_STRING_TOO_LONG: RPC string too long
	ErrorRPCProcnumOutOfRange         Win32Error = 1745  // RPC_S_PROCNUM_OUT_OF_RANGE: RPC operation number out of range
	ErrorRPCUnknownAuthnService       Win32Error = 1747  // RPC_S_UNKNOWN_AUTHN_SERVICE: unknown RPC authentication service
	ErrorRPCUnknownAuthnLevel         Win32Error = 1748  // RPC_S_UNKNOWN_AUTHN_LEVEL: unknown RPC authentication level
	ErrorEptNotRegistered             Win32Error = 1753  // EPT_S_NOT_REGISTERED: the endpoint mapper has no such endpoint
	ErrorRPCCannotSupport             Win32Error = 1764  // RPC_S_CANNOT_SUPPORT: RPC operation not supported
	ErrorRPCInternalError             Win32Error = 1766  // RPC_S_INTERNAL_ERROR: RPC internal error
	ErrorRPCSSInNullContext           Win32Error = 1775  // RPC_X_SS_IN_NULL_CONTEXT: null RPC context handle
	ErrorRPCSSContextDamaged          Win32Error = 1777  // RPC_X_SS_CONTEXT_DAMAGED: RPC context handle damaged
	ErrorRPCNullRefPointer            Win32Error = 1780  // RPC_X_NULL_REF_POINTER: null RPC reference pointer
	ErrorRPCEnumValueOutOfRange       Win32Error = 1781  // RPC_X_ENUM_VALUE_OUT_OF_RANGE: RPC enumeration value out of range
	ErrorRPCByteCountTooSmall         Win32Error = 1782  // RPC_X_BYTE_COUNT_TOO_SMALL: RPC byte count too small
	ErrorRPCBadStubData               Win32Error = 1783  // RPC_X_BAD_STUB_DATA: bad RPC stub data
	ErrorTrustedRelationshipFailure   Win32Error = 1789  // ERROR_TRUSTED_RELATIONSHIP_FAILURE: trust relationship with the domain failed
	ErrorAccountExpired               Win32Error = 1793  // ERROR_ACCOUNT_EXPIRED: account expired
	ErrorRPCCallCancelled             Win32Error = 1818  // RPC_S_CALL_CANCELLED: RPC call cancelled
	ErrorRPCCommFailure               Win32Error = 1820  // RPC_S_COMM_FAILURE: RPC communication failure
	ErrorRPCUnsupportedAuthnLevel     Win32Error = 1821  // RPC_S_UNSUPPORTED_AUTHN_LEVEL: RPC authentication level not supported
	ErrorRPCSecPkgError               Win32Error = 1825  // RPC_S_SEC_PKG_ERROR: RPC security package error
	ErrorPasswordMustChange           Win32Error = 1907  // ERROR_PASSWORD_MUST_CHANGE: password must be changed first
	ErrorAccountLockedOut             Win32Error = 1909  // ERROR_ACCOUNT_LOCKED_OUT: account locked out
	ErrorEvtInvalidChannelPath        Win32Error = 15000 // ERROR_EVT_INVALID_CHANNEL_PATH: invalid channel path
	ErrorEvtInvalidQuery              Win32Error = 15001 // ERROR_EVT_INVALID_QUERY: invalid event query
	ErrorEvtPublisherMetadataNotFound Win32Error = 15002 // ERROR_EVT_PUBLISHER_METADATA_NOT_FOUND: publisher metadata not found
	ErrorEvtChannelNotFound           Win32Error = 15007 // ERROR_EVT_CHANNEL_NOT_FOUND: channel not found
	ErrorEvtMessageNotFound           Win32Error = 15027 // ERROR_EVT_MESSAGE_NOT_FOUND: event message not found
)

// win32Row is what is known of one Win32 error code.
type win32Row struct {
	value Win32Error
	name  string // the specification's identifier
	text  string // plain, lower case
}

// win32Table is sorted by value; TestWin32Table holds it so.
var win32Table = [...]win32Row{
	{ErrorSuccess, "ERROR_SUCCESS", "success"},
	{ErrorInvalidFunction, "ERROR_INVALID_FUNCTION", "invalid function"},
	{ErrorFileNotFound, "ERROR_FILE_NOT_FOUND", "file not found"},
	{ErrorPathNotFound, "ERROR_PATH_NOT_FOUND", "path not found"},
	{ErrorTooManyOpenFiles, "ERROR_TOO_MANY_OPEN_FILES", "too many open files"},
	{ErrorAccessDenied, "ERROR_ACCESS_DENIED", "access denied"},
	{ErrorInvalidHandle, "ERROR_INVALID_HANDLE", "invalid handle"},
	{ErrorNotEnoughMemory, "ERROR_NOT_ENOUGH_MEMORY", "not enough memory"},
	{ErrorBadFormat, "ERROR_BAD_FORMAT", "bad format"},
	{ErrorInvalidData, "ERROR_INVALID_DATA", "invalid data"},
	{ErrorOutOfMemory, "ERROR_OUTOFMEMORY", "out of memory"},
	{ErrorWriteProtect, "ERROR_WRITE_PROTECT", "medium write protected"},
	{ErrorNotReady, "ERROR_NOT_READY", "device not ready"},
	{ErrorCrc, "ERROR_CRC", "data error, checksum wrong"},
	{ErrorBadLength, "ERROR_BAD_LENGTH", "bad length"},
	{ErrorGenFailure, "ERROR_GEN_FAILURE", "general failure"},
	{ErrorSharingViolation, "ERROR_SHARING_VIOLATION", "the file is in use by another process"},
	{ErrorLockViolation, "ERROR_LOCK_VIOLATION", "part of the file is locked by another process"},
	{ErrorHandleEOF, "ERROR_HANDLE_EOF", "end of file"},
	{ErrorHandleDiskFull, "ERROR_HANDLE_DISK_FULL", "disk full"},
	{ErrorNotSupported, "ERROR_NOT_SUPPORTED", "not supported"},
	{ErrorBadNetpath, "ERROR_BAD_NETPATH", "network path not found"},
	{ErrorBadNetResp, "ERROR_BAD_NET_RESP", "bad network response"},
	{ErrorUnexpNetErr, "ERROR_UNEXP_NET_ERR", "unexpected network error"},
	{ErrorNetnameDeleted, "ERROR_NETNAME_DELETED", "network name deleted"},
	{ErrorBadNetName, "ERROR_BAD_NET_NAME", "network name not found"},
	{ErrorReqNotAccep, "ERROR_REQ_NOT_ACCEP", "the server accepts no more connections"},
	{ErrorFileExists, "ERROR_FILE_EXISTS", "file exists"},
	{ErrorInvalidPassword, "ERROR_INVALID_PASSWORD", "wrong network password"},
	{ErrorInvalidParameter, "ERROR_INVALID_PARAMETER", "invalid parameter"},
	{ErrorBrokenPipe, "ERROR_BROKEN_PIPE", "pipe broken"},
	{ErrorDiskFull, "ERROR_DISK_FULL", "not enough space on the disk"},
	{ErrorCallNotImplemented, "ERROR_CALL_NOT_IMPLEMENTED", "call not implemented"},
	{ErrorSemTimeout, "ERROR_SEM_TIMEOUT", "the wait for the peer timed out"},
	{ErrorInsufficientBuffer, "ERROR_INSUFFICIENT_BUFFER", "buffer too small"},
	{ErrorInvalidName, "ERROR_INVALID_NAME", "invalid name"},
	{ErrorInvalidLevel, "ERROR_INVALID_LEVEL", "invalid information level"},
	{ErrorBadPathname, "ERROR_BAD_PATHNAME", "bad path name"},
	{ErrorAlreadyExists, "ERROR_ALREADY_EXISTS", "already exists"},
	{ErrorBadPipe, "ERROR_BAD_PIPE", "invalid pipe state"},
	{ErrorPipeBusy, "ERROR_PIPE_BUSY", "all pipe instances busy"},
	{ErrorNoData, "ERROR_NO_DATA", "pipe closing"},
	{ErrorPipeNotConnected, "ERROR_PIPE_NOT_CONNECTED", "no process at the other end of the pipe"},
	{ErrorMoreData, "ERROR_MORE_DATA", "more data available"},
	{ErrorNoMoreItems, "ERROR_NO_MORE_ITEMS", "no more items"},
	{ErrorMrMidNotFound, "ERROR_MR_MID_NOT_FOUND", "message text not found"},
	{ErrorOperationAborted, "ERROR_OPERATION_ABORTED", "operation aborted"},
	{ErrorIOPending, "ERROR_IO_PENDING", "operation pending"},
	{ErrorNotFound, "ERROR_NOT_FOUND", "not found"},
	{ErrorCancelled, "ERROR_CANCELLED", "cancelled by the user"},
	{ErrorConnectionRefused, "ERROR_CONNECTION_REFUSED", "connection refused"},
	{ErrorNetworkUnreachable, "ERROR_NETWORK_UNREACHABLE", "network unreachable"},
	{ErrorHostUnreachable, "ERROR_HOST_UNREACHABLE", "host unreachable"},
	{ErrorConnectionAborted, "ERROR_CONNECTION_ABORTED", "connection aborted"},
	{ErrorNoLogonServers, "ERROR_NO_LOGON_SERVERS", "no logon server available"},
	{ErrorPrivilegeNotHeld, "ERROR_PRIVILEGE_NOT_HELD", "required privilege not held"},
	{ErrorNoSuchUser, "ERROR_NO_SUCH_USER", "no such user"},
	{ErrorLogonFailure, "ERROR_LOGON_FAILURE", "wrong user name or password"},
	{ErrorAccountRestriction, "ERROR_ACCOUNT_RESTRICTION", "account restriction prevents logon"},
	{ErrorInvalidLogonHours, "ERROR_INVALID_LOGON_HOURS", "logon not allowed at this hour"},
	{ErrorInvalidWorkstation, "ERROR_INVALID_WORKSTATION", "logon not allowed from this workstation"},
	{ErrorPasswordExpired, "ERROR_PASSWORD_EXPIRED", "password expired"},
	{ErrorAccountDisabled, "ERROR_ACCOUNT_DISABLED", "account disabled"},
	{ErrorInvalidSID, "ERROR_INVALID_SID", "invalid SID"},
	{ErrorInternalError, "ERROR_INTERNAL_ERROR", "internal error"},
	{ErrorLogonTypeNotGranted, "ERROR_LOGON_TYPE_NOT_GRANTED", "logon type not granted"},
	{ErrorFileCorrupt, "ERROR_FILE_CORRUPT", "file corrupt"},
	{ErrorNoUserSessionKey, "ERROR_NO_USER_SESSION_KEY", "no user session key"},
	{ErrorTimeSkew, "ERROR_TIME_SKEW", "clocks of client and server too far apart"},
	{ErrorNoSystemResources, "ERROR_NO_SYSTEM_RESOURCES", "insufficient system resources"},
	{ErrorTimeout, "ERROR_TIMEOUT", "timed out"},
	{ErrorEventlogFileCorrupt, "ERROR_EVENTLOG_FILE_CORRUPT", "event log file corrupt"},
	{ErrorEventlogCantStart, "ERROR_EVENTLOG_CANT_START", "event log could not be opened, event logging did not start"},
	{ErrorLogFileFull, "ERROR_LOG_FILE_FULL", "log file full"},
	{ErrorEventlogFileChanged, "ERROR_EVENTLOG_FILE_CHANGED", "event log changed between reads"},
	{ErrorRPCNoEndpointFound, "RPC_S_NO_ENDPOINT_FOUND", "no RPC endpoint found"},
	{ErrorRPCUnknownIf, "RPC_S_UNKNOWN_IF", "unknown RPC interface"},
	{ErrorRPCOutOfResources, "RPC_S_OUT_OF_RESOURCES", "RPC server out of resources"},
	{ErrorRPCServerUnavailable, "RPC_S_SERVER_UNAVAILABLE", "RPC server unavailable"},
	{ErrorRPCServerTooBusy, "RPC_S_SERVER_TOO_BUSY", "RPC server too busy"},
	{ErrorRPCNoCallActive, "RPC_S_NO_CALL_ACTIVE", "no RPC call active"},
	{ErrorRPCCallFailed, "RPC_S_CALL_FAILED", "RPC call failed"},
	{ErrorRPCCallFailedDne, "RPC_S_CALL_FAILED_DNE", "RPC call failed and did not execute"},
	{ErrorRPCProtocolError, "RPC_S_PROTOCOL_ERROR", "RPC protocol error"},
	{ErrorRPCUnsupportedTransSyn, "RPC_S_UNSUPPORTED_TRANS_SYN", "RPC transfer syntax not supported"},
	{ErrorRPCUnsupportedType, "RPC_S_UNSUPPORTED_TYPE", "RPC type not supported"},
	{ErrorRPCInvalidTag, "RPC_S_INVALID_TAG", "invalid RPC tag"},
	{ErrorRPCInvalidBound, "RPC_S_INVALID_BOUND", "invalid RPC array bounds"},
	{ErrorRPCStringTooLong, "RPC_S_STRING_TOO_LONG", "RPC string too long"},
	{ErrorRPCProcnumOutOfRange, "RPC_S_PROCNUM_OUT_OF_RANGE", "RPC operation number out of range"},
	{ErrorRPCUnknownAuthnService, "RPC_S_UNKNOWN_AUTHN_SERVICE", "unknown RPC authentication service"},
	{ErrorRPCUnknownAuthnLevel, "RPC_S_UNKNOWN_AUTHN_LEVEL", "unknown RPC authentication level"},
	{ErrorEptNotRegistered, "EPT_S_NOT_REGISTERED", "the endpoint mapper has no such endpoint"},
	{ErrorRPCCannotSupport, "RPC_S_CANNOT_SUPPORT", "RPC operation not supported"},
	{ErrorRPCInternalError, "RPC_S_INTERNAL_ERROR", "RPC internal error"},
	{ErrorRPCSSInNullContext, "RPC_X_SS_IN_NULL_CONTEXT", "null RPC context handle"},
	{ErrorRPCSSContextDamaged, "RPC_X_SS_CONTEXT_DAMAGED", "RPC context handle damaged"},
	{ErrorRPCNullRefPointer, "RPC_X_NULL_REF_POINTER", "null RPC reference pointer"},
	{ErrorRPCEnumValueOutOfRange, "RPC_X_ENUM_VALUE_OUT_OF_RANGE", "RPC enumeration value out of range"},
	{ErrorRPCByteCountTooSmall, "RPC_X_BYTE_COUNT_TOO_SMALL", "RPC byte count too small"},
	{ErrorRPCBadStubData, "RPC_X_BAD_STUB_DATA", "bad RPC stub data"},
	{ErrorTrustedRelationshipFailure, "ERROR_TRUSTED_RELATIONSHIP_FAILURE", "trust relationship with the domain failed"},
	{ErrorAccountExpired, "ERROR_ACCOUNT_EXPIRED", "account expired"},
	{ErrorRPCCallCancelled, "RPC_S_CALL_CANCELLED", "RPC call cancelled"},
	{ErrorRPCCommFailure, "RPC_S_COMM_FAILURE", "RPC communication failure"},
	{ErrorRPCUnsupportedAuthnLevel, "RPC_S_UNSUPPORTED_AUTHN_LEVEL", "RPC authentication level not supported"},
	{ErrorRPCSecPkgError, "RPC_S_SEC_PKG_ERROR", "RPC security package error"},
	{ErrorPasswordMustChange, "ERROR_PASSWORD_MUST_CHANGE", "password must be changed first"},
	{ErrorAccountLockedOut, "ERROR_ACCOUNT_LOCKED_OUT", "account locked out"},
	{ErrorEvtInvalidChannelPath, "ERROR_EVT_INVALID_CHANNEL_PATH", "invalid channel path"},
	{ErrorEvtInvalidQuery, "ERROR_EVT_INVALID_QUERY", "invalid event query"},
	{ErrorEvtPublisherMetadataNotFound, "ERROR_EVT_PUBLISHER_METADATA_NOT_FOUND", "publisher metadata not found"},
	{ErrorEvtChannelNotFound, "ERROR_EVT_CHANNEL_NOT_FOUND", "channel not found"},
	{ErrorEvtMessageNotFound, "ERROR_EVT_MESSAGE_NOT_FOUND", "event message not found"},
}
