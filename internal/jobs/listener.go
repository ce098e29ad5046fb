package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// driver is River's own but for the connection that waits for notifications. River interrupts that wait by canceling
// its context. Connections of the server's pool then send PostgreSQL a cancel request, which ends no wait of a
// connection without a statement: each interruption would take their whole delay, at every start and stop.
type driver struct {
	*riverpgxv5.Driver
	listenerPool *pgxpool.Pool
}

// newDriver connects to nothing yet.
func newDriver(pool *pgxpool.Pool) (*driver, error) {
	cfg := pool.Config()
	cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = 1, 0, 0
	cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn()}
	}
	listenerPool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare to listen for jobs: %w", err)
	}
	return &driver{Driver: riverpgxv5.New(pool), listenerPool: listenerPool}, nil
}

// GetListener returns the listener of new jobs.
func (d *driver) GetListener(params *riverdriver.GetListenenerParams) riverdriver.Listener {
	return riverpgxv5.New(d.listenerPool).GetListener(params)
}
