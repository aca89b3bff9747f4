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
	"netelf.example/message"
	"netelf.example/nt"
)

// Every kind has text, with as many inserts as it has strings, each once.
func TestOwnEvents(t *testing.T) {
	type key struct {
		source string
		id     eventlog.EventID
	}
	seen := map[key]bool{}
	ids := map[uint32]bool{}
	for i, o := range ownEvents {
		k := ownKind(i)
		name := fmt.Sprintf("kind %d, id %d", k, o.id.Code())
		if o.id == 0 {
			t.Fatalf("%s is empty", name)
		}
		at := key{k.source(), o.id}
		if seen[at] {
			t.Errorf("%s: there are two of %v", name, at)
		}
		seen[at] = true
		src, ok := ownSource(k.source())
		if !ok || src.Log != k.log() || src.Types&uint32(o.typ) == 0 {
			t.Errorf("%s: source %+v, type %v", name, src, o.typ)
		}
		if _, ok := categoryText(k.source(), o.category, nil); ok != (k.log() == logSecurity) {
			t.Errorf("%s: category %d", name, o.category)
		}
		e := k.event(callerUser)
		if len(e.Strings) != o.inserts || slices.ContainsFunc(e.Strings, func(s string) bool { return s != "-" }) || !IsOwn(e) {
			t.Errorf("%s: strings %q, data %q", name, e.Strings, e.Data)
		}
		values := []string{"<1>", "<2>", "<3>", "<4>", "<5>", "<6>", "<7>", "<8>", "<9>", "<10>"}
		if e := k.event(callerUser, values...); !slices.Equal(e.Strings, values[:o.inserts]) {
			t.Errorf("%s: strings %q", name, e.Strings)
		}
		texts := map[string]bool{}
		for _, lang := range ownTables().Languages() {
			text, ok := messageText(strings.ToUpper(k.source()), o.id, values, []message.Lang{lang})
			if !ok || strings.Contains(text, "%") || texts[text] {
				t.Errorf("%s in %v: %q, %v", name, lang, text, ok)
			}
			texts[text] = true
			for _, v := range values[:o.inserts] {
				if strings.Count(text, v) != 1 {
					t.Errorf("%s in %v: %s in %q", name, lang, v, text)
				}
			}
			if m, _ := ownTables().Message(uint32(o.id), lang); m.Lang != lang || message.NewTemplate(m.String()).Args() != o.inserts {
				t.Errorf("%s in %v: it is in %v", name, lang, m.Lang)
			}
		}
		ids[uint32(o.id)] = true
	}
	for n := range uint32(securityCategories) {
		ids[n+1] = true
	}
	// Nothing else is in the file, and all is in both languages.
	source, err := message.ParseMC(ownMC)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := source.Compile()
	if err != nil || len(tables) != 2 || len(ownTables()) != 2 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, tab := range tables {
		n := 0
		for m, err := range tab.All() {
			if n++; err != nil || !ids[m.ID] {
				t.Errorf("%v: message 0x%x of no event, %v", tab.Lang, m.ID, err)
			}
		}
		if n != len(ids) {
			t.Errorf("%v: %d messages, want %d", tab.Lang, n, len(ids))
		}
	}
}

// TestTextsElsewhere: an event of the service has its text wherever it is read, and one
// of Windows with its number has not.
func TestTextsElsewhere(t *testing.T) {
	e := uncleanEvent(time.Date(1996, 7, 29, 23, 59, 58, 0, time.UTC))
	audit := logonEvent(eventlog.Caller{Name: "fred", Door: "rpc"}, "NTLM")
	windows := *audit
	windows.Data = nil
	elsewhere, copied := *e, *e
	elsewhere.Origin = &eventlog.Origin{Server: "bedrock", Log: "Application"}
	copied.Origin = &eventlog.Origin{Log: "x.evt"}
	system := *e
	system.Origin = &eventlog.Origin{Log: "x.evt", Channel: "SYSTEM"}
	foreign := *e
	foreign.Source = "Disk"
	for _, tt := range []struct {
		name, lang string
		e          *eventlog.Event
		text       string // its beginning
		category   string
	}{
		{"unclean", "", e, "The event log service was not stopped before", ""},
		{"unclean, German", "de-AT,en", e, "Der Ereignisprotokolldienst wurde nicht beendet, bevor er wieder gestartet wurde. Zuletzt lief er am 1996-07-29 um 23:59:58 (UTC)", ""},
		{"unclean, other languages", "xx,ja", e, "The event log service", ""},
		{"audit", "en", audit, "A user logged on over the network.\n\nUser: fred\n", "Logon/Logoff"},
		{"audit, German", "fr,de", audit, "Ein Benutzer hat sich über das Netz angemeldet.\n\nBenutzer: fred\n", "Anmeldung/Abmeldung"},
		{"of Windows", "en", &windows, "", ""},
		{"of another source", "en", &foreign, "", ""},
		{"in another log", "en", &elsewhere, "", ""},
		{"in a file", "en", &copied, "The event log service was not", ""},
		{"in a file of System", "en", &system, "The event log service was not", ""},
	} {
		text, by := Texts{}.Message(tt.lang, tt.e)
		category, catBy := Texts{}.Category(tt.lang, tt.e)
		if !strings.HasPrefix(text, tt.text) || (text == "") != (tt.text == "") || (by == eventlog.ByCatalogue) != (text != "") {
			t.Errorf("%s: %q by %v", tt.name, text, by)
		}
		if category != tt.category || (catBy == eventlog.ByCatalogue) != (category != "") {
			t.Errorf("%s: category %q by %v", tt.name, category, catBy)
		}
	}
}

