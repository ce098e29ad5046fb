package access

import (
	"context"
	"crypto/sha256"
	"net/url"
	"path"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/app"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
)

// Scene has the people and objects that the placeholders of rows name. Each is created when it is first named. Scenes
// of the same clinic share none of them.
type Scene struct {
	T      testing.TB
	C      *apptest.Clinic
	Caller Caller

	people map[Caller]apptest.User
	values map[string]string
	slots  time.Duration
}

// NewScene returns an empty scene, whose requests are sent by the caller.
func NewScene(t testing.TB, c *apptest.Clinic, caller Caller) *Scene {
	return &Scene{T: t, C: c.In(t), Caller: caller, people: map[Caller]apptest.User{}, values: map[string]string{}}
}

// User returns the user behind a caller, or the zero user for Anonymous.
func (s *Scene) User(caller Caller) apptest.User {
	if u, exists := s.people[caller]; exists || caller == Anonymous {
		return u
	}
	var u apptest.User
	switch caller {
	case Patient, OtherPatient:
		u = s.C.Patient()
	case Doctor, OtherDoctor:
		u = s.C.Doctor("500.00")
	case Support:
		u = s.C.Support()
	default:
		u = s.C.Admin()
	}
	s.people[caller] = u
	return u
}

const password = "seven lamps light the well"

// Value returns the value of a placeholder <name>.
func (s *Scene) Value(name string) string {
	s.T.Helper()
	if v, exists := s.values[name]; exists {
		return v
	}
	s.values[name] = s.make(name)
	return s.values[name]
}

func (s *Scene) make(name string) string {
	s.T.Helper()
	patient, doctor := s.User(Patient), s.User(Doctor)
	switch name {
	case "patient":
		return patient.ID.String()
	case "doctor":
		return doctor.ID.String()
	case "new-email":
		return "new-" + uuid.NewString() + "@example.org"
	case "patient-email":
		return patient.Email
	case "patient-password":
		return s.setPassword(patient)
	case "patient-session":
		return s.C.Get(patient, "auth/sessions").Want(200).Items()[0]["id"].(string)
	case "own-erasure":
		if s.Caller == Anonymous {
			return ""
		}
		return s.C.Post(s.User(s.Caller), "users/me/erasure", nil).Want(202).Text("id")
	case "erasure-requested":
		s.C.Post(patient, "users/me/erasure", nil).Want(202)
		return patient.ID.String()
	case "export":
		return s.C.Export(patient)
	case "calendar":
		return path.Base(s.C.Post(patient, "users/me/calendar", nil).Want(201).Text("url"))
	case "dependant":
		return s.C.Dependant(patient, 9*365*24*time.Hour).String()
	case "transfer":
		grown := s.C.Dependant(patient, 20*365*24*time.Hour).String()
		return s.C.Post(patient, "users/me/dependants/"+grown+"/transfer",
			map[string]any{"email": s.User(OtherPatient).Email}).Want(201).Text("id")
	case "rule":
		return s.C.Post(doctor, "availability/rules", map[string]any{"rrule": "FREQ=DAILY", "startTime": "09:00",
			"endTime": "10:00", "timezone": "Asia/Kolkata", "slotMinutes": 30,
			"validFrom": "2026-12-01"}).Want(201).Text("id")
	case "leave":
		from := s.C.DB.Now().Add(30 * 24 * time.Hour)
		return s.C.Post(doctor, "availability/exceptions", map[string]any{"kind": "LEAVE", "from": from,
			"to": from.Add(time.Hour)}).Want(201).Text("id")
	case "colleague":
		return s.C.Support().ID.String()
	case "new-passkey":
		k := s.C.NewPasskey()
		if s.Caller == Anonymous {
			return string(k.Prove())
		}
		return string(k.Create(s.C.Do(s.User(s.Caller), "POST", "auth/passkeys/options", nil)))
	case "patient-passkey":
		k := s.C.NewPasskey()
		k.Register(patient)
		return k.ID
	case "patient-proof":
		k := s.C.NewPasskey()
		k.Register(patient)
		return string(k.Prove())
	case "enrolled":
		s.Value("patient-code")
		return patient.ID.String()
	case "own-code", "first-code":
		if s.Caller == Anonymous {
			return "000000"
		}
		return s.C.Authenticator(s.User(s.Caller), name == "own-code")()
	case "patient-code":
		return s.C.Authenticator(patient, true)()
	case "mfa-ticket":
		s.Value("patient-password")
		s.Value("patient-code")
		return s.C.Post(apptest.User{}, "auth/login", map[string]any{"email": patient.Email, "password": password}).
			Want(200).Text("mfaToken")
	case "own-password":
		return s.setPassword(s.User(s.Caller))
	case "refresh-token":
		s.Value("patient-password")
		return s.C.Post(apptest.User{}, "auth/login", map[string]any{"email": patient.Email, "password": password}).
			Want(200).Text("refreshToken")
	case "verification-token":
		return s.setToken("UPDATE users SET is_email_verified = false, email_verification_token = $1, " +
			"email_verification_expiry = $2 WHERE id = $3")
	case "reset-token":
		return s.setToken("UPDATE users SET password_reset_token = $1, password_reset_expiry = $2 WHERE id = $3")
	case "address-token":
		return s.setToken(`INSERT INTO tickets (hash, kind, user_id, session_id, data, created_at, expires_at)
			SELECT $1, 'EMAIL', user_id, id, convert_to('new-' || gen_random_uuid() || '@example.org', 'UTF8'), now(),
			$2
			FROM sessions WHERE user_id = $3 AND ended_at IS NULL LIMIT 1`)
	case "new-registration":
		s.exec("DELETE FROM doctors WHERE id = $1", s.User(s.Caller).ID) // a doctor applies once
		return "AYU-" + uuid.NewString()
	case "tomorrow":
		return s.C.DB.Now().Truncate(time.Second).Add(24 * time.Hour).Format(time.RFC3339)
	case "tomorrow-later":
		return s.C.DB.Now().Truncate(time.Second).Add(25 * time.Hour).Format(time.RFC3339)
	default:
		return s.makeCare(name)
	}
}

