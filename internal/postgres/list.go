package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Conditions are what a request asks of a list, joined by AND, with their values. A statement is built of those that
// were asked for: one text for all would hide from the planner which ones matter. The zero value has none.
type Conditions struct {
	all  []string
	args []any
}

// Value adds a value and returns its placeholder.
func (c *Conditions) Value(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

var placeholder = regexp.MustCompile(`\$[0-9]+`)

// And adds a condition that names its own values $1, $2 and so on.
func (c *Conditions) And(condition string, values ...any) {
	before := len(c.args)
	c.args = append(c.args, values...)
	c.all = append(c.all, placeholder.ReplaceAllStringFunc(condition, func(own string) string {
		n, _ := strconv.Atoi(own[1:]) // the pattern lets only digits through
		return "$" + strconv.Itoa(before+n)
	}))
}

// Empty tells whether there is no condition.
func (c *Conditions) Empty() bool { return len(c.all) == 0 }

// Where is the WHERE clause, or "" without conditions.
func (c *Conditions) Where() string {
	if c.Empty() {
		return ""
	}
	return " WHERE " + strings.Join(c.all, " AND ")
}

// Args are the values, in the order of their placeholders.
func (c *Conditions) Args() []any { return c.args }

// With returns the same values without a condition, for a part of a statement that has conditions of its own. Values
// that are added to it come behind.
func (c *Conditions) With() Conditions { return Conditions{args: c.args} }

// Order is that of a list: by columns that together are unique, all ascending or all descending, so that one
// comparison of rows finds the next page.
type Order struct {
	Columns    []string
	Descending bool
}

// By is the ORDER BY clause.
func (o Order) By() string {
	direction := ""
	if o.Descending {
		direction = " DESC"
	}
	return " ORDER BY " + strings.Join(o.Columns, direction+", ") + direction
}

// After adds the condition that a row comes after the one whose columns have these values: the last of a page. They
// are in SQL, as Value returns them.
func (o Order) After(c *Conditions, values ...string) {
	than := " > "
	if o.Descending {
		than = " < "
	}
	c.all = append(c.all, "("+strings.Join(o.Columns, ", ")+")"+than+"("+strings.Join(values, ", ")+")")
}

// List runs the statement of a list, planned for its values, and returns its rows. The name is for logs and tests.
func List[T any](ctx context.Context, db Querier, name, sql string, args []any, scan pgx.RowToFunc[T]) ([]T, error) {
	rows, err := ForValues(db).Query(ctx, "-- name: "+name+" :many\n"+sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}
