package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"netelf.example/eventlog"
	"netelf.example/internal/users"
)

// Bounds of the sessions that are kept: of one user, and of all.
const (
	maxSessionsUser = 64
	maxSessions     = 16384
)

// sessionKey is the hash of what a client has, so that what is in memory lets
// nobody in.
type sessionKey [sha256.Size]byte

// session is one login. All of it is guarded by the mutex of sessions but for what
// never changes.
type session struct {
	key   sessionKey
	user  string // as it was given
	made  time.Time
	used  time.Time
	stamp users.Stamp // of the user, when it logged in

	outside *outsider // nil: the user is one of the file
}

// sessions are the logins that last.
type sessions struct {
	idle, most time.Duration

	mu    sync.Mutex // guards what follows
	byKey map[sessionKey]*session
	count map[string]int // by folded name
}

// random is text that nobody guesses: 256 bits.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func keyOf(text string) sessionKey { return sha256.Sum256([]byte(text)) }

// begin makes a session and answers what the client is to have. The user's session that was used least goes if there are too many of them.
func (s *sessions) begin(user string, stamp users.Stamp, now time.Time) (text string, made *session) {
	return s.add(&session{user: eventlog.Fold(user), made: now, used: now, stamp: stamp})
}

// add takes a session in.
func (s *sessions) add(made *session) (text string, _ *session) {
	text, now := random(), made.made
	made.key = keyOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey == nil {
		s.byKey, s.count = map[sessionKey]*session{}, map[string]int{}
	}
	if len(s.byKey) >= maxSessions || s.count[made.user] >= maxSessionsUser {
		s.room(made.user, now)
	}
	s.byKey[made.key] = made
	s.count[made.user]++
	return text, made
}

// room forgets what is over, and one session more if that is too little: of the
// user if it has too many, else of anybody.
func (s *sessions) room(user string, now time.Time) {
	var oldest *session
	own := s.count[user] >= maxSessionsUser
	for _, x := range s.byKey {
		if s.over(x, now) {
			s.drop(x)
		} else if (!own || x.user == user) && (oldest == nil || x.used.Before(oldest.used)) {
			oldest = x
		}
	}
	if oldest != nil && (len(s.byKey) >= maxSessions || s.count[user] >= maxSessionsUser) {
		s.drop(oldest)
	}
}

func (s *sessions) over(x *session, now time.Time) bool {
	return now.Sub(x.used) >= s.idle || now.Sub(x.made) >= s.most
}

func (s *sessions) drop(x *session) {
	if s.byKey[x.key] != x {
		return
	}
	delete(s.byKey, x.key)
	if s.count[x.user]--; s.count[x.user] == 0 {
		delete(s.count, x.user)
	}
}

// find is the session of what a client has, which is used by that; nil: none.
func (s *sessions) find(text string, now time.Time) (x *session, stamp users.Stamp) {
	key := keyOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if x = s.byKey[key]; x == nil {
		return nil, stamp
	}
	if s.over(x, now) {
		s.drop(x)
		return nil, stamp
	}
	x.used = now
	return x, x.stamp
}

// lasts says whether a session is not over.
func (s *sessions) lasts(x *session, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byKey[x.key] == x && !s.over(x, now)
}

// end ends a session.
func (s *sessions) end(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(x)
}

// restamp lets a session go on after its user has changed the password in it.
func (s *sessions) restamp(x *session, stamp users.Stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.stamp = stamp
}

// all is how many there are.
func (s *sessions) all() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byKey)
}
