package app

import (
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"amrutam/internal/account"
	"amrutam/internal/analytics"
	"amrutam/internal/audit"
	"amrutam/internal/audit/tree"
	"amrutam/internal/config"
	"amrutam/internal/consent"
	"amrutam/internal/console"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/events"
	"amrutam/internal/httpapi/reader"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/money"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/prescription"
	"amrutam/internal/privacy"
	"amrutam/internal/review"
	"amrutam/internal/schedule"
	"amrutam/internal/seal"
	"amrutam/internal/session"
)

// mount builds the packages, lowest first. Each registers its operations, pages and jobs.
func (a *App) mount() error {
	secrets, err := a.Config.StubSecrets()
	if err = errors.Join(err, a.mountAudit()); err != nil {
		return err
	}
	a.healthRoutes()
	a.Queue.RegisterMaintenance()
	a.mountRetention()
	reader.Mount(a.Mux, "/openapi.json")
	console.Mount(a.Mux)
	a.API.NotFoundPage = console.NotFound()
	mails, err := notification.New(a.DB, a.Queue, a.Sealer, a.Config, a.Log, a.Metrics)
	if err != nil {
		return err
	}
	mails.Pages(a.Mux)
	a.mails = mails
	jobs.HandleWithin(a.Queue, checkTimeout, a.checkInvariants)
	jobs.HandleWithin(a.Queue, archiveTimeout, a.archiveConsultations)
	if err := a.mountAccounts(); err != nil {
		return err
	}
	if c := a.Config.Currency; c != "" && !money.IsCurrency(c) { // it is "" when only the document is made
		return errors.New("AMRUTAM_CURRENCY " + money.CurrencyFormat)
	}
	a.mountDoctors(mails)
	stub := &payment.Stub{
		Secrets: secrets, Self: a.URL, Clock: a.DB.Clock, Log: a.Log,
		HTTP: &http.Client{Timeout: 10 * time.Second},
	}
	payments := &payment.Service{
		DB: a.DB, Queue: a.Queue, Cursors: a.API.Cursors, Metrics: a.Metrics,
		Providers:       map[string]payment.Provider{payment.StubName: stub},
		DefaultProvider: a.Config.PaymentProvider,
		ReturnOrigins:   a.returnOrigins,
	}
	if !a.Config.Production() {
		stub.Pages = a.Config.PublicURL
		stub.MountPage(a.Mux, payments)
	}
	payments.Routes(a.API)
	payments.Jobs(a.Queue)
	consent.Routes(a.API)
	consultations := &consultation.Service{
		DB: a.DB, Sealer: a.Sealer, Accounts: a.accounts, Doctors: a.doctors,
		Payments: payments, Mails: mails, Config: a.Config, Cursors: a.API.Cursors, Metrics: a.Metrics,
	}
	a.stub, a.consultations = stub, consultations
	consultations.Routes(a.API)
	consultations.Jobs(a.Queue)
	a.mountRecords(consultations, payments)
	a.Streams = events.New(a.DB, a.API.Cursors, a.Metrics, a.Log, a.Config.MaxStreams)
	a.Streams.Routes(a.API)
	analytics.Routes(a.API)
	a.Rollups = &analytics.Service{DB: a.DB}
	a.Rollups.Jobs(a.Queue)
	a.Metrics.WatchRollups(a.Rollups.Lag)
	return nil
}

// mountRecords builds what follows from consultations: prescriptions, reviews, and the requests about one's data.
func (a *App) mountRecords(consultations *consultation.Service, payments *payment.Service) {
	prescriptions := &prescription.Service{Sealer: a.Sealer, Accounts: a.accounts, Consultations: consultations,
		Mails: a.mails, Config: a.Config, Cursors: a.API.Cursors}
	prescriptions.Routes(a.API)
	reviews := &review.Service{Doctors: a.doctors, Config: a.Config, Cursors: a.API.Cursors,
		Limits: limit.Limiter{Off: a.Config.LoginLimit == "off"}}
	a.prescriptions, a.reviews = prescriptions, reviews
	reviews.Routes(a.API)
	requests := &privacy.Service{
		DB: a.DB, Sealer: a.Sealer, Queue: a.Queue, Mails: a.mails, Config: a.Config, Accounts: a.accounts,
		Doctors: a.doctors, Consultations: consultations, Prescriptions: prescriptions, Payments: payments,
		Reviews: reviews, AuditLog: a.auditLog, Log: a.Log,
	}
	requests.Routes(a.API)
	requests.Jobs(a.Queue)
}

