package main

import (
	"strings"
	"unicode/utf8"

	"netelf.example/render"
)

// columns lays out rows of cells, the first of which are headings, two spaces
// between columns. right says of each column whether it is of numbers.
func columns(right []bool, rows [][]string) []byte {
	width := make([]int, len(right))
	for _, row := range rows {
		for i := range row {
			if row[i] == "" {
				row[i] = "-"
			}
			row[i] = render.Visible(row[i])
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b []byte
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			switch {
			case right[i]:
				cell = pad + cell
			case i < len(row)-1:
				cell += pad
			}
			if i > 0 {
				b = append(b, "  "...)
			}
			b = append(b, cell...)
		}
		b = append(b, '\n')
	}
	return b
}
