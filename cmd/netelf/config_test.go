package main

import (
	"strconv"
	"testing"

	"netelf.example/internal/config"
)

// A size is the same in a configuration and behind --max-size.
func TestConfigSizes(t *testing.T) {
	for _, text := range []string{
		"1", "65536", "512KiB", "512kb", "512K", "16MiB", "16 mb", "1G", "3gib", "100b", "1024 B",
		"", "0", "0K", "-1", "+1", "1.5M", "1T", "KiB", "1 K B", "0x10", "99999999999G", "9223372036854775808",
	} {
		c, err := config.Load(config.Source{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Set("service.max_size", text, "test")
		n, flagErr := parseSize(text)
		if (err == nil) != (flagErr == nil) {
			t.Errorf("%q: the configuration says %v, the flag %v", text, err, flagErr)
		}
		if err == nil && int64(c.Service.MaxSize) != n {
			t.Errorf("%q: the configuration has %d, the flag %d", text, c.Service.MaxSize, n)
		}
		if err == nil {
			if again, err := parseSize(c.Text("service.max_size")); err != nil || again != n {
				t.Errorf("%q is printed as %q, which is %s, %v", text, c.Text("service.max_size"), strconv.FormatInt(again, 10), err)
			}
		}
	}
}
