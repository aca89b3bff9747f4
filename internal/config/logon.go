package config

import (
	"errors"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"netelf.example/internal/quote"
)

// Logon is who asks a server. A password is never in a configuration: AuthFile is
// where there is one.
type Logon struct {
	User     string // [DOMAIN\]user; "": not said
	AuthFile string // of user and password, in the form that Samba's programs have; "": none
	Kerberos bool   // by tickets: of the cache, or got with User and a password
	Keytab   string // file that has User's key for Kerberos; "": none
}

const logonKeys = "user, auth_file, kerberos, keytab"

// logon reads a key of a Logon; false: k is none. A file is looked for beside the
// configuration that names it.
func (p *peopleLoader) logon(l *Logon, k, v *yaml.Node, key string) bool {
	switch k.Value {
	case "user":
		if text, ok := p.text(v, key, `a user, as fred or BEDROCK\fred`); ok {
			if strings.HasSuffix(text, `\`) {
				p.at(v, key, `have %s, want a user, as fred or BEDROCK\fred`, quote.Short(text))
			}
			l.User = text
		}
	case "auth_file":
		p.path(&l.AuthFile, v, key)
	case "keytab":
		p.path(&l.Keytab, v, key)
	case "kerberos":
		if !p.bare(v, key) {
			break
		}
		if v.Kind != yaml.ScalarNode || v.Tag != "!!bool" {
			p.at(v, key, "have %s, want true or false", quote.Short(v.Value))
		}
		l.Kerberos = v.Value == "true"
	case "password":
		p.at(k, key, "%w", errPassword)
	default:
		return false
	}
	return true
}

var errPassword = errors.New("no password stands in here: auth_file names a file of its own, of mode 0600, that has it")

// path is the name of a file; a relative one is looked for beside the configuration.
func (p *peopleLoader) path(name *string, v *yaml.Node, key string) {
	text, ok := p.text(v, key, "the name of a file")
	if ok && !filepath.IsAbs(text) {
		text = filepath.Join(filepath.Dir(p.name), text)
	}
	*name = text
}

// text is a value that is one line of text.
func (p *peopleLoader) text(n *yaml.Node, key, want string) (text string, ok bool) {
	if !p.bare(n, key) {
		return "", false
	}
	switch err := lineFlaw(n.Value); {
	case n.Kind != yaml.ScalarNode, isNull(n):
		p.at(n, key, "have %s, want %s", kindOf(n), want)
	case n.Tag != "!!str":
		p.at(n, key, "have %s, which is %s in YAML; want text: put it in quotes", quote.Short(n.Value), kindOf(n))
	case len(n.Value) > maxText:
		p.at(n, key, "have %d bytes, want at most %d", len(n.Value), maxText)
	case err != nil:
		p.at(n, key, "%w", err)
	case n.Value == "" || strings.TrimSpace(n.Value) != n.Value:
		p.at(n, key, "have %s, want %s", quote.Short(n.Value), want)
	default:
		return n.Value, true
	}
	return "", false
}
