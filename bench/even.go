package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"netelf.example/even"
	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/internal/rpcauth"
	"netelf.example/internal/smb"
	"netelf.example/nt"
	"netelf.example/service"
)

var evenRecords = flag.Int("records", 200_000, "how many `records` are read by MS-EVEN from each server")

const (
	evenKept    = 2000   // records in each log: Samba's holds 512 KiB, of which it prunes the oldest
	evenForeign = 20_000 // read by impacket

	aimOfSamba   = 10.0 // times what Samba reads
	leastOfSamba = 3.0
)

const evenPassword = "secret"

// benchEven reads the same records by MS-EVEN from Samba's own event log server and
// from netelf: both behind an smbd of their own, by the same client over SMB, which
// signs; and netelf over TCP besides. Each pass opens a pipe and the log anew, in one
// session (over TCP, where a connection is a session, it logs on anew), and reads it forwards in buffers of 512 KiB. What the servers need of the processors is
// counted beside the time, since client and servers share these: that of smbd, and
// that of the event log server behind it (rpcd_classic and its starter, or netelf).
func benchEven(w io.Writer, work string) (err error) {
	fmt.Fprintf(w, "\nMS-EVEN: %d records read, %d of them again and again\n", *evenRecords, evenKept)
	for _, need := range [][2]string{{"smbd", "samba"}, {"eventlogadm", "samba"}, {"smbpasswd", "samba-common-bin"}} {
		if _, err := exec.LookPath(need[0]); err != nil {
			fmt.Fprintf(w, "  %s is not installed: apt-get install %s\n", need[0], need[1])
			return nil
		}
	}
	if os.Geteuid() != 0 {
		fmt.Fprintln(w, "  smbd wants root")
		return nil
	}
	// Unix sockets are made in there, and their names must be short.
	dir, err := os.MkdirTemp("", "even")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	own, err := startSmbd(filepath.Join(dir, "a"), logName, "yes")
	if err != nil {
		return err
	}
	defer own.stop()
	if err := own.fill(); err != nil {
		return err
	}
	front, err := startSmbd(filepath.Join(dir, "b"), "", "no") // no helper that takes the pipe back
	if err != nil {
		return err
	}
	defer front.stop()
	served, err := startNetelf(work, front.dir)
	if err != nil {
		return err
	}
	defer served.stop()

	ways := []*evenWay{
		{name: "Samba, over SMB", dial: own.dial, used: own.used},
		{name: "netelf behind Samba, over SMB", dial: front.dial, used: func() (load, error) {
			l, err := front.used()
			if err != nil {
				return l, err
			}
			behind, err := served.used()
			return load{l.smbd, l.server + behind.server}, err
		}},
		{name: "netelf, over TCP", dial: served.dial, used: served.used},
	}
	ctx := context.Background()
	passes := max(*evenRecords/evenKept / *runs, 1)
	for range *runs {
		for _, y := range ways {
			if err := y.round(ctx, passes); err != nil {
				return fmt.Errorf("%s: %w", y.name, err)
			}
		}
	}
	heading(w, "netelf's own client")
	for _, y := range ways {
		y.print(w, median(y.rates))
	}
	samba, behind, tcp := ways[0], ways[1], ways[2]
	aimed := func(what string, ratio float64) {
		verdict(w, what+", of Samba's", fmt.Sprintf("%.1f times", ratio), fmt.Sprintf("%.0f times", aimOfSamba), ratio >= aimOfSamba)
		if ratio < leastOfSamba {
			fmt.Fprintf(w, "    that is below the %.0f times that it must be\n", leastOfSamba)
		}
	}
	aimed("records a CPU second of the event log server, SMB", behind.per(false)/samba.per(false))
	aimed("records a CPU second with smbd, SMB", behind.per(true)/samba.per(true))
	aimed("records a CPU second, TCP", tcp.per(true)/samba.per(true))
	aimed("rate over SMB", median(behind.rates)/median(samba.rates))
	aimed("rate over TCP", median(tcp.rates)/median(samba.rates))
	return benchImpacket(w, ways[:2], []int{own.port, front.port})
}

// load is processor time: of smbd, and of the event log server behind it.
type load struct{ smbd, server time.Duration }

// evenWay is a way to a server.
type evenWay struct {
	name string
	dial func(context.Context) (*dcerpc.Client, error)
	used func() (load, error)

	rates   []float64
	records int
	cpu     load
}

// per is records a second of processor time, of all or of the event log server.
func (y *evenWay) per(all bool) float64 {
	cpu := y.cpu.server
	if all {
		cpu += y.cpu.smbd
	}
	return float64(y.records) / max(cpu.Seconds(), 0.01) // what can be told
}

func heading(w io.Writer, client string) {
	fmt.Fprintf(w, "  %-32s %12s %9s %11s   records a CPU second: server, all\n", client, "records/s", "smbd CPU", "server CPU")
}

