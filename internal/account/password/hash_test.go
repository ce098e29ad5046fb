package password

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"amrutam/internal/problem"
)

// awaitCount waits until count returns a number, and fails the test after 30 s.
func awaitCount(t *testing.T, what string, count func() int64, want int64) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for count() != want {
		select {
		case <-timeout:
			t.Fatalf("%s: %d, want %d", what, count(), want)
		case <-time.After(time.Millisecond):
		}
	}
}

// cheapParams make a hash take a hundredth of the work.
var cheapParams = argon2id.Params{Memory: 256, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// TestHashParameters checks that they are OWASP's second choice.
func TestHashParameters(t *testing.T) {
	t.Parallel()
	want := argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	if DefaultParams != want {
		t.Errorf("DefaultParams is %+v, want %+v", DefaultParams, want)
	}
}

func TestHasherBoundsItsQueue(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheapParams, 2, problem.Busy)
	h.MaxWaiting = 3
	finish := make(chan struct{})
	errs := make(chan error, 5)
	var callers sync.WaitGroup
	start := func(ctx context.Context) {
		callers.Go(func() {
			errs <- h.run(ctx, func() error {
				<-finish
				return nil
			})
		})
	}
	for range 2 {
		start(t.Context())
	}
	awaitCount(t, "running", func() int64 { return int64(len(h.Running)) }, 2)
	cancelled, cancel := context.WithCancel(t.Context())
	start(cancelled)
	for range 2 {
		start(t.Context())
	}
	awaitCount(t, "waiting", h.Waiting.Load, 3)

	err := h.run(t.Context(), func() error {
		t.Error("a caller ran although the queue was full")
		return nil
	})
	var busy *problem.Error
	if !errors.Is(err, problem.Busy) || !errors.As(err, &busy) || busy.Status != 503 || busy.RetryAfter <= 0 {
		t.Errorf("with a full queue: %v", err)
	}
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled caller gets %v", err)
	}
	awaitCount(t, "waiting after a cancellation", h.Waiting.Load, 2)
	if n := len(h.Running); n != 2 {
		t.Errorf("running after a cancellation: %d, want 2", n)
	}
	close(finish)
	callers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("a caller that waited gets %v", err)
		}
	}
	wantIdle(t, h)
}

// wantIdle checks that no caller of the hasher runs or waits.
func wantIdle(t *testing.T, h *Hasher) {
	t.Helper()
	if h.Waiting.Load() != 0 || len(h.Running) != 0 {
		t.Errorf("%d callers wait and %d run, want none", h.Waiting.Load(), len(h.Running))
	}
}

func TestHasherReleasesItsPlace(t *testing.T) {
	t.Parallel()
	h, failure := NewHasher(cheapParams, 1, problem.Busy), errors.New("failed")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		if err := h.run(t.Context(), func() error { return failure }); !errors.Is(err, failure) {
			t.Fatalf("run returned %v", err)
		}
		// A cancelled caller may run or not; in both cases the place must be free afterwards.
		if err := h.run(cancelled, func() error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled run returned %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = h.run(t.Context(), func() error { panic("broken") })
		}()
	}
	wantIdle(t, h)
}

// TestCompare checks also that the dummy hash takes as much work as the hash of a password.
func TestCompare(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheapParams, 2, problem.Busy)
	hash, err := h.Hash(t.Context(), "cre\u0301pe, seven of them")
	if err != nil {
		t.Fatal(err)
	}
	weak, err := argon2id.CreateHash("crépe, seven of them",
		&argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		password, hash  string
		right, outdated bool
	}{
		{"crépe, seven of them", hash, true, false},
		{"crépe, seven of them", weak, true, true},
		{"crépe, eight of them", weak, false, true},
		{"crépe, eight of them", hash, false, false},
		{"crépe, seven of them", h.Dummy(), false, false},
		{"crépe, seven of them", "none", false, false},
		{"", "none", false, false},
	} {
		right, outdated, err := h.Compare(t.Context(), c.password, c.hash)
		if err != nil || right != c.right || outdated != c.outdated {
			t.Errorf("%q against %.30s: %v %v %v", c.password, c.hash, right, outdated, err)
		}
	}
	for name, hash := range map[string]string{"dummy hash": h.Dummy(), "hash of a password": hash} {
		params, _, _, err := argon2id.DecodeHash(hash)
		if err != nil || *params != h.Params {
			t.Errorf("the %s has the parameters %+v (%v), want %+v", name, params, err, h.Params)
		}
	}
	if prefix := hash[:strings.LastIndex(hash[:32], "$")]; !strings.HasPrefix(h.Dummy(), prefix) {
		t.Errorf("the dummy hash doesn't begin with %s", prefix)
	}
	if _, _, err := h.Compare(t.Context(), "x", strings.Replace(hash, "argon2id", "argon2i", 1)); err == nil {
		t.Error("a hash of another kind causes no error")
	}
}
