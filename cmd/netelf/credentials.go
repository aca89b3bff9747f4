package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"netelf.example/internal/krb5"
	"netelf.example/internal/users"
	"netelf.example/target"
)

// credentialFlags are who asks servers, as it was given.
type credentialFlags struct {
	user      string // [DOMAIN\]user
	authFile  string
	anonymous bool
	bare      bool
	kerberos  bool
	keytab    string // implies kerberos

	mu      sync.Mutex
	asked   map[string]string       // passwords, by user
	tickets map[string]*krb5.Client // by user, "" of the ticket cache
}

// passwordVariable has the password where nobody can be asked.
const passwordVariable = "NETELF_PASSWORD"

// credentialFlags adds the flags of verbs that may ask servers.
func (a *app) credentialFlags(cmd *cobra.Command) {
	f, fl := &a.credentials, cmd.Flags()
	fl.StringVarP(&f.user, "logon", "U", "", "log on to servers as this `user`, as fred or BEDROCK\\fred; the password is asked for,\nor is in "+passwordVariable)
	fl.StringVarP(&f.authFile, "auth-file", "A", "", "take user, password and domain from this `file`, in the form that Samba's programs have")
	fl.BoolVar(&f.anonymous, "anonymous", false, "log on to servers as nobody")
	fl.BoolVar(&f.bare, "allow-bare-bind", false, "ask a server without authentication inside the pipe if it takes none there")
	fl.BoolVarP(&f.kerberos, "kerberos", "k", false, "log on to servers by Kerberos: with the tickets of "+cacheVariable+", or as --logon fred@QUARRY.EXAMPLE says")
	fl.StringVar(&f.keytab, "keytab", "", "log on by Kerberos with the key of --logon that this `file` has")
	cmd.MarkFlagsMutuallyExclusive("kerberos", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("keytab", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("keytab", "auth-file")
	if err := cmd.RegisterFlagCompletionFunc("logon", cobra.NoFileCompletions); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}

// remote is how servers are asked.
func (a *app) remote() target.Remote {
	return target.Remote{
		Credentials: a.credentialsFor,
		Who:         a.whoAsks(),
		AllowBare:   a.credentials.bare,
		Notice:      func(text string) { a.say("netelf: %s", text) },
	}
}

// whoAsks is the user as it was given: a refusal of it counts for all servers. ""
// is nobody.
func (a *app) whoAsks() string {
	f := &a.credentials
	switch {
	case f.anonymous:
		return ""
	case f.authFile != "":
		return "file " + f.authFile
	case f.keytab != "":
		return "keytab " + f.keytab + " user " + f.user
	case f.kerberos && f.user == "":
		return "tickets"
	}
	return "user " + f.user
}

// credentialsFor says who asks a server; named is the user that its target names.
func (a *app) credentialsFor(ctx context.Context, named string) (target.Credentials, error) {
	f := &a.credentials
	f.mu.Lock() // one question at a time
	defer f.mu.Unlock()
	var c target.Credentials
	switch {
	case f.anonymous:
		return target.Credentials{Anonymous: true}, nil
	case f.authFile != "":
		var err error
		if c, err = readAuthFile(f.authFile); err != nil {
			return c, fmt.Errorf("--auth-file %s: %w", f.authFile, err)
		}
	}
	if user := f.user; user != "" || named != "" {
		if named != "" {
			user = named
		}
		c.User = user
		if domain, name, ok := strings.Cut(user, `\`); ok {
			c.Domain, c.User = domain, name
		}
	}
	if f.kerberos || f.keytab != "" {
		return a.ticketsFor(ctx, c)
	}
	if c.User == "" {
		return c, errors.New("who asks? give --logon (-U), --kerberos (-k), --auth-file (-A) or --anonymous")
	}
	return a.withPassword(ctx, c)
}

// withPassword adds the password of a user, and asks for it where it must.
func (a *app) withPassword(ctx context.Context, c target.Credentials) (target.Credentials, error) {
	f := &a.credentials
	if c.Password != "" {
		return c, nil
	}
	if c.Password = a.env(passwordVariable); c.Password != "" {
		return c, nil
	}
	who := c.Domain + `\` + c.User
	if password, ok := f.asked[who]; ok {
		c.Password = password
		return c, nil
	}
	if !a.interactive() {
		return c, fmt.Errorf("there is no password for %s: it is asked for on a terminal, or is in %s or --auth-file", c.User, passwordVariable)
	}
	password, err := a.askPassword(ctx, "password of "+c.User+": ")
	if err != nil {
		return c, err
	}
	if f.asked == nil {
		f.asked = map[string]string{}
	}
	f.asked[who], c.Password = password, password
	return c, nil
}

// Where tickets, and what is known of realms, are found: the variables of all programs
// that speak Kerberos, and what holds without them.
const (
	cacheVariable  = "KRB5CCNAME"
	configVariable = "KRB5_CONFIG"
	configFile     = "/etc/krb5.conf"
)

// ticketsFor makes who asks one that has tickets. The client of a user is the same for
// all servers: one ticket-granting ticket does.
func (a *app) ticketsFor(ctx context.Context, c target.Credentials) (target.Credentials, error) {
	f := &a.credentials
	o := krb5.ClientOptions{Config: cmp.Or(a.env(configVariable), configFile), User: c.User, Keytab: f.keytab}
	if c.Domain != "" && c.User != "" {
		o.User = c.User + "@" + c.Domain // QUARRY.EXAMPLE\fred says the same
	}
	if k := f.tickets[o.User]; k != nil {
		return target.Credentials{Kerberos: k}, nil
	}
	switch {
	case o.Keytab != "":
	case o.User == "":
		name := a.env(cacheVariable)
		if uid := os.Getuid(); name == "" && uid >= 0 {
			name = fmt.Sprintf("/tmp/krb5cc_%d", uid)
		}
		if name == "" { // Windows
			return c, errors.New("whose tickets? set " + cacheVariable + ", or give --logon (-U)")
		}
		var err error
		if o.Cache, err = krb5.CachePath(name); err != nil {
			return c, err
		}
	default:
		var err error
		if c, err = a.withPassword(ctx, c); err != nil {
			return c, err
		}
		o.Password = c.Password
	}
	k, err := krb5.NewClient(o)
	if err != nil {
		return c, err
	}
	if f.tickets == nil {
		f.tickets = map[string]*krb5.Client{}
	}
	f.tickets[o.User] = k
	return target.Credentials{Kerberos: k}, nil
}

// maxAuthFile bounds an authentication file, in bytes.
const maxAuthFile = 64 << 10

// readAuthFile reads a file of Samba's form: username, password and domain, each
// behind an equals sign on a line of its own. Errors never have what stands there.
func readAuthFile(name string) (c target.Credentials, err error) {
	f, err := os.Open(name)
	if err != nil {
		return c, err
	}
	defer f.Close() // it was only read from
	if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() && fi.Mode().Perm()&0o077 != 0 && os.Getuid() >= 0 {
		return c, fmt.Errorf("has the mode %#o, so others may get at the password: chmod 600 %s", fi.Mode().Perm(), name)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxAuthFile+1))
	if err != nil {
		return c, err
	}
	if len(b) > maxAuthFile {
		return c, fmt.Errorf("is larger than %d bytes", maxAuthFile)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, maxAuthFile)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch key = strings.ToLower(strings.TrimSpace(key)); {
		case !ok:
			return c, fmt.Errorf("line %d: want username, password or domain, an equals sign, and a value", n)
		case key == "username":
			c.User = value
			if domain, name, ok := strings.Cut(value, `\`); ok {
				c.Domain, c.User = domain, name
			}
		case key == "password":
			if err := users.CheckPassword(value); err != nil && value != "" {
				return c, fmt.Errorf("line %d: %w", n, err)
			}
			c.Password = value
		case key == "domain":
			c.Domain = value
		default:
			return c, fmt.Errorf("line %d: unknown key; there are username, password and domain", n)
		}
	}
	if c.User == "" {
		return c, errors.New("names no user")
	}
	return c, nil
}
