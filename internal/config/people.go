package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"netelf.example/internal/certs"
	"netelf.example/internal/quote"
)

// People is the configuration of somebody who reads logs: names for servers, and
// groups of them.
//
//	servers:
//	  bedrock: {target: smb://bedrock.example.com, user: QUARRY\fred}
//	  barney: {target: https://barney, fingerprint: "AB:CD:…"}
//	groups:
//	  web: [bedrock, barney, rpc://betty:1026]
//	  all: ["@web", dir:/srv/events]
//	  old: {servers: [slate, gravel], auth_file: old.auth}
//	catalog: /srv/netelf/messages.db
//
// A member of a group is the name of a server, the name of another group behind an
// @, or a target as it is written anywhere else. What a target is, and whether there
// can be such a one, this package does not know.
type People struct {
	Servers map[string]Server
	Groups  map[string]Group
	Catalog string // of message files, in place of MessagesFile; "": not said
}

// Server is what is known of a server by its name.
type Server struct {
	Target string // where it is
	Logon

	// Of a server that is asked over TLS: the file of those who may have signed its
	// certificate, and the certificate's SHA-256; "": whom the system trusts.
	CA, Fingerprint string
}

// Group is servers and other groups.
type Group struct {
	Members []string // as they are written
	Logon            // for members that have none of their own
}

// Member is a server of a group, or one that was named.
type Member struct {
	Name   string // as it is to be called
	Target string // where it is
	Logon         // its own, else that of the innermost group that has one
}

const maxNested = 16 // groups in each other

// PeopleFile is where the configuration of a user lies: netelf/config.yaml in
// $XDG_CONFIG_HOME, which is ~/.config if it is not set. "": nobody knows, there is
// no home.
func PeopleFile(env func(string) string) string {
	return userFile(env, "XDG_CONFIG_HOME", ".config", "config.yaml")
}

// MessagesFile is where the catalogue of message files of a user lies:
// netelf/messages.db in $XDG_DATA_HOME, which is ~/.local/share if it is not set.
// "": nobody knows, there is no home.
func MessagesFile(env func(string) string) string {
	return userFile(env, "XDG_DATA_HOME", filepath.Join(".local", "share"), "messages.db")
}

// userFile is a file of netelf in the folder that a variable names, else in one of
// the home.
func userFile(env func(string) string, variable, folder, file string) string {
	// By the XDG Base Directory Specification a relative path is none.
	dir := env(variable)
	if !filepath.IsAbs(dir) {
		home := env("HOME")
		if home == "" {
			home = env("USERPROFILE") // of Windows
		}
		if !filepath.IsAbs(home) {
			return ""
		}
		dir = filepath.Join(home, folder)
	}
	return filepath.Join(dir, "netelf", file)
}

// OpenPeople is LoadPeople for a file of the disk. Where there is none the error is
// fs.ErrNotExist.
func OpenPeople(name string, check func(target string) error) (*People, error) {
	src, err := ReadSource(name)
	if err != nil {
		return nil, err
	}
	return LoadPeople(src, check)
}

