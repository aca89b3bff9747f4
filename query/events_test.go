package query

import (
	"time"

	"netelf.example/eventlog"
	"netelf.example/nt"
)

// testNow is the time of asking: the newest events are some hours old.
var testNow = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func guid(s string) nt.GUID {
	g, err := nt.ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}

const (
	auditSuccess = 0x8020000000000000
	auditFailure = 0x8010000000000000
	classic      = 0x8080000000000000
	reserved     = 0x8000000000000000
)

// pairs are names and values of an event's data, one after the other; a name that
// is empty is none.
func pairs(e *eventlog.Event, list ...string) *eventlog.Event {
	for i := 0; i < len(list); i += 2 {
		e.Extra.Names = append(e.Extra.Names, list[i])
		e.Strings = append(e.Strings, list[i+1])
	}
	return e
}

// testEvents are events as Windows keeps them, and two of the old interface.
func testEvents() []*eventlog.Event {
	const auditing = "Microsoft-Windows-Security-Auditing"
	auditor := guid("{54849625-5478-4994-a5ba-3e3b0328c30d}")
	add := func(minute int, code uint32, source string, level eventlog.Level, x eventlog.Extra) *eventlog.Event {
		return &eventlog.Event{
			TimeGenerated: time.Date(2026, 1, 2, 3, minute, 0, 1_234_500, time.UTC), ID: eventlog.EventID(code), Source: source, Level: level,
			Category: x.Task, Computer: "dc1.quarry.example", Extra: &x,
		}
	}
	security := func(minute int, code uint32, keywords uint64, task uint16) *eventlog.Event {
		return add(minute, code, auditing, 0, eventlog.Extra{
			ProviderGUID: auditor, Keywords: keywords, Task: task, Version: 2, ProcessID: 620, ThreadID: 5240, Channel: "Security",
		})
	}
	list := []*eventlog.Event{
		1: pairs(security(0, 4624, auditSuccess, 12544), "SubjectUserSid", "S-1-5-18", "SubjectUserName", "DC1$", "SubjectLogonId", "0x3e7",
			"TargetUserSid", "S-1-5-21-1-2-3-1104", "TargetUserName", "bob", "TargetDomainName", "QUARRY", "LogonType", "3",
			"ProcessId", "0x26c", "IpAddress", "10.0.0.5", "IpPort", "49817"),
		2: pairs(security(1, 4624, auditSuccess, 12544), "SubjectUserSid", "S-1-5-18", "SubjectUserName", "DC1$", "SubjectLogonId", "0x3e7",
			"TargetUserSid", "S-1-5-18", "TargetUserName", "SYSTEM", "TargetDomainName", "NT AUTHORITY", "LogonType", "5",
			"ProcessId", "0x26c", "IpAddress", "-", "IpPort", "-"),
		3: pairs(security(2, 4625, auditFailure, 12544), "SubjectUserSid", "S-1-0-0", "SubjectUserName", "-",
			"TargetUserSid", "S-1-0-0", "TargetUserName", "bob", "TargetDomainName", "QUARRY", "Status", "0xc000006d", "LogonType", "2",
			"IpAddress", "192.168.1.7", "IpPort", "0"),
		4: pairs(security(3, 4672, auditSuccess, 12548), "SubjectUserSid", "S-1-5-18", "SubjectUserName", "SYSTEM"),
		5: pairs(security(4, 4672, auditSuccess, 12548), "SubjectUserSid", "S-1-5-21-1-2-3-500", "SubjectUserName", "Administrator"),
		6: pairs(security(5, 5140, auditSuccess, 12808), "SubjectUserName", "bob", "ShareName", `\\*\IPC$`, "AccessMask", "0x1"),
		7: pairs(security(6, 5140, auditSuccess, 12808), "SubjectUserName", "carol", "ShareName", `\\*\public`, "AccessMask", "0x10001"),
		8: pairs(add(7, 1102, "Microsoft-Windows-Eventlog", 4, eventlog.Extra{
			Keywords: 0x4020000000000000, Task: 104, ProcessID: 1208, ThreadID: 3060, Channel: "Security", UserData: "LogFileCleared",
		}), "SubjectUserSid", "S-1-5-21-1-2-3-500", "SubjectUserName", "Administrator"),
		9: pairs(add(8, 0x40001b85, "Service Control Manager", 4, eventlog.Extra{
			ProviderGUID: guid("{555908d1-a6d7-4695-8e1e-26931d2012f4}"), EventSourceName: "SCM", Keywords: classic, ProcessID: 620, ThreadID: 1234, Channel: "System",
		}), "ServiceName", "Rock crusher", "ImagePath", `C:\quarry\crusher.exe`, "StartType", "auto start"),
		10: pairs(add(9, 0x40001b7c, "Service Control Manager", 4, eventlog.Extra{
			ProviderGUID: guid("{555908d1-a6d7-4695-8e1e-26931d2012f4}"), Keywords: classic, ProcessID: 620, ThreadID: 1300, Channel: "System",
		}), "param1", "Print Spooler", "param2", "running"),
		11: pairs(add(10, 104, "Microsoft-Windows-Eventlog", 4, eventlog.Extra{
			Keywords: reserved, Task: 104, ProcessID: 1208, ThreadID: 3064, Channel: "System", UserData: "LogFileCleared",
		}), "SubjectUserName", "bob", "Channel", "Application"),
		12: pairs(add(11, 41, "Microsoft-Windows-Kernel-Power", 1, eventlog.Extra{
			Keywords: 0x8000400000000002, Task: 63, Version: 8, ProcessID: 4, ThreadID: 8, Channel: "System",
		}), "BugcheckCode", "159", "PowerButtonTimestamp", "0"),
		13: pairs(add(12, 1000, "Application Error", 2, eventlog.Extra{Keywords: classic, Task: 100, Channel: "Application"}),
			"", "crusher.exe", "", "1.0.0.0", "", "5e2a1b00", "", "ntdll.dll"),
		14: pairs(add(13, 1001, "Windows Error Reporting", 4, eventlog.Extra{Keywords: classic, Channel: "Application"}),
			"", "", "", "0", "", "APPCRASH", "", "Not available"),
		15: pairs(add(14, 8002, "Microsoft-Windows-AppLocker", 4, eventlog.Extra{
			Keywords: reserved, ProcessID: 4160, ThreadID: 4172, Channel: "Microsoft-Windows-AppLocker/EXE and DLL", UserData: "RuleAndFileData",
		}), "PolicyName", "EXE", "RuleName", "All files", "TargetProcessId", "6120"),
		16: pairs(add(15, 307, "Microsoft-Windows-PrintService", 1, eventlog.Extra{
			Keywords: 0x4000000000000840, Task: 26, Opcode: 11, ProcessID: 3000, ThreadID: 3004, Channel: "Microsoft-Windows-PrintService/Operational", UserData: "DocumentPrinted",
		}), "Param1", "17", "PrinterName", "MyPrinter", "Pages", "3"),
		17: {TimeGenerated: time.Date(2003, 5, 17, 8, 10, 0, 0, time.UTC), ID: 0xC0040007, Type: eventlog.Error, Source: "Disk", Computer: "bedrock",
			Strings: []string{`\Device\Harddisk0\DR0`}, Data: []byte("sector")},
		18: {TimeGenerated: time.Date(2003, 5, 17, 8, 15, 0, 0, time.UTC), ID: 529, Type: eventlog.AuditFailure, Category: 2, Source: "Security", Computer: "bedrock",
			User: "S-1-5-18", Strings: []string{"bob", "BEDROCK", "3"}},
		19: pairs(add(18, 106, "Microsoft-Windows-TaskScheduler", 4, eventlog.Extra{
			ProviderGUID: guid("{de7b24ea-73c8-4a09-985d-5bdadcfa9017}"), Keywords: reserved, Task: 106, Opcode: 1, ProcessID: 1068, ThreadID: 1496,
			Channel: "Microsoft-Windows-TaskScheduler/Operational", ActivityID: guid("{11111111-2222-3333-4444-555555555555}"),
		}), "TaskName", `\crush`, "UserContext", `QUARRY\bob`),
		20: pairs(add(19, 1, "Microsoft-Windows-Sysmon", 4, eventlog.Extra{
			ProviderGUID: guid("{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"), Keywords: reserved, Task: 1, Version: 5, ProcessID: 2100, ThreadID: 2200,
			Channel: "Microsoft-Windows-Sysmon/Operational", ActivityID: guid("{99999999-2222-3333-4444-555555555555}"),
			RelatedActivityID: guid("{11111111-2222-3333-4444-555555555555}"),
		}), "RuleName", "", "ProcessId", "4242", "Image", `C:\Windows\System32\powershell.exe`, "CommandLine", "powershell -enc AAAA", "User", `QUARRY\bob`),
	}[1:]
	list[18].User, list[8].User, list[9].User = "S-1-5-18", "S-1-5-21-1-2-3-500", ""
	list[19].Computer = "wks7.quarry.example"
	for i, e := range list {
		e.RecordNumber = uint64(i + 1)
		e.Offset = -1
		e.TimeWritten = e.TimeGenerated
		if e.Extra != nil {
			e.Type = eventlog.TypeOf(e.Level, e.Extra.Keywords)
			e.Origin = &eventlog.Origin{Log: "all.evtx"}
			continue
		}
		e.Level = eventlog.LevelOf(e.Type)
		e.Origin = &eventlog.Origin{Log: "old.evt", Channel: map[string]string{"Disk": "System", "Security": "Security"}[e.Source]}
	}
	return list
}
