package config

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// DefaultFile is where the service looks for its configuration.
const DefaultFile = "/etc/netelf/netelf.yaml"

// Config is the configuration. Load and Open make one.
//
// The tags of a section: key, its name in the file; env, what the variables of
// its keys begin with. Those of a value: key; default; doc; empty, what "" means,
// without which "" is an error; min and max, for what has an order.
type Config struct {
	Service Service `key:"service" env:"NETELF_"`
	RPC     RPC     `key:"rpc" env:"NETELF_RPC_"`
	HTTP    HTTP    `key:"http" env:"NETELF_HTTP_"`
	Watch   Watch   `key:"watch" env:"NETELF_WATCH_"`

	from map[string]Origin // by key; one that is missing has its default
	odd  []string          // variables that begin with NETELF_ and are no keys
}

// Service is the section of the event log service.
type Service struct {
	Data       Path     `key:"data" default:"/var/lib/netelf" doc:"the data directory"`
	Socket     Socket   `key:"socket" default:"/run/netelf/netelf.sock" doc:"the Unix socket that the service listens on"`
	AdminGroup Name     `key:"admin_group" empty:"no group" doc:"the group of this machine whose members administrate, beside root"`
	Computer   Name     `key:"computer" empty:"the name of this machine" doc:"the computer of events that name none"`
	Sync       Sync     `key:"sync" default:"always" doc:"when a report is answered: always, when it is on the disk; periodic, when the system has it, and within sync_every the disk; none, when the system has it"`
	SyncEvery  Duration `key:"sync_every" default:"1s" min:"1ms" max:"1h" doc:"how long a report may wait for the disk where sync is periodic"`
	Backup     Path     `key:"backup" empty:"backup in the data directory" doc:"the folder of backups"`
	Users      Path     `key:"users" empty:"users.json in the data directory" doc:"the file of users, which 'netelf user' keeps"`
	MaxSize    Size     `key:"max_size" default:"512KiB" min:"1" max:"4294901760" doc:"how large a log gets that is made without a size; rounded up to a multiple of 64 KiB"`
	LogLevel   Level    `key:"log_level" default:"info" doc:"what the service says of itself"`
}

// BackupDir is the folder of backups, also where Backup says nothing.
func (s *Service) BackupDir() string { return or(s.Backup, s.Data, "backup") }

// UsersFile is the file of users, also where Users says nothing.
func (s *Service) UsersFile() string { return or(s.Users, s.Data, "users.json") }

func or(p, dir Path, name string) string {
	if p != "" {
		return string(p)
	}
	return filepath.Join(string(dir), name)
}

// The types of values, as the rest of the program wants them, are one conversion
// away: string(Path), time.Duration(Duration), int64(Size), slog.Level(Level).
type (
	// Path is the absolute path of a file or folder.
	Path string
	// Socket is the absolute path of a Unix socket.
	Socket string
	// Name is a line of text.
	Name string
	// Sync is when a report is answered.
	Sync string
	// Duration is a length of time, written as 1s, 250ms or 1m30s.
	Duration time.Duration
	// Size is a number of bytes, written as 65536, 512KiB, 16MiB or 1G.
	Size int64
	// Level is from where on the service speaks of itself.
	Level slog.Level
)

// The values of Sync.
const (
	SyncAlways   Sync = "always"
	SyncPeriodic Sync = "periodic"
	SyncNone     Sync = "none"
)

// Field is a key of the schema.
type Field struct {
	Key     string // "service.data"
	Env     string // its variable, "NETELF_DATA"
	Default string // as a file has it
	Empty   string // what "" means; "": it is not allowed
	Doc     string

	min, max string
	index    []int // of its field in Config
}

// Name is the last part of its key.
func (f *Field) Name() string { return f.Key[strings.LastIndexByte(f.Key, '.')+1:] }

// Fields is the schema, in its order.
func Fields() []Field {
	return append([]Field(nil), fields...)
}

var fields = fieldsOf(reflect.TypeFor[Config](), "", "", nil)

// fieldsOf collects the values of a section, and of those in it.
func fieldsOf(t reflect.Type, key, env string, index []int) (list []Field) {
	for i := range t.NumField() {
		sf := t.Field(i)
		name, ok := sf.Tag.Lookup("key")
		if !ok {
			continue
		}
		at := append(append([]int(nil), index...), i)
		if sf.Type.Kind() == reflect.Struct {
			list = append(list, fieldsOf(sf.Type, key+name+".", sf.Tag.Get("env"), at)...)
			continue
		}
		list = append(list, Field{
			Key: key + name, Env: env + strings.ToUpper(name),
			Default: sf.Tag.Get("default"), Empty: sf.Tag.Get("empty"), Doc: sf.Tag.Get("doc"),
			min: sf.Tag.Get("min"), max: sf.Tag.Get("max"), index: at,
		})
	}
	return list
}

// field is that of a key.
func field(key string) (*Field, bool) {
	for i := range fields {
		if fields[i].Key == key {
			return &fields[i], true
		}
	}
	return nil, false
}

// value is what of c the field means.
func (f *Field) value(c *Config) value {
	return reflect.ValueOf(c).Elem().FieldByIndex(f.index).Addr().Interface().(value)
}
