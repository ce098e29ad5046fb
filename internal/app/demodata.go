package app

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/doctor"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/schedule"
)

// demoJob is the actor's job in the audit rows of the demo data.
const demoJob = "demo data"

// DemoAccount is an account of the demo data.
type DemoAccount struct {
	Email, Name string
	Role        access.Role
}

// DemoAdmin is the administrator of the demo data.
var DemoAdmin = DemoAccount{"admin@amrutam.example", "Demo Administrator", access.RoleAdmin}

var demoPatient = DemoAccount{"patient@amrutam.example", "Ravi Kumar", access.RolePatient}

// demoDoctor is a doctor of the demo data, with office hours in India.
type demoDoctor struct {
	DemoAccount
	registration   string
	specialization string
	clinic         string
	bio            string
	years          int
	fee            money.Amount
	languages      []string
	days           string // BYDAY (RFC 5545)
	from, until    string
	isWaiting      bool // for an administrator's approval
}

var demoDoctors = []demoDoctor{
	{
		DemoAccount:    DemoAccount{"dr.nair@amrutam.example", "Dr. Asha Nair", access.RoleDoctor},
		registration:   "DEMO-1",
		specialization: "Panchakarma",
		clinic:         "Nair Ayurveda, Kochi",
		bio:            "Cleansing therapies, and the food and sleep that go with them.",
		years:          18,
		fee:            80000,
		languages:      []string{"en", "ml"},
		days:           "MO,TU,WE,TH,FR",
		from:           "09:00",
		until:          "12:00",
	},
	{
		DemoAccount:    DemoAccount{"dr.joshi@amrutam.example", "Dr. Vikram Joshi", access.RoleDoctor},
		registration:   "DEMO-2",
		specialization: "Kayachikitsa",
		clinic:         "Joshi Clinic, Pune",
		bio:            "General medicine: digestion, fever, joints.",
		years:          9,
		fee:            50000,
		languages:      []string{"en", "hi", "mr"},
		days:           "MO,WE,FR,SA,SU",
		from:           "14:00",
		until:          "17:00",
	},
	{
		DemoAccount:    DemoAccount{"dr.sharma@amrutam.example", "Dr. Meera Sharma", access.RoleDoctor},
		registration:   "DEMO-3",
		specialization: "Dermatology",
		bio:            "Skin and hair. The first conversation costs nothing.",
		years:          5,
		languages:      []string{"hi", "en"},
		days:           "TU,TH,SA,SU",
		from:           "17:00",
		until:          "20:00",
	},
	{
		DemoAccount:    DemoAccount{"dr.rao@amrutam.example", "Dr. Kavita Rao", access.RoleDoctor},
		registration:   "DEMO-4",
		specialization: "Prasuti Tantra",
		clinic:         "Rao Women's Clinic, Mysuru",
		bio:            "Pregnancy, birth and the months after.",
		years:          14,
		fee:            60000,
		languages:      []string{"kn", "en"},
		isWaiting:      true,
	},
}

// DemoPassword returns the password of all demo accounts. It is derived from the database's root key, so each
// installation has its own.
func (a *App) DemoPassword() (string, error) {
	raw, err := a.Sealer.Derive("amrutam demo accounts", 15)
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw)), err
}

// DemoSecret returns the secret of the demo administrator's authenticator (base32, RFC 6238). It is derived from the
// root key too.
func (a *App) DemoSecret() (string, error) {
	raw, err := a.Sealer.Derive("amrutam demo authenticator", 20)
	return base32.StdEncoding.EncodeToString(raw), err
}

// CreateDemoAdmin creates the demo administrator, with an authenticator, unless it exists. Returns an error in
// production.
func (a *App) CreateDemoAdmin(ctx context.Context) (uuid.UUID, error) {
	id, err := a.demoAccount(ctx, DemoAdmin)
	if err != nil {
		return id, err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return id, err
	}
	return id, a.DB.Write(ctx, func(tx *postgres.Tx) error {
		return a.accounts.Enrol(ctx, tx, access.System(demoJob), id, secret)
	})
}

// CreateDemoData creates what a newcomer needs to look around: an administrator, patients, approved doctors with
// office hours by a rule, whose slots can be booked, one who waits for the approval, and visits of the last month. It
// creates only what is missing.
func (a *App) CreateDemoData(ctx context.Context) ([]DemoAccount, error) {
	admin, err := a.CreateDemoAdmin(ctx)
	if err != nil {
		return nil, err
	}
	all := []DemoAccount{DemoAdmin}
	var patients, doctors []uuid.UUID
	for _, demo := range demoPatients {
		id, err := a.demoAccount(ctx, demo)
		if err != nil {
			return nil, err
		}
		patients, all = append(patients, id), append(all, demo)
	}
	for _, d := range demoDoctors {
		id, err := a.demoAccount(ctx, d.DemoAccount)
		if err != nil {
			return nil, err
		}
		if err := a.demoPractice(ctx, d, id, admin); err != nil {
			return nil, fmt.Errorf("demo doctor: %w", err)
		}
		if !d.isWaiting {
			doctors = append(doctors, id)
		}
		all = append(all, d.DemoAccount)
	}
	return all, a.createDemoHistory(ctx, patients, doctors)
}

