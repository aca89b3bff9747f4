package users

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/internal/worded"
)

// Scope is what a token may do of what its owner may.
type Scope uint8

// The scopes, which are a set.
const (
	ScopeRead   Scope = 1 << iota // read, follow
	ScopeReport                   // report
	ScopeClear                    // clear, and with read back up
	ScopeManage                   // everything that the owner may, but for its own password and tokens
)

var scopeNames = []string{"read", "report", "clear", "manage"}

// String is the names, as "read,report".
func (s Scope) String() string {
	var list []string
	for i, name := range scopeNames {
		if s>>i&1 != 0 {
			list = append(list, name)
		}
	}
	return strings.Join(list, ",")
}

// ParseScope takes names of scopes.
func ParseScope(names []string) (s Scope, err error) {
	for _, name := range names {
		i := slices.Index(scopeNames, strings.ToLower(name))
		if i < 0 {
			return 0, fmt.Errorf("unknown scope %s: want read, report, clear or manage: %w", quote.Short(name), eventlog.ErrInvalid)
		}
		s |= 1 << i
	}
	if s == 0 {
		return 0, fmt.Errorf("a token needs a scope: read, report, clear or manage: %w", eventlog.ErrInvalid)
	}
	return s, nil
}

// Mask is what is left of the rights of the owner, as a Caller has it: 0 is all of
// them.
func (s Scope) Mask() eventlog.Rights {
	if s&ScopeManage != 0 {
		return 0
	}
	const nothing eventlog.Rights = 1 << 31 // which no log gives
	r := nothing
	for scope, right := range map[Scope]eventlog.Rights{
		ScopeRead: eventlog.RightRead, ScopeReport: eventlog.RightWrite, ScopeClear: eventlog.RightClear,
	} {
		if s&scope != 0 {
			r |= right
		}
	}
	return r
}

// Token lets a program in as a user, without the user's password.
type Token struct {
	Name    string // unique among those of its user
	Scope   Scope
	Log     string    // the one that it is for; "": all
	Made    time.Time // in whole seconds, UTC
	Expires time.Time // the same; zero: never
}

// token is a Token as the file has it. Its text has 256 random bits, so that a fast
// hash will do.
type token struct {
	Token
	sum [tokenSum]byte
}

// TokenPrefix is what the text of a token begins with, so that it is known where it
// should not be.
const TokenPrefix = "netelf_"

// Limits of tokens.
const (
	tokenSum     = sha256.Size
	tokenSize    = 32  // random bytes
	maxTokens    = 64  // of a user
	maxTokenText = 256 // bytes that are looked at
	maxTokenLog  = 1024
)

var errExpired = fmt.Errorf("the token is past its end: %w", ErrLogon)

func (t *token) encode() any {
	d := struct {
		Name    string   `json:"name"`
		Hash    string   `json:"hash"`
		Scope   []string `json:"scope"`
		Log     string   `json:"log,omitempty"`
		Made    string   `json:"made"`
		Expires string   `json:"expires,omitempty"`
	}{Name: t.Name, Hash: hex.EncodeToString(t.sum[:]), Scope: strings.Split(t.Scope.String(), ","), Log: t.Log, Made: t.Made.Format(time.RFC3339)}
	if !t.Expires.IsZero() {
		d.Expires = t.Expires.Format(time.RFC3339)
	}
	return d
}

// tokens reads those of a user.
func (d *decoder) tokens(e *entry) error {
	return d.list(maxTokens, func(i int) error {
		var t token
		begin := d.at
		err := d.object(fmt.Sprintf("tokens[%d].", i), []string{"name", "hash", "scope", "made"}, func(key string) error {
			return d.tokenKey(&t, key)
		})
		if err != nil {
			return err
		}
		if e.token(t.Name) >= 0 {
			return d.fail(begin, "tokens", fmt.Errorf("%s is there already", quote.Short(t.Name)))
		}
		e.tokens = append(e.tokens, t)
		return nil
	})
}

func (d *decoder) tokenKey(t *token, key string) (err error) {
	if key == "scope" {
		var names []string
		err := d.list(len(scopeNames), func(int) error {
			s, err := d.text()
			names = append(names, s)
			return err
		})
		if err == nil {
			t.Scope, err = ParseScope(names)
		}
		return err
	}
	s, err := d.text()
	if err != nil {
		return err
	}
	switch key {
	case "name":
		t.Name = s
		return CheckName(s)
	case "hash":
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != tokenSum {
			return fmt.Errorf("want %d bytes in hexadecimal", tokenSum)
		}
		t.sum = [tokenSum]byte(b)
	case "log":
		t.Log = s
		return checkTokenLog(s)
	case "made":
		t.Made, err = tokenTime(s)
	case "expires":
		t.Expires, err = tokenTime(s)
	default:
		return errUnknown
	}
	return err
}

func tokenTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, errors.New("want a time, as 2026-11-22T08:30:00Z")
	}
	return t.UTC().Truncate(time.Second), nil
}

func checkTokenLog(s string) error {
	if len(s) > maxTokenLog {
		return fmt.Errorf("the name of the log has over %d bytes: %w", maxTokenLog, eventlog.ErrInvalid)
	}
	return nil
}

