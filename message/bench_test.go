package message

import (
	"fmt"
	"testing"
)

const benchText = "The %1 service terminated with service-specific error %2!d! (%3!08x!).%n%nUser:%t%4%nSee %%1833 for more.\r\n"

var benchArgs = []string{"Windows Update", "1066", "0xC0000005", "BEDROCK\\fred"}

func BenchmarkInsert(b *testing.B) {
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		dst = Insert(dst[:0], benchText, benchArgs, nil)
	}
}

func BenchmarkTemplate(b *testing.B) {
	t := NewTemplate(benchText)
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		dst = t.Append(dst[:0], benchArgs, nil)
	}
}

// BenchmarkLookup looks messages up in a table of 3,000 in 300 blocks, and decodes
// them.
func BenchmarkLookup(b *testing.B) {
	var list []Message
	for i := range 3000 {
		list = append(list, Message{uint32(i/10*100 + i%10), fmt.Sprintf("Message %d: %%1 did %%2 to %%3.\r\n", i)})
	}
	tab, err := NewTable(tableOf(b, list...), English)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 512)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i = (i + 1237) % len(list)
		text, ok := tab.Lookup(list[i].ID)
		if !ok {
			b.Fatal(list[i].ID)
		}
		dst = text.Append(dst[:0])
	}
}

func BenchmarkOpenTable(b *testing.B) {
	raw := tableOf(b, Message{1, "one"}, Message{5, "five"}, Message{9, "nine"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewTable(raw, English); err != nil {
			b.Fatal(err)
		}
	}
}
