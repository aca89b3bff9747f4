# Calls an MS-EVEN server with impacket: every function that impacket has, and
# ReportEventW with the types that the specification gives its arguments, since
# impacket's own has an array of structures where there is one of pointers.
# Prints a line for each call: its name, its status, and what it gave.
#
#   impacket_even.py PORT [USER PASSWORD]
import struct
import sys

from impacket.dcerpc.v5 import even, rpcrt, transport
from impacket.dcerpc.v5.even import DCERPCSessionError  # noqa: F401: impacket looks for it where a call's class is
from impacket.dcerpc.v5.dtypes import LPBYTE, NTSTATUS, NULL, PRPC_SID, PRPC_UNICODE_STRING, PULONG, RPC_UNICODE_STRING, ULONG, USHORT
from impacket.dcerpc.v5.ndr import NDRCALL, NDRPOINTER, NDRUniConformantArray


class STRINGS(NDRUniConformantArray):
    item = PRPC_UNICODE_STRING


class PSTRINGS(NDRPOINTER):
    referent = (('Data', STRINGS),)


class ReportEventW(NDRCALL):
    opnum = 11
    structure = (
        ('LogHandle', even.IELF_HANDLE), ('Time', ULONG), ('EventType', USHORT), ('EventCategory', USHORT), ('EventID', ULONG),
        ('NumStrings', USHORT), ('DataSize', ULONG), ('ComputerName', RPC_UNICODE_STRING), ('UserSID', PRPC_SID),
        ('Strings', PSTRINGS), ('Data', LPBYTE), ('Flags', USHORT), ('RecordNumber', PULONG), ('TimeWritten', PULONG),
    )


class ReportEventWResponse(NDRCALL):
    structure = (('RecordNumber', PULONG), ('TimeWritten', PULONG), ('ErrorCode', NTSTATUS))


even.OPNUMS[11] = (ReportEventW, ReportEventWResponse)


def say(name, call, give=lambda r: ''):
    try:
        r = call()
        print(name, '00000000', give(r))
        return r
    except rpcrt.DCERPCException as e:
        code = e.get_error_code()
        print(name, str(e) if code is None else '%08x' % (code & 0xffffffff), '')


def report(dce, handle, strings, data, sid):
    m = ReportEventW()
    m['LogHandle'] = handle
    m['Time'] = 1300000000
    m['EventType'] = even.EVENTLOG_WARNING_TYPE
    m['EventCategory'] = 7
    m['EventID'] = 0x80001234
    m['NumStrings'] = len(strings)
    m['DataSize'] = len(data)
    m['ComputerName'] = 'PEBBLE'
    if sid:
        m['UserSID'].fromCanonical(sid)
    else:
        m['UserSID'] = NULL
    if strings:
        for s in strings:
            p = PRPC_UNICODE_STRING()
            p['Data'] = s
            m['Strings'].append(p)
    else:
        m['Strings'] = NULL
    m['Data'] = data if data else NULL
    m['Flags'] = 0
    m['RecordNumber'] = 4242
    m['TimeWritten'] = 0
    return dce.request(m)


def records(r):
    # impacket's EVENTLOGRECORD cannot be used: it has no way to find where Data ends.
    b = b''.join(r['Buffer'])[:r['NumberOfBytesRead']]
    out = []
    while b:
        size, _, number, generated, _, eid, typ, count, category, _, _, at, _, _, _, _ = struct.unpack('<6I4H6I', b[:56])
        names = b[56:size].decode('utf-16le', 'replace').split('\0')[:2]
        strings = b[at:size].decode('utf-16le', 'replace').split('\0')[:count]
        out.append('%d:%x:%d:%d:%d:%s:%s' % (number, eid, typ, category, generated, '/'.join(names), '|'.join(strings)))
        b = b[size:]
    return ' '.join(s.replace(' ', '_') for s in out)


