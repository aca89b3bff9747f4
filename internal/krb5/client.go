package krb5

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/types"
)

// maxSkew is how far clocks may differ.
const maxSkew = 5 * time.Minute

// ClientOptions are whose tickets a client has. Either Cache or User is needed; with
// User a Keytab, or a Password.
type ClientOptions struct {
	Config string // krb5.conf, or several with colons between, of which the first that exists counts; "": there is none
	Cache  string // a ticket cache file; "": none is looked at

	User     string // fred or fred@QUARRY.EXAMPLE; "": the cache's
	Keytab   string // a file with the user's keys; "": the Password is used
	Password string

	// Dial makes the connection to a KDC; nil: a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time // nil: time.Now
}

// Client gets tickets. It keeps what it gets, and gets it again when it ends. Its
// methods may be called by many goroutines; one at a time asks a KDC.
type Client struct {
	o         ClientOptions
	as, tgs   *config.Config
	principal principal // of a cache: none before it was read

	turn    chan struct{} // holds one token: whose turn it is to use what follows
	granter *Ticket       // the ticket-granting ticket; nil: none yet
	tickets map[string]*Ticket
	refused error // the password, or key, is wrong, which is not tried again
	down    error // why no KDC answered
	downAt  time.Time
	keytab  *keytab.Keytab

	mu   sync.Mutex // guards name
	name string
}

// NewClient makes a client. A KDC is asked, and the cache read, when there is need of
// a ticket.
func NewClient(o ClientOptions) (*Client, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	c := &Client{o: o, turn: make(chan struct{}, 1), tickets: map[string]*Ticket{}}
	c.turn <- struct{}{}
	var err error
	if c.as, err = loadConfig(o.Config); err != nil {
		return nil, err
	}
	tgs := *c.as
	c.tgs = &tgs
	// A service's key must be one that messages can be protected with; what is between
	// the KDC and us may have any.
	c.as.LibDefaults.Canonicalize = false
	c.as.LibDefaults.DefaultTktEnctypeIDs = []int32{
		etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96,
		etypeID.AES256_CTS_HMAC_SHA384_192, etypeID.AES128_CTS_HMAC_SHA256_128, etypeID.RC4_HMAC,
	}
	c.tgs.LibDefaults.Canonicalize = true // referrals
	c.tgs.LibDefaults.DefaultTGSEnctypeIDs = []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96}
	for _, l := range []*config.LibDefaults{&c.as.LibDefaults, &c.tgs.LibDefaults} {
		l.NoAddresses, l.Clockskew = true, maxSkew
	}

	switch {
	case o.User != "":
		name, realm := o.User, ""
		if i := strings.LastIndexByte(o.User, '@'); i >= 0 {
			name, realm = o.User[:i], o.User[i+1:]
		}
		if realm == "" {
			realm = c.as.LibDefaults.DefaultRealm
		}
		if name == "" || realm == "" {
			return nil, fmt.Errorf("kerberos: %q names no realm, and krb5.conf has no default_realm: give it as fred@QUARRY.EXAMPLE", o.User)
		}
		c.principal = principal{types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name), c.realmAsConfigured(realm)}
		c.name = c.principal.String()
	case o.Keytab != "":
		return nil, errors.New("kerberos: of a keytab, which user? give --logon (-U) fred@QUARRY.EXAMPLE")
	case o.Cache == "":
		return nil, errors.New("kerberos: neither a ticket cache nor a user is named")
	}
	if o.Keytab != "" {
		if c.keytab, err = loadKeytab(o.Keytab); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Name is whose tickets it has; "" where that is in a cache that was not read yet.
func (c *Client) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// loadConfig reads krb5.conf.
func loadConfig(names string) (*config.Config, error) {
	for name := range strings.SplitSeq(names, ":") {
		if name == "" {
			continue
		}
		b, err := readFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("kerberos: %s: %s", name, because(err))
		}
		var conf *config.Config
		err = guard(func() (err error) {
			conf, err = config.NewFromString(string(b))
			return err
		})
		if errors.As(err, new(config.UnsupportedDirective)) {
			err = nil // v4's, which nobody needs
		}
		if err != nil || conf == nil {
			return nil, fmt.Errorf("kerberos: %s: %w", name, err)
		}
		if !strings.Contains(string(b), "dns_lookup_kdc") {
			conf.LibDefaults.DNSLookupKDC = true // as other programs do
		}
		return conf, nil
	}
	conf := config.New() // DNS may know all that is needed
	conf.LibDefaults.DNSLookupKDC = true
	return conf, nil
}

// realmAsConfigured is the spelling of a realm in krb5.conf.
func (c *Client) realmAsConfigured(realm string) string {
	for _, r := range append([]config.Realm{{Realm: c.as.LibDefaults.DefaultRealm}}, c.as.Realms...) {
		if strings.EqualFold(r.Realm, realm) {
			return r.Realm
		}
	}
	return realm
}

// loadKeytab reads a keytab.
func loadKeytab(name string) (*keytab.Keytab, error) {
	b, err := readFile(name)
	if err != nil {
		return nil, fmt.Errorf("kerberos: keytab %s: %s", name, because(err))
	}
	k := keytab.New()
	// What the module says of a damaged one has its bytes.
	if err := guard(func() error { return k.Unmarshal(b) }); err != nil || len(k.Entries) == 0 {
		return nil, fmt.Errorf("kerberos: %s is no keytab, or has no keys", name)
	}
	return k, nil
}

