package version

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestCounter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Counter
		c.Changed()
		if n, err := c.Wait(t.Context(), 0); n != 1 || err != nil {
			t.Errorf("Wait for what has come: %d, %v", n, err)
		}
		got := make(chan uint64)
		for range 3 {
			go func() {
				n, _ := c.Wait(t.Context(), 1)
				got <- n
			}()
		}
		synctest.Wait()
		select {
		case n := <-got:
			t.Errorf("Wait did not wait: %d", n)
		default:
		}
		c.Changed()
		for range 3 {
			if n := <-got; n != 2 {
				t.Errorf("woken at %d, want 2", n)
			}
		}
		// One from another life of the counter is told the truth at once.
		if n, err := c.Wait(t.Context(), 99); n != 2 || err != nil {
			t.Errorf("Wait from 99: %d, %v", n, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if n, err := c.Wait(ctx, 2); n != 2 || err != context.Canceled {
			t.Errorf("cancelled: %d, %v", n, err)
		}
	})
}
