// Program serve has the page to look at, with an API that makes its events up, until it
// is ended: go run ./web/webtest/serve.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"netelf.example/web/webtest"
)

func main() {
	address := flag.String("address", "127.0.0.1:8123", "where the page is")
	rows := flag.Int("rows", 5_000_000, "events of a result")
	flag.Parse()
	fmt.Printf("http://%s/, as fred with the password %q\n", *address, webtest.Password)
	fmt.Fprintln(os.Stderr, http.ListenAndServe(*address, webtest.New(*rows, time.Now())))
	os.Exit(1)
}
