// Package rpcauth joins what authenticates (packages ntlm and spnego) to what is
// authenticated (package dcerpc), for both ends: NTLM by itself, authentication
// type 10, and inside SPNEGO, type 9.
package rpcauth
