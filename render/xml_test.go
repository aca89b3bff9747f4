package render

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// xmlEvent is what a reader of the schema finds.
type xmlEvent struct {
	XMLName  xml.Name `xml:"http://schemas.microsoft.com/win/2004/08/events/event Event"`
	Provider struct {
		Name string `xml:",attr"`
	} `xml:"System>Provider"`
	EventID struct {
		Qualifiers string `xml:",attr"`
		ID         int    `xml:",chardata"`
	} `xml:"System>EventID"`
	Keywords string   `xml:"System>Keywords"`
	Channel  string   `xml:"System>Channel"`
	Data     []string `xml:"EventData>Data"`
	Binary   string   `xml:"EventData>Binary"`
	Message  string   `xml:"RenderingInfo>Message"`
}

func TestXMLRead(t *testing.T) {
	e := &eventlog.Event{
		Origin: &eventlog.Origin{Log: "a'b"}, ID: 0x80001775, Type: eventlog.AuditSuccess, Source: `<"'&>`, Offset: -1,
		Strings: []string{"one\r\n\ttwo", "\x00\u202e\xff\ufffd", "]]>"}, Data: []byte{0, 0xab}, Message: " m ", MessageBy: eventlog.ByEvent,
	}
	var got xmlEvent
	if err := xml.Unmarshal(AppendXML(nil, e), &got); err != nil {
		t.Fatal(err)
	}
	var want xmlEvent
	want.XMLName = xml.Name{Space: xmlSpace, Local: "Event"}
	want.Provider.Name, want.EventID.Qualifiers, want.EventID.ID = e.Source, "32768", 6005
	want.Keywords, want.Channel = "0xa0000000000000", "a'b"
	want.Data = []string{"one\r\n\ttwo", "\ufffd\u202e\ufffd\ufffd", "]]>"}
	want.Binary, want.Message = "00AB", " m "
	equal(t, "xml", got, want)
}

// TestXMLUserData: strings that are from UserData go there again; what has no name
// that an element can have is called Data.
func TestXMLUserData(t *testing.T) {
	e := &eventlog.Event{Offset: -1, Source: "s", Strings: []string{"bob", "<x>", "y"}, Extra: &eventlog.Extra{
		EventSourceName: "O'ld", UserData: "LogFileCleared", Names: []string{"SubjectUserName", "a b"}, ActivityID: nt.GUID{1}, RelatedActivityID: nt.GUID{2},
	}}
	got := string(AppendXML(nil, e))
	for _, want := range []string{
		"<UserData><LogFileCleared xmlns=''><SubjectUserName>bob</SubjectUserName><Data>&lt;x&gt;</Data><Data>y</Data></LogFileCleared></UserData>",
		" EventSourceName='O&apos;ld'/>",
		"<Correlation ActivityID='" + nt.GUID{1}.String() + "' RelatedActivityID='" + nt.GUID{2}.String() + "'/>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nhas no %s", got, want)
		}
	}
	for _, name := range []string{"", "1x", "a b", "x><y", "é", "-a"} {
		e.Extra.UserData = name
		if got := string(AppendXML(nil, e)); strings.Contains(got, "UserData") || !strings.Contains(got, "<EventData>") || wellFormed(got) != nil {
			t.Errorf("UserData %q: %s", name, got)
		}
	}
}

func TestOwnXML(t *testing.T) {
	const open = "<Event xmlns='" + xmlSpace + "'>"
	fields := string(AppendXML(nil, &eventlog.Event{Extra: &eventlog.Extra{}}))
	for _, tt := range []struct{ name, in, want string }{
		{"as it is", open + "<System><Level>4</Level></System><EventData/></Event>", open + "<System><Level>4</Level></System><EventData/></Event>"},
		{"quotes", `<Event xmlns="` + xmlSpace + `"><a b="it's &lt; &#x1F642;"></a></Event>`, open + "<a b='it&apos;s &lt; 🙂'/></Event>"},
		{"around it", "\ufeff<?xml version='1.0'?>\n<!-- c -->" + open + "<!-- \u202e --></Event>\n", ""},
		{"comment", "<?xml version='1.0'?>\n<!-- c -->" + open + "<!-- \u202e --></Event>\n", open + "</Event>"},
		{"CDATA", open + "<![CDATA[<a>\u202e]]>\n</Event>", open + "&lt;a&gt;&#x202e;&#xa;</Event>"},
		{"prefix", open + "<x:a xmlns:x='urn:x' x:b='1'><x:c/></x:a></Event>", open + "<x:a xmlns:x='urn:x' x:b='1'><x:c/></x:a></Event>"},
		{"prefix out of scope", open + "<x:a xmlns:x='urn:x'/><x:c/></Event>", ""},
		{"no prefix", open + "<x:a/></Event>", ""},
		{"not closed", open, ""},
		{"crossed", open + "<a><b></a></b></Event>", ""},
		{"two roots", open + "</Event>" + open + "</Event>", ""},
		{"closes the document", open + "</Event></Events><Events>", ""},
		{"text behind", open + "</Event>x", ""},
		{"other root", "<Events/>", ""},
		{"no namespace", "<Event/>", ""},
		{"document type", "<!DOCTYPE a [<!ENTITY e 'x'>]>" + open + "&e;</Event>", ""},
		{"entity", open + "&nbsp;</Event>", ""},
		{"not allowed", open + "\x1b</Event>", ""},
		{"reference not allowed", open + "&#27;</Event>", ""},
		{"not UTF-8", open + "\xff</Event>", ""},
		{"attribute twice", open + "<a b='1' b='2'/></Event>", ""},
		{"name not for terminals", open + "<a\u200d/></Event>", ""},
		{"prefix not for terminals", open + "<a xmlns:b\u200d='u'/></Event>", ""},
		{"deep", open + strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64) + "</Event>", ""},
		{"not XML", "hello", ""},
	} {
		want := tt.want
		if want == "" {
			want = fields
		}
		if want == open+"</Event>" {
			want = strings.TrimSuffix(open, ">") + "/>"
		}
		got := string(AppendXML(nil, &eventlog.Event{Extra: &eventlog.Extra{XML: tt.in}}))
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, got, want)
		}
	}
}

