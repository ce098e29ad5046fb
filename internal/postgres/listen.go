package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// listenerCheck is how often a listener asks whether the server still answers: a connection can be gone unnoticed.
const listenerCheck = 15 * time.Second

// Notify sends a message without text to a channel (NOTIFY), in a transaction of its own that doesn't wait for the
// disk. Errors: ErrBusy, ErrUnavailable, the context's.
func (db *DB) Notify(ctx context.Context, channel string) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().Exec(ctx, "BEGIN; SET LOCAL synchronous_commit = off; NOTIFY "+
		pgx.Identifier{channel}.Sanitize()+"; COMMIT").ReadAll()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// Listen receives the messages of a channel (NOTIFY), on a connection of its own, until the connection or ctx ends.
// ready is called once messages arrive: what was sent before isn't received. Errors: ErrUnavailable, the context's.
func (db *DB) Listen(ctx context.Context, channel string, ready func(), receive func(payload string)) error {
	cfg := db.Pool.Config().ConnConfig
	// A cancel request, as the pool sends it, doesn't end a wait without a statement.
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn()}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ready()
	for {
		waitCtx, cancel := context.WithTimeout(ctx, listenerCheck)
		message, err := conn.WaitForNotification(waitCtx)
		cancel()
		if message != nil {
			receive(message.Payload)
		}
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		checkCtx, cancel := context.WithTimeout(ctx, acquireTimeout)
		err = conn.Ping(checkCtx)
		cancel()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
}
