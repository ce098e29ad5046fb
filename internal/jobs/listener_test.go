package jobs_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"amrutam/internal/apptest"
)

// TestListeningIsInterruptedAtOnce checks that a start sends no cancel request, which is a connection without a
// frontend: River's wait for new jobs would last until the request's delay is over.
func TestListeningIsInterruptedAtOnce(t *testing.T) {
	t.Parallel()
	var dialed, opened atomic.Int64
	apptest.OpenTuned(t, func(cfg *pgx.ConnConfig) {
		dial, build := cfg.DialFunc, cfg.BuildFrontend
		cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			dialed.Add(1)
			return dial(ctx, network, address)
		}
		cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
			opened.Add(1)
			return build(r, w)
		}
	})
	deadline := time.After(10 * time.Second)
	for dialed.Load() != opened.Load() { // a connection may be between the two
		select {
		case <-deadline:
			t.Fatalf("%d connections were made, %d of them for statements", dialed.Load(), opened.Load())
		case <-time.After(10 * time.Millisecond):
		}
	}
}
