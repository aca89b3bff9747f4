package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"netelf.example/api/server"
	"netelf.example/internal/config"
	"netelf.example/internal/oidc"
	"netelf.example/nt"
)

// maxSecret bounds the file of a secret, in bytes.
const maxSecret = 4096

// openOIDC is the provider that is configured, which is not asked yet; nil: none.
func openOIDC(c *config.HTTP) (*server.OIDC, error) {
	if c.OIDCIssuer == "" {
		return nil, nil
	}
	o := oidc.Options{
		Issuer: string(c.OIDCIssuer), Client: string(c.OIDCClient), Redirect: string(c.OIDCRedirect),
		Scopes: c.OIDCScopes.List(), Name: string(c.OIDCName),
	}
	out := &server.OIDC{Name: string(c.OIDCLabel), Known: bool(c.OIDCUsers), Roles: map[string][]nt.SID{}}
	for _, r := range c.OIDCRoles.List() {
		o.Groups = string(c.OIDCGroups) // else nobody needs them
		out.Roles[r.Group] = append(out.Roles[r.Group], r.SID)
	}
	if name := string(c.OIDCCA); name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("http.oidc_ca: %w", err)
		}
		if o.Roots = x509.NewCertPool(); !o.Roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("http.oidc_ca: %s: there is no certificate in it", name)
		}
	}
	var err error
	if name := string(c.OIDCSecret); name != "" {
		if o.Secret, err = readSecret(name); err != nil {
			return nil, fmt.Errorf("http.oidc_secret: %w", err)
		}
	}
	if out.Provider, err = oidc.New(o); err != nil {
		return nil, fmt.Errorf("http.oidc_issuer: %w", err)
	}
	return out, nil
}

// readSecret is the one line of a file that is for its owner alone. Errors never have
// what stands there.
func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() // it was only read from
	if err := private(f, "the secret"); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(b), "\r\n")
	switch {
	case len(b) > maxSecret:
		err = fmt.Errorf("is larger than %d bytes", maxSecret)
	case secret == "":
		err = errors.New("is empty")
	case strings.ContainsAny(secret, "\r\n\x00"):
		err = errors.New("has more than one line")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return secret, nil
}
