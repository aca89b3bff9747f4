package config

// Watch is the section of the servers that the service asks for those who look at many.
type Watch struct {
	Servers Path     `key:"servers" empty:"none but the service itself" doc:"the file of the servers that are watched and asked for users of the HTTP API, with servers and groups as people's configuration has them"`
	Every   Duration `key:"every" default:"5m" min:"10s" max:"24h" doc:"how often each of them is asked how it is; each time is a logon there"`
}
