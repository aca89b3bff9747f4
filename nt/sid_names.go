package nt

import "strings"

// The well-known SIDs that have a part in the event log (MS-DTYP section
// 2.4.2.4).
const (
	SIDNull               SID = "S-1-0-0"      // NULL SID
	SIDEveryone           SID = "S-1-1-0"      // Everyone
	SIDNetwork            SID = "S-1-5-2"      // NT AUTHORITY\NETWORK
	SIDAnonymous          SID = "S-1-5-7"      // NT AUTHORITY\ANONYMOUS LOGON
	SIDAuthenticatedUsers SID = "S-1-5-11"     // NT AUTHORITY\Authenticated Users
	SIDSystem             SID = "S-1-5-18"     // NT AUTHORITY\SYSTEM
	SIDLocalService       SID = "S-1-5-19"     // NT AUTHORITY\LOCAL SERVICE
	SIDNetworkService     SID = "S-1-5-20"     // NT AUTHORITY\NETWORK SERVICE
	SIDAdministrators     SID = "S-1-5-32-544" // BUILTIN\Administrators
	SIDUsers              SID = "S-1-5-32-545" // BUILTIN\Users
	SIDEventLogReaders    SID = "S-1-5-32-573" // BUILTIN\Event Log Readers
)

// sidName is a well-known SID and its account name.
type sidName struct {
	sid  SID
	name string
}

