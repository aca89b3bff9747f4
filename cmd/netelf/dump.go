package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/evtx"
	"netelf.example/internal/hexdoc"
)

func (a *app) dumpVerb() *cobra.Command {
	var record count
	var offset, zone string
	var limit count
	cmd := &cobra.Command{
		Use:     "dump FILE",
		GroupID: groupFiles,
		Short:   "Show the bytes of a log file and what they mean",
		Long: `Shows an .evt or .evtx file as annotated hexadecimal text: each field with its
offset, its bytes, its name and its value. What is no record is shown as such, long
stretches of it shortened.

Of an .evt file first comes the header, then what the log is made of, from the
oldest record on, then the EOF record, then what the log no longer reaches. Of an
.evtx file come the header and then the chunks as they lie there, with their
records and the tokens of binary XML in them.`,
		Example: `  netelf dump SysEvent.Evt | less
  netelf dump --record 7454 SysEvent.Evt
  netelf dump --record 1102 Security.evtx
  netelf dump --offset 0x1e0130 -n 3 SysEvent.Evt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want one file, as in 'netelf dump SysEvent.Evt'")
			}
			return nil
		},
		ValidArgsFunction: completeFiles,
	}
	cmd.Flags().Var(&record, "record", "show the record with this number")
	cmd.Flags().StringVar(&offset, "offset", "", "begin at this `offset`: 4096 or 0x1000")
	cmd.Flags().VarP(&limit, "limit", "n", "show so many records; of one that is named by number or offset 1, else all")
	cmd.Flags().StringVar(&zone, "timezone", "local", "the `zone` of times: local, utc, or a name as Europe/Berlin")
	cmd.MarkFlagsMutuallyExclusive("record", "offset")
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		loc, err := parseZone(zone)
		if err != nil {
			return err
		}
		at := int64(-1)
		if offset != "" {
			n, err := number(offset)
			if err != nil || n > 1<<62 {
				return usage("--offset %q: want a number, as 4096 or 0x1000", offset)
			}
			at = int64(n)
		}
		name := args[0]
		l, info, err := openLogFile(ctx, name, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer l.Close()
		if record != 0 {
			if at, err = offsetOf(ctx, l, uint64(record)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if at > info.Size {
			return fmt.Errorf("%s: offset 0x%x lies behind the end 0x%x of the file", name, at, info.Size)
		}
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, plain(err))
		}
		defer f.Close()
		out := bufio.NewWriterSize(a.stdout, 64<<10)
		d := dumper{w: out, f: f, size: info.Size, loc: loc, limit: int(limit)}
		if at >= 0 {
			d.limit = max(d.limit, 1)
		}
		switch r := l.(type) {
		case *evt.Reader:
			if at >= 0 {
				err = d.from(ctx, at)
			} else {
				err = d.file(ctx, r)
			}
		case *evtx.Reader:
			x := chunkDumper{dumper: d, r: r}
			err = x.file(ctx, max(at, 0))
		}
		if flushed := out.Flush(); err == nil {
			err = flushed
		}
		return err
	})
	return cmd
}

// offsetOf is where record n begins, be it one that the log no longer reaches.
func offsetOf(ctx context.Context, r eventlog.Log, n uint64) (int64, error) {
	c, err := r.Read(ctx, &eventlog.Selection{
		Where:     eventlog.NumTerm(eventlog.FieldRecord, eventlog.Eq, n),
		Want:      eventlog.FieldRecord.Bit(),
		Recovered: true,
	})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var e eventlog.Event
	at := int64(-1)
	for {
		err := c.Next(ctx, &e)
		var loss *eventlog.Loss
		switch {
		case err == nil:
			if at = e.Offset; !e.Recovered {
				return at, nil
			}
		case errors.As(err, &loss):
		case err == io.EOF && at >= 0:
			return at, nil
		case err == io.EOF:
			return 0, fmt.Errorf("no record %d", n)
		default:
			return 0, err
		}
	}
}

// dumper writes what lies in a file, going round in it where there is a header.
type dumper struct {
	w     io.Writer
	f     io.ReaderAt
	size  int64
	loc   zone
	limit int // records; 0: all
	buf   []byte

	shown int
	bytes [evt.MaxRecordSize]byte
}

// file shows all: the header, the log, its EOF record, and the rest.
func (d *dumper) file(ctx context.Context, r *evt.Reader) error {
	h, err := r.Header()
	if err != nil {
		return d.from(ctx, 0)
	}
	var b [evt.HeaderSize]byte
	if _, err := d.f.ReadAt(b[:], 0); err != nil {
		return err
	}
	d.comment("ELF_LOGFILE_HEADER")
	d.header(&h, b[:])
	x := r.Extent()
	ring := d.size - evt.HeaderSize
	if ring <= 0 {
		return d.flush()
	}
	live := (x.End - x.Begin + ring) % ring
	if x.Oldest == 0 && x.EOF {
		live = 0
	} else if live == 0 {
		live = ring
	}
	eof := int64(0)
	if x.EOF {
		eof = evt.EOFSize
	}
	d.comment("the log")
	if done, err := d.stretch(ctx, x.Begin, live); done || err != nil {
		return err
	}
	if eof > 0 {
		b, err := d.read(x.End, eof)
		if err != nil {
			return err
		}
		d.eof(x.End, b)
	}
	rest := ring - live - eof
	if rest <= 0 {
		return d.flush()
	}
	d.comment("what the log does not reach")
	_, err = d.stretch(ctx, d.round(x.End, eof), rest)
	return err
}

// from shows what lies at an offset.
func (d *dumper) from(ctx context.Context, at int64) error {
	round := false
	if d.size > evt.HeaderSize {
		var b [evt.HeaderSize]byte
		if _, err := d.f.ReadAt(b[:], 0); err != nil {
			return err
		}
		var h evt.FileHeader
		round = h.UnmarshalBinary(b[:]) == nil
		if round && at < evt.HeaderSize {
			d.comment("ELF_LOGFILE_HEADER")
			d.header(&h, b[:])
			at = evt.HeaderSize
		}
	}
	n := d.size - at
	if round && at < d.size {
		n = d.size - evt.HeaderSize // a record may go on at the file's beginning
	}
	_, err := d.stretch(ctx, at, n)
	return err
}

// round is the offset n bytes behind at, in the ring.
func (d *dumper) round(at, n int64) int64 {
	if at += n; at >= d.size && at > evt.HeaderSize {
		at -= d.size - evt.HeaderSize
	}
	return at
}

// read is n bytes from at on, around the end of the file. They are valid until the
// next read.
func (d *dumper) read(at, n int64) ([]byte, error) {
	b := d.bytes[:n]
	first := min(n, d.size-at)
	if _, err := d.f.ReadAt(b[:first], at); err != nil {
		return nil, err
	}
	if first < n {
		if _, err := d.f.ReadAt(b[first:], evt.HeaderSize); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (d *dumper) comment(text string) { d.buf = hexdoc.AppendComment(d.buf, text) }

// field shows bytes of a structure that begins at off, in two pieces where the end
// of the file goes through them.
func (d *dumper) field(off int64, from, to int, b []byte, text string) {
	at := d.round(off, int64(from))
	if first := d.size - at; first < int64(to-from) {
		cut := from + int(first)
		d.buf = hexdoc.AppendField(d.buf, at, b[from:cut], text)
		d.buf = hexdoc.AppendField(d.buf, evt.HeaderSize, b[cut:to], "and on at the beginning of the file")
		return
	}
	d.buf = hexdoc.AppendField(d.buf, at, b[from:to], text)
}

// flush writes what was laid out.
func (d *dumper) flush() error {
	_, err := d.w.Write(d.buf)
	d.buf = d.buf[:0]
	if err != nil {
		return outputError(err)
	}
	return nil
}
