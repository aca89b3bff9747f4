package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"netelf.example/api/server"
	"netelf.example/eventlog"
	"netelf.example/internal/config"
	"netelf.example/internal/results"
	"netelf.example/internal/watch"
	"netelf.example/message/catalog"
	"netelf.example/nt"
	"netelf.example/scan"
	"netelf.example/service"
	"netelf.example/target"
	"netelf.example/web"
)

// manyServers is what the HTTP API needs to ask many servers. nil is none.
type manyServers struct {
	results *results.Store
	watch   *watch.Watch
	many    *server.Many
	texts   eventlog.Resolver
	open    *texts // of texts, what must be closed; nil: nothing
}

// manyTimeout is how long a server may take for one answer: nobody sits in front of the
// service who would end it.
const manyTimeout = 30 * time.Second

// manyConfig is what many servers are made of.
type manyConfig struct {
	own     func(context.Context) (eventlog.Server, error) // the service itself, with all it has; nil: there is none
	targets []server.Target
	every   time.Duration
	texts   eventlog.Resolver
	views   string // file; "": none are kept
}

// openManyServers begins to watch servers, and opens what asks them.
func openManyServers(c manyConfig) (_ *manyServers, err error) {
	asking := scan.Options{Timeout: manyTimeout, Credentials: new(scan.Credentials)}
	var watched []scan.Target
	if c.own != nil {
		watched = append(watched, scan.Target{Name: server.Own, Open: c.own})
	}
	for i := range c.targets {
		watched = append(watched, c.targets[i].Scan(nil))
	}
	m := &manyServers{texts: c.texts, results: results.NewStore(&results.Options{Scan: asking, Resolver: c.texts})}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if m.watch, err = watch.New(watched, &watch.Options{Every: c.every, Scan: asking}); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "netelf-files-")
	if err != nil {
		return nil, err
	}
	m.many, err = server.NewMany(server.ManyOptions{
		Results: m.results, Fleet: m.watch, Every: c.every, Targets: c.targets, Alone: c.own == nil, Scan: asking, Views: c.views, Files: dir,
	})
	if err != nil {
		err = errors.Join(err, os.Remove(dir))
	}
	return m, err
}

func (m *manyServers) close() error {
	if m == nil {
		return nil
	}
	var errs []error
	if m.many != nil {
		errs = append(errs, m.many.Close())
	}
	if m.watch != nil {
		errs = append(errs, m.watch.Close())
	}
	err := errors.Join(append(errs, m.results.Close())...)
	m.open.close()
	return err
}

// resolver is where the texts of the API's events are.
func (m *manyServers) resolver(s *service.Service) eventlog.Resolver {
	if m == nil {
		return s.Texts()
	}
	return m.texts
}

// handler is what a Handler takes.
func (m *manyServers) handler() *server.Many {
	if m == nil {
		return nil
	}
	return m.many
}

// serveMany opens what is configured of other servers. Without a door over the network
// nobody asks for them.
func (a *app) serveMany(s *service.Service, log *slog.Logger, c *config.Config) (*manyServers, error) {
	if c.HTTP.Listen == "" {
		return nil, nil
	}
	targets, messages, err := a.watched(string(c.Watch.Servers))
	if err != nil {
		return nil, err
	}
	texts, err := a.serviceTexts(s, messages)
	if err != nil {
		return nil, fmt.Errorf("watch.servers: %w", err)
	}
	if len(targets) > 0 {
		log.Info("watching", "servers", len(targets), "every", time.Duration(c.Watch.Every))
	}
	watcher := eventlog.Caller{Name: "watch", SIDs: []eventlog.SID{nt.SIDAdministrators}}
	m, err := openManyServers(manyConfig{
		own:     func(context.Context) (eventlog.Server, error) { return s.As(watcher), nil },
		targets: targets, every: time.Duration(c.Watch.Every), texts: texts,
		views: filepath.Join(string(c.Service.Data), "views.json"),
	})
	if err != nil {
		texts.close()
		return nil, fmt.Errorf("watch.servers: %w", err)
	}
	m.open = texts.texts
	return m, nil
}