def main():
    t = transport.DCERPCTransportFactory('ncacn_ip_tcp:127.0.0.1[%s]' % sys.argv[1])
    if len(sys.argv) > 2:
        t.set_credentials(sys.argv[2], sys.argv[3])
    dce = t.get_dce_rpc()
    if len(sys.argv) > 2:
        dce.set_auth_level(rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
    dce.connect()
    dce.bind(even.MSRPC_UUID_EVEN)
    forwards = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_FORWARDS_READ
    backwards = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_BACKWARDS_READ
    seek = even.EVENTLOG_SEEK_READ | even.EVENTLOG_FORWARDS_READ

    log = say('open', lambda: even.hElfrOpenELW(dce, 'dns server', ''))['LogHandle']
    stray = say('open stray', lambda: even.hElfrOpenELW(dce, 'no such log', ''))['LogHandle']
    say('empty', lambda: even.hElfrReadELW(dce, log, forwards, 0, 4096))
    number = lambda r: r['RecordNumber']
    say('report', lambda: report(dce, log, ['one', 'zwei \u00e4', '', 'four'], b'\x01\x02\x03', 'S-1-5-21-1-2-3-500'), number)
    say('report', lambda: report(dce, log, ['odd', 'len'], b'', ''), number)
    say('report', lambda: report(dce, log, [], b'', ''), number)
    say('report too many', lambda: report(dce, log, ['x'] * 257, b'', ''))
    say('report too much', lambda: report(dce, log, [], b'x' * 61441, ''))
    say('count', lambda: even.hElfrNumberOfRecords(dce, log), lambda r: r['NumberOfRecords'])
    say('oldest', lambda: even.hElfrOldestRecordNumber(dce, log), lambda r: r['OldestRecordNumber'])
    say('read', lambda: even.hElfrReadELW(dce, log, backwards, 0, 4096), records)
    say('read', lambda: even.hElfrReadELW(dce, log, backwards, 0, 4096), records)
    say('seek', lambda: even.hElfrReadELW(dce, log, seek, 2, even.MAX_BATCH_BUFF), records)
    say('seek', lambda: even.hElfrReadELW(dce, log, seek, 4, 4096), records)
    say('no flags', lambda: even.hElfrReadELW(dce, log, 0, 0, 0))
    say('no room', lambda: even.hElfrReadELW(dce, log, seek, 1, 10))
    say('over the limit', lambda: even.hElfrReadELW(dce, log, seek, 1, even.MAX_BATCH_BUFF + 1))
    source = say('register', lambda: even.hElfrRegisterEventSourceW(dce, 'Quarry', ''))['LogHandle']
    say('report', lambda: report(dce, source, ['from the quarry'], b'', ''))
    say('backup bad', lambda: even.hElfrBackupELFW(dce, log, 'C:\\backup.evt'))
    say('backup', lambda: even.hElfrBackupELFW(dce, log, '\\??\\C:\\backup.evt'))
    say('backup twice', lambda: even.hElfrBackupELFW(dce, log, '\\??\\C:\\backup.evt'))
    say('backup stray', lambda: even.hElfrBackupELFW(dce, stray, '\\??\\C:\\stray.evt'))
    backup = say('open backup', lambda: even.hElfrOpenBELW(dce, '\\??\\C:\\backup.evt'))['LogHandle']
    say('open backup none', lambda: even.hElfrOpenBELW(dce, '\\??\\C:\\none.evt'))
    say('read backup', lambda: even.hElfrReadELW(dce, backup, forwards, 0, 65536), records)
    say('report backup', lambda: report(dce, backup, [], b'', ''))
    say('clear backup', lambda: even.hElfrClearELFW(dce, backup, NULL))
    say('clear stray', lambda: even.hElfrClearELFW(dce, stray, NULL))
    say('clear twice', lambda: even.hElfrClearELFW(dce, log, '\\??\\C:\\backup.evt'))
    say('clear', lambda: even.hElfrClearELFW(dce, log, '\\??\\C:\\second.evt'))
    say('clear', lambda: even.hElfrClearELFW(dce, log, NULL))
    say('count', lambda: even.hElfrNumberOfRecords(dce, log), lambda r: r['NumberOfRecords'])
    say('close', lambda: even.hElfrCloseEL(dce, log))
    say('close twice', lambda: even.hElfrCloseEL(dce, log))


main()
