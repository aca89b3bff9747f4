package winreg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

// Access is what a key is opened for ([MS-RRP] 2.2.3).
type Access uint32

// Rights.
const (
	AccessRead    Access = 0x00020019 // KEY_READ: ask for values, list keys
	AccessSet     Access = 0x00000002 // KEY_SET_VALUE
	AccessMaximum Access = 0x02000000 // MAXIMUM_ALLOWED: what there is
)

// Key is an open key. Its methods may be called by many goroutines; the connection
// has one call at a time.
type Key struct {
	client *dcerpc.Client
	path   string // for errors
	handle ndr.ContextHandle
}

// Info is what is known of a key.
type Info struct {
	Keys    uint32    // below it
	Values  uint32    // in it
	MaxData uint32    // bytes of the longest value
	Written time.Time // of the last change; zero: not known
}

// maxKeys bounds the keys below one, and the values in one.
const maxKeys = 1 << 16

// maxAllData bounds the data of all values of a key, in bytes.
const maxAllData = 32 << 20

// OpenLocalMachine opens HKEY_LOCAL_MACHINE (3.1.5.3) over a client that is bound to
// ID.
func OpenLocalMachine(ctx context.Context, c *dcerpc.Client) (*Key, error) {
	k := &Key{client: c, path: "HKLM"}
	out, err := k.call(ctx, opOpenLocalMachine, func(w *ndr.Writer) {
		w.Pointer(false) // ServerName, which is ignored
		w.Uint32(uint32(AccessMaximum))
	})
	if err != nil {
		return nil, err
	}
	h, code, err := openAnswer(opOpenLocalMachine, out)
	if err = k.failed(opOpenLocalMachine, "", code, err); err != nil {
		return nil, err
	}
	k.handle = h
	return k, nil
}

