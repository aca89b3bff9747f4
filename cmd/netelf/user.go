package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/internal/config"
	"netelf.example/internal/users"
	"netelf.example/nt"
)

func (a *app) userVerb() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "user",
		GroupID: groupKeep,
		Short:   "List, add or remove users of the service",
		Long: `Users of the service are its own, not those of this machine, and stand in a file,
which its configuration names. A user has a password and groups:

  administrators  may do everything
  users           may do what the rules of a log allow all users
  readers         event log readers: may read Security too

A running service sees each change at once.`,
		Example: `  netelf user list
  netelf user add fred --group readers
  netelf user passwd fred
  netelf user remove fred
  netelf user token add fred --name nightly --scope read`,
		Args: noArgs,
		RunE: subverb,
	}
	cmd.AddCommand(a.userListVerb(), a.userAddVerb(), a.userPasswdVerb(), a.userRemoveVerb(), a.userTokenVerb())
	return cmd
}

// userFile says which file of users is meant.
type userFile struct{ file, config string }

func (f *userFile) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "file", "", "the `file` of users\n(default that of the configuration)")
	cmd.Flags().StringVar(&f.config, "config", "", "the configuration `file` (default "+config.DefaultFile+", if it is there)")
}

// open opens the file of users. Unless it may be made it must be there.
func (f *userFile) open(a *app, make bool) (*users.Store, error) {
	name := f.file
	if name == "" {
		c, err := a.config(f.config)
		if err != nil {
			return nil, a.configError(err)
		}
		name = c.Service.UsersFile()
	}
	if _, err := os.Stat(name); !make && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file; 'netelf user add' makes it", name)
	}
	return users.Open(name, nil)
}

// complete lets the shell complete the name of a user.
func (f *userFile) complete(a *app) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		if s, err := f.open(a, false); err == nil && len(args) == 0 {
			list, _ := s.List() // none, then
			for _, u := range list {
				names = append(names, u.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// oneUser is an Args for verbs that take a user.
func oneUser(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one user, as in '%s'", firstExample(cmd))
	}
	return nil
}

func (a *app) userListVerb() *cobra.Command {
	var f userFile
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Long: `Lists the users: their groups, whether they may come by NTLM, and their SIDs. What
is kept of their passwords is not shown.`,
		Example: `  netelf user list
  netelf user list -o json`,
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.flags(cmd)
	outputFlag(cmd, &output)
	cmd.RunE = a.verb(func(context.Context, []string) error {
		asJSON, err := isJSON(output)
		if err != nil {
			return err
		}
		s, err := f.open(a, false)
		if err != nil {
			return err
		}
		list, err := s.List()
		if err != nil {
			return err
		}
		if !asJSON {
			rows := [][]string{{"USER", "GROUPS", "NTLM", "SID"}}
			for _, u := range list {
				ntlm := "no"
				if u.NTLM {
					ntlm = "yes"
				}
				rows = append(rows, []string{u.Name, groupList(&u), ntlm, string(u.SID)})
			}
			return put(a.stdout, columns([]bool{false, false, false, false}, rows))
		}
		for _, u := range list {
			if err := a.putJSON(userJSON(&u)); err != nil {
				return err
			}
		}
		return nil
	})
	return cmd
}

// userDoc is one user.
type userDoc struct {
	Name   string   `json:"name"`
	SID    nt.SID   `json:"sid"`
	Groups []string `json:"groups"`
	NTLM   bool     `json:"ntlm"`
}

func userJSON(u *users.User) userDoc {
	d := userDoc{Name: u.Name, SID: u.SID, Groups: []string{}, NTLM: u.NTLM}
	for _, g := range u.Groups {
		d.Groups = append(d.Groups, g.String())
	}
	return d
}

func groupList(u *users.User) string { return strings.Join(userJSON(u).Groups, ", ") }

func (a *app) userAddVerb() *cobra.Command {
	var f userFile
	var n users.NewUser
	var groups []string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `Adds a user. The password is asked for twice on a terminal; elsewhere it is the
first line of the standard input. Without --group the user is one of users.

A user may come by NTLM, as programs for Windows do, and for that a hash is kept
that is worth the password to whoever reads it. --no-ntlm keeps none: such a user
comes by HTTP only.

The file is made if it is not there. Only its owner may read it.`,
		Example: `  netelf user add fred --group readers
  netelf user add wilma --group administrators --no-ntlm <password.txt`,
		Args:              oneUser,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.flags(cmd)
	cmd.Flags().StringArrayVar(&groups, "group", nil, "a `group`: administrators, users, readers; may be given several times")
	cmd.Flags().BoolVar(&n.NoNTLM, "no-ntlm", false, "the user may not come by NTLM")
	completeList(cmd, "group", func() []string { return []string{"administrators", "users", "readers"} })
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		n.Name = args[0]
		if err := users.CheckName(n.Name); err != nil {
			return usage("%w", err)
		}
		values := split(groups)
		if groups != nil && len(values) == 0 {
			return usage("--group is empty")
		}
		for _, v := range values {
			g, err := users.ParseGroup(v)
			if err != nil {
				return usage("--group: %w", err)
			}
			n.Groups = append(n.Groups, g)
		}
		s, err := f.open(a, true)
		if err != nil {
			return err
		}
		if u, err := s.Lookup(n.Name); err == nil { // before anybody thinks of a password
			return fmt.Errorf("%s: there is a user %q already", s.Name(), u.Name)
		}
		if n.Password, err = a.newPassword(ctx, n.Name); err != nil {
			return err
		}
		u, err := s.Add(ctx, n)
		if err != nil {
			return err
		}
		a.say("%s: added to %s, %s, %s", u.Name, groupList(&u), byNTLM(&u), u.SID)
		return nil
	})
	return cmd
}

