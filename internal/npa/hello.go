package npa

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"netelf.example/eventlog"
	"netelf.example/internal/ndr"
	"netelf.example/nt"
)

const (
	// MaxHello is how long a hello may be, in bytes, without its length.
	MaxHello = 1 << 20

	// Levels that are known.
	level7 = 7 // Samba 4.17
	level8 = 8 // later ones: claims in the token

	maxText = 1 << 16 // bytes of a string
	maxSIDs = 1 << 16 // of a token; also groups of a Unix token

	// TransportSMB is Hello.Transport of a client of smbd.
	TransportSMB = 1

	magic = "NPAM"
	head  = 16 // bytes of length, magic and both levels
)

// Flags of a hello. They are for Samba's own helpers.
const (
	FlagNeedIdle   = 1 // the caller is such a helper itself, and must not wait for itself
	FlagWinbindOff = 2 // do not ask winbind
)

// flagSID is what the SID with the flags begins with.
const flagSID = "S-1-22-2041152804-"

// Hello is what smbd says of who opens the pipe.
type Hello struct {
	Level     uint32
	Transport uint8 // TransportSMB, or another of Samba's numbers

	ClientName, ClientAddr string // the address as text; "" where there is none
	ClientPort             uint16
	ServerName, ServerAddr string
	ServerPort             uint16

	SIDs       []nt.SID // the user's, the primary group's, the others; without the flags'
	DeviceSIDs []nt.SID // of the machine that the user sits at
	Privileges uint64   // Samba's mask
	Rights     uint32   // LSA_POLICY_MODE…
	Flags      uint32   // FlagNeedIdle, FlagWinbindOff
	Claims     int      // how many there are; what they say is not read

	HasUnix  bool // there is a Unix token: UID, GID and Groups say something
	UID, GID uint64
	Groups   []uint64
	UnixName string

	Account, Principal string
	Domain, DNSDomain  string
	FullName           string
	Authenticated      bool // as Samba says; false: anonymous
}

