// Package api is netelf's HTTP API: its types, and a Client that is an
// eventlog.Server. The other end is package api/server.
//
//	c := api.Unix("/run/netelf/netelf.sock", ".")
//	log, err := c.OpenLog(ctx, "System")
//	…
//	for e, err := range eventlog.All(ctx, log, &eventlog.Selection{Backward: true}) {
//		…
//	}
//
// # Paths
//
//	GET    /v1, /v1/about                About: version, clock, who the caller is
//	POST   /v1/session                   Login: a session, in a cookie
//	DELETE /v1/session                   ends it
//	GET    /v1/users …                   users, their passwords, groups and tokens: account.go
//	GET    /v1/logs                      all logs
//	POST   /v1/logs                      NewLog: creates a log
//	GET    /v1/logs/{log}                Log; ?check=open asks only whether it may be opened
//	PATCH  /v1/logs/{log}                Settings: changes what is there
//	DELETE /v1/logs/{log}                deletes it
//	POST   /v1/logs/{log}/events         Selection: a walk, as a stream
//	GET    /v1/logs/{log}/events         Page; ?select=Selection&cursor=C&limit=N
//	GET    /v1/logs/{log}/events/{n}     one event; …/context has those around it
//	GET    /v1/logs/{log}/count          Count
//	GET    /v1/logs/{log}/follow         server-sent events
//	GET    /v1/logs/{log}/export         a file; ?format=json, csv, xml or evt
//	GET    /v1/logs/{log}/copy           the log as an .evt file
//	POST   /v1/logs/{log}/clear          Clear
//	POST   /v1/logs/{log}/backups        Backup
//	GET    /v1/backups/{backup}          Log, of a backup
//	POST   /v1/backups/{backup}/events   Selection: a walk, as a stream
//	POST   /v1/reports?source=NAME       events, one a line: reports them
//	GET    /v1/sources                   all sources
//	PUT    /v1/sources/{source}          registers a source
//	DELETE /v1/sources/{source}          forgets it
//	GET    /v1/sources/{source}/text     Text of a message, by its id
//	GET    /v1/servers                   many servers, by a service that offers it: docs/http-api.md
//	POST   /v1/results                   and so on
//	GET    /openapi.json                 this, for programs (OpenAPI 3.1)
//
// Names are one segment of the path: a slash in one is %2F. Errors are problem
// details (RFC 9457) with a code, which is that of eventlog.Problem.
//
// # Streams
//
// A walk is answered as NDJSON. An event is a line as 'netelf scan -o json' has
// it, without server and log. A line that begins with {"netelf": says something
// about the walk:
//
//	{"netelf":"begin","mark":M}          first: where reading goes on if nothing else comes
//	{"netelf":"at","mark":M}             the mark behind the next event is this one
//	{"netelf":"here","mark":M}           now and then: the walk goes on, and is here
//	{"netelf":"loss",…,"mark":M}         something is missing here: first, last, offset, partial, problem
//	{"netelf":"end","mark":M,"examined":N}
//	{"netelf":"error","problem":P,"mark":M,"examined":N}
//
// The mark behind an event is its record and time_written, where "at" does not
// say something else. The last line is "end" or "error": a stream without one
// broke off.
package api
