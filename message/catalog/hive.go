package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/regf"
)

// Where the sources are: in the hive SYSTEM below a control set, and in SOFTWARE.
const (
	eventLogKey   = `Services\EventLog`
	publishersKey = `Microsoft\Windows\CurrentVersion\WINEVT\Publishers`
)

// Limits of what is read of a hive, or of a server's registry.
const (
	MaxRegistryItems = 1 << 22   // keys and values that are looked at
	MaxRegistryData  = 256 << 20 // bytes of values
)

// budget is what of them is left. A hive can have lists that stand in many keys.
type budget struct {
	items, data int
	over        error // why nothing more can be had
}

func newBudget() budget { return budget{items: MaxRegistryItems, data: MaxRegistryData} }

// spend counts an item with its data, and says whether there is more to be had.
func (b *budget) spend(data int) bool {
	b.items--
	b.data -= data
	switch {
	case b.over != nil:
	case b.items < 0:
		b.over = fmt.Errorf("registry: %w", over("keys and values or more", MaxRegistryItems+1, MaxRegistryItems))
	case b.data < 0:
		b.over = fmt.Errorf("registry: %w", over("bytes of values or more", MaxRegistryData+1, MaxRegistryData))
	}
	return b.over == nil
}

func (b *budget) ended() error { return b.over }

// hierarchy is a registry that keys are read out of: a hive's, or a server's. What it
// gives is good even where there is an error, which speaks of the rest; a key that is
// not there is fs.ErrNotExist.
type hierarchy interface {
	keys(path string) ([]string, error) // the names of those below
	values(path string) ([]regf.Value, error)
	ended() error // why nothing more can be had; nil: it can
}

