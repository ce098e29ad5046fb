package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

type note struct {
	Body struct {
		Text string `json:"text" maxLength:"100" doc:"Any" example:"x"`
	}
}

type noted struct {
	ID uuid.UUID `json:"id"`
}

func (n noted) Entity() (string, uuid.UUID) { return "probe", n.ID }

// BenchmarkAdmission measures what the pipeline costs where the operation itself does nothing: from the parsed request
// to the written answer, without the network. Only "page" needs no database: the others' times are mostly
// PostgreSQL's.
func BenchmarkAdmission(b *testing.B) {
	c := apptest.Open(b)
	patient := c.Patient()
	op := func(method, name string, roles access.Roles) httpapi.Op {
		o := probe(name, roles)
		o.Method, o.Status = method, 200
		return o
	}
	write := func(_ context.Context, tx *postgres.Tx, actor access.Actor, _ note) (noted, error) {
		id := tx.NewID()
		audit.Write(tx, actor, "probe.add", id, nil)
		return noted{id}, nil
	}
	httpapi.Handle(c.App.API, op("GET", "page", access.Public),
		func(context.Context, access.Actor, struct{}) (noted, error) { return noted{}, nil })
	httpapi.Query(c.App.API, op("GET", "query", access.Patient),
		func(context.Context, *postgres.Read, access.Actor, httpapi.Paging) (noted, error) {
			return noted{}, nil
		})
	httpapi.Command(c.App.API, op("POST", "command", access.Patient), write)
	keyed := op("POST", "keyed", access.Patient)
	keyed.Key = httpapi.Required
	httpapi.Command(c.App.API, keyed, write)
	server := c.App.API.Handler()
	for _, of := range []struct{ name, method, body string }{
		{"page", "GET", ""}, {"query", "GET", ""}, {"command", "POST", `{"text": "some"}`},
		{"keyed", "POST", `{"text": "some"}`},
	} {
		b.Run(of.name, func(b *testing.B) {
			b.ReportAllocs()
			run := uuid.NewString()
			n := 0
			for b.Loop() {
				n++
				r := httptest.NewRequestWithContext(b.Context(), of.method, "http://localhost/probe/"+of.name,
					strings.NewReader(of.body))
				r.Header.Set("Authorization", "Bearer "+patient.Token)
				r.Header.Set("Idempotency-Key", run+strconv.Itoa(n))
				w := httptest.NewRecorder()
				server.ServeHTTP(w, r)
				if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), `{"id":`) {
					b.Fatalf("status %d: %s", w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkAccess runs a query in turns as a public operation and as one that needs a patient. access-µs is what
// authentication and authorization add to a request, at the median. Rate limits are on, as in production.
func BenchmarkAccess(b *testing.B) {
	c := apptest.Open(b, func(cfg *config.Config) {
		cfg.RateLimit, cfg.RatePerUser, cfg.RatePerAddress = "on", 1e9, 1e9
	})
	patient := c.Patient()
	ask := func(_ context.Context, r *postgres.Read, _ access.Actor, _ struct{}) (noted, error) {
		var one int
		return noted{}, r.QueryRow(b.Context(), "SELECT 1").Scan(&one)
	}
	open, guarded := probe("open", access.Public), probe("guarded", access.Patient)
	open.Method, open.Status = "GET", 200
	guarded.Method, guarded.Status = "GET", 200
	httpapi.Query(c.App.API, open, ask)
	httpapi.Query(c.App.API, guarded, ask)
	server := c.App.API.Handler()
	timed := func(path, token string) time.Duration {
		r := httptest.NewRequestWithContext(b.Context(), "GET", "http://localhost"+path, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		start := time.Now()
		server.ServeHTTP(w, r)
		took := time.Since(start)
		if w.Code != http.StatusOK {
			b.Fatalf("status %d: %s", w.Code, w.Body)
		}
		return took
	}
	var without, with []time.Duration
	for b.Loop() {
		without = append(without, timed("/probe/open", ""))
		with = append(with, timed("/probe/guarded", patient.Token))
	}
	slices.Sort(without)
	slices.Sort(with)
	b.ReportMetric(float64((with[len(with)/2]-without[len(without)/2]).Nanoseconds())/1000, "access-µs")
}
