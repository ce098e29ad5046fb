// Package postgres opens the database, runs transactions and migrations, and classifies its errors.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// acquireTimeout is how long a caller waits for a connection of the pool by default. After that it gets ErrBusy.
const acquireTimeout = time.Second

// AppRole is the role of the server. It can change neither the schema nor evidence, see migration 00009.
const AppRole = "amrutam_app"

// DB is a pool of connections, with the clock of all transactions.
type DB struct {
	Pool  *pgxpool.Pool
	Clock func() time.Time

	acquireWithin time.Duration
	retried       atomic.Int64
	onCommits     atomic.Pointer[[]func()]
}

// OnCommit has f called after each transaction of Write that commits. f must not wait.
func (db *DB) OnCommit(f func()) {
	for {
		old := db.onCommits.Load()
		all := []func(){f}
		if old != nil {
			all = append(slices.Clone(*old), f)
		}
		if db.onCommits.CompareAndSwap(old, &all) {
			return
		}
	}
}

// Retried returns how many transactions ran again, since the start, because they lost to another one.
func (db *DB) Retried() int64 { return db.retried.Load() }

// Options for Open. Zero values mean the defaults.
type Options struct {
	MaxConns int32
	Clock    func() time.Time
	// AcquireWithin is how long a caller waits for a connection of the pool.
	AcquireWithin time.Duration
	// Owner keeps the rights of the login instead of switching to AppRole.
	Owner bool
	// Tune may change the configuration of connections. Tests watch statements with it.
	Tune func(*pgx.ConnConfig)
}

// errBadDSN replaces pgx's error, which quotes parts of the address.
var errBadDSN = SetupError(
	"it can't be read as an address of PostgreSQL like postgres://user:password@host:5432/database")

// Open returns a pool. It does not connect yet, so the database may come up later.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errBadDSN
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	cfg.MaxConns = 20
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	}
	cfg.MinIdleConns = 2
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.PingTimeout = time.Second
	cfg.ConnConfig.ConnectTimeout = 3 * time.Second
	for name, value := range map[string]string{
		"application_name":                    "amrutam",
		"timezone":                            "UTC",
		"statement_timeout":                   "10s",
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "15s",
	} {
		if _, isSet := cfg.ConnConfig.RuntimeParams[name]; !isSet {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	if !o.Owner {
		// As a startup parameter it costs no round trip, and RESET ROLE returns to it. SET ROLE can still leave it, so
		// a login that owns nothing is safer (docs/operations/database-roles.md).
		cfg.ConnConfig.RuntimeParams["role"] = AppRole
	}
	// When a context ends, the statement is cancelled on the server and the connection stays usable.
	cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 200 * time.Millisecond}
	}
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		utc := pgtype.TimestamptzCodec{ScanLocation: time.UTC}
		// Without it every id is converted through its text, which takes a tenth of a booking's time in Go.
		pgxuuid.Register(conn.TypeMap())
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &utc})
		return nil
	}
	if o.Tune != nil {
		o.Tune(cfg.ConnConfig)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	return &DB{Pool: pool, Clock: o.Clock, acquireWithin: cmp.Or(o.AcquireWithin, acquireTimeout)}, nil
}

// Close waits until all connections are returned, and closes them.
func (db *DB) Close() { db.Pool.Close() }

// Now returns the clock's time in PostgreSQL's resolution (1 µs), so that a time read back equals the time written.
func (db *DB) Now() time.Time { return db.Clock().UTC().Truncate(time.Microsecond) }

// Querier runs statements that return rows: a Tx or a Read.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Read is a connection of the pool for statements that change nothing. They run without BEGIN.
type Read struct {
	conn *pgxpool.Conn
	Now  time.Time
}

// Query runs a statement that returns rows.
func (r *Read) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return r.conn.Query(ctx, sql, args...)
}

// QueryRow runs a statement that returns at most one row.
func (r *Read) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return r.conn.QueryRow(ctx, sql, args...)
}

// Read runs fn with a connection of the pool. Errors: ErrBusy, ErrUnavailable, or what fn returned.
func (db *DB) Read(ctx context.Context, fn func(r *Read) error) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	err = fn(&Read{conn: conn, Now: db.Now()})
	dropIfReadOnly(ctx, conn, err)
	return err
}

// Snapshot is Read in one snapshot, for several statements whose results must agree. Its statements have no timeout
// other than ctx, because they read whole tables.
func (db *DB) Snapshot(ctx context.Context, fn func(r *Read) error) error {
	return db.Read(ctx, func(r *Read) error {
		opts := pgx.TxOptions{
			BeginQuery: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0",
		}
		return pgx.BeginTxFunc(ctx, r.conn, opts, func(pgx.Tx) error { return fn(r) })
	})
}

// WithOwnConn runs fn with a connection outside the pool, for work that takes long.
func (db *DB) WithOwnConn(ctx context.Context, fn func(conn *pgx.Conn) error) error {
	cfg := db.Pool.Config()
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := cfg.AfterConnect(ctx, conn); err != nil {
		return err
	}
	return fn(conn)
}

// acquire takes a connection from the pool. Errors: ErrBusy, ErrUnavailable, the context's.
func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	acquireCtx, cancel := context.WithTimeout(ctx, db.acquireWithin)
	defer cancel()
	conn, err := db.Pool.Acquire(acquireCtx)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case acquireCtx.Err() != nil:
		return nil, fmt.Errorf("%w: no connection within %s", ErrBusy, db.acquireWithin)
	default:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}

// ErrRole means that the database answers, but the login may not act as AppRole.
var ErrRole = errors.New("the login of DATABASE_URL may not act as " + AppRole + ": have an administrator run GRANT " +
	AppRole + " TO that login (docs/operations/database-roles.md)")

// Ready returns an error if the database does not answer, and ErrRole if the login may not act as AppRole.
func (db *DB) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	err := db.Read(ctx, func(r *Read) error {
		var one int
		return r.QueryRow(ctx, "SELECT 1").Scan(&one)
	})
	if code := sqlState(err); code == "42501" || code == "22023" { // not a member; no such role
		return ErrRole
	}
	return err
}
