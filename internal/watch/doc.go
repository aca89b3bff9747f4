// Package watch keeps the state of many servers fresh: whether they answer, what came
// last, how many errors there were in the last day, how full their logs are and how far
// they reach back.
//
//	w, err := watch.New(targets, &watch.Options{Every: 5 * time.Minute})
//	…
//	defer w.Close()
//	servers, version := w.Servers()
//	version, err = w.Wait(ctx, version) // and again
//
// # What it costs the servers
//
// Each server is asked once in Options.Every, give or take a tenth, so that two hundred
// of them are not asked in the same second, and by at most Options.Parallel at a time.
// The first time the last 24 hours are read of each log; from then on only what is newer
// than what was seen.
//
// Every time is a logon. A server that audits logons, as Windows does by default, writes
// two to four events about it into its own Security log: its door lets in whoever
// watches, gives him his rights, and sees him off. At five minutes these are some 600 to
// 1,200 a day of each server, or half a megabyte, which a Security log of 20 MiB holds
// for a month by themselves. Who wants them fewer sets a longer Every; who looks for
// somebody's logons leaves out those of the user that watches.
//
// # Credentials
//
// A credential that a server refuses is not tried there again until somebody says that
// it is another one now ([Watch.Renew]): else a password that has expired would lock its
// account, one refresh after the other. Where other servers have it too, the next of
// them tries it alone (scan.Credentials), so that it is refused a few times and not once
// by each of them.
//
// # Trouble
//
// One server's error is its own, and so is one log's. What was known of it before stays,
// with the time when it was seen. A log that was cleared is read from its beginning, and
// the state says that and when.
package watch
