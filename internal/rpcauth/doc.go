// Package rpcauth joins what authenticates (packages ntlm, krb5 and spnego) to what is
// authenticated (package dcerpc), for both ends: NTLM and Kerberos by themselves,
// authentication types 10 and 16, and inside SPNEGO, type 9.
package rpcauth
