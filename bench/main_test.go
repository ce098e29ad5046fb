// Package bench measures what patients and doctors wait for, through the public door, on a PostgreSQL that keeps what it
// commits (fsync and synchronous_commit on).
package bench_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"amrutam/internal/postgres/cluster"
	"amrutam/internal/testdb"
)

// pgbin is the folder of PostgreSQL's programs.
var pgbin string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "amrutam-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	c, err := cluster.Start(context.Background(), cluster.Options{DataDir: filepath.Join(dir, "data"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Stop(context.Background()) }()
	pgbin = c.BinDir()
	if err := os.Setenv(testdb.Variable, c.AdminDSN("postgres")); err != nil {
		return 0, err
	}
	return m.Run(), nil
}
