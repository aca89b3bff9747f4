// Package target says what the text of a target means, and opens it as an
// eventlog.Server. Every verb that reads takes its targets through it.
//
//	bedrock, user@bedrock, smb://bedrock[:port]  a server, by MS-EVEN over SMB
//	rpc://bedrock[:port]                         a server, by MS-EVEN over TCP
//	https://bedrock[:port]                       a netelf server, by its HTTP API
//	.                                            the event log service of this machine
//	dir:PATH                                     a netelf data directory without its service
//	@group                                       the servers of a group in the configuration
//	anything with a path separator, or what is there by that name: a file or a folder
//
// Groups are for whoever has the configuration: Open does not know them.
package target
