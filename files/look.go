package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/evtx"
)

const (
	// settle is so many looks at a file that stood still between them: then it is not
	// just being written any more, and what is damaged in it is.
	settle = 5
	// patience is so many looks at a place where a walk cannot go on: then what is
	// damaged there counts, though the file never stands still. So long a file may be
	// gone, too.
	patience = 12
	// copying is so many looks at a file that is shorter than its header says: so long
	// may take what copies it in place of what it was.
	copying = 10 * patience
	// behind is so many looks at damage behind which the log has gone on.
	behind = 4
	// overtaken is so many looks at which records were overwritten: then they are.
	overtaken = 2
	// drains is so many looks at a file that has another one in its place.
	drains = 3
)

// wait waits for the next look, and makes it. The first is made at once.
func (c *follower) wait(ctx context.Context) error {
	if c.info != nil || c.absent > 0 {
		t := time.NewTimer(c.pace.Next())
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.done:
			return fs.ErrClosed
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.look(ctx)
}

// look looks at the file, and begins a walk if something came.
func (c *follower) look(ctx context.Context) error {
	info, err := stat(c.entry.path)
	if err != nil || !os.SameFile(info, c.file.info) {
		if c.drain(ctx) {
			return nil
		}
		if err == nil {
			err = c.replace()
		}
		if err != nil {
			if c.absent++; c.absent > patience {
				return err
			}
			return nil
		}
	}
	c.absent, c.drains = 0, 0
	changed := c.info == nil || c.info.Size() != info.Size() || !c.info.ModTime().Equal(info.ModTime())
	c.info = info
	r, err := renew(c.reader, info.Size())
	if c.still++; changed || err == nil && r != c.reader {
		c.still = 0
	}
	settled := c.held > 0 && (c.still >= settle || c.held >= patience && !(cutOff(c.reader, info.Size()) && c.held < copying))
	switch {
	case settled:
	case err == nil && r == c.reader:
		if c.held > 0 {
			c.held++
		}
		return nil
	case err != nil && !changed && err.Error() == c.known:
		return nil
	case err != nil && c.held&(c.held+1) != 0, err != nil && c.held == 0 && c.reader != nil:
		// Looking at all of it is for the second look, and then for fewer and fewer.
		c.held++
		return nil
	}
	if settled || err != nil {
		if r, err = c.survey(info.Size(), settled); err != nil {
			if c.held++; settled {
				return err
			}
			return nil
		}
	}
	c.reader = r
	return c.goOn(ctx, settled)
}

// survey looks at all of the file. If it may be just being written, what came last
// waits for the next look.
func (c *follower) survey(size int64, settled bool) (eventlog.Log, error) {
	c.known = ""
	r, err := c.server.reader(c.entry, c.file, size, c.origin, 0)
	if err != nil {
		return nil, err
	}
	again, err := renew(r, size)
	if !settled {
		return again, err
	}
	if err != nil {
		c.known = err.Error()
	}
	return r, nil
}

// goOn begins a walk behind the mark; settled says that what it says counts.
func (c *follower) goOn(ctx context.Context, settled bool) error {
	c.sel.After = []eventlog.Mark{c.mark}
	walk, err := c.reader.Read(ctx, &c.sel)
	if settled && errors.Is(err, eventlog.ErrMarkGone) {
		c.mark.Record, c.mark.Time = 0, time.Time{}
		c.pass()
		clear(c.told)
		c.losses = append(c.losses, &eventlog.Loss{Origin: c.origin, Offset: -1, Err: eventlog.ErrMarkGone})
		c.sel.After[0] = c.mark
		walk, err = c.reader.Read(ctx, &c.sel)
	}
	switch {
	case err == nil:
		c.walk, c.accept = walk, settled
		if oldest, _ := extent(c.reader); c.fromOne && oldest > 1 {
			c.losses = append(c.losses, &eventlog.Loss{Origin: c.origin, Offset: -1, First: 1, Last: oldest - 1, Err: eventlog.ErrOverwrite})
			c.fromOne = false
		}
		return nil
	case settled, ctx.Err() != nil:
		return err
	}
	c.held++
	return nil
}

// drain goes on with what came into a file before another one took its place; false:
// nothing did.
func (c *follower) drain(ctx context.Context) bool {
	if c.drains++; c.drains > drains || c.reader == nil {
		return false
	}
	size, err := c.file.size()
	if err != nil {
		return false
	}
	r, err := renew(c.reader, size)
	if err != nil || r == c.reader {
		return false
	}
	c.reader = r
	return c.goOn(ctx, false) == nil && c.walk != nil
}

// replace takes the file that has the name now.
func (c *follower) replace() error {
	f, err := c.server.pool.file(c.entry.path)
	if err != nil {
		return err
	}
	f.follow()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own {
		_ = c.file.Close() // it was only read from
	}
	c.file, c.own = f, true
	if c.closed {
		return f.Close()
	}
	c.reader, c.info, c.known = nil, nil, ""
	clear(c.told)
	return nil
}

// stat is os.Stat of a regular file.
func stat(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNotFile}
	}
	return info, err
}

var errNew = errors.New("nothing is known of the file yet")

// renew is Renew of a reader of either kind.
func renew(l eventlog.Log, size int64) (eventlog.Log, error) {
	switch r := l.(type) {
	case *evt.Reader:
		return asLog(r.Renew(size))
	case *evtx.Reader:
		return asLog(r.Renew(size))
	}
	return nil, errNew
}

// extent is the numbers of the oldest record, 0 if there is none, and of the next.
func extent(l eventlog.Log) (oldest, next uint64) {
	switch r := l.(type) {
	case *evt.Reader:
		x := r.Extent()
		return x.Oldest, x.Next
	case *evtx.Reader:
		x := r.Extent()
		return x.Oldest, x.Next
	}
	return 0, 0
}

// cutOff says whether a file of size bytes has less than its header says.
func cutOff(l eventlog.Log, size int64) bool {
	switch r := l.(type) {
	case *evt.Reader:
		h, err := r.Header()
		return err == nil && int64(max(h.StartOffset, h.EndOffset)) > size
	case *evtx.Reader:
		h, err := r.Header()
		return err == nil && evtx.HeaderBlockSize+int64(h.Chunks)*evtx.ChunkSize > size
	}
	return false
}
