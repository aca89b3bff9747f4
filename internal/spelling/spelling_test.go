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
	// A short name bears fewer mistakes than a long one.
	for _, tt := range []struct{ typed, name, want string }{
		{"tcsh", "bash", ""},
		{"fish", "bash", ""},
		{"bsah", "bash", "bash"},
		{"bas", "bash", "bash"},
		{"ip", "id", ""},
		{"ID", "id", "id"},
		{"ide", "id", "id"},
		{"srot", "sort", "sort"},
		{"store", "since", ""},
		{"levle", "level", "level"},
		{"string", "source", ""},
		{"sorce", "source", "source"},
		{"messge", "message", "message"},
		{"mesagge", "message", "message"}, // two of seven
		{"masage", "message", ""},         // two of six
		{"aplicatoin", "application", "application"},
	} {
		if got := Like(tt.typed, []string{tt.name}); got != tt.want {
			t.Errorf("%q and %q: got %q, want %q", tt.typed, tt.name, got, tt.want)
		}
	}
	if got := Like("scan", nil); got != "" {
		t.Errorf("no names: got %q", got)
	}
}
