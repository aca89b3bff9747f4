package evtx_test

import (
	"bytes"
	"errors"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/evtx"
	"netelf.example/internal/logtest"
)

func TestFileHeader(t *testing.T) {
	h := evtx.FileHeader{FirstChunk: 1, LastChunk: 2, NextRecordID: 3, HeaderSize: evtx.HeaderSize, MinorVersion: 2, MajorVersion: 3,
		HeaderBlockSize: evtx.HeaderBlockSize, Chunks: 4, Flags: evtx.FlagDirty}
	b, err := h.AppendBinary([]byte("-"))
	if err != nil || len(b) != 1+evtx.HeaderSize {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	b = b[1:]
	var got evtx.FileHeader
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	h.Checksum = got.Checksum
	if got != h {
		t.Errorf("%+v comes back as %+v", h, got)
	}
	if err := got.Verify(b); err != nil {
		t.Error(err)
	}
	b[9] ^= 1
	if err := got.Verify(b); err == nil || err.Error() != "evtx: FileHeader.Checksum at offset 0x7c: 0x"+hex32(h.Checksum)+" is stored, 0x"+hex32(sumOf(b))+" is what the bytes give" {
		t.Error(err)
	}
	got.Flags |= evtx.FlagNoChecksum
	if err := got.Verify(b); err != nil {
		t.Errorf("a file without checksums: %v", err)
	}
	for _, x := range []struct {
		name   string
		damage func([]byte) []byte
		want   string
	}{
		{"empty", func(b []byte) []byte { return nil }, "evtx: FileHeader at offset 0x0: need 128 bytes, have 0"},
		{"one short", func(b []byte) []byte { return b[:127] }, "evtx: FileHeader at offset 0x0: need 128 bytes, have 127"},
		{"signature", func(b []byte) []byte { b[0] = 'e'; return b }, `evtx: FileHeader.Signature at offset 0x0: have "elfFile\x00", want "ElfFile\x00"`},
		{"version", func(b []byte) []byte { b[38] = 4; return b }, "evtx: FileHeader.MajorVersion at offset 0x26: have 4, want 3"},
		{"block", func(b []byte) []byte { b[41] = 0; return b }, "evtx: FileHeader.HeaderBlockSize at offset 0x28: have 0x0, want 0x1000"},
	} {
		c, err := h.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := new(evtx.FileHeader).UnmarshalBinary(x.damage(c)); err == nil || err.Error() != x.want || !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
	for f, want := range map[evtx.Flags]string{0: "none", 1: "dirty", 3: "dirty,full", 4: "no checksums", 0x11: "dirty,0x10"} {
		if got := f.String(); got != want {
			t.Errorf("flags %#x: %q, want %q", uint32(f), got, want)
		}
	}
}

func hex32(n uint32) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[7-i] = digits[n>>(4*i)&15]
	}
	return string(b[:])
}

func TestChunkHeader(t *testing.T) {
	b := logtest.EVTXChunk(make([]byte, 0x300), 1, 2, 11, 12, 0x200)
	var h evtx.ChunkHeader
	if err := h.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	header, data := h.Checksums(b)
	if h.FirstRecordNumber != 1 || h.LastRecordNumber != 2 || h.FirstRecordID != 11 || h.LastRecordID != 12 || h.LastRecordOffset != 0x200 ||
		h.FreeSpaceOffset != 0x300 || header != h.Checksum || data != h.DataChecksum {
		t.Errorf("%+v", h)
	}
	c, err := h.AppendBinary(nil)
	if err != nil || !bytes.Equal(c, b[:evtx.HeaderSize]) {
		t.Errorf("%x comes back as %x, %v", b[:evtx.HeaderSize], c, err)
	}
	for _, x := range []struct {
		name   string
		damage func([]byte) []byte
		want   string
	}{
		{"one short", func(b []byte) []byte { return b[:127] }, "evtx: ChunkHeader at offset 0x0: need 128 bytes, have 127"},
		{"signature", func(b []byte) []byte { b[7] = 1; return b }, `evtx: ChunkHeader.Signature at offset 0x0: have "ElfChnk\x01", want "ElfChnk\x00"`},
		{"free space", func(b []byte) []byte { b[50] = 2; return b }, "evtx: ChunkHeader.FreeSpaceOffset at offset 0x30: 0x20300 lies outside of 0x200 to 0x10000"},
	} {
		if err := new(evtx.ChunkHeader).UnmarshalBinary(x.damage(bytes.Clone(b[:evtx.HeaderSize]))); err == nil || err.Error() != x.want {
			t.Errorf("%s: %v, want %s", x.name, err, x.want)
		}
	}
}

func TestSniff(t *testing.T) {
	for s, want := range map[string]bool{"": false, "ElfFile": false, "ElfFile\x00": true, "ElfFile\x00more": true, "ElfChnk\x00": false} {
		if evtx.Sniff([]byte(s)) != want {
			t.Errorf("Sniff(%q) is not %v", s, want)
		}
	}
}
