// Package oidc has a provider of OpenID Connect say who somebody is: by the
// authorization code flow of OpenID Connect Core 1.0 section 3.1, with PKCE (RFC
// 7636, S256), a state and a nonce.
//
//	p, err := oidc.New(oidc.Options{Issuer: "https://id.quarry.example", Client: "netelf", …})
//	to, err := p.Begin(ctx, attempt)          // where the browser is sent
//	who, err := p.End(ctx, attempt, code)     // when it is back with a code
//
// Whoever calls keeps an [Attempt] between the two, bound to one browser. Tokens are
// used once and kept nowhere; refresh tokens are not asked for.
//
// # What is asked of the provider
//
// Its document (OpenID Connect Discovery 1.0) is fetched with the first logon and
// again after an hour; its keys when a token is signed with one that is not known.
// While it cannot be reached nobody waits for long: for five seconds after a failure
// the next ones are told the same. The ID token is verified with what the provider
// says of algorithms, of which only those with public keys count: neither "none" nor
// HS256. Claims that the ID token leaves out are asked of the provider's UserInfo
// endpoint, if it has one.
//
// # Hostile input
//
// An answer has at most 1 MiB. Redirects are not followed. All is over TLS, unless the
// issuer itself is on this machine. A name is one line of what prints, up to 256
// UTF-16 units. Errors have no code, token or secret, and nothing that the provider
// wrote as text for people.
package oidc
