package service

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// The access rules that a log has until it is given others, as security
// descriptors in SDDL. The rights are those of the event log: 0x1 read, 0x2
// write, 0x4 clear. An owner has no right for being it.
const (
	// DefaultSDDL is for Application and for every log that is created: nobody
	// anonymous (AN) and no guest (BG) may do anything; SYSTEM (SY) and the
	// administrators (BA) read, write and clear; whoever is authenticated (AU),
	// and so every local user, reads and writes.
	DefaultSDDL = "O:BAG:SYD:(D;;0x7;;;AN)(D;;0x7;;;BG)(A;;0x7;;;SY)(A;;0x7;;;BA)(A;;0x3;;;AU)"

	// DefaultSystemSDDL is for System: as DefaultSDDL, but only SYSTEM and the
	// administrators write, so that nobody else puts words into the mouth of a
	// part of the system. A service that is no administrator reports to
	// Application, or is allowed here by its S-1-22-1-uid.
	DefaultSystemSDDL = "O:BAG:SYD:(D;;0x7;;;AN)(D;;0x7;;;BG)(A;;0x7;;;SY)(A;;0x7;;;BA)(A;;0x1;;;AU)"

	// DefaultSecuritySDDL is for Security: SYSTEM and the administrators read
	// and clear; Event Log Readers (ER, S-1-5-32-573) read, which is all that
	// this role gives anywhere; nobody writes. The right to write cannot be
	// given either: rules that do give it for nothing, see accessOf.
	DefaultSecuritySDDL = "O:BAG:SYD:(A;;0x5;;;SY)(A;;0x5;;;BA)(A;;0x1;;;ER)"
)

// Limits of access rules. Under them the descriptor in its binary form fits the
// 65,535 bytes of an ACL, whatever its SIDs are.
const (
	maxSDDLLen  = 16 << 10 // bytes of text
	maxSDDLACEs = 256
)

// allRights is what there is to allow.
const allRights = eventlog.RightRead | eventlog.RightWrite | eventlog.RightClear

// defaultSDDL is the rules of a log that was given none.
func defaultSDDL(logName string) string {
	switch {
	case eventlog.EqualFold(logName, logSecurity):
		return DefaultSecuritySDDL
	case eventlog.EqualFold(logName, logSystem):
		return DefaultSystemSDDL
	}
	return DefaultSDDL
}

// access is who may do what with one log. It is never changed.
type access struct {
	log     string // that the rules are of
	aces    []ace
	never   eventlog.Rights // what no rule can give
	unknown string          // an ACE that is not understood, and its place; then nobody may do anything
}

// ace is an entry of the DACL that counts for the log itself.
type ace struct {
	deny   bool
	rights eventlog.Rights
	sid    nt.SID
}

// accessOf is the rules of a log: sddl, or the default where that is empty.
// Nobody gets the right to write to Security, whatever sddl says: only the
// service itself reports there, and asks nobody.
func accessOf(logName, sddl string) (*access, error) {
	if sddl == "" {
		sddl = defaultSDDL(logName)
	}
	a, err := parseAccess(sddl)
	if err != nil {
		return nil, err
	}
	a.log = logName
	if eventlog.EqualFold(logName, logSecurity) {
		a.never = eventlog.RightWrite
	}
	return a, nil
}

// checkSDDL is the judge of rules that somebody wants to give to a log. It wants
// more than parseAccess: rules with an ACE that is not understood would shut
// everybody out, so they are an error here. What is refused wraps ErrInvalid.
func checkSDDL(sddl string) error {
	a, err := parseAccess(sddl)
	if err == nil && a.unknown != "" {
		err = fmt.Errorf("sddl %s: %w", a.unknown, eventlog.ErrInvalid)
	}
	return err
}

// parseAccess parses a security descriptor. Owner and group are checked and mean
// nothing. A SACL is an error, because it would not be obeyed, and so is a
// descriptor without a DACL or with a null one, which in Windows allows
// everything to everybody; an empty DACL is well, and allows nothing. Rules with
// an ACE of a kind other than allow and deny are no error: they allow nothing to
// anybody, since what that ACE would have taken away is not known.
//
// Errors wrap ErrInvalid or ErrTooLarge and name the offset in the text in bytes.
func parseAccess(text string) (*access, error) {
	t := sddlText{s: text}
	if err := t.scan(); err != nil {
		return nil, err
	}
	return &access{aces: t.aces, unknown: t.unknown}, nil
}

