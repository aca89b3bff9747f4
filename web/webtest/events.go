package webtest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

var (
	usual  = []string{"System", "Application"}
	names  = []string{"barney", "betty", "fred", "wilma"}
	types  = []string{"information", "information", "information", "warning", "error", "audit success", "audit failure"}
	levels = []string{"information", "information", "information", "warning", "error", "log always", "log always"}
)

// Hostile is what an attacker puts into an event: markup, escape sequences, and what
// turns the direction of text round.
const Hostile = "<script>window.caught = 1</script><img src=x onerror=\"window.caught=2\"> \x1b[31mred\x1b[0m \u202egnp.exe\u202c end"

// event is that of a number; 0 is the newest of those that were there at first.
func (f *Fake) event(n int) map[string]any {
	m := n & 0x7fffffff
	k := (m * 7919) % len(types)
	at := f.now.Add(-time.Duration(n) * 4 * time.Millisecond)
	e := map[string]any{
		"server": names[m%4], "log": []string{"System", "Application", "Security"}[m%3], "record": 100_000_000 - n,
		"time": at, "time_written": at, "id": 7000 + m%40, "event_id": 7000 + m%40, "type": types[k], "level": levels[k],
		"category": 0, "source": []string{"Service Control Manager", "Crusher", "W32Time"}[m%3], "computer": "bedrock",
		"strings": []string{"belt", strconv.Itoa(n)}, "message": fmt.Sprintf("The belt %d of the quarry stopped for %d seconds.", m%17, m%61), "message_by": "catalogue",
	}
	if m%10 == 3 && !f.calm.Load() {
		for _, key := range []string{"server", "log", "type", "level", "source", "computer", "message", "user", "user_name", "channel", "message_by"} {
			e[key] = key + Hostile
		}
		e["strings"], e["names"] = []string{Hostile, Hostile}, []string{Hostile, ""}
	}
	return e
}

func (f *Fake) record(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("record"))
	switch {
	case n == 13:
		refuse(w, http.StatusGone, "mark-gone", "the log was cleared since", nil)
		return
	case err != nil || n > 200_000_000:
		refuse(w, http.StatusNotFound, "no-record", "there is no such record", nil)
		return
	}
	e := f.event(100_000_000 - n)
	if e["server"] != r.PathValue("server") && r.PathValue("server") != "~" {
		refuse(w, http.StatusNotFound, "no-record", "there is no such record", nil)
		return
	}
	raw, fields := f.bytes(n, e)
	answer(w, map[string]any{"event": e, "xml": fmt.Sprintf("<Event>\n  <System>\n    <EventRecordID>%d</EventRecordID>\n  </System>\n</Event>", n), "previous": n - 1, "next": n + 1,
		"source_text": map[string]any{"by": "catalogue", "file": `C:\Windows\System32\netevent.dll`},
		"hex":         map[string]any{"bytes": base64.StdEncoding.EncodeToString(raw), "fields": fields}})
}

// bytes are the beginning of an .evt record, and what its fields say.
func (f *Fake) bytes(n int, e map[string]any) (raw []byte, fields []map[string]any) {
	le := binary.LittleEndian
	put := func(path string, v uint32) {
		fields = append(fields, map[string]any{"offset": len(raw), "length": 4, "path": path, "value": strconv.FormatUint(uint64(v), 10)})
		raw = le.AppendUint32(raw, v)
	}
	at := uint32(e["time"].(time.Time).Unix())
	put("Length", 256)
	put("Reserved", le.Uint32([]byte("LfLe")))
	put("RecordNumber", uint32(n))
	put("TimeGenerated", at)
	put("TimeWritten", at)
	put("EventID", uint32(e["id"].(int)))
	for len(raw) < 56 {
		put("Header"+strconv.Itoa(len(raw)), 0)
	}
	from := len(raw)
	for _, c := range e["message"].(string) {
		raw = le.AppendUint16(raw, uint16(c))
	}
	return raw, append(fields, map[string]any{"offset": from, "length": len(raw) - from, "path": "Strings", "value": e["message"]})
}

