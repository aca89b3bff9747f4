package service

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// The rights, short.
const (
	mayR = eventlog.RightRead
	mayW = eventlog.RightWrite
	mayC = eventlog.RightClear
)

func callerOf(sids ...eventlog.SID) eventlog.Caller { return eventlog.Caller{SIDs: sids} }

// The callers that doors make.
var (
	callerRoot      = callerOf(nt.UnixUser(0), nt.UnixGroup(0), nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDAdministrators)
	callerUser      = callerOf(nt.UnixUser(1000), nt.UnixGroup(100), nt.SIDEveryone, nt.SIDAuthenticatedUsers)
	callerReader    = callerOf(nt.UnixUser(1001), nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDEventLogReaders)
	callerAnonymous = callerOf(nt.SIDAnonymous, nt.SIDEveryone)
	callerGuest     = callerOf("S-1-5-21-1-2-3-501", nt.SIDEveryone, nt.SIDAuthenticatedUsers, "S-1-5-32-546")
	callerSystem    = callerOf(nt.SIDSystem)
)

func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		log  string
		who  string
		c    eventlog.Caller
		want eventlog.Rights
	}{
		{"Application", "root", callerRoot, mayR | mayW | mayC},
		{"Application", "system", callerSystem, mayR | mayW | mayC},
		{"application", "user", callerUser, mayR | mayW},
		{"Application", "reader", callerReader, mayR | mayW},
		{"Application", "anonymous", callerAnonymous, 0},
		{"Application", "guest", callerGuest, 0},
		{"Application", "nobody", eventlog.Caller{}, 0},
		{"Own/Log", "user", callerUser, mayR | mayW},
		{"Own/Log", "anonymous", callerAnonymous, 0},
		{"System", "root", callerRoot, mayR | mayW | mayC},
		{"System", "system", callerSystem, mayR | mayW | mayC},
		{"SYSTEM", "user", callerUser, mayR},
		{"System", "reader", callerReader, mayR},
		{"System", "anonymous", callerAnonymous, 0},
		{"System", "guest", callerGuest, 0},
		{"Security", "root", callerRoot, mayR | mayC},
		{"Security", "system", callerSystem, mayR | mayC},
		{"security", "user", callerUser, 0},
		{"Security", "reader", callerReader, mayR},
		{"Security", "anonymous", callerAnonymous, 0},
		{"Security", "guest", callerGuest, 0},
	} {
		a, err := accessOf(tt.log, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := a.allowed(tt.c); got != tt.want {
			t.Errorf("%s: %s may do %d, want %d", tt.log, tt.who, got, tt.want)
		}
	}
	for _, s := range []string{DefaultSDDL, DefaultSystemSDDL, DefaultSecuritySDDL} {
		if err := checkSDDL(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// Event Log Readers get nothing beyond reading Security.
func TestReadersGetNoMore(t *testing.T) {
	for _, log := range []string{"System", "Application", "other"} {
		a, err := accessOf(log, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := a.allowed(callerOf(nt.SIDEventLogReaders)); got != 0 {
			t.Errorf("%s: %d", log, got)
		}
	}
}

func TestNobodyWritesSecurity(t *testing.T) {
	a, err := accessOf("SECURITY", "D:(A;;GA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.allowed(callerRoot); got != mayR|mayC {
		t.Errorf("%d, want %d", got, mayR|mayC)
	}
}

func TestAllowed(t *testing.T) {
	const unix = "S-1-22-1-1000"
	for _, tt := range []struct {
		name string
		sddl string
		c    eventlog.Caller
		want eventlog.Rights
	}{
		{"an empty DACL allows nothing", "D:", callerRoot, 0},
		{"a protected empty one too", "O:BAG:SYD:PAIAR", callerRoot, 0},
		{"allow", "D:(A;;0x1;;;S-1-22-1-1000)", callerUser, mayR},
		{"of somebody else", "D:(A;;0x7;;;S-1-22-1-1001)", callerUser, 0},
		{"of a group", "D:(A;;0x2;;;S-1-22-2-100)", callerUser, mayW},
		{"many add up", "D:(A;;0x1;;;AU)(A;;0x4;;;S-1-22-1-1000)", callerUser, mayR | mayC},
		{"deny first", "D:(D;;0x2;;;S-1-22-1-1000)(A;;0x7;;;AU)", callerUser, mayR | mayC},
		{"deny comes too late", "D:(A;;0x3;;;AU)(D;;0x7;;;S-1-22-1-1000)", callerUser, mayR | mayW},
		{"deny takes what is not granted yet", "D:(A;;0x1;;;AU)(D;;0x3;;;AU)(A;;0x7;;;AU)", callerUser, mayR | mayC},
		{"deny of another", "D:(D;;0x7;;;BA)(A;;0x7;;;AU)", callerUser, mayR | mayW | mayC},
		{"the owner has nothing", "O:S-1-22-1-1000D:(A;;0x1;;;BA)", callerUser, 0},
		{"owner rights mean nobody", "O:S-1-22-1-1000D:(A;;0x7;;;OW)(A;;0x7;;;CO)", callerUser, 0},
		{"inherit only", "D:(A;IO;0x7;;;AU)(A;CIIO;0x7;;;AU)(A;OICI;0x1;;;AU)", callerUser, mayR},
		{"inherit only deny", "D:(D;IO;0x7;;;AU)(A;ID;0x1;;;AU)", callerUser, mayR},
		{"generic read", "D:(A;;GR;;;AU)", callerUser, mayR},
		{"generic write", "D:(A;;GW;;;AU)", callerUser, mayW},
		{"generic execute", "D:(A;;GX;;;AU)", callerUser, 0},
		{"generic all", "D:(A;;GA;;;AU)", callerUser, mayR | mayW | mayC},
		{"generic read and write", "D:(A;;GRGW;;;AU)", callerUser, mayR | mayW},
		{"generic in a deny", "D:(D;;GW;;;AU)(A;;GA;;;AU)", callerUser, mayR | mayC},
		{"standard rights", "D:(A;;RCSDWDWO;;;AU)", callerUser, 0},
		{"with standard rights", "D:(A;;0xf0007;;;AU)", callerUser, mayR | mayW | mayC},
		{"other bits", "D:(A;;0x8;;;AU)(A;;0x00100100;;;AU)", callerUser, 0},
		{"the names of the lowest bits", "D:(A;;CCLC;;;AU)", callerUser, mayR | mayC},
		{"and of the other", "D:(A;;DC;;;AU)", callerUser, mayW},
		{"file names together", "D:(A;;FRGW;;;AU)", callerUser, mayR | mayW},
		{"decimal", "D:(A;;5;;;AU)", callerUser, mayR | mayC},
		{"octal", "D:(A;;07;;;AU)", callerUser, mayR | mayW | mayC},
		{"capital hexadecimal", "D:(A;;0X3;;;AU)", callerUser, mayR | mayW},
		{"no rights", "D:(A;;;;;AU)", callerUser, 0},
		{"the SID not canonical in the rule", "D:(A;;0x1;;;S-1-0x16-01-1000)", callerUser, mayR},
		{"nor in the caller", "D:(A;;0x1;;;S-1-22-1-1000)", callerOf("s-1-22-1-01000"), mayR},
		{"a caller's SID that is none", "D:(A;;0x7;;;AU)", callerOf(nt.SIDAuthenticatedUsers, "root"), 0},
		{"an empty one", "D:(A;;0x7;;;AU)", callerOf(nt.SIDAuthenticatedUsers, ""), 0},
		{"a mask takes away", "D:(A;;0x7;;;AU)", eventlog.Caller{SIDs: callerUser.SIDs, Mask: mayR | mayC}, mayR | mayC},
		{"a mask gives nothing", "D:(A;;0x1;;;AU)", eventlog.Caller{SIDs: callerUser.SIDs, Mask: mayW | mayC}, 0},
		{"a high authority", "D:(A;;0x1;;;S-1-0x123456789abc-7)", callerOf("S-1-0x123456789abc-7"), mayR},
		{"fifteen sub-authorities", "D:(A;;0x1;;;S-1-9-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15)", callerOf("S-1-9-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15"), mayR},
		{"the DACL first", "D:(A;;0x1;;;AU)O:BAG:SY", callerUser, mayR},

		// Kinds that are not understood refuse all, wherever they stand.
		{"conditional", `D:(A;;0x7;;;AU)(XA;;0x1;;;AU;(@User.Title=="PM;)(" && (Member_of {SID(BA)})))`, callerUser, 0},
		{"conditional deny", `D:(XD;;0x1;;;S-1-5-21-9;(Member_of {SID(BA)}))(A;;0x7;;;AU)`, callerRoot, 0},
		{"object", "D:(OA;;0x7;bf967aba-0de6-11d0-a285-00aa003049e2;;AU)(A;;0x7;;;AU)", callerRoot, 0},
		{"object deny", "D:(A;;0x7;;;AU)(OD;;0x7;bf967aba-0de6-11d0-a285-00aa003049e2;;BG)", callerRoot, 0},
		{"audit", "D:(AU;SA;0x7;;;WD)(A;;0x7;;;AU)", callerRoot, 0},
		{"alarm", "D:(AL;;0x7;;;WD)(A;;0x7;;;AU)", callerRoot, 0},
		{"mandatory label", "D:(ML;;NW;;;HI)(A;;0x7;;;AU)", callerRoot, 0},
		{"numeric", "D:(0x9;;0x7;;;WD)(A;;0x7;;;AU)", callerRoot, 0},
		{"inherit only too", "D:(OA;IO;0x7;;;WD)(A;;0x7;;;AU)", callerRoot, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := parseAccess(tt.sddl)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.allowed(tt.c); got != tt.want {
				t.Errorf("allowed %d, want %d", got, tt.want)
			}
			if err := checkSDDL(tt.sddl); (err != nil) != (a.unknown != "") {
				t.Errorf("checkSDDL: %v, unknown %q", err, a.unknown)
			}
		})
	}
	if a, err := parseAccess("D:(A;;GA;;;" + unix + ")"); err != nil || !cmp.Equal(a.aces, []ace{{rights: allRights, sid: unix}}, cmp.AllowUnexported(ace{})) {
		t.Errorf("%+v, %v", a, err)
	}
	if got := (*access)(nil).allowed(callerRoot); got != 0 {
		t.Errorf("no rules at all allow %d", got)
	}
}

func TestAliases(t *testing.T) {
	for alias, sid := range sidAliases {
		a, err := parseAccess("D:(A;;0x1;;;" + alias + ")")
		if sid == "" {
			if want := fmt.Sprintf("sddl at offset 12: %s is of a domain: write its whole SID: invalid argument", alias); err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", alias, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", alias, err)
			continue
		}
		if !sid.Valid() || a.allowed(callerOf(sid)) != mayR {
			t.Errorf("%s is not %s", alias, sid)
		}
	}
	for alias, sid := range map[string]nt.SID{ // those that the rules of event logs use
		"BA": "S-1-5-32-544", "SY": "S-1-5-18", "WD": "S-1-1-0", "AU": "S-1-5-11", "AN": "S-1-5-7", "BU": "S-1-5-32-545",
		"LS": "S-1-5-19", "NS": "S-1-5-20", "ER": "S-1-5-32-573", "IU": "S-1-5-4", "SU": "S-1-5-6", "SO": "S-1-5-32-549",
		"BO": "S-1-5-32-551", "BG": "S-1-5-32-546", "NU": "S-1-5-2",
	} {
		if sidAliases[alias] != sid {
			t.Errorf("%s is %s, want %s", alias, sidAliases[alias], sid)
		}
	}
}

// What Windows shows for its own logs is understood.
func TestWindowsDescriptors(t *testing.T) {
	for _, s := range []string{
		"O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x7;;;SO)(A;;0x3;;;IU)(A;;0x3;;;SU)(A;;0x3;;;S-1-5-3)(A;;0x3;;;S-1-5-33)(A;;0x1;;;S-1-5-32-573)",
		"O:BAG:SYD:(A;;0xf0005;;;SY)(A;;0x5;;;BA)(A;;0x1;;;S-1-5-32-573)",
		"O:BAG:SYD:(D;;0xf0007;;;AN)(D;;0xf0007;;;BG)(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x5;;;SO)(A;;0x1;;;IU)(A;;0x1;;;SU)",
		"O:BAG:SYD:(A;;CCDCLCSDRCWDWO;;;SY)(A;;CCDCLC;;;BA)",
	} {
		if err := checkSDDL(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestParseAccessErrors(t *testing.T) {
	long := "D:" + strings.Repeat("(A;;0x1;;;AU)", maxSDDLACEs)
	if _, err := parseAccess(long); err != nil {
		t.Errorf("%d ACEs: %v", maxSDDLACEs, err)
	}
	for _, tt := range []struct{ name, sddl, want string }{
		{"empty", "", "sddl at offset 0: there is no DACL (D:): invalid argument"},
		{"no DACL", "O:BAG:SY", "sddl at offset 8: there is no DACL (D:): invalid argument"},
		{"null DACL", "O:BAD:NO_ACCESS_CONTROL", "sddl at offset 6: a null DACL, which would allow everything to everybody: invalid argument"},
		{"junk first", "xD:(A;;0x1;;;BA)", `sddl at offset 0: have "xD:(A;;0x1;;;BA)", want O:, G: or D:: invalid argument`},
		{"junk", "hello", `sddl at offset 0: have "hello", want O:, G: or D:: invalid argument`},
		{"small letters", "d:(A;;0x1;;;BA)", `sddl at offset 0: have "d:(A;;0x1;;;BA)", want O:, G: or D:: invalid argument`},
		{"a space before", " D:", `sddl at offset 0: have " D:", want O:, G: or D:: invalid argument`},
		{"junk behind", "D:(A;;0x1;;;BA) ", `sddl at offset 15: have " ", want O:, G: or D:: invalid argument`},
		{"twice", "D:(A;;0x1;;;BA)D:", "sddl at offset 15: a second D:: invalid argument"},
		{"owner twice", "O:BAO:BAD:", "sddl at offset 4: a second O:: invalid argument"},
		{"SACL", "D:S:(AU;SA;0x1;;;WD)", "sddl at offset 2: a SACL (S:) is not supported: invalid argument"},
		{"no owner", "O:D:", "sddl at offset 2: sid: empty: invalid argument"},
		{"colons", "O::::", "sddl at offset 2: sid: empty: invalid argument"},
		{"unknown owner", "O:XXD:", `sddl at offset 2: unknown alias "XX" of a SID: invalid argument`},
		{"group is no SID", "G:S-1-D:", `sddl at offset 2: sid "S-1-": authority is not a number: invalid argument`},
		{"unknown flag of the DACL", "D:PXAI(A;;0x1;;;BA)", `sddl at offset 3: have "XAI", want a flag of the DACL (P, AI, AR) or an ACE: invalid argument`},
		{"not closed", "D:(A;;0x1;;;BA", "sddl at offset 2: ACE 1 is not closed: invalid argument"},
		{"only opened", "D:(A;;0x1;;;BA)(", "sddl at offset 15: ACE 2 is not closed: invalid argument"},
		{"a string not closed", `D:(XA;;0x1;;;BA;(a=="))`, "sddl at offset 2: ACE 1 is not closed: invalid argument"},
		{"empty ACE", "D:()", `sddl at offset 3: ACE 1: unknown kind "": invalid argument`},
		{"unknown kind", "D:(A;;1;;;BA)(Q;;1;;;BA)", `sddl at offset 14: ACE 2: unknown kind "Q": invalid argument`},
		{"few fields", "D:(A;;0x1;;BA)", "sddl at offset 2: ACE 1 has 5 fields, want 6: invalid argument"},
		{"many fields", "D:(A;;0x1;;;BA;)", "sddl at offset 2: ACE 1 has 7 fields, want 6: invalid argument"},
		{"unknown flag", "D:(A;CIXX;0x1;;;BA)", `sddl at offset 7: ACE 1: unknown flag "XX": invalid argument`},
		{"half a flag", "D:(A;CIO;0x1;;;BA)", `sddl at offset 7: ACE 1: unknown flag "O": invalid argument`},
		{"audit flag", "D:(A;SA;0x1;;;BA)", `sddl at offset 5: ACE 1: unknown flag "SA": invalid argument`},
		{"half a right", "D:(A;;GRG;;;BA)", `sddl at offset 6: ACE 1: unknown rights "G": invalid argument`},
		{"unknown right", "D:(A;;GRXX;;;BA)", `sddl at offset 6: ACE 1: unknown rights "XX": invalid argument`},
		{"rights not a number", "D:(A;;0xg;;;BA)", `sddl at offset 6: ACE 1: rights "0xg" are not a number of 32 bits: invalid argument`},
		{"rights too large", "D:(A;;0x100000000;;;BA)", `sddl at offset 6: ACE 1: rights "0x100000000" are not a number of 32 bits: invalid argument`},
		{"rights as Go writes them", "D:(A;;0b1;;;BA)", `sddl at offset 6: ACE 1: rights "0b1" are not a number of 32 bits: invalid argument`},
		{"object GUID", "D:(A;;0x1;bf967aba-0de6-11d0-a285-00aa003049e2;;BA)", "sddl at offset 10: ACE 1: a GUID is for objects, which a log has none of: invalid argument"},
		{"inherited object GUID", "D:(A;;0x1;;x;BA)", "sddl at offset 11: ACE 1: a GUID is for objects, which a log has none of: invalid argument"},
		{"no SID", "D:(A;;0x1;;;)", "sddl at offset 12: sid: empty: invalid argument"},
		{"unknown alias", "D:(A;;0x1;;;ZZ)", `sddl at offset 12: unknown alias "ZZ" of a SID: invalid argument`},
		{"a name", "D:(A;;0x1;;;root)", `sddl at offset 12: sid "root": does not begin with S-: invalid argument`},
		{"a domain's alias", "D:(A;;0x1;;;DA)", "sddl at offset 12: DA is of a domain: write its whole SID: invalid argument"},
		{"too long", "D:" + strings.Repeat("P", maxSDDLLen), "sddl: 16386 bytes, at most 16384: over a limit"},
		{"too many", long + "(A;;0x1;;;AU)", "sddl at offset 3330: over 256 ACEs: over a limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := parseAccess(tt.sddl)
			if err == nil || err.Error() != tt.want {
				t.Fatalf("\n got %v\nwant %s", err, tt.want)
			}
			if a != nil || !errors.Is(err, eventlog.ErrInvalid) && !errors.Is(err, eventlog.ErrTooLarge) {
				t.Errorf("%v, %v", a, err)
			}
			if err := checkSDDL(tt.sddl); err == nil {
				t.Error("checkSDDL has no error")
			}
		})
	}
	want := "sddl at offset 14: ACE 2 is of kind OD, and only A and D are understood: invalid argument"
	if err := checkSDDL("D:(A;;1;;;AU)(OD;;1;;;AU)"); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestLargest is the largest descriptor that the limits allow.
func TestLargest(t *testing.T) {
	sid := "S-1-9" + strings.Repeat("-1", nt.MaxSubAuthorities)
	a, err := parseAccess("D:" + strings.Repeat("(A;;1;;;"+sid+")", maxSDDLACEs))
	if err != nil || len(a.aces) != maxSDDLACEs || a.allowed(callerOf(eventlog.SID(sid))) != mayR {
		t.Errorf("%v", err)
	}
}

func TestIsAdministrator(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    eventlog.Caller
		want bool
	}{
		{"root", callerRoot, true},
		{"user", callerUser, false},
		{"reader", callerReader, false},
		{"system", callerSystem, false},
		{"nobody", eventlog.Caller{}, false},
		{"not canonical", callerOf("S-1-05-32-0544"), true},
		{"with a SID that is none", callerOf(nt.SIDAdministrators, "x"), false},
		{"with a mask", eventlog.Caller{SIDs: callerRoot.SIDs, Mask: allRights}, false},
	} {
		if got := isAdministrator(tt.c); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// FuzzAccess: no panic and an end; what is understood is in bounds, means the
// same when it is written anew, and a deny in front of it leaves nothing.
func FuzzAccess(f *testing.F) {
	for _, s := range []string{
		DefaultSDDL, DefaultSystemSDDL, DefaultSecuritySDDL, "", "D:", "D:NO_ACCESS_CONTROL", "xD:", "D:(A;;7;;;BA)",
		`D:(XA;;0x1;;;AU;(@User.Title=="PM;)("))(A;;GRGW;;;ER)`, "D:PAI(OA;IO;0x7;;;WD)(A;OICI;0xf0007;;;S-1-22-1-0)O:LA", "S:(AU;SAFA;GA;;;WD)",
	} {
		f.Add(s)
	}
	everybody := callerOf(nt.SIDEveryone, nt.SIDAuthenticatedUsers, nt.SIDAdministrators, nt.SIDSystem)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseAccess(s)
		if err != nil {
			if !errors.Is(err, eventlog.ErrInvalid) && !errors.Is(err, eventlog.ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		granted := a.allowed(everybody)
		if granted&^allRights != 0 || a.unknown != "" && granted != 0 {
			t.Fatalf("granted %x", granted)
		}
		var b strings.Builder
		b.WriteString("D:")
		for _, e := range a.aces {
			kind := "A"
			if e.deny {
				kind = "D"
			}
			fmt.Fprintf(&b, "(%s;;0x%x;;;%s)", kind, e.rights, e.sid)
		}
		again, err := parseAccess(b.String())
		if err != nil && !errors.Is(err, eventlog.ErrTooLarge) {
			t.Fatal(err)
		}
		if err == nil && !cmp.Equal(a.aces, again.aces, cmp.AllowUnexported(ace{})) {
			t.Fatal(cmp.Diff(a.aces, again.aces, cmp.AllowUnexported(ace{})))
		}
		if i := strings.IndexByte(s, '('); i >= 0 && len(a.aces) > 0 && len(a.aces) < 200 && len(s) < maxSDDLLen-64 {
			denied, err := parseAccess(s[:i] + "(D;;GA;;;WD)" + s[i:])
			if err != nil || denied.allowed(everybody) != 0 {
				t.Fatalf("with a deny in front: %v, %v", denied, err)
			}
		}
	})
}
