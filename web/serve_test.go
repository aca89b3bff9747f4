package web_test

import (
	"flag"
	"net/http"
	"testing"
	"time"

	"netelf.example/web/webtest"
)

var (
	serve    = flag.String("web.serve", "", "answer for the page and a made-up API on this address, until the test is ended")
	fakeRows = flag.Int("web.rows", 5_000_000, "events of a result of the made-up API")
)

// TestServeFake is a page to look at, with an API that makes its events up.
func TestServeFake(t *testing.T) {
	if *serve == "" {
		t.Skip("for a look at the page: go test ./web -run TestServeFake -timeout 0 -web.serve 127.0.0.1:8123")
	}
	t.Fatal(http.ListenAndServe(*serve, webtest.New(*fakeRows, time.Now())))
}
