package bench_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/seal"
)

// BenchmarkSteady runs the real program. It reports how long the program takes to be ready with an empty data folder
// (ready-ms) and with existing data (again-ms), and its memory, without PostgreSQL's, after 30 s of bookings by 8
// clients. It ignores -benchtime.
func BenchmarkSteady(b *testing.B) {
	p, s := startProgram(b, nil)
	defer s.stop(b)
	next := 0
	for range 6 {
		p.bookForRound(b, &next)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(s.firstReady.Milliseconds()), "ready-ms")
	b.ReportMetric(float64(s.ready.Milliseconds()), "again-ms")
	b.ReportMetric(s.memory(b, "VmRSS"), "RSS-MiB")
	b.ReportMetric(s.memory(b, "VmHWM"), "peak-MiB")
	b.ReportMetric(float64(next), "bookings")
}

// startProgram builds the program, starts it twice with the command prefix, and populates its database.
func startProgram(b *testing.B, prefix []string) (*population, *process) {
	b.Helper()
	program, err := apptest.BuildProgram(tempDir, "-trimpath")
	must(b, err)
	data := filepath.Join(tempDir, b.Name())
	command := append(slices.Clone(prefix), program, "serve")
	first := startProcess(b, command, data)
	first.stop(b)
	s := startProcess(b, command, data)
	s.firstReady = first.ready

	c, err := cluster.Start(b.Context(), cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)})
	must(b, err)
	b.Cleanup(func() { _ = c.Stop(context.Background()) })
	text, err := os.ReadFile(filepath.Join(data, "master.key"))
	must(b, err)
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	must(b, err)
	conn, err := pgx.Connect(b.Context(), c.DSN(cluster.Database))
	must(b, err)
	defer func() { _ = conn.Close(context.Background()) }()
	sealer, err := seal.Open(b.Context(), conn, func() ([][]byte, error) { return [][]byte{key}, nil }, time.Now)
	must(b, err)
	p := &population{url: s.url, dsn: c.DSN(cluster.Database), sealer: sealer}
	return populate(b, p, patients, doctors, slots), s
}

type process struct {
	cmd        *exec.Cmd
	url        string
	ready      time.Duration
	firstReady time.Duration // with an empty data folder
}

// startProcess starts the program and waits until it is ready.
func startProcess(b *testing.B, command []string, data string) *process {
	b.Helper()
	p := &process{cmd: exec.CommandContext(context.Background(), command[0], command[1:]...)}
	p.cmd.Env = append(os.Environ(),
		"DATABASE_URL=",
		"AMRUTAM_DATA_DIR="+data,
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_METRICS_LISTEN=off",
		"AMRUTAM_LOG_FORMAT=json",
		"AMRUTAM_RATE_LIMIT=off",
		"AMRUTAM_LOGIN_LIMIT=off",
	)
	stderr, err := p.cmd.StderrPipe()
	must(b, err)
	start := time.Now()
	must(b, p.cmd.Start())
	b.Cleanup(func() { _ = p.cmd.Process.Kill() })
	for lines := bufio.NewScanner(stderr); p.url == "" && lines.Scan(); {
		var line struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			p.url = "http://" + line.Addr
		}
	}
	if p.url == "" {
		b.Fatal("the server does not listen")
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	for time.Since(start) < time.Minute {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, p.url+"/health/ready", nil)
		must(b, err)
		response, err := http.DefaultClient.Do(request)
		must(b, err)
		must(b, response.Body.Close())
		if response.StatusCode == http.StatusOK {
			p.ready = time.Since(start)
			return p
		}
	}
	b.Fatal("the server did not become ready")
	return nil
}

func (p *process) stop(b *testing.B) {
	b.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	must(b, p.cmd.Wait())
}

// memory returns a line of /proc/…/status, for example VmRSS, in MiB.
func (p *process) memory(b *testing.B, which string) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	must(b, err)
	found := regexp.MustCompile(which + `:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		b.Fatalf("/proc/…/status has no line %s", which)
	}
	kB, err := strconv.ParseFloat(string(found[1]), 64)
	must(b, err)
	return kB / 1024
}
