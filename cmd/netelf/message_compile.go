package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/message"
	"netelf.example/render"
)

func (a *app) messageCompileVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "compile FILE.mc...",
		Short: "Check message text files",
		Long: `Checks files in the language of Microsoft's Message Compiler. What is wrong is said
with its line and column; of a file that is well, how many messages it has in
which languages.

Exit codes: 0 all are well; 1 nothing could be read; 2 wrong usage; 3 something is
wrong in a file; 4 some of the files could not be read.`,
		Example: `  netelf message compile crusher.mc`,
		Args:    atLeastOne,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"mc"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: a.verb(func(_ context.Context, args []string) error {
			failed, damaged := 0, false
			for _, name := range args {
				b, err := readText(name, message.MaxSource)
				if err != nil {
					failed++
					a.say("netelf: %s: %v", name, err)
					continue
				}
				file, err := mcFile(name, b)
				if err != nil {
					damaged = true
					a.sayLines(name, err)
					continue
				}
				if err := put(a.stdout, []byte(render.Visible(name+": "+messageCount(file.Tables))+"\n")); err != nil {
					return outputError(err)
				}
			}
			return outcomeOf(failed, len(args), damaged)
		}),
	}
}

// messages is how many messages tables have, of whatever language.
func messages(tables message.Tables) int {
	ids := map[uint32]bool{}
	for _, tab := range tables {
		for m, err := range tab.All() {
			if err == nil { // what is damaged is none
				ids[m.ID] = true
			}
		}
	}
	return len(ids)
}

// messageCount is that in words.
func messageCount(tables message.Tables) string {
	n := messages(tables)
	if n == 0 {
		return "no messages"
	}
	return fmt.Sprintf("%s in %s", counted(uint64(n), "message"), strings.Join(langList(tables.Languages()), ", "))
}

// sayLines says what is wrong in a file: file:line:column: error, a line each.
func (a *app) sayLines(name string, err error) {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			a.sayLines(name, err)
		}
	case *message.SourceError:
		a.say("%s:%v", name, e)
	default:
		a.say("%s: %v", name, err)
	}
}

// readText reads a file of at most limit bytes.
func readText(name string, limit int64) ([]byte, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, plain(err)
	}
	switch {
	case !st.Mode().IsRegular():
		return nil, errors.New("is no file")
	case st.Size() > limit:
		return nil, fmt.Errorf("%d bytes, and %d is the limit", st.Size(), limit)
	}
	b, err := os.ReadFile(name)
	return b, plain(err)
}
