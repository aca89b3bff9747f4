# Asks a running service over MS-EVEN, as impacket does it. Prints a line for each
# thing that was tried.
#
#   serve_rpc.py roles  HOST PORT LEVEL USER PASSWORD LOG...
#   serve_rpc.py levels HOST PORT USER PASSWORD
#   serve_rpc.py guess  HOST PORT USER PASSWORD
#
# LEVEL is the authentication level of DCE/RPC; at level 1 nobody logs on. A HOST
# with smb: before it is asked by its named pipe, and LEVEL does not count then.
import sys
import time

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


def status(call):
    """The result of a call, and its status or fault."""
    try:
        return call(), '00000000'
    except DCERPCSessionError as e:
        return None, '%08x' % (e.get_error_code() & 0xffffffff)
    except rpcrt.DCERPCException as e:
        return None, 'fault:' + str(e).replace('DCERPC Runtime Error: code: ', '').strip().replace(' ', '_')


def bound(host, port, level, user, password):
    if host.startswith('smb:'):
        t = transport.DCERPCTransportFactory('ncacn_np:%s[\\pipe\\eventlog]' % host[4:])
        t.set_dport(int(port))
        t.set_credentials(user, password)
        level = 1
    else:
        t = transport.DCERPCTransportFactory('ncacn_ip_tcp:%s[%s]' % (host, port))
    if level > 1:
        t.set_credentials(user, password)
    dce = t.get_dce_rpc()
    if level > 1:
        dce.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
        dce.set_auth_level(level)
    dce.connect()
    dce.bind(even.MSRPC_UUID_EVEN)
    return dce


def report(dce, handle, text):
    m = ReportEventW()
    m['LogHandle'] = handle
    m['Time'] = 1300000000
    m['EventType'] = even.EVENTLOG_INFORMATION_TYPE
    m['EventCategory'] = 0
    m['EventID'] = 4711
    m['NumStrings'] = 1
    m['DataSize'] = 0
    m['ComputerName'] = 'PEBBLE'
    m['UserSID'] = NULL
    p = PRPC_UNICODE_STRING()
    p['Data'] = text
    m['Strings'].append(p)
    m['Data'] = NULL
    m['Flags'] = 0
    m['RecordNumber'] = 0
    m['TimeWritten'] = 0
    return dce.request(m)


def roles(host, port, level, user, password, *logs):
    dce, said = status(lambda: bound(host, port, int(level), user, password))
    if dce is None:
        print('bind', said)
        return
    flags = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_BACKWARDS_READ
    for name in logs:
        out = {}
        opened, out['open'] = status(lambda: even.hElfrOpenELW(dce, name, ''))
        if out['open'].startswith('fault:'):
            # Behind a refused logon the connection has ended, and impacket would
            # read from it for ever.
            print('%s:' % name, out['open'])
            break
        source, out['source'] = status(lambda: even.hElfrRegisterEventSourceW(dce, name, ''))
        if opened is not None:
            h = opened['LogHandle']
            _, out['read'] = status(lambda: even.hElfrReadELW(dce, h, flags, 0, 0x7ffff))
            _, out['report'] = status(lambda: report(dce, h, 'by the log, from ' + (user or 'nobody')))
            _, out['backup'] = status(lambda: even.hElfrBackupELFW(dce, h, '\\??\\C:\\%s of %s.evt' % (name, user)))
            _, out['clear'] = status(lambda: even.hElfrClearELFW(dce, h, NULL))
        if source is not None:  # what it reports stays
            _, out['source'] = status(lambda: report(dce, source['LogHandle'], 'by the source, from ' + (user or 'nobody')))
        _, out['backups'] = status(lambda: even.hElfrOpenBELW(dce, '\\??\\C:\\%s of fred.evt' % name))
        print('%s:' % name, ' '.join('%s=%s' % i for i in out.items()))


def levels(host, port, user, password):
    for name, level in (('none', 1), ('connect', 2), ('integrity', 5), ('privacy', 6)):
        dce, said = status(lambda: bound(host, port, level, user, password))
        if dce is not None:
            _, said = status(lambda: even.hElfrOpenELW(dce, 'System', ''))
            dce.disconnect()
        print(name, said)


def attempt(host, port, user, password):
    dce, said = status(lambda: bound(host, port, 6, user, password))
    if dce is not None:
        _, said = status(lambda: even.hElfrOpenELW(dce, 'System', ''))
        dce.disconnect()
    return said


def guess(host, port, user, password):
    """Five wrong passwords, then the right one until it is taken; then one more wrong one, and the same again."""
    for wrong, delay in ((5, 1.0), (1, 2.0)):
        for n in range(wrong):
            began = time.monotonic()  # before the last failure: it is not later by the service's clock
            print('wrong', attempt(host, port, user, 'not ' + password))
        refused = {}
        first = None
        while True:
            said = attempt(host, port, user, password)
            now = time.monotonic() - began
            if first is None:
                first = now
            if said == '00000000':
                break
            refused[said] = refused.get(said, 0) + 1
            time.sleep(0.02)
        print('refused', ' '.join(refused) or '-', 'early=%s' % (first < delay), 'soon=%s' % (now < delay))


{'roles': roles, 'levels': levels, 'guess': guess}[sys.argv[1]](*sys.argv[2:])
