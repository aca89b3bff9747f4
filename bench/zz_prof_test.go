package main

import (
	"context"
	"io"
	"testing"

	"netelf.example/eventlog"
	"netelf.example/files"
	"netelf.example/render"
	"netelf.example/scan"
)

func BenchmarkJSON(b *testing.B) {
	f, err := makeLog(b.TempDir()+"/x.evt", 64<<20)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(f.bytes)
	b.ReportAllocs()
	for b.Loop() {
		c := scan.Open(context.Background(), []scan.Target{{Name: "x", Open: func(context.Context) (eventlog.Server, error) { return files.Open(f.path, nil) }}}, &eventlog.Selection{Backward: true, Want: render.Wants(render.JSON, nil)}, nil)
		w, _ := render.New(io.Discard, render.JSON, nil)
		var e eventlog.Event
		for {
			err := c.Next(context.Background(), &e)
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			w.Write(&e)
		}
		c.Close()
		w.Close()
	}
}
