package httpapi_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// TestDenialIsAuditedAfterTheAnswer tests that the answer doesn't wait for the audit row of the denial.
func TestDenialIsAuditedAfterTheAnswer(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	owner, stranger := c.Doctor("500.00"), c.Doctor("500.00")
	slot := c.Slot(owner, 3*time.Hour, 1).String()
	deny, written := c.App.API.AuditDenial, make(chan struct{})
	c.App.API.AuditDenial = func(ctx context.Context, actor access.Actor, object problem.Object,
		operation string) error {
		<-written
		return deny(ctx, actor, object, operation)
	}
	// c.Do would wait for the audit row.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, c.URL+"/api/v1/availability/"+slot, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+stranger.Token)
	answer, err := c.Client().Do(r)
	if err != nil || answer.StatusCode != http.StatusNotFound {
		t.Fatalf("%v %v", answer, err)
	}
	_ = answer.Body.Close()
	count := func() (n int) {
		err := c.DB.Pool.QueryRow(context.Background(),
			"SELECT count(*) FROM audit_logs WHERE action = 'access.deny' AND entity_id = $1 AND actor_id = $2", slot,
			stranger.ID).Scan(&n)
		if err != nil {
			t.Fatal(postgres.Describe(err))
		}
		return n
	}
	if count() != 0 {
		t.Error("the denial was audited before the answer")
	}
	close(written)
	c.App.API.WaitForDenials()
	if count() != 1 {
		t.Errorf("%d denials, want 1", count())
	}
}

func TestDenialIsAuditedOnceAMinute(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	count := func(actor apptest.User) (n int) {
		if err := c.DB.Pool.QueryRow(context.Background(),
			"SELECT count(*) FROM audit_logs WHERE action = 'access.deny' AND actor_id = $1", actor.ID).
			Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	want := func(what string, actor apptest.User, n int) {
		t.Helper()
		if got := count(actor); got != n {
			t.Errorf("%s: %d denials, want %d", what, got, n)
		}
	}
	owner, stranger, other := c.Doctor("500.00"), c.Doctor("500.00"), c.Doctor("500.00")
	slots := []uuid.UUID{c.Slot(owner, 3*time.Hour, 1), c.Slot(owner, 4*time.Hour, 1)}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { c.Do(stranger, "DELETE", "availability/"+slots[0].String(), nil) })
	}
	all.Wait()
	want("ten at once", stranger, 1)
	c.Do(other, "DELETE", "availability/"+slots[0].String(), nil).Want(404)
	want("another actor", other, 1)
	c.Do(stranger, "DELETE", "availability/"+slots[1].String(), nil).Want(404)
	want("another object", stranger, 2)
	c.Get(stranger, "users").Want(403)
	c.Get(stranger, "users").Want(403)
	want("an operation", stranger, 3)
	c.Clock.Advance(59 * time.Second)
	c.Get(stranger, "users").Want(403)
	want("within the minute", stranger, 3)
	c.Clock.Advance(2 * time.Second)
	c.Get(stranger, "users").Want(403)
	want("after the minute", stranger, 4)
	c.Do(stranger, "DELETE", "availability/"+uuid.NewString(), nil).Want(404)
	c.Get(nobody, "users").Want(401)
	want("nothing was hidden", stranger, 4)
	var meta string
	err := c.DB.Pool.QueryRow(context.Background(),
		"SELECT DISTINCT metadata->>'operation' FROM audit_logs WHERE action = 'access.deny' AND entity_id = $1",
		slots[0].String()).Scan(&meta)
	if err != nil || meta != "delete-slot" {
		t.Errorf("the row names %q: %v", meta, err)
	}
}
