package winbind

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	challenge = [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	response  = bytes.Repeat([]byte{0xab}, 40)
)

const key = "000102030405060708090A0B0C0D0E0F"

func TestQuestion(t *testing.T) {
	q := Question{Domain: "QUARRY", User: "frêd", Challenge: challenge, Response: response}
	got, err := q.append([]byte("before"))
	if err != nil {
		t.Fatal(err)
	}
	want := "beforeNT-Domain:: UVVBUlJZ\nUsername:: ZnLDqmQ=\nLANMAN-Challenge: 0102030405060708\nNT-Response: " +
		strings.Repeat("ab", 40) + "\nRequest-User-Session-Key: Yes\n.\n"
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for _, f := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(f, q); got != `logon of "frêd" in "QUARRY"` {
			t.Errorf("%s: %s", f, got)
		}
	}
}

// TestQuestionFlaw holds what is never asked.
func TestQuestionFlaw(t *testing.T) {
	long := strings.Repeat("x", MaxName+1)
	for _, x := range []struct{ name, domain, user, want string }{
		{"no user", "QUARRY", "", "no user is named"},
		{"a line of its own", "", "fred\nUsername: root", "name of the user has a control character"},
		{"a zero", "QUARRY", "root\x00fred", "name of the user has a control character"},
		{"a C1 control", "QUARRY\u0085", "fred", "name of the domain has a control character"},
		{"not UTF-8", "QUARRY", "fred\xff", "name of the user is not UTF-8"},
		{"a long user", "", long, "name of the user of 256 bytes, at most 255"},
		{"a long domain", long, "fred", "name of the domain of 256 bytes, at most 255"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, err := Question{x.domain, x.user, challenge, response}.append(nil)
			if err == nil || err.Error() != x.want || len(got) != 0 {
				t.Errorf("%q, %v, want %s", got, err, x.want)
			}
		})
	}
	for _, n := range []int{0, 24, MaxResponse + 1} {
		_, err := Question{"", "fred", challenge, make([]byte, n)}.append(nil)
		if want := fmt.Sprintf("response of %d bytes, want 25 to 65536", n); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := (Question{"", long[1:], challenge, make([]byte, MaxResponse)}).append(nil); err != nil {
		t.Error(err)
	}
}