// Open opens a key below (3.1.5.15); the parts of path are separated by backslashes.
func (k *Key) Open(ctx context.Context, path string, a Access) (*Key, error) {
	if path == "" || nt.UTF16Len(path) > 2*maxPath || strings.Contains(path, "\x00") {
		return nil, fmt.Errorf("registry: path %q: %w", cut(path), eventlog.ErrInvalid)
	}
	below := &Key{client: k.client, path: k.path + `\` + shown(path)}
	out, err := below.call(ctx, opOpenKey, func(w *ndr.Writer) {
		w.ContextHandle(k.handle)
		writeName(w, path)
		w.Uint32(0) // dwOptions
		w.Uint32(uint32(a))
	})
	if err != nil {
		return nil, err
	}
	h, code, err := openAnswer(opOpenKey, out)
	if err = below.failed(opOpenKey, "", code, err); err != nil {
		return nil, err
	}
	below.handle = h
	return below, nil
}

// Info asks for the key's counts (3.1.5.16).
func (k *Key) Info(ctx context.Context) (Info, error) {
	out, err := k.call(ctx, opQueryInfoKey, func(w *ndr.Writer) {
		w.ContextHandle(k.handle)
		w.UnicodeString(ndr.String{}) // lpClassIn: no class is wanted
	})
	if err != nil {
		return Info{}, err
	}
	i, code, err := infoAnswer(out)
	return i, k.failed(opQueryInfoKey, "", code, err)
}

// Keys lists the names of the keys below (3.1.5.10), as the server orders them. A
// server that has more than limit, at most 65,536, is an error that is
// eventlog.ErrTooLarge. Keys that come and go meanwhile may be missed, or be there
// twice.
func (k *Key) Keys(ctx context.Context, limit int) ([]string, error) {
	limit = min(limit, maxKeys)
	var all []string
	for i := range uint32(limit) + 1 {
		out, err := k.call(ctx, opEnumKey, func(w *ndr.Writer) {
			w.ContextHandle(k.handle)
			w.Uint32(i)
			writeRoom(w, maxName+1)
			w.Pointer(true) // lpClassIn
			writeRoom(w, maxPath)
			w.Pointer(false) // lpftLastWriteTime
		})
		if err != nil {
			return nil, err
		}
		name, code, err := enumKeyAnswer(out)
		if err == nil && code == nt.ErrorNoMoreItems {
			return all, nil
		}
		if err = k.failed(opEnumKey, "", code, err); err != nil {
			return nil, err
		}
		if name == "" || strings.Contains(name, `\`) {
			return nil, fmt.Errorf("registry: %s: %q is not the name of a key", k.path, cut(name))
		}
		all = append(all, name)
	}
	return nil, fmt.Errorf("registry: %s: over %d keys: %w", k.path, limit, eventlog.ErrTooLarge)
}

// Values lists the values (3.1.5.11) of a key that has at most 65,536, and 32 MiB of
// data in them.
func (k *Key) Values(ctx context.Context) ([]Value, error) {
	var all []Value
	size, total := firstBuffer, 0
	for i := uint32(0); i <= maxKeys; {
		out, err := k.call(ctx, opEnumValue, func(w *ndr.Writer) {
			w.ContextHandle(k.handle)
			w.Uint32(i)
			writeRoom(w, maxName+1)
			writeData(w, size)
		})
		if err != nil {
			return nil, err
		}
		name, d, code, err := valueAnswer(opEnumValue, out, size)
		if err == nil && code == nt.ErrorNoMoreItems {
			return all, nil
		}
		if err == nil && code == nt.ErrorMoreData {
			if size, err = k.grow(fmt.Sprintf("value %d", i), size, d.size); err != nil {
				return nil, err
			}
			continue
		}
		if err = k.failed(opEnumValue, "", code, err); err != nil {
			return nil, err
		}
		if total += len(d.b); total > maxAllData {
			return nil, fmt.Errorf("registry: %s: over %d bytes in values: %w", k.path, maxAllData, eventlog.ErrTooLarge)
		}
		all = append(all, Value{Name: name, Type: d.typ, Data: d.b})
		i++
	}
	return nil, fmt.Errorf("registry: %s: over %d values: %w", k.path, maxKeys, eventlog.ErrTooLarge)
}

// Value asks for a value (3.1.5.17). One that is not there is fs.ErrNotExist.
func (k *Key) Value(ctx context.Context, name string) (Value, error) {
	if err := checkValueName(name); err != nil {
		return Value{}, err
	}
	for size := firstBuffer; ; {
		out, err := k.call(ctx, opQueryValue, func(w *ndr.Writer) {
			w.ContextHandle(k.handle)
			writeName(w, name)
			writeData(w, size)
		})
		if err != nil {
			return Value{}, err
		}
		_, d, code, err := valueAnswer(opQueryValue, out, size)
		if err == nil && code == nt.ErrorMoreData {
			if size, err = k.grow(fmt.Sprintf("value %q", name), size, d.size); err != nil {
				return Value{}, err
			}
			continue
		}
		if err = k.failed(opQueryValue, name, code, err); err != nil {
			return Value{}, err
		}
		return Value{Name: name, Type: d.typ, Data: d.b}, nil
	}
}

// grow is the next size of the buffer for a value of which the server says that it
// has need bytes.
func (k *Key) grow(what string, size int, need uint32) (int, error) {
	if size >= maxData || need > maxData {
		return 0, fmt.Errorf("registry: %s: %s has %d bytes, at most %d: %w", k.path, what, need, maxData, eventlog.ErrTooLarge)
	}
	return min(max(2*size, int(need)), maxData), nil
}

// Set sets a value, which need not have been there (3.1.5.22). The key must be open
// for AccessSet.
func (k *Key) Set(ctx context.Context, v Value) error {
	if err := checkValueName(v.Name); err != nil {
		return err
	}
	if len(v.Data) > maxData {
		return fmt.Errorf("registry: value %q of %d bytes: %w", v.Name, len(v.Data), eventlog.ErrTooLarge)
	}
	out, err := k.call(ctx, opSetValue, func(w *ndr.Writer) {
		w.ContextHandle(k.handle)
		writeName(w, v.Name)
		w.Uint32(uint32(v.Type))
		w.ByteArray(v.Data)
		w.Uint32(uint32(len(v.Data)))
	})
	if err != nil {
		return err
	}
	code, err := codeAnswer(opSetValue, out)
	return k.failed(opSetValue, v.Name, code, err)
}

// Close closes the key (3.1.5.5). Keys end with the connection, too.
func (k *Key) Close(ctx context.Context) error {
	out, err := k.call(ctx, opCloseKey, func(w *ndr.Writer) { w.ContextHandle(k.handle) })
	if err != nil {
		return err
	}
	_, code, err := openAnswer(opCloseKey, out)
	return k.failed(opCloseKey, "", code, err)
}

// call makes a call.
func (k *Key) call(ctx context.Context, op uint16, write func(w *ndr.Writer)) ([]byte, error) {
	in, err := request(write)
	if err == nil {
		in, err = k.client.Call(ctx, op, in)
	}
	if err != nil {
		return nil, fmt.Errorf("registry: %s: %s: %w", opNames[op], k.path, err)
	}
	return in, nil
}

// failed is what is wrong with an answer: its form, or the code in it.
func (k *Key) failed(op uint16, value string, code nt.Win32Error, err error) error {
	if err == nil && code == 0 {
		return nil
	}
	if err == nil {
		err = code
	}
	if value != "" {
		return fmt.Errorf("registry: %s: %s: value %q: %w", opNames[op], k.path, value, err)
	}
	return fmt.Errorf("registry: %s: %s: %w", opNames[op], k.path, err)
}

// checkValueName refuses what cannot be a value's name.
func checkValueName(name string) error {
	if nt.UTF16Len(name) > 2*maxName || strings.Contains(name, "\x00") {
		return fmt.Errorf("registry: value %q: %w", cut(name), eventlog.ErrInvalid)
	}
	return nil
}

// cut is the beginning of a name, for errors.
func cut(name string) string {
	if len(name) > maxName {
		return strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	return name
}

// shown is a path for errors, in which the server's names are.
func shown(path string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, path)
}

// isCode says whether an error is an answer of the server, and not the end of the
// connection.
func isCode(err error) bool {
	var code nt.Win32Error
	return errors.As(err, &code)
}
