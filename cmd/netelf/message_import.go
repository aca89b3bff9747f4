package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/internal/catalogserver"
	"netelf.example/internal/config"
	"netelf.example/internal/smb"
	"netelf.example/internal/sourcetext"
	"netelf.example/message"
	"netelf.example/message/catalog"
)

// importFlags are the flags of import as they were given.
type importFlags struct {
	catalog     string
	source, log string
	all         bool
}

func (a *app) messageImportVerb() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE|FOLDER|SERVER...",
		Short: "Put message files into a catalogue",
		Long: `Puts message files, and what says which sources they are of, into your catalogue.
What can be imported:

  a .dll, .exe, .sys   with its .mui files; the source is guessed to have its name
  a .mc file           the text that such a file is made of
  a .reg file          sources, as reg.exe exports HKLM\SYSTEM\CurrentControlSet\
                       Services\EventLog and HKLM\SOFTWARE\Microsoft\Windows\
                       CurrentVersion\WINEVT\Publishers
  a hive               SYSTEM or SOFTWARE: the sources in it
  a folder             all message files in it and below, .mc files apart; a guessed
                       source for each
  a Windows folder     a mounted disk or a copy: the files that the sources in its
                       registry name, System32\config\SYSTEM and SOFTWARE, or those of
                       a .reg file beside it on the line
  smb://SERVER         a Windows server: the files that the sources in its registry
                       name, out of ADMIN$ and its like, which are open to
                       administrators
  a catalogue          all that is in it

What was found is said, and what was not. A source that is there already is
replaced; a file stands beside others of its name.

Exit codes: 0 all is well; 1 nothing was imported; 2 wrong usage; 3 something could
not be read, the rest was imported; 4 some of what was named was not imported. That
a file is missing which a source names is well.`,
		Example: `  netelf message import messages/
  netelf message import /mnt/windows
  netelf message import smb://administrator@bedrock
  netelf message import --source Crusher --log Quarry crusher.dll
  netelf message import colleagues.db`,
		Args:              atLeastOne,
		ValidArgsFunction: completeFiles,
		RunE:              a.verb(func(ctx context.Context, args []string) error { return a.messageImport(ctx, &f, args) }),
	}
	catalogFlag(cmd, &f.catalog)
	a.credentialFlags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.source, "source", "", "the `source` that single .dll and .mc files are of")
	fl.StringVar(&f.log, "log", "", "the `log` of that source (default any)")
	fl.BoolVar(&f.all, "all-problems", false, fmt.Sprintf("list all that was not found or read, and not only %d", maxShown))
	completeList(cmd, "log", standardLogs)
	return cmd
}

// importing is an import that is going on.
type importing struct {
	*app
	*importFlags
	c       *catalog.Catalog
	name    string           // of the catalogue
	sources []catalog.Source // of the .reg files on the line, for Windows folders
	damaged bool
}