// downFor is how long a KDC that did not answer is left alone: those that wait behind
// who has found it out would each wait for it as long.
const downFor = 5 * time.Second

// maxReferrals is how many realms are gone through.
const maxReferrals = 6

// Ticket gives a ticket for a service of a host, as "cifs" of "bedrock.quarry.example".
// An error is an [*Error], of the network, or ctx's.
func (c *Client) Ticket(ctx context.Context, service, host string) (*Ticket, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.turn:
	}
	defer func() { c.turn <- struct{}{} }()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	t, err := c.ticket(ctx, service+"/"+host, host)
	if err != nil && ctx.Err() == nil && err != c.down && isDown(err) {
		c.down, c.downAt = err, c.o.Now()
	}
	return t, err
}

// isDown says whether an error is that of the way to a KDC.
func isDown(err error) bool {
	var op net.Error
	return errors.As(err, &op)
}

// ticket is Ticket for who has the turn.
func (c *Client) ticket(ctx context.Context, spn, host string) (*Ticket, error) {
	now := c.o.Now()
	if t := c.tickets[spn]; t != nil && t.lasts(now) {
		return t, nil
	}
	if c.down != nil && now.Sub(c.downAt) < downFor {
		return nil, c.down
	}
	c.down = nil
	if err := c.logOn(ctx, now); err != nil {
		return nil, err
	}
	realm := c.tgs.ResolveRealm(host)
	if realm == "" {
		realm = c.granter.ticket.Realm
	}
	if t := c.tickets[spn+"@"+realm]; t != nil && t.lasts(now) { // of the cache
		return t, nil
	}
	t, err := c.walk(ctx, principal{types.NewPrincipalName(nametype.KRB_NT_SRV_INST, spn), realm})
	if err != nil {
		return nil, err
	}
	c.tickets[spn] = t
	return t, nil
}

// walk asks for a service's ticket, from realm to realm.
func (c *Client) walk(ctx context.Context, server principal) (*Ticket, error) {
	tgt := c.granter
	for range maxReferrals {
		at := tgt.ticket.SName.NameString[len(tgt.ticket.SName.NameString)-1]
		want := server.PrincipalName
		if server.Realm != at && tgt == c.granter {
			want = granting(server.Realm)
		}
		t, err := c.grant(ctx, at, tgt, want)
		if err != nil {
			return nil, err
		}
		if name := t.ticket.SName.NameString; len(name) != 2 || name[0] != "krbtgt" || name[1] == at {
			if !usable(t.key.KeyType) {
				return nil, answered(14, "", "the KDC of "+at, c.principal.String(), server.String())
			}
			return t, nil
		}
		tgt = t
	}
	return nil, &Error{Text: fmt.Sprintf("more than %d realms on the way to %s", maxReferrals, server)}
}

// granting is the service that grants tickets of a realm.
func granting(realm string) types.PrincipalName {
	return types.PrincipalName{NameType: nametype.KRB_NT_SRV_INST, NameString: []string{"krbtgt", realm}}
}

// logOn sees to it that there is a ticket-granting ticket.
func (c *Client) logOn(ctx context.Context, now time.Time) error {
	switch {
	case c.granter != nil && c.granter.lasts(now):
		return nil
	case c.refused != nil:
		return c.refused
	case c.o.User == "":
		return c.readCache(now)
	}
	t, err := c.authenticate(ctx)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			c.refused = err
		}
		return err
	}
	c.granter = t
	return nil
}

// readCache takes the tickets of the cache.
func (c *Client) readCache(now time.Time) error {
	b, err := readFile(c.o.Cache)
	if err != nil {
		return refusal("no ticket: the cache %s: %s: run kinit, or give --keytab, or --logon (-U)", c.o.Cache, because(err))
	}
	list, err := decodeCache(b)
	if err != nil {
		return refusal("the ticket cache %s is damaged: run kinit: %v", c.o.Cache, err)
	}
	server := principal{granting(list.client.Realm), list.client.Realm}
	found, ok := list.find(server)
	if !ok {
		return refusal("the ticket cache %s has no ticket of %s for its realm: run kinit", c.o.Cache, list.client)
	}
	t, err := found.decode()
	if err != nil {
		return refusal("the ticket cache %s is damaged: run kinit: %v", c.o.Cache, err)
	}
	switch {
	case !t.lasts(now):
		return refusal("the ticket of %s has expired at %s: run kinit", t.client, t.end.Format(time.DateTime+"Z07:00"))
	case t.start.After(now.Add(maxSkew)):
		return refusal("the ticket of %s is good from %s on only: run kinit, or set the clock", t.client, t.start.Format(time.DateTime+"Z07:00"))
	}
	c.granter, c.principal = t, list.client
	c.mu.Lock()
	c.name = list.client.String()
	c.mu.Unlock()
	for i := range list.tickets {
		if own := &list.tickets[i]; usable(own.key.KeyType) && own.client.Equal(list.client.PrincipalName) && own.client.Realm == list.client.Realm {
			if t, err := own.decode(); err == nil && t.lasts(now) {
				c.tickets[own.server.PrincipalNameString()+"@"+own.server.Realm] = t
			}
		}
	}
	return nil
}
