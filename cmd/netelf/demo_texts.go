package main

import (
	"context"
	"embed"
	"errors"
	"path"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/message/catalog"
)

// The texts of the demo's events, a file a source. Its servers are of Windows, and
// their DLLs are not netelf's to pass on, so these texts were written for it.
//
//go:embed demomessages
var demoMessages embed.FS

// demoParameters has what %%n stands for in the events of all sources.
const demoParameters = "System errors.mc"

// makeDemoCatalog makes the catalogue of the demo's texts.
func makeDemoCatalog(ctx context.Context, name string) (err error) {
	c, err := catalog.Create(name, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	entries, err := demoMessages.ReadDir("demomessages")
	if err != nil {
		return err
	}
	return c.Update(ctx, func(tx *catalog.Tx) error {
		ids := map[string]catalog.FileID{}
		for _, e := range entries {
			text, err := demoMessages.ReadFile(path.Join("demomessages", e.Name()))
			if err != nil {
				return err
			}
			file, err := mcFile(e.Name(), text)
			if err != nil {
				return err
			}
			file.Origin = "netelf's demo"
			if ids[e.Name()], err = tx.AddFile(file); err != nil {
				return err
			}
		}
		for file, id := range ids {
			if file == demoParameters {
				continue
			}
			err := tx.AddSource(catalog.Source{
				Source: eventlog.Source{Name: strings.TrimSuffix(file, ".mc"), MessageFiles: []string{file}, ParameterFile: demoParameters},
				Files:  map[string]catalog.FileID{file: id, demoParameters: ids[demoParameters]},
				Origin: file,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
