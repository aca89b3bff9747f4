package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"netelf.example/eventlog"
)

// TestWhere: flags to tree.
func TestWhere(t *testing.T) {
	num := func(f eventlog.Field, n uint64) eventlog.Expr { return eventlog.NumTerm(f, eventlog.Eq, n) }
	text := func(f eventlog.Field, op eventlog.Op, s string) eventlog.Expr { return eventlog.TextTerm(f, op, s) }
	word := func(s string) eventlog.Expr {
		return eventlog.Or{
			text(eventlog.FieldString, eventlog.Contains, s),
			text(eventlog.FieldData, eventlog.Contains, s),
			text(eventlog.FieldSource, eventlog.Contains, s),
		}
	}
	for _, tt := range []struct {
		args string // parted by |
		want eventlog.Expr
		err  string // the beginning of it
	}{
		{"", nil, ""},
		{"--id|7036", num(eventlog.FieldCode, 7036), ""},
		{"--id|0x1b7c", num(eventlog.FieldCode, 7036), ""},
		{"--id|65536", num(eventlog.FieldID, 65536), ""},
		{"--id|1-65536", eventlog.RangeTerm(eventlog.FieldID, 1, 65536), ""},
		{"--id|7036, 4000-4100 ,", eventlog.Or{num(eventlog.FieldCode, 7036), eventlog.RangeTerm(eventlog.FieldCode, 4000, 4100)}, ""},
		{"--id|-4096", eventlog.Not{X: num(eventlog.FieldCode, 4096)}, ""},
		{"--id|-4096|--id|-1-9", eventlog.Not{X: eventlog.Or{num(eventlog.FieldCode, 4096), eventlog.RangeTerm(eventlog.FieldCode, 1, 9)}}, ""},
		{"--id|4000-4100,-4096", eventlog.And{eventlog.RangeTerm(eventlog.FieldCode, 4000, 4100), eventlog.Not{X: num(eventlog.FieldCode, 4096)}}, ""},
		{"--id|010", num(eventlog.FieldCode, 10), ""},
		{"--id|", nil, "--id is empty"},
		{"--id|--5", nil, `--id "--5": want an event id`},
		{"--id|5-", nil, `--id "5-": want an event id`},
		{"--id|4294967296", nil, `--id "4294967296": want an event id`},
		{"--id|1_0", nil, `--id "1_0": want an event id`},
		{"--type|error,EVENTLOG_AUDIT_FAILURE", eventlog.Or{num(eventlog.FieldType, 1), num(eventlog.FieldType, 16)}, ""},
		{"--type|bad", nil, `--type: unknown type "bad"`},
		{"--level|warning", num(eventlog.FieldLevel, 3), ""},
		{"--level|bad", nil, `--level: unknown level "bad"`},
		{"--category|1", num(eventlog.FieldCategory, 1), ""},
		{"--category|65536", nil, `--category "65536": want a number up to 65535`},
		{"--source|Net*", text(eventlog.FieldSource, eventlog.Prefix, "Net"), ""},
		{"--source|Disk,Print", eventlog.Or{text(eventlog.FieldSource, eventlog.Eq, "Disk"), text(eventlog.FieldSource, eventlog.Eq, "Print")}, ""},
		{"--source|*x*", nil, `--source "*x*": a * stands at the end only`},
		{"--computer|bedrock", text(eventlog.FieldComputer, eventlog.Eq, "bedrock"), ""},
		{"--user|system", text(eventlog.FieldUser, eventlog.Eq, "S-1-5-18"), ""},
		{"--user|S-1-5-21-1-2-3-500", text(eventlog.FieldUser, eventlog.Eq, "S-1-5-21-1-2-3-500"), ""},
		{"--user|fred", nil, `--user "fred": want a SID`},
		{"--grep|a, b", word("a, b"), ""},
		{"--grep|a|--grep|b", eventlog.And{word("a"), word("b")}, ""},
		{"--grep|", nil, "--grep is empty"},
		{"--id|1|--source|Disk", eventlog.And{num(eventlog.FieldCode, 1), text(eventlog.FieldSource, eventlog.Eq, "Disk")}, ""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var w where
			f := pflag.NewFlagSet("", pflag.ContinueOnError)
			w.flags(f)
			if tt.args != "" {
				if err := f.Parse(strings.Split(tt.args, "|")); err != nil {
					t.Fatal(err)
				}
			}
			got, err := w.expr(nil)
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("got error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(eventlog.Term{})); diff != "" {
				t.Error("-want +got:\n" + diff)
			}
		})
	}
}

// TestWhereTooMuch: a tree over the limit is an error of usage.
func TestWhereTooMuch(t *testing.T) {
	w := where{ids: []string{strings.Repeat("1,", eventlog.MaxExprTerms+1)}}
	if _, err := w.expr(nil); err == nil || !strings.Contains(err.Error(), "terms") {
		t.Errorf("got %v", err)
	}
}
