package system

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
)

// FailureClass is how a job failed.
type FailureClass string

// Schema lists the classes.
func (FailureClass) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "JobFailure", "How a job failed, without the text of the error: PANIC is a fault of the "+
		"program; TIMEOUT took too long; DATABASE was refused by PostgreSQL or did not reach it; NETWORK did not "+
		"reach another server; OTHER is anything else, which the log tells",
		FailureClass(jobs.FailurePanic), FailureClass(jobs.FailureTimeout), FailureClass(jobs.FailureDatabase),
		FailureClass(jobs.FailureNetwork), FailureClass(jobs.FailureOther))
}

// countJobs adds up the counts of states and kinds.
func countJobs(counts []jobs.KindCount) Jobs {
	out := Jobs{Kinds: []JobKind{}}
	kinds := map[string]*JobKind{}
	kind := func(name string) *JobKind {
		if kinds[name] == nil {
			kinds[name] = &JobKind{Kind: name}
		}
		return kinds[name]
	}
	for _, c := range counts {
		switch c.State {
		case "running":
			out.Running += c.Count
		case "scheduled":
			out.Scheduled += c.Count
		case "available":
			out.Waiting += c.Count
			out.OldestSeconds = max(out.OldestSeconds, int64(c.OldestSeconds))
			kind(c.Kind).Waiting += c.Count
		case "retryable":
			out.Retrying += c.Count
			kind(c.Kind).Retrying += c.Count
			kind(c.Kind).failed(c)
		default:
			out.GivenUp += c.Count
			kind(c.Kind).GivenUp += c.Count
			kind(c.Kind).failed(c)
		}
	}
	for _, k := range kinds {
		out.Kinds = append(out.Kinds, *k)
	}
	slices.SortFunc(out.Kinds, func(a, b JobKind) int { return strings.Compare(a.Kind, b.Kind) })
	return out
}

// failed keeps the last failure.
func (k *JobKind) failed(c jobs.KindCount) {
	if c.Failed == nil || c.Failure == nil || (k.LastFailedAt != nil && k.LastFailedAt.After(*c.Failed)) {
		return
	}
	class := FailureClass(*c.Failure)
	k.LastFailedAt, k.LastFailure = c.Failed, &class
}
