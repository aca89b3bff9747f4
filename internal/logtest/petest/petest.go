// Package petest makes message files for tests that have no linker.
package petest

import (
	"testing"

	"netelf.example/internal/logtest/pebuild"
	"netelf.example/message"
)

// Compile makes message tables of .mc text.
func Compile(t testing.TB, mc string) message.Tables {
	t.Helper()
	source, err := message.ParseMC([]byte(mc))
	if err != nil {
		t.Fatal(err)
	}
	tables, err := source.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// File is a PE file of 32 bits with message tables and, if it is given, a manifest.
func File(manifest []byte, tables ...*message.Table) []byte {
	var list []pebuild.Resource
	if manifest != nil {
		list = append(list, pebuild.Resource{Type: "WEVT_TEMPLATE", ID: 1, Data: manifest})
	}
	for _, t := range tables {
		list = append(list, pebuild.Resource{Type: 11, ID: 1, Lang: int(t.Lang), Data: t.Bytes()})
	}
	return pebuild.File(32, list...)
}
