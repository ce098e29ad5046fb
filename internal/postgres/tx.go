package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxAttempts of a transaction that lost to another one (SQLSTATE 40001, 40P01).
	maxAttempts   = 5
	commitTimeout = 5 * time.Second
)

// Tx is one transaction at one instant. Domain functions join it; only Write begins, commits and rolls back.
type Tx struct {
	Now     time.Time
	tx      pgx.Tx
	audited bool
	read    []uuid.UUID // patients whose reading is audited
	queue   pgx.Batch
	last    pgx.Batch
	after   []func()
	planned bool // once, from here to the end
}

// Exec runs a statement that returns no rows.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return tx.tx.Exec(ctx, sql, args...)
}

// Query runs a statement that returns rows.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return tx.tx.Query(ctx, sql, args...)
}

// QueryRow runs a statement that returns at most one row.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return tx.tx.QueryRow(ctx, sql, args...)
}

// SendBatch runs statements in one round trip.
func (tx *Tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return tx.tx.SendBatch(ctx, b)
}

// River is the transaction for River's client, which makes a savepoint in it. Only package jobs uses it; its Commit
// and Rollback fail.
func (tx *Tx) River() pgx.Tx { return riverTx{tx.tx} }

// riverTx is a transaction that its holder can't end.
type riverTx struct{ pgx.Tx }

var errOnlyWrite = errors.New("postgres: only Write ends a transaction")

// Commit fails.
func (riverTx) Commit(context.Context) error { return errOnlyWrite }

// Rollback fails.
func (riverTx) Rollback(context.Context) error { return errOnlyWrite }

// Queue adds a statement that returns nothing and can't break a rule of the domain. All queued ones go to the server
// with the COMMIT, in one round trip.
func (tx *Tx) Queue(sql string, args ...any) { tx.queue.Queue(sql, args...) }

// QueueLast is Queue for what locks the rows that a Guard looks at: it goes behind all that is queued, so that whoever
// waits for these rows waits for the COMMIT alone.
func (tx *Tx) QueueLast(sql string, args ...any) { tx.last.Queue(sql, args...) }

// AfterCommit has f called once the transaction is stored, and not at all when it isn't: for counts and for what
// leaves a cache. A transaction that is run again calls it once.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// NewID is a UUIDv7 (RFC 9562) of the transaction's instant, where uuid.NewV7 asks the machine's clock: for rows whose
// id says which month's partition they are in, and that are counted by when they were made.
func (tx *Tx) NewID() uuid.UUID {
	id := uuid.New()
	copy(id[:6], instantOf(tx.Now))
	// The 12 bits behind the version keep the order within a millisecond.
	binary.BigEndian.PutUint16(id[6:], 7<<12|uint16(tx.Now.Nanosecond()%1e6*4096/1e6)) //nolint:gosec // below 4096
	return id
}

// IDsFrom is less than every UUIDv7 of an instant or later, and greater than those of the milliseconds before.
func IDsFrom(at time.Time) (id uuid.UUID) {
	copy(id[:6], instantOf(at))
	return id
}

// instantOf is what a UUIDv7 begins with: its millisecond since 1970, in six bytes.
func instantOf(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(at.UnixMilli(), 0))<<16)[:6]
}

// MarkAudited notes that this transaction writes its audit row.
func (tx *Tx) MarkAudited() { tx.audited = true }

// MarkRead notes that this transaction audits a reading of these patients' health data.
func (tx *Tx) MarkRead(patients ...uuid.UUID) { tx.read = append(tx.read, patients...) }

// HasRead tells whether a reading of the patient's health data is audited.
func (tx *Tx) HasRead(patient uuid.UUID) bool { return slices.Contains(tx.read, patient) }

// Audited tells whether an audit row was written.
func (tx *Tx) Audited() bool { return tx.audited }

// Write runs fn in a transaction (READ COMMITTED) and commits. It runs fn anew when the transaction lost to another
// one. Errors: ErrBusy, ErrUnavailable, ErrOutcomeUnknown (the COMMIT's answer was lost), the Guard's, or what fn
// returned.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return db.WriteAsking(ctx, nil, fn)
}

// WriteAsking is Write; what opening queues is asked in the round trip of the BEGIN, and its callbacks have run before
// fn does.
func (db *DB) WriteAsking(ctx context.Context, opening func(*pgx.Batch, time.Time), fn func(tx *Tx) error) error {
	now := db.Now()
	guard := guardOf(ctx)
	for attempt := 1; ; attempt++ {
		err := db.attempt(ctx, now, opening, guard, fn)
		if guard.refusedBy(err) {
			return guard.Err
		}
		if attempt == maxAttempts || !lostToAnother(err) {
			return err
		}
		db.retried.Add(1)
		select {
		case <-time.After(rand.N(time.Duration(attempt) * 10 * time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (db *DB) attempt(ctx context.Context, now time.Time, opening func(*pgx.Batch, time.Time), guard *Guard,
	fn func(tx *Tx) error) (err error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var first pgx.Batch
	first.BeginTx(pgx.TxOptions{})
	first.Queue(withoutScans)
	if opening != nil {
		opening(&first, now)
	}
	begun := conn.SendBatch(ctx, &first)
	tx := &Tx{tx: begun.Tx(), Now: now}
	done := false
	defer func() {
		if !done {
			rollback(ctx, conn, tx.tx)
		}
		dropIfReadOnly(ctx, conn, err)
	}()
	if err := begun.Close(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := fn(tx); err != nil {
		return tx.stands(ctx, guard, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.commit(ctx, guard); err != nil {
		return err
	}
	done = true
	for _, f := range tx.after {
		f()
	}
	return nil
}

// commit sends what is queued, the guard's look and the COMMIT together. PostgreSQL skips the rest of the batch, the
// COMMIT too, when a statement fails.
func (tx *Tx) commit(ctx context.Context, guard *Guard) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	var batch pgx.Batch
	if tx.queue.Len() > 0 {
		tx.PlanOnce(&batch)
	}
	batch.QueuedQueries = slices.Concat(batch.QueuedQueries, tx.queue.QueuedQueries, tx.last.QueuedQueries)
	if guard != nil {
		batch.Queue(guard.SQL, guard.Args(tx.Now)...)
	}
	queued := batch.Len()
	batch.Queue("COMMIT")
	results := tx.SendBatch(ctx, &batch)
	for i := range queued {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return commitError(Failed(nameOf(batch.QueuedQueries[i].SQL), err))
		}
	}
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return commitError(err)
	}
	if tag.String() != "COMMIT" {
		return errors.New("postgres: the transaction was rolled back at commit")
	}
	return nil
}

// nameOf is the name that a statement of a queries.sql begins with, or else its first word.
func nameOf(sql string) string {
	named, _ := strings.CutPrefix(sql, "-- name: ")
	name, _, _ := strings.Cut(named, " ")
	return name
}

// commitError tells a refusal by the server, after which nothing is stored, from an answer that was lost.
func commitError(err error) error {
	if code := sqlState(err); code != "" && !shuttingDown(code) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

func rollback(ctx context.Context, conn *pgxpool.Conn, tx pgx.Tx) {
	if conn.Conn().IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		_ = conn.Conn().Close(ctx)
	}
}

// dropIfReadOnly closes a connection that turned out to lead to a standby (SQLSTATE 25006), so that the pool dials
// anew.
func dropIfReadOnly(ctx context.Context, conn *pgxpool.Conn, err error) {
	if sqlState(err) == "25006" {
		_ = conn.Conn().Close(context.WithoutCancel(ctx))
	}
}
