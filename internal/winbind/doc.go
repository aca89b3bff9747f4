// Package winbind has a user's NTLMv2 response checked by Samba's winbind, which
// asks the domain's controllers, or Samba's own users.
//
//	w, err := winbind.New(winbind.Options{Program: "/usr/bin/ntlm_auth"})
//	a, err := w.Ask(ctx, winbind.Question{Domain: "QUARRY", User: "fred", Challenge: c, Response: r})
//	if a.Verdict == winbind.Yes { … a.Key … }
//	err = w.Close()
//
// Between this process and winbind stands Samba's program ntlm_auth, in the form
// ntlm-server-1, in which other servers use it too. No specification has it; what
// stands here was seen of Samba 4.17 and is held by a test against it. One program
// runs for each question, since a failed one answers with two ends and the next
// answer would have to be told apart from them; it takes some 20 milliseconds.
//
// # The question
//
//	NT-Domain:: UVVBUlJZ            base64, UTF-8
//	Username:: ZnJlZA==             base64, UTF-8
//	LANMAN-Challenge: 0123…         hexadecimal, 8 bytes
//	NT-Response: 4567…              hexadecimal
//	Request-User-Session-Key: Yes
//	.
//
// Names are whatever a client sent. In base64 they cannot make lines of their own;
// those that are empty, not UTF-8, longer than [MaxName] bytes, which Samba would
// cut off and so make another name of, or with control characters are no question.
//
// # The answer
//
//	Authenticated: Yes               Authenticated: No
//	User-Session-Key: 89AB…          Authentication-Error: TEXT
//	.                                .
//	                                 .
//
// or "Error: TEXT", whose text is never passed on: it may hold the response. The
// key of 16 bytes is the SessionBaseKey ([MS-NLMP] 3.3.2). Who is let in without
// one, as a guest, is refused here.
//
// # Limits
//
// An answer has at most 4 KiB, no line that is not above, and nothing behind its
// end. A question has ten seconds, in which it may wait for one of four places.
// What is given to the program goes through a pipe, and neither a Question nor an
// Answer prints what is secret in it.
package winbind