func (y *evenWay) print(w io.Writer, rate float64) {
	fmt.Fprintf(w, "  %-32s %12.0f %8.2fs %10.2fs   %10.0f %10.0f\n", y.name, rate, y.cpu.smbd.Seconds(), y.cpu.server.Seconds(), y.per(false), y.per(true))
}

// add counts what was used since before.
func (y *evenWay) add(records int, before load) error {
	after, err := y.used()
	y.records += records
	y.cpu.smbd += after.smbd - before.smbd
	y.cpu.server += after.server - before.server
	return err
}

// round reads the log whole, passes times.
func (y *evenWay) round(ctx context.Context, passes int) error {
	before, err := y.used()
	if err != nil {
		return err
	}
	begin := time.Now()
	for range passes {
		c, err := y.dial(ctx)
		if err != nil {
			return err
		}
		n, err := readAll(ctx, c)
		err = errors.Join(err, c.Close())
		if err != nil {
			return err
		}
		if n != evenKept {
			return fmt.Errorf("%d records, and there are %d", n, evenKept)
		}
	}
	took := time.Since(begin)
	y.rates = append(y.rates, float64(passes*evenKept)/took.Seconds())
	return y.add(passes*evenKept, before)
}

// readAll reads the log forwards and counts its records ([MS-EVEN] 3.1.4.3, 3.1.4.7).
func readAll(ctx context.Context, c *dcerpc.Client) (n int, err error) {
	le := binary.LittleEndian
	w := ndr.NewWriter(nil, le)
	w.Pointer(false)
	w.UnicodeString(ndr.Text(logName))
	w.Flush()
	w.UnicodeString(ndr.Text(""))
	w.Flush()
	w.Uint32(1)
	w.Uint32(1)
	in, err := w.Bytes()
	if err != nil {
		return 0, err
	}
	out, err := c.Call(ctx, 7, in)
	if err != nil {
		return 0, err
	}
	r := ndr.NewReader(out, le, "ElfrOpenELW")
	h, status := r.ContextHandle(), nt.Status(r.Uint32())
	if err := r.Err(); err != nil || status != nt.StatusSuccess {
		return 0, fmt.Errorf("open: %v, %w", status, err)
	}
	const room = 0x7ffff
	w = ndr.NewWriter(nil, le)
	w.ContextHandle(h)
	w.Uint32(5) // sequential, forwards
	w.Uint32(0)
	w.Uint32(room)
	if in, err = w.Bytes(); err != nil {
		return 0, err
	}
	for {
		if out, err = c.Call(ctx, 10, in); err != nil {
			return n, err
		}
		r := ndr.NewReader(out, le, "ElfrReadELW")
		b := r.ByteArray(room)
		size := int(r.Uint32())
		_, status := r.Uint32(), nt.Status(r.Uint32())
		switch {
		case r.Err() != nil:
			return n, r.Err()
		case status == nt.StatusEndOfFile, status == nt.StatusSuccess && size == 0: // Samba says it so
			return n, nil
		case status != nt.StatusSuccess || size > len(b):
			return n, fmt.Errorf("read: %v, %d bytes", status, size)
		}
		if n > evenKept {
			return n, errors.New("it does not come to an end")
		}
		for b = b[:size]; len(b) > 0; n++ {
			if len(b) < 56 || le.Uint32(b) < 56 || int(le.Uint32(b)) > len(b) || string(b[4:8]) != "LfLe" {
				return n, fmt.Errorf("behind %d records is none", n)
			}
			b = b[le.Uint32(b):]
		}
	}
}

// evenEvent is an event that both servers are given, of which the record has about
// 220 bytes.
func evenEvent(i int) *eventlog.Event {
	return &eventlog.Event{
		ID: 1000, Type: eventlog.Information, Level: eventlog.LevelInformation, Source: "quarry", Computer: "bedrock",
		Strings: []string{fmt.Sprintf("conveyor belt %d", 1000+i), "is running, as was asked for by Fred"}, Offset: -1,
	}
}

// ownSmbd is an smbd with everything of it in one folder.
type ownSmbd struct {
	dir, conf string
	port      int
	session   *smb.Dialer
	cmd       *exec.Cmd
	ended     chan struct{}
}

