//go:build unix

package winbind

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var question = Question{Domain: "QUARRY", User: "fred", Challenge: challenge, Response: response}

// script is a program in ntlm_auth's place.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ntlm_auth")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, o Options) *Winbind {
	t.Helper()
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

const yes = "printf 'Authenticated: Yes\\nUser-Session-Key: " + key + "\\n.\\n'\n"

// TestAsk: the program gets its arguments, six lines and nothing of our
// environment.
func TestAsk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SECRET", "x")
	w := open(t, Options{Program: script(t, "cat >"+dir+"/in; echo \"$# $*; $PWD; $SECRET$LC_ALL\" >"+dir+"/args; echo noise >&2\n"+yes)})
	a, err := w.Ask(t.Context(), question)
	if err != nil || a.Verdict != Yes || a.Key[15] != 15 {
		t.Fatalf("%v, %v", a, err)
	}
	in, err := os.ReadFile(dir + "/in")
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := question.append(nil); string(in) != string(want) { // it is one that can be asked
		t.Errorf("it read %q, want %q", in, want)
	}
	args, err := os.ReadFile(dir + "/args")
	if want := "2 --helper-protocol=ntlm-server-1 --debuglevel=0; /; C\n"; err != nil || string(args) != want {
		t.Errorf("%q, %v, want %q", args, err, want)
	}
}

func TestAskTrouble(t *testing.T) {
	for _, x := range []struct{ name, text, want string }{
		{"it fails", "cat >/dev/null; echo 'response abab' >&2; exit 3", "winbind: ntlm_auth: exit status 3"},
		{"it fails behind a yes", yes + "exit 1", "winbind: ntlm_auth: exit status 1"},
		{"it says nothing", "exit 0", "winbind: ntlm_auth: answer without an end"},
		{"it did not understand", "echo 'Error: hex decode of abab failed'; echo .", "winbind: ntlm_auth: the program did not take the question"},
		{"it says too much", "yes", "winbind: ntlm_auth: answer of more than 4096 bytes"},
		{"it says one byte too much", "head -c 4097 /dev/zero", "winbind: ntlm_auth: answer of more than 4096 bytes"},
	} {
		t.Run(x.name, func(t *testing.T) {
			a, err := open(t, Options{Program: script(t, x.text)}).Ask(t.Context(), question)
			if err == nil || err.Error() != x.want || a != (Answer{}) {
				t.Errorf("%v, %v, want %s", a, err, x.want)
			}
		})
	}
	w := open(t, Options{Program: script(t, yes)})
	if _, err := w.Ask(t.Context(), Question{User: "a\nb", Response: response}); err == nil || err.Error() != "winbind: name of the user has a control character" {
		t.Error(err)
	}
}

// TestDeadline: a program that does not answer is ended.
func TestDeadline(t *testing.T) {
	dir := t.TempDir()
	w := open(t, Options{Program: script(t, "echo $$ >"+dir+"/pid; exec sleep 1000"), Timeout: 300 * time.Millisecond})
	_, err := w.Ask(t.Context(), question)
	if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "winbind: no answer: context deadline exceeded" {
		t.Fatal(err)
	}
	pid, err := os.ReadFile(dir + "/pid")
	if errors.Is(err, fs.ErrNotExist) {
		return // it was ended before it began
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("process %s is still there: %v", pid, err)
		}
	}
}

// TestClose: Close ends what runs and what waits for a place, and nothing is asked
// behind it.
func TestClose(t *testing.T) {
	dir := t.TempDir()
	w, err := New(Options{Program: script(t, "echo >>"+dir+"/begun; exec sleep 1000"), Timeout: time.Hour, Most: 1})
	if err != nil {
		t.Fatal(err)
	}
	var asked sync.WaitGroup
	errs := make(chan error, 3)
	for range cap(errs) {
		asked.Go(func() {
			_, err := w.Ask(context.Background(), question)
			errs <- err
		})
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if st, err := os.Stat(dir + "/begun"); err == nil && st.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("none has begun")
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	asked.Wait()
	for range cap(errs) {
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
	if b, err := os.ReadFile(dir + "/begun"); err != nil || len(b) != 1 {
		t.Errorf("%d programs ran at once, want 1: %v", len(b), err)
	}
	if _, err := w.Ask(t.Context(), question); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestPlace: who finds no place in time is told so, and no program is started.
func TestPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := New(Options{Program: "/bin/sh", Most: 1})
		if err != nil {
			t.Fatal(err)
		}
		w.places <- struct{}{}
		began := time.Now()
		if _, err := w.Ask(t.Context(), question); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("after %v", d)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNew(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":          `winbind: "" is not an absolute path`,
		"ntlm_auth": `winbind: "ntlm_auth" is not an absolute path`,
		plain:       fmt.Sprintf("winbind: exec: %q: permission denied", plain),
		plain + "x": fmt.Sprintf("winbind: exec: %q: stat %s: no such file or directory", plain+"x", plain+"x"),
	} {
		if _, err := New(Options{Program: path}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
