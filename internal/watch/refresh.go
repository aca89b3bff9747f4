package watch

import (
	"context"
	"errors"
	"slices"
	"time"

	"netelf.example/eventlog"
	"netelf.example/scan"
)

// wanted is what is looked at of an event.
const wanted = eventlog.Fields(1<<eventlog.FieldRecord | 1<<eventlog.FieldTimeWritten | 1<<eventlog.FieldTimeGenerated |
	1<<eventlog.FieldID | 1<<eventlog.FieldCode | 1<<eventlog.FieldType | 1<<eventlog.FieldLevel | 1<<eventlog.FieldSource)

// refresh asks a server once, and for the logs that were cleared once more. It answers
// with the error that it ends with.
func (s *server) refresh(ctx context.Context) error {
	s.update(func(k *known) { k.state.Refreshing, k.state.Tried = true, s.w.opts.Now() })
	r := s.round(ctx, nil)
	logs := map[string]scan.LogOutcome{}
	for _, l := range r.out.Logs {
		logs[l.Log] = l
	}
	if len(r.cleared) > 0 && ctx.Err() == nil {
		again := s.round(ctx, r.cleared)
		for _, name := range r.cleared {
			logs[name] = scan.LogOutcome{Log: name, Outcome: again.out.Outcome} // if it was not even opened
		}
		for _, l := range again.out.Logs {
			logs[l.Log] = l // also one that was cleared once more, which is for the next time
		}
		r.out.Elapsed += again.out.Elapsed
	}
	if err := ctx.Err(); err != nil {
		s.update(func(k *known) { k.state.Refreshing = false })
		return err
	}
	return s.end(&r, logs)
}

// round is what came of asking a server once.
type round struct {
	out     scan.Outcome
	cleared []string // logs of which nothing more is known than that
	letIn   bool     // the server was opened
	renewed int      // how often the credential had been renewed before
}

// round reads what is new of the logs named, or of all of them.
func (s *server) round(ctx context.Context, logs []string) (r round) {
	now := s.w.opts.Now()
	t := s.target
	t.Open = func(ctx context.Context) (eventlog.Server, error) {
		server, err := s.target.Open(ctx)
		r.letIn = r.letIn || err == nil
		return server, err
	}
	if logs != nil {
		t.Logs = logs
	}
	sel := eventlog.Selection{Since: time.Unix((hourOf(now)-hours+1)*3600, 0).UTC(), Want: wanted}
	s.w.mu.Lock()
	r.renewed = s.renewed
	for _, l := range s.known.logs {
		if l.mark.Record != 0 {
			sel.After = append(sel.After, l.mark)
		}
	}
	s.w.mu.Unlock()
	opts := &scan.EachOptions{Options: s.w.opts.Scan, Info: true}
	taker := &taker{s: s, now: now}
	r.out = scan.Each(ctx, []scan.Target{t}, &sel, opts, taker)[0]
	r.cleared = taker.cleared
	return r
}

// taker takes in what is new. Each gives the stretches of one target one after the
// other.
type taker struct {
	s       *server
	now     time.Time
	names   []string
	cleared []string
}

// Opening implements scan.Taker.
func (*taker) Opening(int) {}

// Opened implements scan.Taker.
func (t *taker) Opened(_ int, logs []scan.Opened) {
	t.s.update(func(k *known) {
		for i := range logs {
			o := &logs[i]
			t.names = append(t.names, o.Name)
			l := k.logs[o.Name]
			if l == nil {
				l = &logKnown{Log: Log{Name: o.Name}}
				k.logs[o.Name] = l
			}
			if !o.Known {
				continue
			}
			if was := l.Info.Generation; l.mark.Record != 0 && was != 0 && o.Info.Generation != 0 && was != o.Info.Generation {
				t.clear(l)
			}
			l.Info, l.Seen, l.Reach = o.Info, t.now, 0
			if !o.Info.OldestTime.IsZero() {
				l.Reach = max(t.now.Sub(o.Info.OldestTime), 0)
			}
			l.Risk = riskOf(&l.Info, l.Reach)
			if n := o.Info.NewestTime; n.After(k.state.Last.Time) {
				k.state.Last = Last{Log: o.Name, Time: n}
			}
		}
	})
}

// clear notes that a log was cleared: it is to be read from its beginning.
func (t *taker) clear(l *logKnown) {
	l.mark, l.Cleared = eventlog.Mark{}, t.now
	t.cleared = append(t.cleared, l.Name)
}

// Take implements scan.Taker.
func (t *taker) Take(s *scan.Stretch) {
	name := t.names[s.Log]
	if slices.Contains(t.cleared, name) {
		return // it is another log than the one that was asked for what is new
	}
	t.s.update(func(k *known) {
		l := k.logs[name]
		for i := range s.Events {
			e := &s.Events[i]
			k.count(e, t.now)
			if last := &k.state.Last; !e.TimeWritten.Before(last.Time) {
				*last = Last{
					Log: name, Record: e.RecordNumber, Time: e.TimeWritten, ID: e.ID, Level: e.Level, Type: e.Type, Source: e.Source,
				}
			}
		}
		if s.Mark.Record != 0 {
			l.mark = s.Mark
		}
		if loss, ok := eventlog.AsLoss(s.Err); ok {
			n, _ := loss.Count()
			l.Lost += n
		} else if errors.Is(s.Err, eventlog.ErrMarkGone) {
			t.clear(l)
		}
	})
}

// Over implements scan.Taker.
func (*taker) Over(int, *scan.Outcome) {}

var _ scan.Taker = (*taker)(nil)

// end notes how a refresh went.
func (s *server) end(r *round, logs map[string]scan.LogOutcome) (err error) {
	credential := s.target.Credential
	refused := credential != "" && !r.letIn && r.out.State == eventlog.Refused
	now := s.w.opts.Now()
	s.update(func(k *known) {
		st := &k.state
		st.Refreshing, st.Elapsed = false, r.out.Elapsed
		st.Stopped = refused && s.renewed == r.renewed // else the new one was not tried yet
		st.Skew, st.SkewKnown = r.out.Skew, r.out.SkewKnown
		st.State, st.Err = eventlog.OK, nil
		if len(r.out.Logs) == 0 {
			st.State, st.Err = r.out.State, r.out.Err
		} else {
			st.Seen = now
			k.end(logs)
		}
		err = st.Err
	})
	switch {
	case credential == "":
	case r.letIn:
		s.w.good(credential)
	case refused:
		s.w.refused(credential, r.out.NotTried())
	}
	return err
}

// end notes how the logs are. What the server has no more is forgotten.
func (k *known) end(logs map[string]scan.LogOutcome) {
	for name, l := range k.logs {
		o, ok := logs[name]
		if !ok {
			delete(k.logs, name)
			continue
		}
		if l.State, l.Err = o.State, o.Err; o.State > k.state.State {
			k.state.State, k.state.Err = o.State, o.Err
		}
	}
}
