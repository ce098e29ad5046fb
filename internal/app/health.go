package app

import (
	"context"

	"golang.org/x/sync/singleflight"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Health is the answer of a healthy server.
type Health struct {
	_ struct{} `doc:"The state of the server"`

	Status      string `json:"status" enum:"ok" doc:"ok" example:"ok"`
	RestoreMode bool   `json:"restoreMode,omitempty" doc:"true on a restored copy of the database that sends nothing yet; left out otherwise"`
}

// healthRoutes registers the probes. They use Handle because they must answer while the database is away.
func (a *App) healthRoutes() {
	live := func(context.Context, access.Actor, struct{}) (Health, error) { return Health{Status: "ok"}, nil }
	httpapi.Handle(a.API, httpapi.Op{
		Method: "GET", Path: "/health/live", ID: "check-liveness", Tag: "health",
		Summary: "Check that the process runs",
		Doc:     "200 as long as the process answers, whatever the state of the database.",
		Roles:   access.Public,
		Probe:   true, Root: true,
	}, live)
	var group singleflight.Group
	ready := func(ctx context.Context, _ access.Actor, _ struct{}) (Health, error) {
		if a.isStopping.Load() {
			return Health{}, problem.Busy.WithDetail(detailStopping)
		}
		// Concurrent probes share one query, which goes on if the first of them goes away.
		check := func() (any, error) { return nil, a.DB.Ready(context.WithoutCancel(ctx)) }
		if _, err, _ := group.Do("", check); err != nil {
			return Health{}, problem.Unavailable
		}
		return Health{Status: "ok", RestoreMode: a.Held()}, nil
	}
	httpapi.Handle(a.API, httpapi.Op{
		Method: "GET", Path: "/health/ready", ID: "check-readiness", Tag: "health",
		Summary: "Check that requests can be served",
		Doc:     "503 while the database is away or the server stops.",
		Roles:   access.Public,
		Probe:   true, Root: true,
	}, ready)
	httpapi.Handle(a.API, httpapi.Op{
		Method: "GET", Path: "/health", ID: "check-health", Tag: "health",
		Summary: "Check the health",
		Doc:     "The same as `/health/ready`.",
		Roles:   access.Public,
		Probe:   true, Root: true,
	}, ready)
}
