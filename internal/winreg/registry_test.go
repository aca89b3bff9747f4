package winreg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

func TestRegistry(t *testing.T) {
	s := &fakeServer{root: fakeTree()}
	r := dialFake(t, s)
	ctx := t.Context()

	names, err := r.Logs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Application", "System", "Security"}, names); d != "" {
		t.Error(d)
	}
	got, err := r.Log(ctx, "system")
	if err != nil {
		t.Fatal(err)
	}
	size, retention := uint32(20<<20), uint32(604800)
	want := Log{Name: "system", MaxSize: &size, Retention: &retention, File: `%SystemRoot%\system32\config\SysEvent.Evt`, SDDL: "O:BAG:SYD:(A;;0x7;;;BA)", AutoBackup: true}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	size, retention = 1<<20, 0xffffffff
	if err := r.SetLog(ctx, "Application", nil, &retention); err != nil {
		t.Error(err)
	}
	if err := r.SetLog(ctx, "System", &size, &retention); err != nil {
		t.Error(err)
	}
	if err := r.SetLog(ctx, "System", nil, nil); err != nil {
		t.Error(err)
	}
	for name, want := range map[string][2]uint32{"Application": {512 << 10, retention}, "System": {1 << 20, retention}} {
		l, err := r.Log(ctx, name)
		if err != nil || l.MaxSize == nil || l.Retention == nil || [2]uint32{*l.MaxSize, *l.Retention} != want {
			t.Errorf("%s is %+v, %v", name, l, err)
		}
	}

	list, err := r.Sources(ctx, "System")
	if err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]eventlog.Source{
		{Name: "Disk", Log: "System", MessageFiles: []string{`%SystemRoot%\System32\IoLogMsg.dll`, `%SystemRoot%\System32\Drivers\disk.sys`}, Types: 7},
		{Name: "Service Control Manager", Log: "System", MessageFiles: []string{`C:\a.exe`}, CategoryFile: `C:\c.dll`, ParameterFile: "kernel32.dll", CategoryCount: 3},
		{Name: "Empty", Log: "System"},
	}, list); d != "" {
		t.Error(d)
	}

	k, err := r.LocalMachine().Open(ctx, eventLogPath+`\System`, AccessRead)
	if err != nil {
		t.Fatal(err)
	}
	i, err := k.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Info{Keys: 3, Values: 5, MaxData: 4711, Written: time.Date(1601, 1, 1, 0, 0, 1, 0, time.UTC)}, i); d != "" {
		t.Error(d)
	}
	if err := k.Close(ctx); err != nil {
		t.Error(err)
	}
	// Every handle was closed but that of HKEY_LOCAL_MACHINE.
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, k := range s.open[1:] {
		if k != nil {
			t.Errorf("handle %d, of %s, is open", i+2, k.name)
		}
	}
}

