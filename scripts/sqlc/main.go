// Command sqlc runs sqlc, whose path it is given, and turns each method that sqlc writes into a function:
//
//   - a statement that only reads takes a postgres.Querier; any other takes a *postgres.Tx, so that a read handle
//     can't run it
//   - queueX (:exec) adds the statement to those that the transaction sends with its COMMIT
//   - queueLastX does the same behind the others (Tx.QueueLast)
//   - batchX (:one) adds the statement to a pgx.Batch and hands its row to a function
//   - eachX (:many) hands each row to a function, without all of them in memory
//   - an error begins with the statement's name
//
// sqlc's interface DBTX and its type Queries, which every package would have once more, go.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "scripts/sqlc:", err)
		os.Exit(1)
	}
}

// run generates all packages from the folder of sqlc.yaml.
func run(ctx context.Context, sqlc string) error {
	cmd := exec.CommandContext(ctx, sqlc, "generate") //nolint:gosec // the Makefile gives the path
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	interfaces, err := filepath.Glob("internal/*/sql_db.go")
	if err != nil {
		return err
	}
	for _, file := range interfaces {
		if err := os.Remove(file); err != nil {
			return err
		}
		statements, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.sql.go"))
		if err != nil {
			return err
		}
		for _, file := range statements {
			if err := rewriteFile(file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}

func rewriteFile(name string) error {
	text, err := os.ReadFile(name) //nolint:gosec // a file of this repository
	if err != nil {
		return err
	}
	out, err := rewrite(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(name, out, 0o644) //nolint:gosec // source is for everybody
}

var (
	// constant is a statement's SQL.
	constant    = regexp.MustCompile("(?m)^const (\\w+) = `-- name: \\w+ :(\\w+)\n([^`]*)`")
	declaration = regexp.MustCompile("(?m)^const (\\w+) = `")
	// parameter is how sqlc spells a parameter called id.
	parameter = regexp.MustCompile(`\biD\b`)
	// method runs a statement.
	method  = regexp.MustCompile(`(?ms)^func \(q \*Queries\) (\w+)\(ctx context\.Context, db DBTX(.*?)\n}\n`)
	failure = regexp.MustCompile(`return (.*, )?err\b`)
	// writes is what only statements have that change or lock something.
	writes = regexp.MustCompile(`(?i)\b(insert|update|delete|merge|for (key )?share|pg_advisory\w*)\b`)
	exec1  = regexp.MustCompile(`(?s)^(.*)\) error \{\n\t_, err := tx\.Exec\(ctx, (.*)\)` +
		`\n\treturn postgres.Failed\(.*\)$`)
	row1 = regexp.MustCompile(`(?s)^(.*)\) \((\S+), error\) \{\n\trow := tx\.QueryRow\(ctx, (.*?)\)` +
		`\n\tvar (.*)\n\treturn (\w+), (postgres.Failed\(.*\))$`)
	rows = regexp.MustCompile(`(?s)^(.*)\) \(\[\](\S+), error\) \{\n\trows, err := tx\.Query\(ctx, (.*?)\)\n.*?` +
		`\t\tvar (\w+) \S+\n\t\tif err := rows\.Scan\((.*?)\); err != nil \{`)
	imports = regexp.MustCompile(`(?s)\nimport \(\n(.*?)\n\)\n`)
)

// rewrite is a file of sqlc's with functions in place of methods.
func rewrite(text string) ([]byte, error) {
	reads := map[string]bool{}
	for _, c := range constant.FindAllStringSubmatch(text, -1) {
		name, kind, sql := c[1], c[2], c[3]
		reads[name] = (kind == "one" || kind == "many") && !writes.MatchString(sql)
	}
	var errs []error
	text = method.ReplaceAllStringFunc(text, func(m string) string {
		parts := method.FindStringSubmatch(m)
		name, rest := parts[1], parts[2]
		rest = strings.Replace(rest, "(ctx, "+name, "(ctx, "+name+"SQL", 1)
		rest = failure.ReplaceAllString(rest, "return ${1}postgres.Failed(\""+name+"\", err)")
		if reads[name] && !strings.HasPrefix(name, "batch") && !strings.HasPrefix(name, "each") {
			return "func " + name + "(ctx context.Context, db postgres.Querier" + rest + "\n}\n"
		}
		out, err := function(name, strings.Replace(rest, " db.", " tx.", 1), reads[name])
		errs = append(errs, err)
		return out
	})
	text = declaration.ReplaceAllString(text, "const ${1}SQL = `")
	text = parameter.ReplaceAllString(text, "id")
	if strings.Contains(text, "Queries") || strings.Contains(text, "DBTX") {
		errs = append(errs, errors.New("sqlc wrote a method of a form that isn't known here"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return format.Source([]byte(withImports(text)))
}

// function is what has a form of its own, or writes. rest is the method from its third parameter on.
func function(name, rest string, reads bool) (string, error) {
	switch {
	case strings.HasPrefix(name, "queue"):
		queue := "Queue"
		if strings.HasPrefix(name, "queueLast") {
			queue = "QueueLast"
		}
		parts := exec1.FindStringSubmatch(rest)
		if parts == nil {
			return "", fmt.Errorf("%s can only be :exec", name)
		}
		return fmt.Sprintf("func %s(tx *postgres.Tx%s) {\n\ttx.%s(%s)\n}\n", name, parts[1], queue, parts[2]), nil
	case strings.HasPrefix(name, "batch"):
		parts := row1.FindStringSubmatch(rest)
		if parts == nil {
			return "", fmt.Errorf("%s can only be :one", name)
		}
		return fmt.Sprintf("func %s(b *pgx.Batch%s, got func(%s, error) error) {\n"+
			"\tb.Queue(%s).QueryRow(func(row pgx.Row) error {\n\tvar %s\n\treturn got(%s, %s)\n\t})\n}\n",
			name, parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]), nil
	case strings.HasPrefix(name, "each"):
		parts := rows.FindStringSubmatch(rest)
		if parts == nil || !reads {
			return "", fmt.Errorf("%s can only be :many, and read", name)
		}
		statement, arguments, row, kind := parts[3], parts[1], parts[4], parts[2]
		return fmt.Sprintf("func %s(ctx context.Context, r *postgres.Read%s, fn func(%s) error) error {\n"+
			"\tscan := func(row pgx.CollectableRow) (%[3]s, error) {\n\t\tvar %[4]s %[3]s\n"+
			"\t\terr := row.Scan(%[5]s)\n\t\treturn %[4]s, err\n\t}\n"+
			"\terr := postgres.ForEach(ctx, r, scan, fn, %[6]s)\n\treturn postgres.Failed(%[1]q, err)\n}\n",
			name, arguments, kind, row, parts[5], statement), nil
	}
	return "func " + name + "(ctx context.Context, tx *postgres.Tx" + rest + "\n}\n", nil
}

// withImports has the imports that the functions use.
func withImports(text string) string {
	found := imports.FindStringSubmatchIndex(text)
	before, inner, after := text[:found[0]], text[found[2]:found[3]], text[found[1]:]
	paths := []string{`"amrutam/internal/postgres"`}
	for line := range strings.Lines(inner) {
		if line = strings.TrimSpace(line); line != "" && line != `"context"` {
			paths = append(paths, line)
		}
	}
	for path, use := range map[string]string{`"context"`: "context.", `"github.com/jackc/pgx/v5"`: "pgx."} {
		if strings.Contains(after, use) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	var standard, others bytes.Buffer
	for _, path := range paths {
		if strings.Contains(strconv.Quote(path), ".") || strings.HasPrefix(path, `"amrutam/`) {
			others.WriteString("\t" + path + "\n")
		} else {
			standard.WriteString("\t" + path + "\n")
		}
	}
	return before + "\nimport (\n" + standard.String() + "\n" + others.String() + ")\n" + after
}
