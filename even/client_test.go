package even

import (
	"testing"

	"netelf.example/eventlog"
	"netelf.example/internal/dcerpc"
	"netelf.example/internal/logtest"
)

// TestClientContract: a log at the other end answers as any other, without
// authentication and with it.
func TestClientContract(t *testing.T) {
	for _, auth := range []bool{false, true} {
		name := "bare"
		if auth {
			name = "privacy"
		}
		t.Run(name, func(t *testing.T) {
			logtest.Run(t, func(t *testing.T, events []*eventlog.Event) eventlog.Log {
				accept, mechanism := logons("wilma")
				o := ClientOptions{}
				w := door(t, shelf{"System": memory("System", events), "Application": memory("Application", nil)})
				if auth {
					h := NewHandler(HandlerOptions{For: forServer(shelf{"System": memory("System", events)})})
					w = serving(t, dcerpc.ServerOptions{Interfaces: []dcerpc.Interface{h}, Auth: accept})
					o.Mechanism = mechanism
				}
				l, err := asking(t, w, o).OpenLog(t.Context(), "system")
				if err != nil {
					t.Fatal(err)
				}
				return l
			})
		})
	}
}
