package main

import (
	"path/filepath"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/message/catalog"
)

// TestDemoTexts: every event that the demo makes up says something.
func TestDemoTexts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "messages.db")
	if err := makeDemoCatalog(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, server := range demoServers {
		for _, d := range demoPast(server) {
			e := d.event()
			e.Origin = &eventlog.Origin{Server: server, Log: d.log}
			if text, by := c.Message("", e); by != eventlog.ByCatalogue || text == "" {
				t.Errorf("%s %#x has no text: %v", e.Source, uint32(e.ID), by)
			}
		}
	}
	e := demoNotable[len(demoNotable)-1].event()
	if text, _ := c.Message("", e); text != "No logon server of the domain BEDROCK could be reached: There are no logon servers at hand." {
		t.Errorf("%q", text)
	}
}
