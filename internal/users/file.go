package users

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
)

// fileVersion is the only version there is. A file of another one is not read:
// what it says besides could take a right away.
const fileVersion = 1

// Limits of a file.
const (
	maxFile  = 4 << 20 // bytes
	maxUsers = 4096
	firstRID = 1000    // those below are Windows' own
	maxRID   = 1 << 30 // as on Windows
)

// file is the users of a file; it is never changed once it can be seen.
type file struct {
	domain string // "S-1-5-21-a-b-c"; "": not made yet
	next   uint32 // the rid of the next user
	list   []entry
	byName map[string]int // of list, by folded name

	byToken map[[tokenSum]byte]place
}

// place is where a token stands: in a user, and there in its tokens.
type place struct{ user, token int }

// entry is a user as the file has it.
type entry struct {
	name   string
	rid    uint32
	groups []Group
	hash   *hash
	nt     *[16]byte // nil: not by NTLM
	tokens []token
}

func (f *file) user(e *entry) User {
	return User{
		Name: e.name, SID: eventlog.SID(fmt.Sprintf("%s-%d", f.domain, e.rid)),
		Groups: append([]Group(nil), e.groups...), NTLM: e.nt != nil,
	}
}

func (f *file) find(name string) (*entry, bool) {
	i, ok := f.byName[eventlog.Fold(name)]
	if !ok {
		return nil, false
	}
	return &f.list[i], true
}

// clone is a copy that may be changed.
func (f *file) clone() *file {
	g := &file{domain: f.domain, next: max(f.next, firstRID)}
	for _, e := range f.list {
		g.add(e)
	}
	return g
}

func (f *file) add(e entry) {
	if f.byName == nil {
		f.byName = map[string]int{}
	}
	f.byName[eventlog.Fold(e.name)] = len(f.list)
	for i := range e.tokens {
		if f.byToken == nil {
			f.byToken = map[[tokenSum]byte]place{}
		}
		f.byToken[e.tokens[i].sum] = place{len(f.list), i}
	}
	f.list = append(f.list, e)
}

// without is a copy that lacks a user.
func (f *file) without(name string) *file {
	g := &file{domain: f.domain, next: f.next}
	for _, e := range f.list {
		if !eventlog.EqualFold(e.name, name) {
			g.add(e)
		}
	}
	return g
}

// makeDomain gives the file its own part of the SIDs.
func (f *file) makeDomain(random io.Reader) error {
	var b [12]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return err
	}
	f.domain = fmt.Sprintf("S-1-5-21-%d-%d-%d", binary.LittleEndian.Uint32(b[0:]), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]))
	return nil
}

