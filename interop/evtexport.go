//go:build interop

package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// exported is one record as libevt's evtexport prints it. It prints no data.
type exported struct {
	Number                 uint32
	Generated, Written     time.Time // libevt takes the seconds as signed: 2038 and later come out as 1901 and later
	Type                   uint16
	User, Computer, Source string
	Category               uint16
	ID                     uint32
	Strings                []string
}

// recordBegin is where a record begins in the output. Strings are printed as they
// are, line ends too, so the first two lines are looked for as a whole.
var recordBegin = regexp.MustCompile(`(?m)^Event number\t+: \d+\nCreation time\t+: `)

// parseEvtexport parses the output of evtexport, version 20200926.
func parseEvtexport(out string) ([]exported, error) {
	head, rest, ok := strings.Cut(out, "\n\n")
	if !ok || !strings.HasPrefix(head, "evtexport ") {
		return nil, fmt.Errorf("not the output of evtexport: %.60q", out)
	}
	if rest == "No records to export.\n" {
		return nil, nil
	}
	begins := recordBegin.FindAllStringIndex(rest, -1)
	if len(begins) == 0 || begins[0][0] != 0 {
		return nil, fmt.Errorf("no records in %.60q", rest)
	}
	var all []exported
	for i, b := range begins {
		end := len(rest)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		r, err := parseExported(rest[b[0]:end])
		if err != nil {
			return all, fmt.Errorf("record %d of the output: %w\n%s", i+1, err, rest[b[0]:end])
		}
		all = append(all, r)
	}
	return all, nil
}

// parseExported parses the text of one record, which ends in an empty line.
func parseExported(text string) (r exported, err error) {
	body, ok := strings.CutSuffix(text, "\n\n")
	if !ok {
		return r, fmt.Errorf("no empty line at the end")
	}
	take := func(key string) (value string, ok bool) {
		rest, ok := strings.CutPrefix(body, key)
		if !ok {
			return "", false
		}
		value, body, _ = strings.Cut(rest, "\n")
		return strings.TrimPrefix(strings.TrimLeft(value, "\t"), ": "), true
	}
	must := func(key string) string {
		v, ok := take(key)
		if !ok && err == nil {
			err = fmt.Errorf("no %q", key)
		}
		return v
	}
	number := func(key, text string, bits int) uint64 {
		n, e := strconv.ParseUint(text, 0, bits)
		if e != nil && err == nil {
			err = fmt.Errorf("%s: %w", key, e)
		}
		return n
	}
	seconds := func(key string) time.Time {
		t, e := time.Parse("Jan 02, 2006 15:04:05 UTC", must(key))
		if e != nil && err == nil {
			err = fmt.Errorf("%s: %w", key, e)
		}
		return t
	}
	r.Number = uint32(number("number", must("Event number"), 32))
	r.Generated, r.Written = seconds("Creation time"), seconds("Written time")
	kind := must("Event type")
	r.Type = uint16(number("type", strings.TrimSuffix(kind[strings.LastIndexByte(kind, '(')+1:], ")"), 16))
	r.User, _ = take("User security identifier")
	r.Computer, r.Source = must("Computer name"), must("Source name")
	r.Category = uint16(number("category", must("Event category"), 16))
	id, _, _ := strings.Cut(must("Event identifier"), " ")
	r.ID = uint32(number("id", id, 32))
	count := number("strings", must("Number of strings"), 16)
	if err != nil {
		return r, err
	}
	// A string goes on until the line that begins the next one.
	for i := range count {
		rest, ok := strings.CutPrefix(body, fmt.Sprintf("String: %d\t\t\t: ", i+1))
		if !ok {
			return r, fmt.Errorf("no string %d of %d in %.60q", i+1, count, body)
		}
		body = rest
		end := len(body)
		if i+1 < count {
			if end = strings.Index(body, fmt.Sprintf("\nString: %d\t\t\t: ", i+2)); end < 0 {
				return r, fmt.Errorf("no string %d of %d", i+2, count)
			}
		}
		r.Strings = append(r.Strings, body[:end])
		body = strings.TrimPrefix(body[end:], "\n")
	}
	if body != "" {
		return r, fmt.Errorf("not understood: %.60q", body)
	}
	return r, nil
}

// evtInfo is what evtinfo prints.
type evtInfo struct {
	Records, Recovered int
	Corrupted          bool
	Flags              []string
}

// parseEvtinfo parses the output of evtinfo, version 20200926.
func parseEvtinfo(out string) (info evtInfo, err error) {
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key = strings.TrimSpace(key); key {
		case "Number of records":
			info.Records, err = strconv.Atoi(value)
		case "Number of recovered records":
			info.Recovered, err = strconv.Atoi(value)
		case "Is corrupted":
			info.Corrupted = true
		default:
			if strings.HasPrefix(line, "\t\t") {
				info.Flags = append(info.Flags, key)
			}
		}
		if err != nil {
			return info, err
		}
	}
	return info, nil
}
