// Package bench measures how long patients and doctors wait, through the public API, on a PostgreSQL that is durable:
// fsync and synchronous_commit are on.
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
	// tempDir contains the files of a run.
	tempDir string
	// stopCluster ends the cluster, if a benchmark started it.
	stopCluster = func() {}
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if tempDir, err = os.MkdirTemp("", "amrutam-bench-"); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(tempDir) }()
	defer func() { stopCluster() }()
	return m.Run()
}

// explainSettings make PostgreSQL log the plan of each statement with its buffers. The log is printed at the end of
// the run.
var explainSettings = map[string]string{
	"session_preload_libraries":             "auto_explain",
	"auto_explain.log_min_duration":         "0",
	"auto_explain.log_analyze":              "on",
	"auto_explain.log_buffers":              "on",
	"auto_explain.log_parameter_max_length": "0",
}

// startDurableCluster starts the cluster of this run, once, and returns the folder of PostgreSQL's programs.
var startDurableCluster = sync.OnceValues(func() (programs string, err error) {
	data := filepath.Join(tempDir, "data")
	options := cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)}
	explaining := os.Getenv("AMRUTAM_TEST_EXPLAIN") != ""
	if explaining {
		options.Settings = explainSettings
	}
	c, err := cluster.Start(context.Background(), options)
	if err != nil {
		return "", err
	}
	stopCluster = func() {
		_ = c.Stop(context.Background())
		if explaining {
			printFile(filepath.Join(data, "postgres.log"))
		}
	}
	return c.BinDir(), os.Setenv(testdb.Variable, c.AdminDSN("postgres"))
})

func printFile(path string) {
	log, err := os.Open(path)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return
	}
	defer func() { _ = log.Close() }()
	_, _ = io.Copy(os.Stderr, log)
}
