package server

import (
	"context"
	"errors"
	"html"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"netelf.example/api"
	"netelf.example/internal/oidc"
)

// loginWays has null where there is no provider, which the library has no tag for.
type loginWays struct{ api.LoginWays }

func (loginWays) Schema(r huma.Registry) *huma.Schema {
	provider := r.Schema(reflect.TypeFor[api.LoginProvider](), true, "LoginProvider")
	s := huma.SchemaFromType(r, reflect.TypeFor[api.LoginWays]())
	s.Properties["oidc"] = &huma.Schema{
		Description: "by GET /v1/session/oidc; null: not offered", OneOf: []*huma.Schema{provider, {Type: "null"}},
	}
	return s
}

func (h *Handler) ways() {
	op := operation("log-in-ways", http.MethodGet, "login", "How one can log in, for those who have not", http.StatusOK)
	op.Errors = []int{http.StatusBadRequest}
	op.Security = []map[string][]string{{}}
	huma.Register(h.api, op, func(context.Context, *struct{}) (*of[loginWays], error) {
		out := new(of[loginWays])
		if a := h.opts.Accounts; a != nil {
			out.Body.Password = true
			if a.provided != nil {
				out.Body.OIDC = &api.LoginProvider{Name: a.provided.name()}
			}
		}
		return out, nil
	})
}

// BeginOIDC and EndOIDC are exported for the library, which does not see them
// otherwise.
type BeginOIDC struct {
	Return string `query:"return" default:"/" maxLength:"1024" doc:"the path of this server that is gone to afterwards"`
}

type EndOIDC struct {
	State string `query:"state" doc:"of the provider's answer"`
	Code  string `query:"code" doc:"of the provider's answer"`
	Error string `query:"error" doc:"of the provider's answer, if it refuses"`
}

func (h *Handler) oidc() {
	op := operation("begin-oidc", http.MethodGet, "session/oidc", "Logs in by OpenID Connect: sends the browser to the provider", http.StatusSeeOther)
	op.Errors = []int{http.StatusBadRequest, http.StatusNotFound, http.StatusServiceUnavailable}
	op.Security = []map[string][]string{{}}
	huma.Register(h.api, op, func(ctx context.Context, in *BeginOIDC) (*struct {
		Cookie
		Location string `header:"Location"`
	}, error) {
		a, p, err := h.provider()
		if err != nil {
			return nil, err
		}
		if err := checkReturn(in.Return); err != nil {
			return nil, h.problem(ctx, err)
		}
		to, cookie, err := p.begin(ctx, in.Return, a.opts.Now())
		var down *oidc.Down
		if errors.As(err, &down) {
			err = p.down(a, err)
		}
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		return &struct {
			Cookie
			Location string `header:"Location"`
		}{Cookie{p.cookie(cookie)}, to}, nil
	})

	op = operation("end-oidc", http.MethodGet, "session/oidc/callback", "Ends a login by OpenID Connect: the browser comes back with a code", http.StatusOK)
	op.Description = "The answer is a page that goes on to where the login was begun; what is refused is a page too for whoever prefers text/html. " +
		"The session is that of a login by password. What else a provider writes into the query is not looked at."
	op.Errors = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusNotFound, http.StatusServiceUnavailable}
	op.Security = []map[string][]string{{}}
	op.SkipValidateParams = true
	op.Responses = streamed("text/html")
	huma.Register(h.api, op, func(ctx context.Context, _ *EndOIDC) (*huma.StreamResponse, error) {
		a, p, err := h.provider()
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			w.Header().Add("Set-Cookie", p.cookie("")) // it was good once
			text, back, err := a.end(r, r.URL.Query())
			if err != nil {
				h.refuseBack(w, r, back, h.problem(ctx, err))
				return
			}
			w.Header().Add("Set-Cookie", cookie(r, text))
			// Browsers would take a redirect for the provider's, and not send the session.
			page(w, http.StatusOK, `<meta http-equiv="refresh" content="0;url=`+html.EscapeString(back)+`">`, "Logged in.", back, "Go on")
		}}, nil
	})
}

// refuseBack says what is wrong with a login, to a browser as a page.
func (h *Handler) refuseBack(w http.ResponseWriter, r *http.Request, back string, err error) {
	var headed interface{ GetHeaders() http.Header }
	if errors.As(err, &headed) {
		for name, values := range headed.GetHeaders() {
			w.Header()[name] = values
		}
	}
	var p *problem
	if !errors.As(err, &p) { // it is always one
		p = refusal(http.StatusInternalServerError, "the login failed", nil)
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		page(w, p.Status, "", "Not logged in: "+p.Detail+".", back, "Go back")
		return
	}
	refuse(w, p)
}

// page is one of a line of text, and a link to a path that was checked.
func page(w http.ResponseWriter, status int, head, text, to, label string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// Whoever is gone does not see it.
	_, _ = w.Write([]byte("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">" + head + "<title>netelf</title>\n<p>" +
		html.EscapeString(text) + "</p>\n<p><a href=\"" + html.EscapeString(to) + "\">" + label + "</a></p>\n</html>\n"))
}
