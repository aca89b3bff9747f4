package krb5

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

const realm = "QUARRY.EXAMPLE"

// tables are the keys of a KDC: of services, and of users.
func table(t testing.TB, names ...string) *keytab.Keytab {
	t.Helper()
	k := keytab.New()
	for _, name := range names {
		for _, etype := range []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.RC4_HMAC} {
			if err := k.AddEntry(name, realm, "key of "+name, time.Unix(1e9, 0), 1, etype); err != nil {
				t.Fatal(err)
			}
		}
	}
	return k
}

// write puts a keytab into a file.
func write(t testing.TB, name string, k *keytab.Keytab) {
	t.Helper()
	b, err := k.Marshal()
	if err == nil {
		err = os.WriteFile(name, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// service makes a service with the keys of host/bedrock, whose clock can be set.
func service(t testing.TB, now *time.Time) (*Service, *keytab.Keytab) {
	t.Helper()
	keys := table(t, "host/bedrock")
	name := filepath.Join(t.TempDir(), "keytab")
	write(t, name, keys)
	o := ServiceOptions{Keytab: name}
	if now != nil {
		o.Now = func() time.Time { return *now }
	}
	s, err := NewService(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, keys
}

// ticketOptions are what is special about a ticket; zero values are usual.
type ticketOptions struct {
	client, server string
	etype          int32
	begin, end     time.Duration // from now
	realm          string        // of the client
}

// ticket makes a ticket as a KDC does.
func ticket(t testing.TB, keys *keytab.Keytab, o ticketOptions) *Ticket {
	t.Helper()
	if o.client == "" {
		o.client = "fred"
	}
	if o.server == "" {
		o.server = "host/bedrock"
	}
	if o.etype == 0 {
		o.etype = etypeID.AES256_CTS_HMAC_SHA1_96
	}
	if o.end == 0 {
		o.end = 8 * time.Hour
	}
	if o.realm == "" {
		o.realm = realm
	}
	client := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, o.client)
	server := types.NewPrincipalName(nametype.KRB_NT_SRV_INST, o.server)
	now := time.Now().UTC().Truncate(time.Second)
	begin, end := now.Add(o.begin), now.Add(o.end)
	tkt, key, err := messages.NewTicket(client, o.realm, server, realm, types.NewKrbFlags(), keys, o.etype, 1, begin, begin, end, end)
	if err != nil {
		t.Fatal(err)
	}
	return &Ticket{client: principal{client, o.realm}, ticket: tkt, key: key, start: begin, end: end}
}

// logOn runs the three legs of DCE style.
func logOn(t testing.TB, s *Service, tkt *Ticket) (*Initiator, *Acceptor) {
	t.Helper()
	i, a := NewInitiator(tkt, DCE, true), s.Accept()
	request, done, err := i.Step(nil)
	if err != nil || done {
		t.Fatalf("request: %v, done %v", err, done)
	}
	reply, done, err := a.Step(request)
	if err != nil || done {
		t.Fatalf("reply: %v, done %v", err, done)
	}
	third, done, err := i.Step(reply)
	if err != nil || !done {
		t.Fatalf("third leg: %v, done %v", err, done)
	}
	last, done, err := a.Step(third)
	if err != nil || !done || last != nil {
		t.Fatalf("end: %v, done %v, %x", err, done, last)
	}
	return i, a
}
