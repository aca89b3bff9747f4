package main

import (
	"time"

	"netelf.example/eventlog"
)

// The sample: what happened on the four servers of a small network in two and a
// half days. Ids, sources and strings are those that Windows writes.

var (
	sampleServers = []string{"bedrock", "barney", "betty", "wilma"}
	sampleLogs    = []string{"System", "Security", "Application"}
)

const (
	system = "S-1-5-18"
	fred   = "S-1-5-21-1715567821-1957994488-725345543-1003"

	info    = 0x40000000 // the severities of a 32-bit event id
	warning = 0x80000000
	failed  = 0xc0000000
)

func ago(days, hours, minutes, seconds int) time.Duration {
	return time.Duration(days*24+hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
}

type sampleEvent struct {
	ago         time.Duration
	server, log string
	kind        eventlog.Type
	source      string
	id          eventlog.EventID
	category    uint16
	user        eventlog.SID
	strings     []string
	data        []byte
}

// sampleEvents is in the order of time, which is that of the records of each log.
var sampleEvents = []sampleEvent{
	{ago(2, 11, 40, 12), "bedrock", "System", eventlog.Information, "EventLog", warning | 6009, 0, "", []string{"5.02.", "3790", "Service Pack 2", "Uniprocessor Free"}, nil},
	{ago(2, 11, 40, 12), "bedrock", "System", eventlog.Information, "EventLog", warning | 6005, 0, "", nil, nil},
	{ago(2, 11, 39, 50), "bedrock", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"DNS Server", "running"}, nil},
	{ago(2, 11, 39, 48), "bedrock", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"DHCP Server", "running"}, nil},
	{ago(2, 9, 2, 31), "barney", "Application", eventlog.Information, "ESENT", 100, 1, "", []string{"wuauclt", "1012", "", "5", "02", "3790", "3959"}, nil},
	{ago(2, 6, 15, 0), "bedrock", "Security", eventlog.AuditSuccess, "Security", 528, 2, fred, []string{"fred", "BEDROCK", "(0x0,0x1F4C2)", "2", "User32", "Negotiate", "BEDROCK"}, nil},
	{ago(2, 6, 14, 41), "bedrock", "Security", eventlog.AuditSuccess, "Security", 592, 5, fred, []string{"2184", `C:\WINDOWS\system32\mmc.exe`, "1620", "fred", "BEDROCK", "(0x0,0x1F4C2)"}, nil},
	{ago(1, 23, 50, 3), "betty", "System", eventlog.Warning, "W32Time", warning | 36, 0, "", []string{"49152"}, nil},
	{ago(1, 22, 8, 17), "wilma", "Application", eventlog.Information, "MSSQLSERVER", info | 17055, 2, "", []string{"8128", "Using 'xpstar.dll' version '2000.80.2039'."}, nil},
	{ago(1, 18, 30, 9), "barney", "System", eventlog.Warning, "Print", warning | 8, 0, system, []string{"quarry-laser"}, nil},
	{ago(1, 12, 0, 0), "bedrock", "System", eventlog.Information, "EventLog", warning | 6013, 0, "", []string{"", "", "", "", "86399", "0", "Pacific Standard Time"}, nil},
	{ago(1, 5, 44, 20), "wilma", "System", eventlog.Error, "Disk", failed | 7, 0, "", []string{`\Device\Harddisk1\DR1`}, []byte{0x03, 0x00, 0x68, 0x00, 0x01, 0x00, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x04, 0xc0}},
	{ago(1, 5, 44, 2), "wilma", "System", eventlog.Warning, "Disk", warning | 51, 0, "", []string{`\Device\Harddisk1\DR1`}, []byte{0x03, 0x00, 0x58, 0x00, 0x01, 0x00, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x33, 0x00, 0x04, 0x80}},
	{ago(1, 3, 21, 55), "betty", "Application", eventlog.Error, "Application Error", 1000, 0, "", []string{"spoolsv.exe", "5.2.3790.4759", "unidrv.dll", "0.3.3790.3959", "0002a1f4"}, nil},
	{ago(1, 3, 21, 40), "betty", "System", eventlog.Error, "Service Control Manager", failed | 7031, 0, "", []string{"Print Spooler", "1", "60000", "1", "Restart the service"}, nil},
	{ago(1, 3, 20, 40), "betty", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Print Spooler", "running"}, nil},
	{ago(1, 1, 10, 0), "barney", "System", eventlog.Information, "Service Control Manager", info | 7035, 0, system, []string{"Automatic Updates", "start"}, nil},
	{ago(0, 22, 3, 12), "wilma", "System", eventlog.Warning, "Srv", warning | 2013, 0, "", []string{"", "D:"}, nil},
	{ago(0, 12, 0, 0), "bedrock", "System", eventlog.Information, "EventLog", warning | 6013, 0, "", []string{"", "", "", "", "172799", "0", "Pacific Standard Time"}, nil},
	{ago(0, 10, 48, 33), "bedrock", "Security", eventlog.AuditSuccess, "Security", 540, 2, fred, []string{"fred", "BEDROCK", "(0x0,0x3A90D1)", "3", "NtLmSsp", "NTLM", "BARNEY"}, nil},
	{ago(0, 7, 52, 6), "barney", "System", eventlog.Error, "EventLog", warning | 6008, 0, "", []string{"6:51:44 AM", "today"}, nil},
	{ago(0, 7, 52, 6), "barney", "System", eventlog.Information, "EventLog", warning | 6009, 0, "", []string{"5.02.", "3790", "Service Pack 2", "Multiprocessor Free"}, nil},
	{ago(0, 7, 52, 6), "barney", "System", eventlog.Information, "EventLog", warning | 6005, 0, "", nil, nil},
	{ago(0, 7, 51, 49), "barney", "System", eventlog.Error, "Service Control Manager", failed | 7000, 0, "", []string{"Quarry Backup Agent", "%%2"}, nil},
	{ago(0, 7, 51, 30), "barney", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Print Spooler", "running"}, nil},
	{ago(0, 6, 33, 18), "bedrock", "Security", eventlog.AuditFailure, "Security", 529, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(0, 6, 33, 16), "bedrock", "Security", eventlog.AuditFailure, "Security", 529, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(0, 6, 33, 15), "bedrock", "Security", eventlog.AuditFailure, "Security", 529, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(0, 6, 33, 14), "bedrock", "Security", eventlog.AuditFailure, "Security", 539, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(0, 5, 44, 20), "wilma", "System", eventlog.Error, "Disk", failed | 7, 0, "", []string{`\Device\Harddisk1\DR1`}, []byte{0x03, 0x00, 0x68, 0x00, 0x01, 0x00, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x04, 0xc0}},
	{ago(0, 5, 43, 58), "wilma", "Application", eventlog.Error, "MSSQLSERVER", failed | 17055, 2, "", []string{"823", `I/O error (bad page ID) detected during read in file 'D:\data\quarry.mdf'.`}, nil},
	{ago(0, 4, 20, 7), "betty", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Windows Installer", "running"}, nil},
	{ago(0, 4, 19, 32), "betty", "Application", eventlog.Information, "MsiInstaller", 11707, 0, fred, []string{"Product: Gravel Reader -- Installation completed successfully."}, nil},
	{ago(0, 4, 9, 31), "betty", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Windows Installer", "stopped"}, nil},
	{ago(0, 2, 15, 44), "bedrock", "System", eventlog.Warning, "DnsApi", warning | 11163, 0, "", []string{"{5C1A03F1-9E1D-4B7A-8A0C-5D6F0E8B2C11}", "bedrock", "quarry.example", "10.0.0.1"}, nil},
	{ago(0, 1, 30, 2), "barney", "Application", eventlog.Warning, "Userenv", warning | 1517, 0, system, []string{`BEDROCK\fred`}, nil},
	{ago(0, 0, 48, 10), "wilma", "System", eventlog.Information, "Print", info | 10, 0, fred, []string{"17", "slate prices", "fred", "quarry-laser", "LPT1:", "48211", "3"}, nil},
	{ago(0, 0, 20, 51), "bedrock", "Security", eventlog.AuditSuccess, "Security", 538, 2, fred, []string{"fred", "BEDROCK", "(0x0,0x3A90D1)", "3"}, nil},
	{ago(0, 0, 12, 3), "betty", "System", eventlog.Warning, "W32Time", warning | 36, 0, "", []string{"49152"}, nil},
	{ago(0, 0, 3, 27), "wilma", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"SQLSERVERAGENT", "running"}, nil},
	{ago(0, 0, 1, 9), "bedrock", "System", eventlog.Error, "NETLOGON", 5719, 0, "", []string{"BEDROCK", "%%1311"}, []byte{0x5e, 0x00, 0x00, 0xc0}},
}