// sidNames holds the SIDs that are the same on every computer, those of MS-DTYP
// section 2.4.2.4 and a few of later Windows, with the names that an English
// Windows shows for them, sorted by the bytes of the SID's text; TestSIDNames
// holds it so.
var sidNames = [...]sidName{
	{SIDNull, "NULL SID"},
	{SIDEveryone, "Everyone"},
	{"S-1-15-2-1", `APPLICATION PACKAGE AUTHORITY\ALL APPLICATION PACKAGES`},
	{"S-1-15-2-2", `APPLICATION PACKAGE AUTHORITY\ALL RESTRICTED APPLICATION PACKAGES`},
	{"S-1-16-0", `Mandatory Label\Untrusted Mandatory Level`},
	{"S-1-16-12288", `Mandatory Label\High Mandatory Level`},
	{"S-1-16-16384", `Mandatory Label\System Mandatory Level`},
	{"S-1-16-20480", `Mandatory Label\Protected Process Mandatory Level`},
	{"S-1-16-28672", `Mandatory Label\Secure Process Mandatory Level`},
	{"S-1-16-4096", `Mandatory Label\Low Mandatory Level`},
	{"S-1-16-8192", `Mandatory Label\Medium Mandatory Level`},
	{"S-1-16-8448", `Mandatory Label\Medium Plus Mandatory Level`},
	{"S-1-18-1", "Authentication authority asserted identity"},
	{"S-1-18-2", "Service asserted identity"},
	{"S-1-2-0", "LOCAL"},
	{"S-1-2-1", "CONSOLE LOGON"},
	{"S-1-3-0", "CREATOR OWNER"},
	{"S-1-3-1", "CREATOR GROUP"},
	{"S-1-3-2", "CREATOR OWNER SERVER"},
	{"S-1-3-3", "CREATOR GROUP SERVER"},
	{"S-1-3-4", "OWNER RIGHTS"},
	{"S-1-5-1", `NT AUTHORITY\DIALUP`},
	{"S-1-5-10", `NT AUTHORITY\SELF`},
	{"S-1-5-1000", `NT AUTHORITY\Other Organization`},
	{SIDAuthenticatedUsers, `NT AUTHORITY\Authenticated Users`},
	{"S-1-5-113", `NT AUTHORITY\Local account`},
	{"S-1-5-114", `NT AUTHORITY\Local account and member of Administrators group`},
	{"S-1-5-12", `NT AUTHORITY\RESTRICTED`},
	{"S-1-5-13", `NT AUTHORITY\TERMINAL SERVER USER`},
	{"S-1-5-14", `NT AUTHORITY\REMOTE INTERACTIVE LOGON`},
	{"S-1-5-15", `NT AUTHORITY\This Organization`},
	{"S-1-5-17", `NT AUTHORITY\IUSR`},
	{SIDSystem, `NT AUTHORITY\SYSTEM`},
	{SIDLocalService, `NT AUTHORITY\LOCAL SERVICE`},
	{"S-1-5-2", `NT AUTHORITY\NETWORK`},
	{SIDNetworkService, `NT AUTHORITY\NETWORK SERVICE`},
	{"S-1-5-3", `NT AUTHORITY\BATCH`},
	{SIDAdministrators, `BUILTIN\Administrators`},
	{SIDUsers, `BUILTIN\Users`},
	{"S-1-5-32-546", `BUILTIN\Guests`},
	{"S-1-5-32-547", `BUILTIN\Power Users`},
	{"S-1-5-32-548", `BUILTIN\Account Operators`},
	{"S-1-5-32-549", `BUILTIN\Server Operators`},
	{"S-1-5-32-550", `BUILTIN\Print Operators`},
	{"S-1-5-32-551", `BUILTIN\Backup Operators`},
	{"S-1-5-32-552", `BUILTIN\Replicator`},
	{"S-1-5-32-554", `BUILTIN\Pre-Windows 2000 Compatible Access`},
	{"S-1-5-32-555", `BUILTIN\Remote Desktop Users`},
	{"S-1-5-32-556", `BUILTIN\Network Configuration Operators`},
	{"S-1-5-32-557", `BUILTIN\Incoming Forest Trust Builders`},
	{"S-1-5-32-558", `BUILTIN\Performance Monitor Users`},
	{"S-1-5-32-559", `BUILTIN\Performance Log Users`},
	{"S-1-5-32-560", `BUILTIN\Windows Authorization Access Group`},
	{"S-1-5-32-561", `BUILTIN\Terminal Server License Servers`},
	{"S-1-5-32-562", `BUILTIN\Distributed COM Users`},
	{"S-1-5-32-568", `BUILTIN\IIS_IUSRS`},
	{"S-1-5-32-569", `BUILTIN\Cryptographic Operators`},
	{SIDEventLogReaders, `BUILTIN\Event Log Readers`},
	{"S-1-5-32-574", `BUILTIN\Certificate Service DCOM Access`},
	{"S-1-5-32-575", `BUILTIN\RDS Remote Access Servers`},
	{"S-1-5-32-576", `BUILTIN\RDS Endpoint Servers`},
	{"S-1-5-32-577", `BUILTIN\RDS Management Servers`},
	{"S-1-5-32-578", `BUILTIN\Hyper-V Administrators`},
	{"S-1-5-32-579", `BUILTIN\Access Control Assistance Operators`},
	{"S-1-5-32-580", `BUILTIN\Remote Management Users`},
	{"S-1-5-32-581", `BUILTIN\System Managed Accounts Group`},
	{"S-1-5-32-582", `BUILTIN\Storage Replica Administrators`},
	{"S-1-5-32-583", `BUILTIN\Device Owners`},
	{"S-1-5-32-585", `BUILTIN\OpenSSH Users`},
	{"S-1-5-33", `NT AUTHORITY\WRITE RESTRICTED`},
	{"S-1-5-4", `NT AUTHORITY\INTERACTIVE`},
	{"S-1-5-6", `NT AUTHORITY\SERVICE`},
	{"S-1-5-64-10", `NT AUTHORITY\NTLM Authentication`},
	{"S-1-5-64-14", `NT AUTHORITY\SChannel Authentication`},
	{"S-1-5-64-21", `NT AUTHORITY\Digest Authentication`},
	{"S-1-5-65-1", `NT AUTHORITY\This Organization Certificate`},
	{SIDAnonymous, `NT AUTHORITY\ANONYMOUS LOGON`},
	{"S-1-5-8", `NT AUTHORITY\PROXY`},
	{"S-1-5-80-0", `NT SERVICE\ALL SERVICES`},
	{"S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", `NT SERVICE\TrustedInstaller`},
	{"S-1-5-83-0", `NT VIRTUAL MACHINE\Virtual Machines`},
	{"S-1-5-84-0-0-0-0-0", `NT AUTHORITY\USER MODE DRIVERS`},
	{"S-1-5-9", `NT AUTHORITY\ENTERPRISE DOMAIN CONTROLLERS`},
	{"S-1-5-90-0", `Window Manager\Window Manager Group`},
}

// wellKnown returns the row for a canonical text, nil if there is none. It is a
// loop of its own because only so does comparing bytes with a string need no
// copy of them.
func wellKnown[T SID | []byte](text T) *sidName {
	lo, hi := 0, len(sidNames)
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if string(sidNames[mid].sid) < string(text) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(sidNames) || string(sidNames[lo].sid) != string(text) {
		return nil
	}
	return &sidNames[lo]
}

// Name returns the account name of a well-known SID as an English Windows shows
// it, domain included where there is one ("NT AUTHORITY\SYSTEM", "Everyone"), ""
// for every other SID.
func (s SID) Name() string {
	if r := wellKnown(s); r != nil {
		return r.name
	}
	return ""
}

// WellKnownSID returns the SID that has name, which is what Name returns or the
// part of it behind the backslash, in any case: "SYSTEM", "builtin\users".
func WellKnownSID(name string) (SID, bool) {
	for _, r := range sidNames {
		if strings.EqualFold(r.name, name) {
			return r.sid, true
		}
		if _, account, ok := strings.Cut(r.name, `\`); ok && strings.EqualFold(account, name) {
			return r.sid, true
		}
	}
	return "", false
}