// startSmbd starts an smbd whose own event log server has the logs of list.
func startSmbd(dir, list, helpers string) (*ownSmbd, error) {
	s := &ownSmbd{dir: dir, conf: filepath.Join(dir, "smb.conf"), ended: make(chan struct{})}
	for _, name := range []string{"state", "cache", "lock", "pid", "private", "ncalrpc", "log"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "ncalrpc", "np"), 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	s.session = smb.NewDialer(smb.Options{Address: fmt.Sprint("127.0.0.1:", s.port), Credentials: smb.Credentials{User: "root", Password: evenPassword}})
	text := fmt.Sprintf(`[global]
workgroup = QUARRY
netbios name = BEDROCK
server role = standalone server
smb ports = %d
interfaces = lo
bind interfaces only = yes
state directory = DIR/state
cache directory = DIR/cache
lock directory = DIR/lock
pid directory = DIR/pid
private dir = DIR/private
ncalrpc dir = DIR/ncalrpc
eventlog list = %s
rpc start on demand helpers = %s
disable netbios = yes
load printers = no
`, s.port, list, helpers)
	if err := os.WriteFile(s.conf, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
		return nil, err
	}
	set := exec.Command("smbpasswd", "-c", s.conf, "-s", "-a", "root")
	set.Stdin = strings.NewReader(evenPassword + "\n" + evenPassword + "\n")
	if out, err := set.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("smbpasswd: %w: %s", err, out)
	}
	s.cmd = exec.Command("smbd", "--foreground", "--no-process-group", "-s", s.conf, "-l", filepath.Join(dir, "log"))
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // it is ended by a signal
	}()
	for range 500 {
		var nc net.Conn
		if nc, err = net.Dial("tcp", fmt.Sprint("127.0.0.1:", s.port)); err == nil {
			return s, nc.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("smbd does not answer: %w", err)
}

// fill gives Samba's own log its events.
func (s *ownSmbd) fill() error {
	var b bytes.Buffer
	for i := range evenKept {
		e := evenEvent(i)
		// Old records would be pruned.
		fmt.Fprintf(&b, "LEN: 0\nRS1: 1699505740\nRCN: 0\nTMG: %d\nTMW: %[1]d\nEID: %d\nETP: INFO\nECT: 0\nRS2: 0\nCRN: 0\nUSL: 0\nSRC: %s\nSRN: %s\n", time.Now().Unix(), e.ID, e.Source, e.Computer)
		for _, text := range e.Strings {
			fmt.Fprintf(&b, "STR: %s\n", text)
		}
		b.WriteString("DAT: \n\n")
	}
	cmd := exec.Command("eventlogadm", "-s", s.conf, "-o", "write", logName)
	cmd.Stdin = &b
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("eventlogadm: %w: %s", err, out)
	}
	return nil
}

// dial opens the pipe.
func (s *ownSmbd) dial(ctx context.Context) (*dcerpc.Client, error) {
	nc, err := s.session.Dial(ctx, "eventlog")
	if err != nil {
		return nil, err
	}
	return dcerpc.Dial(ctx, nc, &dcerpc.ClientOptions{Interface: even.Interface, MaxFrag: 65535})
}

// used is what smbd and all its helpers have used: they name their configuration.
func (s *ownSmbd) used() (l load, err error) {
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range list {
		line, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(line, []byte(s.conf)) {
			continue // it has ended, or is another's
		}
		d, err := processTime(filepath.Dir(name))
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
			return l, err
		}
		if bytes.HasPrefix(line, []byte("smbd")) {
			l.smbd += d
		} else {
			l.server += d
		}
	}
	return l, err
}

// stop ends smbd, and the helpers that it started.
func (s *ownSmbd) stop() {
	_ = s.session.Close() // what it was for is over

	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGTERM) // it may have ended
	if b, err := os.ReadFile(filepath.Join(s.dir, "pid", "samba-dcerpcd.pid")); err == nil {
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // none: it has ended
		if err == nil && pid > 1 && bytes.Contains(line, []byte(s.conf)) {
			_ = syscall.Kill(-pid, syscall.SIGTERM) // a process group of its own
		}
	}
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
}