func byNTLM(u *users.User) string {
	if u.NTLM {
		return "may come by NTLM"
	}
	return "may not come by NTLM"
}

func (a *app) userPasswdVerb() *cobra.Command {
	var f userFile
	var ntlm, noNTLM bool
	cmd := &cobra.Command{
		Use:   "passwd NAME",
		Short: "Set the password of a user",
		Long: `Sets the password of a user. It is asked for twice on a terminal; elsewhere it is
the first line of the standard input. Whether the user may come by NTLM stays as
it was, unless --ntlm or --no-ntlm says otherwise.`,
		Example: `  netelf user passwd fred
  netelf user passwd wilma --ntlm <password.txt`,
		Args: oneUser,
	}
	cmd.ValidArgsFunction = f.complete(a)
	f.flags(cmd)
	cmd.Flags().BoolVar(&ntlm, "ntlm", false, "the user may come by NTLM from now on")
	cmd.Flags().BoolVar(&noNTLM, "no-ntlm", false, "the user may not come by NTLM from now on")
	cmd.MarkFlagsMutuallyExclusive("ntlm", "no-ntlm")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		s, err := f.open(a, false)
		if err != nil {
			return err
		}
		u, err := s.Lookup(args[0])
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		password, err := a.newPassword(ctx, u.Name)
		if err != nil {
			return err
		}
		var set *bool
		if ntlm || noNTLM {
			set = &ntlm
		}
		if u, err = s.SetPassword(ctx, u.Name, password, set); err != nil {
			return err
		}
		a.say("%s: password set, %s", u.Name, byNTLM(&u))
		return nil
	})
	return cmd
}

func (a *app) userRemoveVerb() *cobra.Command {
	var f userFile
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user",
		Long: `Removes a user. Its SID is never given to another one.

It asks first; without a terminal to ask on it wants --yes.`,
		Example: `  netelf user remove fred
  netelf user remove fred --yes`,
		Args: oneUser,
	}
	cmd.ValidArgsFunction = f.complete(a)
	f.flags(cmd)
	yesFlag(cmd, &yes)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		if err := a.mayAsk(yes, cmd.CommandPath()); err != nil {
			return err
		}
		s, err := f.open(a, false)
		if err != nil {
			return err
		}
		u, err := s.Lookup(args[0])
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		if !yes {
			ok, err := a.ask(ctx, fmt.Sprintf("remove the user %s, %s?", u.Name, u.SID))
			if err != nil {
				return err
			}
			if !ok {
				a.say("netelf: nothing was done")
				return code(exitFailed)
			}
		}
		if u, err = s.Remove(ctx, u.Name); err != nil {
			return err
		}
		a.say("%s: removed", u.Name)
		return nil
	})
	return cmd
}
