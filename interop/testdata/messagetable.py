# Prints the messages of a message table: the bytes of an RT_MESSAGETABLE resource,
# as wrestool extracts them. Written down from the declarations of
# MESSAGE_RESOURCE_DATA in winnt.h; nothing of it comes from netelf. A line is a JSON
# object with the id, the flags and the text.
#
#   messagetable.py FILE...   a table behind the other, after a line with its name
import json
import struct
import sys

for name in sys.argv[1:]:
    print(json.dumps({'file': name}))
    with open(name, 'rb') as f:
        data = f.read()
    count, = struct.unpack_from('<I', data)
    for low, high, offset in struct.iter_unpack('<III', data[4:4 + 12 * count]):
        for number in range(low, high + 1):
            length, flags = struct.unpack_from('<HH', data, offset)
            raw = data[offset + 4:offset + length]
            text = raw.decode('utf-16-le') if flags & 1 else raw.decode('cp1252')
            print(json.dumps({'id': number, 'flags': flags, 'text': text.split('\0')[0]}))
            offset += length