// token is where a token of that name stands; -1: nowhere.
func (e *entry) token(name string) int {
	return slices.IndexFunc(e.tokens, func(t token) bool { return eventlog.EqualFold(t.Name, name) })
}

// AddToken makes a token of a user and answers its text, which is kept nowhere. A
// user that is not there is fs.ErrNotExist, a token that is fs.ErrExist.
func (s *Store) AddToken(ctx context.Context, user string, t Token) (text string, err error) {
	if err := CheckName(t.Name); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	if t.Scope == 0 || t.Scope >= 1<<len(scopeNames) {
		_, err := ParseScope(nil)
		return "", err
	}
	if err := checkTokenLog(t.Log); err != nil {
		return "", err
	}
	t.Made, t.Expires = t.Made.UTC().Truncate(time.Second), t.Expires.UTC().Truncate(time.Second)
	if !t.Expires.IsZero() && !t.Expires.After(t.Made) {
		return "", fmt.Errorf("a token that ends %v is of no use: %w", t.Expires, eventlog.ErrInvalid)
	}
	for _, at := range []time.Time{t.Made, t.Expires} {
		if y := at.Year(); y < 1 || y > 9999 {
			return "", fmt.Errorf("year %d: %w", y, eventlog.ErrInvalid)
		}
	}
	var b [tokenSize]byte
	if _, err := io.ReadFull(s.opts.Rand, b[:]); err != nil {
		return "", err
	}
	text = TokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	err = s.changeUser(ctx, user, func(e *entry) error {
		switch {
		case e.token(t.Name) >= 0:
			return worded.Errorf(fs.ErrExist, "there is a token %s already", quote.Short(t.Name))
		case len(e.tokens) == maxTokens:
			return fmt.Errorf("user %s has %d tokens, which is the limit: %w", quote.Short(e.name), maxTokens, eventlog.ErrTooLarge)
		}
		e.tokens = append(slices.Clip(e.tokens), token{t, sha256.Sum256([]byte(text))})
		return nil
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// RemoveToken revokes a token. One that is not there is fs.ErrNotExist.
func (s *Store) RemoveToken(ctx context.Context, user, name string) error {
	return s.changeUser(ctx, user, func(e *entry) error {
		i := e.token(name)
		if i < 0 {
			return worded.Errorf(fs.ErrNotExist, "there is no token %s", quote.Short(name))
		}
		e.tokens = slices.Delete(slices.Clone(e.tokens), i, i+1)
		return nil
	})
}

// Tokens are those of a user, in the order in which they were made.
func (s *Store) Tokens(user string) ([]Token, error) {
	f, _, err := s.load()
	if err != nil {
		return nil, err
	}
	e, ok := f.find(user)
	if !ok {
		return nil, noUser(user)
	}
	list := make([]Token, 0, len(e.tokens))
	for i := range e.tokens {
		list = append(list, e.tokens[i].Token)
	}
	return list, nil
}

// ByToken is the user and the token that has this text, else ErrLogon.
func (s *Store) ByToken(text string, now time.Time) (User, Token, error) {
	f, _, err := s.load()
	if err != nil {
		return User{}, Token{}, err
	}
	if len(text) > maxTokenText {
		return User{}, Token{}, ErrLogon
	}
	at, ok := f.byToken[sha256.Sum256([]byte(text))]
	if !ok {
		return User{}, Token{}, ErrLogon
	}
	e := &f.list[at.user]
	t := e.tokens[at.token].Token
	if !t.Expires.IsZero() && !now.Before(t.Expires) {
		return User{}, Token{}, errExpired
	}
	return f.user(e), t, nil
}

// SetGroups puts a user into other groups. A name that nobody has is
// fs.ErrNotExist.
func (s *Store) SetGroups(ctx context.Context, name string, list []Group) error {
	if len(list) == 0 {
		return fmt.Errorf("a user is in one group at least: %w", eventlog.ErrInvalid)
	}
	return s.changeUser(ctx, name, func(e *entry) error {
		e.groups = sortedGroups(list)
		return nil
	})
}

// changeUser changes one user of the file.
func (s *Store) changeUser(ctx context.Context, name string, do func(*entry) error) error {
	return s.change(ctx, func(f *file) (*file, error) {
		g := f.clone()
		e, ok := g.find(name)
		if !ok {
			return nil, noUser(name)
		}
		if err := do(e); err != nil {
			return nil, err
		}
		return g, nil
	})
}

// Stamp is another one after each change of a user's password, and for each user.
type Stamp [sha256.Size]byte

// Stamped is the user of a name, and its stamp. A name that nobody has is
// fs.ErrNotExist.
func (s *Store) Stamped(name string) (User, Stamp, error) {
	f, _, err := s.load()
	if err != nil {
		return User{}, Stamp{}, err
	}
	e, ok := f.find(name)
	if !ok {
		return User{}, Stamp{}, noUser(name)
	}
	u := f.user(e)
	b, err := json.Marshal([]string{string(u.SID), e.hash.String()})
	return u, sha256.Sum256(b), err
}
