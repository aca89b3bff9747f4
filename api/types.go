package api

import (
	"fmt"
	"math"
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// About is what the server says of itself and of who asks.
type About struct {
	Version  string    `json:"version" doc:"version of netelf"`
	Computer string    `json:"computer,omitempty" doc:"name that events get which name no computer"`
	Time     time.Time `json:"time" doc:"the server's clock"`
	Zone     string    `json:"zone,omitempty" doc:"time zone of the server's machine, as Europe/Berlin; not there: its name is not known"`
	Caller   Caller    `json:"caller" doc:"who asks, as the server sees it"`
}

// Caller is who asks.
type Caller struct {
	Name          string   `json:"name,omitempty"`
	SIDs          []string `json:"sids" doc:"the user's own first, then groups and roles"`
	Administrator bool     `json:"administrator"`
}

// Log is an eventlog.Info.
type Log struct {
	Name       string     `json:"name" doc:"unique in its server"`
	Channel    string     `json:"channel,omitempty" doc:"what the records are of, as System"`
	Oldest     uint64     `json:"oldest,omitempty" doc:"number of the oldest record; 0: there is none"`
	Next       uint64     `json:"next,omitempty" doc:"number that the next record gets"`
	Generation uint64     `json:"generation,omitempty" doc:"another one after each clear, while the server runs"`
	OldestTime *time.Time `json:"oldest_time,omitempty" doc:"when the oldest record was written"`
	NewestTime *time.Time `json:"newest_time,omitempty" doc:"when the newest record was written"`
	Size       int64      `json:"size,omitempty" doc:"bytes; not there: nothing is known but the name"`
	MaxSize    int64      `json:"max_size,omitempty" doc:"bytes"`
	Retention  int64      `json:"retention,omitempty" doc:"0: overwrite as needed; -1: never; else seconds for which records are kept"`
	Full       bool       `json:"full,omitempty" doc:"a report was refused for want of space"`
	Dirty      bool       `json:"dirty,omitempty" doc:"the file was not closed"`
	SDDL       string     `json:"sddl,omitempty" doc:"who may do what; for administrators"`
	Can        []string   `json:"can,omitempty" doc:"what the caller may expect to be able to do" enum:"follow,report,backup,clear,set,recover"`
}

var canNames = []string{"follow", "report", "backup", "clear", "set", "recover"}

// LogOf is i as it travels.
func LogOf(i *eventlog.Info) Log {
	l := Log{
		Name: i.Name, Channel: i.Channel, Oldest: i.Oldest, Next: i.Next, Generation: i.Generation,
		Size: i.Size, MaxSize: i.MaxSize, Retention: retentionOf(i.Retention), Full: i.Full, Dirty: i.Dirty, SDDL: i.SDDL,
	}
	if !i.OldestTime.IsZero() {
		l.OldestTime = &i.OldestTime
	}
	if !i.NewestTime.IsZero() {
		l.NewestTime = &i.NewestTime
	}
	for n, name := range canNames {
		if i.Can>>n&1 != 0 {
			l.Can = append(l.Can, name)
		}
	}
	return l
}

// Info is what l says; an ability that is not known is left out.
func (l *Log) Info() eventlog.Info {
	i := eventlog.Info{
		Name: l.Name, Channel: l.Channel, Oldest: l.Oldest, Next: l.Next, Generation: l.Generation,
		Size: l.Size, MaxSize: l.MaxSize, Retention: retention(l.Retention), Full: l.Full, Dirty: l.Dirty, SDDL: l.SDDL,
	}
	if l.OldestTime != nil {
		i.OldestTime = l.OldestTime.UTC()
	}
	if l.NewestTime != nil {
		i.NewestTime = l.NewestTime.UTC()
	}
	for _, c := range l.Can {
		for n, name := range canNames {
			if c == name {
				i.Can |= 1 << n
			}
		}
	}
	return i
}

// retentionOf and retention turn a retention into seconds and back; -1 is for
// ever.
func retentionOf(d time.Duration) int64 {
	if d == eventlog.RetainForever {
		return -1
	}
	return int64(d / time.Second)
}

func retention(seconds int64) time.Duration {
	if seconds < 0 || seconds > math.MaxInt64/int64(time.Second) {
		return eventlog.RetainForever
	}
	return time.Duration(seconds) * time.Second
}

// Settings changes what is there.
type Settings struct {
	MaxSize   *int64  `json:"max_size,omitempty" minimum:"1" doc:"bytes; rounded up to 64 KiB"`
	Retention *int64  `json:"retention,omitempty" minimum:"-1" doc:"as in a log: 0, seconds, or -1"`
	SDDL      *string `json:"sddl,omitempty" maxLength:"65536" doc:"who may do what, a security descriptor"`
}

// SettingsOf is s as it travels. A retention is in whole seconds.
func SettingsOf(s eventlog.Settings) (Settings, error) {
	t := Settings{MaxSize: s.MaxSize, SDDL: s.SDDL}
	if s.Retention != nil {
		if *s.Retention != eventlog.RetainForever && (*s.Retention < 0 || *s.Retention%time.Second != 0) {
			return t, fmt.Errorf("retention %v is not a number of seconds: %w", *s.Retention, eventlog.ErrInvalid)
		}
		n := retentionOf(*s.Retention)
		t.Retention = &n
	}
	return t, nil
}

// Settings is what s says.
func (s *Settings) Settings() eventlog.Settings {
	t := eventlog.Settings{MaxSize: s.MaxSize, SDDL: s.SDDL}
	if s.Retention != nil {
		d := retention(*s.Retention)
		t.Retention = &d
	}
	return t
}

// NewLog is a log to be created.
type NewLog struct {
	Name string `json:"name" minLength:"1" maxLength:"1024"`
	Settings
}

// Logs and Sources are lists.
type (
	Logs struct {
		Logs []Log `json:"logs"`
	}
	Sources struct {
		Sources []eventlog.Source `json:"sources"`
	}
)

// Clear says how a log is cleared.
type Clear struct {
	Backup string `json:"backup,omitempty" maxLength:"1024" doc:"name of the backup that is made before; not there: none"`
}

// Backup names a backup to be made.
type Backup struct {
	Name string `json:"name" minLength:"1" maxLength:"1024"`
}

// Reported is the answer to a report.
type Reported struct {
	Count int    `json:"count" doc:"how many events were reported"`
	Last  uint64 `json:"last" doc:"record number of the last; 0: there was none"`
}

// Mark is an eventlog.Mark in the log that is read.
type Mark struct {
	Record uint64     `json:"record" doc:"0: before the first record in the direction of the walk"`
	Time   *time.Time `json:"time,omitempty" doc:"when that record was written; not there: not to be compared"`
}

// MarkOf is m as it travels.
func MarkOf(m eventlog.Mark) *Mark {
	if m.Time.IsZero() {
		return &Mark{Record: m.Record}
	}
	return &Mark{Record: m.Record, Time: &m.Time}
}

// Mark is m in the log o.
func (m *Mark) Mark(o *eventlog.Origin) eventlog.Mark {
	e := eventlog.Mark{Server: o.Server, Log: o.Log, Record: m.Record}
	if m.Time != nil {
		e.Time = m.Time.UTC()
	}
	return e
}

// Selection is an eventlog.Selection.
type Selection struct {
	Backward  bool       `json:"backward,omitempty" doc:"newest record first"`
	Follow    bool       `json:"follow,omitempty" doc:"wait for new events at the end"`
	Start     uint64     `json:"start,omitempty" doc:"first record to be looked at; 0: the end that backward says"`
	After     *Mark      `json:"after,omitempty" doc:"go on behind this place"`
	Since     *time.Time `json:"since,omitempty" doc:"bound of the time generated, inclusive"`
	Until     *time.Time `json:"until,omitempty" doc:"bound of the time generated, exclusive"`
	Slack     int64      `json:"slack,omitempty" doc:"nanoseconds beyond a bound at which the walk may end; 0: ten minutes; negative: never"`
	Where     *Expr      `json:"where,omitempty" doc:"what must hold"`
	Limit     int        `json:"limit,omitempty" minimum:"0" doc:"events; 0: no limit"`
	Budget    int64      `json:"budget,omitempty" minimum:"0" doc:"records to be examined; 0: no limit"`
	Want      []string   `json:"want,omitempty" maxItems:"64" doc:"fields that must be filled in; none: all but message, xml, raw"`
	Lang      string     `json:"lang,omitempty" maxLength:"256" doc:"languages of the message, BCP 47 tags separated by commas, the one wanted most first"`
	Recovered bool       `json:"recovered,omitempty" doc:"also records that the log no longer reaches"`
}

// SelectionOf is s as it travels, for the log o.
func SelectionOf(s *eventlog.Selection, o *eventlog.Origin) (*Selection, error) {
	t := &Selection{
		Backward: s.Backward, Start: s.Start, Slack: int64(s.Slack),
		Limit: max(s.Limit, 0), Budget: max(s.Budget, 0), Lang: s.Lang, Recovered: s.Recovered,
	}
	if s.Where != nil {
		if err := eventlog.CheckExpr(s.Where); err != nil {
			return nil, err
		}
	}
	where := placed(s.Where, &eventlog.Event{Origin: o})
	var more eventlog.And
	t.Since, more = bound(s.Since, true, more)
	t.Until, more = bound(s.Until, false, more)
	if len(more) > 0 {
		if where != nil {
			more = append(more, where)
		}
		where = more
	}
	if where != nil {
		t.Where = ExprOf(where)
	}
	if m := s.Mark(o); m != nil {
		t.After = MarkOf(*m)
	}
	for f := range eventlog.Field(64) {
		if s.Want.Has(f) && eventlog.AllFields.Has(f) {
			t.Want = append(t.Want, f.String())
		}
	}
	return t, nil
}

// bound is a bound of the time as it travels. One that RFC 3339 has no way to say
// becomes a term of what must hold.
func bound(t time.Time, since bool, more eventlog.And) (*time.Time, eventlog.And) {
	if t.IsZero() {
		return nil, more
	}
	at := t.UTC()
	if at.Year() >= 0 && at.Year() <= 9999 {
		return &at, more
	}
	ticks, _ := nt.FiletimeOf(at) // beyond its range: the end of it
	switch {
	case since:
		return nil, append(more, eventlog.RangeTerm(eventlog.FieldTimeGenerated, uint64(ticks), math.MaxUint64))
	case ticks == 0:
		return nil, append(more, eventlog.Or{})
	}
	return nil, append(more, eventlog.RangeTerm(eventlog.FieldTimeGenerated, 0, uint64(ticks)-1))
}

// placed is x with what is said of the server and the log decided: the other end
// has other names for them.
func placed(x eventlog.Expr, of *eventlog.Event) eventlog.Expr {
	list := func(xs []eventlog.Expr) []eventlog.Expr {
		l := make([]eventlog.Expr, len(xs))
		for i, x := range xs {
			l[i] = placed(x, of)
		}
		return l
	}
	switch x := x.(type) {
	case eventlog.And:
		return eventlog.And(list(x))
	case eventlog.Or:
		return eventlog.Or(list(x))
	case eventlog.Not:
		return eventlog.Not{X: placed(x.X, of)}
	case *eventlog.Term:
		switch {
		case x.Field != eventlog.FieldServer && x.Field != eventlog.FieldLog:
			return x
		case x.Match(of) == eventlog.Yes:
			return eventlog.And{}
		}
		return eventlog.Or{}
	}
	return nil
}

// Selection is what t says, but for After, which is for the reader of the log
// that it is of.
func (t *Selection) Selection() (*eventlog.Selection, error) {
	s := &eventlog.Selection{
		Backward: t.Backward, Start: t.Start, Slack: time.Duration(t.Slack),
		Limit: t.Limit, Budget: t.Budget, Lang: t.Lang, Recovered: t.Recovered,
	}
	if t.Since != nil {
		s.Since = *t.Since
	}
	if t.Until != nil {
		s.Until = *t.Until
	}
	for _, name := range t.Want {
		f, err := fieldOf(name)
		if err != nil {
			return nil, err
		}
		s.Want |= f.Bit()
	}
	if t.Where != nil {
		x, err := t.Where.Expr()
		if err != nil {
			return nil, err
		}
		s.Where = x
	}
	return s, nil
}

func fieldOf(name string) (eventlog.Field, error) {
	for f := range eventlog.Field(64) {
		if !eventlog.AllFields.Has(f) {
			break
		}
		if f.String() == name {
			return f, nil
		}
	}
	return 0, fmt.Errorf("unknown field %q: %w", name, eventlog.ErrInvalid)
}
