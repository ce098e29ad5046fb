// Package shape_test checks that the source has the shape that every contributor relies on: imports go down one list,
// and a domain package keeps the same things in the same files.
package shape_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// packages from top to bottom: each imports only those below it. Folders inside a package are leaves: they import
// nothing of this module but shared, and stand where their package stands.
var packages = []string{
	"cmd/amrutam", "scripts/sqlc", "scripts/bundle", "scripts/apitypes", "scripts/screenshots",
	"scripts/benchconsole", "scripts/demoserver", "docs", "internal/app",
	"internal/console",
	"internal/tour", "internal/seed",
	"internal/system",
	"internal/analytics", "internal/privacy", "internal/review", "internal/prescription",
	"internal/consultation", "internal/payment", "internal/schedule", "internal/doctor", "internal/consent",
	"internal/account", "internal/session", "internal/notification", "internal/restoremode", "internal/events",
	"internal/audit",
	"internal/httpapi", "internal/jobs", "internal/idempotency", "internal/limit", "internal/invariant",
	"internal/retention", "internal/backup", "internal/postgres",
	"internal/access", "internal/asset", "internal/calendar", "internal/config", "internal/cancellation",
	"internal/problem", "internal/language", "internal/money", "internal/telemetry", "internal/seal",
}

// shared may be imported by leaves too.
const shared = "internal/asset"

// domains are the packages with operations or jobs of their own.
var domains = []string{"analytics", "privacy", "review", "prescription", "consultation", "payment", "schedule",
	"doctor", "consent", "account", "session", "notification", "audit", "events", "system"}

// forTests may be imported by tests only, and may import everything. A command inside is a program of its own.
var forTests = []string{"internal/testdb", "internal/apptest", "tests", "bench"}

const (
	module   = "amrutam/"
	maxLines = 400 // of a file; golangci-lint's funlen limits functions
)

// longer names the files that may have more than maxLines, with the reason.
var longer = map[string]string{}

// registrations are the calls that add operations or jobs, and the one file of a domain package that may make them.
var registrations = map[string]string{
	"httpapi.Command": "routes.go", "httpapi.Query": "routes.go", "httpapi.Handle": "routes.go",
	"jobs.Work": "jobs.go", "jobs.Handle": "jobs.go", "jobs.HandleWithin": "jobs.go",
	"Every": "jobs.go", "Nightly": "jobs.go", // methods of the queue
}

type file struct {
	pkg, name string // "internal/doctor", "search.go"
	lines     int
	tree      *ast.File
}

func (f file) path() string { return f.pkg + "/" + f.name }
func (f file) isTest() bool {
	return strings.HasSuffix(f.name, "_test.go") || within(f.pkg, forTests) >= 0
}
func (f file) domain() string { return strings.TrimPrefix(f.pkg, "internal/") }

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		from := within(f.pkg, packages)
		if from < 0 && !f.isTest() {
			t.Errorf("%s: give the package a place in tests/shape's list", f.path())
		}
		if from < 0 || f.isTest() {
			continue
		}
		for _, spec := range f.tree.Imports {
			imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			if !ours {
				continue
			}
			to := within(imported, packages)
			switch leaf := f.pkg != packages[from]; {
			case leaf && imported != shared:
				t.Errorf("%s is in a leaf and imports %s", f.path(), imported)
			case to < 0:
				t.Errorf("%s imports %s, which is for tests only", f.path(), imported)
			case to < from:
				t.Errorf("%s imports %s, which is above it in tests/shape's list", f.path(), imported)
			}
		}
	}
}

func TestDomainPackagesLookTheSame(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, f := range sources(t) {
		if f.isTest() || !slices.Contains(domains, f.domain()) {
			continue
		}
		named[f.domain()] = named[f.domain()] || f.name == f.domain()+".go"
		if f.tree.Doc != nil && f.name != f.domain()+".go" {
			t.Errorf("%s: the package comment stands in %s.go", f.path(), f.domain())
		}
		if source, generated := strings.CutSuffix(f.name, ".sql.go"); generated {
			if _, err := os.Stat(filepath.Join(root, f.pkg, source+".sql")); err != nil {
				t.Errorf("%s: its statements are not beside it", f.path())
			}
		}
		for _, d := range f.tree.Decls {
			checkPlace(t, f, d)
		}
	}
	for domain, found := range named {
		if !found {
			t.Errorf("internal/%s has no %s.go with its types, errors and Service", domain, domain)
		}
	}
}

// checkPlace fails the test for a declaration that belongs into another file.
func checkPlace(t *testing.T, f file, d ast.Decl) {
	t.Helper()
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if n.Name.Name == "Service" && f.name != f.domain()+".go" {
				t.Errorf("%s: Service stands in %s.go", f.path(), f.domain())
			}
		case *ast.CallExpr:
			call := called(n)
			if _, method, _ := strings.Cut(call, "."); registrations[method] != "" {
				call = method
			}
			if place := registrations[call]; place != "" && place != f.name {
				t.Errorf("%s calls %s: that is for %s", f.path(), call, place)
			}
		}
		return true
	})
	if fn, ok := d.(*ast.FuncDecl); ok && decidesAccess(fn.Type) && f.name != "access.go" {
		t.Errorf("%s: %s decides about access: that is for access.go", f.path(), fn.Name.Name)
	}
}

// called names what a call calls, as "package.Function" or "value.Method".
func called(call *ast.CallExpr) string {
	fun := call.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := selector.X.(*ast.Ident); ok {
		return x.Name + "." + selector.Sel.Name
	}
	return "." + selector.Sel.Name
}

// decidesAccess tells whether a function answers yes or no about an actor.
func decidesAccess(fn *ast.FuncType) bool {
	if fn.Results == nil || len(fn.Results.List) != 1 {
		return false
	}
	result, ok := fn.Results.List[0].Type.(*ast.Ident)
	return ok && result.Name == "bool" && slices.ContainsFunc(fn.Params.List, func(p *ast.Field) bool {
		of, ok := p.Type.(*ast.SelectorExpr)
		return ok && of.Sel.Name == "Actor"
	})
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	all := sources(t)
	for _, f := range all {
		_, excused := longer[f.path()]
		if f.lines > maxLines && !excused && !ast.IsGenerated(f.tree) {
			t.Errorf("%s has %d lines, more than %d", f.path(), f.lines, maxLines)
		}
	}
	for name := range longer {
		if !slices.ContainsFunc(all, func(f file) bool { return f.path() == name && f.lines > maxLines }) {
			t.Errorf("%s needs no exception", name)
		}
	}
}

// within finds the place in a list of the folder that holds pkg, or -1.
func within(pkg string, list []string) int {
	return slices.IndexFunc(list, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") })
}

const root = "../.."

// sources are all Go files of the module.
func sources(t *testing.T) []file {
	t.Helper()
	all, err := readSources()
	if err != nil || len(all) < 200 {
		t.Fatalf("%d Go files: %v", len(all), err)
	}
	return all
}

var readSources = sync.OnceValues(func() (all []file, err error) {
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		// The examples are modules of their own.
		skipped := entry.Name() == "node_modules" || entry.Name() == "examples"
		if entry.IsDir() && name != root && (skipped || strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		relative := filepath.ToSlash(strings.TrimPrefix(name, root+"/"))
		all = append(all, file{path.Dir(relative), path.Base(relative), bytes.Count(text, []byte("\n")), tree})
		return err
	})
	return all, err
})
