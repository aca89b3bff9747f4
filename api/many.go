package api

import (
	"encoding/json"
	"time"
)

// ByLevel is how many events of each level there are: log always, critical, error,
// warning, information, verbose. Those of a level beyond these are in the last.
type ByLevel [6]uint64

// Servers is the state of the servers that a service knows.
type Servers struct {
	Version uint64        `json:"version"`
	Every   float64       `json:"every_seconds" doc:"how often they are asked"`
	Servers []ServerState `json:"servers"`
}

// ServerState is the state of a server.
type ServerState struct {
	Name      string      `json:"name" doc:"as it is configured; . is the service itself"`
	Groups    []string    `json:"groups,omitempty"`
	Kind      string      `json:"kind" enum:"service,even,https,file"`
	State     string      `json:"state" enum:"unknown,checking,ok,partial,cancelled,refused,not tried,timeout,unreachable,failed"`
	Error     string      `json:"error,omitempty"`
	Checked   *time.Time  `json:"checked,omitempty" doc:"when it was asked last"`
	LastEvent *time.Time  `json:"last_event,omitempty"`
	Skew      *float64    `json:"skew_ms,omitempty" doc:"how far its clock is ahead, in milliseconds"`
	Hours     *Hours      `json:"hours,omitempty" doc:"the events of its last 24 hours"`
	Logs      []ServerLog `json:"logs"`
	Usual     []string    `json:"usual,omitempty" doc:"logs that are read where nobody says which; not there: all"`
	Refused   bool        `json:"refused,omitempty" doc:"its credential was refused: it is not asked before there is another one"`
}

// Hours are counts by hour.
type Hours struct {
	Start  time.Time `json:"start"`
	Counts []ByLevel `json:"counts"`
}

// ServerLog is the state of a log.
type ServerLog struct {
	Name    string     `json:"name"`
	Size    int64      `json:"size,omitempty" doc:"bytes"`
	MaxSize int64      `json:"max_size,omitempty" doc:"bytes; 0: not known"`
	Oldest  *time.Time `json:"oldest_time,omitempty"`
	Newest  *time.Time `json:"newest_time,omitempty"`
	Records uint64     `json:"records,omitempty"`
	Full    bool       `json:"full,omitempty" doc:"it takes no events"`
	Cleared bool       `json:"cleared,omitempty" doc:"it was cleared within the last day"`
	Error   string     `json:"error,omitempty"`
}

// Logon is who asks a server from now on.
type Logon struct {
	User     string `json:"user" minLength:"1" maxLength:"512" doc:"as fred or BEDROCK\\fred"`
	Password string `json:"password" maxLength:"1024"`
}

// Single is one event with what surrounds it.
type Single struct {
	Event    json.RawMessage `json:"event" doc:"as 'netelf scan -o json' writes it"`
	XML      string          `json:"xml"`
	Text     *TextSource     `json:"source_text,omitempty" doc:"where its text is from"`
	Hex      *Hex            `json:"hex" doc:"the record as it is stored; null: not known"`
	Previous uint64          `json:"previous,omitempty" doc:"number of the record before it; not there: there is none"`
	Next     uint64          `json:"next,omitempty"`
}

// TextSource is where a text is from.
type TextSource struct {
	By string `json:"by" doc:"event, server or catalogue"`
}

// Hex is a record as it is stored.
type Hex struct {
	Bytes  []byte     `json:"bytes"`
	Fields []HexField `json:"fields" doc:"what its bytes are, in the order of their places"`
}

// HexField is a field of a record.
type HexField struct {
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	Path   string `json:"path"`
	Value  string `json:"value"`
}

// Ask is what many servers are asked for.
type Ask struct {
	Servers []string `json:"servers,omitempty" maxItems:"65536" doc:"names; none: all"`
	Logs    []string `json:"logs,omitempty" maxItems:"1024" doc:"names, or all; none: those that the query names, else System and Application"`
	Query   string   `json:"query,omitempty" doc:"in any of the three languages"`
	Since   string   `json:"since,omitempty" maxLength:"64" doc:"inclusive: a time, or a length of time before now, as 8h"`
	Until   string   `json:"until,omitempty" maxLength:"64" doc:"exclusive"`
	Of      string   `json:"of,omitempty" maxLength:"128" doc:"a result: only what is in that, too"`
}

// Progress is how far a result is.
type Progress struct {
	ID        string        `json:"id"`
	Version   uint64        `json:"version"`
	Query     string        `json:"query"`
	Canonical string        `json:"canonical" doc:"the query in the small language"`
	Since     *time.Time    `json:"since,omitempty"`
	Until     *time.Time    `json:"until,omitempty"`
	Done      bool          `json:"done" doc:"nothing else is coming"`
	Total     uint64        `json:"total" doc:"events found so far"`
	Examined  uint64        `json:"examined" doc:"records that were looked at"`
	More      string        `json:"more" doc:"why not all was seen, as for want of room; empty: it was, or will be"`
	First     *time.Time    `json:"first,omitempty" doc:"of the oldest event found"`
	Last      *time.Time    `json:"last,omitempty" doc:"of the newest"`
	Servers   []AskedServer `json:"servers"`
}

