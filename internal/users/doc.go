// Package users keeps netelf's own users: names, groups, stable SIDs and one
// password each, in one file.
//
// # The file
//
// It is JSON, readable by its owner alone, and written as a whole: aside, synced,
// and renamed. Its text is the same for the same users, one key a line:
//
//	{
//	  "version": 1,
//	  "domain": "S-1-5-21-3623811015-3361044348-30300820",
//	  "next_rid": 1001,
//	  "users": [
//	    {
//	      "name": "fred",
//	      "rid": 1000,
//	      "groups": [
//	        "event log readers"
//	      ],
//	      "password": "$argon2id$v=19$m=65536,t=3,p=4$…$…",
//	      "nt_hash": "8846f7eaee8fb117ad06bdd830b7586c"
//	    }
//	  ]
//	}
//
// domain is made once, of random numbers; a user's SID is domain-rid, and a rid
// that was given is never given again. password is a PHC string of argon2id (RFC
// 9106), nt_hash the MD4 of the password in UTF-16LE ([MS-NLMP] 3.3.1), in
// hexadecimal; it is there if the user may come by NTLM. Whoever reads an nt_hash
// can log in by NTLM as that user, which is why nobody else may read the file.
//
// # Limits, and hostile input
//
// A file has at most 4 MiB and 4096 users. Unknown keys, keys that stand there
// twice, names that no user may have, and two users of one name or rid are errors
// that name line, key and user. What a password's hash claims to cost is bounded
// when it is read, to 256 MiB, and at most two are computed at once, however many
// callers there are.
package users
