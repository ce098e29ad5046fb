package app

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

// overdueAfter is how long due jobs may have waited before the start warns that the database may be a restored copy.
const overdueAfter = 15 * time.Minute

// logSetup logs what an operator should know at the start: how mails are sent, that the payment provider is a stub,
// and which jobs run first.
func (a *App) logSetup(ctx context.Context) {
	a.logMails(ctx)
	a.logPayments(ctx)
	a.logDueJobs(ctx)
}

func (a *App) logMails(ctx context.Context) {
	server, tls := a.mails.Transport()
	if server == "" {
		a.Log.InfoContext(ctx, "mails go to the development mailbox, which anybody who reaches this server can read")
		return
	}
	a.Log.InfoContext(ctx, "mails go by SMTP", "server", server, "tls", tls)
}

func (a *App) logPayments(ctx context.Context) {
	if a.Config.Production() {
		a.Log.WarnContext(ctx, "payments are the stub: in production nobody can pay with it, so only consultations "+
			"without a fee can be booked to the end")
		return
	}
	a.Log.InfoContext(ctx, "payments are the stub: its checkout page moves no money")
	publicURL, err := url.Parse(a.Config.PublicURL)
	if err == nil && !isLocalHost(publicURL.Hostname()) {
		a.Log.WarnContext(ctx, "this is a development server, and anybody who reaches it can read its mailbox: "+
			"set AMRUTAM_ENV=production to serve people")
	}
}

func (a *App) logDueJobs(ctx context.Context) {
	due, err := jobs.CountDueJobs(ctx, a.DB)
	if err != nil {
		a.Log.WarnContext(ctx, "the waiting jobs can't be counted", "error", postgres.Describe(err))
		return
	}
	now := time.Now() //nolint:forbidigo // River's times are real ones
	for _, d := range due {
		level, message := slog.LevelInfo, "jobs are waiting, and run now"
		if a.Held() {
			message = "jobs are waiting for the end of the restore mode"
		} else if now.Sub(d.Since) > overdueAfter {
			level = slog.LevelWarn
			message = "jobs have been waiting for long, and run now: " +
				"on a restored copy they reach people a second time"
		}
		a.Log.Log(ctx, level, message, "kind", d.Kind, "jobs", d.Count, "since", d.Since)
	}
}

// isLocalHost tells whether a host is this machine or in a private network.
func isLocalHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && (ip.IsLoopback() || ip.IsPrivate()))
}
