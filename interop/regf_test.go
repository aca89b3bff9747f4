//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/internal/logtest"
	"netelf.example/internal/regf"
	"netelf.example/nt"
)

// emptyHive is a hive with a root key, for hivex to fill.
func emptyHive() []byte {
	le := binary.LittleEndian
	b := make([]byte, 2*4096)
	put := func(at int, list ...uint32) {
		for i, v := range list {
			le.PutUint32(b[at+4*i:], v)
		}
	}
	copy(b, "regf")
	put(4, 1, 1)
	put(20, 1, 3, 0, 1, 0x20, 4096, 1)
	var sum uint32
	for i := 0; i < 508; i += 4 {
		sum ^= le.Uint32(b[i:])
	}
	put(508, sum)
	copy(b[4096:], "hbin")
	put(4096+8, 4096)
	cell := func(at, size int, sig string) int {
		put(4096+at, uint32(-size))
		copy(b[4096+at+4:], sig)
		return 4096 + at + 4
	}
	nk := cell(0x20, 0x58, "nk")
	le.PutUint16(b[nk+2:], 0x2c) // the root, with a name in Latin-1
	put(nk+16, 0xffffffff, 0, 0, 0xffffffff, 0xffffffff, 0, 0xffffffff, 0x78, 0xffffffff)
	le.PutUint16(b[nk+72:], 4)
	copy(b[nk+76:], "ROOT")
	sk := cell(0x78, 0x30, "sk")
	put(sk+4, 0x78, 0x78, 1, 20, 0x80000001) // by itself in its list; an empty descriptor
	put(4096+0xa8, 4096-0xa8)                // free
	return b
}

