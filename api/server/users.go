package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/users"
)

type UserPath struct {
	User string `path:"user" doc:"name of the user; case does not count"`
}

type TokenPath struct {
	UserPath
	Token string `path:"token" doc:"name of the token"`
}

func userOf(u *users.User) api.User {
	out := api.User{Name: u.Name, SID: string(u.SID), Groups: []string{}, NTLM: u.NTLM}
	for _, g := range u.Groups {
		out.Groups = append(out.Groups, g.String())
	}
	return out
}

func groupsOf(names []string) (list []users.Group, err error) {
	for _, name := range names {
		g, err := users.ParseGroup(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", err, eventlog.ErrInvalid)
		}
		list = append(list, g)
	}
	return list, nil
}

func (h *Handler) users() {
	huma.Register(h.api, operation("list-users", http.MethodGet, "users", "All users, for administrators", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*of[api.Users], error) {
			out := &of[api.Users]{api.Users{Users: []api.User{}}}
			return out, h.administer(ctx, "list", "users", func(a *Accounts) error {
				list, err := a.opts.Users.List()
				for i := range list {
					out.Body.Users = append(out.Body.Users, userOf(&list[i]))
				}
				return err
			})
		})
	huma.Register(h.api, operation("add-user", http.MethodPost, "users", "Adds a user, for administrators", http.StatusOK),
		func(ctx context.Context, in *of[api.NewUser]) (*of[api.User], error) {
			out := new(of[api.User])
			return out, h.administer(ctx, "add", "user "+in.Body.Name, func(a *Accounts) error {
				groups, err := groupsOf(in.Body.Groups)
				if err != nil {
					return err
				}
				u, err := a.opts.Users.Add(ctx, users.NewUser{Name: in.Body.Name, Password: in.Body.Password, Groups: groups, NoNTLM: !in.Body.NTLM})
				if err != nil {
					return err
				}
				out.Body = userOf(&u)
				a.audit(ctx, callerOf(ctx), Act{Kind: ActUserAdded, On: u.Name, More: joined(out.Body.Groups)})
				return nil
			})
		})
	huma.Register(h.api, operation("remove-user", http.MethodDelete, "users/{user}", "Removes a user, whose sessions and tokens end, for administrators", http.StatusNoContent),
		func(ctx context.Context, in *UserPath) (*struct{}, error) {
			return nil, h.administer(ctx, "remove", "user "+in.User, func(a *Accounts) error {
				u, err := a.opts.Users.Remove(ctx, in.User)
				if err == nil {
					a.audit(ctx, callerOf(ctx), Act{Kind: ActUserRemoved, On: u.Name})
				}
				return err
			})
		})
	huma.Register(h.api, operation("set-groups", http.MethodPut, "users/{user}/groups", "Puts a user into other groups, for administrators", http.StatusNoContent),
		func(ctx context.Context, in *struct {
			UserPath
			Body api.Groups
		}) (*struct{}, error) {
			return nil, h.administer(ctx, "change", "user "+in.User, func(a *Accounts) error {
				groups, err := groupsOf(in.Body.Groups)
				if err != nil {
					return err
				}
				if err := a.opts.Users.SetGroups(ctx, in.User, groups); err != nil {
					return err
				}
				u, err := a.opts.Users.Lookup(in.User)
				if err == nil {
					a.audit(ctx, callerOf(ctx), Act{Kind: ActUserChanged, On: u.Name, What: "groups", More: joined(userOf(&u).Groups)})
				}
				return err
			})
		})
	op := operation("set-password", http.MethodPut, "users/{user}/password", "Sets a password: one's own with the old one, another's for administrators", http.StatusNoContent)
	op.Description = "All sessions of the user end, but for the one that asks."
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		UserPath
		Body api.NewPassword
	}) (*struct{}, error) {
		return nil, h.own(ctx, "set the password of", in.User, func(a *Accounts, self bool) error {
			if self && identityOf(ctx).session == nil { // a token is not its owner
				return h.refusedAct(ctx, a, "set the password of", "user "+in.User)
			}
			return a.setPassword(ctx, in.User, &in.Body, self)
		})
	})
}

