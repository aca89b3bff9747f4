package logtest

import (
	"fmt"
	"time"

	"netelf.example/eventlog"
)

// Realistic is the i-th of a series of events like those of a System log, about
// 300 bytes each as records, without a record number.
func Realistic(i int) *eventlog.Event {
	e := &eventlog.Event{
		TimeGenerated: time.Unix(1300000000+int64(i)*17, 0).UTC(),
		ID:            eventlog.EventID(0x40000000 | []uint32{7036, 7035, 6005, 6009, 1074, 26}[i%6]),
		Type:          []eventlog.Type{4, 4, 4, 2, 1}[i%5],
		Category:      uint16(i % 3),
		Source:        []string{"Service Control Manager", "EventLog", "USER32", "Application Popup"}[i%4],
		Computer:      "WKS-WINXP32BIT",
		Strings:       []string{fmt.Sprintf("Windows Update service %d", i), "running"},
		Offset:        -1,
	}
	e.TimeWritten = e.TimeGenerated
	e.Level = eventlog.LevelOf(e.Type)
	if i%3 == 0 {
		e.User = "S-1-5-21-583907252-1788223648-839522115-1003"
	}
	if i%4 == 0 {
		e.Data = []byte("\x57\x00\x69\x00\x6e\x00\x00\x00\x08\x00\x00\x00\x32\x00\x00\x00\x57\x00\x69\x00\x6e\x00\x00\x00")
	}
	if i%8 == 0 {
		e.Strings = append(e.Strings, "the service has entered the state that was asked for by the administrator of this machine")
	}
	return e
}
