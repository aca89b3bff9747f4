package krb5

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"netelf.example/eventlog"
)

// krb5Conf is a krb5.conf with the realm and a KDC.
func krb5Conf(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "krb5.conf")
	text := "[libdefaults]\n default_realm = QUARRY.EXAMPLE\n dns_lookup_kdc = false\n[realms]\n QUARRY.EXAMPLE = {\n  kdc = kdc.quarry.example\n }\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// kdcError is a KRB-ERROR.
func kdcError(t testing.TB, code int32, data []byte) []byte {
	t.Helper()
	e := messages.NewKRBError(granting(realm), realm, code, "")
	e.EData = data
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKDCErrors: what a KDC answers, in one line that says what to do, and whether it
// is a refusal.
func TestKDCErrors(t *testing.T) {
	methods := func(rounds uint32) []byte {
		info, err := asn1.Marshal(types.ETypeInfo2{{EType: 18, Salt: "salt", S2KParams: binary.BigEndian.AppendUint32(nil, rounds)}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const kdc = "kerberos: the KDC of QUARRY.EXAMPLE "
	const who = "fred@QUARRY.EXAMPLE"
	for _, x := range []struct {
		name  string
		reply []byte
		text  string
		state eventlog.State
	}{
		{"no user", kdcError(t, 6, nil), kdc + "knows no user " + who, eventlog.Refused},
		{"no service", kdcError(t, 7, nil), kdc + "knows no service krbtgt/QUARRY.EXAMPLE: name the server as the domain does, not by its address", eventlog.Failed},
		{"no type", kdcError(t, 14, nil), kdc + "has no AES key for " + who + " or krbtgt/QUARRY.EXAMPLE: set a new password there, or allow AES", eventlog.Failed},
		{"revoked", kdcError(t, 18, nil), kdc + "says that " + who + " is disabled or locked out", eventlog.Refused},
		{"password expired", kdcError(t, 23, nil), kdc + "says that the password of " + who + " has expired: set a new one", eventlog.Refused},
		{"wrong password", kdcError(t, 24, nil), kdc + "refuses the password, or key, of " + who, eventlog.Refused},
		{"skew", kdcError(t, 37, nil), "kerberos: the clocks of this machine and of the KDC of QUARRY.EXAMPLE differ by more than 5 minutes: set them", eventlog.Failed},
		{"another code", kdcError(t, 60, nil), kdc + "answers (60) KRB_ERR_GENERIC Generic error (description in e-text)", eventlog.Failed},
		{"asks for nothing", kdcError(t, 25, nil), "kerberos: malformed message", eventlog.Failed},
		{"asks for it again and again", kdcError(t, 25, methods(1)), kdc + "answers (25) KDC_ERR_PREAUTH_REQUIRED Additional pre-authentication required", eventlog.Failed},
		{"too many rounds", kdcError(t, 25, methods(1<<31)), "kerberos: the KDC wants a password hashed 2147483648 times, at most 1048576 are done", eventlog.Failed},
		{"as many as can be said", kdcError(t, 25, methods(0)), "kerberos: the KDC wants a password hashed 0 times, at most 1048576 are done", eventlog.Failed},
		{"garbage", []byte("garbage"), "kerberos: malformed message", eventlog.Failed},
		{"damaged error", []byte("\x7e\x01\x00"), "kerberos: the KDC kdc.quarry.example:88 answers what cannot be understood", eventlog.Failed},
		{"nothing", nil, "kerberos: no KDC of QUARRY.EXAMPLE answers: start it, or name another one in krb5.conf: the KDC kdc.quarry.example:88 announces 0 bytes, at most 262144 are read", eventlog.Failed},
		{"too much", make([]byte, maxReply+1), "kerberos: no KDC of QUARRY.EXAMPLE answers: start it, or name another one in krb5.conf: the KDC kdc.quarry.example:88 announces 262145 bytes, at most 262144 are read", eventlog.Failed},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, err := NewClient(ClientOptions{Config: krb5Conf(t), User: "fred", Password: "wilma", Dial: answering(x.reply)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Ticket(t.Context(), "host", "bedrock")
			if err == nil || err.Error() != x.text || eventlog.StateOf(err) != x.state {
				t.Errorf("%v, %v\nwant %s, %v", err, eventlog.StateOf(err), x.text, x.state)
			}
		})
	}
}

// TestRefusedOnce: a wrong password is sent to the KDC once; one that is away is asked
// again, but not at once.
func TestRefusedOnce(t *testing.T) {
	asked, away, now := 0, true, time.Now()
	refuse := answering(kdcError(t, 24, nil))
	c, err := NewClient(ClientOptions{Config: krb5Conf(t), User: "fred@quarry.example", Password: "wilma", Now: func() time.Time { return now }, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		asked++
		if away {
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
		}
		return refuse(ctx, network, address)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != "fred@QUARRY.EXAMPLE" {
		t.Errorf("name %s", c.Name())
	}
	// The second comes too early to ask again.
	for n, state := range []eventlog.State{eventlog.Timeout, eventlog.Timeout, eventlog.Refused, eventlog.Refused, eventlog.Refused} {
		away = n == 0
		if n > 1 {
			now = now.Add(downFor)
		}
		if _, err := c.Ticket(t.Context(), "host", "bedrock"); eventlog.StateOf(err) != state {
			t.Errorf("%d: %v, want %v", n, err, state)
		}
	}
	if asked != 2 {
		t.Errorf("the KDC was asked %d times, want 2", asked)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Ticket(ctx, "host", "bedrock"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// cacheFile is a ticket cache of fred, with a ticket-granting ticket until 2030 and a
// ticket for cifs/bedrock, and an entry of the configuration.
func cacheFile(t testing.TB, version byte) []byte {
	t.Helper()
	return cacheUntil(t, version, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
}

func cacheUntil(t testing.TB, version byte, end time.Time) []byte {
	t.Helper()
	u32 := binary.BigEndian.AppendUint32
	data := func(b, d []byte) []byte { return append(u32(b, uint32(len(d))), d...) }
	name := func(b []byte, realm string, parts ...string) []byte {
		b = data(u32(u32(b, 1), uint32(len(parts))), []byte(realm))
		for _, p := range parts {
			b = data(b, []byte(p))
		}
		return b
	}
	keys := table(t, "krbtgt/"+realm, "cifs/bedrock")
	b := []byte{5, version}
	if version == 4 {
		b = append(b, 0, 12, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	b = name(b, realm, "fred")
	for _, server := range []string{"krbtgt/" + realm, "cifs/bedrock", ""} {
		b = name(b, realm, "fred")
		var ticketBytes []byte
		key := types.EncryptionKey{KeyType: 18, KeyValue: make([]byte, 32)}
		if server == "" {
			b = name(b, "X-CACHECONF:", "krb5_ccache_conf_data", "pa_type")
		} else {
			b = name(b, realm, strings.Split(server, "/")...)
			tkt := ticket(t, keys, ticketOptions{server: server})
			var err error
			if ticketBytes, err = tkt.ticket.Marshal(); err != nil {
				t.Fatal(err)
			}
			key = tkt.key
		}
		b = binary.BigEndian.AppendUint16(b, uint16(key.KeyType))
		if version == 3 {
			b = binary.BigEndian.AppendUint16(b, uint16(key.KeyType))
		}
		b = data(b, key.KeyValue)
		b = u32(u32(u32(u32(b, 1e9), 0), uint32(end.Unix())), 0)
		b = append(b, 0, 0x40, 0, 0, 0)
		b = data(append(u32(b, 1), 0, 2), []byte{127, 0, 0, 1}) // an address
		b = u32(b, 0)
		b = data(data(b, ticketBytes), nil)
	}
	return b
}

func TestCache(t *testing.T) {
	for _, version := range []byte{3, 4} {
		b := cacheFile(t, version)
		c, err := decodeCache(b)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{c.client.String()}
		for _, k := range c.tickets {
			got = append(got, k.server.String()+" "+k.start.Format(time.DateOnly)+" "+k.end.Format(time.DateOnly))
		}
		want := []string{"fred@QUARRY.EXAMPLE", "krbtgt/QUARRY.EXAMPLE@QUARRY.EXAMPLE 2001-09-09 2030-01-01", "cifs/bedrock@QUARRY.EXAMPLE 2001-09-09 2030-01-01"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("version %d: -want +got\n%s", version, d)
		}
		whole := 0
		for n := range b {
			if _, err := decodeCache(b[:n]); err == nil {
				whole++
			} else if !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
		if whole != 3 { // without tickets, with one, with two
			t.Errorf("%d beginnings are whole files", whole)
		}
	}
	for _, x := range []struct{ name, b, text string }{
		{"version", "\x05\x02\x00\x00", "ccache: credential.version at offset 0x2: have 0x0502, want 0x0503 or 0x0504"},
		{"components", "\x05\x03\x00\x00\x00\x01\xff\xff\xff\xff", "ccache: credential.default principal at offset 0xa: 4294967295 components, at most 16"},
		{"a name beyond the end", "\x05\x03\x00\x00\x00\x01\x00\x00\x00\x01\xff\xff\xff\xff", "ccache: credential.default principal at offset 0xe: the file ends amid it"},
	} {
		if _, err := decodeCache([]byte(x.b)); err == nil || err.Error() != x.text {
			t.Errorf("%s: %v, want %s", x.name, err, x.text)
		}
	}
}

// TestCachedTickets: what is in a cache is used as it is, and one that has ended is
// refused, until somebody has run kinit.
func TestCachedTickets(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "cc")
	c, err := NewClient(ClientOptions{Config: krb5Conf(t), Cache: name, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("the KDC is asked")
		return nil, os.ErrClosed
	}})
	if err != nil {
		t.Fatal(err)
	}
	get := func(want string) {
		t.Helper()
		tkt, err := c.Ticket(t.Context(), "cifs", "Bedrock.")
		switch {
		case want == "" && (err != nil || tkt.Client() != "fred@QUARRY.EXAMPLE"):
			t.Errorf("%v, %v", tkt, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist)):
			t.Errorf("%v, want %s", err, want)
		}
	}
	get("kerberos: no ticket: the cache " + name + ": it does not exist: run kinit")
	for _, x := range []struct {
		b    []byte
		want string
	}{
		{[]byte("\x05\x04"), "is damaged: run kinit: ccache: credential.header at offset 0x2: the file ends amid it"},
		{cacheUntil(t, 4, time.Now().Add(-time.Minute)), "kerberos: the ticket of fred@QUARRY.EXAMPLE has expired at "},
		{cacheFile(t, 4), ""},
	} {
		if err := os.WriteFile(name, x.b, 0o600); err != nil {
			t.Fatal(err)
		}
		get(x.want)
	}
	if c.Name() != "fred@QUARRY.EXAMPLE" {
		t.Errorf("name %q", c.Name())
	}
}

func TestNewClientErrors(t *testing.T) {
	damaged := filepath.Join(t.TempDir(), "krb5.conf")
	if err := os.WriteFile(damaged, []byte("[libdefaults]\n dns_lookup_kdc = perhaps\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		o    ClientOptions
		text string
	}{
		{ClientOptions{}, "kerberos: neither a ticket cache nor a user is named"},
		{ClientOptions{User: "fred"}, `kerberos: "fred" names no realm, and krb5.conf has no default_realm: give it as fred@QUARRY.EXAMPLE`},
		{ClientOptions{User: "@X", Password: "p"}, `kerberos: "@X" names no realm, and krb5.conf has no default_realm: give it as fred@QUARRY.EXAMPLE`},
		{ClientOptions{Cache: "x", Keytab: "y"}, "kerberos: of a keytab, which user? give --logon (-U) fred@QUARRY.EXAMPLE"},
		{ClientOptions{User: "fred@X", Keytab: "/nowhere/y"}, "kerberos: keytab /nowhere/y: it does not exist"},
		{ClientOptions{Cache: "x", Config: damaged}, "kerberos: " + damaged + ": error processing libdefaults section: "},
	} {
		if _, err := NewClient(x.o); err == nil || !strings.HasPrefix(err.Error(), x.text) {
			t.Errorf("%+v: %v, want %s", x.o.User, err, x.text)
		}
	}
}

func TestCachePath(t *testing.T) {
	for name, want := range map[string]string{
		"/tmp/krb5cc_0": "/tmp/krb5cc_0", "FILE:/tmp/krb5cc_0": "/tmp/krb5cc_0", `C:\cc`: `C:\cc`, "cc": "cc", "/tmp/a:b": "/tmp/a:b",
	} {
		if got, err := CachePath(name); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"KCM:", "KEYRING:persistent:0", "DIR:/tmp/x", "MEMORY:x"} {
		if got, err := CachePath(name); err == nil || !strings.Contains(err.Error(), "only FILE is read") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
