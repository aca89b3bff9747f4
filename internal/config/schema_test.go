package config

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each key has all that its documentation needs, and a default that it allows.
func TestFields(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Fields() {
		if seen[f.Key] || seen[f.Env] {
			t.Errorf("%s, %s: one of them stands there twice", f.Key, f.Env)
		}
		seen[f.Key], seen[f.Env] = true, true
		if f.Doc == "" || strings.HasSuffix(f.Doc, ".") || !strings.HasPrefix(f.Env, "NETELF_") {
			t.Errorf("%+v", f)
		}
		c, err := Load(Source{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(f.Key, f.Default, "test"); err != nil {
			t.Error(err)
		}
		if got := c.Text(f.Key); got != f.Default {
			t.Errorf("default of %s: have %q, want %q", f.Key, got, f.Default)
		}
	}
	if len(seen) < 2*10 {
		t.Errorf("only %d keys and variables", len(seen))
	}
}

// docs/configuration.md has a table of all keys, and the file that says nothing
// but the defaults.
func TestDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var table []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "| `") && strings.Contains(line, "`NETELF_") {
			table = append(table, strings.TrimSpace(line))
		}
	}
	var want []string
	for _, f := range Fields() {
		def := "`" + f.Default + "`"
		if f.Default == "" {
			def = f.Empty
		}
		want = append(want, "| `"+f.Key+"` | `"+f.Env+"` | "+def+" | "+f.Doc+" |")
	}
	if d := cmp.Diff(want, table); d != "" {
		t.Errorf("the table of docs/configuration.md (-want +have):\n%s", d)
	}
}

// The configuration that docs/configuration.md prints is what would be printed, all of it.
func TestDocumentedPrint(t *testing.T) {
	b, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, have, found := strings.Cut(string(b), "    $ NETELF_SYNC=none netelf config print good.yaml\n")
	have, _, end := strings.Cut(have, "\n\n")
	if !found || !end {
		t.Fatal("docs/configuration.md prints no configuration")
	}
	c, err := Load(Source{"good.yaml", []byte("service:\n  data: /srv/events\n  max_size: 16MiB\n  computer: '0815'\n")}, []string{"NETELF_SYNC=none"})
	if err != nil {
		t.Fatal(err)
	}
	yaml, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(yaml)) {
		want = append(want, "    "+strings.TrimSuffix(line, "\n"))
	}
	if d := cmp.Diff(want, strings.Split(have, "\n")); d != "" {
		t.Errorf("the configuration in docs/configuration.md (-want +have):\n%s", d)
	}
}
