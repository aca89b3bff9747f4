package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/files"
	"netelf.example/scan"
)

// DefaultMaxFile is how large a file may be that is sent, in bytes, where nothing is
// said.
const DefaultMaxFile = 256 << 20

// Bounds of the files that are kept: how many a caller and all may have, how much all
// take, how many may be on their way, and how long one lasts that is not asked for.
const (
	maxUploadsOwner = 16
	maxUploads      = 64
	maxUploadsSize  = 4 << 30
	maxSending      = 4
	uploadIdle      = time.Hour
	sweepEvery      = time.Minute
)

// filesPath is where files are sent to. Their bodies have a limit of their own.
const filesPath = "/v1/files"

// uploads are the files that callers have sent. nil has none.
type uploads struct {
	dir     string
	maxFile int64
	sending chan struct{}

	mu   sync.Mutex // guards what follows
	all  map[string]*upload
	size int64
	over bool
}

// upload is a file that was sent: a server of whoever sent it.
type upload struct {
	name    string // file:ID
	dir     string // which has nothing else
	file    string // as it was called
	size    int64
	owner   string   // name of the caller
	session *session // that it ends with; nil: it came by none
	alive   func() bool
	logs    []eventlog.Info

	used time.Time // uploads.mu guards it
}

func newUploads(dir string, maxFile int64) *uploads {
	return &uploads{dir: dir, maxFile: maxFile, sending: make(chan struct{}, maxSending), all: map[string]*upload{}}
}

// of says whether a file is of whoever asks: of the same session, or where there is none
// of the same caller.
func (f *upload) of(id identity) bool { return f.owner == id.caller.Name && f.session == id.session }

// find is a file of whoever asks; nil: there is none.
func (u *uploads) find(id identity, name string) *upload {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	f := u.all[name]
	if f == nil || !f.of(id) {
		return nil
	}
	f.used = time.Now()
	return f
}

// scan is the file as a target.
func (f *upload) scan(logs []string) scan.Target {
	return scan.Target{Name: f.name, Logs: logs, Open: func(context.Context) (eventlog.Server, error) { return files.Open(f.dir, nil) }}
}

// states are the files of whoever asks, as servers.
func (u *uploads) states(id identity) (list []api.ServerState) {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, f := range u.all {
		if f.of(id) {
			s := api.ServerState{Name: f.name, Kind: "file", State: "ok", Groups: []string{}, Logs: []api.ServerLog{}}
			for i := range f.logs {
				s.Logs = append(s.Logs, serverLog(f.logs[i].Name, &f.logs[i]))
			}
			list = append(list, s)
		}
	}
	return list
}

// label is the name of the server whose events name a folder.
func (u *uploads) label(server string) string {
	if u == nil || filepath.Dir(server) != u.dir {
		return server
	}
	return uploadPrefix + filepath.Base(server)
}

const uploadPrefix = "file:"

// take takes a file from r, which has a size, or -1 if nobody knows.
func (u *uploads) take(ctx context.Context, id identity, name string, r io.Reader, size int64, alive func() bool) (_ *upload, err error) {
	select {
	case u.sending <- struct{}{}:
		defer func() { <-u.sending }()
	default:
		return nil, refusal(http.StatusServiceUnavailable, "too many files are being sent at once", nil)
	}
	tooLarge := fmt.Errorf("a file of more than %d bytes: %w", u.maxFile, eventlog.ErrTooLarge)
	if size > u.maxFile {
		return nil, tooLarge
	}
	if err := u.room(id); err != nil {
		return nil, err
	}
	key := strings.ToLower(rand.Text())
	f := &upload{name: uploadPrefix + key, dir: filepath.Join(u.dir, key), file: fileNameOf(name), owner: id.caller.Name, session: id.session, alive: alive, used: time.Now()}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(f.dir))
		}
	}()
	out, err := os.OpenFile(filepath.Join(f.dir, f.file), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	f.size, err = io.Copy(out, io.LimitReader(r, u.maxFile+1))
	if err = errors.Join(err, out.Close()); err != nil {
		return nil, err
	}
	if f.size > u.maxFile {
		return nil, tooLarge
	}
	srv, err := files.Open(f.dir, nil)
	if err != nil {
		return nil, fmt.Errorf("%s is no event log: %w", f.file, eventlog.ErrInvalid)
	}
	f.logs, err = srv.Logs(ctx)
	if err = errors.Join(err, srv.Close()); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over || u.size+f.size > maxUploadsSize {
		return nil, fmt.Errorf("the files that were sent take too much room: %w", eventlog.ErrTooLarge)
	}
	u.all[f.name] = f
	u.size += f.size
	return f, nil
}

