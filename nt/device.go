package nt

import (
	"strings"
	"unicode/utf8"
)

// IsDevice says whether Windows takes a file of this name for a device: what stands
// before the first dot, without spaces at its end, counts (MS-DOS device names, of
// "Naming Files, Paths, and Namespaces").
func IsDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if n, ok := strings.CutPrefix(stem, port); ok && utf8.RuneCountInString(n) == 1 && strings.Contains("0123456789¹²³", n) {
			return true
		}
	}
	return false
}
