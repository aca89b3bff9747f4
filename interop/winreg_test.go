//go:build interop

package interop

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/winreg"
)

// netRegistry is what Samba's own program finds in its registry over the network:
// the names of keys, and of values with what they are.
func netRegistry(t *testing.T, w *smbd, path string) (keys []string, values map[string]string) {
	t.Helper()
	out, err := run(logtest.Program(t, "net", "samba-common-bin"), "-s", w.conf, "rpc", "registry", "enumerate", path,
		"-S", "127.0.0.1", "-p", strconv.Itoa(w.port), "-U", "root%secret")
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	name := ""
	for line := range strings.Lines(out) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch k, v = strings.TrimSpace(k), strings.TrimSpace(v); {
		case k == "Keyname":
			keys = append(keys, v)
		case k == "Valuename":
			name = v
		case k == "Type":
			values[name] = v
		case strings.HasPrefix(k, "Value"):
			values[name] += " " + v
		}
	}
	return keys, values
}

// sambaValue is a value as Samba's program prints it.
func sambaValue(t *testing.T, v winreg.Value) string {
	t.Helper()
	s := v.Type.String()
	switch v.Type {
	case winreg.TypeNumber:
		n, err := v.Number()
		if err != nil {
			t.Error(err)
		}
		return fmt.Sprintf("%s %d", s, n)
	case winreg.TypeString, winreg.TypeExpand:
		text, err := v.Text()
		if err != nil {
			t.Error(err)
		}
		return fmt.Sprintf(`%s "%s"`, s, text)
	case winreg.TypeMultiString:
		all, err := v.Texts()
		if err != nil {
			t.Error(err)
		}
		for _, text := range all {
			s += fmt.Sprintf(` "%s"`, text)
		}
	}
	return s
}

