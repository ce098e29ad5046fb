package jobs

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// HandleError leaves the retry to River; the run was logged where it failed.
func (q *Queue) HandleError(context.Context, *rivertype.JobRow, error) *river.ErrorHandlerResult {
	return nil
}

// HandlePanic logs a panic without its value, which could hold anything.
func (q *Queue) HandlePanic(_ context.Context, job *rivertype.JobRow, fault any,
	trace string) *river.ErrorHandlerResult {
	q.log.Error("job panicked", "kind", job.Kind, "jobId", job.ID, "fault", fmt.Sprintf("%T", fault), "stack", trace)
	q.metrics.Jobs.WithLabelValues(job.Kind, "failed").Inc()
	return nil
}

// quiet keeps River's own lines to warnings: one a job would drown the requests.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(levelHandler{log.Handler()}) }

type levelHandler struct{ slog.Handler }

func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelHandler{h.Handler.WithAttrs(attrs)}
}

func (h levelHandler) WithGroup(name string) slog.Handler {
	return levelHandler{h.Handler.WithGroup(name)}
}
