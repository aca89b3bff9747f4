package main

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/internal/worded"
	"netelf.example/message"
	"netelf.example/message/catalog"
)

func (a *app) messageListVerb() *cobra.Command {
	var name, output string
	cmd := &cobra.Command{
		Use:   "list [SOURCE...]",
		Short: "List the sources of a catalogue",
		Long: `Lists the sources of a catalogue by log: how many messages there are of each, in
which languages, and how many of the files that it names are there. A source
without a log stands in for every log. Net* is all sources that begin with Net.`,
		Example: `  netelf message list
  netelf message list -o json --catalog colleagues.db "Service*"`,
	}
	catalogFlag(cmd, &name)
	outputFlag(cmd, &output)
	cmd.ValidArgsFunction = a.completeSources(&name, maxShown)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		want, err := sourcesNamed(args)
		if err != nil {
			return err
		}
		return a.readCatalog(name, func(c *catalog.Catalog) error {
			list, err := c.List(ctx)
			if err != nil {
				return err
			}
			if len(args) > 0 && !slices.ContainsFunc(list, func(s catalog.Summary) bool { return want.match(s.Name) >= 0 }) {
				return noSource(strings.Join(args, ", "))
			}
			rows := [][]string{{"LOG", "SOURCE", "MESSAGES", "LANGUAGES", "FILES", "FROM"}}
			for i := range list {
				s := &list[i]
				if want.match(s.Name) < 0 {
					continue
				}
				if !asJSON {
					rows = append(rows, sourceRow(s))
					continue
				}
				b, err := jsonLine(sourceJSON(s))
				if err != nil {
					return err
				}
				if err := put(a.stdout, b); err != nil {
					return err
				}
			}
			if asJSON {
				return nil
			}
			return put(a.stdout, columns([]bool{false, false, true, false, true, false}, rows))
		})
	})
	return cmd
}

// noSource is that a catalogue has no source of that name.
func noSource(name string) error {
	return worded.Errorf(fs.ErrNotExist, "there is no source %q; 'netelf message list' lists them", name)
}

// shownLangs is how many languages a table shows.
const shownLangs = 4

func langList(langs []message.Lang) (list []string) {
	for _, l := range langs {
		list = append(list, l.String())
	}
	return list
}

func sourceRow(s *catalog.Summary) []string {
	langs := langList(s.Languages)
	if n := len(langs); n > shownLangs {
		langs = append(langs[:shownLangs-1], fmt.Sprintf("%d more", n-shownLangs+1))
	}
	return []string{s.Log, s.Name, strconv.Itoa(s.Messages), strings.Join(langs, ", "), fmt.Sprintf("%d of %d", s.Found, len(paths(s))), s.Origin}
}

// paths are the files that a source names.
func paths(s *catalog.Summary) []string {
	list := append([]string(nil), s.MessageFiles...)
	for _, p := range []string{s.CategoryFile, s.ParameterFile} {
		if p != "" {
			list = append(list, p)
		}
	}
	return list
}

type sourceDoc struct {
	Log           string    `json:"log"`
	Source        string    `json:"source"`
	Messages      int       `json:"messages"`
	Languages     []string  `json:"languages"`
	MessageFiles  []string  `json:"message_files,omitempty"`
	CategoryFile  string    `json:"category_file,omitempty"`
	ParameterFile string    `json:"parameter_file,omitempty"`
	CategoryCount uint32    `json:"category_count,omitempty"`
	Files         int       `json:"files"`
	Found         int       `json:"found"`
	ProviderGUID  string    `json:"provider_guid,omitempty"`
	Guessed       bool      `json:"guessed,omitempty"`
	Origin        string    `json:"origin,omitempty"`
	Added         time.Time `json:"added"`
}

func sourceJSON(s *catalog.Summary) sourceDoc {
	d := sourceDoc{
		Log: s.Log, Source: s.Name, Messages: s.Messages, Languages: langList(s.Languages),
		MessageFiles: s.MessageFiles, CategoryFile: s.CategoryFile, ParameterFile: s.ParameterFile, CategoryCount: s.CategoryCount,
		Files: len(paths(s)), Found: s.Found, Guessed: s.Guessed, Origin: s.Origin, Added: s.Added,
	}
	if d.Languages == nil {
		d.Languages = []string{}
	}
	if !s.GUID.IsZero() {
		d.ProviderGUID = s.GUID.String()
	}
	return d
}
