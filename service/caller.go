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
	uid := os.Getuid()
	if u, err := user.Current(); err == nil {
		c.Name = u.Username
	}
	if uid < 0 { // no such thing on this system: whoever may open the files may all
		c.SIDs = []eventlog.SID{nt.SIDAdministrators, nt.SIDEveryone, nt.SIDAuthenticatedUsers}
		return c
	}
	groups, err := os.Getgroups()
	if err != nil {
		groups = nil // rights by groups are not given then
	}
	var gids []uint32
	admin := uid == 0 || owns(uid, dir)
	for _, g := range append(groups, os.Getgid()) {
		gids = append(gids, uint32(g))
		if adminGroup == "" {
			continue
		}
		if grp, err := user.LookupGroup(adminGroup); err == nil && grp.Gid == strconv.Itoa(g) {
			admin = true
		}
	}
	c.SIDs = UnixSIDs(uint32(uid), gids, admin)
	return c
}

// UnixSIDs is a user of this machine: the uid's first, those of the groups, the
// administrators' for one, Everyone and Authenticated Users.
func UnixSIDs(uid uint32, gids []uint32, admin bool) []eventlog.SID {
	sids := []eventlog.SID{nt.UnixUser(uid)}
	for _, g := range gids {
		sids = append(sids, nt.UnixGroup(g))
	}
	if admin {
		sids = append(sids, nt.SIDAdministrators)
	}
	return append(sids, nt.SIDEveryone, nt.SIDAuthenticatedUsers)
}
