package eventlog

import "testing"

func TestLevelCounts(t *testing.T) {
	var c, sum LevelCounts
	for _, l := range []Level{LogAlways, LevelCritical, LevelError, LevelError, LevelVerbose, 6, 255} {
		c.Count(l)
	}
	if want := (LevelCounts{1, 1, 2, 0, 0, 1, 2}); c != want || c.Sum() != 7 {
		t.Errorf("%v, %d in all, want %v", c, c.Sum(), want)
	}
	sum.Add(&c)
	sum.Add(&c)
	if sum.Sum() != 14 || sum[LevelError] != 4 {
		t.Errorf("twice: %v", sum)
	}
}
