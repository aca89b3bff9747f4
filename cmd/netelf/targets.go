package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"

	"netelf.example/internal/config"
	"netelf.example/target"
)

// Limits of what is to be scanned.
const (
	maxTargets    = 1 << 16 // of all arguments, groups and files
	maxTargetLine = 4096    // bytes of a line of a file of targets
)

// targetList collects the targets that a line names: itself, by its name in the
// configuration, or as a group.
type targetList struct {
	*app
	targets []target.Target
	seen    map[string]bool // by name: true if it came out of a group
}

// targets are those of the arguments, and of the file with a list of them, if there
// is one.
func (a *app) targets(args []string, file string) ([]target.Target, error) {
	l := &targetList{app: a, seen: map[string]bool{}}
	for _, arg := range args {
		if err := l.add(arg); err != nil {
			return nil, err
		}
	}
	if file != "" {
		if err := l.addLines(file); err != nil {
			return nil, err
		}
	}
	for i := range l.targets {
		l.targets[i].Files.Beside = len(l.targets) - 1
	}
	return l.targets, nil
}

// addLines takes what a file lists.
func (l *targetList) addLines(file string) error {
	err := l.targetLines(file, func(line int, text string) error {
		if err := l.add(text); err != nil {
			var e *exitError
			if errors.As(err, &e) && e.err == nil {
				return err // all has been said
			}
			return usage("%s:%d: %w", file, line, err)
		}
		return nil
	})
	if err == nil && len(l.targets) == 0 {
		err = usage("--targets: %s names no target", file)
	}
	return err
}

// add takes one argument or line.
func (l *targetList) add(text string) error {
	t, err := l.target(text)
	switch {
	case err != nil:
		return badTarget("", err)
	case t.Kind == target.Group:
		return l.group(t.Name)
	}
	return l.put(t, false)
}

// group is the servers of a group of the configuration, of which there is one at
// least.
func (a *app) group(name string) ([]config.Member, error) {
	people, err := a.configured()
	if err != nil {
		return nil, err
	}
	members, ok := people.Expand(name)
	switch {
	case !ok && len(people.Groups) == 0:
		file := a.peopleFile()
		if file == "" {
			file = "the configuration, which needs a home"
		}
		return nil, usage("@%s: there are no groups in %s", name, file)
	case !ok:
		return nil, usage("@%s: there is no such group: one of %s", name, strings.Join(slices.Sorted(maps.Keys(people.Groups)), ", "))
	case len(members) == 0:
		return nil, usage("@%s: there is no server in the group", name)
	}
	return members, nil
}

func (l *targetList) group(name string) error {
	members, err := l.app.group(name)
	if err != nil {
		return err
	}
	for _, m := range members {
		t, err := l.member(m)
		if err != nil {
			return usage("%w", err)
		}
		if err := l.put(t, true); err != nil {
			return err
		}
	}
	return nil
}

// put takes a target. What comes out of a group is taken once, however often it
// stands there; what is named twice is meant twice.
func (l *targetList) put(t target.Target, grouped bool) error {
	if before, ok := l.seen[t.Text]; ok && (before || grouped) {
		return nil
	}
	if len(l.targets) == maxTargets {
		return usage("more than %d targets", maxTargets)
	}
	l.seen[t.Text] = grouped
	l.targets = append(l.targets, t)
	return nil
}

// configured is the configuration of whoever runs this, which is read when it is
// needed and not before. The error is an exitError.
func (a *app) configured() (*config.People, error) {
	p, err := a.openPeople()
	if err != nil {
		return nil, a.peopleError("--config", err)
	}
	return p, nil
}

// openPeople reads that configuration, once. One that nobody named need not be there.
func (a *app) openPeople() (*config.People, error) {
	if a.people != nil {
		return a.people, nil
	}
	p, err := config.OpenPeople(a.peopleFile(), a.isTarget)
	if errors.Is(err, fs.ErrNotExist) && a.ownConfig == "" {
		p, err = new(config.People), nil
	}
	if err == nil {
		a.people = p
	}
	return p, err
}

// peopleError is an exitError of what is wrong with the configuration of people or
// servers that name says, after its problems have been told.
func (a *app) peopleError(name string, err error) error {
	if err = a.configError(err); errors.As(err, new(*exitError)) {
		return err
	}
	return &exitError{exitFailed, fmt.Errorf("%s: %w", name, err)}
}

// peopleFile is where that configuration is, "" if nobody can say.
func (a *app) peopleFile() string { return cmp.Or(a.ownConfig, config.PeopleFile(a.env)) }

// isTarget says what is wrong with the text of a target.
func (a *app) isTarget(text string) error {
	_, err := target.Parse(text)
	return err
}

// targetLines gives f the lines of a file that name targets; - is the standard
// input. What stands behind a # at the beginning of a line or behind a space is a
// comment.
func (a *app) targetLines(name string, f func(line int, text string) error) error {
	var in io.Reader = a.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("--targets: %w", err)
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, maxTargetLine), maxTargetLine)
	n := 0
	for lines.Scan() {
		n++
		text := lines.Text()
		if n == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // some editors begin a text with it
		}
		space := true
		for i, r := range text {
			if r == '#' && space {
				text = text[:i]
				break
			}
			space = unicode.IsSpace(r)
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := f(n, text); err != nil {
			return err
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return usage("%s:%d: the line has over %d bytes", name, n+1, maxTargetLine)
	}
	if err != nil {
		return fmt.Errorf("--targets: %w", err)
	}
	return nil
}
