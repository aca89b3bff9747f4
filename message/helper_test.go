package message

import (
	"bytes"
	"encoding/binary"
	"testing"

	"netelf.example/internal/logtest/pebuild"
)

var le = binary.LittleEndian

const (
	German    Lang = 0x0407
	EnglishUK Lang = 0x0809
)

// res is one resource of a PE file for tests.
type res struct {
	typ  any // int or string
	id   int
	lang Lang
	data []byte
}

// buildPE makes a PE file of them.
func buildPE(bits int, list ...res) []byte {
	var all []pebuild.Resource
	for _, r := range list {
		all = append(all, pebuild.Resource{Type: r.typ, ID: r.id, Lang: int(r.lang), Data: r.data})
	}
	return pebuild.File(bits, all...)
}

const (
	testTree = 0x400  // offset of the resource tree in what buildPE makes
	testBase = 0x1000 // its address
)

func openBytes(t testing.TB, b []byte) *PE {
	t.Helper()
	p, err := OpenPE(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tableOf is the bytes of a message table.
func tableOf(t testing.TB, list ...Message) []byte {
	t.Helper()
	b, err := AppendTable(nil, list)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rawTable is a table of one block from low on, with entries as they are given.
func rawTable(low uint32, entries ...[]byte) []byte {
	b := le.AppendUint32(nil, 1)
	b = le.AppendUint32(b, low)
	b = le.AppendUint32(b, low+uint32(len(entries))-1)
	b = le.AppendUint32(b, 16)
	for _, e := range entries {
		b = append(b, e...)
	}
	return b
}

func entryOf(flags uint16, text []byte) []byte {
	b := le.AppendUint16(nil, uint16(len(text)+4))
	b = le.AppendUint16(b, flags)
	return append(b, text...)
}

// errText is the text of err, "" for none.
func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