func TestOwnIDs(t *testing.T) {
	for k, code := range map[ownKind]uint16{
		ownStarted: 6005, ownStopped: 6006, ownUnclean: 6008, ownUncleanNoTime: 6201, ownLogFull: 6000, ownSecurityCleared: 517,
		ownLogCleared: 7001, ownSettingChanged: 7002, ownSourceAdded: 7003, ownSourceRemoved: 7004, ownLogCreated: 7005,
		ownLogDeleted: 7006, ownAccessRefused: 7007, ownLogonGranted: 540, ownLogonRefused: 529, ownLogonFailed: 537,
		ownUserAdded: 7008, ownUserRemoved: 7009, ownUserChanged: 7010, ownTokenMade: 7011, ownTokenRevoked: 7012,
		ownCredentialGiven: 7013,
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
		{"user added", UserAddedEvent(who, "barney", "users"),
			`Security 7008 audit success 7 S-1-22-1-1000 [BEDROCK\fred S-1-22-1-1000 rpc 192.0.2.7:1025 barney users]: The user barney was added.||` +
				`User: BEDROCK\fred|User SID: S-1-22-1-1000|Door: rpc|Address: 192.0.2.7:1025|Groups: users`},
		{"user removed", UserRemovedEvent(eventlog.Caller{}, "barney"),
			`Security 7009 audit success 7  [- - - - barney]: The user barney was removed.||User: -|User SID: -|Door: -|Address: -`},
		{"user changed", UserChangedEvent(eventlog.Caller{}, "barney", "password", ""),
			`Security 7010 audit success 7  [- - - - barney password -]: The user barney was changed.||User: -|User SID: -|Door: -|Address: -|Changed: password|New value: -`},
		{"token made", TokenEvent(eventlog.Caller{}, "barney", "nightly", "read"),
			`Security 7011 audit success 7  [- - - - barney nightly read]: A token of the user barney was made.||User: -|User SID: -|Door: -|Address: -|Token: nightly|Scope: read`},
		{"token revoked", TokenEvent(eventlog.Caller{}, "barney", "nightly", ""),
			`Security 7012 audit success 7  [- - - - barney nightly]: A token of the user barney was revoked.||User: -|User SID: -|Door: -|Address: -|Token: nightly`},
		{"credential given", CredentialEvent(who, "barney", `BEDROCK\wilma`),
			`Security 7013 audit success 6 S-1-22-1-1000 [BEDROCK\fred S-1-22-1-1000 rpc 192.0.2.7:1025 barney BEDROCK\wilma]: Another credential for the server barney was given.||` +
				`User: BEDROCK\fred|User SID: S-1-22-1-1000|Door: rpc|Address: 192.0.2.7:1025|Asked as: BEDROCK\wilma`},
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
			text, ok := messageText(e.Source, e.ID, e.Strings, nil)
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
		if text, ok := messageText(tt.source, tt.id, nil, nil); ok != tt.ok || ok == (text == "") {
			t.Errorf("%s %x: %q, %v", tt.source, uint32(tt.id), text, ok)
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
		if got, ok := categoryText(tt.source, tt.category, nil); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %d: %q, %v", tt.source, tt.category, got, ok)
		}
	}
}
