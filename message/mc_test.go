package message

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

const testMC = `;// A comment before all.
;
MessageIdTypedef = DWORD
SeverityNames=(Success=0x0:STATUS_SEVERITY_SUCCESS
               Informational=0x1  Warning = 2
               Error=0x3:STATUS_SEVERITY_ERROR ; a comment inside
              )
FacilityNames=(System=0x0:FACILITY_SYSTEM
               Runtime=0x2)
LanguageNames=(English=0x409:MSG00409)
LanguageNames=(German=0x407:MSG00407)
OutputBase=16

; Categories have no type of their own.
MESSAGEID=0x1
Severity=Error
Facility=Runtime
symbolicname=MSG_ONE
Language=English
Hello, %1!
  indented; and no comment
;nor this

.
Language=German
Hallo, %1!s!
.

MessageId=
SymbolicName=MSG_TWO
Language=English
..
. 
 .
.
MessageId=+5 Severity=Warning SymbolicName=MSG_SEVEN
Language=English
%1%0
.
MessageId=10 Facility=System Severity=Success
MessageIdTypedef=
Language=English
.
MessageId=
Facility=Runtime
Language=English ; behind the name
eight
.
`

func TestParseMC(t *testing.T) {
	want := &Source{
		OutputBase: 16,
		Severities: []Name{{"Success", 0, "STATUS_SEVERITY_SUCCESS"}, {"Informational", 1, ""}, {"Warning", 2, ""}, {"Error", 3, "STATUS_SEVERITY_ERROR"}},
		Facilities: []Name{{"System", 0, "FACILITY_SYSTEM"}, {"Application", 0xfff, ""}, {"Runtime", 2, ""}},
		Languages:  []Name{{"English", 0x409, "MSG00409"}, {"German", 0x407, "MSG00407"}},
		Messages: []*SourceMessage{
			{ID: 0xc0020001, Severity: "Error", Facility: "Runtime", SymbolicName: "MSG_ONE", Typedef: "DWORD", Line: 15, Texts: []SourceText{
				{English, "Hello, %1!\r\n  indented; and no comment\r\n;nor this\r\n\r\n", 20}, {German, "Hallo, %1!s!\r\n", 26},
			}},
			{ID: 0xc0020002, Severity: "Error", Facility: "Runtime", SymbolicName: "MSG_TWO", Typedef: "DWORD", Line: 29, Texts: []SourceText{{English, "..\r\n. \r\n .\r\n", 32}}},
			{ID: 0x80020007, Severity: "Warning", Facility: "Runtime", SymbolicName: "MSG_SEVEN", Typedef: "DWORD", Line: 36, Texts: []SourceText{{English, "%1%0\r\n", 38}}},
			{ID: 0x0000000a, Severity: "Success", Facility: "System", Line: 40, Texts: []SourceText{{English, "", 43}}},
			{ID: 0x00020008, Severity: "Success", Facility: "Runtime", Line: 44, Texts: []SourceText{{English, "eight\r\n", 47}}},
		},
	}
	utf16 := func(s string) []byte { return nt.AppendUTF16([]byte{0xff, 0xfe}, s) }
	big := utf16(testMC)
	for i := 0; i < len(big); i += 2 {
		big[i], big[i+1] = big[i+1], big[i]
	}
	for name, b := range map[string][]byte{
		"LF": []byte(testMC), "CR LF": []byte(strings.ReplaceAll(testMC, "\n", "\r\n")), "CR": []byte(strings.ReplaceAll(testMC, "\n", "\r")),
		"UTF-8": append([]byte("\xef\xbb\xbf"), testMC...), "UTF-16": utf16(testMC), "UTF-16 big-endian": big,
		"no line end": []byte(strings.TrimSuffix(testMC, "\n")), "Ctrl-Z": []byte(testMC + "\x1a"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseMC(b)
			// An exclamation mark behind %1 is told, and read all the same.
			if errText(err) != `20:8: %1 with a form that is none; an exclamation mark behind an insertion is written %!` {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestMCEncodings(t *testing.T) {
	const source = "MessageId=1\nLanguage=English\n%s\n.\n"
	for name, c := range map[string][2]string{
		"1252": {"caf\xe9 \x80", "caf\u00e9 \u20ac\r\n"}, "UTF-8": {"caf\u00e9", "caf\u00e9\r\n"},
	} {
		s, err := ParseMC([]byte(strings.Replace(source, "%s", c[0], 1)))
		if err != nil || s.Messages[0].Texts[0].Text != c[1] {
			t.Errorf("%s: %q, %v", name, s.Messages[0].Texts[0].Text, err)
		}
	}
}

func TestMCDefaults(t *testing.T) {
	// No facility was named: the numbers that mc.exe gives have none either.
	s, err := ParseMC([]byte("MessageId=\nLanguage=English\na\n.\nMessageId=+3\nLanguage=English\nb\n.\n"))
	if err != nil || len(s.Messages) != 2 || s.Messages[0].ID != 1 || s.Messages[1].ID != 4 || s.Messages[0].Code() != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestMCErrors(t *testing.T) {
	const ok = "MessageId=5\nLanguage=English\nfine\n.\n"
	for _, c := range []struct {
		name, source string
		want         []string
		messages     int
	}{
		{"empty", "", nil, 0},
		{"well", ok, nil, 1},
		{"keyword", "Foo=1\n  bar\n" + ok, []string{`1:1: "Foo" is no keyword`}, 1},
		{"no equal sign", "MessageId 7\n" + ok, []string{`1:11: "7" behind MessageId, want "="`}, 1},
		{"nothing behind the keyword", "MessageId", []string{`1:10: "" behind MessageId, want "="`}, 0},
		{"no number", "MessageId=x1\n" + ok, []string{"1:1: the message has no text", `1:11: "x1" is not a number of 32 bits`}, 2},
		{"number too high", "MessageId=0x10000\nLanguage=English\na\n.\n" + ok, []string{"1:11: MessageId 0x10000 has more than 16 bits"}, 2},
		{"sum too high", "MessageId=0xffff\nLanguage=English\na\n.\nMessageId=\nLanguage=English\nb\n.\n" + ok,
			[]string{"5:1: MessageId 0x10000 has more than 16 bits", "5:1: the id 0xffff is that of the message in line 1"}, 3},
		{"plus nothing", "MessageId=+\nLanguage=English\na\n.\n", []string{`2:1: "Language", want a number`}, 1},
		{"octal", "MessageId=018\nLanguage=English\na\n.\n", []string{`1:11: "018" is not a number of 32 bits`}, 1},
		{"severity", "MessageId=1 Severity=Bad\nLanguage=English\na\n.\n" + ok, []string{`1:22: there is no severity "Bad"`}, 2},
		{"facility", "MessageId=1\nFacility=\nLanguage=English\na\n.\n" + ok, []string{`3:1: "Language", want a facility`}, 2},
		{"severity behind a text", "MessageId=1\nLanguage=English\na\n.\nSeverity=Error\n" + ok, []string{"5:10: the severity comes behind a text of the message"}, 2},
		{"severity number", "SeverityNames=(Bad=4)\n", []string{"1:20: the severity Bad is 0x4, and 0x3 is the highest"}, 0},
		{"facility number", "FacilityNames=(Bad=0x1000:B Good=1)\nMessageId=1 Facility=Good\nLanguage=English\na\n.\n", []string{"1:20: the facility Bad is 0x1000, and 0xfff is the highest"}, 1},
		{"language number", "LanguageNames=(Klingon=0x10000:K)\n", []string{"1:24: the language Klingon is 0x10000, and 0xffff is the highest"}, 0},
		{"names without parenthesis", "SeverityNames=Bad=1\n" + ok, []string{`1:15: "Bad", want "("`}, 1},
		{"names without end", "SeverityNames=(Bad=1\n", []string{`2:1: the end of the file, want ")"`}, 0},
		{"names without number", "SeverityNames=(Bad Worse=1 Worst=:X)\n" + ok, []string{`1:20: "Worse" behind Bad, want "="`, `1:34: ":" is not a number of 32 bits`, `1:36: ")" behind X, want "="`}, 1},
		{"language", "MessageId=1\nLanguage=Klingon\nnuq\n.\n" + ok, []string{`2:10: there is no language "Klingon"`}, 2},
		{"language before a message", "Language=English\na\n.\n" + ok, []string{"1:1: Language before the first MessageId"}, 1},
		{"language twice", "MessageId=1\nLanguage=English\na\n.\nLanguage=ENGLISH\nb\n.\n" + ok, []string{"5:10: the message has a text in ENGLISH already"}, 2},
		{"text behind the language", "MessageId=1\nLanguage=English a\nb\n.\n", []string{`2:1: "a" behind the language: the text begins on the next line`}, 1},
		{"no dot", "MessageId=1\nLanguage=English\na\n", []string{"3:1: the text is not ended by a line with a single dot"}, 1},
		{"no text", "MessageId=1\nMessageId=2\n", []string{"1:1: the message has no text", "2:1: the message has no text"}, 2},
		{"id twice", "MessageId=5\nLanguage=English\na\n.\n" + ok, []string{"5:11: the id 0x5 is that of the message in line 1"}, 2},
		{"symbol", "MessageId=1 SymbolicName=1x\nLanguage=English\na\n.\n", []string{`1:26: "1x" is no name of C`}, 1},
		{"symbol before", "SymbolicName=X\n" + ok, []string{"1:1: SymbolicName before the first MessageId"}, 1},
		{"two symbols", "MessageId=1 SymbolicName=X SymbolicName=Y\nLanguage=English\na\n.\n", []string{"1:41: the message has the name X already"}, 1},
		{"symbol twice", "MessageId=1 SymbolicName=X\nLanguage=English\na\n.\nMessageId=2\nSymbolicName=X\nLanguage=English\na\n.\n", []string{"6:14: the name X is that of the message in line 1"}, 2},
		{"type", "MessageIdTypedef=1\n" + ok, []string{`1:18: "1" is no name of a type`}, 1},
		{"output base", "OutputBase=8\nOutputBase=x\nOutputBase=10\n" + ok, []string{"1:12: OutputBase is 8, want 10 or 16", `2:12: "x" is not a number of 32 bits`}, 1},
		{"forms", "MessageId=1\nLanguage=English\n\u00e4 %1!q! %2!s! %3%!\nend %\n%%!\n.\n",
			[]string{"3:3: %1 with a form that is none; an exclamation mark behind an insertion is written %!", "4:5: a percent sign at the end of a line stands for nothing; it is written %%"}, 1},
		{"too long", "MessageId=1\nLanguage=English\n" + strings.Repeat("x", MaxTextUnits) + "\n.\n" + ok, []string{"3:1: the text: 32765 UTF-16 units, and 32763 is the limit: over a limit"}, 2},
		{"a NUL", "MessageId=1\nLanguage=English\na\x00b\n.\n" + ok, []string{"3:1: the text has a NUL, which ends it in a table"}, 2},
		{"column in characters", "MessageId=1 \u00e4\u20ac=5\nLanguage=English\na\n.\n", []string{"1:13: \"\u00e4\u20ac\" is no keyword"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := ParseMC([]byte(c.source))
			var got []string
			var errs SourceErrors
			if errors.As(err, &errs) {
				for _, e := range errs {
					got = append(got, e.Error())
				}
			} else if err != nil {
				t.Fatalf("%T", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if len(s.Messages) != c.messages {
				t.Errorf("%d messages, want %d", len(s.Messages), c.messages)
			}
			if len(errs) > 0 && errs.Error() != strings.Join(c.want, "\n") {
				t.Errorf("together: %q", errs.Error())
			}
			if _, err := s.Compile(); err != nil && c.name != "id twice" && c.name != "sum too high" {
				t.Error(err)
			}
		})
	}
}

func TestMCLimits(t *testing.T) {
	if s, err := ParseMC(make([]byte, MaxSource+1)); s != nil || !errors.Is(err, eventlog.ErrTooLarge) ||
		err.Error() != "message text file: 16777217 bytes, and 16777216 is the limit: over a limit" {
		t.Errorf("%v", err)
	}
	var errs SourceErrors
	_, err := ParseMC([]byte(strings.Repeat("MessageId=x\n", 1000)))
	if !errors.As(err, &errs) || len(errs) != MaxErrors || !errors.Is(err, eventlog.ErrTooLarge) ||
		errs[MaxErrors-1].Error() != "50:1: and more errors from here on: over a limit" {
		t.Errorf("%d errors, the last %v", len(errs), errs[len(errs)-1])
	}
}

func TestCompile(t *testing.T) {
	s, _ := ParseMC([]byte(testMC)) // its one error is tested above
	ts, err := s.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Lang{English, German}, ts.Languages()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, c := range []struct {
		id   uint32
		lang Lang
		want string
	}{
		{0xc0020001, English, "Hello, %1!\r\n  indented; and no comment\r\n;nor this\r\n\r\n"},
		{0xc0020001, German, "Hallo, %1!s!\r\n"},
		{0xc0020002, German, "..\r\n. \r\n .\r\n"},
		{0x0000000a, English, ""},
	} {
		if text, ok := ts.Message(c.id, c.lang); !ok || text.String() != c.want {
			t.Errorf("%#x: %q, %v, want %q", c.id, text.String(), ok, c.want)
		}
	}
	twice := &Source{Messages: []*SourceMessage{
		{ID: 1, Texts: []SourceText{{English, "a", 3}}},
		{ID: 1, Texts: []SourceText{{English, "b", 7}, {German, "c", 8}, {0x0411, strings.Repeat("x", MaxTextUnits+1), 9}}},
	}}
	ts, err = twice.Compile()
	if errText(err) != "7:1: message 0x1 in en-US comes twice\n9:1: 32764 UTF-16 units, and 32763 is the limit: over a limit" {
		t.Errorf("have %q", errText(err))
	}
	if text, _ := ts.Message(1, English); len(ts) != 2 || text.String() != "a" {
		t.Errorf("%d tables, %q", len(ts), text.String())
	}
}

func ExampleParseMC() {
	source, err := ParseMC([]byte(`
LanguageNames=(German=0x407:MSG00407)
MessageId=1 Severity=Error Facility=Application SymbolicName=MSG_FULL
Language=English
Disk %1 is full.
.
Language=German
Platte %1 ist voll.
.
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	tables, err := source.Compile()
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := tables.Message(0xCFFF0001, 0x0407)
	fmt.Printf("%s\n", Insert(nil, text.String(), []string{"C:"}, nil))
	// Output: Platte C: ist voll.
}
