package logtest

import (
	"math"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// timeCases bound TimeGenerated. Those that a live log could end before record
// 15, which was written hours after it was generated, forbid it by Slack.
func timeCases() []Case {
	const never = -1
	return []Case{
		{Name: "since", Selection: eventlog.Selection{Since: at(8, 16, 0)}, Want: []uint64{12, 13, 14, 16, 17, 18}},
		{Name: "since a tick later", Selection: eventlog.Selection{Since: at(8, 16, 0).Add(100)}, Want: []uint64{14, 16, 17, 18}},
		{Name: "since a nanosecond later", Selection: eventlog.Selection{Since: at(8, 16, 0).Add(1)}, Want: []uint64{14, 16, 17, 18}},
		{Name: "since a nanosecond earlier", Selection: eventlog.Selection{Since: at(8, 16, 0).Add(-1)}, Want: []uint64{12, 13, 14, 16, 17, 18}},
		{Name: "since half a second earlier", Selection: eventlog.Selection{Since: at(8, 29, 59).Add(-500 * time.Millisecond)}, Want: []uint64{16, 17, 18}},
		{Name: "since in another zone", Selection: eventlog.Selection{Since: at(8, 16, 0).In(time.FixedZone("", 2*3600))}, Want: []uint64{12, 13, 14, 16, 17, 18}},
		{Name: "since behind the last", Selection: eventlog.Selection{Since: at(8, 45, 1)}},
		{Name: "since before 1601", Selection: eventlog.Selection{Since: time.Date(1600, 12, 31, 23, 59, 59, 0, time.UTC)}, Want: all},
		{Name: "until", Selection: eventlog.Selection{Until: at(8, 16, 0)}, Want: []uint64{5, 6, 7, 8, 9, 10, 11, 15}},
		{Name: "until a nanosecond later", Selection: eventlog.Selection{Until: at(8, 16, 0).Add(1)}, Want: []uint64{5, 6, 7, 8, 9, 10, 11, 12, 13, 15}},
		{Name: "until with the late one", Selection: eventlog.Selection{Until: at(8, 0, 5), Slack: never}, Want: []uint64{5, 15}},
		{Name: "until the first alone", Selection: eventlog.Selection{Until: at(6, 0, 0).Add(1), Slack: never}, Want: []uint64{15}},
		{Name: "until before all", Selection: eventlog.Selection{Until: at(6, 0, 0)}},
		{Name: "until before 1601", Selection: eventlog.Selection{Until: time.Date(1600, 12, 31, 23, 59, 59, 0, time.UTC)}},
		{Name: "until far in the future", Selection: eventlog.Selection{Until: time.Date(70000, 1, 1, 0, 0, 0, 0, time.UTC)}, Want: all},
		{Name: "since and until", Selection: eventlog.Selection{Since: at(8, 5, 0), Until: at(8, 11, 0)}, Want: []uint64{7, 8, 9}},
		{Name: "since and until, one second", Selection: eventlog.Selection{Since: at(8, 10, 0), Until: at(8, 10, 1)}, Want: []uint64{7, 8}},
		{Name: "since and until, the same", Selection: eventlog.Selection{Since: at(8, 10, 0), Until: at(8, 10, 0)}},
		{Name: "since behind until", Selection: eventlog.Selection{Since: at(8, 16, 0), Until: at(8, 10, 0)}},
		{Name: "since backward", Selection: eventlog.Selection{Backward: true, Since: at(8, 16, 0)}, Want: []uint64{18, 17, 16, 14, 13, 12}},
		{Name: "since backward, out of order", Selection: eventlog.Selection{Backward: true, Since: at(8, 5, 0), Until: at(8, 10, 0)}, Want: []uint64{9}},
		{Name: "until backward", Selection: eventlog.Selection{Backward: true, Until: at(8, 0, 5)}, Want: []uint64{15, 5}},
		{Name: "until with where", Selection: eventlog.Selection{Until: at(8, 16, 0), Where: eventlog.NumTerm(eventlog.FieldCode, eq, 7)}, Want: []uint64{7, 15}},
		{Name: "since with limit counts matches", Selection: eventlog.Selection{Since: at(8, 16, 0), Limit: 2}, Want: []uint64{12, 13}},
	}
}

// placeCases begin somewhere.
func placeCases() []Case {
	return []Case{
		{Name: "backward all", Selection: eventlog.Selection{Backward: true}, Want: backward},
		{Name: "start inside", Selection: eventlog.Selection{Start: 16}, Want: []uint64{16, 17, 18}},
		{Name: "start inside backward", Selection: eventlog.Selection{Start: 7, Backward: true}, Want: []uint64{7, 6, 5}},
		{Name: "start at the first", Selection: eventlog.Selection{Start: First}, Want: all},
		{Name: "start at the first backward", Selection: eventlog.Selection{Start: First, Backward: true}, Want: []uint64{5}},
		{Name: "start at the last", Selection: eventlog.Selection{Start: Last}, Want: []uint64{18}},
		{Name: "start at the last backward", Selection: eventlog.Selection{Start: Last, Backward: true}, Want: backward},
		{Name: "start before the first", Selection: eventlog.Selection{Start: 4}, Want: all},
		{Name: "start before the first backward", Selection: eventlog.Selection{Start: 4, Backward: true}},
		{Name: "start at 1 backward", Selection: eventlog.Selection{Start: 1, Backward: true}},
		{Name: "start behind the last", Selection: eventlog.Selection{Start: 19}},
		{Name: "start behind the last backward", Selection: eventlog.Selection{Start: 19, Backward: true}, Want: backward},
		{Name: "start at the greatest number", Selection: eventlog.Selection{Start: math.MaxUint64}},
		{Name: "start at the greatest number backward", Selection: eventlog.Selection{Start: math.MaxUint64, Backward: true}, Want: backward},
		{Name: "start beyond 32 bits", Selection: eventlog.Selection{Start: 1<<32 + 9}},
		{Name: "start with where", Selection: eventlog.Selection{Start: 8, Where: eventlog.NumTerm(eventlog.FieldCode, eq, 7)}, Want: []uint64{14, 15}},
		{Name: "start with where backward", Selection: eventlog.Selection{Start: 14, Backward: true, Where: eventlog.NumTerm(eventlog.FieldCode, eq, 7)}, Want: []uint64{14, 7}},
	}
}

// limitCases end early.
func limitCases() []Case {
	audit := eventlog.RangeTerm(eventlog.FieldType, 8, 16)
	return []Case{
		{Name: "limit 1", Selection: eventlog.Selection{Limit: 1}, Want: []uint64{5}, WantRest: []uint64{6}},
		{Name: "limit 1 backward", Selection: eventlog.Selection{Limit: 1, Backward: true}, Want: []uint64{18}, WantRest: []uint64{17}},
		{Name: "limit all", Selection: eventlog.Selection{Limit: 14}, Want: all, WantRest: none},
		{Name: "limit beyond all", Selection: eventlog.Selection{Limit: 15}, Want: all, WantRest: none},
		{Name: "limit with where", Selection: eventlog.Selection{Limit: 1, Where: audit}, Want: []uint64{9}, WantRest: []uint64{10}},
		{Name: "limit with where, exactly", Selection: eventlog.Selection{Limit: 2, Where: audit}, Want: []uint64{9, 10}, WantRest: none},
		{Name: "limit with where backward", Selection: eventlog.Selection{Limit: 1, Where: audit, Backward: true}, Want: []uint64{10}, WantRest: []uint64{9}},
		{Name: "limit with start", Selection: eventlog.Selection{Limit: 3, Start: 12}, Want: []uint64{12, 13, 14}, WantRest: []uint64{15, 16, 17}},

		{Name: "budget", Selection: eventlog.Selection{Budget: 3}, Want: []uint64{5, 6, 7},
			WantErr: eventlog.ErrBudget, WantRest: []uint64{8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}},
		{Name: "budget backward", Selection: eventlog.Selection{Budget: 12, Backward: true}, Want: backward[:12],
			WantErr: eventlog.ErrBudget, WantRest: []uint64{6, 5}},
		{Name: "budget with no match yet", Selection: eventlog.Selection{Budget: 4, Where: audit},
			WantErr: eventlog.ErrBudget, WantRest: []uint64{9, 10}},
		{Name: "budget between matches", Selection: eventlog.Selection{Budget: 5, Where: audit}, Want: []uint64{9},
			WantErr: eventlog.ErrBudget, WantRest: []uint64{10}},
		{Name: "budget behind the matches", Selection: eventlog.Selection{Budget: 13, Where: audit}, Want: []uint64{9, 10},
			WantErr: eventlog.ErrBudget, WantRest: none},
		{Name: "budget for all is the end", Selection: eventlog.Selection{Budget: 14}, Want: all, WantRest: none},
		{Name: "budget beyond all", Selection: eventlog.Selection{Budget: 15}, Want: all},
		{Name: "budget with start", Selection: eventlog.Selection{Budget: 1, Start: 17}, Want: []uint64{17},
			WantErr: eventlog.ErrBudget, WantRest: []uint64{18}},
		{Name: "limit reached before the budget", Selection: eventlog.Selection{Budget: 4, Limit: 2}, Want: []uint64{5, 6}},
		{Name: "limit reached with the budget", Selection: eventlog.Selection{Budget: 2, Limit: 2}, Want: []uint64{5, 6}},
		{Name: "budget used before the limit", Selection: eventlog.Selection{Budget: 2, Limit: 3}, Want: []uint64{5, 6},
			WantErr: eventlog.ErrBudget, WantRest: []uint64{7, 8, 9}},
	}
}

// markCases go on behind a place.
func markCases(o eventlog.Origin) []Case {
	after := func(record uint64, t time.Time) []eventlog.Mark {
		return []eventlog.Mark{{Server: o.Server, Log: o.Log, Record: record, Time: t}}
	}
	var never time.Time // a mark without one
	other := eventlog.Mark{Server: o.Server, Log: o.Log + "-other", Record: 12, Time: at(1, 2, 3)}
	elsewhere := eventlog.Mark{Server: o.Server + "-other", Log: o.Log, Record: 1000}
	capitals := eventlog.Mark{Server: strings.ToUpper(o.Server), Log: strings.ToUpper(o.Log), Record: 16, Time: at(8, 30, 0)}
	return []Case{
		{Name: "after the middle", Selection: eventlog.Selection{After: after(14, at(8, 18, 0))}, Want: []uint64{15, 16, 17, 18}},
		{Name: "after the middle backward", Selection: eventlog.Selection{After: after(8, at(8, 10, 0)), Backward: true}, Want: []uint64{7, 6, 5}},
		{Name: "after one whose times differ", Selection: eventlog.Selection{After: after(15, at(8, 20, 0))}, Want: []uint64{16, 17, 18}},
		{Name: "after in another zone", Selection: eventlog.Selection{After: after(15, at(8, 20, 0).In(time.FixedZone("", 3600)))}, Want: []uint64{16, 17, 18}},
		{Name: "after without a time", Selection: eventlog.Selection{After: after(15, never)}, Want: []uint64{16, 17, 18}},
		{Name: "after the last", Selection: eventlog.Selection{After: after(18, at(8, 45, 0))}},
		{Name: "after the last backward", Selection: eventlog.Selection{After: after(18, at(8, 45, 0)), Backward: true}, Want: backward[1:]},
		{Name: "after the first", Selection: eventlog.Selection{After: after(5, at(8, 0, 0))}, Want: all[1:]},
		{Name: "after the first backward", Selection: eventlog.Selection{After: after(5, at(8, 0, 0)), Backward: true}},
		{Name: "after nothing yet", Selection: eventlog.Selection{After: after(0, never)}, Want: all},
		{Name: "after nothing yet backward", Selection: eventlog.Selection{After: after(0, never), Backward: true}, Want: backward},
		{Name: "after with where", Selection: eventlog.Selection{After: after(7, at(8, 10, 0)), Where: eventlog.NumTerm(eventlog.FieldCode, eq, 7)}, Want: []uint64{14, 15}},
		{Name: "after with limit", Selection: eventlog.Selection{After: after(7, at(8, 10, 0)), Limit: 2}, Want: []uint64{8, 9}},
		{Name: "after with budget", Selection: eventlog.Selection{After: after(7, at(8, 10, 0)), Budget: 1}, Want: []uint64{8},
			WantErr: eventlog.ErrBudget, WantRest: []uint64{9, 10, 11, 12, 13, 14, 15, 16, 17, 18}},

		{Name: "after in another log", Selection: eventlog.Selection{After: []eventlog.Mark{other}}, Want: all},
		{Name: "after on another server", Selection: eventlog.Selection{After: []eventlog.Mark{elsewhere}}, Want: all},
		{Name: "after among others", Selection: eventlog.Selection{After: append([]eventlog.Mark{other, elsewhere}, after(16, at(8, 30, 0))...)}, Want: []uint64{17, 18}},
		{Name: "after in capitals", Selection: eventlog.Selection{After: []eventlog.Mark{capitals}}, Want: []uint64{17, 18}},

		{Name: "after, another time", Selection: eventlog.Selection{After: after(14, at(8, 18, 1))}, WantErr: eventlog.ErrMarkGone},
		{Name: "after, another time backward", Selection: eventlog.Selection{After: after(14, at(8, 17, 59)), Backward: true}, WantErr: eventlog.ErrMarkGone},
		{Name: "after, the time generated is not meant", Selection: eventlog.Selection{After: after(15, at(6, 0, 0))}, WantErr: eventlog.ErrMarkGone},
		{Name: "after, another time at the last", Selection: eventlog.Selection{After: after(18, at(8, 44, 59))}, WantErr: eventlog.ErrMarkGone},
		{Name: "after, another time at the first backward", Selection: eventlog.Selection{After: after(5, at(7, 59, 59)), Backward: true}, WantErr: eventlog.ErrMarkGone},
		{Name: "after, another time, start further on", Selection: eventlog.Selection{After: after(14, at(8, 18, 1)), Start: 16}, WantErr: eventlog.ErrMarkGone},
		{Name: "after the newest", Selection: eventlog.Selection{After: after(19, at(9, 0, 0))}, WantErr: eventlog.ErrMarkGone},
		{Name: "after the newest backward", Selection: eventlog.Selection{After: after(19, never), Backward: true}, WantErr: eventlog.ErrMarkGone},
		{Name: "after the greatest number", Selection: eventlog.Selection{After: after(math.MaxUint64, never)}, WantErr: eventlog.ErrMarkGone},
		{Name: "after beyond 32 bits", Selection: eventlog.Selection{After: after(1<<32+9, never)}, WantErr: eventlog.ErrMarkGone},

		{Name: "after one overwritten", Selection: eventlog.Selection{After: after(2, at(7, 0, 0))}, WantLoss: [2]uint64{3, 4}, Want: all},
		{Name: "after one overwritten, one is lost", Selection: eventlog.Selection{After: after(3, never)}, WantLoss: [2]uint64{4, 4}, Want: all},
		{Name: "after one overwritten, none is lost", Selection: eventlog.Selection{After: after(4, at(7, 0, 0))}, Want: all},
		{Name: "after one overwritten, where", Selection: eventlog.Selection{After: after(2, never), Where: eventlog.NumTerm(eventlog.FieldRecord, eq, 9)},
			WantLoss: [2]uint64{3, 4}, Want: []uint64{9}},
		{Name: "after one overwritten, limit", Selection: eventlog.Selection{After: after(2, never), Limit: 1},
			WantLoss: [2]uint64{3, 4}, Want: []uint64{5}, WantRest: []uint64{6}},
		{Name: "after one overwritten backward", Selection: eventlog.Selection{After: after(2, never), Backward: true}, WantLoss: [2]uint64{1, 0}},
		{Name: "after one overwritten backward, with its time", Selection: eventlog.Selection{After: after(4, at(7, 0, 0)), Backward: true}, WantLoss: [2]uint64{1, 0}},
		{Name: "after one overwritten backward, before which was none", Selection: eventlog.Selection{After: after(1, never), Backward: true}},

		{Name: "start before after", Selection: eventlog.Selection{Start: 8, After: after(14, at(8, 18, 0))}, Want: []uint64{15, 16, 17, 18}},
		{Name: "start behind after", Selection: eventlog.Selection{Start: 17, After: after(14, at(8, 18, 0))}, Want: []uint64{17, 18}},
		{Name: "start before after backward", Selection: eventlog.Selection{Start: 14, After: after(8, at(8, 10, 0)), Backward: true}, Want: []uint64{7, 6, 5}},
		{Name: "start behind after backward", Selection: eventlog.Selection{Start: 6, After: after(14, at(8, 18, 0)), Backward: true}, Want: []uint64{6, 5}},
		{Name: "start right behind one overwritten", Selection: eventlog.Selection{Start: 3, After: after(2, never)}, WantLoss: [2]uint64{3, 4}, Want: all},
		{Name: "start further on than one overwritten", Selection: eventlog.Selection{Start: 4, After: after(2, never)}, Want: all},
		{Name: "start behind one overwritten backward", Selection: eventlog.Selection{Start: 16, After: after(3, never), Backward: true}, WantLoss: [2]uint64{1, 0}},
		{Name: "start further on than one overwritten backward", Selection: eventlog.Selection{Start: 1, After: after(3, never), Backward: true}},
		{Name: "start inside and after one overwritten", Selection: eventlog.Selection{Start: 16, After: after(2, never)}, Want: []uint64{16, 17, 18}},
	}
}