// Caller is the user of the token, as a door of the event log says it. Root of this
// machine is an administrator, as at every other door.
func (h *Hello) Caller() eventlog.Caller {
	c := eventlog.Caller{Name: h.Account, Door: "samba", Addr: h.Client().String()}
	if h.Domain != "" {
		c.Name = h.Domain + `\` + h.Account
	}
	c.SIDs = append(c.SIDs, h.SIDs...)
	if h.HasUnix && h.UID == 0 {
		c.SIDs = append(c.SIDs, nt.SIDAdministrators)
	}
	return c
}

// Client is the client's address: a *net.TCPAddr, or where the address is none that
// is known, what smbd calls it.
func (h *Hello) Client() net.Addr { return addr(h.ClientAddr, h.ClientName, h.ClientPort) }

// Server is the address that the client has connected to, as Client.
func (h *Hello) Server() net.Addr { return addr(h.ServerAddr, h.ServerName, h.ServerPort) }

func addr(ip, name string, port uint16) net.Addr {
	if a, err := netip.ParseAddr(ip); err == nil {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, port))
	}
	if ip == "" {
		ip = name
	}
	return named(net.JoinHostPort(ip, strconv.Itoa(int(port))))
}

// named is an address that is only a text.
type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

// LevelError is a hello of a level that is not known: of a Samba that is older or
// newer than those this package was made for.
type LevelError struct{ Level uint32 }

func (e *LevelError) Error() string {
	return fmt.Sprintf("npa: hello of level %d, known are %d (Samba 4.17) and %d (later)", e.Level, level7, level8)
}

// ReadHello reads a hello. At an end before its first byte the error is
// io.EOF; behind any other nothing more can be read.
func ReadHello(r io.Reader) (*Hello, error) {
	msg, err := readHello(r)
	if err != nil {
		return nil, err
	}
	h := new(Hello)
	if err := h.UnmarshalBinary(msg); err != nil {
		return nil, err
	}
	return h, nil
}

// readHello reads the message with its length. What it allocates grows with what
// has come.
func readHello(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		if err == io.EOF {
			return nil, err // who connects and goes has not begun
		}
		return nil, fmt.Errorf("npa: hello: length: %w", err)
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > MaxHello {
		return nil, fmt.Errorf("npa: hello of %d bytes, at most %d", n, MaxHello)
	}
	var b bytes.Buffer
	b.Write(length[:])
	if m, err := io.CopyN(&b, r, int64(n)); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("npa: hello: have %d bytes of %d: %w", m, n, err)
	}
	return b.Bytes(), nil
}

// UnmarshalBinary decodes a hello with its length. An error is a *LevelError or an
// *eventlog.FormatError; its offset counts from the length.
func (h *Hello) UnmarshalBinary(msg []byte) error {
	*h = Hello{}
	d := &decoder{Reader: ndr.NewReader(msg, binary.LittleEndian, "named_pipe_auth_req"), msg: msg, h: h}
	length := d.Field("length").Bytes(4)
	if d.Err() == nil && uint64(binary.BigEndian.Uint32(length)) != uint64(len(msg)-4) {
		d.Fail(0, fmt.Errorf("%d, but there are %d bytes", binary.BigEndian.Uint32(length), len(msg)-4))
	}
	if m := d.Field("magic").Bytes(4); d.Err() == nil && string(m) != magic {
		d.Fail(4, fmt.Errorf("%q, want %q", m, magic))
	}
	h.Level = d.Field("level").Uint32()
	if d.Err() == nil && h.Level != level7 && h.Level != level8 {
		return &LevelError{h.Level}
	}
	if again := d.Field("info").Uint32(); again != h.Level {
		d.Fail(12, fmt.Errorf("union of level %d in a request of level %d", again, h.Level))
	}
	d.info()
	d.Flush()
	if rest := d.Rest(); rest > 0 {
		d.Field("info").Fail(d.Offset(), fmt.Errorf("%d bytes are left over", rest))
	}
	if d.Err() == nil && len(h.SIDs) == 0 {
		d.Field("sids").Fail(len(msg), errors.New("no user in the token"))
	}
	return d.Err()
}

// helloLevel is the level of a message that may not have been understood, for the
// reply.
func helloLevel(msg []byte) (level uint32, ok bool) {
	if len(msg) < head || string(msg[4:8]) != magic {
		return 0, false
	}
	return binary.LittleEndian.Uint32(msg[8:]), true
}

// decoder decodes one hello, structure by structure, with the names of Samba's
// tables.
type decoder struct {
	*ndr.Reader
	msg []byte
	h   *Hello
}

// info is named_pipe_auth_req_info7 and 8.
func (d *decoder) info() {
	h := d.h
	h.Transport = d.Field("transport").Uint8()
	d.text("remote_client_name", &h.ClientName)
	d.text("remote_client_addr", &h.ClientAddr)
	h.ClientPort = d.Field("remote_client_port").Uint16()
	d.text("local_server_name", &h.ServerName)
	d.text("local_server_addr", &h.ServerAddr)
	h.ServerPort = d.Field("local_server_port").Uint16()
	d.need("session_info", func() { // auth_session_info_transport
		d.need("session_info", d.session)
		d.blob("exported_gssapi_credentials")
	})
}

// session is auth_session_info.
func (d *decoder) session() {
	h := d.h
	d.need("security_token", d.token)
	d.optional("unix_token", d.unixToken)
	d.optional("info", d.userInfo)
	d.optional("unix_info", func() {
		d.text("unix_name", &h.UnixName)
		d.text("sanitized_username", nil)
	})
	d.null("torture")
	d.blob("session_key")
	d.null("credentials")
	d.Field("unique_session_token").GUID()
	d.Field("ticket_type").Uint16()
}

// unixToken is security_unix_token: its array's size stands before all of it.
func (d *decoder) unixToken() {
	h := d.h
	n := d.Field("groups").Conformant(8, maxSIDs)
	h.HasUnix = true
	h.UID = d.Field("uid").Uint64()
	h.GID = d.Field("gid").Uint64()
	count, at := d.count("ngroups")
	d.same("ngroups", at, count, n)
	d.Field("groups")
	for i := 0; i < n && d.Err() == nil; i++ {
		h.Groups = append(h.Groups, d.Uint64())
	}
}

// userInfo is auth_user_info.
func (d *decoder) userInfo() {
	h := d.h
	d.text("account_name", &h.Account)
	d.text("user_principal_name", &h.Principal)
	d.Field("user_principal_constructed").Uint8()
	d.text("domain_name", &h.Domain)
	d.text("dns_domain_name", &h.DNSDomain)
	d.text("full_name", &h.FullName)
	for _, name := range []string{"logon_script", "profile_path", "home_directory", "home_drive", "logon_server"} {
		d.text(name, nil)
	}
	for _, name := range []string{"last_logon", "last_logoff", "acct_expiry", "last_password_change",
		"allow_password_change", "force_password_change"} {
		d.Field(name).Uint32() // an NTTIME is two numbers, aligned to 4
		d.Uint32()
	}
	d.Field("logon_count").Uint16()
	d.Field("bad_password_count").Uint16()
	d.Field("acct_flags").Uint32()
	h.Authenticated = d.Field("authenticated").Uint8() != 0
}

// need is a pointer that must not be null.
func (d *decoder) need(name string, read func()) {
	if !d.optional(name, read) && d.Err() == nil {
		d.Fail(d.Offset()-4, errors.New("null pointer"))
	}
}

// optional is a pointer.
func (d *decoder) optional(name string, read func()) bool {
	if !d.Field(name).Pointer() {
		return false
	}
	d.Defer(read)
	return true
}

// null is a pointer that is of no use to another process.
func (d *decoder) null(name string) {
	if d.Field(name).Pointer() {
		d.Fail(d.Offset()-4, errors.New("pointer that is not null"))
	}
}

// text is a pointer to a string, which is put into s after Flush; nil: nowhere.
func (d *decoder) text(name string, s *string) {
	d.optional(name, func() {
		_, n := d.ConformantVarying(1, maxText)
		at := d.Offset()
		b := d.Bytes(n)
		switch end := bytes.IndexByte(b, 0); {
		case d.Err() != nil:
		case n == 0 || end != n-1:
			d.Fail(at, errors.New("string without a zero at its end, or with one before it"))
		case s != nil:
			*s = strings.ToValidUTF8(string(b[:end]), "\ufffd")
		}
	})
}

// blob is a DATA_BLOB: it is not kept.
func (d *decoder) blob(name string) { d.Field(name).ByteArray(MaxHello) }

// count is a number of elements, and where it stands.
func (d *decoder) count(name string) (n uint32, at int) {
	n = d.Field(name).Uint32()
	return n, d.Offset() - 4
}

// same fails where a count is not its array's size.
func (d *decoder) same(name string, at int, count uint32, size int) {
	if d.Err() == nil && uint64(count) != uint64(size) {
		d.Field(name).Fail(at, fmt.Errorf("%d, but the array has %d", count, size))
	}
}