// ReadSource reads a file of the disk, as far as it can be one.
func ReadSource(name string) (Source, error) {
	f, err := os.Open(name)
	if err != nil {
		return Source{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return Source{Name: name, Data: b}, err
}

// LoadPeople makes a People of a file. check, if it is not nil, says what is wrong
// with the text of a target. The error is Problems: all that is wrong.
func LoadPeople(src Source, check func(target string) error) (*People, error) {
	p := peopleLoader{
		loader: loader{name: src.Name},
		check:  check,
		people: &People{Servers: map[string]Server{}, Groups: map[string]Group{}},
		groups: map[string]*groupNode{},
	}
	p.file(src.Data, p.root)
	if err := p.end(src.Name); err != nil {
		return nil, err
	}
	return p.people, nil
}

// IsPeople says whether a file is a configuration of people and not one of the
// service: whether it has one of its keys and none of the service's. One that
// cannot be read as YAML is neither.
func IsPeople(b []byte) bool {
	people, service := false, false
	(&loader{}).file(b, func(n *yaml.Node) {
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			switch key := n.Content[i].Value; key {
			case "servers", "groups", "catalog":
				people = true
			default:
				service = service || slices.ContainsFunc(fields, func(f Field) bool { return strings.HasPrefix(f.Key, key+".") })
			}
		}
	})
	return people && !service
}

// Expand is the servers of a group, each once, in the order in which they stand
// there. ok is false if there is no such group.
func (p *People) Expand(group string) (list []Member, ok bool) {
	if _, ok := p.Groups[group]; !ok {
		return nil, false
	}
	seen, groups := map[string]bool{}, map[string]bool{}
	var add func(string, Logon)
	add = func(group string, outer Logon) {
		if groups[group] {
			return
		}
		groups[group] = true
		logon := cmp.Or(p.Groups[group].Logon, outer)
		for _, text := range p.Groups[group].Members {
			if inner, ok := strings.CutPrefix(text, "@"); ok {
				add(inner, logon)
			} else if !seen[text] {
				seen[text] = true
				m := p.Member(text)
				m.Logon = cmp.Or(m.Logon, logon)
				list = append(list, m)
			}
		}
	}
	add(group, Logon{})
	return list, true
}

// Member is the server of a name, or a target that is written out.
func (p *People) Member(text string) Member {
	if s, ok := p.Servers[text]; ok {
		return Member{Name: text, Target: s.Target, Logon: s.Logon}
	}
	return Member{Name: text, Target: text}
}

// peopleLoader reads a file of people.
type peopleLoader struct {
	loader
	check  func(string) error
	people *People
	groups map[string]*groupNode
	order  []*groupNode
}

// groupNode is a group with where its members stand.
type groupNode struct {
	name  string
	inner []*yaml.Node // its members that are groups
	state int          // of the search for cycles: 0 not seen, 1 under way, 2 done
	depth int          // of groups in it, its own one as well
}

const peopleKeys = "servers, groups, catalog"

func (p *peopleLoader) root(n *yaml.Node) {
	p.mapping(n, "", peopleKeys, func(k, v *yaml.Node, key string) {
		switch k.Value {
		case "servers":
			p.mapping(v, key, "names of servers", p.server)
		case "groups":
			p.mapping(v, key, "names of groups", p.group)
		case "catalog":
			p.path(&p.people.Catalog, v, key)
		default:
			if slices.ContainsFunc(fields, func(f Field) bool { return strings.HasPrefix(f.Key, k.Value+".") }) {
				p.at(k, shown(k.Value), "is for the service, in a file of its own, as %s; this one has %s", DefaultFile, peopleKeys)
				return
			}
			p.at(k, shown(k.Value), "unknown key; the file has %s", peopleKeys)
		}
	})
	for _, g := range p.order {
		for _, m := range g.inner {
			if p.groups[m.Value[1:]] == nil {
				p.at(m, "groups."+g.name, "there is no group %s", quote.Short(m.Value[1:]))
			}
		}
	}
	for _, g := range p.order {
		if !p.nested(g, nil) {
			return // one is enough: what else there is hangs together with it
		}
	}
}

// mapping gives f the keys of a mapping that stand there once, and their values.
// key is its own, "" of the file; f gets the full one.
func (p *peopleLoader) mapping(n *yaml.Node, key, want string, f func(k, v *yaml.Node, key string)) {
	if !p.bare(n, key) || isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		p.at(n, key, "have %s, want keys with values: %s", kindOf(n), want)
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !p.bare(k, key) {
			continue
		}
		if k.Kind != yaml.ScalarNode {
			p.at(k, key, "have %s for a key, want %s", kindOf(k), want)
			continue
		}
		full := k.Value
		if key != "" {
			full = key + "." + k.Value
		}
		if line, twice := seen[k.Value]; twice {
			p.at(k, shown(full), "stands there twice, first in line %d", line)
			continue
		}
		seen[k.Value] = k.Line
		f(k, v, full)
	}
}

func (p *peopleLoader) server(k, v *yaml.Node, key string) {
	if err := nameFlaw(k.Value); err != nil {
		p.at(k, shown(key), "%w", err)
		return
	}
	found := false
	before := p.found
	var s Server
	const keys = "target, ca, fingerprint, " + logonKeys
	p.mapping(v, key, keys, func(k, v *yaml.Node, full string) {
		switch {
		case k.Value == "target":
			s.Target, _ = p.target(v, full) // what is wrong is told
			found = true
		case k.Value == "ca":
			p.path(&s.CA, v, full)
		case k.Value == "fingerprint":
			s.Fingerprint = p.fingerprint(v, full)
		case !p.logon(&s.Logon, k, v, full):
			p.at(k, shown(full), "unknown key; a server has %s", keys)
		}
	})
	p.people.Servers[k.Value] = s
	if !found && p.found == before {
		p.at(k, key, "has no target; it says where the server is")
	}
}