// room says whether another file may come.
func (u *uploads) room(id identity) error {
	u.sweep()
	u.mu.Lock()
	defer u.mu.Unlock()
	own := 0
	for _, f := range u.all {
		if f.owner == id.caller.Name {
			own++
		}
	}
	if own >= maxUploadsOwner || len(u.all) >= maxUploads {
		return fmt.Errorf("there are too many files that were sent: %w", eventlog.ErrTooLarge)
	}
	return nil
}

// sweep removes the files whose time is over.
func (u *uploads) sweep() {
	now := time.Now()
	u.remove(func(f *upload) bool { return now.Sub(f.used) >= uploadIdle || !f.alive() })
}

func (u *uploads) remove(which func(*upload) bool) (err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for name, f := range u.all {
		if which(f) {
			delete(u.all, name)
			u.size -= f.size
			err = errors.Join(err, os.RemoveAll(f.dir))
		}
	}
	return err
}

// sweepOften sweeps until ctx ends.
func (u *uploads) sweepOften(ctx context.Context) {
	if u == nil {
		return
	}
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			u.sweep()
		}
	}
}

// close removes all of them.
func (u *uploads) close() error {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	u.over = true
	u.mu.Unlock()
	return errors.Join(u.remove(func(*upload) bool { return true }), os.RemoveAll(u.dir))
}

// fileNameOf is the name that a file is kept by: the last part of what it was called,
// without what a folder or a terminal would take for something else.
func fileNameOf(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	for len(name) > 128 {
		name = name[1:]
		for len(name) > 0 && name[0]&0xc0 == 0x80 { // in the middle of a character
			name = name[1:]
		}
	}
	if strings.Trim(name, ". ") == "" {
		name = "log.evt"
	}
	return name
}

// FileQuery is exported for the library, which does not see it otherwise.
type FileQuery struct {
	Name string `query:"name" maxLength:"1024" doc:"what it is called"`
}

func (h *Handler) files() {
	m := h.opts.Many
	if m.uploads == nil {
		return
	}
	op := operation("send-file", http.MethodPost, "files", "Sends an event log file, to be read as a server", http.StatusCreated)
	op.Description = fmt.Sprintf("It has at most %d MiB, is there for whoever has sent it, and ends with the session, or an hour after it was used last.", m.uploads.maxFile>>20)
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge)
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	huma.Register(h.api, op, func(ctx context.Context, in *FileQuery) (*of[api.File], error) {
		if _, _, err := h.looker(ctx); err != nil {
			return nil, err
		}
		r, id := requestOf(ctx), identityOf(ctx)
		alive := func() bool { return true }
		if s := id.session; s != nil {
			alive = func() bool { return h.opts.Accounts.sessions.lasts(s, h.opts.Accounts.opts.Now()) }
		}
		f, err := m.uploads.take(ctx, id, in.Name, r.Body, r.ContentLength, alive)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		out := api.File{Server: f.name, Name: f.file, Size: f.size, Logs: []string{}}
		for i := range f.logs {
			out.Logs = append(out.Logs, f.logs[i].Name)
		}
		return &of[api.File]{out}, nil
	})
}
