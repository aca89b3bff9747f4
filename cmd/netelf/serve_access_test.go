//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/internal/logtest"
	"netelf.example/nt"
)

func init() {
	children["access"] = accessChild
	children["scan"] = func() error {
		os.Setenv("NETELF_SOCKET", os.Args[1])
		os.Setenv("HOME", "/")
		os.Args = []string{"netelf", "scan", "-n", "1"}
		main()
		return nil
	}
}

// accessLogs are the logs that a user of the service tries all operations on.
var accessLogs = []string{"Application", "System", "Security", "Sealed"}

// accessOps are the operations on a log, in the order in which they are tried. The
// caller's name makes those that write differ.
var accessOps = []struct {
	name string
	do   func(ctx context.Context, c eventlog.Server, log, who string) error
}{
	{"read", func(ctx context.Context, c eventlog.Server, log, _ string) error {
		return onLog(ctx, c, log, func(l eventlog.Log) error {
			cur, err := l.Read(ctx, new(eventlog.Selection))
			if err != nil {
				return err
			}
			return walk(ctx, cur, func(*eventlog.Event) error { return nil })
		})
	}},
	{"follow", func(ctx context.Context, c eventlog.Server, log, _ string) error {
		return onLog(ctx, c, log, func(l eventlog.Log) error {
			cur, err := eventlog.Follow(ctx, l, new(eventlog.Selection))
			if err != nil {
				return err
			}
			return cur.Close()
		})
	}},
	{"info", func(ctx context.Context, c eventlog.Server, log, _ string) error {
		return onLog(ctx, c, log, func(l eventlog.Log) error {
			_, err := l.Info(ctx)
			return err
		})
	}},
	{"report", func(ctx context.Context, c eventlog.Server, log, who string) error {
		r, err := eventlog.RegisterSource(ctx, c, log)
		if err != nil {
			return err
		}
		_, err = r.Report(ctx, &eventlog.Event{ID: 7, Type: eventlog.Information, Strings: []string{who}})
		return err
	}},
	{"back up", func(ctx context.Context, c eventlog.Server, log, who string) error {
		return onLog(ctx, c, log, func(l eventlog.Log) error { return eventlog.Backup(ctx, l, log+"-"+who+".evt") })
	}},
	{"set", func(ctx context.Context, c eventlog.Server, log, _ string) error {
		size := int64(1 << 20)
		return onLog(ctx, c, log, func(l eventlog.Log) error { return eventlog.Set(ctx, l, eventlog.Settings{MaxSize: &size}) })
	}},
	{"clear", func(ctx context.Context, c eventlog.Server, log, _ string) error {
		return onLog(ctx, c, log, func(l eventlog.Log) error { return eventlog.Clear(ctx, l, "") })
	}},
	{"add source", func(ctx context.Context, c eventlog.Server, log, who string) error {
		return eventlog.SetSource(ctx, c, eventlog.Source{Name: log + " of " + who, Log: log})
	}},
}

func onLog(ctx context.Context, c eventlog.Server, log string, f func(eventlog.Log) error) error {
	l, err := c.OpenLog(ctx, log)
	if err != nil {
		return err
	}
	defer l.Close() // what was done with it is done
	return f(l)
}

// accessDoc is what became of all operations of one user.
type accessDoc struct {
	User  string                       // as the service says it
	SIDs  []string                     // the first is the user's
	Admin bool                         // as the service says it
	Logs  []string                     // all that are listed, those of which nothing is told with a ?
	Ops   map[string]map[string]string // by operation and log: yes, no or the error
}

func verdict(err error) string {
	switch {
	case err == nil:
		return "yes"
	case errors.Is(err, fs.ErrPermission):
		return "no"
	}
	return err.Error()
}