// allowed is what the caller may do: the ACEs are taken in order, and what comes
// first counts. A caller with a SID that is none may do nothing: an ACE that
// denies could have been meant for it.
func (a *access) allowed(c eventlog.Caller) eventlog.Rights {
	sids, err := canonicalSIDs(c.SIDs)
	if err != nil || a == nil || a.unknown != "" || c.Only != "" && !eventlog.EqualFold(c.Only, a.log) {
		return 0
	}
	var granted, denied eventlog.Rights
	for _, e := range a.aces {
		switch {
		case !slices.Contains(sids, e.sid):
		case e.deny:
			denied |= e.rights &^ granted
		default:
			granted |= e.rights &^ denied
		}
	}
	if c.Mask != 0 {
		granted &= c.Mask
	}
	return granted &^ a.never
}

// isAdministrator says whether c may change settings, logs and sources. A caller
// from whom anything was taken away may not: what is left is rights to logs, and
// administrating is none of them.
func isAdministrator(c eventlog.Caller) bool {
	sids, err := canonicalSIDs(c.SIDs)
	return err == nil && c.Whole() && slices.Contains(sids, nt.SIDAdministrators)
}

// canonicalSIDs is sids as they compare.
func canonicalSIDs(sids []eventlog.SID) ([]eventlog.SID, error) {
	for i, s := range sids {
		if s.Valid() {
			continue
		}
		p, err := nt.ParseSID(string(s))
		if err != nil {
			return nil, err
		}
		sids = slices.Clone(sids)
		sids[i] = p
	}
	return sids, nil
}

// The generic rights ([MS-DTYP] 2.4.3). GENERIC_EXECUTE (GX) is nothing in an
// event log.
const (
	genericRead  = 0x80000000
	genericWrite = 0x40000000
	genericAll   = 0x10000000
)

// rightsOf maps an access mask to the rights of an event log. What else it has,
// the standard rights above all, means nothing here.
func rightsOf(mask uint32) eventlog.Rights {
	r := eventlog.Rights(mask) & allRights
	if mask&genericRead != 0 {
		r |= eventlog.RightRead
	}
	if mask&genericWrite != 0 {
		r |= eventlog.RightWrite
	}
	if mask&genericAll != 0 {
		r |= allRights
	}
	return r
}

// sddlText reads a security descriptor's text ([MS-DTYP] 2.5.1.1): as much of the
// language as rules of access are made of. The Go library that there is for it
// (cloudsoda/sddl) takes AN and ten more aliases for other SIDs than they are,
// has no ER, panics on some masks, and is under the LGPL, which does not go with
// one static binary.
type sddlText struct {
	s       string
	at      int
	count   int    // of the ACEs that were read
	aces    []ace  // those that count
	unknown string // the first that is not understood
}

func (t *sddlText) fail(at int, format string, args ...any) error {
	return fmt.Errorf("sddl at offset %d: %s: %w", at, fmt.Sprintf(format, args...), eventlog.ErrInvalid)
}

// scan reads all components.
func (t *sddlText) scan() error {
	if len(t.s) > maxSDDLLen {
		return fmt.Errorf("sddl: %d bytes, at most %d: %w", len(t.s), maxSDDLLen, eventlog.ErrTooLarge)
	}
	seen := ""
	for t.at < len(t.s) {
		begin := t.at
		if begin+1 >= len(t.s) || t.s[begin+1] != ':' || !strings.Contains("OGDS", t.s[begin:begin+1]) {
			return t.fail(begin, "have %s, want O:, G: or D:", quote.Short(t.s[begin:]))
		}
		component := t.s[begin : begin+1]
		if strings.Contains(seen, component) {
			return t.fail(begin, "a second %s:", component)
		}
		seen += component
		t.at += 2
		var err error
		switch component {
		case "O", "G":
			end := t.valueEnd()
			_, err = t.sid(t.at, t.s[t.at:end])
			t.at = end
		case "D":
			err = t.dacl()
		default:
			err = t.fail(begin, "a SACL (S:) is not supported")
		}
		if err != nil {
			return err
		}
	}
	if !strings.Contains(seen, "D") {
		return t.fail(len(t.s), "there is no DACL (D:)")
	}
	return nil
}

// valueEnd is where the next component begins: one letter before a colon, of
// which there is none in SIDs and flags.
func (t *sddlText) valueEnd() int {
	i := strings.IndexByte(t.s[t.at:], ':')
	if i < 0 {
		return len(t.s)
	}
	return t.at + max(i-1, 0)
}