// setPassword sets a password. Who sets its own must know the old one: a session
// that was left open is no reason to believe it.
func (a *Accounts) setPassword(ctx context.Context, user string, p *api.NewPassword, self bool) error {
	id := identityOf(ctx)
	if self {
		if _, err := a.check(requestOf(ctx), user, p.Old); err != nil {
			return err
		}
	}
	u, err := a.opts.Users.SetPassword(ctx, user, p.Password, nil)
	if err != nil {
		return err
	}
	if self {
		_, stamp, err := a.opts.Users.Stamped(user)
		if err != nil {
			return err
		}
		a.sessions.restamp(id.session, stamp)
	}
	a.audit(ctx, id.caller, Act{Kind: ActUserChanged, On: u.Name, What: "password"})
	return nil
}

func tokenOf(t *users.Token) api.Token {
	out := api.Token{Name: t.Name, Scope: scopesOf(t.Scope), Log: t.Log, Made: &t.Made}
	if !t.Expires.IsZero() {
		out.Expires = &t.Expires
	}
	return out
}

func scopesOf(s users.Scope) (names []string) {
	for one := users.ScopeRead; one <= users.ScopeManage; one <<= 1 {
		if s&one != 0 {
			names = append(names, one.String())
		}
	}
	return names
}

func (h *Handler) tokens() {
	huma.Register(h.api, operation("list-tokens", http.MethodGet, "users/{user}/tokens", "The tokens of a user, for itself and administrators", http.StatusOK),
		func(ctx context.Context, in *UserPath) (*of[api.Tokens], error) {
			out := &of[api.Tokens]{api.Tokens{Tokens: []api.Token{}}}
			return out, h.own(ctx, "list the tokens of", in.User, func(a *Accounts, _ bool) error {
				list, err := a.opts.Users.Tokens(in.User)
				for i := range list {
					out.Body.Tokens = append(out.Body.Tokens, tokenOf(&list[i]))
				}
				return err
			})
		})
	op := operation("add-token", http.MethodPost, "users/{user}/tokens", "Makes a token of one's own, in a session", http.StatusOK)
	op.Description = "The answer has its text, which is kept nowhere. A token makes no other."
	huma.Register(h.api, op, func(ctx context.Context, in *struct {
		UserPath
		Body api.Token
	}) (*of[api.MadeToken], error) {
		out := new(of[api.MadeToken])
		return out, h.own(ctx, "make a token of", in.User, func(a *Accounts, self bool) error {
			if !self || identityOf(ctx).session == nil {
				return h.refusedAct(ctx, a, "make a token of", "user "+in.User)
			}
			var err error
			out.Body, err = a.addToken(ctx, in.User, &in.Body)
			return err
		})
	})
	huma.Register(h.api, operation("remove-token", http.MethodDelete, "users/{user}/tokens/{token}", "Revokes a token, for its user and administrators", http.StatusNoContent),
		func(ctx context.Context, in *TokenPath) (*struct{}, error) {
			return nil, h.own(ctx, "revoke a token of", in.User, func(a *Accounts, _ bool) error {
				err := a.opts.Users.RemoveToken(ctx, in.User, in.Token)
				if err == nil {
					a.audit(ctx, callerOf(ctx), Act{Kind: ActTokenRevoked, On: in.User, What: in.Token})
				}
				return err
			})
		})
}

func (a *Accounts) addToken(ctx context.Context, user string, n *api.Token) (made api.MadeToken, err error) {
	scope, err := users.ParseScope(n.Scope)
	if err != nil {
		return made, err
	}
	t := users.Token{Name: n.Name, Scope: scope, Log: n.Log, Made: a.opts.Now().UTC().Truncate(time.Second)}
	if n.Expires != nil {
		t.Expires = n.Expires.UTC().Truncate(time.Second)
	}
	if made.Text, err = a.opts.Users.AddToken(ctx, user, t); err != nil {
		return made, err
	}
	made.Token = tokenOf(&t)
	a.audit(ctx, callerOf(ctx), Act{Kind: ActTokenMade, On: user, What: t.Name, More: scope.String()})
	return made, nil
}
