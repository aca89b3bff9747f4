package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"netelf.example/eventlog"
)

// Each server is asked once and closed, and the trouble of one is its own.
func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed atomic.Int32
		errOpen, errAsk := errors.New("it is off"), errors.New("it does not know")
		var targets []Target
		for i := range 6 {
			s := &server{names: []string{fmt.Sprint(i)}, closed: &closed}
			targets = append(targets, Target{Name: fmt.Sprint(i), Open: s.open})
		}
		targets[1].Open = func(context.Context) (eventlog.Server, error) { return nil, errOpen }
		targets[3].OpenTimeout = time.Second
		got := make([]string, len(targets))
		begin := time.Now()
		outcomes := Ask(t.Context(), targets, nil, func(ctx context.Context, i int, srv eventlog.Server) error {
			switch i {
			case 2:
				return errAsk
			case 3:
				<-ctx.Done()
				return ctx.Err()
			case 4:
				return io.EOF
			}
			infos, err := srv.Logs(ctx)
			got[i] = infos[0].Name
			return err
		})
		if d := time.Since(begin); d != time.Second {
			t.Errorf("took %v", d)
		}
		if want := []string{"0", "", "", "", "", "5"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		for i, want := range []error{nil, errOpen, errAsk, context.DeadlineExceeded, io.ErrUnexpectedEOF, nil} {
			o := outcomes[i]
			if o.Target != fmt.Sprint(i) || !errors.Is(o.Err, want) || o.Bad() != (want != nil) || len(o.Logs) > 0 {
				t.Errorf("%+v, want %v", o, want)
			}
		}
		if text := outcomes[3].Err.Error(); text != "no answer within 1s: context deadline exceeded" {
			t.Error(text)
		}
		if n := closed.Load(); n != 5 {
			t.Errorf("%d servers were closed", n)
		}
	})
}

func TestAskCredential(t *testing.T) {
	for _, parallel := range []int{1, 200} {
		synctest.Test(t, func(t *testing.T) {
			targets, tries, _ := users(200, func(int) error { return errRefused })
			outcomes := Ask(t.Context(), targets, &Options{Parallel: parallel}, func(context.Context, int, eventlog.Server) error {
				t.Error("a server that refuses was asked")
				return nil
			})
			if n := tries.Load(); n != 1 {
				t.Errorf("%d attempts, want 1", n)
			}
			for i, o := range outcomes {
				if o.NotTried() != (i > 0) || !errors.Is(o.Err, errRefused) {
					t.Errorf("%s is %s: %v", o.Target, o.Word(), o.Err)
				}
			}
		})
	}
}

// When it is stopped nobody is asked any more, and all of it ends.
func TestAskStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		targets, tries, _ := users(20, func(int) error { return nil })
		asked := make([]bool, len(targets))
		outcomes := Ask(ctx, targets, &Options{Parallel: 3}, func(_ context.Context, i int, _ eventlog.Server) error {
			asked[i] = true
			return nil
		})
		if n := tries.Load(); n != 4 {
			t.Errorf("%d attempts, want one alone and three after it", n)
		}
		for i, o := range outcomes {
			if want := eventlog.Timeout; asked[i] != (i == 0) || !asked[i] && o.State != want || asked[i] && o.Bad() {
				t.Errorf("%s was asked: %t; %v %v", o.Target, asked[i], o.State, o.Err)
			}
		}
	})
}