func TestAnswer(t *testing.T) {
	no := func(reason string) string {
		return "Authenticated: No\nAuthentication-Error: " + reason + "\n.\n.\n"
	}
	for _, x := range []struct {
		name, text string
		want       Answer
	}{
		{"yes", "Authenticated: Yes\nUser-Session-Key: " + key + "\n.\n", Answer{Verdict: Yes, Key: [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}},
		{"another password", no("When trying to update a password, this return status indicates that the value provided as the current password is not correct."),
			Answer{Verdict: Wrong, Reason: "When trying to update a password, this return status indicates that the value provided as the current password is not correct"}},
		{"no user", no("The specified account does not exist."), Answer{Verdict: Wrong, Reason: "The specified account does not exist"}},
		{"winbind is not there", no("Reading winbind reply failed!"), Answer{Verdict: Absent, Reason: "Reading winbind reply failed"}},
		{"no controllers", no("No logon servers are currently available to service the logon request."),
			Answer{Verdict: Absent, Reason: "No logon servers are currently available to service the logon request"}},
		{"a disabled account", no("The referenced account is currently disabled and cannot be logged on to."),
			Answer{Reason: "The referenced account is currently disabled and cannot be logged on to"}},
		{"one end", "Authenticated: No\nAuthentication-Error: NT_STATUS_LOGON_FAILURE\n.\n", Answer{Verdict: Wrong, Reason: "NT_STATUS_LOGON_FAILURE"}},
		{"an empty reason", no(""), Answer{Reason: "without a reason"}},
		{"a hostile reason", no("\x1b[2Jyes\t\xff\u202e" + strings.Repeat("y", 300)), Answer{Reason: "[2Jyes" + strings.Repeat("y", 188)}},
	} {
		t.Run(x.name, func(t *testing.T) {
			got, err := parseAnswer([]byte(x.text))
			if err != nil {
				t.Fatal(err)
			}
			if got != x.want {
				t.Errorf("%v %q, want %v %q", got.Verdict, got.Reason, x.want.Verdict, x.want.Reason)
			}
			for _, f := range []string{"%v", "%+v", "%#v", "%x"} {
				if s := fmt.Sprintf(f, got); strings.Contains(strings.ToLower(s), "0102") || s != got.String() {
					t.Errorf("%s: %s", f, s)
				}
			}
		})
	}
}

func TestAnswerFlaw(t *testing.T) {
	for _, x := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", errEnd},
		{"only an end", ".\n", errEnd},
		{"an error", "Error: hex decode of abab failed!\n.\n", errQuestion},
		{"one short", "Authenticated: Yes\nUser-Session-Key: " + key + "\n.", errEnd},
		{"cut off behind the first line", "Authenticated: Yes\n", errEnd},
		{"no key", "Authenticated: Yes\n.\n", errNoKey},
		{"a key of zeros", "Authenticated: Yes\nUser-Session-Key: " + strings.Repeat("0", 32) + "\n.\n", errNoKey},
		{"a short key", "Authenticated: Yes\nUser-Session-Key: " + key[2:] + "\n.\n", errSecond},
		{"a long key", "Authenticated: Yes\nUser-Session-Key: " + key + "00\n.\n", errSecond},
		{"a key that is none", "Authenticated: Yes\nUser-Session-Key: x" + key[1:] + "\n.\n", errSecond},
		{"another key", "Authenticated: Yes\nLANMAN-Session-Key: " + key + "\n.\n", errSecond},
		{"two keys", "Authenticated: Yes\nUser-Session-Key: " + key + "\nUser-Session-Key: " + key + "\n.\n", errSecond},
		{"two answers", "Authenticated: Yes\nUser-Session-Key: " + key + "\n.\nAuthenticated: No\n.\n", errSecond},
		{"yes with two ends", "Authenticated: Yes\nUser-Session-Key: " + key + "\n.\n.\n", errSecond},
		{"no without a reason", "Authenticated: No\n.\n", errSecond},
		{"no, and then yes", "Authenticated: No\nAuthentication-Error: x\nAuthenticated: Yes\n.\n", errSecond},
		{"another case", "authenticated: yes\nUser-Session-Key: " + key + "\n.\n", errFirst},
		{"lines of Windows", "Authenticated: Yes\r\nUser-Session-Key: " + key + "\r\n.\r\n", errEnd},
		{"something else", "Hello\n.\n", errFirst},
	} {
		t.Run(x.name, func(t *testing.T) {
			a, err := parseAnswer([]byte(x.text))
			if !errors.Is(err, x.want) || a != (Answer{}) {
				t.Errorf("%v, %v, want %v", a, err, x.want)
			}
		})
	}
	for v, want := range map[Verdict]string{Refused: "refused", Wrong: "wrong user or password", Absent: "winbind was not reached", Yes: "yes", 9: "verdict 9"} {
		if got := v.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzAnswer: nobody comes in but by the two lines with a key.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("Authenticated: Yes\nUser-Session-Key: " + key + "\n.\n"))
	f.Add([]byte("Authenticated: No\nAuthentication-Error: The specified account does not exist.\n.\n.\n"))
	f.Add([]byte("Error: No username supplied!\n.\n"))
	f.Add([]byte("Authenticated: Yes\n.\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAnswer(b)
		switch {
		case err != nil && a != (Answer{}):
			t.Errorf("%v with %v", a, err)
		case err == nil && a.Verdict == Yes:
			if want := fmt.Sprintf("Authenticated: Yes\nUser-Session-Key: %x\n.\n", a.Key); !strings.EqualFold(want, string(b)) || a.Reason != "" {
				t.Errorf("let in by %q", b)
			}
		case err == nil && (a.Key != [16]byte{} || a.Reason == "" || len(a.Reason) > maxReason || strings.ContainsAny(a.Reason, "\n\x1b")):
			t.Errorf("%v", a)
		}
	})
}

// FuzzQuestion: whatever the names, the question has its six lines and they are in it.
func FuzzQuestion(f *testing.F) {
	f.Add("QUARRY", "fred", response)
	f.Add("", "fred\n.\nUsername: root", response)
	f.Add(":: ", ": ", response[:25])
	f.Fuzz(func(t *testing.T, domain, user string, response []byte) {
		b, err := Question{domain, user, challenge, response}.append(nil)
		if err != nil {
			return
		}
		lines := strings.Split(string(b), "\n")
		if len(lines) != 7 || lines[5] != "." || lines[6] != "" {
			t.Fatalf("%q", b)
		}
		for i, want := range []struct{ name, value string }{
			{"NT-Domain:: ", base64.StdEncoding.EncodeToString([]byte(domain))},
			{"Username:: ", base64.StdEncoding.EncodeToString([]byte(user))},
			{"LANMAN-Challenge: ", fmt.Sprintf("%x", challenge)},
			{"NT-Response: ", fmt.Sprintf("%x", response)},
			{"Request-User-Session-Key: ", "Yes"},
		} {
			if lines[i] != want.name+want.value {
				t.Errorf("line %d is %q", i, lines[i])
			}
		}
	})
}
