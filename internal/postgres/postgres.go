// Package postgres opens the database, runs transactions and migrations, and tells its errors apart.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// acquireTimeout bounds the wait for a pooled connection; past it the caller is told to come back.
const acquireTimeout = time.Second

// AppRole is what the server acts as: it can't alter the schema nor change evidence, see migration 00009.
const AppRole = "amrutam_app"

// DB is the pool and the clock every transaction reads.
type DB struct {
	Pool  *pgxpool.Pool
	Clock func() time.Time

	retried atomic.Int64
}

// Retried counts the transactions that ran anew, since the start, because they had lost to another.
func (db *DB) Retried() int64 { return db.retried.Load() }

// Options for Open. Zero values mean the defaults.
type Options struct {
	MaxConns int32
	Clock    func() time.Time
	// Owner keeps the login's own rights, where the server acts as AppRole.
	Owner bool
	// Tune, when given, changes how connections are made, last of all: tests watch their statements.
	Tune func(*pgx.ConnConfig)
}

// pgx's own words quote parts of the address.
var errUnreadable = Refused(
	"it can't be read as an address of PostgreSQL like postgres://user:password@host:5432/database")

// Open makes the pool; it does not wait for the database, which may be away and come back.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errUnreadable
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
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	if !o.Owner {
		// Part of the connection's start: it costs no round trip, and RESET ROLE comes back to it. SET ROLE doesn't,
		// so a login that owns nothing is better still (docs/operations/database-roles.md).
		cfg.ConnConfig.RuntimeParams["role"] = AppRole
	}
	// A caller that hangs up cancels its statement on the server, and the connection stays usable.
	cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 200 * time.Millisecond}
	}
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		utc := pgtype.TimestamptzCodec{ScanLocation: time.UTC}
		// Without it an id makes a detour over its text: a tenth of a booking's time in Go.
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
	return &DB{Pool: pool, Clock: o.Clock}, nil
}

// Close waits for borrowed connections and closes all.
func (db *DB) Close() { db.Pool.Close() }

// Now is the clock's instant at PostgreSQL's resolution (1 µs), so that a time read back equals the time written.
func (db *DB) Now() time.Time { return db.Clock().UTC().Truncate(time.Microsecond) }

// Querier runs statements that return rows: a Tx or a Read.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Read is one borrowed connection for statements that change nothing; a single statement needs no BEGIN.
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

// Read lends a connection to fn.
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

// Snapshot is Read of one moment, for what asks many things that must agree. A statement may take as long as ctx
// allows: it reads all there is, and not a page.
func (db *DB) Snapshot(ctx context.Context, fn func(r *Read) error) error {
	return db.Read(ctx, func(r *Read) error {
		opts := pgx.TxOptions{BeginQuery: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL " +
			"statement_timeout = 0"}
		return pgx.BeginTxFunc(ctx, r.conn, opts, func(pgx.Tx) error { return fn(r) })
	})
}

// Alone runs fn on a connection of its own, for what takes so long that the pool would miss it.
func (db *DB) Alone(ctx context.Context, fn func(conn *pgx.Conn) error) error {
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

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := db.Pool.Acquire(waiting)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case waiting.Err() != nil:
		return nil, fmt.Errorf("%w: no connection within %s", ErrBusy, acquireTimeout)
	default:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}

// ErrRole: the database is there, but the login may not act as AppRole.
var ErrRole = errors.New("the login of DATABASE_URL may not act as " + AppRole + ": have an administrator run GRANT " +
	AppRole +
	" TO that login (docs/operations/database-roles.md)")

// Ready tells whether the database answers. Error: ErrRole.
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
