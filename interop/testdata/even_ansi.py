# Calls the A forms of MS-EVEN, and ReportEventEx in both: operations that no
# program at hand calls. Types and operations are written down here from [MS-EVEN]
# (2.2, 3.1.4, appendix A) and [MS-RPCE], on impacket's transport; nothing of it
# comes from netelf. Prints a line for each call: its name, its status, and what it
# gave.
#
#   even_ansi.py HOST PORT USER PASSWORD
import struct
import sys

from impacket.dcerpc.v5 import rpcrt, transport
from impacket.dcerpc.v5.dtypes import NULL, RPC_SID
from impacket.dcerpc.v5.ndr import (
    NDRCALL, NDRPOINTER, NDRSTRUCT, NDRUniConformantArray, NDRUniConformantVaryingArray, NDRULONG, NDRUSHORT, NDRUSMALL,
)
from impacket.uuid import uuidtup_to_bin

EVENTLOG = uuidtup_to_bin(('82273FDC-E32A-18C3-3F78-827929DC23EA', '0.0'))


class DCERPCSessionError(rpcrt.DCERPCException):
    def __init__(self, error_string=None, error_code=None, packet=None):
        rpcrt.DCERPCException.__init__(self, error_string, error_code, packet)


# 2.2.6 IELF_HANDLE: a context handle.
class HANDLE(NDRSTRUCT):
    align = 1
    structure = (('Data', '20s=b"\\0"*20'),)


# [size_is(MaximumLength)] char *Buffer of RPC_STRING, 2.2.12: it does not vary, as
# that of [MS-SAMR] does.
class CHARS(NDRUniConformantArray):
    item = 'c'


class PCHARS(NDRPOINTER):
    referent = (('Data', CHARS),)


class STRING(NDRSTRUCT):
    align = 4
    structure = (('Length', NDRUSHORT), ('MaximumLength', NDRUSHORT), ('Buffer', PCHARS))


class PSTRING(NDRPOINTER):
    referent = (('Data', STRING),)


# [size_is(MaximumLength/2), length_is(Length/2)] WCHAR *Buffer of
# RPC_UNICODE_STRING, 2.2.11.
class WCHARS(NDRUniConformantVaryingArray):
    item = '<H'


class PWCHARS(NDRPOINTER):
    referent = (('Data', WCHARS),)


class USTRING(NDRSTRUCT):
    align = 4
    structure = (('Length', NDRUSHORT), ('MaximumLength', NDRUSHORT), ('Buffer', PWCHARS))


class PUSTRING(NDRPOINTER):
    referent = (('Data', USTRING),)


class STRINGS(NDRUniConformantArray):
    item = PSTRING


class PSTRINGS(NDRPOINTER):
    referent = (('Data', STRINGS),)


class USTRINGS(NDRUniConformantArray):
    item = PUSTRING


class PUSTRINGS(NDRPOINTER):
    referent = (('Data', USTRINGS),)


class PSID(NDRPOINTER):
    referent = (('Data', RPC_SID),)


class BYTES(NDRUniConformantArray):
    item = 'c'


class PBYTES(NDRPOINTER):
    referent = (('Data', BYTES),)


class PULONG(NDRPOINTER):
    referent = (('Data', NDRULONG),)


# 2.2.8 EVENTLOG_HANDLE_A: [handle, unique] LPSTR, which is a pointer to one char,
# since it has no [string].
class SERVER(NDRPOINTER):
    referent = (('Data', NDRUSMALL),)


class CODE(NDRULONG):
    pass


def call(opnum, request, response):
    """The classes of a call and its response."""
    name = 'Op%d' % opnum
    req = type(name, (NDRCALL,), {'opnum': opnum, 'structure': request, '__module__': __name__})
    globals()[name] = req
    globals()[name + 'Response'] = type(name + 'Response', (NDRCALL,), {'structure': response + (('ErrorCode', CODE),), '__module__': __name__})
    return req


OPENED = (('LogHandle', HANDLE),)
CloseEL = call(2, (('LogHandle', HANDLE),), OPENED)
NumberOfRecords = call(4, (('LogHandle', HANDLE),), (('Number', NDRULONG),))
OPEN = (('Server', SERVER), ('Module', STRING), ('RegModule', STRING), ('Major', NDRULONG), ('Minor', NDRULONG))
ClearELFA = call(12, (('LogHandle', HANDLE), ('Backup', PSTRING)), ())  # 3.1.4.10
BackupELFA = call(13, (('LogHandle', HANDLE), ('Backup', STRING)), ())  # 3.1.4.12
OpenELA = call(14, OPEN, OPENED)  # 3.1.4.4
RegisterEventSourceA = call(15, OPEN, OPENED)  # 3.1.4.6
OpenBELA = call(16, (('Server', SERVER), ('Backup', STRING), ('Major', NDRULONG), ('Minor', NDRULONG)), OPENED)  # 3.1.4.2
ReadELA = call(  # 3.1.4.8
    17, (('LogHandle', HANDLE), ('Flags', NDRULONG), ('Offset', NDRULONG), ('Room', NDRULONG)),
    (('Buffer', BYTES), ('Read', NDRULONG), ('Needed', NDRULONG)))


