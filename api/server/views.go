package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/query"
)

// Bounds of the views that are kept.
const (
	maxViews     = 256
	maxViewsFile = 8 << 20 // bytes
	maxView      = 128 << 10
)

// builtinViews are there from the beginning.
var builtinViews = []api.View{
	{Name: "errors", ViewBody: api.ViewBody{Title: "Errors of the last day", Query: "level<=2 level>=1", Range: "24h"}},
	{Name: "logons-refused", ViewBody: api.ViewBody{Title: "Logons that were refused", Query: "type:audit-failure", Logs: []string{"Security"}, Range: "24h"}},
	{Name: "starts", ViewBody: api.ViewBody{Title: "Starts and ends of the event log", Query: "source:EventLog id:6005..6009", Logs: []string{"System"}, Range: "7d"}},
	{Name: "disks", ViewBody: api.ViewBody{Title: "Trouble with disks", Query: "source:disk or source:ntfs or source:atapi", Logs: []string{"System"}, Range: "7d"}},
	{Name: "logs-cleared", ViewBody: api.ViewBody{Title: "Logs that were cleared", Query: "id:517 or id:1102", Logs: []string{"Security"}, Range: "30d"}},
}

// viewStore keeps views in a file.
type viewStore struct {
	name string // "": nowhere

	mu   sync.Mutex // guards what follows, and the file
	kept map[string]api.ViewBody
}

func openViews(name string) (*viewStore, error) {
	s := &viewStore{name: name, kept: map[string]api.ViewBody{}}
	if name == "" {
		return s, nil
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read from
	b, err := io.ReadAll(io.LimitReader(f, maxViewsFile+1))
	if err == nil && len(b) > maxViewsFile {
		err = fmt.Errorf("is over %d bytes", maxViewsFile)
	}
	if err == nil {
		err = json.Unmarshal(b, &s.kept)
	}
	if err != nil {
		return nil, fmt.Errorf("views in %s: %w", name, err)
	}
	if s.kept == nil { // null
		s.kept = map[string]api.ViewBody{}
	}
	return s, nil
}

// list is all views, by name; a kept one hides the builtin one of its name.
func (s *viewStore) list() []api.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []api.View{}
	for _, v := range builtinViews {
		if _, hidden := s.kept[v.Name]; !hidden {
			v.Builtin = true
			list = append(list, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.kept)) {
		list = append(list, api.View{Name: name, ViewBody: s.kept[name]})
	}
	return list
}

// change changes the views, and the file; what cannot be written changes nothing.
func (s *viewStore) change(f func(map[string]api.ViewBody) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := maps.Clone(s.kept)
	if err := f(kept); err != nil {
		return err
	}
	b, err := json.MarshalIndent(kept, "", "  ")
	switch {
	case err != nil:
		return err
	case len(b) > maxViewsFile:
		return fmt.Errorf("the views take %d bytes, want at most %d: %w", len(b), maxViewsFile, eventlog.ErrTooLarge)
	case s.name == "":
		return fmt.Errorf("views are not kept here: %w", errors.ErrUnsupported)
	}
	if err := replaceFile(s.name, append(b, '\n')); err != nil {
		return err
	}
	s.kept = kept
	return nil
}

// replaceFile puts another file in the place of one, whole or not at all.
func replaceFile(name string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".views-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // there is an error already
		}
	}()
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// ViewPath is exported for the library, which does not see it otherwise.
type ViewPath struct {
	Name string `path:"name" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9_.-]*$" doc:"name of the view"`
}

func (h *Handler) viewOperations() {
	huma.Register(h.api, operation("list-views", http.MethodGet, "views", "The views, which all share", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*of[api.Views], error) {
			_, m, err := h.looker(ctx)
			if err != nil {
				return nil, err
			}
			return &of[api.Views]{api.Views{Views: m.views.list()}}, nil
		})
	op := operation("put-view", http.MethodPut, "views/{name}", "Keeps a view", http.StatusNoContent)
	op.MaxBodyBytes = maxView
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		ViewPath
		Body api.ViewBody
	}) (*struct{}, error) {
		_, m, err := h.looker(ctx)
		if err != nil {
			return nil, err
		}
		// A query that counts from now is one; a relative range is the page's.
		if _, err := query.Parse(in.Body.Query, &query.Options{Now: time.Unix(1<<30, 0)}); err != nil {
			return nil, h.problem(ctx, err)
		}
		return nil, h.problem(ctx, m.views.change(func(kept map[string]api.ViewBody) error {
			if _, there := kept[in.Name]; !there && len(kept) >= maxViews {
				return fmt.Errorf("there are %d views, which is the limit: %w", maxViews, eventlog.ErrTooLarge)
			}
			kept[in.Name] = in.Body
			return nil
		}))
	})
	huma.Register(h.api, operation("delete-view", http.MethodDelete, "views/{name}", "Forgets a view", http.StatusNoContent),
		func(ctx context.Context, in *ViewPath) (*struct{}, error) {
			_, m, err := h.looker(ctx)
			if err != nil {
				return nil, err
			}
			return nil, h.problem(ctx, m.views.change(func(kept map[string]api.ViewBody) error {
				if _, there := kept[in.Name]; !there {
					if slices.ContainsFunc(builtinViews, func(v api.View) bool { return v.Name == in.Name }) {
						return fmt.Errorf("view %q is always there: %w", in.Name, eventlog.ErrInvalid)
					}
					return fmt.Errorf("view %q: %w", in.Name, fs.ErrNotExist)
				}
				delete(kept, in.Name)
				return nil
			}))
		})
}