// encode is the file's text, the same for the same users.
func (f *file) encode() ([]byte, error) {
	type user struct {
		Name     string   `json:"name"`
		RID      uint32   `json:"rid"`
		Groups   []string `json:"groups"`
		Password string   `json:"password"`
		NTHash   string   `json:"nt_hash,omitempty"`
		Tokens   []any    `json:"tokens,omitempty"`
	}
	list := make([]user, 0, len(f.list))
	for i := range f.list {
		e := &f.list[i]
		u := user{Name: e.name, RID: e.rid, Groups: []string{}, Password: e.hash.String()}
		for _, g := range e.groups {
			u.Groups = append(u.Groups, g.String())
		}
		if e.nt != nil {
			u.NTHash = hex.EncodeToString(e.nt[:])
		}
		for i := range e.tokens {
			u.Tokens = append(u.Tokens, e.tokens[i].encode())
		}
		list = append(list, u)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(struct {
		Version int    `json:"version"`
		Domain  string `json:"domain"`
		NextRID uint32 `json:"next_rid"`
		Users   []user `json:"users"`
	}{fileVersion, f.domain, f.next, list})
	if err != nil {
		return nil, err
	}
	if b.Len() > maxFile {
		return nil, fmt.Errorf("%d bytes, at most %d: %w", b.Len(), maxFile, eventlog.ErrTooLarge)
	}
	return b.Bytes(), nil
}

// decoder reads a file's text key by key, so that the place of each is known and
// none stands there twice.
type decoder struct {
	b  []byte
	d  *json.Decoder
	at int // where what is being read begins
}

// fail is an error at a place; field is the key, as "users[2].rid".
func (d *decoder) fail(at int, field string, err error) error {
	var format *eventlog.FormatError
	if errors.As(err, &format) {
		return err // it has its place
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	at = min(at, len(d.b))
	line := 1 + bytes.Count(d.b[:at], []byte{'\n'})
	return &eventlog.FormatError{Format: "json", Struct: "file", Field: field, Offset: int64(at), Err: fmt.Errorf("line %d: %w", line, err)}
}

// next is where what is read next begins.
func (d *decoder) next() int {
	at := int(d.d.InputOffset())
	for at < len(d.b) && strings.IndexByte(" \t\r\n,:", d.b[at]) >= 0 {
		at++
	}
	return at
}

// open reads the beginning of an object or array.
func (d *decoder) open(delim json.Delim, what string) error {
	t, err := d.d.Token()
	if err == nil && t != delim {
		err = errors.New("want " + what)
	}
	return err
}

// object reads an object; value reads what stands behind a key, and each of need
// must be there.
func (d *decoder) object(field string, need []string, value func(key string) error) error {
	begin := d.next()
	if err := d.open('{', "an object"); err != nil {
		return d.fail(begin, strings.TrimSuffix(field, "."), err)
	}
	seen := map[string]bool{}
	for d.d.More() {
		at := d.next()
		t, err := d.d.Token()
		if err != nil {
			return d.fail(at, strings.TrimSuffix(field, "."), err)
		}
		key, _ := t.(string)
		if seen[key] {
			return d.fail(at, field+key, errors.New("stands there twice"))
		}
		seen[key] = true
		d.at = d.next()
		if err := value(key); err != nil {
			return d.fail(d.at, field+key, err)
		}
	}
	if _, err := d.d.Token(); err != nil {
		return d.fail(d.next(), strings.TrimSuffix(field, "."), err)
	}
	for _, key := range need {
		if !seen[key] {
			return d.fail(begin, field+key, errors.New("there is none"))
		}
	}
	return nil
}

// errUnknown is a key that no file of this version has.
var errUnknown = errors.New("unknown key")

// text reads a string.
func (d *decoder) text() (string, error) {
	t, err := d.d.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", errors.New("want a string")
	}
	return s, nil
}

// number reads a whole number up to most.
func (d *decoder) number(least, most uint32) (uint32, error) {
	t, err := d.d.Token()
	if err != nil {
		return 0, err
	}
	text, ok := t.(json.Number)
	n, err := strconv.ParseUint(text.String(), 10, 32)
	if !ok || err != nil || n < uint64(least) || n > uint64(most) {
		return 0, fmt.Errorf("want a number from %d to %d", least, most)
	}
	return uint32(n), nil
}

// list reads an array of at most most values.
func (d *decoder) list(most int, value func(i int) error) error {
	if err := d.open('[', "an array"); err != nil {
		return err
	}
	for i := 0; d.d.More(); i++ {
		d.at = d.next()
		if i == most {
			return fmt.Errorf("over %d: %w", most, eventlog.ErrTooLarge)
		}
		if err := value(i); err != nil {
			return err
		}
	}
	_, err := d.d.Token()
	return err
}

// decode reads a file's text. Errors are *eventlog.FormatError and say line, key
// and, where it is known, the user.
func decode(b []byte) (*file, error) {
	d := &decoder{b: b, d: json.NewDecoder(bytes.NewReader(b))}
	d.d.UseNumber()
	if len(b) > maxFile {
		return nil, d.fail(0, "", fmt.Errorf("over %d bytes: %w", maxFile, eventlog.ErrTooLarge))
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return nil, d.fail(i, "", errors.New("not valid UTF-8"))
		}
		i += n
	}
	f := new(file)
	err := d.object("", []string{"version", "domain", "next_rid", "users"}, func(key string) (err error) {
		switch key {
		case "version":
			var v uint32
			if v, err = d.number(0, 1<<32-1); err == nil && v != fileVersion {
				err = fmt.Errorf("have %d, want %d: it is of another netelf", v, fileVersion)
			}
		case "domain":
			if f.domain, err = d.text(); err == nil {
				err = checkDomain(f.domain)
			}
		case "next_rid":
			f.next, err = d.number(firstRID, maxRID)
		case "users":
			err = d.users(f)
		default:
			err = errUnknown
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if at := d.next(); at < len(b) {
		return nil, d.fail(at, "", errors.New("something stands behind the end"))
	}
	for i := range f.list {
		if e := &f.list[i]; e.rid >= f.next {
			return nil, d.fail(0, "next_rid", fmt.Errorf("have %d, but %s has the rid %d", f.next, quote.Short(e.name), e.rid))
		}
	}
	return f, nil
}

// checkDomain says what is wrong with what SIDs begin with.
func checkDomain(s string) error {
	var a, b, c uint32
	if n, err := fmt.Sscanf(s, "S-1-5-21-%d-%d-%d", &a, &b, &c); n != 3 || err != nil || s != fmt.Sprintf("S-1-5-21-%d-%d-%d", a, b, c) {
		return fmt.Errorf("have %s, want S-1-5-21 and three numbers of 32 bits", quote.Short(s))
	}
	return nil
}

func (d *decoder) users(f *file) error {
	rids := map[uint32]string{}
	return d.list(maxUsers, func(i int) error {
		field := fmt.Sprintf("users[%d].", i)
		begin := d.at
		var e entry
		err := d.object(field, []string{"name", "rid", "groups", "password"}, func(key string) error {
			return d.userKey(&e, key)
		})
		var format *eventlog.FormatError
		if errors.As(err, &format) && e.name != "" {
			format.Err = fmt.Errorf("%w (user %s)", format.Err, quote.Short(e.name))
		}
		if err != nil {
			return err
		}
		if old, ok := f.find(e.name); ok {
			return d.fail(begin, field+"name", fmt.Errorf("%s is there already, as %s", quote.Short(e.name), quote.Short(old.name)))
		}
		if old, ok := rids[e.rid]; ok {
			return d.fail(begin, field+"rid", fmt.Errorf("%s has the rid %d, as %s has", quote.Short(e.name), e.rid, quote.Short(old)))
		}
		for i := range e.tokens {
			if _, ok := f.byToken[e.tokens[i].sum]; ok {
				return d.fail(begin, field+"tokens", fmt.Errorf("%s has a token that is there already", quote.Short(e.name)))
			}
		}
		rids[e.rid] = e.name
		f.add(e)
		return nil
	})
}

func (d *decoder) userKey(e *entry, key string) error {
	switch key {
	case "name":
		name, err := d.text()
		if err != nil {
			return err
		}
		if err := CheckName(name); err != nil {
			return err
		}
		e.name = name
	case "rid":
		rid, err := d.number(firstRID, maxRID)
		if err != nil {
			return err
		}
		e.rid = rid
	case "groups":
		var list []Group
		err := d.list(int(groups), func(int) error {
			s, err := d.text()
			if err != nil {
				return err
			}
			g, err := ParseGroup(s)
			list = append(list, g)
			return err
		})
		if err != nil {
			return err
		}
		e.groups = sortedGroups(list)
	case "password":
		s, err := d.text()
		if err != nil {
			return err
		}
		if e.hash, err = parseHash(s); err != nil {
			return err
		}
	case "nt_hash":
		s, err := d.text()
		if err != nil {
			return err
		}
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != 16 {
			return errors.New("want 16 bytes in hexadecimal")
		}
		e.nt = (*[16]byte)(b)
	case "tokens":
		return d.tokens(e)
	default:
		return errUnknown
	}
	return nil
}
