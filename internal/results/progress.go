package results

import (
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
	"netelf.example/scan"
)

// Progress is how far a Result is.
type Progress struct {
	Version  uint64
	Rows     uint64 // found so far
	Examined uint64 // records that were looked at
	Records  uint64 // that the logs have, as far as they say; logs that are not open yet are not in it
	Done     bool   // nothing else is coming

	First, Last time.Time // TimeGenerated of the oldest and the newest event found; zero: none has one

	Stopped error // why counting ended before all was seen, as for want of room; nil: it did not
	Disk    int64 // bytes that are kept on the disk
	Elapsed time.Duration
	Servers []Server // in the order of the targets
}

// Server is how far one server is. One's trouble is its own.
type Server struct {
	Name  string
	Phase scan.Phase
	State eventlog.State // the worst so far
	Err   error          // that belongs to it

	// NotTried: another server has refused the same credential.
	NotTried bool

	Rows, Examined, Records uint64 // as of Progress
	Losses, Lost            uint64 // as of eventlog.Outcome
	LostUnknown             bool
	Oldest                  time.Time // TimeWritten of the oldest record that was looked at; zero: none was

	Skew      time.Duration // of its clock, if known, when it is over
	SkewKnown bool
	Elapsed   time.Duration // of asking it, when it is over
	Logs      []Log
}

// Log is how far one log is.
type Log struct {
	Name                    string
	State                   eventlog.State
	Err                     error
	Rows, Examined, Records uint64
	Oldest                  time.Time
	Done                    bool
}

// Progress is how far the result is now.
func (r *Result) Progress() (*Progress, error) {
	if err := r.use(); err != nil {
		return nil, err
	}
	p := &Progress{Version: r.changes.Now()}
	r.describe(p)
	p.Disk = r.spill.size()
	return p, nil
}

// describe fills in all but what lies on the disk.
func (r *Result) describe(p *Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Rows, p.Done, p.Stopped, p.Elapsed = r.total, r.over, r.stopped, time.Since(r.created)
	if r.over {
		p.Elapsed = r.ended.Sub(r.created)
	}
	if first, last, any := r.slots.span(); any {
		p.First, p.Last = nt.Filetime(first).Time(), nt.Filetime(last-1).Time()
	}
	for i := range r.targets {
		t := &r.targets[i]
		s := Server{Name: r.query.Targets[i].Name, Phase: t.phase}
		for _, run := range t.runs {
			s.add(run)
		}
		if o := t.outcome; o != nil {
			s.State, s.Err, s.NotTried = o.State, o.Err, o.NotTried()
			s.Skew, s.SkewKnown, s.Elapsed = o.Skew, o.SkewKnown, o.Elapsed
		}
		p.Examined += s.Examined
		p.Records += s.Records
		p.Servers = append(p.Servers, s)
	}
}

// add takes in a log.
func (s *Server) add(run *run) {
	o := &run.outcome
	s.Logs = append(s.Logs, Log{
		Name: run.log, State: o.State, Err: o.Err, Rows: run.view.len(), Examined: run.examined,
		Records: run.total, Oldest: run.oldest, Done: run.over,
	})
	s.Rows += run.view.len()
	s.Examined += run.examined
	s.Records += run.total
	s.Losses += o.Losses
	s.Lost += o.Lost
	s.LostUnknown = s.LostUnknown || o.LostUnknown
	if s.Oldest.IsZero() || !run.oldest.IsZero() && run.oldest.Before(s.Oldest) {
		s.Oldest = run.oldest
	}
	if o.State > s.State {
		s.State, s.Err = o.State, o.Err
	}
}
