package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/message"
	"netelf.example/message/catalog"
	"netelf.example/nt"
	"netelf.example/service"
)

// ownMessages is what netelf's own message file is called.
const ownMessages = "netelf.mc"

func (a *app) messageExportVerb() *cobra.Command {
	var name string
	var own bool
	cmd := &cobra.Command{
		Use:   "export FILE [SOURCE...]",
		Short: "Write a catalogue to share",
		Long: `Writes a new catalogue with all that is in yours, or with some sources and the
files that they name; Net* is all that begin with Net. Others import it with
'netelf message import FILE'.

--own writes netelf's own messages instead, those of the events that its service
writes: as a catalogue, or where the name of FILE ends with .mc as the text that
Microsoft's Message Compiler makes a DLL of (mc -u FILE), in English and German.`,
		Example: `  netelf message export colleagues.db
  netelf message export printers.db Print "Spool*"
  netelf message export --own netelf.mc`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("want a file, as in '%s'", firstExample(cmd))
			}
			return nil
		},
	}
	catalogFlag(cmd, &name)
	cmd.Flags().BoolVar(&own, "own", false, "netelf's own messages and not those of your catalogue")
	sources := a.completeSources(&name, maxShown)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return completeFiles(cmd, args, typed)
		}
		return sources(cmd, args[1:], typed)
	}
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		file, args := args[0], args[1:]
		if own {
			if len(args) > 0 || name != "" {
				return usage("--own: want a file alone")
			}
			return a.exportOwn(ctx, file)
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
			n, found := 0, make([]bool, len(args))
			for i := range list {
				if at := want.match(list[i].Name); at >= 0 {
					n++
					if len(args) > 0 {
						found[at] = true
					}
				}
			}
			for i, ok := range found {
				if !ok {
					return noSource(args[i])
				}
			}
			which := func(s *catalog.Source) bool { return want.match(s.Name) >= 0 }
			if len(args) == 0 {
				which = nil // with the files that no source names
			}
			err = c.Export(ctx, file, which)
			var damage *catalog.DamageError
			if err != nil && !errors.As(err, &damage) {
				return err
			}
			a.say("%s: %s", file, counted(uint64(n), "source"))
			if damage != nil {
				a.say("netelf: %v", err)
				return code(exitDamaged)
			}
			return nil
		})
	})
	return cmd
}

// exportOwn writes netelf's own message file.
func (a *app) exportOwn(ctx context.Context, name string) error {
	source := service.MessageFile()
	if eventlog.EqualFold(filepath.Ext(name), ".mc") {
		text := strings.ReplaceAll(string(source), "\n", "\r\n")
		return writeNew(name, nt.AppendUTF16([]byte{0xff, 0xfe}, text))
	}
	file, err := mcFile(ownMessages, source)
	if err != nil {
		return err
	}
	c, err := catalog.Create(name, &catalog.Options{Now: a.now})
	if err != nil {
		return err
	}
	file.Origin = "netelf"
	err = c.Update(ctx, func(tx *catalog.Tx) error {
		id, err := tx.AddFile(file)
		if err != nil {
			return err
		}
		for _, s := range service.MessageSources() {
			s.MessageFiles = []string{ownMessages}
			if s.CategoryCount > 0 {
				s.CategoryFile = ownMessages
			}
			if err := tx.AddSource(catalog.Source{Source: s, Files: map[string]catalog.FileID{ownMessages: id}, Origin: "netelf"}); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, c.Close())
}

// writeNew writes a file that is not there yet.
func writeNew(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name) // the other error says more
	}
	return err
}

// mcFile makes a file of a catalogue of .mc text. With an error, which speaks of lines,
// it has what is well.
func mcFile(name string, text []byte) (*catalog.File, error) {
	source, err := message.ParseMC(text)
	if source == nil {
		return nil, err
	}
	tables, errTables := source.Compile()
	return &catalog.File{Name: name, Tables: tables}, errors.Join(err, errTables)
}
