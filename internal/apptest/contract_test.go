package apptest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// logRecorder records what a test logs.
type logRecorder struct {
	testing.TB
	text strings.Builder
}

func (l *logRecorder) Logf(format string, args ...any) { _, _ = fmt.Fprintf(&l.text, format, args...) }

func TestServerErrorShowsLog(t *testing.T) {
	t.Parallel()
	c := Open(t)
	for _, name := range []string{"first", "second"} {
		op := httpapi.Op{Method: "GET", Path: "/probe/" + name, ID: "probe-" + name, Tag: "health", Summary: "Fail",
			Roles: access.Public, Root: true}
		httpapi.Handle(c.App.API, op, func(context.Context, access.Actor, struct{}) (httpapi.None, error) {
			return httpapi.None{}, errors.New("the " + name + " operation is broken")
		})
	}
	c.Get(User{}, "/probe/first").Want(500)
	recorder := &logRecorder{TB: t}
	c.In(recorder).Get(User{}, "/probe/second").Want(500)
	if text := recorder.text.String(); !strings.Contains(text, "the second operation is broken") ||
		strings.Contains(text, "first") {
		t.Errorf("the test shows %q", text)
	}
}
