package eventlog

import (
	"context"
	"time"
)

// Cursor is one walk over a log, or over many. It is pulled, so that merges,
// pages and handles keep one open between calls. It is for one goroutine at a
// time; Close may be called at any time and ends a Next that is waiting.
type Cursor interface {
	// Next fills e. nil: an event. *Loss: something is lost here, call again.
	// io.EOF: the end, all was seen. Any other error: the end, and it is not
	// complete; Next then goes on answering it.
	Next(ctx context.Context, e *Event) error

	// AppendMarks appends where a Read goes on behind what Next has given, one
	// mark for each log: also past records that did not match, and for logs
	// whose walk is over. A *Loss counts as given: it is not told twice.
	AppendMarks([]Mark) []Mark

	Close() error
}

// Examiner is a Cursor that knows how many records it has looked at.
type Examiner interface{ Examined() uint64 }

// Examined is how many records c has looked at; 0 where it does not know.
func Examined(c Cursor) uint64 {
	if x, ok := c.(Examiner); ok {
		return x.Examined()
	}
	return 0
}

// Bounder is a Cursor that knows whether a bound in time has shortened its walk.
type Bounder interface {
	// Bounded is the record at which the walk ended early, or, forwards, began late,
	// since what lies beyond it is outside of Since and Until by more than Slack; ok is
	// false where that did not shorten it, or not yet.
	Bounded() (record uint64, ok bool)
}

// Bounded asks c for it; false where it does not know.
func Bounded(c Cursor) (record uint64, ok bool) {
	if x, is := c.(Bounder); is {
		return x.Bounded()
	}
	return 0, false
}

// Passer is a Cursor that follows, and says from any goroutine how far it has come
// past records that did not match: a mark that Next has not given any event
// behind. The zero Mark is that there is none.
type Passer interface{ Passed() Mark }

// Passed is how far c has come while its Next waits; the zero Mark where it does
// not know.
func Passed(c Cursor) Mark {
	if x, ok := c.(Passer); ok {
		return x.Passed()
	}
	return Mark{}
}

// Log is an ordered set of records. It may be used by many goroutines. What the
// other side cannot do is errors.ErrUnsupported. A context is for the call that
// gets it and is not kept: what a call returns outlives it.
type Log interface {
	Info(context.Context) (Info, error)
	Read(context.Context, *Selection) (Cursor, error)
	Close() error
}

// Server keeps logs. It may be used by many goroutines.
type Server interface {
	// Logs lists what there is, ErrUnsupported where the protocol cannot.
	Logs(context.Context) ([]Info, error)
	// OpenLog opens a log by its name, in which case does not count. A name
	// that is not there is fs.ErrNotExist and never another log.
	OpenLog(ctx context.Context, name string) (Log, error)
	Close() error
}

// Info is what is known of a log.
type Info struct {
	Name    string // unique in its server; in a folder the relative path
	Channel string // what the records are of, as "System"; "" if not known

	Oldest, Next uint64 // record numbers; Next-Oldest is the count, Oldest 0 means none
	Generation   uint64 // another one after each clear, while the server runs; 0: not known
	OldestTime   time.Time
	NewestTime   time.Time // TimeWritten of the newest; zero: not known

	Size, MaxSize int64         // bytes; MaxSize 0: not known
	Retention     time.Duration // 0: overwrite as needed; RetainForever; else keep what is younger
	Full          bool          // a report was refused for want of space
	Dirty         bool          // the file was not closed

	SDDL string // who may do what, a security descriptor; "": not known, or not for this caller

	Can Can // for pages and help; the call itself decides
}

// RetainForever is the Retention of a log that overwrites nothing.
const RetainForever time.Duration = 1<<63 - 1

// Count is how many records the log has.
func (i *Info) Count() uint64 {
	if i.Oldest == 0 || i.Next < i.Oldest {
		return 0
	}
	return i.Next - i.Oldest
}

// Can is a set of abilities.
type Can uint32

// What can be done with a log.
const (
	CanFollow Can = 1 << iota
	CanReport
	CanBackup
	CanClear
	CanSet
	CanRecover
)

// Settings changes what is not nil.
type Settings struct {
	MaxSize   *int64         // bytes
	Retention *time.Duration // as Info.Retention
	SDDL      *string        // who may do what, a security descriptor
}

// Rights is a set of rights to a log ([MS-EVEN] 3.1.1.5).
type Rights uint32

// The rights.
const (
	RightRead  Rights = 1 // ELF_LOGFILE_READ
	RightWrite Rights = 2 // ELF_LOGFILE_WRITE
	RightClear Rights = 4 // ELF_LOGFILE_CLEAR
)

// Caller is who asks. A log's SDDL against SIDs decides alone; Mask and Only take
// away and give nothing.
type Caller struct {
	Name, Door, Addr string
	SIDs             []SID
	Mask             Rights // of a token's scope; 0: nothing is taken away
	Only             string // the one log that a token is for; "": all
}

// Whole says whether nothing was taken away: whoever has less than all it could
// have does not administrate.
func (c *Caller) Whole() bool { return c.Mask == 0 && c.Only == "" }
