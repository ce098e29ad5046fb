package app

import (
	"amrutam/internal/doctor"
	"amrutam/internal/notification"
	"amrutam/internal/schedule"
)

// mount builds the rooms, lowest first, and lets each register its operations, pages and jobs.
func (a *App) mount() error {
	mails := &notification.Service{}
	(&doctor.Service{Mails: mails, Cursors: a.API.Cursors}).Routes(a.API)
	(&schedule.Service{Cursors: a.API.Cursors}).Routes(a.API)
	return nil
}