func TestRegistryErrors(t *testing.T) {
	size := uint32(1 << 20)
	long := strings.Repeat("x", 300)
	for _, x := range []struct {
		name string
		call func(ctx context.Context, r *Registry) error
		is   error
		text string
	}{
		{"no such log", func(ctx context.Context, r *Registry) error { _, err := r.Log(ctx, "Quarry"); return err },
			fs.ErrNotExist, `registry: BaseRegOpenKey: HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Quarry: file not found (ERROR_FILE_NOT_FOUND)`},
		{"set no such log", func(ctx context.Context, r *Registry) error { return r.SetLog(ctx, "Quarry", &size, nil) },
			fs.ErrNotExist, `registry: BaseRegOpenKey: HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Quarry: file not found (ERROR_FILE_NOT_FOUND)`},
		{"denied", func(ctx context.Context, r *Registry) error { _, err := r.Sources(ctx, "Security"); return err },
			fs.ErrPermission, `registry: BaseRegOpenKey: HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Security: access denied (ERROR_ACCESS_DENIED)`},
		{"no name", func(ctx context.Context, r *Registry) error { _, err := r.Log(ctx, ""); return err },
			eventlog.ErrInvalid, `registry: log "": invalid argument`},
		{"name of two parts", func(ctx context.Context, r *Registry) error { return r.SetLog(ctx, `System\Disk`, &size, nil) },
			eventlog.ErrInvalid, `registry: log "System\\Disk": invalid argument`},
		{"name with a zero", func(ctx context.Context, r *Registry) error { _, err := r.Sources(ctx, "System\x00"); return err },
			eventlog.ErrInvalid, `registry: log "System\x00": invalid argument`},
		{"long name", func(ctx context.Context, r *Registry) error { _, err := r.Log(ctx, long); return err },
			eventlog.ErrInvalid, `registry: log "` + long[:255] + `…": invalid argument`},
		{"long path", func(ctx context.Context, r *Registry) error {
			_, err := r.LocalMachine().Open(ctx, strings.Repeat("x", 1025), AccessRead)
			return err
		}, eventlog.ErrInvalid, `registry: path "` + long[:255] + `…": invalid argument`},
		{"value's name", func(ctx context.Context, r *Registry) error {
			_, err := r.LocalMachine().Value(ctx, "a\x00")
			return err
		},
			eventlog.ErrInvalid, `registry: value "a\x00": invalid argument`},
		{"value", func(ctx context.Context, r *Registry) error { _, err := r.LocalMachine().Value(ctx, "a"); return err },
			fs.ErrNotExist, `registry: BaseRegQueryValue: HKLM: value "a": file not found (ERROR_FILE_NOT_FOUND)`},
		{"big value", func(ctx context.Context, r *Registry) error {
			return r.LocalMachine().Set(ctx, Value{Name: "a", Type: TypeBinary, Data: make([]byte, maxData+1)})
		}, eventlog.ErrTooLarge, `registry: value "a" of 1048577 bytes: over a limit`},
		{"too many keys", func(ctx context.Context, r *Registry) error {
			k, err := r.LocalMachine().Open(ctx, eventLogPath, AccessRead)
			if err != nil {
				return err
			}
			_, err = k.Keys(ctx, 2)
			return err
		}, eventlog.ErrTooLarge, `registry: HKLM\SYSTEM\CurrentControlSet\Services\EventLog: over 2 keys: over a limit`},
		{"cancelled", func(ctx context.Context, r *Registry) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, err := r.Logs(ctx)
			return err
		}, context.Canceled, `registry: BaseRegOpenKey: HKLM\SYSTEM\CurrentControlSet\Services\EventLog: context canceled`},
	} {
		r := dialFake(t, &fakeServer{root: fakeTree()})
		err := x.call(t.Context(), r)
		if err == nil || !errors.Is(err, x.is) || err.Error() != x.text {
			t.Errorf("%s: %v", x.name, err)
		}
		if _, err := r.Logs(t.Context()); err != nil {
			t.Errorf("%s: behind it: %v", x.name, err)
		}
	}
}

