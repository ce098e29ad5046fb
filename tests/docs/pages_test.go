package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"amrutam/internal/config"
)

// pages are the documents that a reader follows: all but the decisions, which stay as they were.
func pages(t *testing.T) []string {
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

// TestLinksResolve in the repository: to a file, and to a heading of it.
func TestLinksResolve(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			target := page
			if found[1] != "" {
				target = filepath.Join(filepath.Dir(page), found[1])
			}
			if _, err := os.Stat(filepath.Join("../..", target)); err != nil {
				t.Errorf("%s: %s is not there", page, found[1])
			} else if anchor := strings.TrimPrefix(found[2], "#"); anchor != "" && !anchors(t, target)[anchor] {
				t.Errorf("%s: %s has no heading %s", page, target, anchor)
			}
		}
	}
}

// anchors of a page, as Git hosts make them of its headings.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(read(t, page), -1) {
		all[strings.ReplaceAll(notWord.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return all
}

var (
	filePath = regexp.MustCompile("`((?:cmd|internal|tests|scripts|deploy|docs|bench)/[\\w./-]+)`")
	goName   = regexp.MustCompile("`([a-z]+)\\.(?:([A-Z]\\w*)\\.)?([A-Z]\\w*)`")
)

// TestArchitectureNamesExist: files, and Go's names as package.Name or package.Type.Method.
func TestArchitectureNamesExist(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/architecture.md")
	files, names := filePath.FindAllStringSubmatch(page, -1), goName.FindAllStringSubmatch(page, -1)
	if len(files) < 5 || len(names) < 10 {
		t.Errorf("only %d files and %d names were found", len(files), len(names))
	}
	for _, found := range files {
		if _, err := os.Stat(filepath.Join("../..", found[1])); err != nil {
			t.Errorf("%s is not there", found[1])
		}
	}
	for _, found := range names {
		if !declares(t, found[1], found[2], found[3]) {
			t.Errorf("%s is not there", found[0])
		}
	}
}

// declares tells whether a package below internal declares the name, as a method of the type when one is given.
func declares(t *testing.T, pkg, of, name string) bool {
	t.Helper()
	declared := `(?m)^(?:func|type|var|const|\t) ?` + name + `\b`
	if of != "" {
		declared = `(?m)^func \(\w+ \*?` + of + `\) ` + name + `\(|^\t` + name + ` +func\(`
	}
	files, err := filepath.Glob("../../internal/" + pkg + "/*.go")
	if err != nil || len(files) == 0 {
		return false
	}
	for _, file := range files {
		if regexp.MustCompile(declared).MatchString(read(t, strings.TrimPrefix(file, "../../"))) {
			return true
		}
	}
	return false
}

// TestReadmeListsWhatProductionNeeds: its table has each setting without which production doesn't start.
func TestReadmeListsWhatProductionNeeds(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	for _, s := range config.Settings() {
		listed := strings.Contains(readme, "| `"+s.Name+"` |")
		if needed := strings.HasPrefix(s.Production, "needed"); needed && !listed {
			t.Errorf("README's table leaves out %s", s.Name)
		}
	}
	for _, found := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(readme, -1) {
		known := false
		for _, s := range config.Settings() {
			known = known || s.Name == found[1]
		}
		if !known {
			t.Errorf("README names %s, which is no setting", found[1])
		}
	}
}
