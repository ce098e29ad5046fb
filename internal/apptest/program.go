package apptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// BuildProgram builds the program into a folder with these flags of go build, and returns its path.
func BuildProgram(folder string, flags ...string) (string, error) {
	path := filepath.Join(folder, "amrutam")
	arguments := slices.Concat([]string{"build", "-o", path}, flags, []string{"amrutam/cmd/amrutam"})
	out, err := exec.Command("go", arguments...).CombinedOutput() //nolint:noctx // it ends by itself
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
}

// ProgramEnvironment returns the environment of the program: these variables, and of the test's own environment only
// what the program needs to find PostgreSQL.
func ProgramEnvironment(variables ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"),
		"PGBIN=" + os.Getenv("PGBIN"),
		"XDG_CACHE_HOME=" + os.Getenv("XDG_CACHE_HOME"),
		"AMRUTAM_METRICS_LISTEN=off",
		"AMRUTAM_LOG_FORMAT=json",
	}, variables...)
}
