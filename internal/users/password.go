package users

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/md4" //lint:ignore SA1019 the hash that NTLM is made of

	"netelf.example/eventlog"
	"netelf.example/internal/quote"
	"netelf.example/nt"
)

// MaxPassword is how long a password may be, in bytes of UTF-8.
const MaxPassword = 1024

// CheckPassword says what is wrong with a password for a user: it is empty, over
// 1024 bytes, no UTF-8, or has a control character. The error never has it, and
// wraps eventlog.ErrInvalid.
func CheckPassword(password string) error {
	flaw := ""
	switch {
	case password == "":
		flaw = "is empty"
	case len(password) > MaxPassword:
		flaw = fmt.Sprintf("has over %d bytes", MaxPassword)
	case !utf8.ValidString(password):
		flaw = "is not valid UTF-8"
	case strings.ContainsFunc(password, unicode.IsControl):
		flaw = "has a control character"
	default:
		return nil
	}
	return fmt.Errorf("the password %s: %w", flaw, eventlog.ErrInvalid)
}

// Cost is what it takes to compute a password's hash. The zero Cost is that of RFC
// 9106's second recommendation: 64 MiB, three passes, four lanes.
type Cost struct {
	Memory uint32 // KiB; 0: 65536
	Passes uint32 // 0: 3
	Lanes  uint8  // 0: 4
}

func (c Cost) orDefault() Cost {
	if c.Memory == 0 {
		c.Memory = 64 << 10
	}
	if c.Passes == 0 {
		c.Passes = 3
	}
	if c.Lanes == 0 {
		c.Lanes = 4
	}
	return c
}

// Limits of a hash that is read, so that nothing costs what only a hostile file
// asks for.
const (
	maxMemory = 256 << 10 // KiB
	maxPasses = 16
	maxLanes  = 16
	maxWork   = 1 << 20 // KiB, over all passes
	minSalt   = 8       // bytes; RFC 9106, 3.1
	maxSalt   = 64
	minSum    = 16
	maxSum    = 64
	maxPHC    = 256 // bytes of the text
)

// What a hash has that is made here.
const (
	saltSize = 16
	sumSize  = 32
)

func (c Cost) check() error {
	switch {
	case c.Lanes < 1 || c.Lanes > maxLanes:
		return fmt.Errorf("p=%d, want 1 to %d", c.Lanes, maxLanes)
	case c.Memory < 8*uint32(c.Lanes) || c.Memory > maxMemory:
		return fmt.Errorf("m=%d, want %d to %d", c.Memory, 8*uint32(c.Lanes), maxMemory)
	case c.Passes < 1 || c.Passes > maxPasses:
		return fmt.Errorf("t=%d, want 1 to %d", c.Passes, maxPasses)
	case uint64(c.Memory)*uint64(c.Passes) > maxWork:
		return fmt.Errorf("m=%d over t=%d passes, want at most %d together", c.Memory, c.Passes, maxWork)
	}
	return nil
}

// hash is a password as it is kept.
type hash struct {
	cost      Cost
	salt, sum []byte
}

// newHash computes that of a password.
func newHash(password string, cost Cost, random io.Reader) (*hash, error) {
	if err := cost.check(); err != nil {
		return nil, fmt.Errorf("argon2id: %w", err)
	}
	h := &hash{cost: cost, salt: make([]byte, saltSize)}
	if _, err := io.ReadFull(random, h.salt); err != nil {
		return nil, err
	}
	h.sum = h.compute(password, sumSize)
	return h, nil
}

func (h *hash) compute(password string, size int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.cost.Passes, h.cost.Memory, h.cost.Lanes, uint32(size))
}

// is says whether the password is this one. It takes the same time for any.
func (h *hash) is(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password, len(h.sum)), h.sum) == 1
}

var b64 = base64.RawStdEncoding.Strict()

// String is the PHC string.
func (h *hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.cost.Memory, h.cost.Passes, h.cost.Lanes, b64.EncodeToString(h.salt), b64.EncodeToString(h.sum))
}

// parseHash takes a PHC string of argon2id within the limits. Errors do not have
// it, for it is nearly a secret.
func parseHash(s string) (*hash, error) {
	if len(s) > maxPHC {
		return nil, fmt.Errorf("%d bytes, at most %d", len(s), maxPHC)
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return nil, errors.New("is no $argon2id$v=…$m=…,t=…,p=…$salt$hash")
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return nil, fmt.Errorf("version %s, want v=%d", quote.Short(parts[2]), argon2.Version)
	}
	h := new(hash)
	var lanes uint32
	rest := parts[3]
	for i, p := range []struct {
		name string
		to   *uint32
	}{{"m", &h.cost.Memory}, {"t", &h.cost.Passes}, {"p", &lanes}} {
		var text string
		text, rest, _ = strings.Cut(rest, ",")
		digits, ok := strings.CutPrefix(text, p.name+"=")
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || digits != strconv.FormatUint(n, 10) || i == 2 && rest != "" {
			return nil, fmt.Errorf("parameters %s, want m=…,t=…,p=…", quote.Short(parts[3]))
		}
		*p.to = uint32(n)
	}
	if lanes > maxLanes {
		return nil, fmt.Errorf("p=%d, want 1 to %d", lanes, maxLanes)
	}
	h.cost.Lanes = uint8(lanes)
	if err := h.cost.check(); err != nil {
		return nil, err
	}
	var err error
	if h.salt, err = b64.DecodeString(parts[4]); err != nil || len(h.salt) < minSalt || len(h.salt) > maxSalt {
		return nil, fmt.Errorf("salt: want %d to %d bytes in base64", minSalt, maxSalt)
	}
	if h.sum, err = b64.DecodeString(parts[5]); err != nil || len(h.sum) < minSum || len(h.sum) > maxSum {
		return nil, fmt.Errorf("hash: want %d to %d bytes in base64", minSum, maxSum)
	}
	if h.String() != s { // base64 that skipped a line break
		return nil, errors.New("is not written as netelf writes it")
	}
	return h, nil
}

// ntHash is what NTLM is made of ([MS-NLMP] 3.3.1, NTOWFv1): the MD4 of the
// password in UTF-16LE.
func ntHash(password string) (sum [16]byte) {
	h := md4.New()
	h.Write(nt.AppendUTF16(nil, password))
	h.Sum(sum[:0])
	return sum
}
