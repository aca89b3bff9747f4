//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"netelf.example/internal/logtest"
)

// TestVerbsSMB: what each verb does with a server over SMB, which is Samba's, with our
// event log behind it, and says of what it cannot do.
func TestVerbsSMB(t *testing.T) {
	b := startBehindSamba(t, smbdOptions{})
	registry := func(args ...string) {
		args = append([]string{"-s", b.conf, "rpc", "registry"}, append(args, "-S", "127.0.0.1", "-p", strconv.Itoa(b.port), "-U", "root%secret")...)
		if out, err := run(logtest.Program(t, "net", "samba-common-bin"), args...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, log := range []string{"System", "Application", "Security", "DNS Server"} {
		key := `HKLM\` + sambaLogs + `\` + log
		registry("createkey", key)
		registry("setvalue", key, "MaxSize", "dword", "524288")
		registry("setvalue", key, "Retention", "dword", "0")
	}
	dir := t.TempDir()
	netelf, conf := filepath.Join(dir, "netelf"), filepath.Join(dir, "config.yaml")
	if out, err := run("go", "build", "-o", netelf, "netelf.example/cmd/netelf"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := fmt.Sprintf("servers:\n  bedrock: {target: \"smb://127.0.0.1:%d\", auth_file: root.auth}\n", b.port)
	for name, text := range map[string]string{conf: text, filepath.Join(dir, "root.auth"): "username = root\npassword = secret\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		args string
		exit int
		want string
	}{
		{"logs -s bedrock", 0, `(?m)^Application +7 .* 512 KiB  as needed  -\nDNS Server +0 `},
		{"info -s bedrock Application Slate", 4, `(?s)max size       524288 bytes.*you may        read, report, back up, clear, set\n.*the registry lists no log "Slate", and the server would open Application for a name that it does not know: it is not opened`},
		{"scan --since all -o json --fields server,record,strings --log Application bedrock", 0, `(?s)^\{"server":"bedrock","record":7,"strings":\["rock"\]\}.*bedrock: ok, 7 events\n$`},
		{"scan --since all --summary json bedrock", 0, `"exit_code":0,"events":8,.*"skew_seconds":`},
		{"report -s bedrock --source quarry belt", 0, `^8\n$`},
		{"follow -n 1 --limit 1 --log Application -o json --fields record,strings bedrock", 0, `^\{"record":8,"strings":\["belt"\]\}\n$`},
		{"set -s bedrock Application --retention 7d", 0, `^Application: overwrite what is older than 7 days, before: overwrite as needed\n$`},
		{"set -s bedrock Application --sddl D:(A;;0x7;;;BA)", 1, `access rules: unsupported operation`},
		{"backup -s bedrock Application first", 0, `^first.evt\n$`},
		{"backup -s bedrock Application first", 1, `ElfrBackupELFW: object name already exists`},
		{"clear -s bedrock Application --yes --backup second", 0, `Application: cleared, 8 records\n`},
		{"source list -s bedrock", 0, `^SOURCE  LOG  MESSAGE FILES\n$`},
		{"source add -s bedrock Crusher --log System", 1, `add source: MS-EVEN has no call for it; a netelf server does it over https://, and any server on its own machine: unsupported operation`},
		{"source remove -s bedrock Crusher", 1, `remove source: MS-EVEN has no call for it; a netelf server does it over https://, and any server on its own machine: unsupported operation`},
		{"log create -s bedrock Quarry", 1, `create log: MS-EVEN has no call for it; a netelf server does it over https://, and any server on its own machine: unsupported operation`},
		{"log delete -s bedrock System --yes", 1, `delete log: MS-EVEN has no call for it; a netelf server does it over https://, and any server on its own machine: unsupported operation`},
		{"scan --log Microsoft-Windows-TaskScheduler/Operational bedrock", 1, `is an event channel, and MS-EVEN has none: it is not opened`},
		{"scan -o classic --since all --log Application,System bedrock", 0, `(?m)^bedrock events found in the whole log since: \d\d:\d\d:\d\d\n.*:bedrock:EventLog:0:1:6005:EVENTLOG_INFORMATION_TYPE:The event log s\n`},
	} {
		cmd := exec.Command(netelf, append(strings.Fields(x.args), "--config", conf)...)
		cmd.Env = serveEnv()
		out, _ := cmd.CombinedOutput() // the exit code is looked at
		if exit := cmd.ProcessState.ExitCode(); exit != x.exit || !regexp.MustCompile(x.want).Match(out) || strings.Contains(string(out), "secret") {
			t.Errorf("netelf %s: exit %d, want %d with %s:\n%s", x.args, exit, x.exit, x.want, out)
		}
	}
}
