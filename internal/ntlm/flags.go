package ntlm

import (
	"fmt"
	"strings"
)

// Flags are what is negotiated ([MS-NLMP] 2.2.2.5).
type Flags uint32

const (
	FlagUnicode                 Flags = 0x00000001 // NTLMSSP_NEGOTIATE_UNICODE
	FlagOEM                     Flags = 0x00000002 // NTLM_NEGOTIATE_OEM
	FlagRequestTarget           Flags = 0x00000004 // NTLMSSP_REQUEST_TARGET
	FlagSign                    Flags = 0x00000010 // NTLMSSP_NEGOTIATE_SIGN
	FlagSeal                    Flags = 0x00000020 // NTLMSSP_NEGOTIATE_SEAL
	FlagDatagram                Flags = 0x00000040 // NTLMSSP_NEGOTIATE_DATAGRAM
	FlagLMKey                   Flags = 0x00000080 // NTLMSSP_NEGOTIATE_LM_KEY
	FlagNTLM                    Flags = 0x00000200 // NTLMSSP_NEGOTIATE_NTLM
	FlagAnonymous               Flags = 0x00000800 // "J", the anonymous bit
	FlagDomainSupplied          Flags = 0x00001000 // NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED
	FlagWorkstationSupplied     Flags = 0x00002000 // NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED
	FlagAlwaysSign              Flags = 0x00008000 // NTLMSSP_NEGOTIATE_ALWAYS_SIGN
	FlagTargetTypeDomain        Flags = 0x00010000 // NTLMSSP_TARGET_TYPE_DOMAIN
	FlagTargetTypeServer        Flags = 0x00020000 // NTLMSSP_TARGET_TYPE_SERVER
	FlagExtendedSessionSecurity Flags = 0x00080000 // NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY
	FlagIdentify                Flags = 0x00100000 // NTLMSSP_NEGOTIATE_IDENTIFY
	FlagNonNTSessionKey         Flags = 0x00400000 // NTLMSSP_REQUEST_NON_NT_SESSION_KEY
	FlagTargetInfo              Flags = 0x00800000 // NTLMSSP_NEGOTIATE_TARGET_INFO
	FlagVersion                 Flags = 0x02000000 // NTLMSSP_NEGOTIATE_VERSION
	Flag128                     Flags = 0x20000000 // NTLMSSP_NEGOTIATE_128
	FlagKeyExchange             Flags = 0x40000000 // NTLMSSP_NEGOTIATE_KEY_EXCH
	Flag56                      Flags = 0x80000000 // NTLMSSP_NEGOTIATE_56
)

var flagNames = []struct {
	flag Flags
	name string
}{
	{FlagUnicode, "UNICODE"},
	{FlagOEM, "OEM"},
	{FlagRequestTarget, "REQUEST_TARGET"},
	{FlagSign, "SIGN"},
	{FlagSeal, "SEAL"},
	{FlagDatagram, "DATAGRAM"},
	{FlagLMKey, "LM_KEY"},
	{FlagNTLM, "NTLM"},
	{FlagAnonymous, "ANONYMOUS"},
	{FlagDomainSupplied, "OEM_DOMAIN_SUPPLIED"},
	{FlagWorkstationSupplied, "OEM_WORKSTATION_SUPPLIED"},
	{FlagAlwaysSign, "ALWAYS_SIGN"},
	{FlagTargetTypeDomain, "TARGET_TYPE_DOMAIN"},
	{FlagTargetTypeServer, "TARGET_TYPE_SERVER"},
	{FlagExtendedSessionSecurity, "EXTENDED_SESSIONSECURITY"},
	{FlagIdentify, "IDENTIFY"},
	{FlagNonNTSessionKey, "NON_NT_SESSION_KEY"},
	{FlagTargetInfo, "TARGET_INFO"},
	{FlagVersion, "VERSION"},
	{Flag128, "128"},
	{FlagKeyExchange, "KEY_EXCH"},
	{Flag56, "56"},
}

// String lists the flags by the specification's names without their prefix, joined
// by "|"; bits without a name come last in hexadecimal.
func (f Flags) String() string {
	var names []string
	for _, n := range flagNames {
		if f&n.flag != 0 {
			names = append(names, n.name)
			f &^= n.flag
		}
	}
	if f != 0 || names == nil {
		names = append(names, fmt.Sprintf("0x%x", uint32(f)))
	}
	return strings.Join(names, "|")
}

// missing are the flags of want that f has not.
func (f Flags) missing(want Flags) Flags { return want &^ f }
