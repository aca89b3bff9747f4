package logtest

import (
	"testing"
	"time"

	"netelf.example/internal/users"
)

// Administrator makes a file of users with one, fred, whose password is Yabba Dabba and
// who may do everything, and answers a token that may do so, too.
func Administrator(t testing.TB, file string) (token string) {
	t.Helper()
	store, err := users.Open(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	fred := users.NewUser{Name: "fred", Password: "Yabba Dabba", Groups: []users.Group{users.Administrators}}
	if _, err := store.Add(t.Context(), fred); err != nil {
		t.Fatal(err)
	}
	token, err = store.AddToken(t.Context(), fred.Name, users.Token{Name: "test", Scope: users.ScopeManage, Made: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return token
}
