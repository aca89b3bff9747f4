package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"netelf.example/internal/quote"
)

// Limits of a file.
const (
	maxFile     = 1 << 20 // bytes
	maxDepth    = 32      // of mappings and sequences in each other
	maxProblems = 100     // that are told
)

// Source is a file that has been read.
type Source struct {
	Name string // for messages and origins
	Data []byte
}

// Load makes a configuration of a file and the variables in environ, which are
// like those of os.Environ. The zero Source is a file that says nothing. A
// variable that is empty says nothing either. The error is Problems.
func Load(src Source, environ []string) (*Config, error) {
	l := loader{name: src.Name, c: &Config{from: map[string]Origin{}}}
	for i := range fields {
		f := &fields[i]
		if err := f.value(l.c).set(f.Default, f); err != nil && (f.Default != "" || f.Empty == "") {
			return nil, fmt.Errorf("default of %s: %w", f.Key, err)
		}
	}
	l.file(src.Data, func(root *yaml.Node) { l.section(root, "", reflect.TypeFor[Config]()) })
	l.environ(environ)
	l.together()
	if err := l.end(src.Name); err != nil {
		return nil, err
	}
	return l.c, nil
}

// together finds values that do not go together, if each is well for itself.
func (l *loader) together() {
	var p *Problem
	if l.found > 0 || !errors.As(l.c.HTTP.Check(), &p) {
		return
	}
	if from := l.c.from[p.Key]; from.Name != "" {
		p.Name, p.Line = from.Name, from.Line
	}
	l.problem(p)
}

// Open is Load for a file of the disk. Where there is none the error is
// fs.ErrNotExist.
func Open(name string, environ []string) (*Config, error) {
	src, err := ReadSource(name)
	if err != nil {
		return nil, err
	}
	return Load(src, environ)
}

// From says where the value of a key came from.
func (c *Config) From(key string) Origin { return c.from[key] }

// Odd are the variables that begin with NETELF_ and mean nothing, sorted. They
// are no problem, since others may have set them, but may be misspelt.
func (c *Config) Odd() []string { return slices.Clone(c.odd) }

// Text is the value of a key as a file would have it, "" for a key that is none.
func (c *Config) Text(key string) string {
	f, ok := field(key)
	if !ok {
		return ""
	}
	return f.value(c).text()
}

// Set gives a key another value, as a flag does; from is what Origin then names,
// as "--data". The error is a *Problem.
func (c *Config) Set(key, text, from string) error {
	f, ok := field(key)
	if !ok {
		return &Problem{Name: from, Key: key, Err: errors.New("unknown key")}
	}
	if err := f.set(c, text); err != nil {
		return &Problem{Name: from, Key: key, Err: err}
	}
	c.from[key] = Origin{Name: from}
	return nil
}

// set sets what of c the field means, by the rules for all values.
func (f *Field) set(c *Config, text string) error {
	switch {
	case len(text) > maxText:
		return fmt.Errorf("have %d bytes, want at most %d", len(text), maxText)
	case text == "" && f.Empty == "":
		return errors.New("is empty; leave it out for the default, " + quote.Short(f.Default))
	}
	return f.value(c).set(text, f)
}

type loader struct {
	name     string
	c        *Config
	problems Problems
	found    int // problems, told or not
}

func (l *loader) problem(p *Problem) {
	if l.found++; l.found <= maxProblems {
		l.problems = append(l.problems, p)
	}
}

// at is a problem of a place in the file.
func (l *loader) at(n *yaml.Node, key, format string, args ...any) {
	l.problem(&Problem{Name: l.name, Line: n.Line, Column: n.Column, Key: key, Err: fmt.Errorf(format, args...)})
}

// limits bounds what the parser does. Aliases are resolved by nobody.
type limits struct{}

func (limits) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > maxDepth {
		return fmt.Errorf("nested over %d deep", maxDepth)
	}
	return nil
}

func (limits) CheckAlias(int, int) error { return nil }

// file reads what is in a file; visit gets the root of its document.
func (l *loader) file(b []byte, visit func(root *yaml.Node)) {
	if len(b) > maxFile {
		l.problem(&Problem{Name: l.name, Err: fmt.Errorf("is over %d bytes", maxFile)})
		return
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	for line, rest := 1, b; len(rest) > 0; line++ {
		text, after, _ := bytes.Cut(rest, []byte("\n"))
		if !utf8.Valid(text) {
			l.problem(&Problem{Name: l.name, Line: line, Err: errors.New("is not valid UTF-8")})
			return
		}
		rest = after
	}
	in, err := yaml.NewLoader(bytes.NewReader(b), yaml.WithV4Defaults(), yaml.WithPlugin(limits{}))
	if err != nil {
		l.problem(&Problem{Name: l.name, Err: err})
		return
	}
	for n := 0; ; n++ {
		var doc yaml.Node
		err := in.Load(&doc)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.syntax(err)
			return
		}
		root := &doc
		if root.Kind == yaml.DocumentNode && len(root.Content) == 1 {
			root = root.Content[0]
		}
		if n > 0 {
			l.at(root, "", "has a second document; want one")
			return
		}
		visit(root)
	}
}

