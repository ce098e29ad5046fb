package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"amrutam/internal/config"
)

// documentPages returns the paths of README.md, CONTRIBUTING.md, SECURITY.md and every page in docs.
func documentPages(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	err := filepath.WalkDir("../../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			all = append(all, strings.TrimPrefix(path, "../../"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notWord = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinksResolve checks that each link within the repository leads to a file and, if it names one, to a heading.
func TestLinksResolve(t *testing.T) {
	t.Parallel()
	for _, page := range documentPages(t) {
		for _, found := range link.FindAllStringSubmatch(readFile(t, page), -1) {
			path, anchor := found[1], strings.TrimPrefix(found[2], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(filepath.Join("../..", target)); err != nil {
				t.Errorf("%s: %s doesn't exist", page, path)
			} else if anchor != "" && !anchors(t, target)[anchor] {
				t.Errorf("%s: %s has no heading %s", page, target, anchor)
			}
		}
	}
}

// anchors returns the anchors that Git hosts make from the headings of a page.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(readFile(t, page), -1) {
		all[strings.ReplaceAll(notWord.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return all
}

var (
	filePath = regexp.MustCompile("`((?:cmd|internal|tests|scripts|deploy|docs|bench)/[\\w./-]+)`")
	goName   = regexp.MustCompile("`([a-z]+)\\.(?:([A-Z]\\w*)\\.)?([A-Z]\\w*)`")
)

// TestArchitectureNamesExist checks that the files and the Go names in docs/architecture.md exist. A Go name is
// written as package.Name or package.Type.Method.
func TestArchitectureNamesExist(t *testing.T) {
	t.Parallel()
	page := readFile(t, "docs/architecture.md")
	files, names := filePath.FindAllStringSubmatch(page, -1), goName.FindAllStringSubmatch(page, -1)
	if len(files) < 5 || len(names) < 10 {
		t.Errorf("only %d files and %d names were found", len(files), len(names))
	}
	for _, found := range files {
		if _, err := os.Stat(filepath.Join("../..", found[1])); err != nil {
			t.Errorf("%s doesn't exist", found[1])
		}
	}
	for _, found := range names {
		if !declares(t, found[1], found[2], found[3]) {
			t.Errorf("%s isn't declared", found[0])
		}
	}
}

// declares reports whether a package in internal declares the name, as a method of the type unless that is "".
func declares(t *testing.T, pkg, typeName, name string) bool {
	t.Helper()
	declared := `(?m)^(?:func|type|var|const|\t) ?` + name + `\b`
	if typeName != "" {
		declared = `(?m)^func \(\w+ \*?` + typeName + `\) ` + name + `\(|^\t` + name + ` +func\(`
	}
	files, err := filepath.Glob("../../internal/" + pkg + "/*.go")
	if err != nil || len(files) == 0 {
		return false
	}
	for _, file := range files {
		if regexp.MustCompile(declared).MatchString(readFile(t, strings.TrimPrefix(file, "../../"))) {
			return true
		}
	}
	return false
}

// TestReadmeListsWhatProductionNeeds checks that the README's table has each setting without which production doesn't
// start, and no setting that doesn't exist.
func TestReadmeListsWhatProductionNeeds(t *testing.T) {
	t.Parallel()
	readme := readFile(t, "README.md")
	for _, s := range config.Settings() {
		listed := strings.Contains(readme, "| `"+s.Name+"` |")
		if needed := strings.HasPrefix(s.Production, "needed"); needed && !listed {
			t.Errorf("the README's table lacks %s", s.Name)
		}
	}
	for _, found := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(readme, -1) {
		name := found[1]
		exists := slices.ContainsFunc(config.Settings(), func(s config.Setting) bool { return s.Name == name })
		if !exists {
			t.Errorf("the README's table has %s, which is no setting", name)
		}
	}
}
