package api

import (
	"encoding/json"
	"errors"

	"netelf.example/eventlog"
	"netelf.example/render"
)

// Note is a line of a stream that is no event.
type Note struct {
	Netelf   string   `json:"netelf"` // NoteBegin …
	Mark     *Mark    `json:"mark,omitempty"`
	First    uint64   `json:"first,omitempty"` // of a loss, as are the next four
	Last     uint64   `json:"last,omitempty"`
	Offset   *int64   `json:"offset,omitempty"`
	Partial  bool     `json:"partial,omitempty"`
	Problem  *Problem `json:"problem,omitempty"` // of an error, too
	Examined uint64   `json:"examined,omitempty"`
}

// The notes.
const (
	NoteBegin = "begin"
	NoteAt    = "at"
	NoteHere  = "here"
	NoteLoss  = "loss"
	NoteEnd   = "end"
	NoteError = "error"
)

// notePrefix begins a line that is no event. AppendNote keeps to it.
const notePrefix = `{"netelf":`

// MaxLine bounds a line of a stream, in bytes: more than any event can have.
const MaxLine = 64 << 20

// AppendNote appends n as a line.
func AppendNote(dst []byte, n *Note) []byte {
	b, err := json.Marshal(n)
	if err != nil { // a mark whose time RFC 3339 has no way to say
		c := *n
		c.Mark = nil
		if b, err = json.Marshal(&c); err != nil {
			panic(err) // nothing else of a Note can fail
		}
	}
	return append(append(dst, b...), '\n')
}

// lineFields are the keys of an event in a stream: server and log are known, and
// the name of a user is made by whoever shows it.
var lineFields = func() render.Set {
	var list []render.Field
	for f := range render.Field(64) {
		switch f {
		case render.FieldServer, render.FieldLog, render.FieldUserName:
			continue
		}
		if f > render.FieldRaw {
			break
		}
		list = append(list, f)
	}
	return render.SetOf(list)
}()

// AppendEvent appends e as a line.
func AppendEvent(dst []byte, e *eventlog.Event) []byte {
	return append(render.AppendJSON(dst, e, lineFields), '\n')
}

// LossNote is l as a line, with the mark behind it.
func LossNote(l *eventlog.Loss, m *Mark) *Note {
	n := &Note{Netelf: NoteLoss, First: l.First, Last: l.Last, Partial: l.Partial, Mark: m}
	if l.Offset >= 0 {
		n.Offset = &l.Offset
	}
	if l.Err != nil {
		n.Problem = ProblemOf(l.Err)
	}
	return n
}

// loss is the loss of the log o that n tells.
func (n *Note) loss(o *eventlog.Origin) *eventlog.Loss {
	l := &eventlog.Loss{Origin: o, Offset: -1, First: n.First, Last: n.Last, Partial: n.Partial}
	if n.Offset != nil {
		l.Offset = *n.Offset
	}
	if n.Problem != nil {
		l.Err = n.Problem.Err()
	}
	return l
}

// end is how the walk ended, as n says it.
func (n *Note) end() error {
	if n.Problem == nil {
		return errors.New("the server ended the walk with an error and does not say which")
	}
	return n.Problem.Err()
}