func (a *app) messageImport(ctx context.Context, f *importFlags, args []string) error {
	if f.log != "" && f.source == "" {
		return usage("--log is that of --source, which is not given")
	}
	failed := 0
	im := &importing{app: a, importFlags: f}
	err := a.changeCatalog(f.catalog, func(c *catalog.Catalog, name string) error {
		im.c, im.name = c, name
		windows := slices.ContainsFunc(args, isWindows)
		for _, arg := range args {
			if windows && hasExt(arg, ".reg") {
				if err := im.readReg(arg); err != nil {
					failed++
					a.say("netelf: %s: %v", arg, plain(err))
				}
			}
		}
		for _, arg := range args {
			if windows && hasExt(arg, ".reg") {
				continue // its sources come in with the folder
			}
			r, err := im.add(ctx, arg)
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				failed++
				a.say("netelf: %s: %v", arg, plain(err))
				continue
			}
			if r.Sources == 0 && r.Files == 0 && len(r.Problems) == 0 {
				failed++
				a.say("netelf: %s: there is nothing in it to import", arg)
				continue
			}
			im.tell(arg, r)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case failed == len(args):
		return code(exitFailed)
	case failed > 0:
		return code(exitSome)
	case im.damaged:
		return code(exitDamaged)
	}
	return nil
}

func hasExt(name, ext string) bool { return eventlog.EqualFold(filepath.Ext(name), ext) }

// isWindows says whether a name is a folder with an installation of Windows, or the
// Windows folder of one.
func isWindows(name string) bool {
	entries, err := os.ReadDir(name)
	if err != nil {
		return false
	}
	has := func(entries []fs.DirEntry, name string) (string, bool) {
		for _, e := range entries {
			if e.IsDir() && eventlog.EqualFold(e.Name(), name) {
				return e.Name(), true
			}
		}
		return "", false
	}
	if _, ok := has(entries, "System32"); ok {
		return true
	}
	for _, windir := range []string{"Windows", "WINNT"} {
		if real, ok := has(entries, windir); ok {
			below, err := os.ReadDir(filepath.Join(name, real))
			if _, ok := has(below, "System32"); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// add imports what a name stands for.
func (im *importing) add(ctx context.Context, name string) (catalog.Imported, error) {
	if server, ok := strings.CutPrefix(name, "smb://"); ok {
		return im.addServer(ctx, server)
	}
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return catalog.Imported{}, err
	case st.IsDir() && isWindows(name):
		// Without sources it is its own registry that counts.
		r, err := im.c.ImportWindows(ctx, name, im.sources, nil)
		if len(im.sources) > 0 || !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		im.say("%s: there is no registry in it, and sources are guessed by the names of files; a .reg file says which they are", name)
		return im.c.ImportFolder(ctx, name, nil)
	case st.IsDir():
		return im.c.ImportFolder(ctx, name, nil)
	case !st.Mode().IsRegular():
		return catalog.Imported{}, errors.New("is neither a file nor a folder")
	}
	f, err := os.Open(name)
	if err != nil {
		return catalog.Imported{}, err
	}
	defer f.Close() // it was only read from
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return catalog.Imported{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return catalog.Imported{}, err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("MZ")):
		return im.addPE(ctx, name)
	case bytes.HasPrefix(head, []byte("SQLite format 3")):
		return im.merge(ctx, name)
	case bytes.HasPrefix(head, []byte("regf")):
		return im.addHive(ctx, name, f, st.Size())
	case hasExt(name, ".reg"):
		return im.c.ImportReg(ctx, f, &catalog.ImportOptions{Origin: filepath.Base(name)})
	case hasExt(name, ".mc"):
		return im.addMC(ctx, name)
	}
	return catalog.Imported{}, errors.New("is neither a message file nor a .reg file, a hive or a catalogue")
}

// addServer imports the message files of a Windows server.
func (im *importing) addServer(ctx context.Context, server string) (catalog.Imported, error) {
	user, host := "", server
	if i := strings.LastIndexByte(server, '@'); i >= 0 {
		user, host = server[:i], server[i+1:]
	}
	who, err := im.remote(config.Logon{}).Credentials(ctx, user)
	if err != nil {
		return catalog.Imported{}, err
	}
	told := false
	r, err := catalogserver.Import(ctx, im.c, host, smb.Credentials{User: who.User, Domain: who.Domain, Password: who.Password, Anonymous: who.Anonymous, Kerberos: who.Kerberos},
		&catalogserver.Options{AllowBare: im.credentials.bare, ServerOptions: catalog.ServerOptions{Progress: func(p catalog.Progress) {
			if p.Of > 0 && !told {
				told = true
				im.say("%s: %s in its registry", host, counted(uint64(p.Of), "source"))
			}
		}}})
	if err != nil && r.Files > 0 { // what was had before stays
		im.tell("smb://"+server, r)
	}
	return r, err
}

// addHive imports the sources of a hive, with the transaction logs beside it.
func (im *importing) addHive(ctx context.Context, name string, f *os.File, size int64) (r catalog.Imported, err error) {
	var logs []*io.SectionReader
	for _, ending := range []string{".LOG1", ".LOG2", ".LOG"} {
		l, err := os.Open(name + ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return r, err
		}
		defer l.Close() // it was only read from
		st, err := l.Stat()
		if err != nil {
			return r, err
		}
		logs = append(logs, io.NewSectionReader(l, 0, st.Size()))
	}
	return im.c.ImportHive(ctx, f, size, logs, &catalog.ImportOptions{Origin: filepath.Base(name)})
}

// readReg takes the sources of a .reg file for the Windows folders beside it.
func (im *importing) readReg(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() // it was only read from
	list, err := catalog.ParseReg(f)
	var lines catalog.RegErrors
	if err != nil && !errors.As(err, &lines) {
		return err
	}
	im.sources = append(im.sources, list...)
	im.say("%s: %s", name, counted(uint64(len(list)), "source"))
	for _, e := range lines {
		im.damaged = true
		im.say("  %v", e)
	}
	return nil
}

// addPE imports one PE file with its .mui files.
func (im *importing) addPE(ctx context.Context, name string) (r catalog.Imported, err error) {
	var parts []*message.PE
	for _, part := range append(sourcetext.Parts(name), name) {
		f, err := os.Open(part)
		if err != nil {
			return r, err
		}
		defer f.Close() // it was only read from
		st, err := f.Stat()
		if err != nil {
			return r, err
		}
		pe, err := message.OpenPE(f, st.Size())
		switch {
		case err != nil && part == name:
			return r, err
		case err != nil:
			r.Problems = append(r.Problems, fmt.Errorf("%s: %w", part, err))
			continue
		}
		parts = append(parts, pe)
	}
	file, err := catalog.FileOf(filepath.Base(name), parts...)
	if err != nil {
		r.Problems = append(r.Problems, err)
	}
	return r, im.put(ctx, name, file, &r)
}

// addMC imports .mc text.
func (im *importing) addMC(ctx context.Context, name string) (r catalog.Imported, err error) {
	b, err := readText(name, message.MaxSource)
	if err != nil {
		return r, err
	}
	file, err := mcFile(filepath.Base(name), b)
	if file == nil {
		return r, err
	}
	if err != nil {
		im.sayLines(name, err)
		im.damaged = true
	}
	return r, im.put(ctx, name, file, &r)
}

// put adds a file and its source.
func (im *importing) put(ctx context.Context, name string, file *catalog.File, r *catalog.Imported) error {
	if len(file.Tables) == 0 && len(file.Providers) == 0 {
		return errors.New("has no messages")
	}
	origin := name
	if len(origin) > catalog.MaxName {
		origin = file.Name
	}
	file.Origin = origin
	r.Files, r.Tables, r.Providers = 1, len(file.Tables), len(file.Providers)
	s := catalog.Source{Origin: origin, Guessed: im.source == ""}
	s.Name, s.Log = im.source, im.log
	if s.Guessed {
		s.Name = strings.TrimSuffix(file.Name, filepath.Ext(file.Name))
	}
	s.MessageFiles = []string{file.Name}
	return im.c.Update(ctx, func(tx *catalog.Tx) error {
		id, err := tx.AddFile(file)
		if err != nil || s.Name == "" {
			return err
		}
		s.Files = map[string]catalog.FileID{file.Name: id}
		r.Sources = 1
		return tx.AddSource(s)
	})
}

// merge takes over another catalogue.
func (im *importing) merge(ctx context.Context, name string) (r catalog.Imported, err error) {
	mine, err := os.Stat(im.name)
	if err != nil {
		return r, err
	}
	if its, err := os.Stat(name); err == nil && os.SameFile(mine, its) {
		return r, errors.New("is the catalogue itself")
	}
	other, err := catalog.Open(name, nil)
	if err != nil {
		return r, err
	}
	defer other.Close() // it was only read from
	sources, err := other.List(ctx)
	if err != nil {
		r.Problems = append(r.Problems, err)
	}
	files, err := other.Files(ctx)
	if err != nil {
		r.Problems = append(r.Problems, err)
	}
	r.Sources, r.Files = len(sources), len(files)
	err = im.c.Merge(ctx, other)
	var damage *catalog.DamageError
	if errors.As(err, &damage) {
		r.Problems, err = append(r.Problems, err), nil
	}
	return r, err
}

// tell says what an import has found and what not.
func (im *importing) tell(name string, r catalog.Imported) {
	line := name + ": " + counted(uint64(r.Sources), "source") + ", " + counted(uint64(r.Files), "file")
	if r.Tables > 0 {
		line += " with " + counted(uint64(r.Tables), "table")
	}
	if r.Providers > 0 {
		line += " and " + counted(uint64(r.Providers), "provider")
	}
	im.say("%s", line)
	for i, err := range r.Problems {
		if !errors.Is(err, fs.ErrNotExist) {
			im.damaged = true
		}
		switch {
		case i < maxShown || im.all:
			im.say("  %v", err)
		case i == maxShown:
			im.say("  and %d more; --all-problems lists them", len(r.Problems)-i+r.More)
		}
	}
	if im.all && r.More > 0 {
		im.say("  and %d more", r.More)
	}
}
