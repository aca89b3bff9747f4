package config

import (
	"fmt"
	"strings"
)

// Origin is where a value came from; the zero one is its default.
type Origin struct {
	Name string // of the file, variable or flag
	Line int    // of the file, from 1; 0: it is none
}

// String is "default", "netelf.yaml:3", "NETELF_DATA" or "--data".
func (o Origin) String() string {
	switch {
	case o.Name == "":
		return "default"
	case o.Line == 0:
		return printable(o.Name)
	}
	return fmt.Sprintf("%s:%d", printable(o.Name), o.Line)
}

// Problem is what is wrong with a configuration at one place.
type Problem struct {
	Name         string // of the file, variable or flag
	Line, Column int    // in the file, from 1; 0: not known, or it is none
	Key          string // "service.data"; "": the file as a whole
	Err          error
}

// Error is "netelf.yaml:3:9: service.sync: have …, want …".
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(printable(p.Name))
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ":%d", p.Column)
		}
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	return b.String() + ": " + p.Err.Error()
}

func (p *Problem) Unwrap() error { return p.Err }

// Problems is all that is wrong with a configuration, in the order of the file,
// then of the environment. Its text has a line for each.
type Problems []*Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap is the problems, for errors.As and errors.Is.
func (ps Problems) Unwrap() []error {
	list := make([]error, len(ps))
	for i, p := range ps {
		list[i] = p
	}
	return list
}

// printable is a name as it is, if it does no harm to the line that it stands in.
func printable(s string) string {
	if lineFlaw(s) != nil {
		return fmt.Sprintf("%+q", s)
	}
	return s
}
