package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocumentedLines: each line that the documents and the help print for netelf has
// verbs, flags and values that there are. What it does is for other tests.
func TestDocumentedLines(t *testing.T) {
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	// One for all lines: cobra keeps the completions of every flag that there ever was.
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: func() []string { return nil }}
	root := a.root()
	found := map[string]int{}
	for _, name := range append(names, "../../README.md") {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range codeLines(string(b)) {
			found[filepath.Base(name)] += checkLine(t, root, name, line)
		}
	}
	eachVerb(root, func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			found["help"] += checkLine(t, root, cmd.CommandPath()+" --help", strings.TrimSpace(line))
		}
	})
	for name, least := range map[string]int{"README.md": 20, "servers.md": 3, "jobs.md": 15, "help": 60} {
		if found[name] < least {
			t.Errorf("%s: %d lines of netelf were found, want %d at least", name, found[name], least)
		}
	}
}

// checkLine checks what of a line is netelf's, and says how often it is called there.
func checkLine(t *testing.T, root *cobra.Command, where, line string) (calls int) {
	for _, words := range commands(line) {
		at := slices.Index(words, "netelf")
		if at < 0 || slices.ContainsFunc(words[:at], func(w string) bool { return !strings.Contains(w, "=") }) {
			continue // another program's, though netelf may be in it
		}
		calls++
		cmd, rest, err := root.Find(words[at+1:])
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil && cmd.RunE != nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil {
			t.Errorf("%s: %s: %v", where, line, err)
		}
	}
	return calls
}

// codeLines are the lines of a document that stand in code, without the prompt.
func codeLines(text string) (lines []string) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		code, indented := strings.CutPrefix(line, "    ")
		if !fenced && !indented {
			continue
		}
		code, dollar := strings.CutPrefix(strings.TrimSpace(code), "$ ")
		code, root := strings.CutPrefix(code, "# ")
		if dollar || root || strings.HasPrefix(code, "netelf ") && !strings.Contains(code, ": ") {
			lines = append(lines, code)
		}
	}
	return lines
}

// commands are the words of each command in a line, as far as a shell's quotation
// marks and signs go in the documents.
func commands(line string) (all [][]string) {
	var words []string
	var word strings.Builder
	quote, begun := rune(0), false
	end := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '<' || r == '>':
			end()
			if r != ' ' { // the file behind it is no argument
				all, words = append(all, words), nil
			}
		case strings.ContainsRune("|;&#()", r):
			end()
			all, words = append(all, words), nil
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	end()
	return append(all, words)
}
