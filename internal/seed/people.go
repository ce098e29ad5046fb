package seed

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"amrutam/internal/access"
)

// The sealed columns that are written here, by the names with which the packages that own them open them.
const (
	columnBirth   = "profiles.date_of_birth"
	columnPhone   = "profiles.phone"
	columnAddress = "profiles.address"
	columnMFA     = "users.mfa_secret"
)

// The addresses of the accounts with which one signs in first.
const (
	adminEmail   = "admin@example.org"
	supportEmail = "support@example.org"
)

func doctorEmail(n int) string  { return "doctor-" + strconv.Itoa(n) + "@example.org" }
func patientEmail(n int) string { return "patient-" + strconv.Itoa(n) + "@example.org" }

func quoted(name string, value any) string {
	text, err := json.Marshal(value)
	if err != nil { // ids, words and numbers only
		panic(err)
	}
	return `"` + name + `":` + string(text)
}

// signUp adds a user with a profile and a data key, and what happens until the first session.
func (g *generator) signUp(p person, email, name, gender string, home place) error {
	staff := p.role == access.RoleAdmin || p.role == access.RoleSupport
	raw, key, err := g.key(p.id)
	if err != nil {
		return err
	}
	wrapped, err := g.wrapper.Wrap(p.id, raw)
	if err != nil {
		return err
	}
	var secret []byte
	verified := p.created.Add(g.between(20*time.Second, 4*time.Minute))
	confirmed := time.Time{}
	if staff {
		if secret, err = key.Seal(columnMFA, p.id, g.totpSecret); err != nil {
			return err
		}
		confirmed = p.created
		verified = p.created
	}
	t := g.batch.users
	t.row()
	t.id(p.id)
	t.text(email)
	t.text(g.passwordHash)
	t.text(string(p.role))
	t.bool(true)
	t.bool(staff)
	t.bytes(secret)
	t.time(confirmed)
	t.time(p.created)
	t.time(verified)

	t = g.batch.dataKeys
	t.row()
	t.id(p.id)
	t.bytes(wrapped)
	t.time(p.created)

	if err := g.profile(p, name, gender, home); err != nil {
		return err
	}
	if staff {
		g.audit(p.created, actor{job: "seed"}, "user.create", "user", p.id.String(), quoted("role", p.role))
		g.audit(p.created, actor{job: "seed"}, "second-factor.enable", "second-factor", p.id.String(), "")
		return nil
	}
	anonymous := actor{ip: address(p), requestID: g.id(p.created)}
	g.audit(p.created, anonymous, "user.sign-up", "user", p.id.String(), quoted("role", p.role))
	g.mail(p.created, p.id, "verify-email")
	anonymous.requestID = g.id(verified)
	g.audit(verified, anonymous, "user.verify-email", "user", p.id.String(), "")
	return nil
}

func (g *generator) profile(p person, name, gender string, home place) error {
	_, key, err := g.key(p.id)
	if err != nil {
		return err
	}
	id := g.id(p.created)
	born := p.created.AddDate(-18-g.IntN(62), 0, -g.IntN(365)).Format(time.DateOnly)
	birth, err := key.Seal(columnBirth, id, born)
	if err != nil {
		return err
	}
	// No number in India begins with 5, so that nobody has these.
	number := fmt.Sprintf("+915%09d", g.IntN(1_000_000_000))
	phone, err := key.Seal(columnPhone, id, number)
	if err != nil {
		return err
	}
	street := strconv.Itoa(1+g.IntN(400)) + ", " + pick(g.random, streets) + ", " + home.city
	postal, err := key.Seal(columnAddress, id, street)
	if err != nil {
		return err
	}
	if !g.chance(0.4) {
		postal = nil
	}
	t := g.batch.profiles
	t.row()
	t.id(id)
	t.id(p.id)
	t.text(name)
	t.text(gender)
	t.bytes(birth)
	t.bytes(phone)
	t.bytes(g.sealer.BlindIndex(columnPhone, number))
	t.bytes(postal)
	t.time(p.created)
	t.time(p.created)
	return nil
}