// accessChild tries everything, as the user that the process is.
func accessChild() error {
	ctx := context.Background()
	socket, who := os.Args[1], os.Args[2]
	c := api.Unix(socket, ".")
	about, err := c.About(ctx)
	if err != nil {
		return err
	}
	doc := accessDoc{User: about.Caller.Name, SIDs: about.Caller.SIDs, Admin: about.Caller.Administrator, Ops: map[string]map[string]string{}}
	infos, err := c.Logs(ctx)
	if err != nil {
		return err
	}
	for i := range infos {
		name := infos[i].Name
		if infos[i].MaxSize == 0 {
			name += "?"
		}
		doc.Logs = append(doc.Logs, name)
	}
	try := func(op, log string, err error) {
		if doc.Ops[op] == nil {
			doc.Ops[op] = map[string]string{}
		}
		doc.Ops[op][log] = verdict(err)
	}
	for _, op := range accessOps {
		for _, log := range accessLogs {
			try(op.name, log, op.do(ctx, c, log, who))
		}
	}
	name := "Of " + who
	try("create log", "", c.CreateLog(ctx, name, eventlog.Settings{}))
	if doc.Ops["create log"][""] != "yes" {
		name = "Unused"
	}
	try("delete log", "", c.DeleteLog(ctx, name))
	try("remove source", "", c.RemoveSource(ctx, "Spare of "+who))
	_, err = c.Sources(ctx)
	try("list sources", "", err)
	l, err := c.OpenBackup(ctx, "secret.evt") // of Security
	if err == nil {
		_, err = l.Info(ctx)
	}
	try("open backup", "", err)
	return json.NewEncoder(os.Stdout).Encode(doc)
}

// TestServeUsers has processes of several users do all that can be done over the
// socket. What each may do is decided by the rules of the logs.
func TestServeUsers(t *testing.T) {
	if os.Getuid() != 0 {
		logtest.Missing(t, "only root can run processes of other users: run the tests as root")
	}
	const groupName = "daemon"
	group, err := user.LookupGroup(groupName)
	if err != nil {
		logtest.Missing(t, "there is no group "+groupName+": groupadd "+groupName)
	}
	gid, err := strconv.ParseUint(group.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	s := serve(t, serveDir(t), "--admin-group", groupName)
	root := s.client()
	sealed := "O:BAG:SYD:(A;;0x7;;;SY)(A;;0x2;;;S-1-22-1-65533)" // one user writes, nobody reads
	if err := root.CreateLog(ctx, "Sealed", eventlog.Settings{SDDL: &sealed}); err != nil {
		t.Fatal(err)
	}
	if err := root.CreateLog(ctx, "Unused", eventlog.Settings{}); err != nil {
		t.Fatal(err)
	}
	if err := onLog(ctx, root, "Security", func(l eventlog.Log) error { return eventlog.Backup(ctx, l, "secret.evt") }); err != nil {
		t.Fatal(err)
	}

	// By log: Application, System, Security, Sealed.
	ordinary := map[string]string{
		"read": "yes yes no no", "follow": "yes yes no no", "info": "yes yes no no", "report": "yes no no no",
		"back up": "no no no no", "set": "no no no no", "clear": "no no no no", "add source": "no no no no",
		"create log": "no", "delete log": "no", "remove source": "no", "list sources": "yes", "open backup": "no",
	}
	admin := map[string]string{
		"read": "yes yes yes no", "follow": "yes yes yes no", "info": "yes yes yes no", "report": "yes yes no no",
		"back up": "yes yes yes no", "set": "yes yes yes yes", "clear": "yes yes yes no", "add source": "yes yes no yes",
		"create log": "yes", "delete log": "yes", "remove source": "yes", "list sources": "yes", "open backup": "yes",
	}
	with := func(m map[string]string, op, verdicts string) map[string]string {
		c := map[string]string{}
		for k, v := range m {
			c[k] = v
		}
		c[op] = verdicts
		return c
	}
	for _, x := range []struct {
		name     string
		uid, gid uint32
		groups   []uint32
		admin    bool
		want     map[string]string
	}{
		{"a user", 65534, 65534, nil, false, ordinary},
		{"a user with other groups", 65531, 65534, []uint32{65530, 65529}, false, ordinary},
		{"a user whom a rule names", 65533, 65534, nil, false, with(ordinary, "report", "yes no no yes")},
		{"a member of the group", 65532, 65534, []uint32{65530, uint32(gid)}, true, admin},
		{"one whose first group it is", 65535, uint32(gid), nil, true, admin},
		{"root", 0, 0, nil, true, admin},
	} {
		t.Run(x.name, func(t *testing.T) {
			who := fmt.Sprint("u", x.uid)
			if err := root.SetSource(ctx, eventlog.Source{Name: "Spare of " + who, Log: "Application"}); err != nil {
				t.Fatal(err)
			}
			var got accessDoc
			b := runAs(t, s, x.uid, x.gid, x.groups, "access", s.socket, who)
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatalf("%v: %s", err, b)
			}
			sids := []string{string(nt.UnixUser(x.uid)), string(nt.UnixGroup(x.gid))}
			for _, g := range x.groups {
				sids = append(sids, string(nt.UnixGroup(g)))
			}
			for i, sid := range sids {
				if i >= len(got.SIDs) || i == 0 && got.SIDs[0] != sid || !strings.Contains(strings.Join(got.SIDs, " ")+" ", sid+" ") {
					t.Errorf("the service knows it as %v, want %v among them, the first in front", got.SIDs, sids)
					break
				}
			}
			if got.Admin != x.admin {
				t.Errorf("administrator: %t", got.Admin)
			}
			logs := []string{"Application", "Sealed?", "Security", "System", "Unused"}
			if !x.admin {
				logs[2] += "?"
			}
			if diff := cmp.Diff(logs, got.Logs); diff != "" {
				t.Errorf("logs (-want +got):\n%s", diff)
			}
			ops := map[string]string{}
			for op, by := range got.Ops {
				var list []string
				if v, ok := by[""]; ok {
					list = append(list, v)
				} else {
					for _, log := range accessLogs {
						list = append(list, by[log])
					}
				}
				ops[op] = strings.Join(list, " ")
			}
			if diff := cmp.Diff(x.want, ops); diff != "" {
				t.Errorf("what it may do (-want +got):\n%s", diff)
			}
			// What nobody asked for by name is no trouble where it may not be read.
			runAs(t, s, x.uid, x.gid, x.groups, "scan", s.socket)
			checkUser(t, root, x.uid, x.admin)
			if x.admin { // for the next ones
				if err := root.CreateLog(ctx, "Unused", eventlog.Settings{}); err != nil && !errors.Is(err, fs.ErrExist) {
					t.Fatal(err)
				}
			}
		})
	}
	s.stop()
}

