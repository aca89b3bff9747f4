package api

import "encoding/json"

// Page is some events of a log.
type Page struct {
	Events   []json.RawMessage `json:"events" doc:"each as 'netelf scan -o json' writes it, without server and log"`
	Losses   []Note            `json:"losses,omitempty" doc:"what is missing on the way, up to 100"`
	Next     string            `json:"next,omitempty" doc:"cursor of the page behind this one, also of events that are yet to come; not there: there is none"`
	Previous string            `json:"previous,omitempty" doc:"cursor of the page before this one; not there: there is none"`
	End      bool              `json:"end" doc:"all was seen, in the direction that was read in"`
	Examined uint64            `json:"examined" doc:"records that were looked at"`
	Stopped  *Problem          `json:"stopped,omitempty" doc:"why it ended before it was full or all was seen: its cursors go on"`
}

// Count is how many events were selected.
type Count struct {
	Count    uint64   `json:"count"`
	Lost     uint64   `json:"lost,omitempty" doc:"records that are missing, as far as is known"`
	Examined uint64   `json:"examined" doc:"records that were looked at"`
	End      bool     `json:"end" doc:"all was seen"`
	Next     string   `json:"next,omitempty" doc:"cursor with which counting goes on"`
	Stopped  *Problem `json:"stopped,omitempty" doc:"why it ended before all was seen"`
}

// Text is the text of a message.
type Text struct {
	Text string `json:"text"`
	By   string `json:"by" doc:"who had it: server or catalogue"`
}