// winregDial opens the registry of a smbd.
func winregDial(t *testing.T, w *smbd, negotiate, private bool) *winreg.Registry {
	t.Helper()
	nc, err := smbDial(t, w, smbRoot).Pipe(t.Context(), winreg.Pipe)
	if err != nil {
		t.Fatal(err)
	}
	o := &dcerpc.ClientOptions{}
	if private {
		i, err := rpcauth.NewInitiator(rpcRoot, "host/127.0.0.1", negotiate)
		if err != nil {
			t.Fatal(err)
		}
		o.Mechanism, o.AuthType = i, i.AuthType()
	}
	r, err := winreg.Dial(t.Context(), nc, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

const sambaLogs = `SYSTEM\CurrentControlSet\Services\Eventlog`

// TestWinregSamba: what is read of Samba's registry is what its own program reads,
// and what is set is there for it.
func TestWinregSamba(t *testing.T) {
	names := []string{"System", "Application", "Security", "DNS Server"}
	for _, x := range []struct {
		name               string
		config             []string
		negotiate, private bool
	}{
		{"signed", nil, false, false},
		{"signed, SPNEGO inside", nil, true, true},
		{"signed, NTLM inside", nil, false, true},
		{"encrypted", []string{"smb encrypt = required"}, false, false},
		{"encrypted, SPNEGO inside", []string{"smb encrypt = required"}, true, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := startSMBD(t, smbdOptions{EventLogs: names, Config: x.config})
			// The registry has the logs when Samba's event log server was there once.
			if out, err := w.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord System"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			r := winregDial(t, w, x.negotiate, x.private)

			got, err := r.Logs(t.Context())
			want, _ := netRegistry(t, w, `HKLM\`+sambaLogs)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("logs (-net +got):\n%s", d)
			}
			for _, n := range names {
				if !slices.Contains(got, n) {
					t.Errorf("there is no %s in %q", n, got)
				}
			}

			// All values of a log, and of a source.
			for _, path := range []string{sambaLogs, sambaLogs + `\DNS Server`, sambaLogs + `\System\System`} {
				k, err := r.LocalMachine().Open(t.Context(), path, winreg.AccessRead)
				if err != nil {
					t.Fatal(err)
				}
				all, err := k.Values(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]string{}
				for _, v := range all {
					got[v.Name] = sambaValue(t, v)
				}
				keys, values := netRegistry(t, w, `HKLM\`+path)
				if d := cmp.Diff(values, got); d != "" || len(values) == 0 {
					t.Errorf("%s (-net +got):\n%s", path, d)
				}
				i, err := k.Info(t.Context())
				if err != nil || int(i.Keys) != len(keys) || int(i.Values) != len(values) {
					t.Errorf("%s: %+v, %v; net finds %d keys and %d values", path, i, err, len(keys), len(values))
				}
				if err := k.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := k.Values(t.Context()); err == nil {
					t.Errorf("%s has values when it is closed", path)
				}
			}

			// Set, and read by both.
			l, err := r.Log(t.Context(), "DNS Server")
			if err != nil || l.MaxSize == nil || *l.MaxSize != 512<<10 || l.Retention == nil || *l.Retention != 7*24*3600 || !strings.Contains(l.File, "DNS Server") {
				t.Errorf("the log is %+v, %v", l, err)
			}
			size, retention := uint32(4<<20), uint32(0xffffffff)
			if err := r.SetLog(t.Context(), "dns server", &size, nil); err != nil {
				t.Error(err)
			}
			if err := r.SetLog(t.Context(), "DNS Server", nil, &retention); err != nil {
				t.Error(err)
			}
			l, err = r.Log(t.Context(), "DNS SERVER")
			if err != nil || *l.MaxSize != size || *l.Retention != retention {
				t.Errorf("it is %+v, %v when it was set", l, err)
			}
			_, values := netRegistry(t, w, `HKLM\`+sambaLogs+`\DNS Server`)
			if values["MaxSize"] != "REG_DWORD 4194304" || values["Retention"] != "REG_DWORD 4294967295" {
				t.Errorf("net finds %q", values)
			}

			sources, err := r.Sources(t.Context(), "System")
			if err != nil {
				t.Error(err)
			}
			if d := cmp.Diff([]eventlog.Source{{Name: "System", Log: "System", CategoryFile: `%SystemRoot%\system32\eventlog.dll`, CategoryCount: 7}}, sources); d != "" {
				t.Errorf("sources (-want +got):\n%s", d)
			}

			for _, err := range []error{
				r.SetLog(t.Context(), "no such log", &size, nil),
				second(r.Log(t.Context(), "no such log")),
				second(r.Sources(t.Context(), "no such log")),
			} {
				if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\no such log: file not found`) {
					t.Errorf("a log that is not there: %v", err)
				}
			}
			if l, err := r.Log(t.Context(), "System"); err != nil || *l.MaxSize != 512<<10 {
				t.Errorf("behind the errors: %+v, %v", l, err)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestWinregBig: a value that does not fit the first buffer comes whole.
func TestWinregBig(t *testing.T) {
	w := startSMBD(t, smbdOptions{EventLogs: []string{"System"}})
	if out, err := w.rpcclient("root%secret", "127.0.0.1", "eventlog_numrecord System"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r := winregDial(t, w, true, true)
	k, err := r.LocalMachine().Open(t.Context(), sambaLogs+`\System\System`, winreg.AccessMaximum)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 4095, 4096, 4097, 60_000} {
		v := winreg.Value{Name: "Quarry", Type: winreg.TypeBinary, Data: []byte(strings.Repeat("slate", n/5+1))[:n]}
		if err := k.Set(t.Context(), v); err != nil {
			t.Fatal(n, err)
		}
		got, err := k.Value(t.Context(), v.Name)
		if err != nil {
			t.Fatal(n, err)
		}
		if d := cmp.Diff(string(v.Data), string(got.Data)); d != "" || got.Type != v.Type {
			t.Errorf("%d bytes (-want +got):\n%s", n, d)
		}
		all, err := k.Values(t.Context())
		if err != nil {
			t.Fatal(n, err)
		}
		i := slices.IndexFunc(all, func(v winreg.Value) bool { return v.Name == "Quarry" })
		if i < 0 || string(all[i].Data) != string(v.Data) {
			t.Errorf("%d bytes are not among the values", n)
		}
	}
}
