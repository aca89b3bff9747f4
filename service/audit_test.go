package service

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/evt"
	"netelf.example/nt"
)

// Every kind has text, with as many inserts as it has strings, each once.
func TestOwnEvents(t *testing.T) {
	type key struct {
		source string
		id     eventlog.EventID
	}
	seen := map[key]bool{}
	for i, o := range ownEvents {
		k := ownKind(i)
		name := fmt.Sprintf("kind %d, id %d", k, o.id.Code())
		if o.id == 0 || o.text == "" {
			t.Fatalf("%s is empty", name)
		}
		at := key{k.source(), o.id}
		if seen[at] {
			t.Errorf("%s: there are two of %v", name, at)
		}
		seen[at] = true
		var inserts []int
		for n := 1; n <= 9; n++ {
			if c := strings.Count(o.text, fmt.Sprint("%", n)); c > 1 {
				t.Errorf("%s: %%%d stands there %d times", name, n, c)
			} else if c == 1 {
				inserts = append(inserts, n)
			}
		}
		if len(inserts) != o.inserts || o.inserts > 0 && inserts[o.inserts-1] != o.inserts || strings.Count(o.text, "%") != o.inserts {
			t.Errorf("%s: inserts %v for %d strings", name, inserts, o.inserts)
		}
		src, ok := ownSource(k.source())
		if !ok || src.Log != k.log() || src.Types&uint32(o.typ) == 0 {
			t.Errorf("%s: source %+v, type %v", name, src, o.typ)
		}
		if _, ok := categoryText(k.source(), o.category); ok != (k.log() == logSecurity) {
			t.Errorf("%s: category %d", name, o.category)
		}
		e := k.event(callerUser)
		if len(e.Strings) != o.inserts || slices.ContainsFunc(e.Strings, func(s string) bool { return s != "-" }) {
			t.Errorf("%s: strings %q", name, e.Strings)
		}
		values := []string{"<1>", "<2>", "<3>", "<4>", "<5>", "<6>", "<7>", "<8>", "<9>", "<10>"}
		if e := k.event(callerUser, values...); !slices.Equal(e.Strings, values[:o.inserts]) {
			t.Errorf("%s: strings %q", name, e.Strings)
		}
		text, ok := messageText(strings.ToUpper(k.source()), o.id, values)
		if !ok || strings.Contains(text, "%") {
			t.Errorf("%s: %q, %v", name, text, ok)
		}
		for _, v := range values[:o.inserts] {
			if strings.Count(text, v) != 1 {
				t.Errorf("%s: %s in %q", name, v, text)
			}
		}
	}
}

func TestOwnIDs(t *testing.T) {
	for k, code := range map[ownKind]uint16{
		ownStarted: 6005, ownStopped: 6006, ownUnclean: 6008, ownUncleanNoTime: 6201, ownLogFull: 6000, ownSecurityCleared: 517,
		ownLogCleared: 7001, ownSettingChanged: 7002, ownSourceAdded: 7003, ownSourceRemoved: 7004, ownLogCreated: 7005,
		ownLogDeleted: 7006, ownAccessRefused: 7007, ownLogonGranted: 540, ownLogonRefused: 529, ownLogonFailed: 537,
	} {
		if got := ownEvents[k].id.Code(); got != code {
			t.Errorf("kind %d: id %d, want %d", k, got, code)
		}
	}
}