// checkUser looks for what the user reported and for what was refused to it, each
// with its SID.
func checkUser(t *testing.T, c *api.Client, uid uint32, admin bool) {
	t.Helper()
	sid := nt.UnixUser(uid)
	find := func(log string, ok func(*eventlog.Event) bool) (n int) {
		err := onLog(t.Context(), c, log, func(l eventlog.Log) error {
			cur, err := l.Read(t.Context(), new(eventlog.Selection))
			if err != nil {
				return err
			}
			return walk(t.Context(), cur, func(e *eventlog.Event) error {
				if e.User == sid && ok(e) {
					n++
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	reported := find("Application", func(e *eventlog.Event) bool { return e.Code() == 7 })
	refused := find("Security", func(e *eventlog.Event) bool { return e.Code() == 7007 })
	cleared := find("Security", func(e *eventlog.Event) bool { return e.Code() == 517 })
	if admin { // which cleared the logs
		if reported != 0 || cleared != 1 {
			t.Errorf("%d events are of %s in Application, want 0; %d times it cleared Security, want 1", reported, sid, cleared)
		}
		return
	}
	if reported != 1 || refused == 0 || cleared != 0 {
		t.Errorf("%d events are of %s in Application, want 1; Security has %d refusals, want some; %d clears, want 0", reported, sid, refused, cleared)
	}
}

// runAs runs a child of the tests as another user, and answers what it writes.
func runAs(t *testing.T, s *serving, uid, gid uint32, groups []uint32, name string, args ...string) []byte {
	t.Helper()
	cmd := child(name, args...)
	cmd.Path = enterable(t, s.dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("uid %d: %v: %s", uid, err, stderr.String())
	}
	return out
}

// enterable is the test binary where every user may run it, in dir.
func enterable(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "child.test")
	if _, err := os.Stat(name); err == nil {
		return name
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}
