# Asks an MS-EVEN server with impacket, which logs on with a ticket from the cache of
# KRB5CCNAME. Prints a line for each thing that was tried.
#
#   impacket_kerberos.py ADDRESS PORT HOST USER REALM LEVEL
#
# HOST is the server's name in the realm, LEVEL the authentication level of DCE/RPC.
import sys

from impacket.dcerpc.v5 import even, rpcrt, transport
from impacket.dcerpc.v5.even import DCERPCSessionError  # noqa: F401: impacket looks for it where a call's class is
from impacket.dcerpc.v5.dtypes import NULL

address, port, host, user, realm, level = sys.argv[1:]
t = transport.DCERPCTransportFactory('ncacn_ip_tcp:%s[%s]' % (address, port))
t.setRemoteName(host)
t.set_credentials(user, '', realm)
t.set_kerberos(True)
dce = t.get_dce_rpc()
dce.set_auth_type(rpcrt.RPC_C_AUTHN_GSS_NEGOTIATE)
dce.set_auth_level(int(level))
dce.connect()
dce.bind(even.MSRPC_UUID_EVEN)
handle = even.hElfrOpenELW(dce, 'System', NULL)['LogHandle']
print('records', even.hElfrNumberOfRecords(dce, handle)['NumberOfRecords'])
flags = even.EVENTLOG_SEQUENTIAL_READ | even.EVENTLOG_FORWARDS_READ
print('read', even.hElfrReadELW(dce, handle, flags, 0, 0x10000)['NumberOfBytesRead'])
try:
    even.hElfrClearELFW(dce, handle, NULL)
    print('clear 00000000')
except DCERPCSessionError as e:
    print('clear %08x' % e.get_error_code())