// serviceTexts is where the text of all events is sought that the HTTP API gives: in
// the message files of the service's own sources, and then in a catalogue, "" for none.
type serviceTexts struct {
	service eventlog.Resolver
	*texts
}

func (a *app) serviceTexts(s *service.Service, name string) (*serviceTexts, error) {
	t := &serviceTexts{service: s.Texts(), texts: &texts{app: a}}
	if name == "" {
		return t, nil
	}
	var err error
	if t.catalog, err = catalog.Open(name, nil); err != nil {
		return nil, fmt.Errorf("catalog: %w", err)
	}
	t.name = name
	return t, nil
}

// Message implements eventlog.Resolver.
func (t *serviceTexts) Message(lang string, e *eventlog.Event) (string, eventlog.TextBy) {
	if text, by := t.service.Message(lang, e); by != eventlog.NotFound {
		return text, by
	}
	return t.texts.Message(lang, e)
}

// watched are the servers of a file in the form of people's configuration, and the
// catalogue that it names; "" has none.
func (a *app) watched(name string) (list []server.Target, messages string, err error) {
	if name == "" {
		return nil, "", nil
	}
	people, err := config.OpenPeople(name, a.isTarget)
	if err != nil {
		return nil, "", a.peopleError("watch.servers", err)
	}
	// Who asks is said by this file alone: nobody sits at a terminal, and what stands in
	// the service's environment is not meant for other servers.
	asker := &app{stdin: a.stdin, stdout: a.stdout, stderr: a.stderr, now: a.now, people: people, ownConfig: name, unattended: true, environ: func() []string {
		return slices.DeleteFunc(a.environ(), func(v string) bool {
			return strings.HasPrefix(v, passwordVariable+"=") || strings.HasPrefix(v, tokenVariable+"=")
		})
	}}
	members, groups := map[string]config.Member{}, map[string][]string{}
	for server := range people.Servers {
		members[server] = people.Member(server)
	}
	for _, group := range slices.Sorted(maps.Keys(people.Groups)) {
		list, _ := people.Expand(group) // it is there
		for _, m := range list {
			if known, ok := members[m.Name]; !ok || known.Logon == (config.Logon{}) {
				members[m.Name] = m
			}
			groups[m.Name] = append(groups[m.Name], group)
		}
	}
	given := &givenLogons{by: map[string]target.Credentials{}}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		t, err := asker.member(members[member])
		if err == nil && t.Kind == target.Local {
			err = errors.New("the service itself is always among the servers")
		}
		if err != nil {
			return nil, "", fmt.Errorf("watch.servers: %s: %w", member, err)
		}
		t.Files.Beside = len(members) - 1
		list = append(list, given.target(t, groups[member]))
	}
	return list, people.Catalog, nil
}

// givenLogons are the users that were given in place of those of the configuration, by
// what targets are asked with. They are kept in memory alone.
type givenLogons struct {
	mu sync.Mutex // guards by
	by map[string]target.Credentials
}

// target is a server that can be given another user.
func (g *givenLogons) target(t target.Target, groups []string) server.Target {
	out := server.Target{Name: t.Text, Groups: groups}
	switch t.Kind {
	case target.SMB, target.RPC:
		out.Kind = "even"
	case target.HTTP:
		out.Kind = "https"
	default:
		out.Kind = "file"
	}
	if key := t.Scan(nil).Credential; key != "" {
		configured := t.Remote.Credentials
		t.Remote.Credentials = func(ctx context.Context, named string) (target.Credentials, error) {
			g.mu.Lock()
			c, ok := g.by[key]
			g.mu.Unlock()
			if ok {
				return c, nil
			}
			return configured(ctx, named)
		}
		out.Logon = func(user, password string) {
			c := target.Credentials{User: user, Password: password}
			if domain, name, ok := strings.Cut(user, `\`); ok {
				c.Domain, c.User = domain, name
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			g.by[key] = c
		}
	}
	out.Scan = func(logs []string) scan.Target { return scanTarget(t, logs) }
	return out
}

// withPage puts the page beside the API.
func withPage(api http.Handler) http.Handler {
	page := web.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; p == "/v1" || strings.HasPrefix(p, "/v1/") || strings.HasPrefix(p, "/openapi") {
			api.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
}
