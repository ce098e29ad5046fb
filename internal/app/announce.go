package app

import (
	"context"
	"net"
	"net/url"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

// overdue is how long due jobs may have waited before a start says that they may be a restored copy's.
const overdue = 15 * time.Minute

// announce says at the start what an operator would find out too late: how mails go, that nobody can pay, what is sent
// first.
func (a *App) announce(ctx context.Context) {
	production := a.Config.Production()
	server, tls := a.mails.Transport()
	if server == "" {
		a.Log.InfoContext(ctx, "mails go to the development mailbox, which whoever reaches this server can read")
	} else {
		a.Log.InfoContext(ctx, "mails go by SMTP", "server", server, "tls", tls)
	}
	if production {
		a.Log.WarnContext(ctx, "payments are the stub: in production nobody can pay with it, so only consultations "+
			"without a fee can be booked to the end")
	} else {
		a.Log.InfoContext(ctx, "payments are the stub: its checkout page moves no money")
		if public, err := url.Parse(a.Config.PublicURL); err == nil && !local(public.Hostname()) {
			a.Log.WarnContext(ctx, "this is a development server, and its mailbox is open to whoever reaches it: "+
				"set AMRUTAM_ENV=production to serve people")
		}
	}
	waiting, err := jobs.WaitingJobs(ctx, a.DB)
	if err != nil {
		a.Log.WarnContext(ctx, "the waiting jobs can't be counted", "error", postgres.Describe(err))
		return
	}
	now := time.Now() //nolint:forbidigo // River's times are real ones
	for _, w := range waiting {
		say, note := a.Log.InfoContext, "jobs are waiting, and run now"
		if now.Sub(w.Since) > overdue {
			say, note = a.Log.WarnContext,
				"jobs have been waiting for long, and run now: on a restored copy they reach people a second time"
		}
		say(ctx, note, "kind", w.Kind, "jobs", w.Count, "since", w.Since)
	}
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && (ip.IsLoopback() || ip.IsPrivate()))
}