// mountAudit builds the audit log.
func (a *App) mountAudit() error {
	log, err := NewAuditLog(a.Config, a.DB, a.Sealer)
	if err != nil {
		return err
	}
	log.Cursors, log.Queue = a.API.Cursors, a.Queue
	log.Sink = audit.NewSink(a.Config.CheckpointSink(), &http.Client{Timeout: 10 * time.Second})
	log.Routes(a.API)
	log.Jobs(a.Queue)
	a.auditLog = log
	a.Metrics.WatchAuditTree(log.ReadBacklog)
	return nil
}

// NewAuditLog returns the audit log for commands, without what its operations and jobs need more.
func NewAuditLog(cfg *config.Config, db *postgres.DB, sealer *seal.Sealer) (*audit.Service, error) {
	signer, err := AuditSigner(sealer)
	if err != nil {
		return nil, err
	}
	return &audit.Service{
		DB: db, Signer: signer,
		Folder: audit.Folder(cfg.AuditFolder()), CompressAfter: cfg.AuditCompressAfter, KeepFor: cfg.AuditKeep,
	}, nil
}

// AuditSigner returns the signer of the checkpoints of the audit log.
func AuditSigner(sealer *seal.Sealer) (*tree.Signer, error) {
	seed, err := sealer.Derive("amrutam audit checkpoints", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return tree.NewSigner(seed)
}

// mountDoctors builds doctors and their slots.
func (a *App) mountDoctors(mails *notification.Service) {
	a.doctors = &doctor.Service{Mails: mails, Cursors: a.API.Cursors, Currency: a.Config.Currency,
		CancellationPolicy: a.Config.CancellationPolicy}
	a.doctors.Routes(a.API)
	a.slots = &schedule.Service{DB: a.DB, Cursors: a.API.Cursors, Mails: mails, Accounts: a.accounts,
		Metrics: a.Metrics}
	a.Metrics.WatchWaitlist(a.slots.Backlog)
	a.slots.Routes(a.API)
	a.slots.Jobs(a.Queue)
}

// mountAccounts builds sessions and accounts, and gives the pipeline the function that authenticates a request.
func (a *App) mountAccounts() error {
	relyingParty, err := account.NewRelyingParty(a.Config, a.Sealer)
	if err != nil {
		return err
	}
	sessions := &session.Service{DB: a.DB, Sealer: a.Sealer, Mails: a.mails, Config: a.Config, Cursors: a.API.Cursors}
	a.API.Authenticate = sessions.Authenticate
	a.API.Guard = session.Guard
	sessions.Routes(a.API)
	a.accounts = &account.Service{
		RelyingParty: relyingParty, DB: a.DB, Sealer: a.Sealer, Sessions: sessions, Mails: a.mails, Queue: a.Queue,
		Config: a.Config, Cursors: a.API.Cursors, Log: a.Log, Passwords: a.Passwords,
		Limits: limit.Limiter{Off: a.Config.LoginLimit == "off"},
	}
	a.accounts.Routes(a.API)
	a.accounts.Pages(a.Mux)
	a.accounts.Jobs(a.Queue)
	return nil
}

// returnOrigins returns the origins that a checkout may lead back to: this server's own and those allowed.
func (a *App) returnOrigins() payment.ReturnOrigins {
	all := slices.Clone(payment.ReturnOrigins(a.Config.ReturnOrigins))
	if u, err := url.Parse(a.Config.PublicURL); err == nil && u.Host != "" {
		all = append(all, payment.Origin(u))
	}
	return all
}
