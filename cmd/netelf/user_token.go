package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"netelf.example/internal/users"
	"netelf.example/query"
)

func (a *app) userTokenVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "List, add or remove tokens of a user",
		Long: `A token lets a program in over HTTP as a user, without the user's password. It may
do what its scope says of what the user may, and ends when it is removed, when its
time is over, or with its user.

  read    read, follow
  report  report
  clear   clear, and with read back up
  manage  everything that the user may, but for its password and its tokens`,
		Example: `  netelf user token add fred --name nightly --scope read --expires 90d
  netelf user token list fred
  netelf user token remove fred nightly`,
		Args: noArgs,
		RunE: subverb,
	}
	cmd.AddCommand(a.userTokenListVerb(), a.userTokenAddVerb(), a.userTokenRemoveVerb())
	return cmd
}

func (a *app) userTokenAddVerb() *cobra.Command {
	var f userFile
	var t users.Token
	var scope []string
	var expires string
	cmd := &cobra.Command{
		Use:   "add USER",
		Short: "Make a token",
		Long: `Makes a token of a user and prints it, once: only its hash is kept. A program
sends it as 'Authorization: Bearer', and netelf takes it from NETELF_TOKEN, or from
a line 'token = …' of --auth-file.`,
		Example: `  netelf user token add fred --name nightly --scope read --expires 90d
  netelf user token add fred --name crusher --scope report --log Quarry`,
		Args: oneUser,
	}
	cmd.ValidArgsFunction = f.complete(a)
	f.flags(cmd)
	cmd.Flags().StringVar(&t.Name, "name", "", "what the token is called, a `name` of its own")
	cmd.Flags().StringArrayVar(&scope, "scope", nil, "`what` it may do: read, report, clear, manage; may be given several times")
	cmd.Flags().StringVar(&t.Log, "log", "", "the one `log` that it is for (default all)")
	cmd.Flags().StringVar(&expires, "expires", "", "the `time` after which it ends, as 90d (default never)")
	completeList(cmd, "scope", func() []string { return []string{"read", "report", "clear", "manage"} })
	completeList(cmd, "log", standardLogs)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		if t.Name == "" {
			return usage("--name says what the token is called")
		}
		if err := users.CheckName(t.Name); err != nil {
			return usage("--name: %w", err)
		}
		var err error
		if t.Scope, err = users.ParseScope(split(scope)); err != nil {
			return usage("--scope: %w", err)
		}
		t.Made = a.now()
		if expires != "" {
			d, _, ok := query.ParseAgo(expires)
			if !ok || d == 0 {
				return usage("--expires %q: want a length of time, as 90d or 12h", expires)
			}
			t.Expires = t.Made.Add(d)
		}
		s, err := f.open(a, false)
		if err != nil {
			return err
		}
		text, err := s.AddToken(ctx, args[0], t)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		a.say("%s: token %s, %s", args[0], t.Name, tokenText(&t))
		return put(a.stdout, fmt.Appendln(nil, text))
	})
	return cmd
}

// tokenText is what a token is good for, in words.
func tokenText(t *users.Token) string {
	s := strings.ReplaceAll(t.Scope.String(), ",", ", ")
	if t.Log != "" {
		s += ", log " + t.Log
	}
	if t.Expires.IsZero() {
		return s + ", without an end"
	}
	return s + ", until " + t.Expires.UTC().Format(time.RFC3339)
}

// tokenDoc is one token.
type tokenDoc struct {
	Name    string     `json:"name"`
	Scope   []string   `json:"scope"`
	Log     string     `json:"log,omitempty"`
	Made    time.Time  `json:"made"`
	Expires *time.Time `json:"expires,omitempty"`
}

func (a *app) userTokenListVerb() *cobra.Command {
	var f userFile
	var output string
	cmd := &cobra.Command{
		Use:   "list USER",
		Short: "List the tokens of a user",
		Long:  `Lists the tokens of a user: what each may do, and until when.`,
		Example: `  netelf user token list fred
  netelf user token list fred -o json`,
		Args: oneUser,
	}
	cmd.ValidArgsFunction = f.complete(a)
	f.flags(cmd)
	outputFlag(cmd, &output)
	cmd.RunE = a.verb(func(_ context.Context, args []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		s, err := f.open(a, false)
		if err != nil {
			return err
		}
		list, err := s.Tokens(args[0])
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		if asJSON {
			for i := range list {
				t := &list[i]
				d := tokenDoc{Name: t.Name, Scope: strings.Split(t.Scope.String(), ","), Log: t.Log, Made: t.Made}
				if !t.Expires.IsZero() {
					d.Expires = &t.Expires
				}
				if err := a.putJSON(d); err != nil {
					return err
				}
			}
			return nil
		}
		rows := [][]string{{"TOKEN", "SCOPE", "LOG", "MADE", "EXPIRES"}}
		for i := range list {
			t := &list[i]
			log, ends := t.Log, "never"
			if log == "" {
				log = "-"
			}
			if !t.Expires.IsZero() {
				ends = t.Expires.Format(time.DateOnly)
				if !a.now().Before(t.Expires) {
					ends += " (over)"
				}
			}
			rows = append(rows, []string{t.Name, t.Scope.String(), log, t.Made.Format(time.DateOnly), ends})
		}
		return put(a.stdout, columns(slices.Repeat([]bool{false}, 5), rows))
	})
	return cmd
}

func (a *app) userTokenRemoveVerb() *cobra.Command {
	var f userFile
	cmd := &cobra.Command{
		Use:   "remove USER TOKEN",
		Short: "Revoke a token of a user",
		Long:  `Revokes a token of a user, by its name. Nobody comes in with it from then on.`,
		Example: `  netelf user token remove fred nightly
  netelf user token remove fred nightly --file users.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("want a user and a token, as in '%s'", firstExample(cmd))
			}
			return nil
		},
	}
	cmd.ValidArgsFunction = f.complete(a)
	f.flags(cmd)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		s, err := f.open(a, false)
		if err != nil {
			return err
		}
		if err := s.RemoveToken(ctx, args[0], args[1]); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		a.say("%s: token %s removed", args[0], args[1])
		return nil
	})
	return cmd
}
