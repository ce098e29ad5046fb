package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"amrutam/internal/postgres"
)

// TestAfterCommit tests that the function runs once for a retried transaction, and not for one that is rolled back.
func TestAfterCommit(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	attempts, counted := 0, 0
	err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		attempts++
		tx.AfterCommit(func() { counted++ })
		if attempts == 1 { // like a transaction that lost to another one
			_, err := tx.Exec(t.Context(), "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
			return err
		}
		return nil
	})
	must(t, err)
	if attempts != 2 || counted != 1 {
		t.Errorf("%d attempts, counted %d times", attempts, counted)
	}
	if err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		tx.AfterCommit(func() { counted++ })
		return errors.ErrUnsupported
	}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		tx.AfterCommit(func() { counted++ })
		tx.Queue("SELECT 1 / 0") // refused with the COMMIT
		return nil
	}); err == nil {
		t.Error("stored in spite of a refused statement")
	}
	if counted != 1 {
		t.Errorf("counted %d times, with what was rolled back", counted)
	}
}

func TestRiverCannotEndTransaction(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	must(t, db.Write(t.Context(), func(tx *postgres.Tx) error {
		if tx.River().Commit(t.Context()) == nil || tx.River().Rollback(t.Context()) == nil {
			t.Error("River's view ended the transaction")
		}
		_, err := tx.Exec(t.Context(), "SELECT 1")
		return err
	}))
}

// TestDescribe tests that an error in the log names the statement and holds no values of a row.
func TestDescribe(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	insert := func(tx *postgres.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO pets VALUES ('Bruno'), ('Bruno')")
		return postgres.Failed("insertPet", err)
	}
	err := db.Write(t.Context(), func(tx *postgres.Tx) error {
		if _, err := tx.Exec(t.Context(), "CREATE TEMPORARY TABLE pets (name text UNIQUE)"); err != nil {
			return err
		}
		return errors.Join(errors.New("adopt"), insert(tx))
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || !strings.Contains(pg.Detail, "Bruno") {
		t.Fatalf("PostgreSQL names no value: %v", err)
	}
	const want = "adopt\ninsertPet: SQLSTATE 23505 constraint pets_name_key table pets"
	if got := postgres.Describe(err); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	err = db.Write(t.Context(), func(tx *postgres.Tx) error {
		tx.Queue("-- name: castPet :exec\nSELECT $1::text::int", "Bruno")
		return nil
	})
	if got := postgres.Describe(err); got != "castPet: SQLSTATE 22P02" {
		t.Error(got)
	}
}
