package target

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/files"
	"netelf.example/internal/worded"
	"netelf.example/scan"
	"netelf.example/service"
)

// Kind is what a target is.
type Kind uint8

// The kinds.
const (
	Path    Kind = iota // a file or a folder
	SMB                 // a server by MS-EVEN over SMB
	RPC                 // a server by MS-EVEN over TCP
	HTTP                // a netelf server by its HTTP API, over TLS
	Local               // the service of this machine
	DataDir             // a netelf data directory
	Group               // a group of the configuration
)

// Target is a target as it was named.
type Target struct {
	Text string // as it was given, and what its outcome is called by
	Kind Kind
	Name string // the path, server with user and port, or group, without the form's mark

	// Socket is where the service of this machine listens, for Local.
	Socket string
	// Files is how files and folders are read, for Path.
	Files files.Options
	// Remote is how a server is asked, for SMB, RPC and HTTP.
	Remote Remote

	bare bool // a word that could as well have been meant as a file's name
}

// The errors of text that is no target, and of kinds that cannot be read.
var (
	errEmpty = errors.New("the target is empty")
	errInput = errors.New("-: standard input cannot be read or followed: name a file, a folder or a server")

	errGroup = worded.Errorf(errors.ErrUnsupported, "a group is no single target")
	errFiles = worded.Errorf(errors.ErrUnsupported, "files are only read; what keeps logs is a data directory: dir:PATH")
)

var schemes = map[string]Kind{"smb": SMB, "rpc": RPC, "https": HTTP}

// Parse finds out what text means. It looks whether a word names a file that is
// there; whether that can be read is found out by opening it. The error is for
// text that can be no target.
func Parse(text string) (Target, error) {
	t := Target{Text: text, Name: text}
	scheme, rest, hasScheme := strings.Cut(text, "://")
	switch {
	case text == "":
		return t, errEmpty
	case text == "-": // and not a server of that name; a file is ./-
		return t, errInput
	case hasScheme && !strings.ContainsAny(scheme, `/\`):
		kind, ok := schemes[strings.ToLower(scheme)]
		if !ok {
			return t, fmt.Errorf("%s: unknown kind of address %q: one of smb://, rpc://, https://", text, scheme+"://")
		}
		t.Kind, t.Name = kind, rest
		if rest == "" || rest[0] == '/' || rest[0] == ':' {
			return t, fmt.Errorf("%s: no server is named: %s://bedrock", text, scheme)
		}
		if kind == HTTP {
			if t.Name = strings.TrimSuffix(rest, "/"); strings.ContainsAny(t.Name, "/?#") {
				return t, fmt.Errorf("%s: a server has no path: https://bedrock", text)
			}
		}
	case text == ".":
		t.Kind = Local
	case strings.HasPrefix(text, "dir:"):
		t.Kind, t.Name = DataDir, text[len("dir:"):]
		if t.Name == "" {
			return t, fmt.Errorf("%s: no folder is named: dir:/var/lib/netelf", text)
		}
	case text[0] == '@':
		t.Kind, t.Name = Group, text[1:]
		if t.Name == "" {
			return t, fmt.Errorf("%s: no group is named: @servers", text)
		}
	case isPath(text):
		t.Kind = Path
	default:
		t.Kind, t.bare = SMB, true
	}
	return t, nil
}

// isPath says whether text is meant as a path: by how it is written, or because
// there is something of that name.
func isPath(text string) bool {
	if strings.ContainsRune(text, '/') || strings.ContainsRune(text, filepath.Separator) || filepath.VolumeName(text) != "" {
		return true
	}
	switch strings.ToLower(filepath.Ext(text)) {
	case ".evt", ".evtx": // of a file that is not there: no server is called so
		return true
	}
	_, err := os.Lstat(text)
	return err == nil || !errors.Is(err, fs.ErrNotExist)
}

// Open opens what the target names for reading. Nothing is written: a data
// directory is shared with other readers, and keeps out whoever wants to change
// it until it is closed.
func (t Target) Open(ctx context.Context) (eventlog.Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch t.Kind {
	case Path:
		srv, err := files.Open(t.Name, &t.Files)
		if err != nil {
			return nil, reason(t.Text, err) // and not srv, which would be a Server that is not nil
		}
		return srv, nil
	case DataDir:
		return t.openDir(&service.Options{ReadOnly: true})
	case Local:
		return t.dial()
	case SMB, RPC:
		return t.connect(ctx)
	case HTTP:
		return t.dialHTTP(ctx)
	}
	return nil, errGroup
}

// DefaultSocket is where the service of this machine listens if nothing else is
// said.
const DefaultSocket = "/run/netelf/netelf.sock"

// dial is a client of the service of this machine. Whether there is one is found
// out by the first call.
func (t Target) dial() (eventlog.Server, error) {
	return api.Unix(cmp.Or(t.Socket, DefaultSocket), t.Text), nil
}

// reason is err without the name of the target, which whoever prints it puts
// before it.
func reason(name string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && p.Path == name && err == error(p) {
		return p.Err
	}
	return err
}

// Scan is the target for a scan of the logs with these names, nil for all; of a
// server that is asked by MS-EVEN nil is System and Application, of the service and of
// another netelf all that may be read. The Server that it opens is that of Open.
func (t Target) Scan(logs []string) scan.Target {
	s := scan.Target{Name: t.Text, Open: t.Open, Logs: logs, PassRefused: t.Kind == Local || t.Kind == HTTP}
	if t.Kind == SMB || t.Kind == RPC {
		s.Default = []string{"System", "Application"}
	}
	if t.Kind == SMB || t.Kind == RPC || t.Kind == HTTP {
		if s.Credential = t.Remote.Who; s.Credential != "" {
			if user, _ := t.host(); user != "" {
				s.Credential = "user " + user
			}
		}
	}
	return s
}
