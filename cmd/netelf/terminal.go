package main

import (
	"os"

	"golang.org/x/term"
)

// width is that of the terminal that f is, 0 if it is none.
func width(f *os.File) int {
	if !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || w <= 0 {
		return 80
	}
	return w
}

// colour says whether what is written to f may have colours
// (https://no-color.org, https://bixense.com/clicolors).
func colour(f *os.File, env func(string) string) bool {
	switch {
	case env("NO_COLOR") != "":
		return false
	case env("CLICOLOR_FORCE") != "" && env("CLICOLOR_FORCE") != "0":
		return true
	case env("TERM") == "dumb":
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}

// isFile says whether path is a file: one log, then, and not a folder of them.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
