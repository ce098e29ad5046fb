// Package bench measures what patients and doctors wait for, through the public API, on a PostgreSQL that keeps what
// it commits (fsync and synchronous_commit on).
package bench_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"amrutam/internal/postgres/cluster"
	"amrutam/internal/testdb"
)

var (
	// folder holds what a run makes.
	folder string
	// stop ends the cluster, if a benchmark started it.
	stop = func() {}
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "amrutam-bench-"); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	defer func() { stop() }()
	return m.Run()
}

// explain has PostgreSQL log the plan of each statement, with its buffers; they are shown at the end of the run.
var explain = map[string]string{"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "0",
	"auto_explain.log_analyze": "on", "auto_explain.log_buffers": "on", "auto_explain.log_parameter_max_length": "0"}

// durable starts the cluster of this run and gives the folder of PostgreSQL's programs.
var durable = sync.OnceValues(func() (programs string, err error) {
	data := filepath.Join(folder, "data")
	options := cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)}
	explaining := os.Getenv("AMRUTAM_TEST_EXPLAIN") != ""
	if explaining {
		options.Settings = explain
	}
	c, err := cluster.Start(context.Background(), options)
	if err != nil {
		return "", err
	}
	stop = func() {
		_ = c.Stop(context.Background())
		if explaining {
			show(filepath.Join(data, "postgres.log"))
		}
	}
	return c.BinDir(), os.Setenv(testdb.Variable, c.AdminDSN("postgres"))
})

func show(path string) {
	log, err := os.Open(path)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return
	}
	defer func() { _ = log.Close() }()
	_, _ = io.Copy(os.Stderr, log)
}
