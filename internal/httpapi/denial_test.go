package httpapi_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// TestADenialIsNotedAfterItsAnswer: while the note of somebody else's row can't be written, the answers are there, as
// those for a row that doesn't exist are; and the note follows.
func TestADenialIsNotedAfterItsAnswer(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	owner, stranger := c.Doctor("500.00"), c.Doctor("500.00")
	slot := c.Slot(owner, 3*time.Hour, 1).String()
	deny, written := c.App.API.Deny, make(chan struct{})
	c.App.API.Deny = func(ctx context.Context, actor access.Actor, object problem.Object, operation string) error {
		<-written
		return deny(ctx, actor, object, operation)
	}
	// Do waits for the note
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
		t.Error("it was noted before")
	}
	close(written)
	c.App.API.Settle()
	if count() != 1 {
		t.Errorf("%d notes", count())
	}
}
