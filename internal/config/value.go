package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// value is a value of the schema.
type value interface {
	// set takes text as a file has it; the error says what is wanted. Text that is
	// "" is only given where the field allows it.
	set(text string, f *Field) error
	// text is what set takes.
	text() string
	// plain is the tag of what is a value in the file without quotes, beside text:
	// "!!int", "!!bool", or "".
	plain() string
}

// Limits of values.
const (
	maxText   = 4096 // bytes of any value
	maxSocket = 103  // bytes of a Unix socket's path, on every system
	maxName   = 255  // UTF-16 units
)

// lineFlaw says what is wrong with text that is to be one line.
func lineFlaw(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("is not valid UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("has the control character %U", r)
		}
	}
	return nil
}

func (p *Path) text() string  { return string(*p) }
func (p *Path) plain() string { return "" }
func (p *Path) set(text string, _ *Field) error {
	if err := lineFlaw(text); err != nil {
		return err
	}
	// A slash will do on Windows too, where it is the root of some drive: what the
	// defaults name is the same everywhere.
	if text != "" && !filepath.IsAbs(text) && text[0] != '/' {
		return fmt.Errorf("have %s, want an absolute path", quote.Short(text))
	}
	*p = Path(text)
	return nil
}

func (s *Socket) text() string  { return string(*s) }
func (s *Socket) plain() string { return "" }
func (s *Socket) set(text string, f *Field) error {
	var p Path
	if err := p.set(text, f); err != nil {
		return err
	}
	if len(text) > maxSocket {
		return fmt.Errorf("have %d bytes, want at most %d: systems allow no longer path of a socket", len(text), maxSocket)
	}
	*s = Socket(p)
	return nil
}

func (n *Name) text() string  { return string(*n) }
func (n *Name) plain() string { return "" }
func (n *Name) set(text string, _ *Field) error {
	if err := lineFlaw(text); err != nil {
		return err
	}
	if strings.TrimSpace(text) != text {
		return fmt.Errorf("have %s, want no space before or behind it", quote.Short(text))
	}
	if units := nt.UTF16Len(text) / 2; units > maxName {
		return fmt.Errorf("have %d characters, want at most %d", units, maxName)
	}
	*n = Name(text)
	return nil
}

func (s *Sync) text() string  { return string(*s) }
func (s *Sync) plain() string { return "" }
func (s *Sync) set(text string, _ *Field) error {
	switch v := Sync(text); v {
	case SyncAlways, SyncPeriodic, SyncNone:
		*s = v
		return nil
	}
	return fmt.Errorf("have %s, want always, periodic or none", quote.Short(text))
}

// levels are the values of Level, by name.
var levels = []struct {
	name  string
	level slog.Level
}{{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError}}

func (l *Level) text() string {
	for _, v := range levels {
		if v.level == slog.Level(*l) {
			return v.name
		}
	}
	return slog.Level(*l).String() // of a Config that nobody has loaded
}
func (l *Level) plain() string { return "" }
func (l *Level) set(text string, _ *Field) error {
	for _, v := range levels {
		if v.name == text {
			*l = Level(v.level)
			return nil
		}
	}
	return fmt.Errorf("have %s, want debug, info, warn or error", quote.Short(text))
}

func (d *Duration) text() string {
	s := time.Duration(*d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
func (d *Duration) plain() string { return "" }
func (d *Duration) set(text string, f *Field) error {
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("have %s, want a length of time with its unit, as 1s or 250ms", quote.Short(text))
	}
	if low, err := time.ParseDuration(f.min); err == nil && v < low {
		return fmt.Errorf("have %s, want at least %s", quote.Short(text), f.min)
	}
	if high, err := time.ParseDuration(f.max); err == nil && v > high {
		return fmt.Errorf("have %s, want at most %s", quote.Short(text), f.max)
	}
	*d = Duration(v)
	return nil
}

// units are those of a Size, as they are written and as they are read. All are of
// 1024, as on Windows.
var units = []struct {
	shift uint
	names []string
}{{30, []string{"GiB", "gb", "g"}}, {20, []string{"MiB", "mb", "m"}}, {10, []string{"KiB", "kb", "k"}}, {0, []string{"B", ""}}}

func (s *Size) text() string {
	for _, u := range units {
		if n := int64(*s); n > 0 && n%(1<<u.shift) == 0 {
			if u.shift == 0 {
				break
			}
			return strconv.FormatInt(n>>u.shift, 10) + u.names[0]
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}
func (s *Size) plain() string { return "!!int" }
func (s *Size) set(text string, f *Field) error {
	v, ok := parseSize(text)
	if !ok {
		return fmt.Errorf("have %s, want a size, as 512KiB, 16MiB or 65536", quote.Short(text))
	}
	if low, ok := parseSize(f.min); ok && v < low {
		return fmt.Errorf("have %s, want at least %s", quote.Short(text), f.min)
	}
	if high, ok := parseSize(f.max); ok && v > high {
		return fmt.Errorf("have %s, want at most %s", quote.Short(text), f.max)
	}
	*s = Size(v)
	return nil
}

// parseSize takes what --max-size takes.
func parseSize(s string) (n int64, ok bool) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(s[:i], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := strings.TrimSpace(s[i:])
	for _, u := range units {
		for _, name := range u.names {
			if strings.EqualFold(name, unit) {
				return n << u.shift, n > 0 && n <= math.MaxInt64>>u.shift
			}
		}
	}
	return 0, false
}
