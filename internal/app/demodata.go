package app

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
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

// demoJob names the demo data's maker in the audit log.
const demoJob = "demo data"

// DemoAccount is somebody of the demo data.
type DemoAccount struct {
	Email, Name string
	Role        access.Role
}

// DemoAdmin is the administrator of the demo data.
var DemoAdmin = DemoAccount{"admin@amrutam.example", "Demo Administrator", access.RoleAdmin}

var demoPatient = DemoAccount{"patient@amrutam.example", "Ravi Kumar", access.RolePatient}

// demoDoctor is a doctor with the hours they work, in India, each day of the week named.
type demoDoctor struct {
	DemoAccount
	registration, specialization, clinic, bio string
	years                                     int
	fee                                       money.Amount
	languages                                 []string
	days                                      []time.Weekday
	from, until                               int // hours
}

var demoDoctors = []demoDoctor{
	{DemoAccount{"dr.nair@amrutam.example", "Dr. Asha Nair", access.RoleDoctor}, "DEMO-1", "Panchakarma",
		"Nair Ayurveda, Kochi", "Cleansing therapies, and the food and sleep that go with them.", 18, 80000,
		[]string{"en", "ml"}, []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, 9,
		12},
	{DemoAccount{"dr.joshi@amrutam.example", "Dr. Vikram Joshi", access.RoleDoctor}, "DEMO-2", "Kayachikitsa",
		"Joshi Clinic, Pune",
		"General medicine: digestion, fever, joints.", 9, 50000, []string{"en", "hi", "mr"},
		[]time.Weekday{time.Monday, time.Wednesday, time.Friday, time.Saturday, time.Sunday}, 14, 17},
	{DemoAccount{"dr.sharma@amrutam.example", "Dr. Meera Sharma", access.RoleDoctor}, "DEMO-3", "Dermatology", "",
		"Skin and hair. The first conversation costs nothing.", 5, 0, []string{"hi", "en"},
		[]time.Weekday{time.Tuesday, time.Thursday, time.Saturday, time.Sunday}, 17, 20},
}

const (
	demoDays = 14
	demoSlot = 30 * time.Minute
)

// DemoPassword is the one of all demo accounts: it follows from the database's root key, so each installation has its
// own.
func (a *App) DemoPassword() (string, error) {
	raw, err := a.Sealer.Derive("amrutam demo accounts", 15)
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw)), err
}

// DemoSecret is what the demo administrator's authenticator holds (base32, RFC 6238). It follows from the root key
// too.
func (a *App) DemoSecret() (string, error) {
	raw, err := a.Sealer.Derive("amrutam demo authenticator", 20)
	return base32.StdEncoding.EncodeToString(raw), err
}

// MakeDemoAdmin makes the demo administrator, with an authenticator, unless there is one. Production has none.
func (a *App) MakeDemoAdmin(ctx context.Context) (uuid.UUID, error) {
	id, err := a.demoAccount(ctx, DemoAdmin)
	if err != nil {
		return id, err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return id, err
	}
	return id, a.DB.Write(ctx,
		func(tx *postgres.Tx) error { return a.accounts.Enrol(ctx, tx, access.System(demoJob), id, secret) })
}

// MakeDemoData makes what a newcomer needs to look around: an administrator, a patient, and approved doctors with free
// slots over the next two weeks. What is there is left alone, so that every start brings the slots up to date.
func (a *App) MakeDemoData(ctx context.Context) ([]DemoAccount, error) {
	admin, err := a.MakeDemoAdmin(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := a.demoAccount(ctx, demoPatient); err != nil {
		return nil, err
	}
	all := []DemoAccount{DemoAdmin, demoPatient}
	for _, d := range demoDoctors {
		id, err := a.demoAccount(ctx, d.DemoAccount)
		if err != nil {
			return nil, err
		}
		err = a.DB.Write(ctx, func(tx *postgres.Tx) error {
			if err := a.demoApproval(ctx, tx, d, id, admin); err != nil {
				return err
			}
			return a.demoSlots(ctx, tx, d, id)
		})
		if err != nil {
			return nil, fmt.Errorf("demo doctor: %w", err)
		}
		all = append(all, d.DemoAccount)
	}
	return all, nil
}

func (a *App) demoAccount(ctx context.Context, who DemoAccount) (id uuid.UUID, err error) {
	if a.Config.Production() {
		return uuid.Nil, errors.New("production has no demo data")
	}
	find := func(r *postgres.Read) error {
		return r.QueryRow(ctx, "SELECT id FROM users WHERE lower(email) = $1 AND deleted_at IS NULL", who.Email).
			Scan(&id)
	}
	if err := a.DB.Read(ctx, find); err == nil || !postgres.NoRows(err) {
		return id, err
	}
	password, err := a.DemoPassword()
	if err != nil {
		return uuid.Nil, err
	}
	hash, err := account.HashPassword(ctx, password)
	if err != nil {
		return uuid.Nil, err
	}
	err = a.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		id, err = a.accounts.Provision(ctx, tx, account.NewUser{Email: who.Email, PasswordHash: hash, Role: who.Role,
			FullName: who.Name, Verified: true})
		if err != nil {
			return err
		}
		audit.Write(tx, access.System(demoJob), "user.create", id, audit.Meta{"role": who.Role})
		if who.Role != access.RolePatient {
			return nil
		}
		return demoConsent(ctx, tx, id)
	})
	if errors.Is(err, account.ErrAddressTaken) { // another start was quicker
		err = a.DB.Read(ctx, find)
	}
	return id, err
}

