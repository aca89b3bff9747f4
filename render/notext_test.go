package render

import (
	"testing"

	"netelf.example/eventlog"
)

func TestNoText(t *testing.T) {
	for _, x := range []struct {
		e    eventlog.Event
		want string
	}{
		{eventlog.Event{ID: 0xc0001b6f, Source: "Spooler", Strings: []string{"a", "b"}}, `<The description for Event ID ( 7023 ) in Source ( 'Spooler' ) could not be found. It contains the following insertion string(s):'a, b'.>`},
		{eventlog.Event{}, `<The description for Event ID ( 0 ) in Source ( '' ) could not be found. It contains the following insertion string(s):''.>`},
		{eventlog.Event{ID: 1, Source: `it's`, Strings: []string{"'\"", "\\\n\r\t\x00\x7f\u00a0\u00ad\u200b\U000e0001äö€\U0001f600", "\xff"}},
			`<The description for Event ID ( 1 ) in Source ( "it's" ) could not be found. It contains the following insertion string(s):'\'", \\\n\r\t\x00\x7f\xa0\xad\u200b\U000e0001äö€` + "\U0001f600" + `, \udcff'.>`},
	} {
		if got := NoText(&x.e); got != x.want {
			t.Errorf("have %s\nwant %s", got, x.want)
		}
	}
}
