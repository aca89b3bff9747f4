package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/files"
)

// openLogFile opens one .evt or .evtx file for the verbs that look into it: it is
// an *evt.Reader or an *evtx.Reader. Nothing but a regular file is opened.
func openLogFile(ctx context.Context, name string, opts *files.Options) (eventlog.Log, eventlog.Info, error) {
	var info eventlog.Info
	fi, err := os.Stat(name)
	if err != nil {
		return nil, info, plain(err)
	}
	if fi.IsDir() {
		return nil, info, errors.New("is a folder; name the files in it")
	}
	srv, err := files.Open(name, opts)
	if err != nil {
		return nil, info, plain(err)
	}
	defer srv.Close()
	log, err := srv.OpenLog(ctx, name)
	if err != nil {
		return nil, info, plain(err)
	}
	if info, err = log.Info(ctx); err != nil {
		_ = log.Close() // it was only read from
		return nil, info, plain(err)
	}
	return log, info, nil
}

// plain is err without the name of its file, which is printed before it.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && err == error(p) {
		return p.Err
	}
	return err
}

// eachFile does f with each file, and sums up how it went. damaged is what f
// says of a file that could be read; every file is told of by itself.
func (a *app) eachFile(ctx context.Context, names []string, opts *files.Options, f func(name string, l eventlog.Log, info eventlog.Info) (damaged bool, err error)) error {
	failed, damaged := 0, false
	for _, name := range names {
		err := func() error {
			l, info, err := openLogFile(ctx, name, opts)
			if err != nil {
				return err
			}
			defer l.Close()
			bad, err := f(name, l, info)
			damaged = damaged || bad
			return err
		}()
		var out *writeError
		switch {
		case errors.As(err, &out):
			return outputError(out.err)
		case ctx.Err() != nil:
			a.say("netelf: %s: cancelled", name)
			return code(exitFailed)
		case err != nil:
			failed++
			a.say("netelf: %s: %s", name, words(err))
		}
	}
	return outcomeOf(failed, len(names), damaged)
}

// outcomeOf is the exit code of a verb that has read several files or logs.
func outcomeOf(failed, all int, damaged bool) error {
	switch {
	case failed == all:
		return code(exitFailed)
	case failed > 0:
		return code(exitSome)
	case damaged:
		return code(exitDamaged)
	}
	return nil
}

// writeError is an error of the output, which ends all.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// put writes to the standard output.
func put(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return &writeError{err}
	}
	return nil
}

// putJSON writes v to the standard output, as one line.
func (a *app) putJSON(v any) error {
	b, err := jsonLine(v)
	if err != nil {
		return err
	}
	return put(a.stdout, b)
}

// jsonLine is v as one line of JSON in which nothing stands that moves a cursor or
// cannot be seen, wherever its texts come from.
func jsonLine(v any) ([]byte, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	var b []byte
	for _, r := range raw.String() {
		if r == '\n' || unicode.IsPrint(r) {
			b = append(b, string(r)...)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			b = fmt.Appendf(b, `\u%04x`, u)
		}
	}
	return b, nil
}

// outputFlag is the -o of verbs that print text or JSON.
func outputFlag(cmd *cobra.Command, s *string) {
	cmd.Flags().StringVarP(s, "output", "o", "text", "the `form` of the output: text, json")
	completeList(cmd, "output", func() []string { return []string{"text", "json"} })
}

func isJSON(output string) (bool, error) {
	switch output {
	case "text":
		return false, nil
	case "json":
		return true, nil
	}
	return false, usage("--output %q: want text or json", output)
}

// retention is a log's Retention in words.
func retention(d time.Duration) string {
	switch {
	case d == 0:
		return "overwrite as needed"
	case d == eventlog.RetainForever:
		return "overwrite nothing"
	case d%(24*time.Hour) == 0:
		return "overwrite what is older than " + counted(uint64(d/(24*time.Hour)), "day")
	}
	return "overwrite what is older than " + counted(uint64(d/time.Second), "second")
}

// atLeastOne is an Args for verbs that take files, or as info logs too.
func atLeastOne(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		what := "a file"
		if cmd.Flags().Lookup("server") != nil {
			what = "a file or a log"
		}
		return fmt.Errorf("want %s, as in '%s'", what, firstExample(cmd))
	}
	return nil
}