// dacl reads flags and ACEs. The flags are about inheriting, and so nothing to a
// log, which has no parent.
func (t *sddlText) dacl() error {
	begin, end := t.at, t.valueEnd()
	if i := strings.IndexByte(t.s[t.at:end], '('); i >= 0 {
		end = t.at + i
	}
	if t.s[begin:end] == "NO_ACCESS_CONTROL" {
		return t.fail(begin, "a null DACL, which would allow everything to everybody")
	}
	for t.at < end {
		rest := t.s[t.at:end]
		switch {
		case strings.HasPrefix(rest, "AI"), strings.HasPrefix(rest, "AR"):
			t.at += 2
		case rest[0] == 'P':
			t.at++
		default:
			return t.fail(t.at, "have %s, want a flag of the DACL (P, AI, AR) or an ACE", quote.Short(rest))
		}
	}
	for t.at < len(t.s) && t.s[t.at] == '(' {
		if err := t.ace(); err != nil {
			return err
		}
	}
	return nil
}

// otherACEs are the kinds that are not understood: of objects, audit, alarm,
// callback (conditional), labels, attributes, policies.
var otherACEs = []string{
	"OA", "OD", "AU", "AL", "OU", "OL", "ML", "XA", "XD", "XU", "ZA", "RA", "SP", "TL", "FL",
}

// ace reads one ACE.
func (t *sddlText) ace() error {
	begin := t.at
	t.count++
	n := t.count
	if n > maxSDDLACEs {
		return fmt.Errorf("sddl at offset %d: over %d ACEs: %w", begin, maxSDDLACEs, eventlog.ErrTooLarge)
	}
	end := aceEnd(t.s, begin)
	if end < 0 {
		return t.fail(begin, "ACE %d is not closed", n)
	}
	t.at = end + 1
	body := t.s[begin+1 : end]
	kind, _, _ := strings.Cut(body, ";")
	if kind != "A" && kind != "D" {
		if _, err := strconv.ParseUint(kind, 0, 8); err != nil && !slices.Contains(otherACEs, kind) {
			return t.fail(begin+1, "ACE %d: unknown kind %s", n, quote.Short(kind))
		}
		if t.unknown == "" {
			t.unknown = fmt.Sprintf("at offset %d: ACE %d is of kind %s, and only A and D are understood", begin+1, n, kind)
		}
		return nil
	}
	fields := strings.Split(body, ";")
	if len(fields) != 6 {
		return t.fail(begin, "ACE %d has %d fields, want 6", n, len(fields))
	}
	var at [6]int // of each field
	for i, off := 0, begin+1; i < 6; i++ {
		at[i] = off
		off += len(fields[i]) + 1
	}
	inheritOnly := false // then it does not count for the log itself
	for i := 0; i < len(fields[1]); i += 2 {
		if f := fields[1][i:min(i+2, len(fields[1]))]; !slices.Contains([]string{"CI", "OI", "NP", "IO", "ID"}, f) {
			return t.fail(at[1]+i, "ACE %d: unknown flag %s", n, quote.Short(f))
		} else if f == "IO" {
			inheritOnly = true
		}
	}
	mask, err := accessMask(fields[2])
	if err != nil {
		return t.fail(at[2], "ACE %d: %v", n, err)
	}
	for i := 3; i < 5; i++ {
		if fields[i] != "" {
			return t.fail(at[i], "ACE %d: a GUID is for objects, which a log has none of", n)
		}
	}
	sid, err := t.sid(at[5], fields[5])
	if err != nil {
		return err
	}
	if !inheritOnly {
		t.aces = append(t.aces, ace{deny: kind == "D", rights: rightsOf(mask), sid: sid})
	}
	return nil
}

