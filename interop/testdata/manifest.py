# Prints what a WEVT_TEMPLATE resource defines, one JSON array a line, as plainly as
# can be: every offset is followed, nothing is checked. Written down from libyal's
# description of the format and from looking at files; nothing of it comes from
# netelf.
#
#   manifest.py FILE
import json
import struct
import sys
import uuid

with open(sys.argv[1], 'rb') as f:
    data = f.read()


def u32(at):
    return struct.unpack_from('<I', data, at)[0]


def guid(at):
    return '{' + str(uuid.UUID(bytes_le=data[at:at + 16])).upper() + '}'


def name(at):
    return data[at + 4:at + u32(at)].decode('utf-16-le').rstrip('\0') if at else ''


def out(*what):
    print(json.dumps(what))


def map_at(m):
    return [name(u32(m + 8)), data[m:m + 4] == b'BMAP',
            [[u32(m + 20 + 8 * i), u32(m + 24 + 8 * i)] for i in range(u32(m + 16))]]


for p in range(u32(12)):
    at = u32(16 + 20 * p + 16)
    called = ''
    for k in range(u32(at + 12)):
        e = u32(at + 16 + 8 * k + 4)
        if data[e:e + 4] == b'PRVA':
            for i in range(u32(e + 8)):
                if u32(e + 12 + 8 * i) == 0x10000001:
                    called = data[u32(e + 16 + 8 * i):e + u32(e + 4)].decode('utf-16-le').split('\0')[0]
    out('provider', guid(16 + 20 * p), u32(at + 8), called)
    for k in range(u32(at + 12)):
        e = u32(at + 16 + 8 * k + 4)
        sig, n = data[e:e + 4].decode(), u32(e + 8)
        for i in range(n):
            if sig == 'OPCO':
                d = e + 12 + 12 * i
                out(sig, u32(d) >> 16, u32(d) & 0xffff, u32(d + 4), name(u32(d + 8)), '{' + str(uuid.UUID(int=0)) + '}')
            elif sig == 'LEVL':
                d = e + 12 + 12 * i
                out(sig, u32(d), 0, u32(d + 4), name(u32(d + 8)), '{' + str(uuid.UUID(int=0)) + '}')
            elif sig == 'TASK':
                d = e + 12 + 28 * i
                out(sig, u32(d), 0, u32(d + 4), name(u32(d + 24)), guid(d + 8))
            elif sig == 'KEYW':
                d = e + 12 + 16 * i
                out(sig, struct.unpack_from('<Q', data, d)[0], 0, u32(d + 8), name(u32(d + 12)), '{' + str(uuid.UUID(int=0)) + '}')
            elif sig == 'CHAN':
                d = e + 12 + 16 * i
                out(sig, u32(d), 0, u32(d + 12), name(u32(d + 4)), '{' + str(uuid.UUID(int=0)) + '}')
            elif sig == 'MAPS':
                out(sig, *map_at(u32(e + 12 + 4 * i)))
            elif sig == 'EVNT':
                d = e + 16 + 48 * i
                t = u32(d + 20)
                template = None
                if t:
                    items = u32(t + 16)
                    template = [guid(t + 24), [
                        [name(u32(q + 16)), data[q + 4], data[q + 5], u32(q + 8) and map_at(u32(q + 8))[0] or '']
                        for q in range(items, items + 20 * u32(t + 8), 20)]]
                out(sig, *struct.unpack_from('<HBBBBHQI', data, d), template)