// makeCare creates slots, consultations in each of their states, and what belongs to them.
func (s *Scene) makeCare(name string) string {
	s.T.Helper()
	patient, doctor := s.User(Patient), s.User(Doctor)
	switch name {
	case "slot":
		s.slots += 3 * time.Hour
		return s.C.Slot(doctor, s.slots, 1).String()
	case "next-day":
		return s.C.DB.Now().Add(48 * time.Hour).Format(time.DateOnly)
	case "offered":
		return s.offered()
	case "taken-slot":
		return s.C.Get(patient, "consultations/"+s.Value("confirmed")).Want(200).Text("slotId")
	case "requested":
		s.slots += 3 * time.Hour
		return s.book(s.C.Slot(doctor, s.slots, 1))
	case "attempt":
		s.pay(s.Value("requested"), "")
		return s.values["attempt"]
	case "payment":
		return s.C.Get(patient, "payments/consultation/"+s.Value("confirmed")).Want(200).Text("id")
	case "refund-request":
		return s.requestRefund(s.C.Support())
	case "unmatched-money":
		reference := "stub_" + uuid.NewString()
		s.C.Report("payment.succeeded", reference, "500.00").Want(202)
		found := s.C.Get(s.C.Admin(), "admin/unmatched-money?transactionReference="+reference).Want(200).Items()
		return found[0]["id"].(string)
	case "own-refund-request":
		return s.requestRefund(s.User(Admin))
	case "confirmed":
		s.slots += 3 * time.Hour
		id := s.book(s.C.Slot(doctor, s.slots, 1))
		s.pay(id, "pay")
		return id
	case "soon":
		id := s.book(s.C.Slot(doctor, 5*time.Minute, 1))
		s.pay(id, "pay")
		return id
	case "started":
		id := s.Value("soon")
		s.C.Patch(doctor, "consultations/"+id+"/status", map[string]any{"status": "IN_PROGRESS"}).Want(200)
		return id
	case "addendum":
		return s.C.Post(doctor, "consultations/"+s.Value("completed")+"/addenda",
			map[string]any{"text": "The blood test is normal"}).Want(201).Text("id")
	case "missed":
		s.slots += 3 * time.Hour
		id := s.book(s.C.Slot(doctor, s.slots, 1))
		s.pay(id, "pay")
		s.exec("UPDATE consultations SET scheduled_start = $2, scheduled_end = $3 WHERE id = $1", uuid.MustParse(id),
			s.C.DB.Now().Add(-15*time.Minute), s.C.DB.Now().Add(15*time.Minute))
		s.C.Patch(doctor, "consultations/"+id+"/status", map[string]any{"status": "NO_SHOW"}).Want(200)
		return id
	case "dispute":
		return s.C.Post(patient, "consultations/"+s.Value("missed")+"/dispute",
			map[string]any{"reason": "I waited in the call"}).Want(201).Text("id")
	case "prescription":
		line := map[string]any{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}
		return s.C.Post(doctor, "prescriptions",
			map[string]any{"consultationId": s.Value("started"), "medications": []any{line}}).Want(201).Text("id")
	case "completed":
		s.Value("prescription")
		id := s.Value("started")
		s.C.Patch(doctor, "consultations/"+id+"/status",
			map[string]any{"status": "COMPLETED", "notes": "Advised rest"}).Want(200)
		return id
	case "review":
		id := s.Value("completed")
		return s.C.Post(patient, "consultations/"+id+"/review", map[string]any{"rating": 5, "text": "Kind"}).Want(201).
			Text("id")
	case "reviewed":
		s.Value("review")
		return s.Value("completed")
	case "hidden-review":
		id := s.Value("review")
		s.C.Patch(s.C.Support(), "reviews/"+id, map[string]any{"hidden": true, "reason": "Names somebody"}).Want(200)
		return id
	case "audit-log":
		var id string
		if err := s.C.DB.Pool.QueryRow(context.Background(), "SELECT id FROM audit_logs WHERE entity_id = $1",
			s.Value("requested")).Scan(&id); err != nil {
			s.T.Fatal(err)
		}
		return id
	case "audit-log-export":
		s.Value("requested")
		admin := s.C.Admin()
		s.C.Prove(admin)
		id := s.C.Post(admin, "audit-log-exports", map[string]any{"format": "CSV",
			"filter": map[string]any{"from": s.C.DB.Now().Add(-time.Hour)}}).Want(202).Text("id")
		s.C.Await("exported the audit log", func() bool {
			return s.C.Get(admin, "audit-log-exports/"+id).Want(200).Text("status") == "READY"
		})
		return id
	case "sealed":
		signer, err := app.AuditSigner(s.C.App.Sealer)
		if err != nil {
			s.T.Fatal(err)
		}
		id := s.Value("audit-log")
		s.C.Seal(&audit.Service{DB: s.C.App.DB, Signer: signer})
		return id
	}
	s.T.Fatalf("the scene has no <%s>", name)
	return ""
}

