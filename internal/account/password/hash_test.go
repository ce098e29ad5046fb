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

// until waits for a number of the hasher.
func until(t *testing.T, what string, n func() int64, want int64) {
	t.Helper()
	late := time.After(30 * time.Second)
	for n() != want {
		select {
		case <-late:
			t.Fatalf("%s stays %d, want %d", what, n(), want)
		case <-time.After(time.Millisecond):
		}
	}
}

// cheap has the tests hash with a hundredth of the work.
var cheap = argon2id.Params{Memory: 256, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// TestHashParameters is OWASP's second choice.
func TestHashParameters(t *testing.T) {
	t.Parallel()
	if want := (argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16,
		KeyLength: 32}); DefaultParams != want {
		t.Errorf("%+v", DefaultParams)
	}
}

func TestHasherBoundsItsQueue(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap, 2, problem.Busy)
	h.MaxWaiting = 3
	finish := make(chan struct{})
	errs := make(chan error, 5)
	var inside sync.WaitGroup
	enter := func(ctx context.Context) {
		errs <- h.run(ctx, func() error { <-finish; return nil })
	}
	for range 2 {
		inside.Go(func() { enter(t.Context()) })
	}
	until(t, "places", func() int64 { return int64(len(h.Running)) }, 2)
	waiting, giveUp := context.WithCancel(t.Context())
	inside.Go(func() { enter(waiting) })
	for range 2 {
		inside.Go(func() { enter(t.Context()) })
	}
	until(t, "queue", h.Waiting.Load, 3)

	err := h.run(t.Context(), func() error { t.Error("one beyond the queue was let in"); return nil })
	var busy *problem.Error
	if !errors.Is(err, problem.Busy) || !errors.As(err, &busy) || busy.Status != 503 || busy.RetryAfter <= 0 {
		t.Errorf("beyond the queue: %v", err)
	}
	giveUp()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up gets %v", err)
	}
	until(t, "queue after one gave up", h.Waiting.Load, 2)
	if n := len(h.Running); n != 2 {
		t.Errorf("%d inside after one gave up, want 2", n)
	}
	close(finish)
	inside.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("who waited gets %v", err)
		}
	}
	if h.Waiting.Load() != 0 || len(h.Running) != 0 {
		t.Errorf("the hasher keeps %d waiting and %d places", h.Waiting.Load(), len(h.Running))
	}
}

func TestHasherReleasesItsPlace(t *testing.T) {
	t.Parallel()
	h, failure := NewHasher(cheap, 1, problem.Busy), errors.New("failed")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		if err := h.run(t.Context(), func() error { return failure }); !errors.Is(err, failure) {
			t.Fatalf("run gives %v", err)
		}
		// Whether a cancelled caller still gets the free place is chance; it may not keep it.
		if err := h.run(cancelled, func() error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled run gives %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = h.run(t.Context(), func() error { panic("broken") })
		}()
	}
	if h.Waiting.Load() != 0 || len(h.Running) != 0 {
		t.Errorf("the hasher keeps %d waiting and %d places", h.Waiting.Load(), len(h.Running))
	}
}

// A hash that isn't one and the dummy hash must cost what a password's does.
func TestCompare(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap, 2, problem.Busy)
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
	for name, hash := range map[string]string{"nobody": h.Dummy(), "a password": hash} {
		params, _, _, err := argon2id.DecodeHash(hash)
		if err != nil || *params != h.Params {
			t.Errorf("the hash of %s has the parameters %+v (%v), want %+v", name, params, err, h.Params)
		}
	}
	if !strings.HasPrefix(h.Dummy(), hash[:strings.LastIndex(hash[:32], "$")]) {
		t.Errorf("the dummy hash begins otherwise than %.31s", hash)
	}
	if _, _, err := h.Compare(t.Context(), "x", strings.Replace(hash, "argon2id", "argon2i", 1)); err == nil {
		t.Error("a hash of another kind is taken for a wrong password")
	}
}
