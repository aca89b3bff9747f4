package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/message"
	"netelf.example/message/catalog"
	"netelf.example/render"
)

func (a *app) messageShowVerb() *cobra.Command {
	var name, output, langs, log string
	cmd := &cobra.Command{
		Use:   "show SOURCE ID",
		Short: "Show the texts that an event of a source has",
		Long: `Shows the texts of an event, in all languages or those of --lang, as they stand in
the message file: %1 is the first string of the event. An ID up to 65535 is the
number that administrators know an event by; a larger one, or 0x40001b7c, is all
32 bits of it.`,
		Example: `  netelf message show "Service Control Manager" 7036
  netelf message show EventLog 0x80001775 --lang de,en`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("want a source and an id, as in '%s'", firstExample(cmd))
			}
			return nil
		},
	}
	catalogFlag(cmd, &name)
	outputFlag(cmd, &output)
	cmd.Flags().StringVar(&langs, "lang", "", "only these `languages`: de,en")
	cmd.Flags().StringVar(&log, "log", "", "the source of that name in this `log`")
	completeList(cmd, "lang", langNames)
	completeList(cmd, "log", standardLogs)
	cmd.ValidArgsFunction = a.completeSources(&name, 1)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		want, err := message.ParseLangs(langs)
		if err != nil {
			return usage("--lang: %w", err)
		}
		id, err := number(args[1])
		if err != nil || id > 1<<32-1 {
			return usage("%q: want the id of an event, as 7036 or 0x40001b7c", args[1])
		}
		return a.readCatalog(name, func(c *catalog.Catalog) error {
			list, err := c.Show(ctx, log, args[0], uint32(id))
			if errors.Is(err, fs.ErrNotExist) {
				return noSource(args[0])
			}
			var damage *catalog.DamageError
			if err != nil && !errors.As(err, &damage) {
				return err
			}
			shown := 0
			for _, f := range list {
				if len(want) > 0 && !slices.ContainsFunc(want, func(l message.Lang) bool { return l.Base() == f.Lang.Base() }) {
					continue
				}
				b := foundText(args[0], &f)
				if asJSON {
					if b, err = jsonLine(foundDoc{args[0], uint16(f.ID), f.ID, f.Lang.String(), f.File, f.Text}); err != nil {
						return err
					}
				}
				if err := put(a.stdout, b); err != nil {
					return err
				}
				shown++
			}
			switch {
			case damage != nil:
				a.say("netelf: %v", damage)
				return code(exitDamaged)
			case shown == 0 && len(list) > 0:
				return fmt.Errorf("message %s of %s is in other languages only", args[1], args[0])
			case shown == 0:
				return fmt.Errorf("the files of %s have no message %s", args[0], args[1])
			}
			return nil
		})
	})
	return cmd
}

type foundDoc struct {
	Source  string `json:"source"`
	ID      uint16 `json:"id"`
	EventID uint32 `json:"event_id"`
	Lang    string `json:"lang"`
	File    string `json:"file"`
	Text    string `json:"text"`
}

// foundText is a line about a text, and the text.
func foundText(source string, f *catalog.Found) []byte {
	b := []byte(render.Visible(fmt.Sprintf("%s %d (0x%x), %v, %s", source, uint16(f.ID), f.ID, f.Lang, f.File)) + "\n")
	for line := range strings.Lines(strings.TrimRight(strings.ReplaceAll(f.Text, "\r\n", "\n"), "\n")) {
		b = append(b, strings.TrimRight("  "+render.Visible(strings.TrimSuffix(line, "\n")), " ")+"\n"...)
	}
	return b
}
