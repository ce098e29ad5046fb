package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Conditions are the filters of a list, joined by AND, with their values. A statement is built with only those that a
// request has, so that the planner sees which ones matter. The zero value has none.
type Conditions struct {
	conditions []string
	args       []any
}

// Value adds a value and returns its placeholder.
func (c *Conditions) Value(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

var placeholder = regexp.MustCompile(`\$[0-9]+`)

// And adds a condition, in which $1, $2 and so on mean the given values.
func (c *Conditions) And(condition string, values ...any) {
	before := len(c.args)
	c.args = append(c.args, values...)
	c.conditions = append(c.conditions, placeholder.ReplaceAllStringFunc(condition, func(own string) string {
		n, _ := strconv.Atoi(own[1:]) // the pattern matches only digits
		return "$" + strconv.Itoa(before+n)
	}))
}

// Empty tells whether there is no condition.
func (c *Conditions) Empty() bool { return len(c.conditions) == 0 }

// Where returns the WHERE clause, or "" without conditions.
func (c *Conditions) Where() string {
	if c.Empty() {
		return ""
	}
	return " WHERE " + strings.Join(c.conditions, " AND ")
}

// Args returns the values, in the order of their placeholders.
func (c *Conditions) Args() []any { return c.args }

// WithoutConditions returns the same values without the conditions, for a part of a statement that has its own
// conditions. Values that are added to it come after.
func (c *Conditions) WithoutConditions() Conditions { return Conditions{args: c.args} }

// Order is the order of a list: by columns that together are unique, all ascending or all descending, so that one row
// comparison finds the next page.
type Order struct {
	Columns    []string
	Descending bool
}

// OrderBy returns the ORDER BY clause.
func (o Order) OrderBy() string {
	direction := ""
	if o.Descending {
		direction = " DESC"
	}
	return " ORDER BY " + strings.Join(o.Columns, direction+", ") + direction
}

// After adds the condition that a row comes after the last one of a page, whose columns have these values. The values
// are SQL, as Value returns them.
func (o Order) After(c *Conditions, values ...string) {
	operator := " > "
	if o.Descending {
		operator = " < "
	}
	last := "(" + strings.Join(values, ", ") + ")"
	c.conditions = append(c.conditions, "("+strings.Join(o.Columns, ", ")+")"+operator+last)
}

// List runs the statement of a list, planned for its values, and returns its rows. The name is for errors and tests.
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
