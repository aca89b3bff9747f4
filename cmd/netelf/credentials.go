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

	"netelf.example/internal/config"
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

	ca, fingerprint string // of servers over TLS

	mu      sync.Mutex
	asked   map[string]string // passwords, by user
	tickets map[ticketsOf]*krb5.Client
}

// ticketsOf is whose tickets there are, and by which keytab; the cache's have neither.
type ticketsOf struct{ user, keytab string }

// The variables that have the password where nobody can be asked, and the token of a
// program for servers over HTTP.
const (
	passwordVariable = "NETELF_PASSWORD"
	tokenVariable    = "NETELF_TOKEN"
)

// ofCredentials marks the flags that say who asks servers.
const ofCredentials = "netelf_credentials"

// credentialFlags adds the flags of verbs that may ask servers.
func (a *app) credentialFlags(cmd *cobra.Command) {
	f, fl := &a.credentials, cmd.Flags()
	fl.StringVar(&a.ownConfig, "config", "", "take names of servers, groups, and who asks them from this `file`\n(default ~/.config/netelf/config.yaml, if it is there)")
	fl.StringVarP(&f.user, "logon", "U", "", "log on to servers as this `user`, as fred or BEDROCK\\fred; the password is asked for,\nor is in "+passwordVariable)
	fl.StringVarP(&f.authFile, "auth-file", "A", "", "take user, password and domain, or a token, from this `file`, in the form that Samba's\nprograms have")
	fl.BoolVar(&f.anonymous, "anonymous", false, "log on to servers as nobody")
	fl.BoolVar(&f.bare, "allow-bare-bind", false, "ask a server without authentication inside the pipe if it takes none there")
	fl.BoolVarP(&f.kerberos, "kerberos", "k", false, "log on to servers by Kerberos: with the tickets of "+cacheVariable+", or as --logon fred@QUARRY.EXAMPLE says")
	fl.StringVar(&f.keytab, "keytab", "", "log on by Kerberos with the key of --logon that this `file` has")
	cmd.MarkFlagsMutuallyExclusive("kerberos", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("keytab", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("logon", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("auth-file", "anonymous")
	cmd.MarkFlagsMutuallyExclusive("keytab", "auth-file")
	fl.StringVar(&f.ca, "ca", "", "trust servers over https:// whose certificate is signed by one in this `file`")
	fl.StringVar(&f.fingerprint, "fingerprint", "", "trust the server over https:// whose certificate has this `SHA-256`, and no other")
	for _, name := range []string{"config", "logon", "auth-file", "anonymous", "allow-bare-bind", "kerberos", "keytab", "ca", "fingerprint"} {
		if err := fl.SetAnnotation(name, ofCredentials, []string{}); err != nil {
			panic(err) // the flag is not there: a mistake in this program
		}
	}
	if err := cmd.RegisterFlagCompletionFunc("logon", cobra.NoFileCompletions); err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}

// remote is how servers are asked; conf is who does where no flag says it.
func (a *app) remote(conf config.Logon) target.Remote {
	f := &a.credentials
	l := config.Logon{User: f.user, AuthFile: f.authFile, Kerberos: f.kerberos, Keytab: f.keytab}
	configured := l == config.Logon{} && !f.anonymous
	if configured {
		l = conf
	}
	return target.Remote{
		Credentials: func(ctx context.Context, named string) (target.Credentials, error) {
			return a.credentialsFor(ctx, l, named, configured)
		},
		Who:       a.who(l),
		AllowBare: f.bare,
		Notice:    func(text string) { a.say("netelf: %s", text) },
	}
}

// who is the user as it was given: a refusal of it counts for all servers. "" is
// nobody.
func (a *app) who(l config.Logon) string {
	switch {
	case a.credentials.anonymous:
		return ""
	case l.AuthFile != "" && l.User != "":
		return "file " + l.AuthFile + " user " + l.User
	case l.AuthFile != "":
		return "file " + l.AuthFile
	case l.Keytab != "":
		return "keytab " + l.Keytab + " user " + l.User
	case l.Kerberos && l.User == "":
		return "tickets"
	case l.User == "" && a.env(tokenVariable) != "":
		return "token"
	}
	return "user " + l.User
}

// credentialsFor says who asks a server; named is the user that its target names.
// The password of a file that is configured is that of no other user.
func (a *app) credentialsFor(ctx context.Context, l config.Logon, named string, configured bool) (target.Credentials, error) {
	f := &a.credentials
	f.mu.Lock() // one question at a time
	defer f.mu.Unlock()
	tickets := l.Kerberos || l.Keytab != ""
	var c target.Credentials
	switch {
	case f.anonymous:
		return target.Credentials{Anonymous: true}, nil
	case l.AuthFile != "":
		var err error
		if c, err = readAuthFile(l.AuthFile); err != nil {
			return c, fmt.Errorf("auth file %s: %w", l.AuthFile, err)
		}
	case !tickets:
		c.Token = a.env(tokenVariable)
	}
	if c.Token != "" && l.User == "" && named == "" {
		return c, nil
	}
	c.Token = "" // a user that was named is meant
	if l.User != "" {
		setUser(&c, l.User)
	}
	if named != "" {
		if configured && named != c.User && named != c.Domain+`\`+c.User {
			c = target.Credentials{}
		}
		setUser(&c, named)
	}
	if tickets {
		return a.ticketsFor(ctx, c, l.Keytab)
	}
	if c.User == "" {
		return c, errors.New("who asks? give --logon (-U), --kerberos (-k), --auth-file (-A) or --anonymous")
	}
	return a.withPassword(ctx, c)
}

// setUser makes c that of [DOMAIN\]user; a domain that it does not name stays.
func setUser(c *target.Credentials, user string) {
	c.User = user
	if domain, name, ok := strings.Cut(user, `\`); ok {
		c.Domain, c.User = domain, name
	}
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
func (a *app) ticketsFor(ctx context.Context, c target.Credentials, keytab string) (target.Credentials, error) {
	f := &a.credentials
	o := krb5.ClientOptions{Config: cmp.Or(a.env(configVariable), configFile), User: c.User, Keytab: keytab}
	if c.Domain != "" && c.User != "" {
		o.User = c.User + "@" + c.Domain // QUARRY.EXAMPLE\fred says the same
	}
	of := ticketsOf{o.User, keytab}
	if k := f.tickets[of]; k != nil {
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
		f.tickets = map[ticketsOf]*krb5.Client{}
	}
	f.tickets[of] = k
	return target.Credentials{Kerberos: k}, nil
}

// maxAuthFile bounds an authentication file, in bytes.
const maxAuthFile = 64 << 10

// private wants a file that only its owner gets at, where modes say so.
func private(f *os.File, what string) error {
	if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() && fi.Mode().Perm()&0o077 != 0 && os.Getuid() >= 0 {
		return fmt.Errorf("has the mode %#o, so others may get at %s: chmod 600 %s", fi.Mode().Perm(), what, f.Name())
	}
	return nil
}

// readAuthFile reads a file of Samba's form: username, password and domain, each
// behind an equals sign on a line of its own. Errors never have what stands there.
func readAuthFile(name string) (c target.Credentials, err error) {
	f, err := os.Open(name)
	if err != nil {
		return c, err
	}
	defer f.Close() // it was only read from
	if err := private(f, "the password"); err != nil {
		return c, err
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
			return c, fmt.Errorf("line %d: want username, password, domain or token, an equals sign, and a value", n)
		case key == "username":
			setUser(&c, value)
		case key == "password":
			if err := users.CheckPassword(value); err != nil && value != "" {
				return c, fmt.Errorf("line %d: %w", n, err)
			}
			c.Password = value
		case key == "token":
			c.Token = value
		case key == "domain":
			c.Domain = value
		default:
			return c, fmt.Errorf("line %d: unknown key; there are username, password, domain and token", n)
		}
	}
	if c.User == "" && c.Token == "" {
		return c, errors.New("names no user, and has no token")
	}
	return c, nil
}
