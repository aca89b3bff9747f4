package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"netelf.example/render"
	"netelf.example/scan"
)

// statusTable is how far targets are: a line for all, and one for each for which
// there is room, in their order. Those that work come before those that failed,
// these before those that wait, and those that are well come last.
func statusTable(list []scan.Status, lines, width int) []string {
	counts := map[string]int{}
	var words []string
	var events uint64
	for i := range list {
		w := list[i].Word()
		if counts[w]++; counts[w] == 1 {
			words = append(words, w)
		}
		events += list[i].Events
	}
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	for i, w := range words {
		words[i] = fmt.Sprintf("%d %s", counts[w], w)
	}
	head := fmt.Sprintf("%s: %s; %s", counted(uint64(len(list)), "target"), strings.Join(words, ", "), counted(events, "event"))

	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(urgency(&list[a]), urgency(&list[b])) })
	order = order[:min(len(order), max(lines-1, 0))]
	slices.Sort(order)
	if out := len(list) - len(order); out > 0 && len(order) > 0 {
		head += fmt.Sprintf("; %d not shown", out)
	}
	name, state := 0, 0
	for _, i := range order {
		name = max(name, utf8.RuneCountInString(render.Visible(list[i].Target)))
		state = max(state, len(list[i].Word()))
	}
	name = min(name, max(width/2, 8))
	text := []string{shorten(head, width)}
	for _, i := range order {
		s := &list[i]
		text = append(text, shorten(fmt.Sprintf("  %-*s  %-*s  %s", name, shorten(render.Visible(s.Target), name), state, s.Word(), counted(s.Events, "event")), width))
	}
	return text
}

// urgency is smaller for what is rather to be seen.
func urgency(s *scan.Status) int {
	switch {
	case s.Phase == scan.Opening, s.Phase == scan.Reading:
		return 0
	case s.Phase == scan.Over && s.State != 0:
		return 1
	case s.Phase == scan.Waiting:
		return 2
	}
	return 3
}

// shorten is a line of at most width characters.
func shorten(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	r := []rune(s)
	return string(r[:max(width-1, 0)]) + "…"
}
