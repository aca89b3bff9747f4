package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "netelf.example"

// layers is who may import whom: a package imports only what stands in a line
// above its own. Paths are relative to the module; "." is its root.
var layers = [][]string{
	{"nt"},
	{"eventlog", "internal/certs", "internal/quote", "internal/worded"},
	{"internal/wire", "internal/filelog", "internal/hexdoc", "internal/journal", "internal/config", "internal/users", "internal/oidc", "internal/regf", "internal/spelling", "internal/version"},
	{"evt", "binxml", "query", "render", "scan", "internal/ndr", "internal/ntlm"},
	{"evtx", "internal/reading", "internal/krb5", "internal/spnego", "internal/dcerpc"},
	{"internal/epm", "internal/npa", "internal/winreg", "internal/rpcauth", "internal/smb", "internal/winbind",
		"internal/results", "internal/watch", "message"},
	{"files", "internal/sourcetext"},
	{"service", "even", "api", "message/catalog"},
	{"target", "api/server", "internal/catalogserver"},
	{"."},
	{"web"},
	{"cmd/netelf"},
}

// outside is what a public package may bring along from other modules, directly
// or through its imports. A package that is not named here brings nothing. What ends
// with ... is all packages of a module.
var outside = map[string][]string{
	"internal/config":  {"go.yaml.in/yaml/v4"},
	"internal/krb5":    {"github.com/jcmturner/gofork/encoding/asn1", "github.com/jcmturner/gokrb5/v8/..."},
	"internal/npa":     {"golang.org/x/sys/unix"},
	"internal/ntlm":    {"golang.org/x/crypto/md4"},
	"internal/oidc":    {"github.com/coreos/go-oidc/v3/oidc", "golang.org/x/oauth2"},
	"internal/rpcauth": {"github.com/jcmturner/gofork/encoding/asn1", "github.com/jcmturner/gokrb5/v8/...", "golang.org/x/crypto/md4"},
	"internal/smb":     {"github.com/cloudsoda/go-smb2", "github.com/jcmturner/gofork/encoding/asn1", "github.com/jcmturner/gokrb5/v8/..."},
	"internal/users": {
		"golang.org/x/crypto/argon2", "golang.org/x/crypto/md4", "golang.org/x/sys/unix", "golang.org/x/sys/windows",
	},
	"internal/catalogserver": {
		"github.com/cloudsoda/go-smb2", "github.com/jcmturner/gofork/encoding/asn1", "github.com/jcmturner/gokrb5/v8/...",
		"golang.org/x/crypto/md4", "modernc.org/sqlite",
	},
	"message/catalog": {"modernc.org/sqlite"},
	"api/server": {
		"github.com/coreos/go-oidc/v3/oidc",
		"github.com/danielgtaylor/huma/v2", "github.com/danielgtaylor/huma/v2/adapters/humago",
		"golang.org/x/crypto/argon2", "golang.org/x/crypto/md4", "golang.org/x/oauth2",
		"golang.org/x/sync/semaphore", "golang.org/x/sys/unix", "golang.org/x/sys/windows",
	},
	"service": {"golang.org/x/sys/unix", "golang.org/x/sys/windows"},
	"target": {
		"github.com/cloudsoda/go-smb2", "github.com/jcmturner/gofork/encoding/asn1", "github.com/jcmturner/gokrb5/v8/...",
		"golang.org/x/crypto/md4", "golang.org/x/sys/unix", "golang.org/x/sys/windows",
	},
	"cmd/netelf": {
		"github.com/cloudsoda/go-smb2", "github.com/coreos/go-oidc/v3/oidc", "github.com/coreos/go-systemd/v22/daemon",
		"github.com/danielgtaylor/huma/v2", "github.com/danielgtaylor/huma/v2/adapters/humago",
		"github.com/jcmturner/gofork/encoding/asn1", "github.com/jcmturner/gokrb5/v8/...",
		"github.com/spf13/cobra", "github.com/spf13/cobra/doc", "github.com/spf13/pflag",
		"github.com/vbauerster/mpb/v8", "github.com/vbauerster/mpb/v8/decor",
		"go.yaml.in/yaml/v4", "golang.org/x/crypto/argon2", "golang.org/x/crypto/md4", "golang.org/x/oauth2",
		"golang.org/x/sync/semaphore", "golang.org/x/sys/unix", "golang.org/x/sys/windows", "golang.org/x/term",
		"modernc.org/sqlite",
	},
}

// helpers stand outside the layers: they are imported by tests only, or are
// programs of their own.
var helpers = []string{"internal/logtest", "internal/logtest/pebuild", "internal/logtest/petest", "internal/layers", "internal/journal/journaltest", "internal/oidc/oidctest", "interop", "bench", "web/webtest", "web/webtest/serve"}

// imports is what each package of the module imports, tests apart.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	tree := os.DirFS("../..")
	all := map[string]map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "tools" || base == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if all[dir] == nil {
			all[dir] = map[string]bool{}
		}
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			all[dir][p] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]string{}
	for dir, set := range all {
		list[dir] = slices.Sorted(maps.Keys(set))
	}
	return list
}

// local is the module's own package that an import path means.
func local(imported string) (dir string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

func TestLayers(t *testing.T) {
	layer := map[string]int{}
	for i, l := range layers {
		for _, p := range l {
			layer[p] = i
		}
	}
	packages := imports(t)
	if len(packages) < 5 {
		t.Fatalf("only %d packages found", len(packages))
	}
	for dir, list := range packages {
		if slices.Contains(helpers, dir) {
			continue
		}
		mine, ok := layer[dir]
		if !ok {
			t.Errorf("package %s stands in no layer: put it into the table here and into ARCHITECTURE.md", dir)
			continue
		}
		for _, imported := range list {
			p, ok := local(imported)
			if !ok {
				continue
			}
			if its, ok := layer[p]; !ok || its >= mine {
				t.Errorf("%s (layer %d) imports %s (layer %d)", dir, mine, p, its)
			}
		}
	}
}

func TestOutside(t *testing.T) {
	packages := imports(t)
	var collect func(dir string, seen, found map[string]bool)
	collect = func(dir string, seen, found map[string]bool) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		for _, imported := range packages[dir] {
			if p, ok := local(imported); ok {
				collect(p, seen, found)
			} else if strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				found[imported] = true
			}
		}
	}
	for dir := range packages {
		if slices.Contains(helpers, dir) {
			continue
		}
		found := map[string]bool{}
		collect(dir, map[string]bool{}, found)
		for _, p := range slices.Sorted(maps.Keys(found)) {
			if !slices.ContainsFunc(outside[dir], func(may string) bool {
				module, all := strings.CutSuffix(may, "...")
				return p == may || all && strings.HasPrefix(p+"/", module)
			}) {
				t.Errorf("%s brings along %s", dir, p)
			}
		}
	}
}
