package account

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Session is one device's sign-in.
type Session struct {
	ID             uuid.UUID  `json:"id" doc:"The session's id"`
	Device         string     `json:"device" doc:"What signed in, as far as it told" example:"Firefox on Windows"`
	UserAgent      string     `json:"userAgent" doc:"What it called itself" example:"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"`
	IPAddress      string     `json:"ipAddress" doc:"Where it signed in from" example:"203.0.113.7"`
	CreatedAt      time.Time  `json:"createdAt" doc:"When it signed in"`
	LastUsedAt     time.Time  `json:"lastUsedAt" doc:"When it last got new tokens"`
	ExpiresAt      time.Time  `json:"expiresAt" doc:"When it ends by itself"`
	SecondFactorAt *time.Time `json:"secondFactorAt" doc:"When it last proved a second factor, or null"`
	Current        bool       `json:"current" doc:"Whether it is the one that asks" example:"true"`
}

// SessionFilter asks for a page of one's own sessions.
type SessionFilter struct{ httpapi.Paging }

// SessionID names a session.
type SessionID struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The session's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
}

const sessionsScope = "sessions:newest"

// ListSessions shows the caller's own devices, the newest sign-in first.
func (s *Service) ListSessions(ctx context.Context, r *postgres.Read, actor access.Actor,
	in SessionFilter) (httpapi.Page[Session], error) {
	before := uuid.Max
	if _, err := s.Cursors.Open(sessionsScope, in.Cursor, &before); err != nil {
		return httpapi.Page[Session]{}, err
	}
	rows, err := listSessions(ctx, r, listSessionsParams{UserID: actor.ID, Now: r.Now, Before: before,
		Most: int32(in.Limit + 1)}) //nolint:gosec // 101 at most
	if err != nil {
		return httpapi.Page[Session]{}, fmt.Errorf("list sessions: %w", err)
	}
	all := make([]Session, len(rows))
	for i, row := range rows {
		all[i] = Session{ID: row.ID, Device: deviceName(row.UserAgent), UserAgent: row.UserAgent,
			IPAddress: row.IPAddress, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, ExpiresAt: row.ExpiresAt,
			SecondFactorAt: row.SecondFactorAt, Current: row.ID == actor.SessionID}
	}
	return httpapi.NewPage(s.Cursors, sessionsScope, in.Limit, all, func(v Session) any { return v.ID }), nil
}

// EndSession signs one of the caller's own devices out; another one than the caller's after a recent proof only, or
// whoever stole a session could shut its owner out. Errors: problem.Reauthenticate, problem.NotFound.
func (s *Service) EndSession(ctx context.Context, tx *postgres.Tx, actor access.Actor, in SessionID) (httpapi.None,
	error) {
	if in.ID != actor.SessionID {
		if err := httpapi.RequireRecentProof(tx.Now, actor); err != nil {
			return httpapi.None{}, err
		}
	}
	// One after the other: of two sessions that end each other, one wins.
	if err := lockUser(ctx, tx, actor.ID); err != nil {
		return httpapi.None{}, fmt.Errorf("lock a user: %w", err)
	}
	ended, err := endOwnSession(ctx, tx, &tx.Now, in.ID, actor.ID)
	switch {
	case err != nil:
		return httpapi.None{}, fmt.Errorf("end a session: %w", err)
	case ended == 0:
		return httpapi.None{}, problem.NotFoundAudited("session", in.ID)
	}
	audit.Write(tx, actor, "session.end", in.ID, nil)
	return httpapi.None{}, nil
}

// EndOtherSessions signs all of the caller's devices out but the one that asks.
func (s *Service) EndOtherSessions(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ NoInput) (httpapi.None,
	error) {
	// The user first, as a sign-in locks them: one that began before is seen here.
	if _, err := s.lockUser(ctx, tx, actor.ID); err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, s.endOthers(ctx, tx, actor)
}

// endOthers ends all sessions of the actor, whose row is locked, but the one that asks.
func (s *Service) endOthers(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	ended, err := endOtherSessions(ctx, tx, &tx.Now, actor.ID, actor.SessionID)
	if err != nil {
		return fmt.Errorf("end other sessions: %w", err)
	}
	audit.Write(tx, actor, "session.end-others", actor.SessionID, audit.Meta{"ended": ended})
	return nil
}

// revokeUnproven ends what began without the factor that the actor, whose row is locked, has just added: the other
// sessions, and a move to another address.
func (s *Service) revokeUnproven(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := endEmailTickets(ctx, tx, &actor.ID); err != nil {
		return fmt.Errorf("end tickets: %w", err)
	}
	return s.endOthers(ctx, tx, actor)
}

// tellOfDevice mails the user about a sign-in from where there was none before. It looks before the session is
// inserted.
func (s *Service) tellOfDevice(ctx context.Context, tx *postgres.Tx, actor access.Actor, agent string) error {
	unknown, err := isNewDevice(ctx, tx, agent, actor.IP, actor.ID)
	if err != nil || !unknown {
		return err
	}
	return s.Mails.Enqueue(ctx, tx,
		notification.Mail{To: actor.ID, Kind: "new-device",
			Data: map[string]string{"device": deviceName(agent), "address": actor.IP}})
}

// deviceName is made of known words only: what a client calls itself could be anything, also a lure.
func deviceName(agent string) string {
	browser := firstOf(agent, "an app", [2]string{"Edg/", "Edge"}, [2]string{"OPR/", "Opera"},
		[2]string{"Firefox/", "Firefox"}, [2]string{"Chrome/", "Chrome"}, [2]string{"CriOS/", "Chrome"},
		[2]string{"Safari/", "Safari"}, [2]string{"curl/", "curl"})
	system := firstOf(agent, "", [2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"},
		[2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"}, [2]string{"Mac OS X", "macOS"},
		[2]string{"Linux", "Linux"})
	if system == "" {
		return browser
	}
	return browser + " on " + system
}

func firstOf(agent, otherwise string, known ...[2]string) string {
	for _, k := range known {
		if strings.Contains(agent, k[0]) {
			return k[1]
		}
	}
	return otherwise
}

func (s *Service) sessionRoutes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/auth/sessions", ID: "list-sessions", Tag: "auth",
		Summary: "List the devices you are signed in on, the newest sign-in first",
		Roles:   access.SignedIn,
	}, s.ListSessions)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/auth/sessions", ID: "end-other-sessions", Tag: "auth",
		Summary: "Sign all your other devices out",
		Doc: "The one that asks stays signed in. Whoever has a second factor proves it in the five minutes " +
			"before, others have signed in then.",
		Roles: access.SignedIn, Recent: true, Status: http.StatusNoContent,
	}, s.EndOtherSessions)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/auth/sessions/{id}", ID: "end-session", Tag: "auth",
		Summary: "Sign one of your devices out",
		Doc: "Another one than the one that asks needs a proof of the five minutes before: the second factor " +
			"if you have one, else a sign-in or the password.",
		Roles: access.SignedIn, Status: http.StatusNoContent,
		Refusals: []*problem.Error{problem.Reauthenticate},
	}, s.EndSession)
}
