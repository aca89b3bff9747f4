package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// YAML is the whole configuration as a file, which loads to the same values.
// Behind each stands, as a comment, where it came from.
func (c *Config) YAML() ([]byte, error) {
	type line struct{ text, from string }
	var lines []line
	width, section := 0, ""
	for i := range fields {
		f := &fields[i]
		in, name, ok := strings.Cut(f.Key, ".")
		if !ok {
			in, name = "", f.Key
		}
		if in != section {
			section = in
			lines = append(lines, line{text: in + ":"})
		}
		text, err := scalar(f.value(c))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
		s := name + ": " + text
		if in != "" {
			s = "  " + s
		}
		if n := utf8.RuneCountInString(s); n <= 60 {
			width = max(width, n)
		}
		lines = append(lines, line{s, c.From(f.Key).String()})
	}
	var b []byte
	for _, l := range lines {
		b = append(b, l.text...)
		if l.from != "" {
			pad := max(width-utf8.RuneCountInString(l.text), 0)
			b = fmt.Appendf(b, "%s  # %s", strings.Repeat(" ", pad), l.from)
		}
		b = append(b, '\n')
	}
	return b, nil
}

// scalar is a value as YAML has it.
func scalar(v value) (string, error) {
	text := v.text()
	if v.plain() == "!!bool" || v.plain() == "!!int" && strings.Trim(text, "0123456789") == "" {
		return text, nil
	}
	b, err := yaml.Dump(text, yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
	return strings.TrimSuffix(string(b), "\n"), err
}
