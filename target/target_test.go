package target

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evt"
)

func TestParse(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("wilma", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text string
		kind Kind
		name string
		err  string
	}{
		{"bedrock", SMB, "bedrock", ""},
		{"fred@bedrock", SMB, "fred@bedrock", ""},
		{"smb://bedrock:445", SMB, "bedrock:445", ""},
		{"SMB://bedrock", SMB, "bedrock", ""},
		{"rpc://bedrock:1024", RPC, "bedrock:1024", ""},
		{"https://bedrock", HTTP, "bedrock", ""},
		{"https://fred@bedrock:443/", HTTP, "fred@bedrock:443", ""},
		{"https://bedrock/v1", HTTP, "bedrock/v1", "https://bedrock/v1: a server has no path: https://bedrock"},
		{".", Local, ".", ""},
		{"dir:/var/lib/netelf", DataDir, "/var/lib/netelf", ""},
		{"@servers", Group, "servers", ""},
		{"wilma", Path, "wilma", ""},
		{"nowhere.EVT", Path, "nowhere.EVT", ""},
		{"./bedrock", Path, "./bedrock", ""},
		{"./", Path, "./", ""},
		{"/nowhere/at/all", Path, "/nowhere/at/all", ""},
		{"a/b://c", Path, "a/b://c", ""},
		{"", 0, "", "the target is empty"},
		{"-", 0, "", "-: standard input cannot be read or followed: name a file, a folder or a server"},
		{"./-", Path, "./-", ""},
		{"@", 0, "", "@: no group is named: @servers"},
		{"dir:", 0, "", "dir:: no folder is named: dir:/var/lib/netelf"},
		{"rpc://", 0, "", "rpc://: no server is named: rpc://bedrock"},
		{"rpc://:1024", 0, "", "rpc://:1024: no server is named: rpc://bedrock"},
		{"http://bedrock", 0, "", `http://bedrock: unknown kind of address "http://": one of smb://, rpc://, https://`},
	} {
		got, err := Parse(tt.text)
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%q: got error %v, want %s", tt.text, err, tt.err)
			}
			continue
		}
		if err != nil || got.Text != tt.text || got.Kind != tt.kind || got.Name != tt.name {
			t.Errorf("%q: got %+v, %v", tt.text, got, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := os.Create("SysEvent.Evt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := evt.Create(f, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text string
		err  string
		is   error
	}{
		{"SysEvent.Evt", "", nil},
		{"./", "", nil},
		{"smb://127.0.0.1:1", "smb: dial tcp 127.0.0.1:1: connect: connection refused", nil},
		{"rpc://127.0.0.1:1", "dial tcp 127.0.0.1:1: connect: connection refused", nil},
		{"https://127.0.0.1:1", "dial tcp 127.0.0.1:1: connect: connection refused", nil},
		{"@all", "a group is no single target", errors.ErrUnsupported},
		{"dir:x", "no such data directory", fs.ErrNotExist},
		{"dir:.", "is a folder but no data directory: it has no netelf.lock", fs.ErrNotExist},
		{"dir:SysEvent.Evt", "is a file and no data directory", nil},
		{"x/y", "no such file or directory", fs.ErrNotExist},
	} {
		tg, err := Parse(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		s := tg.Scan([]string{"System"})
		if s.Name != tt.text || len(s.Logs) != 1 {
			t.Errorf("%s: got %+v", tt.text, s)
		}
		srv, err := s.Open(context.Background())
		if tt.err != "" {
			if srv != nil || err == nil || err.Error() != tt.err || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%s: got %v, %v", tt.text, srv, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		var infos []eventlog.Info
		if infos, err = srv.Logs(context.Background()); err != nil || len(infos) != 1 || filepath.Base(infos[0].Name) != "SysEvent.Evt" {
			t.Errorf("%s: got %v, %v", tt.text, infos, err)
		}
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := (Target{}).Open(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