func TestAuditEvents(t *testing.T) {
	who := eventlog.Caller{Name: `BEDROCK\fred`, Door: "rpc", Addr: "192.0.2.7:1025", SIDs: callerUser.SIDs}
	for _, tt := range []struct {
		name string
		e    *eventlog.Event
		want string
	}{
		{"started", serviceEvent(ownStarted), "EventLog 6005 information 0  []: The event log service was started."},
		{"stopped", serviceEvent(ownStopped), "EventLog 6006 information 0  []: The event log service was stopped."},
		{"unclean", uncleanEvent(time.Date(1996, 7, 29, 23, 59, 58, 0, time.FixedZone("", -3600))),
			"EventLog 6008 error 0  [00:59:58 1996-07-30]: The event log service was not stopped before it was started again. It last ran at 00:59:58 on 1996-07-30 (UTC) or later."},
		{"unclean, not known when", uncleanEvent(time.Time{}),
			"EventLog 6201 error 0  []: The event log service was not stopped before it was started again. When it last ran is not known."},
		{"full", logFullEvent("Application"),
			"EventLog 6000 warning 0  [Application]: The Application log is full. What is reported to it is refused until it is cleared, its records are old enough, or it may be larger."},
		{"Security cleared", clearedEvent(who, "security", "s.evt"),
			"Security 517 audit success 1 S-1-22-1-1000 [- - - fred BEDROCK - rpc 192.0.2.7:1025 s.evt]: The audit log was cleared.||" +
				"Primary user: -|Primary domain: -|Primary logon id: -|User: fred|Domain: BEDROCK|Logon id: -|Door: rpc|Address: 192.0.2.7:1025|Backup: s.evt"},
		{"cleared", clearedEvent(who, "System", ""),
			`Security 7001 audit success 1 S-1-22-1-1000 [BEDROCK\fred S-1-22-1-1000 rpc 192.0.2.7:1025 System -]: The System log was cleared.||` +
				`User: BEDROCK\fred|User SID: S-1-22-1-1000|Door: rpc|Address: 192.0.2.7:1025|Backup: -`},
		{"setting", settingEvent(who, "System", "max size", "65536", "131072"),
			`Security 7002 audit success 6 S-1-22-1-1000 [BEDROCK\fred S-1-22-1-1000 rpc 192.0.2.7:1025 System max size 65536 131072]: A setting of the System log was changed.||` +
				`User: BEDROCK\fred|User SID: S-1-22-1-1000|Door: rpc|Address: 192.0.2.7:1025|Setting: max size|Old value: 65536|New value: 131072`},
		{"source added", sourceEvent(ownSourceAdded, eventlog.Caller{}, "Disk", "System"),
			`Security 7003 audit success 6  [- - - - Disk System]: The source Disk was registered to the System log.||User: -|User SID: -|Door: -|Address: -`},
		{"source removed", sourceEvent(ownSourceRemoved, eventlog.Caller{}, "Disk", "System"),
			`Security 7004 audit success 6  [- - - - Disk System]: The source Disk of the System log was removed.||User: -|User SID: -|Door: -|Address: -`},
		{"log created", logEvent(ownLogCreated, eventlog.Caller{}, "Mail"),
			`Security 7005 audit success 6  [- - - - Mail]: The Mail log was created.||User: -|User SID: -|Door: -|Address: -`},
		{"log deleted", logEvent(ownLogDeleted, eventlog.Caller{}, "Mail"),
			`Security 7006 audit success 6  [- - - - Mail]: The Mail log was deleted with all its records.||User: -|User SID: -|Door: -|Address: -`},
		{"refused", refusedEvent(who, "clear", "System"),
			`Security 7007 audit failure 3 S-1-22-1-1000 [BEDROCK\fred S-1-22-1-1000 rpc 192.0.2.7:1025 System clear]: Access to System was refused.||` +
				`User: BEDROCK\fred|User SID: S-1-22-1-1000|Door: rpc|Address: 192.0.2.7:1025|Asked for: clear`},
		{"logon", logonEvent(who, "NTLM"),
			`Security 540 audit success 2 S-1-22-1-1000 [fred BEDROCK - 3 rpc NTLM 192.0.2.7:1025 S-1-22-1-1000]: A user logged on over the network.||` +
				`User: fred|Domain: BEDROCK|Logon id: -|Logon type: 3|Door: rpc|Authentication: NTLM|Address: 192.0.2.7:1025|User SID: S-1-22-1-1000`},
		{"logon refused", logonRefusedEvent(eventlog.Caller{Name: "%1\r\nroot\x00", Door: "http"}, "password", ""),
			"Security 529 audit failure 2  [%1\ufffd\ufffdroot\ufffd - 3 http password -]: A logon was refused: no such user, or another password.||" +
				"User, as given: %1\ufffd\ufffdroot\ufffd|Domain, as given: -|Logon type: 3|Door: http|Authentication: password|Address: -"},
		{"logon failed", logonRefusedEvent(eventlog.Caller{Name: "fred", Door: "http"}, "password", "locked"),
			"Security 537 audit failure 2  [fred - 3 http password - locked]: A logon was refused.||" +
				"User, as given: fred|Domain, as given: -|Logon type: 3|Door: http|Authentication: password|Address: -|Reason: locked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := tt.e
			text, ok := messageText(e.Source, e.ID, e.Strings)
			got := fmt.Sprintf("%s %d %v %d %s %s: %s", e.Source, e.Code(), e.Type, e.Category, e.User, e.Strings, strings.ReplaceAll(text, "\n", "|"))
			if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
				t.Errorf("%v -want +got\n%s", ok, diff)
			}
			if e.Level != eventlog.LevelOf(e.Type) || e.Offset != -1 {
				t.Errorf("%+v", e)
			}
		})
	}
}

