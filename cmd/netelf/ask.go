package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"netelf.example/render"
)

// interactive says whether there is somebody to ask.
func (a *app) interactive() bool {
	return !a.unattended && term.IsTerminal(int(a.stdin.Fd()))
}

// mayAsk is an error of usage where nobody can be asked and --yes is not given.
func (a *app) mayAsk(yes bool, verb string) error {
	if yes || a.interactive() {
		return nil
	}
	return usage("'%s' asks first, and there is no terminal to ask on: give --yes", verb)
}

// ask asks a question on the terminal, whose first line may say why, and says whether the answer is yes. An end
// of the input is no.
func (a *app) ask(ctx context.Context, question string) (bool, error) {
	before, question, ok := strings.Cut(question, "\n")
	if ok {
		a.say("%s", before)
	} else {
		question = before
	}
	if _, err := io.WriteString(a.stderr, render.Visible(question)+" [y/N] "); err != nil {
		return false, err
	}
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() { // ends with the process at the latest: a read from a terminal cannot be called off
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case got := <-answers:
		if got.err != nil && !errors.Is(got.err, io.EOF) {
			return false, fmt.Errorf("read the answer: %w", got.err)
		}
		switch strings.ToLower(strings.TrimSpace(got.line)) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}

// firstExample is the first line of the examples of a verb.
func firstExample(cmd *cobra.Command) string {
	first, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	return first
}
