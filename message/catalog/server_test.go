package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/regf"
	"netelf.example/message"
	"netelf.example/nt"
)

// registryOf is a registry that a test has: values by the path of their key.
type registryOf struct {
	at    map[string]map[string]string
	calls int
	after int // calls that are answered; 0: all
}

func (r *registryOf) call() error {
	if r.calls++; r.after > 0 && r.calls > r.after {
		return net.ErrClosed
	}
	return nil
}

func (r *registryOf) Keys(_ context.Context, path string) ([]string, error) {
	if err := r.call(); err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	for k := range r.at {
		if below, ok := strings.CutPrefix(k, path+`\`); ok {
			if name, _, _ := strings.Cut(below, `\`); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return nil, fmt.Errorf("key %q: %w", path, fs.ErrNotExist)
	}
	return names, nil
}

func (r *registryOf) Values(_ context.Context, path string) (list []RegistryValue, err error) {
	if err := r.call(); err != nil {
		return nil, err
	}
	for name, data := range r.at[path] {
		v := regf.Value{Name: name, Type: regf.TypeExpand, Data: nt.AppendUTF16(nil, data+"\x00")}
		if n := 0; strings.HasPrefix(data, "#") {
			_, _ = fmt.Sscan(data[1:], &n)
			v = regf.NumberValue(name, uint32(n))
		}
		list = append(list, v)
	}
	return list, nil
}

func (*registryOf) Over(err error) bool { return errors.Is(err, net.ErrClosed) }

// sharesOf are the files of a server that a test has.
type sharesOf struct {
	files  map[string][]byte // by share and path
	hidden map[string]error  // at what is opened
	said   map[string]int64  // sizes that are not so
	opened []string
	names  func(folder string) []string // more of them
}

func (s *sharesOf) List(_ context.Context, share, folder string, more func(string) bool) error {
	in := share + "/" + folder
	if folder == "." {
		in = share
	}
	seen, found := map[string]bool{}, false
	for name := range s.files {
		if below, ok := strings.CutPrefix(name, in+"/"); ok {
			found = true
			if part, _, _ := strings.Cut(below, "/"); !seen[part] {
				seen[part] = true
				if !more(part) {
					return nil
				}
			}
		}
	}
	if s.names != nil {
		for i, n := 0, s.names(in); len(n) > 0; i++ {
			if !more(fmt.Sprint(n[i%len(n)], i)) {
				return nil
			}
		}
	}
	if !found {
		return fmt.Errorf("%s: %w", in, fs.ErrNotExist)
	}
	return nil
}

type memory struct {
	*bytes.Reader
	size int64 // as the server says it
}

func (m memory) Size() int64 { return m.size }
func (memory) Close() error  { return nil }

func (*sharesOf) Over(err error) bool { return errors.Is(err, net.ErrClosed) }

func (s *sharesOf) Open(_ context.Context, share, name string) (ServerFile, error) {
	name = share + "/" + name
	s.opened = append(s.opened, name)
	if err := s.hidden[name]; err != nil {
		return nil, err
	}
	b, ok := s.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	size := int64(len(b))
	if n := s.said[name]; n != 0 {
		size = n
	}
	return memory{bytes.NewReader(b), size}, nil
}

const logsAt = `SYSTEM\CurrentControlSet\Services\EventLog\`

func serverOf(t *testing.T) (*registryOf, *sharesOf) {
	one := peOf(nil, tableOf(t, English, message.Message{ID: 1, Text: "one %1\r\n"}))
	return &registryOf{at: map[string]map[string]string{
			logsAt + `System\Svc`:                                  {"EventMessageFile": `%SystemRoot%\System32\SVC.dll;D:\apps\more.dll`, "TypesSupported": "#7", "ProviderGuid": "{00000000-0000-0000-0000-000000000005}"},
			logsAt + `System\Twin`:                                 {"EventMessageFile": `c:\winnt\system32\svc.dll`, "CategoryCount": "#3"},
			logsAt + `System\Gone`:                                 {"EventMessageFile": `C:\gone.dll`},
			logsAt + `System\Away`:                                 {"EventMessageFile": `\\other\share\x.dll`},
			logsAt + `Application\App`:                             {"EventMessageFile": `%ProgramFiles%\App\app.exe`, "CategoryMessageFile": `C:\..\x.dll`},
			`SOFTWARE\Microsoft\Windows NT\CurrentVersion`:         {"SystemRoot": `C:\WINNT`},
			`SOFTWARE\` + publishersKey + `\{` + guidText(9) + `}`: {"": "Quarry-Provider", "MessageFileName": `%windir%\system32\svc.dll`},
		}}, &sharesOf{files: map[string][]byte{
			"ADMIN$/System32/svc.dll":           one,
			"ADMIN$/System32/de-DE/Svc.dll.mui": peOf(nil, tableOf(t, German, message.Message{ID: 1, Text: "eins %1\r\n"})),
			"D$/apps/more.dll":                  peOf(nil, tableOf(t, English, message.Message{ID: 2, Text: "two"})),
			"C$/Program Files/App/app.exe":      peOf(nil, tableOf(t, English, message.Message{ID: 3, Text: "three"})),
		}}
}

func guidText(n byte) string { return fmt.Sprintf("00000000-0000-0000-0000-0000000000%02x", n) }

func TestImportServer(t *testing.T) {
	c := newTest(t)
	h, from := serverOf(t)
	var told []Progress
	r, err := c.ImportServer(ctx, h, from, &ServerOptions{Origin: "smb://bedrock", Progress: func(p Progress) { told = append(told, p) }})
	must(t, err)
	if r.Sources != 6 || r.Files != 3 || r.Tables != 4 {
		t.Errorf("%d sources, %d files, %d tables", r.Sources, r.Files, r.Tables)
	}
	want := []string{
		`source "App": path "C:\\..\\x.dll": leads elsewhere`,
		`source "Away": path "\\\\other\\share\\x.dll": on another machine`,
		`source "Gone": find C$/gone.dll: file does not exist`,
	}
	if d := cmp.Diff(want, problems(r)); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	wantText(t, c, "", event("System", "Svc", 1, "x"), "one x")
	wantText(t, c, "de", event("System", "Twin", 1, "x"), "eins x")
	wantText(t, c, "", event("System", "Svc", 2), "two")
	wantText(t, c, "", event("Application", "App", 3), "three")
	wantText(t, c, "de", event("anything", "Quarry-Provider", 1, "x"), "eins x")
	wantNoDamage(t, c)
	// Each file is opened once.
	seen := map[string]int{}
	for _, name := range from.opened {
		if seen[name]++; seen[name] > 1 || strings.Contains(name, "..") {
			t.Errorf("%s is opened", name)
		}
	}
	if len(told) != 8 || told[0].Doing != "registry" || told[1].Of != 6 || told[7].Sources != 6 || told[7].Files != 3 || told[7].Bytes == 0 {
		t.Errorf("%+v", told)
	}
	list, err := c.List(ctx)
	must(t, err)
	for _, s := range list {
		if s.Name == "Svc" && (s.Types != 7 || s.GUID.String() != "{"+guidText(5)+"}" || s.Origin != "smb://bedrock" || s.Found != 2) {
			t.Errorf("%+v", s)
		}
	}
}

// TestImportServerHostile: what a server answers costs what it is about, and no more.
func TestImportServerHostile(t *testing.T) {
	for _, x := range []struct {
		name    string
		change  func(h *registryOf, s *sharesOf, o *ServerOptions)
		sources int
		problem string
		err     error
	}{
		{"a file that is longer than it is", func(_ *registryOf, s *sharesOf, _ *ServerOptions) {
			s.said = map[string]int64{"ADMIN$/System32/svc.dll": 1 << 62}
		}, 6, "", nil},
		{"a file that is shorter", func(_ *registryOf, s *sharesOf, _ *ServerOptions) {
			s.said = map[string]int64{"ADMIN$/System32/svc.dll": 100}
		}, 6, "ADMIN$/System32/svc.dll: ", nil},
		{"a file that may not be read", func(_ *registryOf, s *sharesOf, _ *ServerOptions) {
			s.hidden = map[string]error{"ADMIN$/System32/svc.dll": fs.ErrPermission}
		}, 6, "permission denied", nil},
		{"too much", func(_ *registryOf, _ *sharesOf, o *ServerOptions) { o.MaxBytes = 100 }, 6, "101 bytes of the server's files or more, and 100 is the limit", nil},
		{"an endless folder", func(_ *registryOf, s *sharesOf, _ *ServerOptions) {
			s.names = func(folder string) []string { return map[string][]string{"C$": {"x"}}[folder] }
		}, 6, "folder C$: 131073 entries or more, and 131072 is the limit", nil},
		{"names that lead out", func(_ *registryOf, s *sharesOf, _ *ServerOptions) {
			s.names = func(folder string) []string { return nil }
			s.files["ADMIN$/../../etc/svc.dll"] = []byte("x")
		}, 6, "", nil},
		{"the end of the session", func(_ *registryOf, s *sharesOf, _ *ServerOptions) {
			s.hidden = map[string]error{"D$/apps/more.dll": net.ErrClosed}
		}, 4, "", net.ErrClosed},
		{"the end of the registry", func(h *registryOf, _ *sharesOf, _ *ServerOptions) { h.after = 5 }, 0, "", net.ErrClosed},
		{"no registry", func(h *registryOf, _ *sharesOf, _ *ServerOptions) { clear(h.at) }, 0, "", fs.ErrNotExist},
		{"names of keys", func(h *registryOf, _ *sharesOf, _ *ServerOptions) {
			h.at[logsAt+"System\\\x1b[2J"] = map[string]string{"EventMessageFile": `C:\x.dll`}
		}, 6, "control character U+001B", nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newTest(t)
			h, from := serverOf(t)
			o := &ServerOptions{Origin: "smb://bedrock"}
			x.change(h, from, o)
			r, err := c.ImportServer(ctx, h, from, o)
			if !errors.Is(err, x.err) || r.Sources != x.sources || !strings.Contains(strings.Join(problems(r), "\n"), x.problem) {
				t.Errorf("%d sources, %q, %v", r.Sources, problems(r), err)
			}
			list, err := c.List(ctx)
			must(t, err)
			if len(list) != x.sources {
				t.Errorf("%d sources are in the catalogue", len(list))
			}
		})
	}
}

// TestImportServerDeadline: what was had when the time is over stays.
func TestImportServerDeadline(t *testing.T) {
	c := newTest(t)
	h, from := serverOf(t)
	ctx, cancel := context.WithCancel(context.Background())
	r, err := c.ImportServer(ctx, h, from, &ServerOptions{Progress: func(p Progress) {
		if p.Doing == "Svc" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || r.Sources != 4 {
		t.Errorf("%d sources, %v", r.Sources, err)
	}
	list, err := c.List(context.Background())
	must(t, err)
	if len(list) != r.Sources {
		t.Errorf("%d sources, and %d were said", len(list), r.Sources)
	}
	wantText(t, c, "", event("Application", "App", 3), "three")
}

// TestServerNames: folders without an end are not listed for ever, however many.
func TestServerNames(t *testing.T) {
	at := &shares{ctx: ctx, names: 25, from: &sharesOf{names: func(string) []string { return []string{"x"} }}}
	n := 0
	for range 2 {
		if err := at.list("C$/bait", func(string) bool { n++; return n%10 > 0 }); err != nil || at.over != nil {
			t.Errorf("%d names: %v", n, err)
		}
	}
	for range 2 {
		err := at.list("C$/bait", func(string) bool { n++; return true })
		if !errors.Is(err, eventlog.ErrTooLarge) || at.over == nil || n != 25 {
			t.Errorf("%d names: %v", n, err)
		}
	}
}

// TestBudget: what is read of a registry has an end.
func TestBudget(t *testing.T) {
	b := budget{items: 3, data: 100}
	if !b.spend(60) || !b.spend(40) || b.ended() != nil || b.spend(1) {
		t.Error(b)
	}
	if err := b.ended(); !errors.Is(err, eventlog.ErrTooLarge) || err.Error() != "registry: 268435457 bytes of values or more, and 268435456 is the limit: over a limit" {
		t.Error(err)
	}
	b = budget{items: 1, data: 1}
	if !b.spend(0) || b.spend(0) || b.ended().Error() != "registry: 4194305 keys and values or more, and 4194304 is the limit: over a limit" {
		t.Error(b)
	}
}

// TestBlocks: what is read in blocks is what the file has.
func TestBlocks(t *testing.T) {
	b := make([]byte, 3*block+100)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	at := &shares{from: new(sharesOf), left: 1 << 30, limit: 1 << 30}
	f := &blocks{ServerFile: memory{bytes.NewReader(b), int64(len(b))}, of: at, have: map[int64][]byte{}}
	for _, x := range [][2]int{{0, 1}, {0, block}, {block - 1, 2}, {5, 2 * block}, {len(b) - 10, 10}, {len(b) - 10, 20}, {len(b), 1}, {3 * block, 100}, {2*block + 50, block}, {0, len(b) + 1}} {
		got := make([]byte, x[1])
		n, err := f.ReadAt(got, int64(x[0]))
		end := min(x[0]+x[1], len(b))
		if !bytes.Equal(got[:n], b[x[0]:end]) || (err == io.EOF) != (n < x[1]) || err != nil && err != io.EOF {
			t.Errorf("%d bytes at %d: %d, %v", x[1], x[0], n, err)
		}
	}
}