func (s *Scene) book(slot uuid.UUID) string {
	s.T.Helper()
	return s.C.Post(s.User(Patient), "consultations",
		map[string]any{"slotId": slot, "reason": "Back pain for two weeks"}).Want(201).Text("id")
}

// offered puts the patient on the waitlist of the doctor, and frees a seat for them. Returns the entry.
func (s *Scene) offered() string {
	s.T.Helper()
	s.slots += 3 * time.Hour
	first, now := s.C.Patient(), s.C.DB.Now()
	id := s.C.Book(first, s.C.Slot(s.User(Doctor), 72*time.Hour+s.slots, 1))
	entry := s.C.Post(s.User(Patient), "waitlist", map[string]any{"doctorId": s.User(Doctor).ID,
		"from": now.AddDate(0, 0, 1).Format(time.DateOnly), "to": now.AddDate(0, 0, 60).Format(time.DateOnly),
	}).Want(201).Text("id")
	s.C.Post(first, "consultations/"+id+"/cancel", nil).Want(200)
	return entry
}

// pay starts a payment and submits the checkout page with an outcome, unless that is "".
func (s *Scene) pay(consultation, outcome string) {
	s.T.Helper()
	started := s.C.Post(s.User(Patient), "payments/initiate", map[string]any{"consultationId": consultation}).Want(201)
	s.values["attempt"] = started.Text("attempt", "transactionReference")
	if outcome != "" {
		page, err := url.Parse(started.Text("attempt", "checkout", "url"))
		if err != nil {
			s.T.Fatal(err)
		}
		s.C.SubmitForm(page.Path, url.Values{"outcome": {outcome}}).Want(200)
	}
}

func (s *Scene) requestRefund(actor apptest.User) string {
	s.T.Helper()
	return s.C.Post(actor, "payments/"+s.Value("payment")+"/refunds",
		map[string]any{"amount": "200.00", "reason": "The call was of poor quality"}).Want(201).Text("id")
}

func (s *Scene) setPassword(u apptest.User) string {
	s.T.Helper()
	hash, err := s.C.App.Passwords.Hash(context.Background(), password)
	if err != nil {
		s.T.Fatal(err)
	}
	s.exec("UPDATE users SET password_hash = $1 WHERE id = $2", hash, u.ID)
	return password
}

func (s *Scene) setToken(update string) string {
	s.T.Helper()
	token := uuid.NewString()
	hash := sha256.Sum256([]byte(token))
	s.exec(update, hash[:], s.C.DB.Now().Add(time.Hour), s.User(Patient).ID)
	return token
}

func (s *Scene) exec(sql string, args ...any) {
	s.T.Helper()
	if _, err := s.C.DB.Pool.Exec(context.Background(), sql, args...); err != nil {
		s.T.Fatal(err)
	}
}
