package server

import (
	"fmt"
	"time"

	"netelf.example/api"
	"netelf.example/eventlog"
	"netelf.example/evt"
)

// fieldsOf are the fields of an EVENTLOGRECORD, in the order of their places.
func fieldsOf(r *evt.Record) []api.HexField {
	fields := r.Fields()
	list := make([]api.HexField, len(fields))
	for i, f := range fields {
		list[i] = api.HexField{Offset: f.Offset, Length: f.Length, Path: f.Name, Value: valueOf(f.Value)}
	}
	return list
}

func valueOf(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05Z")
	case eventlog.EventID:
		return fmt.Sprintf("0x%08x, id %d", uint32(v), v.Code())
	case []byte:
		return fmt.Sprintf("%d bytes", len(v))
	}
	return fmt.Sprint(v)
}