// Whatever a stranger calls himself, the event can be written and is short.
func TestHostileNames(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("x", 1<<20), strings.Repeat("𝄞", 1<<16), strings.Repeat("日", 1<<16), strings.Repeat("\xff", 1<<16), strings.Repeat("\x00", 1<<16),
		"\x1b]0;owned\a", "a\u2028b", "\u0085", "\xf0\x9d", strings.Repeat("x", 4095) + "日",
	} {
		e := logonRefusedEvent(eventlog.Caller{Name: s + `\` + s, Door: s, Addr: s, SIDs: []eventlog.SID{eventlog.SID(s[:1])}}, s, s)
		e.TimeGenerated, e.TimeWritten = time.Unix(1, 0), time.Unix(1, 0)
		b, err := evt.AppendRecord(nil, e)
		if err != nil || len(b) > 16<<10 {
			t.Errorf("%.10q: %d bytes, %v", s, len(b), err)
		}
		for _, s := range e.Strings {
			if n := nt.UTF16Len(s) / 2; n > maxAuditString || strings.ContainsAny(s, "\x00\n\r\x1b\a\u0085\u2028") {
				t.Errorf("%d units: %.20q", n, s)
			}
		}
		if e.User != "" {
			t.Error(e.User)
		}
	}
	for _, tt := range []struct{ s, want string }{
		{"", "-"},
		{"fred", "fred"},
		{strings.Repeat("x", 1024), strings.Repeat("x", 1024)},
		{strings.Repeat("x", 1025), strings.Repeat("x", 1023) + "…"},
		{strings.Repeat("𝄞", 512), strings.Repeat("𝄞", 512)},
		{strings.Repeat("𝄞", 513), strings.Repeat("𝄞", 511) + "…"},
	} {
		if got := auditString(tt.s); got != tt.want {
			t.Errorf("%.10q: %.20q", tt.s, got)
		}
	}
}

func TestMessageText(t *testing.T) {
	for _, tt := range []struct {
		source string
		id     eventlog.EventID
		ok     bool
	}{
		{"EventLog", 0x80001775, true},
		{"eventlog", 0x80001775, true},
		{"EventLog", 6005, false}, // the whole id counts
		{"EventLog", 517, false},  // of the other source
		{"Security", 517, true},
		{"Security", 0x80001775, false},
		{"Disk", 517, false},
		{"", 0, false},
	} {
		if text, ok := messageText(tt.source, tt.id, nil); ok != tt.ok || ok == (text == "") {
			t.Errorf("%s %x: %q, %v", tt.source, uint32(tt.id), text, ok)
		}
	}
}

func TestInsert(t *testing.T) {
	for _, tt := range []struct {
		text   string
		values []string
		want   string
	}{
		{"", nil, ""},
		{"plain", []string{"x"}, "plain"},
		{"%1", []string{"x"}, "x"},
		{"%1%2%1", []string{"x", "y"}, "xyx"},
		{"%2", []string{"x"}, "%2"},
		{"%10", []string{"x"}, "x0"},
		{"100%%", nil, "100%"},
		{"%%1", []string{"x"}, "%1"},
		{"100%", nil, "100%"},
		{"%0 %n %!", []string{"x"}, "%0 %n %!"},
		{"%日", nil, "%日"},
		{"%1 %2", []string{"%2", "%1"}, "%2 %1"},
		{"%1", []string{""}, ""},
	} {
		if got, ok := insert(tt.text, tt.values); got != tt.want || !ok {
			t.Errorf("%q: %q, %v, want %q", tt.text, got, ok, tt.want)
		}
	}
	big := strings.Repeat("x", maxMessage)
	if got, ok := insert("%1", []string{big}); got != big || !ok {
		t.Error("the limit is over the limit")
	}
	for _, text := range []string{"%1x", "%1%1", "x%1"} {
		if got, ok := insert(text, []string{big}); got != "" && ok {
			t.Errorf("%s: %d bytes", text, len(got))
		}
	}
}

func TestCategoryText(t *testing.T) {
	for _, tt := range []struct {
		source   string
		category uint16
		want     string
	}{
		{"Security", 0, ""}, {"security", 1, "System Event"}, {"Security", 7, "Account Management"}, {"Security", 8, ""}, {"EventLog", 1, ""},
	} {
		if got, ok := categoryText(tt.source, tt.category); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %d: %q, %v", tt.source, tt.category, got, ok)
		}
	}
}