// demoConsent has a new patient consent to treatment, so that a booking is the first thing to try.
func demoConsent(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) error {
	var in consent.GiveConsentRequest
	in.Body.Purpose, in.Body.Language = consent.Treatment, "en"
	if err := tx.QueryRow(ctx, "SELECT max(version) FROM consent_notices WHERE purpose = $1", in.Body.Purpose).
		Scan(&in.Body.NoticeVersion); err != nil {
		return err
	}
	_, err := consent.Give(ctx, tx, access.Actor{ID: patient, Role: access.RolePatient, Job: demoJob}, in)
	return err
}

func (a *App) demoApproval(ctx context.Context, tx *postgres.Tx, d demoDoctor, id, admin uuid.UUID) error {
	var applied bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM doctors WHERE id = $1)", id).Scan(&applied); err != nil ||
		applied {
		return err
	}
	var in doctor.ApplicationRequest
	in.Body.Specialization, in.Body.YearsOfExperience, in.Body.RegistrationNumber = d.specialization, d.years,
		d.registration
	in.Body.ConsultationFee, in.Body.Currency, in.Body.LanguagesSpoken, in.Body.Bio = money.Input(d.fee), "INR",
		d.languages, &d.bio
	if d.clinic != "" {
		in.Body.ClinicName = &d.clinic
	}
	if _, err := a.doctors.Apply(ctx, tx, access.Actor{ID: id, Role: access.RoleDoctor, Job: demoJob},
		in); err != nil {
		return err
	}
	var decision doctor.ApprovalRequest
	decision.ID, decision.Body.Approved = id, true
	_, _, err := a.doctors.Approve(ctx, tx, access.Actor{ID: admin, Role: access.RoleAdmin, Job: demoJob}, decision)
	return err
}

// demoSlots opens what is missing of the doctor's hours, unless an administrator has withdrawn the approval.
func (a *App) demoSlots(ctx context.Context, tx *postgres.Tx, d demoDoctor, id uuid.UUID) error {
	var approved bool
	var starts, ends []time.Time
	// The lock keeps two starts of the server from opening the same ones.
	if _, err := tx.Exec(ctx, "SELECT FROM doctors WHERE id = $1 FOR UPDATE", id); err != nil {
		return err
	}
	err := tx.QueryRow(ctx, `SELECT is_approved, array(SELECT start_time FROM availability_slots
		WHERE doctor_id = d.id AND end_time > $2 ORDER BY start_time),
			array(SELECT end_time FROM availability_slots WHERE doctor_id = d.id AND end_time > $2 ORDER BY start_time)
		FROM doctors d WHERE id = $1`, id, tx.Now).Scan(&approved, &starts, &ends)
	if err != nil || !approved {
		return err
	}
	india := time.FixedZone("IST", 5*3600+1800)
	today := tx.Now.In(india)
	for day := range demoDays {
		morning := time.Date(today.Year(), today.Month(), today.Day()+day, 0, 0, 0, 0, india)
		if !slices.Contains(d.days, morning.Weekday()) {
			continue
		}
		for start := morning.Add(time.Duration(d.from) * time.Hour); start.Hour() < d.until; start = start.Add(
			demoSlot) {
			if !start.After(tx.Now) || overlapsAny(starts, ends, start) {
				continue
			}
			var in schedule.CreateSlotRequest
			in.Body.StartTime, in.Body.EndTime, in.Body.MaxPatients, in.Body.Status = start, start.Add(demoSlot), 1,
				schedule.SlotAvailable
			if _, err := a.slots.Create(ctx, tx, access.Actor{ID: id, Role: access.RoleDoctor, Job: demoJob},
				in); err != nil {
				return err
			}
		}
	}
	return nil
}

func overlapsAny(starts, ends []time.Time, start time.Time) bool {
	for i := range starts {
		if starts[i].Before(start.Add(demoSlot)) && start.Before(ends[i]) {
			return true
		}
	}
	return false
}
