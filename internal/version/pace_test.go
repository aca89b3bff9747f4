package version

import (
	"slices"
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	p := Pace{Min: time.Second, Max: 5 * time.Second}
	looks := func(n int) (d []int) {
		for range n {
			d = append(d, int(p.Next()/time.Second))
		}
		return d
	}
	if d := looks(5); !slices.Equal(d, []int{1, 2, 4, 5, 5}) {
		t.Errorf("nothing came: %v", d)
	}
	p.Came()
	if d := looks(2); !slices.Equal(d, []int{1, 2}) {
		t.Errorf("something came: %v", d)
	}
	p = Pace{Min: 3 * time.Second}
	if d := looks(2); !slices.Equal(d, []int{3, 3}) {
		t.Errorf("no longest: %v", d)
	}
}
