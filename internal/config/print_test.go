package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestYAML(t *testing.T) {
	c, err := Load(Source{"/etc/netelf/n.yaml", []byte("service:\n  data: '/srv/#1: events'\n  computer: '0815'\n  max_size: 65536\n")},
		[]string{"NETELF_SYNC_EVERY=90s", "NETELF_ADMIN_GROUP=\u00e4dmins"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Set("service.max_size", "100000", "--max-size"); err != nil {
		t.Fatal(err)
	}
	got, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	const want = `service:
  data: "/srv/#1: events"          # /etc/netelf/n.yaml:2
  socket: /run/netelf/netelf.sock  # default
  admin_group: ädmins              # NETELF_ADMIN_GROUP
  computer: "0815"                 # /etc/netelf/n.yaml:3
  sync: always                     # default
  sync_every: 1m30s                # NETELF_SYNC_EVERY
  backup: ""                       # default
  users: ""                        # default
  max_size: 100000                 # --max-size
  log_level: info                  # default
rpc:
  listen: ""                       # default
  mapper: ""                       # default
  security: auto                   # default
  anonymous: false                 # default
  domain: ""                       # default
  keytab: ""                       # default
  realm: ""                        # default
  samba_pipe: ""                   # default
  winbind: ""                      # default
http:
  listen: ""                       # default
  plain: false                     # default
  certificate: ""                  # default
  key: ""                          # default
  session_idle: 1h                 # default
  session_most: 24h                # default
  max_connections: 1024            # default
  proxies: ""                      # default
  max_records: 10000000            # default
  oidc_issuer: ""                  # default
  oidc_client: ""                  # default
  oidc_secret: ""                  # default
  oidc_redirect: ""                # default
  oidc_ca: ""                      # default
  oidc_label: ""                   # default
  oidc_scopes: openid profile      # default
  oidc_name: preferred_username    # default
  oidc_users: false                # default
  oidc_groups: groups              # default
  oidc_roles: ""                   # default
watch:
  servers: ""                      # default
  every: 5m                        # default
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	again, err := Load(Source{"again", got}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := same(c, again); d != "" {
		t.Errorf("-printed +loaded:\n%s", d)
	}
}

// What text gives, set takes.
func TestText(t *testing.T) {
	for _, tt := range []struct{ key, text, want string }{
		{"service.max_size", "1", "1"},
		{"service.max_size", "1023B", "1023"},
		{"service.max_size", "1024", "1KiB"},
		{"service.max_size", "1536 kb", "1536KiB"},
		{"service.max_size", "2048KiB", "2MiB"},
		{"service.max_size", "1024m", "1GiB"},
		{"service.max_size", "4294901760", "4194240KiB"},
		{"service.sync_every", "1000ms", "1s"},
		{"service.sync_every", "60s", "1m"},
		{"service.sync_every", "1h", "1h"},
		{"service.sync_every", "10m0s", "10m"},
		{"service.sync_every", "90s", "1m30s"},
		{"service.sync_every", "1.5ms", "1.5ms"},
		{"service.log_level", "warn", "warn"},
	} {
		c, err := Load(Source{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{tt.text, tt.want} {
			if err := c.Set(tt.key, text, "test"); err != nil {
				t.Errorf("%s %s: %v", tt.key, text, err)
			}
			if got := c.Text(tt.key); got != tt.want {
				t.Errorf("%s %s: have %s, want %s", tt.key, text, got, tt.want)
			}
		}
	}
}

func TestOrigin(t *testing.T) {
	for want, o := range map[string]Origin{
		"default": {}, "a.yaml:3": {"a.yaml", 3}, "--data": {Name: "--data"}, `"a\nb":1`: {"a\nb", 1},
	} {
		if got := o.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
