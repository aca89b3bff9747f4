package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"netelf.example/eventlog"
)

// What happened on the four servers of a small network in the last day. Ids,
// sources and strings are those that Windows writes.

var (
	demoServers = []string{"barney", "betty", "fred", "wilma"}
	demoLogs    = []string{"System", "Security", "Application"}
)

const (
	system = "S-1-5-18"
	fred   = "S-1-5-21-1715567821-1957994488-725345543-1003"

	info    = 0x40000000 // the severities of a 32-bit event id
	warning = 0x80000000
	failed  = 0xc0000000
)

func ago(hours, minutes, seconds int) time.Duration {
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
}

type demoEvent struct {
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

// event is what of it does not depend on the time.
func (d *demoEvent) event() *eventlog.Event {
	return &eventlog.Event{
		ID: d.id, Type: d.kind, Level: eventlog.LevelOf(d.kind), Category: d.category,
		Source: d.source, Computer: strings.ToUpper(d.server), User: d.user, Strings: d.strings, Data: d.data,
	}
}

// demoPast is the events of the last day on a server, the oldest first: those of
// note, and between them what happens every day.
func demoPast(server string) []demoEvent {
	var list []demoEvent
	for _, e := range demoNotable {
		if e.server == server {
			list = append(list, e)
		}
	}
	n := slices.Index(demoServers, server)
	for i := 0; ; i++ {
		at := ago(23, 40, 0) - time.Duration(i)*37*time.Minute - time.Duration(7*n+i*i%23)*time.Minute - time.Duration(13*n+i*29%60)*time.Second
		if at <= 0 {
			break
		}
		logon := fmt.Sprintf("(0x0,0x%X)", 0x1f4c2+i*0x1a3f+n*0x77)
		kind, id := "3", eventlog.EventID(540)
		if i%5 == 4 {
			kind, id = "2", 528
		}
		list = append(list,
			demoEvent{at, server, "Security", eventlog.AuditSuccess, "Security", id, 2, fred, []string{"fred", "BEDROCK", logon, kind, "NtLmSsp", "NTLM", "SLATE"}, nil},
			demoEvent{at * 4 / 5, server, "Security", eventlog.AuditSuccess, "Security", 538, 2, fred, []string{"fred", "BEDROCK", logon, kind}, nil})
		if i%3 == n%3 {
			e := demoRoutine[(i/3+2*n)%len(demoRoutine)]
			e.ago, e.server = at-ago(0, 2, 11), server
			if e.ago > 0 {
				list = append(list, e)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b demoEvent) int { return int(b.ago/time.Second - a.ago/time.Second) })
	return list
}

// demoRoutine is what happens every day on each of the servers.
var demoRoutine = []demoEvent{
	{0, "", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"WMI Performance Adapter", "running"}, nil},
	{0, "", "Application", eventlog.Information, "ESENT", 101, 1, "", []string{"wuauclt", "1012", ""}, nil},
	{0, "", "System", eventlog.Information, "Service Control Manager", info | 7035, 0, system, []string{"Background Intelligent Transfer Service", "start"}, nil},
	{0, "", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"WMI Performance Adapter", "stopped"}, nil},
	{0, "", "Application", eventlog.Information, "SceCli", info | 1704, 0, "", nil, nil},
	{0, "", "System", eventlog.Information, "Print", info | 10, 0, fred, []string{"18", "Quarry plan", "fred", "quarry-laser", "LPT1:", "9214", "1"}, nil},
	{0, "", "System", eventlog.Warning, "MRxSmb", warning | 3019, 0, "", []string{""}, nil},
	{0, "", "Application", eventlog.Warning, "Userenv", warning | 1517, 0, system, []string{`BEDROCK\fred`}, nil},
	{0, "", "System", eventlog.Error, "Service Control Manager", failed | 7011, 0, "", []string{"30000", "Spooler"}, nil},
}