// nameAndGender returns a name, and its gender unless it is not told.
func (g *generator) nameAndGender() (name, gender string) {
	first, gender := pick(g.random, womensNames), "FEMALE"
	if g.chance(0.45) {
		first, gender = pick(g.random, mensNames), "MALE"
	}
	switch n := g.IntN(100); {
	case n < 1:
		gender = "OTHER"
	case n < 4:
		gender = "PREFER_NOT_TO_SAY"
	}
	return first + " " + pick(g.random, familyNames), gender
}

// newPatient adds a patient who signed up a little before they first book.
func (g *generator) newPatient(booked time.Time) (person, error) {
	g.patients++
	p := person{role: access.RolePatient, number: g.patients}
	p.created = booked.Add(-g.between(15*time.Minute, 10*time.Hour))
	p.id = g.id(p.created)
	name, gender := g.nameAndGender()
	if err := g.signUp(p, patientEmail(p.number), name, gender, pickWeighted(g.random, places)); err != nil {
		return p, err
	}
	at := p.created.Add(g.between(5*time.Minute, 10*time.Minute))
	g.session(p, at)
	at = at.Add(g.between(20*time.Second, 3*time.Minute))
	language := "en"
	if g.chance(0.4) {
		language = "hi"
	}
	g.consent(p, at, "TREATMENT", language)
	if g.chance(0.3) {
		g.consent(p, at, "MESSAGES", language)
	}
	return p, nil
}

func (g *generator) consent(p person, at time.Time, purpose, language string) {
	id := g.id(at)
	t := g.batch.consents
	t.row()
	t.id(id)
	t.id(p.id)
	t.text(purpose)
	t.int32(g.notice)
	t.text(language)
	t.text("API")
	t.time(at)
	g.audit(at, g.request(p, at), "consent.give", "consent", id.String(),
		quoted("purpose", purpose)+","+quoted("noticeVersion", g.notice)+`,"changed":true`)
}

// sessionRetention is how long the server keeps a session that has expired, tokenRetention a token.
const (
	sessionRetention = 30 * day
	tokenRetention   = day
)

var userAgents = []string{
	"Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
	"Amrutam/1.4 (Android 13; Redmi Note 12)",
}

// session adds a session that nobody can use: its tokens are hashes of nothing known. Of one that the server has
// deleted meanwhile there is only the entry in the audit log.
func (g *generator) session(p person, at time.Time) {
	id, hash, agent := g.id(at), g.bytes(32), pick(g.random, userAgents)
	by := g.request(p, at)
	g.audit(at, by, "session.start", "session", id.String(), "")
	expires := at.Add(g.cfg.SessionLife)
	if g.plan.base.After(expires.Add(sessionRetention)) {
		return
	}
	t := g.batch.sessions
	t.row()
	t.id(id)
	t.id(p.id)
	t.text(agent)
	t.text(by.ip)
	t.time(at)
	t.time(at)
	t.time(expires)
	t.time(time.Time{})
	if g.plan.base.After(expires.Add(tokenRetention)) {
		return
	}
	t = g.batch.tokens
	t.row()
	t.bytes(hash)
	t.id(id)
	t.text("REFRESH")
	t.time(at)
	t.time(expires)
}

// staff adds the administrator and a member of the support.
func (g *generator) staff() error {
	created := g.plan.first.AddDate(0, 0, -30).UTC()
	for n, s := range []struct {
		p     *person
		role  access.Role
		email string
	}{{&g.admin, access.RoleAdmin, adminEmail}, {&g.support, access.RoleSupport, supportEmail}} {
		*s.p = person{id: g.id(created), role: s.role, created: created, number: n + 1}
		name, gender := g.nameAndGender()
		if err := g.signUp(*s.p, s.email, name, gender, pickWeighted(g.random, places)); err != nil {
			return err
		}
	}
	return nil
}

func registrationNumber(city string, n int) string {
	return "AYU-" + strings.ToUpper(city[:2]) + "-" + strconv.Itoa(10_000+n)
}
