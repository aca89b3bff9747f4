package nt

import "testing"

func TestIsDevice(t *testing.T) {
	for name, want := range map[string]bool{
		"CON": true, "con.evt": true, "Aux .log": true, "nul.tar.gz": true, "COM1": true, "lpt9.txt": true, "COM²": true, "CONIN$": true,
		"": false, "COM": false, "COM10": false, "COMA": false, "console": false, ".con": false, "CON1": false, "System": false,
	} {
		if got := IsDevice(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}
