package account

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// A sign-up for an address that has a user waits beside that user: with its own password and its own link, if the
// address isn't proven yet, so that whoever signs up first with somebody else's address doesn't get it; without a
// link if it is. Signing in with its password gets the same answer in both cases, and whatever comes after it: nobody
// learns so who has an account. All that wait for one address have one salt: one hash tells which of them a password
// is of, and who signed up twice from two people.
const (
	signUpTicket = "SIGNUP" // its link was mailed
	decoyTicket  = "DECOY"  // it has none
	// unverifiedLife is how long a sign-up waits for its address to be proven.
	unverifiedLife = 7 * 24 * time.Hour
	// decoysKept are the newest of an address.
	decoysKept    = 20
	pendingColumn = "tickets.data"
)

// pendingSignUp is what becomes of the user when the link is followed.
type pendingSignUp struct {
	PasswordHash string      `json:"passwordHash"`
	FullName     string      `json:"fullName"`
	Role         access.Role `json:"role"`
	Phone        string      `json:"phone"`
	Gender       string      `json:"gender"`
}

// hashBeside hashes the password of a sign-up with the salt of those that wait for its address, if there are any.
// Error: problem.Busy.
func (s *Service) hashBeside(ctx context.Context, email, password string) (string, error) {
	like := ""
	err := s.DB.Read(ctx, func(r *postgres.Read) error {
		owner, err := findOwner(ctx, r, r.Now, email)
		if err == nil {
			like, err = s.saltBeside(owner)
		}
		if postgres.NoRows(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("find an address: %w", err)
	}
	if like == "" {
		return HashPassword(ctx, password)
	}
	return hashLike(ctx, password, like)
}

// saltBeside is a hash with the salt that sign-ups for the owner's address share, or "" for a new one. An owner who
// has proven the address may change the password, and its salt.
func (s *Service) saltBeside(owner findOwnerRow) (like string, err error) {
	switch {
	case len(owner.Pending) > 0:
		p, err := s.openPending(owner.ID, owner.Pending)
		return p.PasswordHash, err
	case owner.Taken:
		return "", nil
	}
	return owner.PasswordHash, nil
}

// keepPending keeps a sign-up for an address that has a user, and tells the one who reads its mail. One who was
// deleted in this very moment gets none. Error: errReplaced, when another came first and has another salt.
func (s *Service) keepPending(ctx context.Context, tx *postgres.Tx, actor access.Actor, u NewUser) error {
	owner, err := findOwner(ctx, tx, tx.Now, u.Email)
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find an address: %w", err)
	}
	like, err := s.saltBeside(owner)
	if err != nil {
		return err
	}
	if like != "" && saltOf(like) != saltOf(u.PasswordHash) {
		return errReplaced
	}
	kind, mail := signUpTicket, "verification"
	if owner.Taken {
		kind, mail = decoyTicket, "address-taken"
		audit.Write(tx, actor, "user.refuse-sign-up", owner.ID, audit.Meta{"reason": ErrAddressTaken.Slug})
	} else {
		audit.Write(tx, actor, "user.sign-up", owner.ID, audit.Meta{"role": u.Role, "again": true})
	}
	mailed, err := s.allowMail(ctx, tx, mail, owner.ID.String())
	if err != nil {
		return err
	}
	if !mailed {
		kind = decoyTicket
	}
	token, err := s.insertPending(ctx, tx, owner.ID, kind, u)
	switch {
	case err != nil:
		return err
	case !mailed:
		return nil
	case owner.Taken:
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: owner.ID, Kind: "address-taken"})
	}
	return s.Mails.Enqueue(ctx, tx, verifyMail(owner.ID, u.Role, token, tx.Now.Add(verificationLife)))
}

func (s *Service) insertPending(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, kind string,
	u NewUser) (token string, err error) {
	text, err := json.Marshal(pendingSignUp{u.PasswordHash, u.FullName, u.Role, u.Phone, u.Gender})
	if err != nil {
		return "", err
	}
	data, err := s.Sealer.System().Seal(pendingColumn, owner, string(text))
	if err != nil {
		return "", err
	}
	token, hash := newToken("")
	if kind == decoyTicket { // those that were mailed are few, and each may be followed
		if err := endDecoys(ctx, tx, &owner, decoysKept-1); err != nil {
			return "", fmt.Errorf("end decoys: %w", err)
		}
	}
	err = insertTicket(ctx, tx, insertTicketParams{Hash: hash, Kind: kind, UserID: &owner, Data: data,
		Now: tx.Now, ExpiresAt: tx.Now.Add(unverifiedLife)})
	if err != nil {
		return "", fmt.Errorf("keep a sign-up: %w", err)
	}
	return token, nil
}