// TestRenderingInfo: it is there when text was sought, and once.
func TestRenderingInfo(t *testing.T) {
	const open, end = "<Event xmlns='" + xmlSpace + "'>", "</Event>"
	info := "<RenderingInfo Culture='und'><Message>a&lt;b</Message><Level>Information</Level><Task>Logon</Task><Opcode>Info</Opcode><Channel>Security</Channel>" +
		"<Provider>S</Provider><Keywords><Keyword>Audit Success</Keyword></Keywords></RenderingInfo>"
	for _, tt := range []struct {
		name, own, message string
		by                 eventlog.TextBy
		want               string
	}{
		{"put in", open + "<System/>" + end, "a<b", eventlog.ByCatalogue, open + "<System/>" + info + end},
		{"not sought", open + "<System/>" + end, "", eventlog.NotSought, open + "<System/>" + end},
		{"not found", open + "<System/>" + end, "", eventlog.NotFound, open + "<System/>" + end},
		{"has one", open + "<RenderingInfo Culture='de-DE'/>" + end, "a<b", eventlog.ByEvent, open + "<RenderingInfo Culture='de-DE'/>" + end},
		{"speaks of one", open + "<a>&lt;RenderingInfo</a>" + end, "a<b", eventlog.ByServer, open + "<a>&lt;RenderingInfo</a>" + info + end},
		{"empty", "<Event xmlns='" + xmlSpace + "'/>", "a<b", eventlog.ByServer, "<Event xmlns='" + xmlSpace + "'/>"},
	} {
		e := &eventlog.Event{Source: "S", Message: tt.message, MessageBy: tt.by, CategoryName: "Logon",
			Extra: &eventlog.Extra{Channel: "Security", Keywords: 1<<63 | eventlog.KeywordAuditSuccess, XML: tt.own}}
		if got := string(AppendXML([]byte("x"), e)); got != "x"+tt.want {
			t.Errorf("%s\n got %s\nwant x%s", tt.name, got, tt.want)
		}
	}
	got := string(AppendXML(nil, &eventlog.Event{Type: eventlog.Error, Level: eventlog.LevelError, Source: "S", MessageBy: eventlog.NotFound}))
	if want := "<EventData/><RenderingInfo Culture='und'><Level>Error</Level><Task></Task><Opcode></Opcode><Channel></Channel><Provider>S</Provider>" +
		"<Keywords><Keyword>Classic</Keyword></Keywords></RenderingInfo></Event>"; !strings.HasSuffix(got, want) {
		t.Errorf("no text: %s\nhas no %s", got, want)
	}
}

func FuzzOwnXML(f *testing.F) {
	f.Add("<Event xmlns='" + xmlSpace + "'><x:a xmlns:x='u' b='&#xa;'>t<![CDATA[<]]></x:a></Event>")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := appendOwnXML(nil, s)
		if !ok {
			return
		}
		if err := wellFormed(string(got)); err != nil {
			t.Fatalf("%q becomes %q: %v", s, got, err)
		}
		if err := checkOutput(XML, string(got)); err != nil || strings.Contains(string(got), "\n") {
			t.Fatalf("%q becomes %q: %v", s, got, err)
		}
		if again, ok := appendOwnXML(nil, string(got)); !ok || string(again) != string(got) {
			t.Fatalf("%q becomes %q, and that %q", s, got, again)
		}
	})
}