def reportOf(opnum, when, computer, strings, given):
    return call(
        opnum, (('LogHandle', HANDLE),) + when +
        (('EventType', NDRUSHORT), ('Category', NDRUSHORT), ('EventID', NDRULONG), ('NumStrings', NDRUSHORT), ('DataSize', NDRULONG),
         ('Computer', computer), ('SID', PSID), ('Strings', strings), ('Data', PBYTES), ('Flags', NDRUSHORT)) + given, given)


class FILETIME(NDRSTRUCT):  # 2.3.3 of [MS-DTYP]: two 32-bit halves
    structure = (('Low', NDRULONG), ('High', NDRULONG))


ReportEventA = reportOf(18, (('Time', NDRULONG),), STRING, PSTRINGS, (('RecordNumber', PULONG), ('TimeWritten', PULONG)))  # 3.1.4.14
ReportEventExW = reportOf(25, (('Time', FILETIME),), USTRING, PUSTRINGS, (('RecordNumber', PULONG),))  # 3.1.4.16
ReportEventExA = reportOf(26, (('Time', FILETIME),), STRING, PSTRINGS, (('RecordNumber', PULONG),))  # 3.1.4.17


def text(s, target, wide=False):
    """Fills a counted string: an ANSI one has a zero behind it, and the empty one no buffer."""
    b = s.encode('utf-16le' if wide else 'cp1252')
    target['Length'] = len(b)
    if wide:
        target['MaximumLength'] = len(b)
        target['Buffer'] = list(struct.unpack('<%dH' % (len(b) // 2), b))
    elif b:
        target['MaximumLength'] = len(b) + 1
        target['Buffer'] = [bytes([c]) for c in b + b'\0']
    else:
        target['MaximumLength'] = 0
        target['Buffer'] = NULL


def say(name, do, give=lambda r: ''):
    try:
        r = do()
        print(name, '00000000', give(r))
        return r
    except DCERPCSessionError as e:
        print(name, '%08x' % (e.get_error_code() & 0xffffffff), '')
    except rpcrt.DCERPCException as e:
        print(name, str(e).strip(), '')


def main(host, port, user, password):
    t = transport.DCERPCTransportFactory('ncacn_ip_tcp:%s[%s]' % (host, port))
    t.set_credentials(user, password)
    dce = t.get_dce_rpc()
    dce.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
    dce.set_auth_level(rpcrt.RPC_C_AUTHN_LEVEL_PKT_PRIVACY)
    dce.connect()
    dce.bind(EVENTLOG)

    def opening(cls, name, server=True):
        m = cls()
        m['Server'] = ord('\\') if server else NULL
        text(name, m['Module'])
        text('', m['RegModule'])
        m['Major'], m['Minor'] = 1, 1
        return dce.request(m)

    def backup(cls, handle, name):
        m = cls()
        m['LogHandle'] = handle
        if name is None:
            m['Backup'] = NULL
        else:
            text(name, m['Backup'])
        return dce.request(m)

    def openBackup(name):
        m = OpenBELA()
        m['Server'] = NULL
        text(name, m['Backup'])
        m['Major'], m['Minor'] = 1, 1
        return dce.request(m)

    def report(cls, handle, strings, data, sid, wide=False):
        m = cls()
        m['LogHandle'] = handle
        if cls is ReportEventA:
            m['Time'] = 1300000000
        else:  # with half a second
            ticks = (1300000000 + 11644473600) * 10000000 + 5000000
            m['Time']['Low'], m['Time']['High'] = ticks & 0xffffffff, ticks >> 32
        m['EventType'], m['Category'], m['EventID'] = 2, 7, 0x80001234
        m['NumStrings'], m['DataSize'] = len(strings), len(data)
        text('PEBBLE', m['Computer'], wide)
        if sid:
            m['SID'].fromCanonical(sid)
        else:
            m['SID'] = NULL
        if strings:
            for s in strings:
                p = PUSTRING() if wide else PSTRING()
                text(s, p, wide)
                m['Strings'].append(p)
        else:
            m['Strings'] = NULL
        m['Data'] = [bytes([c]) for c in data] if data else NULL
        m['Flags'] = 0
        m['RecordNumber'] = 4242
        if cls is ReportEventA:
            m['TimeWritten'] = 0
        return dce.request(m)

    def read(handle, flags, offset=0, room=65536):
        m = ReadELA()
        m['LogHandle'] = handle
        m['Flags'], m['Offset'], m['Room'] = flags, offset, room
        return dce.request(m)

    def handled(cls, handle):
        m = cls()
        m['LogHandle'] = handle
        return dce.request(m)

    def records(r):
        """2.2.3 EVENTLOGRECORD, by its offsets, with texts in code page 1252."""
        b = b''.join(r['Buffer'])[:r['Read']]
        out = []
        while b:
            (size, sign, number, generated, written, eid, typ, count, category, flags, closing, stringAt, sidSize, sidAt, dataSize,
             dataAt) = struct.unpack('<6I4H6I', b[:56])
            one, b = b[:size], b[size:]
            assert sign == 0x654c664c and struct.unpack('<I', one[-4:])[0] == size and size % 4 == 0, one
            source, computer = one[56:].split(b'\0')[:2]
            strings = one[stringAt:].split(b'\0')[:count]
            sid = one[sidAt:sidAt + sidSize]
            who = '-'
            if sidSize:
                who = 'S-%d-%d' % (sid[0], int.from_bytes(sid[2:8], 'big')) + ''.join('-%d' % s for s in struct.unpack('<%dI' % sid[1], sid[8:]))
            out.append('%d:%x:%d:%d:%d:%s/%s:%s:%s:%s' % (
                number, eid, typ, category, generated, source.decode('cp1252'), computer.decode('cp1252'), who,
                '|'.join(s.decode('cp1252') for s in strings), one[dataAt:dataAt + dataSize].hex() if dataSize else '-'))
        return ' '.join(s.replace(' ', '_') for s in out)

    def number(r):
        return r['RecordNumber']

    forwards, backwards, seek = 5, 9, 6
    log = say('open', lambda: opening(OpenELA, 'DNS Server'))['LogHandle']
    stray = say('open stray', lambda: opening(OpenELA, 'no such log', False))['LogHandle']
    say('empty', lambda: read(log, forwards))
    say('report', lambda: report(ReportEventA, log, ['one', 'zw\u00f6lf \u20ac', '', 'four'], b'\x01\x02\x03', 'S-1-5-21-1-2-3-500'), number)
    say('report', lambda: report(ReportEventA, log, [], b'', ''), number)
    say('report too many', lambda: report(ReportEventA, log, ['x'] * 257, b'', ''))
    say('report ex', lambda: report(ReportEventExA, log, ['by ExA'], b'\xff', 'S-1-5-18'), number)
    say('report ex wide', lambda: report(ReportEventExW, log, ['by ExW', '\u65e5\u672c'], b'', '', True), number)
    say('count', lambda: handled(NumberOfRecords, log), lambda r: r['Number'])
    say('read', lambda: read(log, forwards), records)
    say('read end', lambda: read(log, forwards), records)
    say('seek back', lambda: read(log, 10, 2), records)
    say('seek out', lambda: read(log, seek, 9), records)
    say('no flags', lambda: read(log, 0))
    say('no room', lambda: read(log, seek, 1, 10))
    source = say('register', lambda: opening(RegisterEventSourceA, 'Quarry'))['LogHandle']
    say('report source', lambda: report(ReportEventA, source, ['from the quarry'], b'', ''))
    say('backup bad', lambda: backup(BackupELFA, log, 'C:\\ansi.evt'))
    say('backup', lambda: backup(BackupELFA, log, '\\??\\C:\\ansi \u00e4.evt'))
    say('backup twice', lambda: backup(BackupELFA, log, '\\??\\C:\\ansi \u00e4.evt'))
    say('backup stray', lambda: backup(BackupELFA, stray, '\\??\\C:\\stray.evt'))
    kept = say('open backup', lambda: openBackup('\\??\\C:\\ansi \u00e4.evt'))['LogHandle']
    say('open backup none', lambda: openBackup('\\??\\C:\\none.evt'))
    say('read backup', lambda: read(kept, backwards), records)
    say('report backup', lambda: report(ReportEventA, kept, [], b'', ''))
    say('clear backup', lambda: backup(ClearELFA, kept, None))
    say('clear stray', lambda: backup(ClearELFA, stray, None))
    say('clear twice', lambda: backup(ClearELFA, log, '\\??\\C:\\ansi \u00e4.evt'))
    say('clear', lambda: backup(ClearELFA, log, '\\??\\C:\\second.evt'))
    say('clear', lambda: backup(ClearELFA, log, None))
    say('count', lambda: handled(NumberOfRecords, log), lambda r: r['Number'])
    say('close', lambda: handled(CloseEL, log))
    say('close twice', lambda: handled(CloseEL, log))


main(*sys.argv[1:])
