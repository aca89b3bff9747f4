package query

import (
	"encoding/xml"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestQueryList(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // of testEvents
		logs       string
	}{
		{"one", `<QueryList><Query Id="0" Path="Security"><Select Path="Security">*[System[(EventID=4624)]]</Select></Query></QueryList>`, "1 2", "Security"},
		{"all of a log", `<QueryList><Query><Select Path="System">*</Select></Query></QueryList>`, "9 10 11 12 17", "System"},
		{"all of all", `<QueryList><Query><Select>*</Select></Query></QueryList>`, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", ""},
		{"path of the query", `<QueryList><Query Path="System"><Select>*[System[Level=1]]</Select></Query></QueryList>`, "12", "System"},
		{"suppress", `<QueryList><Query Path="Security"><Select>*[System[(EventID=4672)]]</Select><Suppress Path="Security">*[EventData[Data[1]="S-1-5-18"]]</Suppress></Query></QueryList>`, "5", "Security"},
		{"suppress first", `<QueryList><Query Path="Security"><Suppress>*[EventData[Data[1]="S-1-5-18"]]</Suppress><Select>*[System[(EventID=4672)]]</Select></Query></QueryList>`, "5", "Security"},
		{"suppress of all", `<QueryList><Query Path="System"><Select>*</Select><Suppress>*[System[Level=4]]</Suppress></Query></QueryList>`, "12 17", "System"},
		{"suppress all", `<QueryList><Query Path="System"><Select>*</Select><Suppress>*</Suppress></Query></QueryList>`, "none", "System"},
		{"suppress of this query only", `<QueryList><Query Id="0" Path="System"><Select>*[System[Level=4]]</Select><Suppress>*[System[EventID=7036]]</Suppress></Query>
			<Query Id="1" Path="System"><Select>*[System[EventID=7036]]</Select></Query></QueryList>`, "9 10 11", "System"},
		{"several logs", `<QueryList><Query Id="0"><Select Path="Application">*[System[(Level=1  or Level=2)]]</Select><Select Path="System">*[System[(Level=1  or Level=2)]]</Select></Query></QueryList>`, "12 13 17", "Application System"},
		{"a log twice", `<QueryList><Query><Select Path="System">*[System[Level=1]]</Select><Select Path="SYSTEM">*[System[Level=2]]</Select></Query></QueryList>`, "12 17", "System"},
		{"a log and all", `<QueryList><Query><Select Path="System">*[System[Level=1]]</Select></Query><Query><Select>*[System[EventID=4625]]</Select></Query></QueryList>`, "3 12", ""},
		{"escapes and CDATA", `<QueryList><Query Path="Security"><Select>*[System[(EventID &gt;= 4624 and EventID &lt;= 4625)]]<!-- and --></Select><Select><![CDATA[*[System[EventID<1103 and EventID>1101]]]]></Select></Query></QueryList>`, "1 2 3 8", "Security"},
		{"an old log", `<QueryList><Query><Select Path="Security">*[System[Provider[@Name='Security'] and band(Keywords,4503599627370496)]]</Select></Query></QueryList>`, "18", "Security"},
		{"declaration and mark", "\ufeff<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<QueryList>\r\n<Query><Select Path='System'>*[System[\r\nLevel=1]]</Select></Query></QueryList>\r\n", "12", "System"},
		{"view", `<ViewerConfig><QueryConfig><QueryParams><Simple><Channel>System</Channel><RelativeTimeInfo>0</RelativeTimeInfo></Simple></QueryParams>
			<QueryNode><Name LanguageNeutralValue="Crashes">Crashes</Name><Description>what broke</Description>
			<QueryList><Query Id="0" Path="System"><Select Path="System">*[System[(Level=1 )]]</Select></Query></QueryList></QueryNode></QueryConfig>
			<ResultsConfig><Columns><Column Name="Level" Type="System.String" Path="Event/System/Level" Visible="">217</Column></Columns></ResultsConfig></ViewerConfig>`, "12", "System"},
		{"subscription", `<Subscription xmlns="http://schemas.microsoft.com/2006/03/windows/events/subscription"><SubscriptionId>x</SubscriptionId><Query><![CDATA[
			<QueryList><!-- a --><Query Id="0" Path="Security"><Select Path="Security">*[System[(EventID &gt;=4624 and EventID &lt;=4626)]]</Select>
			<Suppress Path="Security">*[EventData[Data[1]="S-1-5-18"]]</Suppress></Query></QueryList>]]></Query><Locale Language="en-US"/></Subscription>`, "3", "Security"},
		{"subscription, escaped", `<Subscription><Query>&lt;QueryList&gt;&lt;Query&gt;&lt;Select Path="System"&gt;*[System[Level&amp;lt;2 and Level&amp;gt;0]]&lt;/Select&gt;&lt;/Query&gt;&lt;/QueryList&gt;</Query></Subscription>`, "12", "System"},
	} {
		q, err := Parse(tt.text, &Options{Now: testNow})
		if err != nil {
			t.Errorf("%s: %v\n%s", tt.name, err, err.(*Error).Caret())
			continue
		}
		if got := selected(q.Where, testEvents()); got != tt.want || strings.Join(q.Logs, " ") != tt.logs || q.Form != QueryList {
			t.Errorf("%s: selects %s of %q, want %s of %q (%s)", tt.name, got, q.Logs, tt.want, tt.logs, Format(q.Where))
		}
		backAndForth(t, q.Where)
	}
}

// TestQueryListTable: each query of the table of XPath selects the same in a Select,
// and nothing in a Suppress beside a Select of all but those.
func TestQueryListTable(t *testing.T) {
	events := testEvents()
	for _, r := range xpathTable(t) {
		var escaped strings.Builder
		if err := xml.EscapeText(&escaped, []byte(r.expr)); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ text, want string }{
			{"<Select>" + escaped.String() + "</Select>", r.want},
			{"<Select>*[System[EventID=1]]</Select><Select>*[System[EventID!=1]]</Select><Suppress>" + escaped.String() + "</Suppress>", others(r.want)},
			{"<Select>" + escaped.String() + "</Select><Suppress>" + escaped.String() + "</Suppress>", "none"},
		} {
			q, err := Parse("<QueryList><Query>"+tt.text+"</Query></QueryList>", &Options{Now: testNow})
			if err != nil {
				t.Errorf("line %d: %s: %v", r.line, tt.text, err)
				continue
			}
			if got := selected(q.Where, events); got != tt.want {
				t.Errorf("line %d: %s: selects %s, want %s", r.line, tt.text, got, tt.want)
			}
		}
	}
}