func (f *Fake) listServers(w http.ResponseWriter, r *http.Request) {
	f.await(r, func() int { return f.servers })
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]map[string]any, 0, len(names)+f.knobs.More)
	for i := range len(names) + f.knobs.More {
		s, group := fmt.Sprintf("cave%03d", i-len(names)), "caves"
		if i < len(names) {
			s, group = names[i], "quarry"
		}
		hours := make([][6]int, 24)
		for h := range hours {
			hours[h] = [6]int{0, h * i % 7 / 6, (h*i + h) % 5, h % 3, 100, 0}
		}
		all = append(all, map[string]any{"name": s, "groups": []string{group}, "kind": "even", "state": "ok", "checked": f.now, "last_event": f.now, "usual": usual, "skew_ms": 120 + i*1500,
			"hours": map[string]any{"start": f.now.Add(-24 * time.Hour), "counts": hours},
			"logs": []map[string]any{
				{"name": "System", "size": 500000, "max_size": 1 << 20, "oldest_time": f.now.Add(-90 * time.Hour), "newest_time": f.now},
				{"name": "Security", "size": 1 << 20, "max_size": 1 << 20, "oldest_time": f.now.Add(-3 * time.Hour), "newest_time": f.now, "full": i == 2},
			}})
	}
	refusal := "the password of fred is wrong"
	if !f.knobs.Calm {
		refusal += " " + Hostile
	}
	all = append(all,
		map[string]any{"name": ".", "kind": "service", "state": "ok", "checked": f.now, "last_event": f.now, "usual": usual, "logs": []map[string]any{}},
		map[string]any{"name": "dino", "kind": "even", "state": "unreachable", "usual": usual, "error": "dial tcp 127.0.0.1:1: connection refused", "checked": f.asked},
		map[string]any{"name": "hoppy", "kind": "even", "state": "refused", "usual": usual, "error": refusal, "checked": f.now, "refused": true})
	answer(w, map[string]any{"version": f.servers, "every_seconds": 300, "servers": all})
}

func (f *Fake) refresh(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.servers++
	f.asked = time.Now()
	f.change()
	w.WriteHeader(http.StatusAccepted)
}

func (f *Fake) logs(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []map[string]any
	for _, name := range f.logNames {
		l := map[string]any{"name": name, "oldest": 1, "next": 1234, "size": 524288, "max_size": 1 << 20, "retention": 604800, "oldest_time": f.now.Add(-90 * time.Hour), "newest_time": f.now}
		if !f.knobs.Plain {
			l["can"] = []string{"set", "clear", "backup"}
		}
		all = append(all, l)
	}
	answer(w, map[string]any{"logs": all})
}

func (f *Fake) newLog(w http.ResponseWriter, r *http.Request) {
	in := read[struct{ Name string }](r)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logNames = append(f.logNames, in.Name)
	w.WriteHeader(http.StatusNoContent)
}

func (f *Fake) copyLog(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Disposition", "attachment")
	_, _ = w.Write([]byte("LfLe")) // whoever left needs nothing more
}

func (f *Fake) sources(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"sources": []map[string]any{{"name": "Crusher", "log": "System"}, {"name": Hostile, "log": "System"}}})
}

// tail sends 5,000 events a second, in batches of a tenth of one, and drops some
// where the query says so.
func (f *Fake) tail(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	query := r.URL.Query().Get("query")
	f.mu.Lock()
	f.seen.Tails++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.seen.Tails--
		f.mu.Unlock()
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	fmt.Fprintf(w, "event: status\ndata: {\"servers\":[{\"name\":\"barney\",\"state\":\"ok\"},{\"name\":\"dino\",\"state\":\"unreachable\",\"error\":\"connection refused\"}]}\n\n")
	for n := 0; ; {
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
		f.mu.Lock()
		k := f.knobs
		f.mu.Unlock()
		if k.Stranger || k.Unwell {
			return
		}
		if k.TailStopped {
			continue
		}
		var rows []map[string]any
		for range 500 {
			rows = append(rows, f.event(-n))
			n++
		}
		dropped := 0
		if query == "fast" {
			dropped = 7
		}
		b, _ := json.Marshal(map[string]any{"rows": rows, "dropped": dropped}) // maps of strings and numbers
		if _, err := fmt.Fprintf(w, "id: %d\nevent: rows\ndata: %s\n\n", n, b); err != nil {
			return
		}
		f.mu.Lock()
		f.seen.TailSent += len(rows)
		f.seen.TailDropped += dropped
		f.mu.Unlock()
	}
}
