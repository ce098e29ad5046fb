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
	// maxAttempts is how often a transaction runs that loses to other ones (SQLSTATE 40001, 40P01).
	maxAttempts   = 5
	commitTimeout = 5 * time.Second
)

// Tx is one transaction at one instant. Domain functions join it; only Write begins, commits and rolls back.
type Tx struct {
	Now             time.Time
	tx              pgx.Tx
	isAudited       bool
	readPatients    []uuid.UUID // patients of audited readings
	queue           pgx.Batch
	queueLast       pgx.Batch
	afterCommit     []func()
	usesGenericPlan bool // from PlanOnce to the end
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

// riverTx is a transaction that River can't end.
type riverTx struct{ pgx.Tx }

var errOnlyWrite = errors.New("postgres: only Write ends a transaction")

// Commit fails.
func (riverTx) Commit(context.Context) error { return errOnlyWrite }

// Rollback fails.
func (riverTx) Rollback(context.Context) error { return errOnlyWrite }

// Queue adds a statement that returns no rows and can't violate a rule of the domain. All queued statements are sent
// with the COMMIT, in one round trip.
func (tx *Tx) Queue(sql string, args ...any) { tx.queue.Queue(sql, args...) }

// QueueLast is Queue for statements that lock the rows of a Guard. They are sent after all other queued statements, so
// a transaction that waits for these rows waits only for the COMMIT.
func (tx *Tx) QueueLast(sql string, args ...any) { tx.queueLast.Queue(sql, args...) }

// MoveTo makes it another instant in the transaction, after it has sent the queued statements. It is for the demo
// data, whose past is made as a whole. Errors: those of the queued statements.
func (tx *Tx) MoveTo(ctx context.Context, instant time.Time) error {
	batch := pgx.Batch{QueuedQueries: slices.Concat(tx.queue.QueuedQueries, tx.queueLast.QueuedQueries)}
	tx.queue, tx.queueLast, tx.Now = pgx.Batch{}, pgx.Batch{}, instant
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// AfterCommit calls f once after the transaction has committed, for metrics and caches. It doesn't call f if the
// transaction is rolled back; one that is retried calls it once.
func (tx *Tx) AfterCommit(f func()) { tx.afterCommit = append(tx.afterCommit, f) }

// NewID returns a UUIDv7 (RFC 9562) of the transaction's instant, while uuid.NewV7 uses the machine's clock. It is for
// rows whose id decides their monthly partition, or that are counted by the time in their id.
func (tx *Tx) NewID() uuid.UUID {
	id := uuid.New()
	copy(id[:6], unixMilliBytes(tx.Now))
	// The 12 bits after the version keep the order within a millisecond.
	binary.BigEndian.PutUint16(id[6:], 7<<12|uint16(tx.Now.Nanosecond()%1e6*4096/1e6)) //nolint:gosec // below 4096
	return id
}

// IDsFrom returns a lower bound: it is less than every UUIDv7 of this instant or later, and greater than all earlier
// ones.
func IDsFrom(at time.Time) (id uuid.UUID) {
	copy(id[:6], unixMilliBytes(at))
	return id
}

// unixMilliBytes returns the beginning of a UUIDv7: the milliseconds since 1970 in six bytes.
func unixMilliBytes(at time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(max(at.UnixMilli(), 0))<<16)[:6]
}

// MarkAudited records that this transaction writes an audit row.
func (tx *Tx) MarkAudited() { tx.isAudited = true }

// MarkRead records that this transaction audits a reading of these patients' health data.
func (tx *Tx) MarkRead(patients ...uuid.UUID) { tx.readPatients = append(tx.readPatients, patients...) }

// HasRead tells whether this transaction audits a reading of the patient's health data.
func (tx *Tx) HasRead(patient uuid.UUID) bool { return slices.Contains(tx.readPatients, patient) }

// Audited tells whether this transaction writes an audit row.
func (tx *Tx) Audited() bool { return tx.isAudited }

// Write runs fn in a transaction (READ COMMITTED) and commits. It runs fn again if the transaction lost to another
// one. Errors: ErrBusy, ErrUnavailable, ErrOutcomeUnknown (the answer to the COMMIT was lost), the Guard's error, or
// what fn returned.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return db.WriteWithLookup(ctx, nil, fn)
}

// WriteWithLookup is Write with statements that are sent in the round trip of the BEGIN. queueLookup adds them to the
// batch; their callbacks run before fn. It may be nil.
func (db *DB) WriteWithLookup(ctx context.Context, queueLookup func(*pgx.Batch, time.Time),
	fn func(tx *Tx) error) error {
	now := db.Now()
	guard := guardOf(ctx)
	for attempt := 1; ; attempt++ {
		err := db.writeOnce(ctx, now, queueLookup, guard, fn)
		if guard.isRefusal(err) {
			return guard.Err
		}
		if attempt == maxAttempts || !isRetryable(err) {
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

// writeOnce is one attempt of a Write.
func (db *DB) writeOnce(ctx context.Context, now time.Time, queueLookup func(*pgx.Batch, time.Time), guard *Guard,
	fn func(tx *Tx) error) (err error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var begin pgx.Batch
	begin.BeginTx(pgx.TxOptions{})
	begin.Queue(disableSeqScan)
	if queueLookup != nil {
		queueLookup(&begin, now)
	}
	results := conn.SendBatch(ctx, &begin)
	tx := &Tx{tx: results.Tx(), Now: now}
	isCommitted := false
	defer func() {
		if !isCommitted {
			rollback(ctx, conn, tx.tx)
		}
		dropIfReadOnly(ctx, conn, err)
	}()
	if err := results.Close(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := fn(tx); err != nil {
		return tx.guardedError(ctx, guard, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.commit(ctx, guard); err != nil {
		return err
	}
	isCommitted = true
	for _, f := range tx.afterCommit {
		f()
	}
	if all := db.onCommits.Load(); all != nil {
		for _, f := range *all {
			f()
		}
	}
	return nil
}

// commit sends the queued statements, the guard's statement and the COMMIT together. If one fails, PostgreSQL skips
// the rest of the batch, including the COMMIT.
func (tx *Tx) commit(ctx context.Context, guard *Guard) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	var batch pgx.Batch
	if tx.queue.Len() > 0 {
		tx.PlanOnce(&batch)
	}
	batch.QueuedQueries = slices.Concat(batch.QueuedQueries, tx.queue.QueuedQueries, tx.queueLast.QueuedQueries)
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
	closeErr := results.Close()
	if err == nil {
		err = closeErr
	}
	if err != nil {
		return commitError(err)
	}
	if tag.String() != "COMMIT" {
		return errors.New("postgres: the transaction was rolled back at commit")
	}
	return nil
}

// nameOf returns the name of a statement of a queries.sql, or the first word of another one.
func nameOf(sql string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(sql, "-- name: "), " ")
	return name
}

// commitError returns err if the server refused, so that nothing is stored, and ErrOutcomeUnknown if its answer was
// lost.
func commitError(err error) error {
	if code := sqlState(err); code != "" && !isShuttingDown(code) {
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

// dropIfReadOnly closes a connection to a server that became a standby (SQLSTATE 25006), so that the pool connects
// again.
func dropIfReadOnly(ctx context.Context, conn *pgxpool.Conn, err error) {
	if sqlState(err) == "25006" {
		_ = conn.Conn().Close(context.WithoutCancel(ctx))
	}
}
