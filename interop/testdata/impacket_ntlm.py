"""An NTLM initiator by impacket, and its SPNEGO tokens, spoken to in lines of words.

    impacket_ntlm.py USER PASSWORD

Bytes are hexadecimal, "-" stands for none. Commands and answers:

    first               ok NEGOTIATE
    answer CHALLENGE    ok AUTHENTICATE
    seal HEAD BODY      ok SEALED-BODY SIGNATURE      (signed: head and body)
    open SEALED-BODY    ok BODY
    mac HEAD-AND-BODY   ok SIGNATURE                  (the server's, for what was opened)
    init TOKEN          ok NEGTOKENINIT
    readinit TOKEN      ok OID... TOKEN
    resp STATE OID TOK  ok NEGTOKENRESP               ("-" leaves a part out)
    readresp TOKEN      ok STATE OID TOKEN
"""
import sys

from Cryptodome.Cipher import ARC4
from impacket import ntlm, spnego

NTLM = spnego.TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]


class Initiator:
    def __init__(self, user, password):
        self.user, self.password = user, password
        self.seq = {"Client": 0, "Server": 0}

    def first(self):
        self.type1 = ntlm.getNTLMSSPType1("QUARRY", "ROCK", True, True)
        return [self.type1.getData()]

    def answer(self, challenge):
        type3, key = ntlm.getNTLMSSPType3(self.type1, challenge, self.user, self.password, "ROCK", use_ntlmv2=True)
        self.flags = type3["flags"]
        self.sign = {d: ntlm.SIGNKEY(self.flags, key, d) for d in self.seq}
        self.cipher = {d: ARC4.new(ntlm.SEALKEY(self.flags, key, d)) for d in self.seq}
        return [type3.getData()]

    def seal(self, head, body):
        out, sig = ntlm.SEAL(self.flags, self.sign["Client"], None, head + body, body, self.seq["Client"], self.cipher["Client"].encrypt)
        self.seq["Client"] += 1
        return [out, sig.getData()]

    def open(self, body):
        return [self.cipher["Server"].encrypt(body)]

    def mac(self, whole):
        sig = ntlm.SIGN(self.flags, self.sign["Server"], whole, self.seq["Server"], self.cipher["Server"].encrypt)
        self.seq["Server"] += 1
        return [sig.getData()]

    def init(self, token):
        t = spnego.SPNEGO_NegTokenInit()
        t["MechTypes"] = [NTLM]
        t["MechToken"] = token
        return [t.getData()]

    def readinit(self, token):
        t = spnego.SPNEGO_NegTokenInit(token)
        return t["MechTypes"] + [t["MechToken"]]

    def resp(self, state, oid, token):
        t = spnego.SPNEGO_NegTokenResp()
        for name, value in ("NegState", state), ("SupportedMech", oid), ("ResponseToken", token):
            if value:
                t[name] = value
        return [t.getData()]

    def readresp(self, token):
        t = spnego.SPNEGO_NegTokenResp(token)
        return [t.fields.get(name, b"") for name in ("NegState", "SupportedMech", "ResponseToken")]


def main():
    initiator = Initiator(*sys.argv[1:3])
    for line in sys.stdin:
        command, *words = line.split()
        try:
            out = getattr(initiator, command)(*[b"" if w == "-" else bytes.fromhex(w) for w in words])
            print("ok", *[o.hex() or "-" for o in out], flush=True)
        except Exception as e:  # whatever impacket raises is the answer
            print("error", repr(e).replace("\n", " "), flush=True)


main()
