package main

import (
	"os"
	"path/filepath"
	"testing"

	"netelf.example/internal/config"
	"netelf.example/target"
)

// Who asks a server: what is typed goes before what is configured, and no password
// goes with a user that it is not of.
func TestWhoAsks(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	wilma := file("wilma", "username = QUARRY\\wilma\npassword = of wilma\n")
	betty := file("betty", "username = betty\npassword = of betty\n")
	of := func(domain, user, password string) target.Credentials {
		return target.Credentials{Domain: domain, User: user, Password: password}
	}
	type flags struct {
		user, authFile string
		anonymous      bool
	}
	for _, x := range []struct {
		name  string
		flags flags
		conf  config.Logon
		named string // in the target
		want  target.Credentials
		who   string
	}{
		{"a flag", flags{user: `SLATE\fred`}, config.Logon{}, "", of("SLATE", "fred", "of the environment"), `user SLATE\fred`},
		{"a flag goes before", flags{user: "fred"}, config.Logon{AuthFile: wilma}, "", of("", "fred", "of the environment"), "user fred"},
		{"a flag's file goes before", flags{authFile: betty}, config.Logon{User: "fred", AuthFile: wilma}, "", of("", "betty", "of betty"), "file " + betty},
		{"anonymous goes before", flags{anonymous: true}, config.Logon{AuthFile: wilma}, "", target.Credentials{Anonymous: true}, ""},
		{"configured user", flags{}, config.Logon{User: `SLATE\fred`}, "", of("SLATE", "fred", "of the environment"), `user SLATE\fred`},
		{"configured file", flags{}, config.Logon{AuthFile: wilma}, "", of("QUARRY", "wilma", "of wilma"), "file " + wilma},
		{"both", flags{}, config.Logon{User: "fred", AuthFile: betty}, "", of("", "fred", "of betty"), "file " + betty + " user fred"},
		{"named as configured", flags{}, config.Logon{AuthFile: wilma}, "wilma", of("QUARRY", "wilma", "of wilma"), "file " + wilma},
		{"named with its domain", flags{}, config.Logon{AuthFile: wilma}, `QUARRY\wilma`, of("QUARRY", "wilma", "of wilma"), "file " + wilma},
		{"another is named", flags{}, config.Logon{AuthFile: wilma}, "fred", of("", "fred", "of the environment"), "file " + wilma},
		{"another is named beside a flag", flags{authFile: betty}, config.Logon{}, "fred", of("", "fred", "of betty"), "file " + betty},
		{"and beside one that says what is configured", flags{authFile: betty}, config.Logon{AuthFile: betty}, "fred", of("", "fred", "of betty"), "file " + betty},
	} {
		t.Run(x.name, func(t *testing.T) {
			a := &app{environ: func() []string { return []string{passwordVariable + "=of the environment"} }}
			a.credentials.user, a.credentials.authFile, a.credentials.anonymous = x.flags.user, x.flags.authFile, x.flags.anonymous
			r := a.remote(x.conf)
			got, err := r.Credentials(t.Context(), x.named)
			if err != nil || got != x.want || r.Who != x.who {
				t.Errorf("%+v with the right password %v, %v, of %q", got, got.Password == x.want.Password, err, r.Who)
			}
		})
	}
}