// read takes all sources out of a registry: those of the logs below a control set, or
// the publishers. Unless it ends, what is wrong is a problem.
func (r *registered) read(h hierarchy, at, key string, problem func(error)) error {
	in := at + `\` + key
	if at == "" {
		in = key
	}
	names, err := h.keys(in)
	if err != nil {
		if h.ended() != nil {
			return err
		}
		problem(err)
	}
	for _, name := range names {
		below := []string{name}
		if key == eventLogKey {
			sources, err := h.keys(in + `\` + name)
			if err != nil {
				if h.ended() != nil {
					return err
				}
				problem(err)
			}
			below = below[:0]
			for _, s := range sources {
				below = append(below, name+`\`+s)
			}
		}
		for _, name := range below {
			if err := r.readSource(h, in, key, name, problem); err != nil {
				return err
			}
		}
	}
	return nil
}

// readSource takes the source of one key.
func (r *registered) readSource(h hierarchy, in, key, name string, problem func(error)) error {
	place := in + `\` + name
	if err := r.enter(strings.Split(key+`\`+name, `\`)); err != nil {
		problem(fmt.Errorf("key %q: %w", clip(place), err))
		return nil
	}
	if r.source == nil {
		return nil
	}
	values, err := h.values(place)
	if err != nil {
		if h.ended() != nil {
			return err
		}
		problem(err)
	}
	for i := range values {
		v := &values[i]
		d, err := dataOf(v)
		if err == nil {
			err = r.set(v.Name, d)
		}
		if err != nil {
			problem(fmt.Errorf("key %q: value %q: %w", clip(place), clip(v.Name), err))
		}
	}
	return nil
}

// hive is a hive as a hierarchy. Keys that were listed are kept, since those below
// are asked for next.
type hive struct {
	budget
	root  *regf.Key
	known map[string]*regf.Key
}

func newHive(h *regf.Hive) (*hive, error) {
	root, err := h.Root()
	if err != nil {
		return nil, err
	}
	return &hive{newBudget(), root, map[string]*regf.Key{}}, nil
}

func (h *hive) key(path string) (*regf.Key, error) {
	if k, ok := h.known[eventlog.Fold(path)]; ok {
		return k, nil
	}
	return h.root.Key(path)
}

func (h *hive) keys(path string) (names []string, err error) {
	k, err := h.key(path)
	if err != nil {
		return nil, err
	}
	var errs []error
	for below, err := range k.Keys() {
		if !h.spend(0) {
			return nil, h.over
		}
		switch {
		case err != nil && len(errs) < MaxProblems:
			errs = append(errs, err)
		case err == nil && len(names) == MaxSources:
			return names, errors.Join(append(errs, fmt.Errorf("key %q: %w", clip(path), over("keys or more", MaxSources+1, MaxSources)))...)
		case err == nil:
			names = append(names, below.Name)
			h.known[eventlog.Fold(path+`\`+below.Name)] = below
		}
	}
	return names, errors.Join(errs...)
}

func (h *hive) values(path string) (list []regf.Value, err error) {
	k, err := h.key(path)
	if err != nil {
		return nil, err
	}
	delete(h.known, eventlog.Fold(path))
	var errs []error
	for v, err := range k.Values() {
		if !h.spend(len(v.Data)) {
			return nil, h.over
		}
		switch {
		case err == nil:
			list = append(list, v)
		case len(errs) < MaxProblems:
			errs = append(errs, err)
		}
	}
	return list, errors.Join(errs...)
}

// ParseHive reads the sources out of a hive of the registry: of SYSTEM those of the
// control set that Select names as the current one, of SOFTWARE the publishers. logs
// are the hive's transaction logs. The list is as that of ParseReg. What was wrong
// is in damage, and the rest was read all the same; err says that it is no hive.
func ParseHive(r io.ReaderAt, size int64, logs []*io.SectionReader) (list []Source, damage []error, err error) {
	h, err := regf.Open(r, size, &regf.Options{Logs: logs})
	if err != nil {
		return nil, nil, err
	}
	damage = h.Damage()
	problem := func(err error) {
		if len(damage) < MaxProblems && !errors.Is(err, fs.ErrNotExist) {
			damage = append(damage, err)
		}
	}
	at, err := newHive(h)
	if err != nil {
		return nil, nil, err
	}
	found := newRegistered()
	set, err := currentSet(at.root)
	if err == nil {
		err = found.read(at, set, eventLogKey, problem)
	}
	if err != nil {
		problem(err)
	}
	if err := found.read(at, "", publishersKey, problem); err != nil {
		problem(err)
	}
	return found.list(), damage, nil
}

// ImportHive adds the sources of a hive, as ParseHive reads it. Its damage is in the
// problems. The files are looked for by their names.
func (c *Catalog) ImportHive(ctx context.Context, r io.ReaderAt, size int64, logs []*io.SectionReader, opts *ImportOptions) (Imported, error) {
	list, damage, err := ParseHive(r, size, logs)
	if err != nil {
		return Imported{}, err
	}
	return c.run(ctx, opts, "registry hive", machine{}, func(im *importer) error {
		for _, err := range damage {
			im.result.problem(err)
		}
		for _, s := range list {
			if err := im.source(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// currentSet is the name of the control set that is the current one.
func currentSet(root *regf.Key) (string, error) {
	k, err := root.Key("Select")
	if err != nil {
		return "", err
	}
	v, err := k.Value("Current")
	if err != nil {
		return "", err
	}
	n, err := v.Number()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("ControlSet%03d", n), nil
}

// hives reads the sources of the hives of a Windows installation.
func (im *importer) hives(windir []string) (list []Source, err error) {
	for i, name := range []string{"SYSTEM", "SOFTWARE"} {
		found, err := im.hive(append(windir[:len(windir):len(windir)], "System32", "config"), name)
		if err != nil {
			if i == 0 {
				return nil, err
			}
			im.result.problem(err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// hive reads the sources of one hive, and of the transaction logs beside it.
func (im *importer) hive(dir []string, name string) ([]Source, error) {
	in, err := im.tree.find(append(dir[:len(dir):len(dir)], name)...)
	if err != nil {
		return nil, err
	}
	f, size, err := im.tree.open(in)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	var logs []*io.SectionReader
	for _, ending := range []string{".LOG1", ".LOG2", ".LOG"} {
		l, err := im.tree.find(append(dir[:len(dir):len(dir)], name+ending)...)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				im.result.problem(err)
			}
			continue
		}
		f, size, err := im.tree.open(l)
		if err != nil {
			im.result.problem(err)
			continue
		}
		defer func() { _ = f.Close() }() // only read
		logs = append(logs, io.NewSectionReader(f, 0, size))
	}
	list, damage, err := ParseHive(f, size, logs)
	for _, err := range damage {
		im.result.problem(fmt.Errorf("%s: %w", in, err))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in, err)
	}
	return list, nil
}
