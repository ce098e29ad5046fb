// Package privacy serves a person's rights to a copy of all data about them and to its erasure. It knows every package
// that stores such data, so it also deletes accounts.
package privacy

import (
	"log/slog"
	"net/http"

	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/prescription"
	"amrutam/internal/problem"
	"amrutam/internal/review"
	"amrutam/internal/seal"
)

// The refusals of exports.
var (
	ErrExportPending = problem.Conflict("export-pending", "The copy is still being made",
		"The copy is still being made.",
		"Ask GET /api/v1/users/me/export until its status is READY; a mail tells it too.").WithRetryAfter(pollAfter)
	ErrExportExpired = problem.Define(http.StatusGone, "export-expired", "The copy is gone",
		"The copy could be fetched for 24 hours, and was deleted then.",
		"Ask for another one with POST /api/v1/users/me/export.")
)

// Service exports people's data, deletes accounts and erases data.
type Service struct {
	DB            *postgres.DB
	Sealer        *seal.Sealer
	Queue         *jobs.Queue
	Mails         *notification.Service
	Config        *config.Config
	Accounts      *account.Service
	Doctors       *doctor.Service
	Consultations *consultation.Service
	Prescriptions *prescription.Service
	Payments      *payment.Service
	Reviews       *review.Service
	AuditLog      *audit.Service
	Log           *slog.Logger
}
