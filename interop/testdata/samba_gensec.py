"""One side of an authentication by Samba's gensec, spoken to in lines of words.

    samba_gensec.py initiator|acceptor ntlmssp|spnego USER PASSWORD

An empty USER is anonymous. The acceptor knows nobody else. Bytes are hexadecimal, "-"
stands for none. Commands and answers:

    step TOKEN          more TOKEN | done TOKEN | error TEXT
    sign MESSAGE        ok SIGNATURE
    check MESSAGE SIG   ok | error TEXT
    wrap MESSAGE        ok SIGNATURE-AND-SEALED-MESSAGE
    unwrap BYTES        ok MESSAGE | error TEXT
    key                 ok KEY
"""
import sys

from samba import auth, credentials, gensec, param


def start(role, mechanism, user, password):
    lp = param.LoadParm()
    creds = credentials.Credentials()
    settings = {"lp_ctx": lp, "target_hostname": "bedrock"}
    if role == "initiator":
        g = gensec.Security.start_client(settings)
        if user:
            creds.set_username(user)
            creds.set_password(password)
            creds.set_domain("ROCK")
            creds.set_workstation("QUARRY")
        else:
            creds.set_anonymous()
        creds.set_kerberos_state(credentials.DONT_USE_KERBEROS)
    else:
        g = gensec.Security.start_server(settings, auth.AuthContext(lp_ctx=lp, methods=["anonymous"]))
        creds.guess(lp)
    g.set_credentials(creds)
    g.want_feature(gensec.FEATURE_SIGN | gensec.FEATURE_SEAL)
    g.start_mech_by_name(mechanism)
    return g


def main():
    g = start(*sys.argv[1:5])
    for line in sys.stdin:
        command, *words = line.split()
        args = [b"" if w == "-" else bytes.fromhex(w) for w in words]
        try:
            if command == "step":
                done, out = g.update(args[0])
                answer = ["done" if done else "more", out]
            elif command == "sign":
                answer = ["ok", g.sign_packet(args[0], args[0])]
            elif command == "check":
                g.check_packet(args[0], args[0], args[1])
                answer = ["ok", b""]
            elif command == "wrap":
                answer = ["ok", g.wrap(args[0])]
            elif command == "unwrap":
                answer = ["ok", g.unwrap(args[0])]
            else:
                answer = ["ok", g.session_key()]
            print(answer[0], (answer[1] or b"").hex() or "-", flush=True)
        except Exception as e:  # whatever Samba raises is the answer
            print("error", repr(e).replace("\n", " "), flush=True)


main()
