package query

import (
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	for _, tt := range []struct {
		text  string // | is the cursor
		over  string // what an item takes the place of
		field string
		typed string
		items string // their texts
	}{
		{"so|", "so", "", "", "source:"},
		{"id:7 -so|", "so", "", "", "source:"},
		{"(lev|", "lev", "", "", "level:"},
		{"so|urce:x", "source", "", "", "source:"},
		{"time|", "time", "", "", "time: time>= time< time_written:"},
		{"thread_id|", "thread_id", "", "", "thread_id: thread_id>= thread_id<= thread_id!= thread_id&"},
		{"string|", "string", "", "", "string: string= string^= string>= string<="},
		{"a o|", "o", "", "", "opcode: or"},
		{"type:|", "", "type", "", "error warning information audit-success audit-failure success"},
		{"type:audit|", "audit", "type", "audit", "audit-success audit-failure"},
		{"type:error,WARN|", "WARN", "type", "WARN", "warning"},
		{"level<=e|", "e", "level", "e", "error"},
		{"since:|", "", "since", "", "1h 8h 1d 1w today yesterday"},
		{"source:Serv|", "Serv", "source", "Serv", ""},
		{`source:"Service Con|`, `"Service Con`, "source", "Service Con", ""},
		{`source:"a,b|`, `"a,b`, "source", "a,b", ""},
		{"data.IpAddress:10|", "10", "named IpAddress", "10", ""},
		{`"in quotes so|`, `"in quotes so`, "", "", ""},
		{"nosuch:x|", "nosuch:x", "", "", ""},
		{"*[System[Ev|", "", "", "", ""},
		{"<QueryL|", "", "", "", ""},
	} {
		cursor := strings.IndexByte(tt.text, '|')
		text := tt.text[:cursor] + tt.text[cursor+1:]
		c := Complete(text, cursor)
		var items []string
		for _, i := range c.Items {
			items = append(items, i.Text)
		}
		field := strings.TrimSpace(c.Field + " " + c.Name)
		if got := strings.Join(items, " "); got != tt.items || field != tt.field || c.Typed != tt.typed || text[c.From:c.To] != tt.over {
			t.Errorf("%s: %q for %q of %q (typed %q), want %q for %q of %q (typed %q)", tt.text, got, text[c.From:c.To], field, c.Typed,
				tt.items, tt.over, tt.field, tt.typed)
		}
	}
	if c := Complete("", 99); len(c.Items) != len(fields) {
		t.Errorf("of nothing: %d items", len(c.Items))
	}
	// Each field that is offered is one that can be asked for.
	for _, i := range Complete("", 0).Items {
		h, err := (&parser{text: i.Text, opts: new(Options)}).head()
		if err != nil || h == nil || i.Help == "" {
			t.Errorf("%s: %v, %v", i.Text, h, err)
		}
	}
}
