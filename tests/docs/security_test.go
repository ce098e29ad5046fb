package docs_test

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// codeText is what a table of docs/security.md names: a file, a folder, a Go name or a test.
var codeText = regexp.MustCompile("`([\\w./]+)`")

// TestSecurityPageNamesExist checks that the tables of docs/security.md name only files, tests and Go names that
// exist. A reader follows them to the code that keeps the promise.
func TestSecurityPageNamesExist(t *testing.T) {
	t.Parallel()
	paths, words := sourceTree(t)
	checked := 0
	for line := range strings.Lines(readFile(t, "docs/security.md")) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, found := range codeText.FindAllStringSubmatch(line, -1) {
			checked++
			name := found[1]
			isPath := strings.Contains(name, "/") || path.Ext(name) == ".go"
			last := name[strings.LastIndexByte(name, '.')+1:]
			switch {
			case isPath && !strings.Contains(paths, "/"+name+"\n"):
				t.Errorf("%s is no file or folder", name)
			case !isPath && !words[last]:
				t.Errorf("%s isn't in the code", name)
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d names were found", checked)
	}
}

// sourceTree returns the paths of all folders and source files of the program and its tests, one a line with a slash
// before it, and the words of these files.
func sourceTree(t *testing.T) (paths string, words map[string]bool) {
	t.Helper()
	var all strings.Builder
	words = map[string]bool{}
	isSeparator := func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for _, top := range []string{"cmd", "internal", "tests", "bench"} {
		err := filepath.WalkDir("../../"+top, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			relative := strings.TrimPrefix(filepath.ToSlash(file), "../../")
			all.WriteString("/" + relative + "\n")
			if !d.IsDir() && (strings.HasSuffix(file, ".go") || strings.HasSuffix(file, ".sql")) {
				for word := range strings.FieldsFuncSeq(readFile(t, relative), isSeparator) {
					words[word] = true
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String(), words
}
