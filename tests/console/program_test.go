package console_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// TestProgramWithoutConsole tests that a program that was built without the bundle refuses to serve, in one line that
// says what to do.
func TestProgramWithoutConsole(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	manifest, err := filepath.Abs("../../internal/console/dist/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{manifest: ""}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := apptest.BuildProgram(folder, "-overlay", file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	serve := exec.CommandContext(ctx, program, "serve")
	serve.Env = apptest.ProgramEnvironment("AMRUTAM_DATA_DIR="+filepath.Join(folder, "data"),
		"AMRUTAM_LISTEN=127.0.0.1:0")
	out, err := serve.CombinedOutput()
	if err == nil || ctx.Err() != nil || !strings.Contains(string(out), "make build") ||
		strings.Contains(string(out), `"msg":"listening"`) {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(folder, "data", "postgres")); err == nil {
		t.Error("a database was made before the refusal")
	}
}
