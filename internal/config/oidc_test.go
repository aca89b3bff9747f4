package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/nt"
)

// TestOIDC is a whole configuration of a provider.
func TestOIDC(t *testing.T) {
	c, err := Load(Source{"n.yaml", []byte(`
http:
  oidc_issuer: https://id.quarry.example/realms/quarry/
  oidc_client: netelf
  oidc_redirect: https://bedrock.quarry.example:7446/v1/session/oidc/callback
  oidc_scopes: openid  profile groups
  oidc_roles: CN=Admins,OU=Quarry=Administrators; ops=s-1-5-21-1-2-3-01105;ops=readers
`)}, []string{"NETELF_HTTP_OIDC_USERS=true"})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.OIDCIssuer != "https://id.quarry.example/realms/quarry/" || !c.HTTP.OIDCUsers || c.HTTP.OIDCName != "preferred_username" {
		t.Errorf("%+v", c.HTTP)
	}
	if d := cmp.Diff([]string{"openid", "profile", "groups"}, c.HTTP.OIDCScopes.List()); d != "" {
		t.Error(d)
	}
	want := []Role{{"CN=Admins,OU=Quarry", nt.SIDAdministrators}, {"ops", "S-1-5-21-1-2-3-1105"}, {"ops", nt.SIDEventLogReaders}}
	if d := cmp.Diff(want, c.HTTP.OIDCRoles.List()); d != "" {
		t.Error(d)
	}
}
