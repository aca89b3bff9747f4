package service

import (
	"os"
	"os/user"
	"strconv"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// Local is the user of this process as a caller of a data directory that it opens
// itself: its uid, which comes first, and its groups as SIDs. Administrators are root, whom the
// directory belongs to, who could change the files anyway, and the members of the
// group that adminGroup names ("": no group).
func Local(dir, adminGroup string) (c eventlog.Caller) {
	c.Door = "local"
	defer func() { c.SIDs = append(c.SIDs, nt.SIDEveryone, nt.SIDAuthenticatedUsers) }()
	uid := os.Getuid()
	if u, err := user.Current(); err == nil {
		c.Name = u.Username
	}
	if uid < 0 { // no such thing on this system: whoever may open the files may all
		c.SIDs = append(c.SIDs, nt.SIDAdministrators)
		return c
	}
	c.SIDs = append(c.SIDs, nt.UnixUser(uint32(uid)))
	groups, err := os.Getgroups()
	if err != nil {
		groups = nil // rights by groups are not given then
	}
	groups = append(groups, os.Getgid())
	admin := uid == 0 || owns(uid, dir)
	for _, g := range groups {
		c.SIDs = append(c.SIDs, nt.UnixGroup(uint32(g)))
		if adminGroup == "" {
			continue
		}
		if grp, err := user.LookupGroup(adminGroup); err == nil && grp.Gid == strconv.Itoa(g) {
			admin = true
		}
	}
	if admin {
		c.SIDs = append(c.SIDs, nt.SIDAdministrators)
	}
	return c
}
