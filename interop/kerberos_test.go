//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestKerberosSamba: netelf reads a Samba server with a ticket: of a cache, for a
// keytab, for a password. What is wrong with a ticket is said in one line.
func TestKerberosSamba(t *testing.T) {
	k := startKDC(t)
	k.user("root")
	keytab := k.service("cifs/" + krbServer)
	k.service("cifs/barney.quarry.example") // the server does not have this one's key
	s := startSMBD(t, smbdOptions{EventLogs: []string{"System", "Application"}, Config: []string{
		"realm = " + krbRealm, "kerberos method = dedicated keytab", "dedicated keytab file = " + keytab,
	}})
	const n = 40
	s.eventlogadm("System", 1, n, time.Now().Add(-time.Hour))
	netelf := newServeKit(t).netelf
	mine, wrong := filepath.Join(k.dir, "mine"), filepath.Join(k.dir, "wrong")
	k.keytab(mine, "root")
	// A key of a user that the KDC has under another one.
	k.user("betty")
	k.keytab(wrong, "betty")
	k.admin("cpw -pw another betty")
	k.user("dino") // whom the server does not know

	short := k.kinit("root", "-l", "2s")
	deadline := time.Now().Add(30 * time.Second)
	for exec.Command("klist", "-s", "-c", short).Run() == nil && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	away := filepath.Join(k.dir, "away.conf")
	text, err := os.ReadFile(k.conf)
	if err != nil {
		t.Fatal(err)
	}
	l := rpcListen(t, "127.0.0.1:0")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^ +kdc = .*`).ReplaceAll(text, []byte("    kdc = "+l.Addr().String()))
	if err := os.WriteFile(away, text, 0o600); err != nil {
		t.Fatal(err)
	}

	good := k.kinit("root")
	bedrock := fmt.Sprintf("smb://%s:%d", krbServer, s.port)
	for _, x := range []struct {
		name string
		env  string
		args []string
		say  string // how its line on the standard error begins, where it does not work
	}{
		{"ticket cache", "KRB5CCNAME=" + good, []string{"-k", bedrock}, ""},
		{"cache without its type", "KRB5CCNAME=" + strings.TrimPrefix(good, "FILE:"), []string{"--kerberos", bedrock}, ""},
		{"keytab", "", []string{"-k", "--keytab", mine, "-U", "root@" + krbRealm, bedrock}, ""},
		{"keytab of the default realm", "", []string{"--keytab", mine, "-U", "root", bedrock}, ""},
		{"password", "NETELF_PASSWORD=secret", []string{"-k", "-U", "root@" + krbRealm, bedrock}, ""},

		{"no ticket", "", []string{"-k", bedrock}, "refused: kerberos: no ticket: the cache " + k.dir + "/nothing: it does not exist: run kinit"},
		{"expired", "KRB5CCNAME=" + short, []string{"-k", bedrock}, "refused: kerberos: the ticket of root@QUARRY.EXAMPLE has expired at "},
		{"wrong password", "NETELF_PASSWORD=wrong", []string{"-k", "-U", "root", bedrock}, "refused: kerberos: the KDC of QUARRY.EXAMPLE refuses the password, or key, of root@QUARRY.EXAMPLE"},
		{"wrong key", "", []string{"--keytab", wrong, "-U", "betty", bedrock}, "refused: kerberos: the KDC of QUARRY.EXAMPLE refuses the password, or key, of betty@QUARRY.EXAMPLE"},
		{"another's keytab", "", []string{"--keytab", mine, "-U", "betty", bedrock}, "refused: kerberos: the keytab " + mine + " has no key of betty@QUARRY.EXAMPLE that its KDC takes"},
		{"no such user", "NETELF_PASSWORD=secret", []string{"-k", "-U", "wilma", bedrock}, "refused: kerberos: the KDC of QUARRY.EXAMPLE knows no user wilma@QUARRY.EXAMPLE"},
		{"no account on the server", "NETELF_PASSWORD=secret", []string{"-k", "-U", "dino", bedrock}, fmt.Sprintf("refused: smb: %s:%d: logon as dino@QUARRY.EXAMPLE by Kerberos: the server does not take the ticket, or has no such user: ", krbServer, s.port)},
		{"a key that the server does not have", "KRB5CCNAME=" + good, []string{"-k", fmt.Sprintf("smb://barney.quarry.example:%d", s.port)}, fmt.Sprintf("refused: smb: barney.quarry.example:%d: logon as root@QUARRY.EXAMPLE by Kerberos: the server does not take the ticket, or has no such user: ", s.port)},
		{"unknown server", "KRB5CCNAME=" + good, []string{"-k", fmt.Sprintf("smb://wilma.quarry.example:%d", s.port)}, "failed: kerberos: the KDC of QUARRY.EXAMPLE knows no service cifs/wilma.quarry.example: name the server as the domain does, not by its address"},
		{"address", "KRB5CCNAME=" + good, []string{"-k", fmt.Sprintf("smb://127.0.0.1:%d", s.port)}, "failed: kerberos: the KDC of QUARRY.EXAMPLE knows no service cifs/127.0.0.1: "},
		{"KDC away", "KRB5_CONFIG=" + away + "\x00KRB5CCNAME=" + good, []string{"-k", bedrock}, "unreachable: kerberos: no KDC of QUARRY.EXAMPLE answers: start it, or name another one in krb5.conf: dial tcp " + l.Addr().String()},
	} {
		t.Run(x.name, func(t *testing.T) {
			out, said, err := k.run(strings.Split(x.env, "\x00"), netelf, append([]string{"scan", "--since", "all", "-o", "json"}, x.args...)...)
			target := x.args[len(x.args)-1]
			if x.say == "" {
				if err != nil || strings.Count(out, "\n") != n {
					t.Errorf("%v, %d records, want %d\n%s", err, strings.Count(out, "\n"), n, said)
				}
			} else if err == nil || !strings.HasPrefix(said, target+": "+x.say) || strings.Count(said, "\n") != 1 {
				t.Errorf("%v\n%s\nwant %s: %s", err, said, target, x.say)
			}
		})
	}

	// What is refused once is tried nowhere else; a KDC that is away, or a server that it
	// does not know, is no refusal.
	other := fmt.Sprintf("smb://wilma.quarry.example:%d", s.port)
	_, said, _ := k.run([]string{"NETELF_PASSWORD=wrong"}, netelf, "scan", "-k", "-U", "root", bedrock, other)
	if strings.Count(said, ": not tried: ") != 1 {
		t.Errorf("a wrong password at two servers:\n%s", said)
	}
	out, said, err := k.run([]string{"KRB5CCNAME=" + good}, netelf, "scan", "-k", "--since", "all", "-o", "json", other, bedrock)
	if strings.Count(out, "\n") != n || strings.Contains(said, ": not tried: ") {
		t.Errorf("a server that the KDC does not know before another one: %v\n%s", err, said)
	}
}