// TestValues: values that fit the first buffer, and values that do not.
func TestValues(t *testing.T) {
	s := &fakeServer{root: &fakeKey{}}
	r := dialFake(t, s)
	k := r.LocalMachine()
	var want []Value
	for _, n := range []int{0, 1, 3, firstBuffer - 1, firstBuffer, firstBuffer + 1, 3 * firstBuffer, maxData} {
		v := Value{Name: fmt.Sprint("of ", n), Type: TypeBinary, Data: []byte(strings.Repeat("slate", n/5+1))[:n]}
		if err := k.Set(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		got, err := k.Value(t.Context(), v.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !same(v, got) {
			t.Errorf("%q comes with %d bytes of %s", v.Name, len(got.Data), got.Type)
		}
		want = append(want, v)
	}
	got, err := k.Values(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(want, got, same) {
		t.Errorf("%d values, and not those that were set", len(got))
	}
	// More than all together may have.
	s.root.values = nil
	for i := range maxAllData/maxData + 1 {
		s.root.values = append(s.root.values, Value{Name: fmt.Sprint(i), Type: TypeBinary, Data: make([]byte, maxData)})
	}
	if _, err := k.Values(t.Context()); !errors.Is(err, eventlog.ErrTooLarge) || err.Error() != "registry: HKLM: over 33554432 bytes in values: over a limit" {
		t.Error(err)
	}
	// One that has grown over the limit behind our back.
	s.root.values = []Value{{Name: "vast", Type: TypeBinary, Data: make([]byte, maxData+1)}}
	const text = `registry: HKLM: value "vast" has 1048577 bytes, at most 1048576: over a limit`
	if _, err := k.Value(t.Context(), "vast"); err == nil || err.Error() != text || !errors.Is(err, eventlog.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := k.Values(t.Context()); err == nil || !errors.Is(err, eventlog.ErrTooLarge) {
		t.Error(err)
	}
}

func same(a, b Value) bool {
	return a.Name == b.Name && a.Type == b.Type && bytes.Equal(a.Data, b.Data)
}

// TestFlaws: one source's trouble is its own.
func TestFlaws(t *testing.T) {
	root := fakeTree()
	logs := root.find(eventLogPath)
	logs.key(`Quarry\bad type`, NumberValue("EventMessageFile", 1), textValue("CategoryMessageFile", TypeString, "c.dll"))
	logs.key(`Quarry\odd`, Value{Name: "EventMessageFile", Type: TypeString, Data: []byte("abc")}, NumberValue("CategoryCount", 2))
	logs.key(`Quarry\short`, Value{Name: "TypesSupported", Type: TypeNumber, Data: []byte{1, 2, 3}})
	logs.key(`Quarry\many`, textValue("EventMessageFile", TypeString, strings.Repeat("a;", maxFiles+1)))
	logs.key(`Quarry\long`, textValue("ParameterMessageFile", TypeString, strings.Repeat("a", maxFile+1)))
	logs.key("Quarry\\closed\x1b[2J").denied = true
	logs.key(`Quarry\good`, textValue("EventMessageFile", TypeString, "g.dll"))
	r := dialFake(t, &fakeServer{root: root})
	list, err := r.Sources(t.Context(), "Quarry")
	if d := cmp.Diff([]eventlog.Source{
		{Name: "bad type", Log: "Quarry", CategoryFile: "c.dll"},
		{Name: "odd", Log: "Quarry", CategoryCount: 2},
		{Name: "short", Log: "Quarry"},
		{Name: "many", Log: "Quarry"},
		{Name: "long", Log: "Quarry"},
		{Name: "closed\x1b[2J", Log: "Quarry"},
		{Name: "good", Log: "Quarry", MessageFiles: []string{"g.dll"}},
	}, list); d != "" {
		t.Error(d)
	}
	const at = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Quarry\`
	want := strings.Join([]string{
		`registry: ` + at + `bad type: value "EventMessageFile" is REG_DWORD, want REG_SZ or REG_EXPAND_SZ: not what it must be`,
		`registry: ` + at + `odd: value "EventMessageFile": text of 3 bytes, which is odd: not what it must be`,
		`registry: ` + at + `short: value "TypesSupported": a number of 3 bytes, want 4: not what it must be`,
		`registry: ` + at + `many: value "EventMessageFile": over 64 paths: not what it must be`,
		`registry: ` + at + `long: value "ParameterMessageFile": a path of 1025 characters, at most 1024: not what it must be`,
		`registry: BaseRegOpenKey: ` + at + "closed\ufffd[2J: access denied (ERROR_ACCESS_DENIED)",
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}

	// No more than so many are told.
	for i := range 20 {
		logs.key(fmt.Sprintf(`Slate\%d`, i)).denied = true
	}
	list, err = r.Sources(t.Context(), "Slate")
	if n := strings.Count(fmt.Sprint(err), "\n"); len(list) != 20 || n != maxFlaws || !strings.HasSuffix(err.Error(), "\nand 4 more") {
		t.Errorf("%d sources, %d lines: %v", len(list), n, err)
	}

	// A log of which a value is none is not guessed at.
	logs.key("Slate", Value{Name: "MaxSize", Type: TypeNumber, Data: []byte{1}})
	if _, err := r.Log(t.Context(), "Slate"); err == nil || !strings.HasSuffix(err.Error(), `EventLog\Slate: value "MaxSize": a number of 1 bytes, want 4: not what it must be`) {
		t.Error(err)
	}
}

// TestVanished: a source that goes away between the list and its turn is not there.
func TestVanished(t *testing.T) {
	s := &fakeServer{root: fakeTree()}
	system := s.root.find(eventLogPath + `\System`)
	s.answer = func(op uint16, stub []byte) []byte {
		if op == opEnumKey && binary.LittleEndian.Uint32(stub[len(stub)-4:]) == uint32(nt.ErrorNoMoreItems) {
			system.keys = slices.DeleteFunc(system.keys, func(k *fakeKey) bool { return k.name == "Disk" })
		}
		return stub
	}
	list, err := dialFake(t, s).Sources(t.Context(), "System")
	if err != nil || len(list) != 2 || list[0].Name != "Service Control Manager" {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestHostileAnswers: answers that are cut or changed are errors, or answers.
func TestHostileAnswers(t *testing.T) {
	all := func(ctx context.Context, r *Registry) {
		_, _ = r.Logs(ctx)
		_, _ = r.Log(ctx, "System")
		_, _ = r.Sources(ctx, "System")
		if k, err := r.LocalMachine().Open(ctx, eventLogPath, AccessRead); err == nil {
			_, _ = k.Values(ctx)
			_, _ = k.Info(ctx)
		}
	}
	for _, op := range []uint16{opOpenKey, opCloseKey, opEnumKey, opEnumValue, opQueryInfoKey, opQueryValue} {
		s := &fakeServer{root: fakeTree()}
		r := dialFake(t, s)
		s.answer = func(o uint16, stub []byte) []byte {
			if o == op {
				return stub[:len(stub)-1]
			}
			return stub
		}
		var err error
		switch op {
		case opEnumValue, opQueryInfoKey:
			s.answer = nil
			k, e := r.LocalMachine().Open(t.Context(), eventLogPath+`\System`, AccessRead)
			if e != nil {
				t.Fatal(e)
			}
			s.mu.Lock()
			s.answer = func(_ uint16, stub []byte) []byte { return stub[:len(stub)-1] }
			s.mu.Unlock()
			if op == opEnumValue {
				_, err = k.Values(t.Context())
			} else {
				_, err = k.Info(t.Context())
			}
		case opQueryValue:
			_, err = r.Log(t.Context(), "System")
		default:
			_, err = r.Logs(t.Context())
		}
		var fe *eventlog.FormatError
		if !errors.As(err, &fe) || fe.Struct != opNames[op] {
			t.Errorf("%s, one byte short: %v", opNames[op], err)
		}
	}
	for i := range 60 {
		s := &fakeServer{root: fakeTree()}
		r := dialFake(t, s)
		n := 0
		s.mu.Lock()
		s.answer = func(_ uint16, stub []byte) []byte {
			if n++; n%5 == 0 {
				stub[(i*7)%len(stub)] ^= byte(1 << (i % 8))
			}
			return stub
		}
		s.mu.Unlock()
		all(t.Context(), r)
	}
}

// TestEndless: a server that never comes to an end is left.
func TestEndless(t *testing.T) {
	s := &fakeServer{root: fakeTree()}
	r := dialFake(t, s)
	one, err := request(func(w *ndr.Writer) {
		s.name(w, "again", maxName+1)
		w.Pointer(false)
		w.Pointer(false)
		w.Uint32(0)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.answer = func(op uint16, stub []byte) []byte {
		if op == opEnumKey {
			return one
		}
		return stub
	}
	s.mu.Unlock()
	if _, err := r.Logs(t.Context()); err == nil || !strings.HasSuffix(err.Error(), ": over 4096 keys: over a limit") {
		t.Error(err)
	}
	for _, name := range []string{"", `a\b`} {
		bad, err := request(func(w *ndr.Writer) {
			s.name(w, name, maxName+1)
			w.Pointer(false)
			w.Pointer(false)
			w.Uint32(0)
		})
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		one = bad
		s.mu.Unlock()
		if _, err := r.Logs(t.Context()); err == nil || !strings.HasSuffix(err.Error(), fmt.Sprintf("%q is not the name of a key", name)) {
			t.Error(err)
		}
	}
}

func TestDialErrors(t *testing.T) {
	client, server := net.Pipe()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), client, nil); err == nil || !strings.HasPrefix(err.Error(), "registry: dcerpc: bind: ") {
		t.Error(err)
	}
	// Another interface than the registry's.
	client, server = net.Pipe()
	srv := dcerpc.NewServer(dcerpc.ServerOptions{})
	done := make(chan error, 1)
	go func() { done <- srv.ServeConn(context.Background(), server, dcerpc.Peer{}) }()
	var refused *dcerpc.BindError
	if _, err := Dial(t.Context(), client, nil); !errors.As(err, &refused) {
		t.Error(err)
	}
	_ = srv.Close()
	<-done
}