// cover keeps hashes of sign-ups that came to nothing beside the owner of the address, so that their passwords are
// answered as before: whoever chose one doesn't learn that there is an owner now. The hashes have the salt of those
// that wait for the address.
func (s *Service) cover(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, hashes ...string) error {
	for _, hash := range hashes {
		if _, err := s.insertPending(ctx, tx, owner, decoyTicket, NewUser{PasswordHash: hash}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) openPending(owner uuid.UUID, data []byte) (p pendingSignUp, err error) {
	text, err := s.Sealer.System().Open(pendingColumn, owner, data)
	if err != nil {
		return p, err
	}
	if json.Unmarshal([]byte(text), &p) != nil {
		return p, errors.New("a kept sign-up can't be read") // json's own words quote it
	}
	return p, nil
}

// hashesBeside are those of the sign-ups that wait beside a user.
func (s *Service) hashesBeside(ctx context.Context, tx *postgres.Tx, owner uuid.UUID) ([]string, error) {
	waiting, err := signUpsBeside(ctx, tx, &owner, tx.Now)
	if err != nil {
		return nil, fmt.Errorf("find sign-ups: %w", err)
	}
	return s.hashesOf(owner, waiting)
}

func (s *Service) hashesOf(owner uuid.UUID, waiting [][]byte) ([]string, error) {
	hashes := make([]string, 0, len(waiting)+1)
	for _, data := range waiting {
		p, err := s.openPending(owner, data)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, p.PasswordHash)
	}
	return hashes, nil
}

// renewPending gives the newest sign-up that waits beside a user whose address isn't proven another link, and tells
// its role: who asks for the mail again means that one. Error: pgx.ErrNoRows, when none waits.
func (s *Service) renewPending(ctx context.Context, tx *postgres.Tx, id uuid.UUID, hash []byte) (access.Role, error) {
	if _, err := lockUnverified(ctx, tx, id); err != nil {
		return "", err
	}
	newest, err := newestSignUp(ctx, tx, &id, tx.Now)
	if err != nil {
		return "", err
	}
	p, err := s.openPending(id, newest.Data)
	if err != nil {
		return "", err
	}
	return p.Role, renewSignUp(ctx, tx, hash, tx.Now, newest.Hash)
}

// orPending compares the password with those of all sign-ups that wait beside the user: one of these isn't verified.
// Where there is none, and for an address that nobody has, it does the same work: none can be told from the others.
func (s *Service) orPending(ctx context.Context, password string, right bool, user findLoginRow) (isRight,
	verified bool, err error) {
	waiting, err := s.hashesOf(user.ID, user.Pending)
	if err != nil {
		return false, false, err
	}
	like := dummyHash()
	if len(waiting) > 0 {
		like = waiting[0]
	}
	hash, err := hashLike(ctx, password, like)
	if err != nil {
		return false, false, err
	}
	if slices.ContainsFunc(waiting,
		func(one string) bool { return subtle.ConstantTimeCompare([]byte(one), []byte(hash)) == 1 }) {
		return true, false, nil
	}
	return right, user.IsEmailVerified, nil
}

// verifyPending makes the user what the sign-up of the link said. The others for the address are over: they wait on
// without use, so that nobody learns from theirs that this happened. contested is what contest tells. Error:
// ErrInvalidToken.
func (s *Service) verifyPending(ctx context.Context, tx *postgres.Tx, token []byte) (owner uuid.UUID, contested bool,
	err error) {
	ticket, err := findSignUp(ctx, tx, token, tx.Now.Add(-verificationLife))
	if postgres.NoRows(err) {
		return uuid.Nil, false, ErrInvalidToken
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("find a sign-up: %w", err)
	}
	owner = *ticket.UserID
	p, err := s.openPending(owner, ticket.Data)
	if err != nil {
		return uuid.Nil, false, err
	}
	first, err := takeSignUp(ctx, tx, takeSignUpParams{ID: owner, PasswordHash: p.PasswordHash, Role: p.Role,
		Now: tx.Now})
	switch {
	case postgres.NoRows(err):
		return uuid.Nil, false, ErrInvalidToken
	case err != nil:
		return uuid.Nil, false, fmt.Errorf("take a sign-up: %w", err)
	}
	if err := s.replaceProfile(ctx, tx, owner, p); err != nil {
		return uuid.Nil, false, err
	}
	contested, err = s.contest(ctx, tx, owner, first)
	return owner, contested, err
}

// contest takes the password of a user whose address was just proven, when sign-ups with different ones waited for
// that: whoever reads the mail can't tell by its link whose password becomes theirs. A link to choose one is mailed.
func (s *Service) contest(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, first string) (contested bool,
	err error) {
	beside, err := s.hashesBeside(ctx, tx, owner)
	if err != nil || !slices.ContainsFunc(beside, func(hash string) bool { return hash != first }) {
		return false, err
	}
	if err := setPassword(ctx, tx, noPassword, tx.Now, owner); err != nil {
		return false, fmt.Errorf("take a password: %w", err)
	}
	if err := s.cover(ctx, tx, owner, first); err != nil {
		return false, err
	}
	return true, s.mailResetLink(ctx, tx, owner, "choose-password")
}

func (s *Service) replaceProfile(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, p pendingSignUp) error {
	row, err := readProfile(ctx, tx, owner)
	if err != nil {
		return fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.Person(ctx, tx, owner)
	if err != nil {
		return err
	}
	profile := Profile{User: User{ID: owner, FullName: p.FullName}, UpdatedAt: tx.Now,
		Gender: ptrOrNil(Gender(p.Gender)), Phone: ptrOrNil(p.Phone), Timezone: DefaultTimezone}
	return s.storeProfile(ctx, tx, key, row.ProfileID, profile)
}

// signUpsAtOnce are deleted in one transaction; those that are left, in the next.
const signUpsAtOnce = 200

// expireSignUps deletes the sign-ups whose address was never proven, with their data keys and mails: nobody agreed to
// be kept. The address is free for whom it belongs to.
func (s *Service) expireSignUps(ctx context.Context, tx *postgres.Tx, _ ExpireSignUps) error {
	unproven, err := unprovenSignUps(ctx, tx, tx.Now.Add(-unverifiedLife), tx.Now, signUpsAtOnce)
	if err != nil {
		return fmt.Errorf("find sign-ups: %w", err)
	}
	for _, one := range unproven {
		if err := s.deleteSignUp(ctx, tx, one.ID, one.Email); err != nil {
			return err
		}
		if one.DeletedAt == nil {
			audit.Write(tx, access.System(ExpireSignUps{}.Kind()), "user.delete", one.ID,
				audit.Meta{"reason": "unverified"})
		}
	}
	if len(unproven) == signUpsAtOnce {
		return s.Queue.Insert(ctx, tx, ExpireSignUps{})
	}
	return nil
}

func (s *Service) deleteSignUp(ctx context.Context, tx *postgres.Tx, id uuid.UUID, email string) error {
	if _, err := s.Mails.Forget(ctx, tx, id, email); err != nil {
		return err
	}
	if err := deleteDataKey(ctx, tx, id); err != nil {
		return fmt.Errorf("delete a data key: %w", err)
	}
	if err := deleteSignUp(ctx, tx, id); err != nil {
		return fmt.Errorf("delete a sign-up: %w", err)
	}
	return nil
}

// releaseUnverifiedEmail ends the sign-ups that hold an address without having proven it, for a user with a better
// right to it. It returns the hashes of their passwords, for cover, or none if there was no sign-up.
func (s *Service) releaseUnverifiedEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	email string) (hashes []string, err error) {
	first, err := endSquatter(ctx, tx, &tx.Now, email)
	if postgres.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("end a sign-up: %w", err)
	}
	audit.Write(tx, actor, "user.delete", first.ID, audit.Meta{"reason": "unverified"})
	hashes, err = s.hashesBeside(ctx, tx, first.ID)
	return append(hashes, first.PasswordHash), err
}

// ExpireSignUps is the job that deletes sign-ups whose address was never proven.
type ExpireSignUps struct{}

// Kind names the job.
func (ExpireSignUps) Kind() string { return "user.expire-sign-ups" }
