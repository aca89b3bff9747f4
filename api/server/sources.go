package server

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"netelf.example/api"
	"netelf.example/eventlog"
)

type SourcePath struct {
	Source string `path:"source" doc:"name of the source; case does not count"`
}

func (h *Handler) sources() {
	huma.Register(h.api, operation("list-sources", http.MethodGet, "sources", "All sources", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*of[api.Sources], error) {
			out := &of[api.Sources]{api.Sources{Sources: []eventlog.Source{}}}
			err := h.with(ctx, func(srv eventlog.Server) error {
				list, err := eventlog.Sources(ctx, srv)
				out.Body.Sources = append(out.Body.Sources, list...)
				return err
			})
			return out, err
		})
	huma.Register(h.api, operation("set-source", http.MethodPut, "sources/{source}", "Registers a source, in place of the one that has its name", http.StatusNoContent),
		func(ctx context.Context, in *struct {
			SourcePath
			Body eventlog.Source
		}) (*struct{}, error) {
			return nil, h.with(ctx, func(srv eventlog.Server) error {
				if !eventlog.EqualFold(in.Source, in.Body.Name) {
					return fmt.Errorf("source %q is called %q in the body: %w", in.Source, in.Body.Name, eventlog.ErrInvalid)
				}
				return eventlog.SetSource(ctx, srv, in.Body)
			})
		})
	huma.Register(h.api, operation("remove-source", http.MethodDelete, "sources/{source}", "Forgets a source", http.StatusNoContent),
		func(ctx context.Context, in *SourcePath) (*struct{}, error) {
			return nil, h.with(ctx, func(srv eventlog.Server) error { return eventlog.RemoveSource(ctx, srv, in.Source) })
		})
}