// demoNotable is what is worth to be looked at.
var demoNotable = []demoEvent{
	{ago(23, 30, 12), "fred", "System", eventlog.Information, "EventLog", warning | 6009, 0, "", []string{"5.02.", "3790", "Service Pack 2", "Uniprocessor Free"}, nil},
	{ago(23, 30, 12), "fred", "System", eventlog.Information, "EventLog", warning | 6005, 0, "", nil, nil},
	{ago(23, 29, 50), "fred", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"DNS Server", "running"}, nil},
	{ago(23, 29, 48), "fred", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"DHCP Server", "running"}, nil},
	{ago(22, 51, 31), "barney", "Application", eventlog.Information, "ESENT", 100, 1, "", []string{"wuauclt", "1012", "", "5", "02", "3790", "3959"}, nil},
	{ago(22, 11, 0), "fred", "Security", eventlog.AuditSuccess, "Security", 528, 2, fred, []string{"fred", "BEDROCK", "(0x0,0x1F4C2)", "2", "User32", "Negotiate", "BEDROCK"}, nil},
	{ago(22, 10, 41), "fred", "Security", eventlog.AuditSuccess, "Security", 592, 5, fred, []string{"2184", `C:\WINDOWS\system32\mmc.exe`, "1620", "fred", "BEDROCK", "(0x0,0x1F4C2)"}, nil},
	{ago(20, 38, 3), "betty", "System", eventlog.Warning, "W32Time", warning | 36, 0, "", []string{"49152"}, nil},
	{ago(20, 13, 17), "wilma", "Application", eventlog.Information, "MSSQLSERVER", info | 17055, 2, "", []string{"8128", "Using 'xpstar.dll' version '2000.80.2039'."}, nil},
	{ago(19, 21, 9), "barney", "System", eventlog.Warning, "Print", warning | 8, 0, system, []string{"quarry-laser"}, nil},
	{ago(16, 16, 20), "wilma", "System", eventlog.Error, "Disk", failed | 7, 0, "", []string{`\Device\Harddisk1\DR1`}, []byte{0x03, 0x00, 0x68, 0x00, 0x01, 0x00, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x04, 0xc0}},
	{ago(16, 16, 2), "wilma", "System", eventlog.Warning, "Disk", warning | 51, 0, "", []string{`\Device\Harddisk1\DR1`}, []byte{0x03, 0x00, 0x58, 0x00, 0x01, 0x00, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x33, 0x00, 0x04, 0x80}},
	{ago(15, 42, 55), "betty", "Application", eventlog.Error, "Application Error", 1000, 0, "", []string{"spoolsv.exe", "5.2.3790.4759", "unidrv.dll", "0.3.3790.3959", "0002a1f4"}, nil},
	{ago(15, 42, 40), "betty", "System", eventlog.Error, "Service Control Manager", failed | 7031, 0, "", []string{"Print Spooler", "1", "60000", "1", "Restart the service"}, nil},
	{ago(15, 41, 40), "betty", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Print Spooler", "running"}, nil},
	{ago(15, 10, 0), "barney", "System", eventlog.Information, "Service Control Manager", info | 7035, 0, system, []string{"Automatic Updates", "start"}, nil},
	{ago(14, 25, 12), "wilma", "System", eventlog.Warning, "Srv", warning | 2013, 0, "", []string{"", "D:"}, nil},
	{ago(12, 0, 0), "fred", "System", eventlog.Information, "EventLog", warning | 6013, 0, "", []string{"", "", "", "", "41412", "0", "Pacific Standard Time"}, nil},
	{ago(10, 48, 33), "fred", "Security", eventlog.AuditSuccess, "Security", 540, 2, fred, []string{"fred", "BEDROCK", "(0x0,0x3A90D1)", "3", "NtLmSsp", "NTLM", "BARNEY"}, nil},
	{ago(7, 52, 6), "barney", "System", eventlog.Error, "EventLog", warning | 6008, 0, "", []string{"6:51:44 AM", "today"}, nil},
	{ago(7, 52, 6), "barney", "System", eventlog.Information, "EventLog", warning | 6009, 0, "", []string{"5.02.", "3790", "Service Pack 2", "Multiprocessor Free"}, nil},
	{ago(7, 52, 6), "barney", "System", eventlog.Information, "EventLog", warning | 6005, 0, "", nil, nil},
	{ago(7, 51, 49), "barney", "System", eventlog.Error, "Service Control Manager", failed | 7000, 0, "", []string{"Quarry Backup Agent", "%%2"}, nil},
	{ago(7, 51, 30), "barney", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Print Spooler", "running"}, nil},
	{ago(6, 33, 18), "fred", "Security", eventlog.AuditFailure, "Security", 529, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(6, 33, 16), "fred", "Security", eventlog.AuditFailure, "Security", 529, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(6, 33, 15), "fred", "Security", eventlog.AuditFailure, "Security", 529, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(6, 33, 14), "fred", "Security", eventlog.AuditFailure, "Security", 539, 2, system, []string{"administrator", "BEDROCK", "3", "NtLmSsp", "NTLM", "SLATE"}, nil},
	{ago(5, 44, 20), "wilma", "System", eventlog.Error, "Disk", failed | 7, 0, "", []string{`\Device\Harddisk1\DR1`}, []byte{0x03, 0x00, 0x68, 0x00, 0x01, 0x00, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x04, 0xc0}},
	{ago(5, 43, 58), "wilma", "Application", eventlog.Error, "MSSQLSERVER", failed | 17055, 2, "", []string{"823", `I/O error (bad page ID) detected during read in file 'D:\data\quarry.mdf'.`}, nil},
	{ago(4, 20, 7), "betty", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Windows Installer", "running"}, nil},
	{ago(4, 19, 32), "betty", "Application", eventlog.Information, "MsiInstaller", 11707, 0, fred, []string{"Product: Gravel Reader -- Installation completed successfully."}, nil},
	{ago(4, 9, 31), "betty", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"Windows Installer", "stopped"}, nil},
	{ago(2, 15, 44), "fred", "System", eventlog.Warning, "DnsApi", warning | 11163, 0, "", []string{"{5C1A03F1-9E1D-4B7A-8A0C-5D6F0E8B2C11}", "bedrock", "quarry.example", "10.0.0.1"}, nil},
	{ago(1, 30, 2), "barney", "Application", eventlog.Warning, "Userenv", warning | 1517, 0, system, []string{`BEDROCK\fred`}, nil},
	{ago(0, 48, 10), "wilma", "System", eventlog.Information, "Print", info | 10, 0, fred, []string{"17", "slate prices", "fred", "quarry-laser", "LPT1:", "48211", "3"}, nil},
	{ago(0, 20, 51), "fred", "Security", eventlog.AuditSuccess, "Security", 538, 2, fred, []string{"fred", "BEDROCK", "(0x0,0x3A90D1)", "3"}, nil},
	{ago(0, 12, 3), "betty", "System", eventlog.Warning, "W32Time", warning | 36, 0, "", []string{"49152"}, nil},
	{ago(0, 3, 27), "wilma", "System", eventlog.Information, "Service Control Manager", info | 7036, 0, "", []string{"SQLSERVERAGENT", "running"}, nil},
	{ago(0, 1, 9), "fred", "System", eventlog.Error, "NETLOGON", 5719, 0, "", []string{"BEDROCK", "%%1311"}, []byte{0x5e, 0x00, 0x00, 0xc0}},
}
