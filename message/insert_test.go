package message

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"netelf.example/nt"
)

// both is what Insert and a Template make of a text, which must be the same.
func both(t *testing.T, text string, args []string, opts *Options) string {
	t.Helper()
	got := string(Insert([]byte("<"), text, args, opts))
	again := string(NewTemplate(text).Append([]byte("<"), args, opts))
	if got != again {
		t.Errorf("%q: Insert gives %q, a Template %q", text, got, again)
	}
	if !strings.HasPrefix(got, "<") {
		t.Fatalf("%q: %q lost what was there", text, got)
	}
	return got[1:]
}

func TestInsert(t *testing.T) {
	for _, c := range []struct {
		text string
		args []string
		want string
	}{
		{"", nil, ""},
		{"plain", nil, "plain"},
		{"%1", []string{"a"}, "a"},
		{"%1 and %2, %1", []string{"a", "b"}, "a and b, a"},
		{"%10|%1", strings.Split("1 2 3 4 5 6 7 8 9 ten", " "), "ten|1"},
		{"%100", strings.Split("1 2 3 4 5 6 7 8 9 ten", " "), "ten0"},
		{"%01", []string{"a"}, ""},

		// What is missing stays.
		{"%1 %2 %99", []string{"a"}, "a %2 %99"},
		{"%3!d!%2!-8.3s!", nil, "%3!d!%2!-8.3s!"},
		{"%1!*.*s!", []string{"5", "2"}, "%1!*.*s!"},
		{"%1!*s!", []string{"wide", "x"}, "%1!*s!"},

		// Escapes.
		{"a%nb%tc%bd% e%%f%.g%!h%\\i%qj%-k", nil, "a\nb\tc d e%f.g!h\\iqj-k"},
		{"a%rb", nil, "a\nb"},
		{"a%r%nb%n%rc", nil, "a\nb\n\nc"},
		{"a%0b", nil, "a"},
		{"a%n%0b", nil, "a"},
		{"100%", nil, "100%"},
		{"%", nil, "%"},
		{"%%", nil, "%"},
		{"%%%", nil, "%%"},
		{"%%%%", nil, "%%"},
		{"%%1", []string{"a"}, "%1"},
		{"%\u00e4%\u20acx", nil, "\u00e4\u20acx"},
		{"a%\r\nb", nil, "a\nb"},

		// Line ends.
		{"a\r\nb\nc\rd\r\r\ne\r\n", nil, "a\nb\nc\nd\n\ne"},
		{"%1\r\n", []string{"a\r\nb"}, "a\r\nb"},
		{"\r\n\r\n", nil, ""},

		// Forms for text.
		{"%1!s!%1!S!%1!ls!%1!hs!%1!ws!%1!hS!", []string{"a"}, "aaaaaa"},
		{"[%1!5s!|%1!-5s!|%1!05s!|%1!.2s!|%1!5.1s!]", []string{"abc"}, "[  abc|abc  |00abc|ab|    a]"},
		{"[%1!4s!|%1!.2s!]", []string{"\u00e4\u20ac\U0001f600"}, "[ \u00e4\u20ac\U0001f600|\u00e4\u20ac]"},
		{"[%1!2s!]", []string{"abc"}, "[abc]"},
		{"[%1!*s!|%3!s!]", []string{"5", "abc", "d"}, "[  abc|d]"},
		{"[%1!*s!]", []string{"-5", "abc"}, "[abc  ]"},
		{"[%1!*.*s!]", []string{"5", "2", "abc"}, "[   ab]"},
		{"[%1!.*s!]", []string{"1", "abc"}, "[a]"},
		{"[%1!*.*u!,%1!*.*u!]", []string{"6", "4", "2", "5", "3"}, "[  0002, 00003]"}, // the second takes strings 1, 4 and 5
		{"[%1!*.*u!,%4!*.*u!]", []string{"6", "4", "2", "5", "3", "1"}, "[  0002,  001]"},
		{"%1!f! %1!g!", []string{"1.5"}, "1.5 1.5"},

		// Forms for numbers.
		{"%1!d! %1!i! %1!u! %1!x! %1!X! %1!o!", []string{"255"}, "255 255 255 ff FF 377"},
		{"%1!d! %1!u! %1!x! %1!hx! %1!I64x!", []string{"-1"}, "-1 4294967295 ffffffff ffff ffffffffffffffff"},
		{"[%1!5d!|%1!-5d!|%1!05d!|%1!+d!|%1! d!|%1!.4d!|%1!6.4d!|%1!06.4d!]", []string{"42"}, "[   42|42   |00042|+42| 42|0042|  0042|  0042]"},
		{"[%1!05d!|%1!.4d!]", []string{"-42"}, "[-0042|-0042]"},
		{"[%1!08x!|%1!#x!|%1!#X!|%1!#o!|%1!#08x!]", []string{"48879"}, "[0000beef|0xbeef|0XBEEF|0137357|0x00beef]"},
		{"[%1!#x!|%1!#o!|%1!.0d!]", []string{"0"}, "[0|0|]"},
		{"%1!x! %1!d!", []string{"0xC0000005"}, "c0000005 0xC0000005"},
		{"%1!ld! %1!lu! %1!lx! %1!lld! %1!I32d! %1!Iu!", []string{"70000"}, "70000 70000 11170 70000 70000 70000"},
		{"%1!I64d! %1!I64u! %1!lld!", []string{"5000000000"}, "5000000000 5000000000 5000000000"},
		{"%1!p!", []string{"48879"}, "000000000000BEEF"},
		{"%1!c!%2!c!%3!c!%4!lc!", []string{"65", "7", "zz", "8364"}, "A7zz\u20ac"},

		// Strings that are no number of the form's size are text.
		{"%1!d!|%1!8x!|%1!u!", []string{"none"}, "none|    none|none"},
		{"%1!d! %1!u! %1!hd!", []string{"4000000000"}, "4000000000 4000000000 4000000000"},
		{"%1!d!", []string{"-2147483648"}, "-2147483648"},
		{"%1!x!", []string{"-3000000000"}, "-3000000000"},
		{"%1!d!", []string{"99999999999999999999"}, "99999999999999999999"},
		{"%1!d! %1!x!", []string{""}, " "},
		{"%1!d!", []string{" 5"}, " 5"},
		{"%1!d!", []string{"1_000"}, "1_000"},
		{"%1!d!", []string{"-"}, "-"},
		{"%1!d!", []string{"--5"}, "--5"},

		// What is no form is text.
		{"Hello %1!", []string{"you"}, "Hello you!"},
		{"%1! and %2!", []string{"a", "b"}, "a! and b!"},
		{"%1!!", []string{"a"}, "a!!"},
		{"%1!q!", []string{"a"}, "a!q!"},
		{"%1!5!", []string{"a"}, "a!5!"},
		{"%1!s", []string{"a"}, "a!s"},
		{"%1!-", []string{"a"}, "a!-"},
		{"%1%!s!", []string{"a"}, "a!s!"},

		// Strings are not message texts.
		{"%1", []string{"%2 %n %0 %%5 50%"}, "%2 %n %0 %%5 50%"},
	} {
		if got := both(t, c.text, c.args, nil); got != c.want {
			t.Errorf("%q %q:\nhave %q\nwant %q", c.text, c.args, got, c.want)
		}
	}
}