// processTime is what a process, and the children that it has seen end, have used
// (proc(5), stat).
func processTime(proc string) (time.Duration, error) {
	b, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return 0, err
	}
	const from, to, perSecond = 14, 17, 100 // utime, stime, cutime, cstime, in what Linux tells users
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var ticks int64
	for i := from; i <= to; i++ {
		n, err := strconv.ParseInt(fields[i-3], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / perSecond, nil
}

// ownNetelf is netelf serve.
type ownNetelf struct {
	cmd   *exec.Cmd
	addr  string
	ended chan error
}

var evenListens = regexp.MustCompile(`msg=MS-EVEN listen=(\S+)`)

// startNetelf starts a service with the events in its log, over TCP and behind the
// smbd of a folder.
func startNetelf(work, smbd string) (*ownNetelf, error) {
	program, data := filepath.Join(work, "netelf"), filepath.Join(work, "data")
	if out, err := exec.Command("go", "build", "-o", program, "netelf.example/cmd/netelf").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, out)
	}
	s, r, err := openService(data, &service.Options{Sync: service.SyncNone, Brief: true, MaxSize: 4 << 20})
	if err != nil {
		return nil, err
	}
	for i := range evenKept {
		if _, err := r.Report(context.Background(), evenEvent(i)); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	add := exec.Command(program, "user", "add", "root", "--group", "administrators", "--file", filepath.Join(data, "users.json"))
	add.Stdin = strings.NewReader(evenPassword + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("netelf user: %w: %s", err, out)
	}
	n := &ownNetelf{ended: make(chan error, 1)}
	said := filepath.Join(work, "netelf.log")
	log, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	n.cmd = exec.Command(program, "serve", "--data", data, "--socket", filepath.Join(smbd, "socket"), "--rpc", "127.0.0.1:0", "--samba-pipe", filepath.Join(smbd, "ncalrpc"))
	n.cmd.Stderr = log
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { n.ended <- n.cmd.Wait() }()
	var b []byte
	for range 500 {
		if b, err = os.ReadFile(said); err == nil && bytes.Contains(b, []byte("msg=ready")) && bytes.Contains(b, []byte("pipe taken over")) {
			if m := evenListens.FindSubmatch(b); m != nil {
				n.addr = string(m[1])
				return n, nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	n.stop()
	return nil, fmt.Errorf("netelf does not come to answer: %w\n%s", err, b)
}

// dial comes over TCP, with NTLM at the level that is the least by default, at which
// messages are not protected. Over SMB they are signed by that.
func (n *ownNetelf) dial(ctx context.Context) (*dcerpc.Client, error) {
	m, err := rpcauth.NewInitiator(rpcauth.Credentials{User: "root", Password: evenPassword}, "host/127.0.0.1", false)
	if err != nil {
		return nil, err
	}
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", n.addr)
	if err != nil {
		return nil, err
	}
	return dcerpc.Dial(ctx, nc, &dcerpc.ClientOptions{
		Interface: even.Interface, Mechanism: m, AuthType: m.AuthType(), AuthLevel: dcerpc.LevelConnect, MaxFrag: 65535,
	})
}

func (n *ownNetelf) used() (load, error) {
	d, err := processTime(fmt.Sprint("/proc/", n.cmd.Process.Pid))
	return load{server: d}, err
}

func (n *ownNetelf) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-n.ended:
	case <-time.After(15 * time.Second):
		_ = n.cmd.Process.Kill() // as above
		<-n.ended
	}
}

// impacketReads is a client that takes nothing of a response apart but its end: its
// own decoder would be most of what is measured.
const impacketReads = `
import struct, sys
from impacket.dcerpc.v5 import even, transport
port, passes = sys.argv[1], int(sys.argv[2])
t = transport.DCERPCTransportFactory(r'ncacn_np:127.0.0.1[\pipe\eventlog]')
t.set_dport(int(port))
t.set_credentials('root', sys.argv[3])
total = 0
for _ in range(passes):
    dce = t.get_dce_rpc()
    dce.connect()
    dce.bind(even.MSRPC_UUID_EVEN)
    h = even.hElfrOpenELW(dce, sys.argv[4], '')['LogHandle']
    stub = h + struct.pack('<3I', 5, 0, 0x7ffff)
    while True:
        dce.call(10, stub)
        r = dce.recv()
        size, _, status = struct.unpack('<3I', r[-12:])
        if status == 0xc0000011 or status == 0 and size == 0:
            break
        assert status == 0, hex(status)
        at = 4
        while at < 4 + size:
            at += struct.unpack('<I', r[at:at + 4])[0]
            total += 1
    dce.disconnect()
print(total)
`

// benchImpacket has a foreign client read what was read before.
func benchImpacket(w io.Writer, ways []*evenWay, ports []int) error {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import impacket").Run(); err != nil {
		fmt.Fprintln(w, "  impacket is not installed: apt-get install python3-impacket")
		return nil
	}
	heading(w, fmt.Sprintf("impacket, %d records", evenForeign))
	for i, y := range ways {
		y.records, y.cpu = 0, load{}
		before, err := y.used()
		if err != nil {
			return err
		}
		begin := time.Now()
		cmd := exec.Command(python, "-c", impacketReads, strconv.Itoa(ports[i]), strconv.Itoa(evenForeign/evenKept), evenPassword, logName)
		out, err := cmd.CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != strconv.Itoa(evenForeign) {
			return fmt.Errorf("impacket: %w: %s", err, out)
		}
		took := time.Since(begin)
		if err := y.add(evenForeign, before); err != nil {
			return err
		}
		y.print(w, evenForeign/took.Seconds())
	}
	fmt.Fprintf(w, "  impacket itself needs most of the time; of the server's, netelf reads %.1f times as much, with smbd %.1f times\n",
		ways[1].per(false)/ways[0].per(false), ways[1].per(true)/ways[0].per(true))
	return nil
}