// others are the records of testEvents that are not among these.
func others(records string) string {
	var left []string
	for n := 1; n <= len(testEvents()); n++ {
		if s := strconv.Itoa(n); !slices.Contains(strings.Fields(records), s) {
			left = append(left, s)
		}
	}
	if len(left) == 0 {
		return "none"
	}
	return strings.Join(left, " ")
}

// TestPerLog: what is asked of each log alone.
func TestPerLog(t *testing.T) {
	q, err := Parse(`<QueryList><Query><Select Path="A">*[System[Level=1]]</Select><Select Path="B">*</Select><Suppress Path="A">*[System[EventID=7]]</Suppress></Query>
		<Query><Select Path="a">*[System[Level=2]]</Select></Query></QueryList>`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range q.PerLog {
		got = append(got, l.Log+": "+Format(l.Where))
	}
	if want := []string{"A: (level:critical -id:7) or level:error", "B: "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Format(q.Where), "((log:A or channel:A) ((level:critical -id:7) or level:error)) or (log:B or channel:B)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestQueryListErrors(t *testing.T) {
	for _, tt := range []struct{ text, place, msg string }{
		{"<", "<", "this is no XML"},
		{"<QueryList><Query>", "", "this is no XML"},
		{"<a/>", "<a/>", "want a QueryList, a ViewerConfig or a Subscription, not a"},
		{"<ViewerConfig/>", "", "there is no QueryList"},
		{"<QueryList/>", "", "the QueryList has no Select"},
		{"<QueryList/><QueryList/>", "<QueryList/>", "more behind the end"},
		{"<QueryList>x</QueryList>", "x", "in no Select or Suppress"},
		{"<QueryList><Select>*</Select></QueryList>", "<Select>", "Select cannot stand in QueryList"},
		{"<QueryList><Query><Where/></Query></QueryList>", "<Where/>", "Where cannot stand in Query"},
		{"<QueryList><Query><Select>*<b/></Select></Query></QueryList>", "<b/>", "b cannot stand in Select"},
		{"<QueryList><Query><Select></Select></Query></QueryList>", "", "something is missing at the end"},
		{"<QueryList><Query><Select>*[System[EvntID=1]]</Select></Query></QueryList>", "EvntID", "do you mean EventID?"},
		{"<QueryList><Query><Select>\r\n*[System[Level &lt;= 2 and\r\n &#x45;vntID=1]]</Select></Query></QueryList>", "&#x45;vntID", "do you mean EventID?"},
		{"<QueryList><Query><Select><![CDATA[*[System[Level<2 and EvntID=1]]]]></Select></Query></QueryList>", "EvntID", "do you mean EventID?"},
		{"<Subscription><Query><![CDATA[<QueryList><Query><Select>*[System[Level&lt;2 and EvntID=1]]</Select></Query></QueryList>]]></Query></Subscription>", "EvntID", "do you mean EventID?"},
		{"<Subscription><Query>x</Query></Subscription>", "", "there is no QueryList"},
		{"<Subscription><Query>&lt;Subscription/&gt;</Query></Subscription>", "&lt;Subscription/&gt;", "want a QueryList"},
		{`<QueryList><Query><Select Path="file://C:\x.evtx">*</Select></Query></QueryList>`, `<Select Path="file://C:\x.evtx">`, "a query opens no files"},
		{`<QueryList><Query Path="FILE:x"><Select>*</Select></Query></QueryList>`, "<Select>", "a query opens no files"},
		{`<QueryList><Query><Select Path="A">*</Select><Suppress Path="B">*</Suppress></Query></QueryList>`, `<Suppress Path="B">`, "no Select of this Query"},
		{`<QueryList><Query><Select>*[position()&lt;=5]</Select><Select>*</Select></Query></QueryList>`, "<Select>", "one Select only"},
		{`<QueryList><Query><Select>*</Select><Suppress>*[position()&lt;=5]</Suppress></Query></QueryList>`, "<Suppress>", "cannot bound what is left out"},
		{`<!DOCTYPE x [<!ENTITY a "b">]><QueryList/>`, `<!DOCTYPE x [<!ENTITY a "b">]>`, "no document type"},
		{`<QueryList><Query><Select>&a;</Select></Query></QueryList>`, "", "this is no XML"},
		{strings.Repeat("<QueryNode>", 40), "<QueryNode>", "nested more than 32 deep"},
	} {
		_, err := Parse(tt.text, &Options{Now: testNow})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := e.Text[e.Offset : e.Offset+e.Len]; got != tt.place && !strings.HasPrefix(tt.msg, "this is no") || !strings.Contains(e.Msg, tt.msg) {
			t.Errorf("%s: %q: %s; want %q: %s", tt.text, got, e.Msg, tt.place, tt.msg)
		}
	}
	q, err := Parse("<QueryList><Query><Select>*[System[Level=2]][position()&lt;=5]</Select></Query></QueryList>", nil)
	if err != nil || q.Limit != 5 {
		t.Errorf("limit: %+v, %v", q, err)
	}
}

// checkParse is what holds of every text: no panic; an error has its place inside
// of it; a tree is printed and read again.
func checkParse(t *testing.T, text string) {
	q, err := Parse(text, &Options{Now: testNow})
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: %v", text, err)
		}
		if e.Offset < 0 || e.Len < 0 || e.Offset+e.Len > len(e.Text) || e.Msg == "" {
			t.Fatalf("%q: %+v", text, e)
		}
		if e.Caret() == "" || strings.Count(e.Caret(), "\n") != 1 || strings.Contains(e.Error(), "\n") && !strings.Contains(e.Msg, "\n") {
			t.Fatalf("%q: %q, %q", text, e.Error(), e.Caret())
		}
		return
	}
	backAndForth(t, q.Where)
	selected(q.Where, testEvents()[:3])
	for _, l := range q.PerLog {
		backAndForth(t, l.Where)
	}
}

