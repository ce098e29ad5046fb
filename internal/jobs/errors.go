package jobs

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// HandleError changes nothing: River retries the job, and HandleWithin has logged the error.
func (q *Queue) HandleError(context.Context, *rivertype.JobRow, error) *river.ErrorHandlerResult {
	return nil
}

// HandlePanic logs a panic without its value, which could hold personal data.
func (q *Queue) HandlePanic(_ context.Context, job *rivertype.JobRow, fault any,
	trace string) *river.ErrorHandlerResult {
	q.log.Error("job panicked", "kind", job.Kind, "jobId", job.ID, "fault", fmt.Sprintf("%T", fault), "stack", trace)
	q.metrics.Jobs.WithLabelValues(job.Kind, "failed").Inc()
	return nil
}

// warningsOnly drops River's lines below warnings, because it logs each job.
func warningsOnly(log *slog.Logger) *slog.Logger { return slog.New(levelHandler{log.Handler()}) }

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