func TestInsertCRLF(t *testing.T) {
	for _, c := range [][2]string{
		{"a%nb\nc\rd\r\ne\r\n", "a\r\nb\r\nc\r\nd\r\ne\r\n"},
		{"a%rb%r%nc", "a\rb\r\r\nc"},
		{"a%0\r\n", "a"},
		{"\r\r\n", "\r\n\r\n"},
	} {
		if got := both(t, c[0], nil, &Options{CRLF: true}); got != c[1] {
			t.Errorf("%q: have %q, want %q", c[0], got, c[1])
		}
	}
}

func TestInsertHooks(t *testing.T) {
	params := map[uint32]string{
		1833: "Impersonation\r\n", 2: "The system cannot find the file %1.\r\n", 3: "<%%4>", 4: "[%%3]", 5: "stop%0here", 6: "",
		4294967295: "highest",
	}
	opts := &Options{
		Param: func(id uint32) (string, bool) { s, ok := params[id]; return s, ok },
		SID: func(s nt.SID) (string, bool) {
			n := s.Name()
			return n, n != ""
		},
		GUID: func(g nt.GUID) (string, bool) {
			return "user", g.String() == "{BF967ABA-0DE6-11D0-A285-00AA003049E2}"
		},
	}
	for _, c := range []struct {
		text string
		args []string
		want string
	}{
		{"Level:%t%1%n", []string{"%%1833"}, "Level:\tImpersonation"},
		{"Level: %%1833.", nil, "Level: Impersonation."},
		{"%1", []string{"%%1833 %%9 %%1833%%2"}, "Impersonation %%9 ImpersonationThe system cannot find the file %1."},
		{"%1 %%9", []string{"a"}, "a %9"},
		{"%1", []string{"%% %%x %1 %n"}, "%% %%x %1 %n"},
		{"%1", []string{"%%4294967295 %%4294967296"}, "highest %%4294967296"},
		{"%1, %2", []string{"%%5", "b"}, "stop, b"},
		{"%%5, %1", []string{"b"}, "stop, b"},
		{"[%1!15s!|%1!.3s!]", []string{"%%1833"}, "[  Impersonation|Imp]"},
		{"(%1)", []string{"%%6"}, "()"},
		{"%1", []string{"%%3"}, "<[<[<[<[%3]>]>]>]>"}, // depth
		{"%1", []string{"by %{S-1-5-18}, %{S-1-5-21-1-2-3-4}, %{s-1-5-20"}, `by NT AUTHORITY\SYSTEM, %{S-1-5-21-1-2-3-4}, %{s-1-5-20`},
		{"%1", []string{"class %{bf967aba-0de6-11d0-a285-00aa003049e2} %{bf967aba} %{} %{"}, "class user %{bf967aba} %{} %{"},
	} {
		if got := both(t, c.text, c.args, opts); got != c.want {
			t.Errorf("%q %q:\nhave %q\nwant %q", c.text, c.args, got, c.want)
		}
	}
	// Without the hooks all of it stays as it is.
	if got := both(t, "%1", []string{"%%1833 %{S-1-5-18} %{bf967aba-0de6-11d0-a285-00aa003049e2}"}, &Options{Param: opts.Param}); got != "Impersonation %{S-1-5-18} %{bf967aba-0de6-11d0-a285-00aa003049e2}" {
		t.Error(got)
	}
}