// syntax tells of what the parser could not read.
func (l *loader) syntax(err error) {
	p := &Problem{Name: l.name, Err: errors.New("is no YAML: " + err.Error())}
	var list *yaml.LoadErrors
	var one *yaml.LoadError
	if errors.As(err, &list) && len(list.Errors) > 0 {
		one = list.Errors[0]
	}
	if one != nil || errors.As(err, &one) {
		p.Line, p.Column = one.Mark.Line, one.Mark.Column
		p.Err = errors.New("is no YAML: " + one.Message)
	}
	l.problem(p)
}

// section reads a mapping into the section t of the schema. key is its own, "" of
// the whole.
func (l *loader) section(n *yaml.Node, key string, t reflect.Type) {
	if !l.bare(n, key) || isNull(n) { // of which all lines are comments, say
		return
	}
	what := key
	if key == "" {
		what = "the file"
	}
	if n.Kind != yaml.MappingNode {
		l.at(n, key, "have %s, want keys with values: %s", kindOf(n), keysOf(t))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !l.bare(k, key) {
			continue
		}
		if k.Kind != yaml.ScalarNode {
			l.at(k, key, "have %s for a key, want one of %s", kindOf(k), keysOf(t))
			continue
		}
		full := k.Value
		if key != "" {
			full = key + "." + k.Value
		}
		sf, ok := fieldOf(t, k.Value)
		if !ok {
			l.at(k, shown(full), "unknown key; %s", hint(k.Value, what, t))
			continue
		}
		if line, twice := seen[k.Value]; twice {
			l.at(k, full, "stands there twice, first in line %d", line)
			continue
		}
		seen[k.Value] = k.Line
		if sf.Type.Kind() == reflect.Struct {
			l.section(v, full, sf.Type)
			continue
		}
		l.scalar(v, full)
	}
}

func (l *loader) scalar(n *yaml.Node, key string) {
	if !l.bare(n, key) {
		return
	}
	f, _ := field(key)
	v := f.value(l.c)
	switch {
	case isNull(n):
		l.at(n, key, "has no value; leave it out for the default, %s", quote.Short(f.Default))
		return
	case n.Kind != yaml.ScalarNode:
		l.at(n, key, "have %s, want one value", kindOf(n))
		return
	case n.Tag == "!!str", n.Tag == v.plain():
	default:
		if err := v.set(n.Value, f); err != nil {
			l.at(n, key, "%w", err)
		} else {
			l.at(n, key, "have %s, which is %s in YAML; want text: put it in quotes", quote.Short(n.Value), kindOf(n))
		}
		return
	}
	if err := f.set(l.c, n.Value); err != nil {
		l.at(n, key, "%w", err)
		return
	}
	l.c.from[key] = Origin{Name: l.name, Line: n.Line}
}

// bare refuses what makes one place of a file mean another.
func (l *loader) bare(n *yaml.Node, key string) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		l.at(n, key, "have an alias, *%s; write the value itself", shown(n.Value))
	case n.Anchor != "":
		l.at(n, key, "have an anchor, &%s; there are no aliases here", shown(n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		l.at(n, key, "have a tag, %s; write the value without one", shown(n.Tag))
	default:
		return true
	}
	return false
}

func isNull(n *yaml.Node) bool {
	return n.Kind == 0 || n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// kindOf is what a node is, in words.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a time"
	case "!!str":
		return "text"
	}
	return "a value of its own kind"
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if sf := t.Field(i); sf.Tag.Get("key") == key && key != "" {
			return sf, true
		}
	}
	return reflect.StructField{}, false
}

// keysOf lists the keys of a section.
func keysOf(t reflect.Type) string {
	var list []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("key"); key != "" {
			list = append(list, key)
		}
	}
	return strings.Join(list, ", ")
}

// hint is what could have been meant by an unknown key.
func hint(key, what string, t reflect.Type) string {
	for i := range fields {
		if fields[i].Name() == key {
			return "did you mean " + fields[i].Key + "?"
		}
	}
	return what + " has " + keysOf(t)
}

// shown is a name of the file for a message.
func shown(s string) string {
	if q := quote.Short(s); q != `"`+s+`"` {
		return q
	}
	return s
}

// environ reads the variables. Of one that stands there twice the last counts.
func (l *loader) environ(environ []string) {
	vars := map[string]string{}
	for _, e := range environ {
		if name, text, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "NETELF_") {
			vars[name] = text
		}
	}
	for i := range fields {
		f := &fields[i]
		text := vars[f.Env]
		delete(vars, f.Env)
		if text == "" {
			continue
		}
		if err := f.set(l.c, text); err != nil {
			l.problem(&Problem{Name: f.Env, Key: f.Key, Err: err})
			continue
		}
		l.c.from[f.Key] = Origin{Name: f.Env}
	}
	for name := range vars {
		l.c.odd = append(l.c.odd, name)
	}
	slices.Sort(l.c.odd)
}
