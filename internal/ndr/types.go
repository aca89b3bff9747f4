package ndr

// String is an RPC_UNICODE_STRING or an RPC_STRING. The zero String has no buffer,
// a null pointer, and that is how it is sent.
type String struct {
	Text   string
	Buffer bool // there is a buffer, though Text may be empty
}

// Text is a String with a buffer where there is text for it.
func Text(s string) String { return String{Text: s, Buffer: s != ""} }

// ContextHandle is a context handle on the wire (C706 14.2.16.6): 4 bytes of
// attributes, which are 0, and a UUID that the server has chosen. The zero
// ContextHandle is null.
type ContextHandle [20]byte

// IsZero says whether the handle is null.
func (h ContextHandle) IsZero() bool { return h == ContextHandle{} }