// demoPractice gives a doctor a profile, and hours unless it waits for its approval.
func (a *App) demoPractice(ctx context.Context, d demoDoctor, id, admin uuid.UUID) error {
	if d.isWaiting {
		return a.DB.Write(ctx, func(tx *postgres.Tx) error { return a.demoApproval(ctx, tx, d, id, admin) })
	}
	err := a.writeInDemoPast(ctx, func(tx *postgres.Tx) error { return a.demoApproval(ctx, tx, d, id, admin) })
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, func(tx *postgres.Tx) error { return a.demoHours(ctx, tx, d, id) })
}

// demoAccount returns the id of a demo account, and creates it if it doesn't exist.
func (a *App) demoAccount(ctx context.Context, demo DemoAccount) (id uuid.UUID, err error) {
	if a.Config.Production() {
		return uuid.Nil, errors.New("production has no demo data")
	}
	find := func(r *postgres.Read) error {
		return r.QueryRow(ctx, "SELECT id FROM users WHERE lower(email) = $1 AND deleted_at IS NULL", demo.Email).
			Scan(&id)
	}
	if err := a.DB.Read(ctx, find); err == nil || !postgres.NoRows(err) {
		return id, err
	}
	password, err := a.DemoPassword()
	if err != nil {
		return uuid.Nil, err
	}
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return uuid.Nil, err
	}
	err = a.writeInDemoPast(ctx, func(tx *postgres.Tx) (err error) {
		user := account.NewUser{
			Email: demo.Email, PasswordHash: hash, Role: demo.Role, FullName: demo.Name, Verified: true,
		}
		id, err = a.accounts.Provision(ctx, tx, user)
		if err != nil {
			return err
		}
		audit.Write(tx, access.System(demoJob), "user.create", id, audit.Meta{"role": demo.Role})
		if demo.Role != access.RolePatient {
			return nil
		}
		return demoConsent(ctx, tx, id)
	})
	if errors.Is(err, account.ErrAddressTaken) { // another server created it at the same time
		err = a.DB.Read(ctx, find)
	}
	return id, err
}

// demoConsent records a new patient's consent to treatment, without which they could not book.
func demoConsent(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) error {
	var in consent.GiveConsentRequest
	in.Body.Purpose = consent.Treatment
	in.Body.Language = "en"
	err := tx.QueryRow(ctx, "SELECT max(version) FROM consent_notices WHERE purpose = $1", in.Body.Purpose).
		Scan(&in.Body.NoticeVersion)
	if err != nil {
		return err
	}
	actor := access.Actor{ID: patient, Role: access.RolePatient, Job: demoJob}
	_, err = consent.Give(ctx, tx, actor, in)
	return err
}

// demoApproval applies for a doctor and approves the application, unless it waits or the doctor has applied before.
func (a *App) demoApproval(ctx context.Context, tx *postgres.Tx, d demoDoctor, id, admin uuid.UUID) error {
	var hasApplied bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM doctors WHERE id = $1)", id).Scan(&hasApplied)
	if err != nil || hasApplied {
		return err
	}
	var application doctor.ApplicationRequest
	body := &application.Body
	body.Specialization = d.specialization
	body.YearsOfExperience = d.years
	body.RegistrationNumber = d.registration
	body.ConsultationFee = money.Input(d.fee)
	body.Currency = "INR"
	body.LanguagesSpoken = d.languages
	body.Bio = &d.bio
	if d.clinic != "" {
		body.ClinicName = &d.clinic
	}
	actor := access.Actor{ID: id, Role: access.RoleDoctor, Job: demoJob}
	if _, err := a.doctors.Apply(ctx, tx, actor, application); err != nil || d.isWaiting {
		return err
	}
	var decision doctor.ApprovalRequest
	decision.ID = id
	decision.Body.Approved = true
	actor = access.Actor{ID: admin, Role: access.RoleAdmin, Job: demoJob}
	_, _, err = a.doctors.Approve(ctx, tx, actor, decision)
	return err
}

// demoHours gives a doctor a rule for the office hours, unless there is one, or there are slots to come.
func (a *App) demoHours(ctx context.Context, tx *postgres.Tx, d demoDoctor, id uuid.UUID) error {
	// The lock stops two servers that start at the same time from creating two rules.
	if _, err := tx.Exec(ctx, "SELECT FROM doctors WHERE id = $1 FOR UPDATE", id); err != nil {
		return err
	}
	var hasHours bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM availability_rules WHERE doctor_id = $1)
			OR EXISTS (SELECT FROM availability_slots WHERE doctor_id = $1 AND start_time > $2)`,
		id, tx.Now).Scan(&hasHours)
	if err != nil || hasHours {
		return err
	}
	_, err = a.slots.CreateRule(ctx, tx, access.Actor{ID: id, Role: access.RoleDoctor, Job: demoJob},
		schedule.CreateRuleRequest{Body: schedule.RuleBody{
			RRule: "FREQ=WEEKLY;BYDAY=" + d.days, StartTime: d.from, EndTime: d.until, Timezone: "Asia/Kolkata",
			SlotMinutes: 30, MaxPatients: 1, ValidFrom: tx.Now.Format(time.DateOnly),
		}})
	return err
}