// fingerprint is a value that names a certificate by its SHA-256.
func (p *peopleLoader) fingerprint(n *yaml.Node, key string) string {
	text, ok := p.text(n, key, "the SHA-256 of a certificate")
	if !ok {
		return ""
	}
	if _, err := certs.ParseFingerprint(text); err != nil {
		p.at(n, key, "%w", err)
	}
	return text
}

func (p *peopleLoader) group(k, v *yaml.Node, key string) {
	if err := nameFlaw(k.Value); err != nil {
		p.at(k, shown(key), "%w", err)
		return
	}
	g := &groupNode{name: k.Value}
	p.groups[g.name] = g
	p.order = append(p.order, g)
	var group Group
	if v.Kind != yaml.MappingNode {
		group.Members = p.members(g, v, key)
	} else {
		found := false
		before := p.found
		const keys = "servers, " + logonKeys
		p.mapping(v, key, keys, func(k, v *yaml.Node, full string) {
			switch {
			case k.Value == "servers":
				group.Members = p.members(g, v, full)
				found = true
			case !p.logon(&group.Logon, k, v, full):
				p.at(k, shown(full), "unknown key; a group has %s", keys)
			}
		})
		if !found && p.found == before {
			p.at(k, key, "has no servers; it lists what is in the group")
		}
	}
	p.people.Groups[g.name] = group
}

// members is the list of what is in a group.
func (p *peopleLoader) members(g *groupNode, v *yaml.Node, key string) (members []string) {
	switch {
	case !p.bare(v, key):
		return nil
	case v.Kind != yaml.SequenceNode:
		p.at(v, key, "have %s, want a list of servers, as [bedrock, barney]", kindOf(v))
		return nil
	}
	for _, m := range v.Content {
		if strings.HasPrefix(m.Value, "@") && m.Kind == yaml.ScalarNode && p.bare(m, key) {
			if err := nameFlaw(m.Value[1:]); err != nil {
				p.at(m, key, "group %w", err)
				continue
			}
			g.inner = append(g.inner, m)
		} else if _, ok := p.target(m, key); !ok {
			continue
		}
		members = append(members, m.Value)
	}
	return members
}

// target is a value that names a server.
func (p *peopleLoader) target(n *yaml.Node, key string) (text string, ok bool) {
	text, ok = p.text(n, key, "a target, as smb://bedrock")
	if !ok {
		return "", false
	}
	var err error
	switch {
	case strings.HasPrefix(text, "@"):
		err = fmt.Errorf("have the group %s, want one server", quote.Short(text))
	case p.check != nil:
		err = p.check(text)
	}
	if err != nil {
		p.at(n, key, "%w", err)
		return "", false
	}
	return text, true
}

// nested finds out how deep a group is; false: there is a problem that is told. path
// is the groups that it stands in.
func (p *peopleLoader) nested(g *groupNode, path []string) bool {
	path = append(path, g.name)
	switch {
	case g.state == 2:
		return true
	case len(path) > maxNested+1:
		return true // told by whoever began
	}
	g.state = 1
	for _, m := range g.inner {
		inner := p.groups[m.Value[1:]]
		if inner == nil {
			continue // told
		}
		if inner.state == 1 {
			i := slices.Index(path, inner.name)
			p.at(m, "groups."+g.name, "the group is in itself: %s", strings.Join(append(path[i:], inner.name), " → "))
			return false
		}
		if !p.nested(inner, path) {
			return false
		}
		g.depth = max(g.depth, inner.depth)
		if g.depth+1 > maxNested {
			p.at(m, "groups."+g.name, "groups are nested over %d deep", maxNested)
			return false
		}
	}
	g.depth++
	g.state = 2
	return true
}

// nameFlaw is what is wrong with the name of a server or a group. It must not look
// like another kind of target.
func nameFlaw(s string) error {
	switch err := lineFlaw(s); {
	case s == "":
		return errors.New("the name is empty")
	case err != nil:
		return fmt.Errorf("the name %w", err)
	case len(s) > maxName:
		return fmt.Errorf("the name has %d bytes, want at most %d", len(s), maxName)
	case strings.ContainsAny(s, "@/\\:#, \t") || s[0] == '.' || s[0] == '-':
		return fmt.Errorf("have %s, want a name without @ / \\ : # , and spaces that begins with no dot and no dash", quote.Short(s))
	}
	return nil
}

// end is the error of all that was found.
func (l *loader) end(name string) error {
	if more := l.found - len(l.problems); more > 0 {
		l.problems = append(l.problems, &Problem{Name: name, Err: fmt.Errorf("and %d more", more)})
	}
	if len(l.problems) > 0 {
		return l.problems
	}
	return nil
}
