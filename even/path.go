package even

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// maxPath is how many bytes an NT object path may have here: more than the 32,767
// characters that Windows allows of ASCII.
const maxPath = 32767

// backupName is the name of a backup by its NT object path (2.2.4.1), as
// \??\C:\folder\name: the last part, since backups lie in one folder of the server.
// The drive and the folders in between do not count, but must be such. Every other
// form is eventlog.ErrBackupName: those that Windows refuses too (C:\name), those
// that lead to another machine (\\host\share, \??\UNC\host\share), to a device, to
// a stream of a file or out of the folder. All of them are answered alike.
func backupName(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, `\??\`)
	switch {
	case len(path) > maxPath:
		return "", badPath("it is too long")
	case !ok:
		return "", badPath(`it does not begin with \??\`)
	case len(rest) < 3 || !letter(rest[0]) || rest[1:3] != `:\`:
		return "", badPath("it is on no drive")
	}
	parts := strings.Split(rest[3:], `\`)
	for _, p := range parts {
		if flaw := partFlaw(p); flaw != "" {
			return "", badPath(flaw)
		}
	}
	return parts[len(parts)-1], nil
}

func badPath(flaw string) error { return fmt.Errorf("%w: %s", eventlog.ErrBackupName, flaw) }

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// partFlaw is why p is not the name of a file or folder on Windows, "" if it is.
func partFlaw(p string) string {
	if p == "" {
		return "a part of it is empty"
	}
	for _, r := range p {
		if unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune(`"<>|*?:/`, r) {
			return fmt.Sprintf("it has the character %U", r)
		}
	}
	switch last := p[len(p)-1]; {
	case last == '.' || last == ' ':
		return "a part of it ends with a dot or space"
	case nt.IsDevice(p):
		return "a part of it is a device"
	}
	return ""
}