// merge merges a .reg file into a hive, by hivex, which wants the keys above each
// named as well.
func merge(t testing.TB, hive, prefix, reg string) {
	t.Helper()
	whole := "Windows Registry Editor Version 5.00\n\n"
	seen := map[string]bool{prefix: true}
	for line := range strings.Lines(reg) {
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), "["); ok {
			key = strings.TrimSuffix(key, "]")
			for i := range len(key) {
				if above := key[:i]; key[i] == '\\' && !seen[above] {
					seen[above] = true
					whole += "[" + above + "]\n\n"
				}
			}
			seen[key] = true
		}
		whole += line
	}
	name := filepath.Join(t.TempDir(), "x.reg")
	if err := os.WriteFile(name, []byte(whole), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := run(logtest.Program(t, "hivexregedit", "libwin-hivex-perl"), "--merge", "--encoding", "UTF-16LE", "--prefix", prefix, hive, name); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// newHive makes a hive of a .reg file.
func newHive(t testing.TB, hive, prefix, reg string) {
	t.Helper()
	if err := os.WriteFile(hive, emptyHive(), 0o666); err != nil {
		t.Fatal(err)
	}
	merge(t, hive, prefix, reg)
}

func openHive(t testing.TB, name string) *regf.Hive {
	t.Helper()
	f, size := openFile(t, name)
	h, err := regf.Open(f, size, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range h.Damage() {
		t.Error(err)
	}
	return h
}

// exportedHive is a hive as hivexregedit exports it: the lines of each key.
func exportedHive(t *testing.T, k *regf.Key, path string, all map[string][]string) {
	t.Helper()
	lines := []string{}
	for v, err := range k.Values() {
		if err != nil {
			t.Error(err)
			continue
		}
		s := "@"
		if v.Name != "" {
			s = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.Name) + `"`
		}
		if v.Type == regf.TypeNumber && len(v.Data) == 4 {
			s += fmt.Sprintf("=dword:%08x", binary.LittleEndian.Uint32(v.Data))
		} else {
			s += fmt.Sprintf("=hex(%x):", uint32(v.Type))
			s += strings.ReplaceAll(fmt.Sprintf("% x", v.Data), " ", ",")
		}
		lines = append(lines, s)
	}
	slices.Sort(lines)
	if all[path] != nil {
		t.Errorf("%s comes twice", path)
	}
	all[path] = lines
	for below, err := range k.Keys() {
		if err != nil {
			t.Error(err)
			continue
		}
		exportedHive(t, below, path+`\`+below.Name, all)
	}
}

// byHivex is what hivexregedit exports of a hive.
func byHivex(t *testing.T, name string) map[string][]string {
	t.Helper()
	out, err := run(logtest.Program(t, "hivexregedit", "libwin-hivex-perl"), "--export", "--prefix", "P", name, `\`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	key := ""
	for line := range strings.Lines(out) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "["):
			key = strings.TrimSuffix(strings.Trim(line, "[]"), `\`)
			all[key] = []string{}
		case key != "" && line != "":
			all[key] = append(all[key], line)
		}
	}
	for _, lines := range all {
		slices.Sort(lines)
	}
	return all
}

// TestRegfHivex: every key and value of hives that hivex made is what hivex reads
// itself; and those of a hive of Windows, where NETELF_HIVE names one.
func TestRegfHivex(t *testing.T) {
	logtest.Program(t, "hivexregedit", "libwin-hivex-perl")
	name := filepath.Join(t.TempDir(), "SYSTEM")
	var reg strings.Builder
	hex := func(b []byte) string { return strings.ReplaceAll(fmt.Sprintf("% x", b), " ", ",") }
	for i := range 700 { // more than one list of keys has
		fmt.Fprintf(&reg, "[P\\Many\\key %d]\n\"number\"=dword:%08x\n\"EventMessageFile\"=hex(2):%s\n\n", i, i, hex(nt.AppendUTF16(nil, fmt.Sprintf("%%SystemRoot%%\\System32\\%d.dll\x00", i))))
	}
	reg.WriteString("[P\\Types]\n@=\"default\"\n")
	for typ := range 12 {
		for _, n := range []int{0, 1, 3, 4, 5, 1000} {
			fmt.Fprintf(&reg, "\"type %d of %d\"=hex(%x):%s\n", typ, n, typ, hex([]byte(strings.Repeat("slate", n/5+1))[:n]))
		}
	}
	fmt.Fprintf(&reg, "\"long\"=hex(3):%s\n\"back\\\\slash \\\"quoted\\\"\"=\"x\"\n", hex([]byte(strings.Repeat("lava", 10_000))))
	reg.WriteString("\n[P\\Deep")
	for i := range 60 {
		fmt.Fprintf(&reg, `\%d`, i)
	}
	reg.WriteString("]\n\"here\"=\"yes\"\n")
	newHive(t, name, "P", reg.String())
	files := []string{name}
	if windows := os.Getenv("NETELF_HIVE"); windows != "" {
		files = append(files, windows)
	}
	for _, name := range files {
		root, err := openHive(t, name).Root()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		exportedHive(t, root, "P", got)
		want := byHivex(t, name)
		if d := cmp.Diff(want, got); d != "" || len(want) < 700 {
			t.Errorf("%s, %d keys (-hivex +got):\n%.3000s", name, len(want), d)
		}
		n := 0
		for _, lines := range want {
			n += len(lines)
		}
		t.Logf("%s: %d keys, %d values", filepath.Base(name), len(want), n)
	}
}

// TestRegfReglookup: the keys, and the types of the values, are those that reglookup
// finds.
func TestRegfReglookup(t *testing.T) {
	program := logtest.Program(t, "reglookup", "reglookup")
	name := filepath.Join(t.TempDir(), "SOFTWARE")
	newHive(t, name, "P", "[P\\a]\n\"text\"=\"x\"\n\"number\"=dword:00000007\n\"bytes\"=hex(3):01,02\n\"path\"=hex(2):41,00,00,00\n\"list\"=hex(7):41,00,00,00,00,00\n\n[P\\a\\b]\n\n[P\\c]\n\"none\"=hex(0):\n")
	out, err := run(program, name)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var want []string
	for line := range strings.Lines(out) {
		if f := strings.Split(line, ","); strings.HasPrefix(f[0], "/") {
			want = append(want, f[0]+" "+f[1])
		}
	}
	types := map[regf.Type]string{0: "NONE", 1: "SZ", 2: "EXPAND_SZ", 3: "BINARY", 4: "DWORD", 7: "MULTI_SZ"}
	var got []string
	var walk func(k *regf.Key, path string)
	walk = func(k *regf.Key, path string) {
		for v, err := range k.Values() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, path+"/"+v.Name+" "+types[v.Type])
		}
		for below, err := range k.Keys() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, path+"/"+below.Name+" KEY")
			walk(below, path+"/"+below.Name)
		}
	}
	root, err := openHive(t, name).Root()
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, "/ KEY")
	walk(root, "")
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-reglookup +got:\n%s", d)
	}
}