func FuzzSmall(f *testing.F) {
	for _, s := range []string{`level<=2 source:dc* -id:4625,4740 since:8h "logon failure"`, "(or a -(and b)) data.x>=5 string.2<>y", `time:2026-01-02..2026-01-03 keywords&0x10 id:#5..1`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkParse(t, s)
		for _, at := range []int{0, len(s) / 2, len(s)} {
			if c := Complete(s, at); c.From < 0 || c.From > c.To || c.To > len(s) {
				t.Fatalf("%q at %d: %+v", s, at, c)
			}
		}
	})
}

func FuzzXPath(f *testing.F) {
	for i, s := range []string{"[System[(EventID=4624 or EventID=4625) and TimeCreated[timediff(@SystemTime) <= 86400000]] and EventData[Data[@Name='a']='b']]",
		"[UserData/*/x!='y' and System/EventID[@Qualifiers<5]][position()<=3]", "[EventData[Data[(@Name='a' or @Name='b') and .>5 and .<9] or band(Data[1],3)=1]]"} {
		f.Add([]string{"*", "Event"}[i%2] + s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkParse(t, "*["+s+"]"); checkParse(t, s) })
}

func FuzzQueryList(f *testing.F) {
	f.Add(`<QueryList><Query Path="Security"><Select>*[System[EventID &gt;= 1]]</Select><Suppress>*[EventData[Data='x']]</Suppress></Query></QueryList>`)
	f.Add("<Subscription><Query><![CDATA[<QueryList><Query><Select>\r\n*[System[Level&lt;2]]</Select></Query></QueryList>]]></Query></Subscription>")
	f.Fuzz(func(t *testing.T, s string) { checkParse(t, "<"+s); checkParse(t, s) })
}