func TestInsertBounds(t *testing.T) {
	long := strings.Repeat("\u20ac", MaxText)
	for _, c := range []struct {
		name, text string
		args       []string
		want       int
	}{
		{"a string", "%1", []string{long}, MaxText / 3 * 3},
		{"a text", long, nil, MaxText / 3 * 3},
		{"one more each", strings.Repeat("%1", 70000), []string{"x"}, MaxText},
		{"width", "%1!999999999s!", []string{"x"}, MaxWidth},
		{"width from a string", "%1!*s!", []string{"2147483647", "x"}, MaxWidth},
		{"negative width", "%1!*s!", []string{"-2147483648", "x"}, MaxWidth},
		{"precision", "%1!.999999999d!", []string{"5"}, MaxWidth},
		{"widths", strings.Repeat("%1!4096s!", 20), []string{"x"}, MaxText},
		{"precision of a long string", "%1!.5s!%2", []string{long, "ab"}, 17},
	} {
		got := both(t, c.text, c.args, nil)
		if len(got) != c.want || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, want %d; valid %v", c.name, len(got), c.want, utf8.ValidString(got))
		}
	}
	// Hooks are not asked without end.
	asked := 0
	opts := &Options{Param: func(uint32) (string, bool) { asked++; return "%%1%%1%%1%%1", true }}
	got := Insert(nil, "%1", []string{strings.Repeat("%%1", 5000)}, opts)
	if asked != MaxParams {
		t.Errorf("asked %d times, want %d", asked, MaxParams)
	}
	if len(got) > MaxText {
		t.Errorf("%d bytes", len(got))
	}
	if n := NewTemplate("%7 %%9 %3!x!").Args(); n != 7 {
		t.Errorf("Args is %d, want 7", n)
	}
}

func TestInsertAllocates(t *testing.T) {
	dst := make([]byte, 0, 4096)
	args := []string{"Spooler", "42", "0xC0000005", "%%5"}
	opts := &Options{Param: func(uint32) (string, bool) { return "text", true }}
	text := "The %1 service: %2!5d!, %3!08x!, %4.%nMore%t%1!-20s!|\r\n"
	if n := testing.AllocsPerRun(100, func() { Insert(dst, text, args, opts) }); n != 0 {
		t.Errorf("Insert allocates %v times", n)
	}
	tmpl := NewTemplate(text)
	if n := testing.AllocsPerRun(100, func() { tmpl.Append(dst, args, opts) }); n != 0 {
		t.Errorf("a Template allocates %v times", n)
	}
}

func ExampleInsert() {
	text := "The %1 service terminated with the following error: %2%0"
	opts := &Options{Param: func(id uint32) (string, bool) {
		return "The service has not been started.\r\n", id == 1062
	}}
	fmt.Printf("%s\n", Insert(nil, text, []string{"Spooler", "%%1062"}, opts))
	// Output:
	// The Spooler service terminated with the following error: The service has not been started.
}
