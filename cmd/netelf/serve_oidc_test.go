package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/internal/config"
	"netelf.example/nt"
)

// TestReadSecret reads one line of a file that is for its owner, and never says it.
func TestReadSecret(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		mode       os.FileMode
		want, err  string
	}{
		{"a line", "Yabba & Dabba: Doo\r\n", 0o600, "Yabba & Dabba: Doo", ""},
		{"no end of line", " Yabba", 0o400, " Yabba", ""},
		{"nothing", "\n", 0o600, "", "is empty"},
		{"two lines", "Yabba\nDabba\n", 0o600, "", "has more than one line"},
		{"large", "Yabba" + strings.Repeat("x", maxSecret), 0o600, "", "is larger than 4096 bytes"},
		{"of others", "Yabba", 0o640, "", "others may get at the secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.mode&0o077 != 0 && os.Getuid() < 0 {
				t.Skip("modes say nothing here")
			}
			name := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(name, []byte(tt.text), tt.mode); err != nil {
				t.Fatal(err)
			}
			got, err := readSecret(name)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && (!strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "Yabba")) {
				t.Errorf("%q, %v, want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
}

// TestOpenOIDC makes a provider of the configuration, without asking it.
func TestOpenOIDC(t *testing.T) {
	conf := config.HTTP{}
	if o, err := openOIDC(&conf); o != nil || err != nil {
		t.Errorf("%v, %v", o, err)
	}
	conf.OIDCIssuer, conf.OIDCClient, conf.OIDCLabel = "https://id.invalid", "netelf", "Quarry"
	conf.OIDCRedirect = "https://bedrock.invalid" + config.OIDCCallback
	conf.OIDCRoles = "a=administrators; b=readers; a=S-1-5-21-1-2-3-1105"
	o, err := openOIDC(&conf)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]nt.SID{"a": {nt.SIDAdministrators, "S-1-5-21-1-2-3-1105"}, "b": {nt.SIDEventLogReaders}}
	if d := cmp.Diff(want, o.Roles); d != "" || o.Known || o.Name != "Quarry" || o.Provider.Host() != "id.invalid" || !o.Provider.Secure() {
		t.Errorf("%+v (-want +got):\n%s", o, d)
	}
	none := filepath.Join(t.TempDir(), "none")
	if err := os.WriteFile(none, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf.OIDCCA = config.Path(none)
	if _, err := openOIDC(&conf); err == nil || !strings.HasPrefix(err.Error(), "http.oidc_ca: ") {
		t.Error(err)
	}
	conf.OIDCCA, conf.OIDCSecret = "", config.Path(none+"x")
	if _, err := openOIDC(&conf); err == nil || !strings.HasPrefix(err.Error(), "http.oidc_secret: ") {
		t.Error(err)
	}
}
