// Package config is the configuration of netelf: one typed schema, Config, that
// a YAML file, the environment and flags fill, each overriding what stands before
// it:
//
//	defaults < file < NETELF_* < flags
//
// The schema is the struct: its tags name the keys, the variables and the
// documentation, and nothing else does. A key that the schema does not know, one
// that stands twice, a value of the wrong type and one that is not allowed are
// errors that name the place. All problems are told at once:
//
//	c, err := config.Open("/etc/netelf/netelf.yaml", os.Environ())
//	// netelf.yaml:2:3: service.dta: unknown key; service has data, socket, …
//	// netelf.yaml:3:9: service.sync: have "often", want always, periodic or none
//
// A value knows where it came from (Config.From), and a configuration can be
// written as a file that says so (Config.YAML).
//
// # Limits
//
// A file has at most 1 MiB, one document, UTF-8, and is nested at most 32 deep.
// Anchors, aliases, merge keys and tags are errors: nothing is expanded, so what
// a file costs is in proportion to its size. The first 100 problems are told.
//
// # To add a key
//
// Give a section a field with the tags key, default and doc. Its type is one that
// implements value; value.go has them. Tests compare docs/configuration.md with
// the schema.
package config