// aceEnd is where the parenthesis at begin is closed, -1 if it is not.
// Conditions have parentheses and strings of their own.
func aceEnd(s string, begin int) int {
	depth, inString := 0, false
	for i := begin; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			inString = !inString
		case inString:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// maskNames are the rights that have two letters, of which those of directory
// objects are the lowest bits by other names: CC is 0x1, DC 0x2, LC 0x4.
var maskNames = map[string]uint32{
	"GA": genericAll, "GX": 0x20000000, "GW": genericWrite, "GR": genericRead,
	"WO": 0x00080000, "WD": 0x00040000, "RC": 0x00020000, "SD": 0x00010000,
	"CR": 0x0100, "LO": 0x0080, "DT": 0x0040, "WP": 0x0020, "RP": 0x0010, "SW": 0x0008, "LC": 0x0004, "DC": 0x0002, "CC": 0x0001,
	"FA": 0x001f01ff, "FR": 0x00120089, "FW": 0x00120116, "FX": 0x001200a0, // of files
	"KA": 0x000f003f, "KR": 0x00020019, "KW": 0x00020006, "KX": 0x00020019, // of registry keys
}

// accessMask reads the rights of an ACE: a number, hexadecimal behind 0x, octal
// behind 0, or two-letter names without anything between them.
func accessMask(s string) (uint32, error) {
	if s != "" && s[0] >= '0' && s[0] <= '9' {
		if n, err := strconv.ParseUint(s, 0, 32); err == nil && !strings.ContainsAny(s, "_bBoO") {
			return uint32(n), nil
		}
		return 0, fmt.Errorf("rights %s are not a number of 32 bits", quote.Short(s))
	}
	var mask uint32
	for i := 0; i < len(s); i += 2 {
		m, ok := maskNames[s[i:min(i+2, len(s))]]
		if !ok {
			return 0, fmt.Errorf("unknown rights %s", quote.Short(s[i:min(i+2, len(s))]))
		}
		mask |= m
	}
	return mask, nil
}

// sid reads a SID or its alias.
func (t *sddlText) sid(at int, s string) (nt.SID, error) {
	if len(s) != 2 {
		sid, err := nt.ParseSID(s)
		if err != nil {
			return "", t.fail(at, "%v", err)
		}
		return sid, nil
	}
	sid, ok := sidAliases[s]
	switch {
	case !ok:
		return "", t.fail(at, "unknown alias %s of a SID", quote.Short(s))
	case sid == "":
		return "", t.fail(at, "%s is of a domain: write its whole SID", s)
	}
	return sid, nil
}

// sidAliases are the two-letter names of SIDs ([MS-DTYP] 2.5.1.1, sddl.h); ""
// are those whose SID hangs on a domain.
var sidAliases = map[string]nt.SID{
	"AA": "S-1-5-32-579", // Access Control Assistance Operators
	"AC": "S-1-15-2-1",   // all application packages
	"AN": nt.SIDAnonymous,
	"AO": "S-1-5-32-548", // Account Operators
	"AS": "S-1-18-1",     // identity asserted by the authentication authority
	"AU": nt.SIDAuthenticatedUsers,
	"BA": nt.SIDAdministrators,
	"BG": "S-1-5-32-546", // Guests
	"BO": "S-1-5-32-551", // Backup Operators
	"BU": nt.SIDUsers,
	"CD": "S-1-5-32-574", // Certificate Service DCOM Access
	"CG": "S-1-3-1",      // CREATOR GROUP
	"CO": "S-1-3-0",      // CREATOR OWNER
	"CY": "S-1-5-32-569", // Cryptographic Operators
	"ED": "S-1-5-9",      // ENTERPRISE DOMAIN CONTROLLERS
	"ER": nt.SIDEventLogReaders,
	"ES": "S-1-5-32-576", // RDS Endpoint Servers
	"HA": "S-1-5-32-578", // Hyper-V Administrators
	"IS": "S-1-5-32-568", // IIS_IUSRS
	"IU": "S-1-5-4",      // INTERACTIVE
	"LS": nt.SIDLocalService,
	"LU": "S-1-5-32-559", // Performance Log Users
	"MS": "S-1-5-32-577", // RDS Management Servers
	"MU": "S-1-5-32-558", // Performance Monitor Users
	"NO": "S-1-5-32-556", // Network Configuration Operators
	"NS": nt.SIDNetworkService,
	"NU": "S-1-5-2",      // NETWORK
	"OW": "S-1-3-4",      // OWNER RIGHTS
	"PO": "S-1-5-32-550", // Print Operators
	"PS": "S-1-5-10",     // SELF
	"PU": "S-1-5-32-547", // Power Users
	"RA": "S-1-5-32-575", // RDS Remote Access Servers
	"RC": "S-1-5-12",     // RESTRICTED
	"RD": "S-1-5-32-555", // Remote Desktop Users
	"RE": "S-1-5-32-552", // Replicator
	"RM": "S-1-5-32-580", // Remote Management Users
	"RU": "S-1-5-32-554", // Pre-Windows 2000 Compatible Access
	"SO": "S-1-5-32-549", // Server Operators
	"SS": "S-1-18-2",     // identity asserted by a service
	"SU": "S-1-5-6",      // SERVICE
	"SY": nt.SIDSystem,
	"UD": "S-1-5-84-0-0-0-0-0", // USER MODE DRIVERS
	"WD": nt.SIDEveryone,
	"WR": "S-1-5-33", // WRITE RESTRICTED

	"AP": "", "CA": "", "CN": "", "DA": "", "DC": "", "DD": "", "DG": "", "DU": "", "EA": "", "EK": "",
	"KA": "", "LA": "", "LG": "", "PA": "", "RO": "", "RS": "", "SA": "",
}
