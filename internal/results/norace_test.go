//go:build !race

package results

// raceEnabled says that the race detector is on, which makes all slower by ten times.
const raceEnabled = false
