package server

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/watch"
)

// ServerPath is exported for the library, which does not see it otherwise.
type ServerPath struct {
	Server string `path:"server" doc:"name of the server; ~ is the service itself"`
}

// name is the server that is meant.
func (p *ServerPath) name() string {
	if p.Server == ownPath {
		return Own
	}
	return p.Server
}

func (h *Handler) servers() {
	huma.Register(h.api, operation("list-servers", http.MethodGet, "servers", "The state of all servers that the service knows", http.StatusOK),
		func(ctx context.Context, in *AfterQuery) (*of[api.Servers], error) {
			c, m, err := h.looker(ctx)
			if err != nil {
				return nil, err
			}
			h.awaits(ctx, in.After, m.opts.Fleet.Wait)
			list, version := m.opts.Fleet.Servers()
			out := &of[api.Servers]{api.Servers{Version: version, Every: m.opts.Every.Seconds(), Servers: []api.ServerState{}}}
			now := h.opts.Now()
			for i := range list {
				out.Body.Servers = append(out.Body.Servers, m.state(&list[i], now, looksAtSecurity(c)))
			}
			out.Body.Servers = append(out.Body.Servers, m.uploads.states(identityOf(ctx))...)
			return out, nil
		})
	huma.Register(h.api, operation("refresh-server", http.MethodPost, "servers/{server}/refresh", "Asks a server at once", http.StatusAccepted),
		func(ctx context.Context, in *ServerPath) (*struct{}, error) {
			_, m, err := h.looker(ctx)
			if err != nil {
				return nil, err
			}
			if _, err := m.opts.Fleet.Server(in.name()); err != nil {
				return nil, h.problem(ctx, err)
			}
			// Nobody waits for it: it is asked for, and its state will say what came of it.
			over, cancel := context.WithCancel(ctx)
			cancel()
			_ = m.opts.Fleet.Refresh(over, in.name())
			return nil, nil
		})
	op := operation("give-credential", http.MethodPost, "servers/{server}/credential", "Has another user ask a server from now on", http.StatusNoContent)
	op.Description = "It is kept in memory until the service ends, and is for all servers that are asked with the same credential in the configuration, " +
		"of which one tries it alone. It is for administrators."
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		ServerPath
		Body api.Logon
	}) (*struct{}, error) {
		c, m, err := h.looker(ctx)
		if err != nil {
			return nil, err
		}
		if !administrates(c) {
			return nil, h.refusedAct(ctx, h.opts.Accounts, "give a credential for", "server "+in.name())
		}
		t := m.targets[in.name()]
		switch {
		case t == nil:
			return nil, h.problem(ctx, fmt.Errorf("server %q: %w", in.name(), fs.ErrNotExist))
		case t.Logon == nil:
			return nil, h.problem(ctx, fmt.Errorf("server %q takes no credential: %w", in.name(), eventlog.ErrInvalid))
		}
		t.Logon(in.Body.User, in.Body.Password)
		m.kept.forget() // it is the other user who is let in there, or not
		m.opts.Fleet.Renew(t.Scan(nil).Credential)
		h.opts.Logger.Info("another credential", "caller", c.Name, "server", t.Name)
		h.opts.Accounts.audit(ctx, c, Act{Kind: ActCredentialGiven, On: t.Name, What: in.Body.User})
		return nil, nil
	})
	huma.Register(h.api, operation("list-server-logs", http.MethodGet, "servers/{server}/logs", "The logs of a server, as they were when it was asked last", http.StatusOK),
		func(ctx context.Context, in *ServerPath) (*of[api.Logs], error) {
			if _, _, err := h.looker(ctx); err != nil {
				return nil, err
			}
			logs, err := h.logsOf(ctx, in.name())
			return &of[api.Logs]{api.Logs{Logs: logs}}, h.problem(ctx, err)
		})
}

// logsOf are the logs of a server.
func (h *Handler) logsOf(ctx context.Context, name string) ([]api.Log, error) {
	m, logs := h.opts.Many, []api.Log{}
	list := func(infos []eventlog.Info) {
		for i := range infos {
			logs = append(logs, api.LogOf(&infos[i]))
		}
	}
	if f := m.uploads.find(identityOf(ctx), name); f != nil {
		list(f.logs)
		return logs, nil
	}
	if name == Own {
		return logs, h.with(ctx, func(srv eventlog.Server) error {
			infos, err := srv.Logs(ctx)
			list(infos)
			return err
		})
	}
	s, err := m.opts.Fleet.Server(name)
	if err != nil {
		return nil, err
	}
	all := looksAtSecurity(callerOf(ctx))
	for i := range s.Logs {
		if info := s.Logs[i].Info; !s.Logs[i].Seen.IsZero() && (all || !isSecurity(&info)) {
			info.Name = s.Logs[i].Name
			list([]eventlog.Info{info})
		}
	}
	return logs, nil
}

// state is the state of a server as it travels. Who may not see Security does not hear
// that it is there.
func (m *Many) state(s *watch.Server, now time.Time, all bool) api.ServerState {
	out := api.ServerState{
		Name: s.Name, Kind: "service", State: s.State.String(), Checked: timeOf(s.Tried), LastEvent: timeOf(s.Last.Time),
		Logs: []api.ServerLog{}, Refused: s.Stopped, Groups: []string{},
	}
	if t := m.targets[s.Name]; t != nil {
		out.Kind, out.Groups, out.Usual = t.Kind, slices.Clone(t.Groups), t.Scan(nil).Default
	} else {
		out.Usual = defaultLogs
	}
	switch {
	case s.Refreshing && s.Seen.IsZero():
		out.State = "checking"
	case s.Tried.IsZero():
		out.State = "unknown"
	}
	if s.Err != nil {
		out.Error = s.Err.Error()
	}
	if s.SkewKnown {
		ms := float64(s.Skew) / float64(time.Millisecond)
		out.Skew = &ms
	}
	if !s.Seen.IsZero() {
		out.Hours = &api.Hours{Start: s.Hours[0].Begin.UTC()}
		for i := range s.Hours {
			out.Hours.Counts = append(out.Hours.Counts, byLevel(&s.Hours[i].Levels))
		}
	}
	for i := range s.Logs {
		l := &s.Logs[i]
		if !all && s.Name != Own && (eventlog.EqualFold(l.Name, security) || isSecurity(&l.Info)) {
			continue
		}
		log := serverLog(l.Name, &l.Info)
		log.MaxSize, log.Full = l.Info.MaxSize, l.Risk == watch.RiskFull
		log.Cleared = !l.Cleared.IsZero() && now.Sub(l.Cleared) < 24*time.Hour
		if l.Err != nil {
			log.Error = l.Err.Error()
		}
		out.Logs = append(out.Logs, log)
	}
	return out
}

// serverLog is a log in the state of its server, as far as the log itself says.
func serverLog(name string, i *eventlog.Info) api.ServerLog {
	return api.ServerLog{Name: name, Size: i.Size, Records: i.Count(), Oldest: timeOf(i.OldestTime), Newest: timeOf(i.NewestTime)}
}

// byLevel is counts as they travel.
func byLevel(c *eventlog.LevelCounts) (out api.ByLevel) {
	for i, n := range c {
		out[min(i, len(out)-1)] += n
	}
	return out
}
