package spelling

import "testing"

func TestLike(t *testing.T) {
	names := []string{"scan", "serve", "set", "source", "record_id", "message"}
	for _, tt := range []struct{ typed, want string }{
		{"scna", "scan"}, // two that changed places are one mistake
		{"Scan", "scan"},
		{"scn", "scan"},
		{"sets", "set"},
		{"soruce", "source"},
		{"mesage", "message"},
		{"recordid", "record_id"},
		{"", ""},
		{"x", ""},
		{"bogus", ""},
		{"messages of all kinds", ""},
	} {
		if got := Like(tt.typed, names); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.typed, got, tt.want)
		}
	}
	if got := Like("scan", nil); got != "" {
		t.Errorf("no names: got %q", got)
	}
}
