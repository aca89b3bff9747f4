# A client of the test interface: impacket_dcerpc.py PORT AUTH LEVEL [PASSWORD],
# with AUTH none or ntlm. Prints one line a check; what fails raises.
import socket
import struct
import sys
from impacket.dcerpc.v5 import epm, rpcrt, transport
from impacket.uuid import uuidtup_to_bin

port, auth, level = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
password = sys.argv[4] if len(sys.argv) > 4 else 'yabba'
ECHO = uuidtup_to_bin(('04030201-0605-0807-090a-0b0c0d0e0f10', '1.0'))
NONE = uuidtup_to_bin(('14030201-0605-0807-090a-0b0c0d0e0f10', '1.0'))


def connect():
    t = transport.DCERPCTransportFactory('ncacn_ip_tcp:127.0.0.1[%d]' % port)
    dce = t.get_dce_rpc()
    if auth == 'ntlm':
        t.set_credentials('fred', password, 'BEDROCK')
        dce.set_auth_type(rpcrt.RPC_C_AUTHN_WINNT)
        dce.set_auth_level(level)
    dce.connect()
    return dce


def echo(dce, data, **kw):
    dce.call(0, data, **kw)
    return dce.recv()


dce = connect()
dce.bind(ECHO)
for n in [1, 3, 4, 100, 4000, 5000, 5840, 20000, 300000]:
    data = bytes(i * 7 + i // 251 & 255 for i in range(n))
    got = echo(dce, data)
    if got != data:
        raise Exception('%d bytes came back as %d others' % (n, len(got)))
print('echo')

dce.set_max_fragment_size(50)
data = b'0123456789' * 300
if echo(dce, data) != data:
    raise Exception('small fragments')
dce.set_max_fragment_size(-1)
print('small fragments')

dce.call(6, b'')
print('peer', dce.recv().decode())

try:
    dce.call(77, b'')
    dce.recv()
    raise Exception('operation 77 was answered')
except rpcrt.DCERPCException as e:
    print('fault', e)
if echo(dce, b'goes on') != b'goes on':
    raise Exception('behind a fault')

if auth == 'none':
    other = dce.alter_ctx(ECHO)
    if echo(other, b'altered') != b'altered':
        raise Exception('alter_context')
    print('alter_context')
    dce = connect()
    dce.bind(ECHO, bogus_binds=3)
    if echo(dce, b'third') != b'third':
        raise Exception('several contexts')
    print('several contexts')
dce.disconnect()

try:
    dce = connect()
    dce.bind(NONE)
    raise Exception('bound to an interface that is not there')
except rpcrt.DCERPCException as e:
    print('refused', e)

if auth == 'none':
    for proto in ['ncacn_ip_tcp', 'ncacn_np']:
        dce = connect()
        try:
            print('map', epm.hept_map('127.0.0.1', ECHO, protocol=proto, dce=dce))
        except rpcrt.DCERPCException as e:
            print('map', e)
        dce.disconnect()
    dce = connect()
    for e in epm.hept_lookup(None, dce=dce):
        floors = e['tower']['Floors']
        print('lookup', floors[0], epm.PrintStringBinding(floors), bytes(e['annotation']))
    dce.disconnect()