// AskedServer is how far one server is.
type AskedServer struct {
	Name     string     `json:"name"`
	State    string     `json:"state" doc:"waiting, opening, reading; when it is over ok, partial, refused, not tried, timeout, unreachable, failed"`
	Error    string     `json:"error,omitempty"`
	Matched  uint64     `json:"matched"`
	Examined uint64     `json:"examined"`
	Oldest   *time.Time `json:"oldest,omitempty" doc:"of the oldest record that was looked at"`
	Done     bool       `json:"done"`
	Losses   uint64     `json:"losses,omitempty" doc:"places where something is missing"`
}

// Rows is a stretch of a result.
type Rows struct {
	Version uint64   `json:"version"`
	Total   uint64   `json:"total"`
	Done    bool     `json:"done"`
	Pending []string `json:"pending" doc:"servers whose events may still come in before the end of these; none: they are final"`
	First   uint64   `json:"first" doc:"rank of the first row"`
	Rows    []Row    `json:"rows"`
}

// Row is an event of a result.
type Row struct {
	Rank   uint64          `json:"rank" doc:"0 is the newest, in this version"`
	Key    string          `json:"key" doc:"which stays the same"`
	Server string          `json:"server"`
	Log    string          `json:"log"`
	Event  json.RawMessage `json:"event" doc:"as 'netelf scan -o json' writes it; null: gone says why"`
	Gone   string          `json:"gone,omitempty"`
}

// Histogram counts events by time and level.
type Histogram struct {
	Version uint64    `json:"version"`
	Done    bool      `json:"done"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Step    float64   `json:"step_ms" doc:"milliseconds of a slot"`
	Counts  []ByLevel `json:"counts"`
	Exact   bool      `json:"exact" doc:"each event is in its slot; else it may be in one beside it"`
}

// Facets are the values of fields.
type Facets struct {
	Version uint64  `json:"version"`
	Done    bool    `json:"done"`
	Of      uint64  `json:"of" doc:"events of the result"`
	Facets  []Facet `json:"facets"`
}

// Facet is how often the values of a field are there.
type Facet struct {
	Field    string       `json:"field"`
	Exact    bool         `json:"exact" doc:"all values are known, and their counts right"`
	Counted  uint64       `json:"counted" doc:"events that are counted so far"`
	Distinct int          `json:"distinct" doc:"values that are known"`
	Values   []FacetValue `json:"values" doc:"the most frequent"`
	Rare     []FacetValue `json:"rare" doc:"the rarest of the others"`
	Other    uint64       `json:"other" doc:"events with none of these values"`
	Error    string       `json:"error,omitempty" doc:"why not all could be counted"`
}

// FacetValue is a value with the number of events that have it.
type FacetValue struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// QueryText is a query as it is typed.
type QueryText struct {
	Text string `json:"text"`
	At   int    `json:"at,omitempty" minimum:"0" doc:"where the cursor is, in bytes"`
}

// QueryAnswer is what a query means.
type QueryAnswer struct {
	Canonical   string       `json:"canonical" doc:"in the small language"`
	Since       *time.Time   `json:"since,omitempty"`
	Until       *time.Time   `json:"until,omitempty"`
	Limit       int          `json:"limit,omitempty"`
	Logs        []string     `json:"logs,omitempty"`
	Error       *QueryError  `json:"error,omitempty"`
	Completions []Completion `json:"completions"`
}

// QueryError is what is wrong with a query. Offset and length are in bytes.
type QueryError struct {
	Offset  int    `json:"offset"`
	Length  int    `json:"length"`
	Message string `json:"message"`
}

// Completion is what can stand at the cursor, in place of the bytes of [from, to).
type Completion struct {
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
	From   int    `json:"from"`
	To     int    `json:"to"`
}

// Views are the queries that are kept.
type Views struct {
	Views []View `json:"views"`
}

// View is a query that is kept under a name.
type View struct {
	Name string `json:"name"`
	ViewBody
	Builtin bool `json:"builtin,omitempty" doc:"it is always there"`
}

// ViewBody is a View without its name.
type ViewBody struct {
	Title   string   `json:"title" maxLength:"200"`
	Query   string   `json:"query" maxLength:"65536"`
	Servers []string `json:"servers,omitempty" maxItems:"4096"`
	Logs    []string `json:"logs,omitempty" maxItems:"1024"`
	Range   string   `json:"range,omitempty" maxLength:"200"`
}

// File is a file that was sent, as a server of whoever sent it.
type File struct {
	Server string   `json:"server" doc:"its name as a server"`
	Name   string   `json:"name"`
	Size   int64    `json:"size"`
	Logs   []string `json:"logs"`
}

// TailRows are events as they come.
type TailRows struct {
	Rows    []json.RawMessage `json:"rows"`
	Dropped uint64            `json:"dropped" doc:"events that came faster than they were taken"`
}

// TailStatus is how servers are that are followed.
type TailStatus struct {
	Servers []TailServer `json:"servers"`
}

// TailServer is how one of them is.
type TailServer struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Error string `json:"error,omitempty"`
}
