// Package spelling finds what a misspelled name may be meant for.
package spelling

import "strings"

// Like is the one of the names that a misspelled one may be meant for, "" if there
// is none. Of four letters one may be wrong: with two it is as well another word.
func Like(misspelled string, names []string) string {
	best, most := "", (len(misspelled)+1)/4
	for _, n := range names {
		if d := distance(strings.ToLower(misspelled), strings.ToLower(n), most); d <= most && (best == "" || d < most) {
			best, most = n, d
		}
	}
	return best
}

// distance is how many letters must be changed, put in, left out or swapped to
// make b of a; more than most where it is more.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most || len(a) > 64 {
		return most + 1
	}
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	var older []int
	for i := 1; i <= len(a); i++ {
		older, before, row = before, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(before[j]+1, row[j-1]+1, before[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
