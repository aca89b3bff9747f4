package users

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// User is a user as others may see it.
type User struct {
	Name   string       // as it was first given
	SID    eventlog.SID // never another, and never another user's
	Groups []Group      // sorted, each once
	NTLM   bool         // it may come by NTLM: the file has the hash for it
}

// SIDs is what the user is for access rules: itself and its groups. Whoever lets
// it in adds Everyone and Authenticated Users.
func (u *User) SIDs() []eventlog.SID {
	list := []eventlog.SID{u.SID}
	for _, g := range u.Groups {
		list = append(list, g.SID())
	}
	return list
}

// Group is one of the groups that there are.
type Group uint8

// The groups.
const (
	Administrators  Group = iota // may do everything
	Users                        // may do what every user may
	EventLogReaders              // may read Security too
	groups
)

var groupNames = [groups]struct {
	name string
	sid  nt.SID
}{
	Administrators:  {"administrators", nt.SIDAdministrators},
	Users:           {"users", nt.SIDUsers},
	EventLogReaders: {"event log readers", nt.SIDEventLogReaders},
}

// String is the name, as "event log readers".
func (g Group) String() string {
	if g < groups {
		return groupNames[g].name
	}
	return fmt.Sprintf("group %d", uint8(g))
}

// SID is the group's, which is the same on every computer ([MS-DTYP] 2.4.2.4).
func (g Group) SID() eventlog.SID {
	if g < groups {
		return groupNames[g].sid
	}
	return nt.SIDNull
}

// ParseGroup takes the name of a group in any case, with spaces or hyphens, and
// "readers".
func ParseGroup(s string) (Group, error) {
	name := strings.ReplaceAll(strings.ToLower(s), "-", " ")
	if name == "readers" {
		return EventLogReaders, nil
	}
	for g := range groups {
		if groupNames[g].name == name {
			return g, nil
		}
	}
	return 0, fmt.Errorf("unknown group %s: want administrators, users or readers", quote.Short(s))
}

// sortedGroups is the list sorted, each once.
func sortedGroups(list []Group) []Group {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// maxName is how long a name may be, in UTF-16 units.
const maxName = 64

// forbidden are the characters that no name of an account has on Windows, and @,
// which parts a name from its domain.
const forbidden = "\"/\\[]:;|=,+*?<>@"

// CheckName says what is wrong with a name for a user. It has 1 to 64 UTF-16
// units, none of " / \ [ ] : ; | = , + * ? < > @, nothing that does not print, and
// no space or dot at either end. Errors wrap eventlog.ErrInvalid.
func CheckName(name string) error {
	flaw := ""
	switch {
	case name == "":
		flaw = "is empty"
	case !utf8.ValidString(name):
		flaw = "is not valid UTF-8"
	case nt.UTF16Len(name)/2 > maxName:
		flaw = fmt.Sprintf("has %d characters, at most %d", nt.UTF16Len(name)/2, maxName)
	}
	if flaw == "" {
		for _, r := range name {
			switch {
			case strings.ContainsRune(forbidden, r):
				flaw = "has the character " + quote.Short(string(r))
			case r != ' ' && !unicode.IsPrint(r):
				flaw = fmt.Sprintf("has the character %U, which does not print", r)
			}
			if flaw != "" {
				break
			}
		}
	}
	if flaw == "" && strings.Trim(name, " .") != name {
		flaw = "begins or ends with a space or dot"
	}
	if flaw != "" {
		return fmt.Errorf("user name %s %s: %w", quote.Short(name), flaw, eventlog.ErrInvalid)
	}
	return nil
}
