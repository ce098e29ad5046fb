package httpapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// firstFault returns the first of the errors of a refusal.
func firstFault(a *apptest.Answer) map[string]any {
	faults, _ := a.At("errors").([]any)
	if len(faults) == 0 {
		return nil
	}
	fault, _ := faults[0].(map[string]any)
	return fault
}

// TestParameterMessages checks what is said of parameters that can't be read: the library would quote Go's types and
// the value.
func TestParameterMessages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	type input struct {
		Integer int          `query:"integer" doc:"A whole number" minimum:"0" maximum:"9"`
		Float   float64      `query:"float" doc:"A number"`
		Truth   bool         `query:"truth" doc:"A truth value"`
		Instant time.Time    `query:"instant" doc:"An instant"`
		ID      httpapi.UUID `query:"id" doc:"An id"`
		Numbers []int        `query:"numbers" doc:"Whole numbers" maxItems:"3"`
		Needed  string       `query:"needed" required:"true" doc:"A text" maxLength:"3"`
		Pattern string       `query:"pattern" doc:"A text of a pattern without a description" pattern:"^[A-Z]$"`
	}
	op := probe("parameters", access.Public)
	op.Method, op.NoKeyReason, op.Status = "GET", "", 200
	httpapi.Query(c.App.API, op, func(context.Context, *postgres.Read, access.Actor, input) (httpapi.None, error) {
		return httpapi.None{}, nil
	})
	for query, want := range map[string]string{
		"integer=zzz":   "expected a whole number",
		"float=zzz":     "expected a number",
		"truth=zzz":     "expected true or false",
		"instant=zzz":   "expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)",
		"id=zzz":        "expected a UUID",
		"numbers=1,zzz": "expected a whole number",
		"pattern=zzz":   "has the wrong form",
		"other=zzz":     "is unknown here",
		"integer=10":    "must be at most 9",
		"needed=":       "is required",
	} {
		if !strings.HasPrefix(query, "needed") {
			query += "&needed=yes"
		}
		a := c.Do(nobody, "GET", op.Path+"?"+query, nil).Want(422, "validation-failed")
		name, _, _ := strings.Cut(query, "=")
		faults, _ := a.At("errors").([]any)
		fault := firstFault(a)
		if len(faults) != 1 || fault["message"] != want || fault["location"] != "query."+name || fault["code"] == "" ||
			strings.Contains(string(a.Body), "zzz") {
			t.Errorf("%s: %s, want %q", query, a.Body, want)
		}
	}
}
