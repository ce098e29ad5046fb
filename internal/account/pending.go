package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// A sign-up for an address that has a user waits beside that user: with its own password and its own link, if the address isn't
// proven yet, so that whoever signs up first with somebody else's address doesn't get it; without a link if it is. Signing in with
// its password gets the same answer in both cases: nobody learns so who has an account.
const (
	signUpTicket = "SIGNUP" // its link was mailed
	decoyTicket  = "DECOY"  // it has none
	// unverifiedLife is how long a sign-up waits for its address to be proven.
	unverifiedLife = 7 * 24 * time.Hour
	pendingColumn  = "tickets.data"
)

// pendingSignUp is what becomes of the user when the link is followed.
type pendingSignUp struct {
	PasswordHash string      `json:"passwordHash"`
	FullName     string      `json:"fullName"`
	Role         access.Role `json:"role"`
	Phone        string      `json:"phone"`
	Gender       string      `json:"gender"`
}

// keepPending keeps a sign-up for an address that has a user, and tells the one who reads its mail. One who was deleted in this
// very moment gets none.
func (s *Service) keepPending(ctx context.Context, tx *postgres.Tx, who access.Actor, u NewUser) error {
	owner, err := query.findOwner(ctx, tx, u.Email)
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find an address: %w", err)
	}
	kind, mail := signUpTicket, "verification"
	if owner.Taken {
		kind, mail = decoyTicket, "address-taken"
		audit.Write(tx, who, "user.refuse-sign-up", owner.ID, audit.Meta{"reason": ErrAddressTaken.Slug})
	} else {
		audit.Write(tx, who, "user.sign-up", owner.ID, audit.Meta{"role": u.Role, "again": true})
	}
	mailed, err := s.mailable(ctx, tx, mail, owner.ID.String())
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

func (s *Service) insertPending(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, kind string, u NewUser) (token string, err error) {
	text, err := json.Marshal(pendingSignUp{u.PasswordHash, u.FullName, u.Role, u.Phone, u.Gender})
	if err != nil {
		return "", err
	}
	data, err := s.Sealer.System().Seal(pendingColumn, owner, string(text))
	if err != nil {
		return "", err
	}
	token, hash := newToken("")
	if kind == decoyTicket { // the last one is enough; those that were mailed are few, and each may be followed
		if err := query.endDecoys(ctx, tx, &owner); err != nil {
			return "", fmt.Errorf("end decoys: %w", err)
		}
	}
	err = query.insertTicket(ctx, tx, insertTicketParams{Hash: hash, Kind: kind, UserID: &owner, Data: data, Now: tx.Now, ExpiresAt: tx.Now.Add(unverifiedLife)})
	if err != nil {
		return "", fmt.Errorf("keep a sign-up: %w", err)
	}
	return token, nil
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

// renewPending gives the newest sign-up that waits beside a user whose address isn't proven another link, and tells its role: who
// asks for the mail again means that one. Error: pgx.ErrNoRows, when none waits.
func (s *Service) renewPending(ctx context.Context, tx *postgres.Tx, id uuid.UUID, hash []byte) (access.Role, error) {
	if _, err := query.holdUnverified(ctx, tx, id); err != nil {
		return "", err
	}
	newest, err := query.newestSignUp(ctx, tx, &id, tx.Now)
	if err != nil {
		return "", err
	}
	p, err := s.openPending(id, newest.Data)
	if err != nil {
		return "", err
	}
	return p.Role, query.renewSignUp(ctx, tx, hash, tx.Now, newest.Hash)
}

// orPending compares the password with that of the newest sign-up that waits beside the user, which alone counts as long as the
// address isn't proven. Where there is none, and for an address that nobody has, it does the same work: none can be told from the others.
func (s *Service) orPending(ctx context.Context, password string, right bool, user findLoginRow) (isRight, verified bool, err error) {
	switch {
	case len(user.Pending) > 0:
		p, err := s.openPending(user.ID, user.Pending)
		if err != nil {
			return false, false, err
		}
		right, _, err = comparePassword(ctx, password, p.PasswordHash)
		return right, user.IsEmailVerified && !right, err
	default:
		if _, _, err := comparePassword(ctx, password, nobody()); err != nil {
			return false, false, err
		}
	}
	return right, user.IsEmailVerified, nil
}

// verifyPending makes the user what the sign-up of the link said. The others for the address are over: they wait on without use, so
// that nobody learns from theirs that this happened. Error: ErrInvalidToken.
func (s *Service) verifyPending(ctx context.Context, tx *postgres.Tx, who access.Actor, token []byte) error {
	ticket, err := query.findSignUp(ctx, tx, token, tx.Now.Add(-verificationLife))
	if postgres.NoRows(err) {
		return ErrInvalidToken
	}
	if err != nil {
		return fmt.Errorf("find a sign-up: %w", err)
	}
	owner := *ticket.UserID
	p, err := s.openPending(owner, ticket.Data)
	if err != nil {
		return err
	}
	taken, err := query.takeSignUp(ctx, tx, takeSignUpParams{ID: owner, PasswordHash: p.PasswordHash, Role: p.Role, Now: tx.Now})
	switch {
	case err != nil:
		return fmt.Errorf("take a sign-up: %w", err)
	case taken == 0:
		return ErrInvalidToken
	}
	if err := s.replaceProfile(ctx, tx, owner, p); err != nil {
		return err
	}
	audit.Write(tx, who, "user.verify-email", owner, nil)
	return nil
}

func (s *Service) replaceProfile(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, p pendingSignUp) error {
	row, err := query.readProfile(ctx, tx, owner)
	if err != nil {
		return fmt.Errorf("read a profile: %w", err)
	}
	key, err := s.Sealer.Person(ctx, tx, owner)
	if err != nil {
		return err
	}
	profile := Profile{User: User{ID: owner, FullName: p.FullName}, UpdatedAt: tx.Now, Gender: optional(Gender(p.Gender)), Phone: optional(p.Phone), Timezone: DefaultTimezone}
	return s.storeProfile(ctx, tx, key, row.ProfileID, profile)
}

// signUpsAtOnce are deleted in one transaction; those that are left, in the next.
const signUpsAtOnce = 200

// expireSignUps deletes the sign-ups whose address was never proven, with their data keys and mails: nobody agreed to be kept. The
// address is free for whom it belongs to.
func (s *Service) expireSignUps(ctx context.Context, tx *postgres.Tx, _ ExpireSignUps) error {
	unproven, err := query.unprovenSignUps(ctx, tx, tx.Now.Add(-unverifiedLife), tx.Now, signUpsAtOnce)
	if err != nil {
		return fmt.Errorf("find sign-ups: %w", err)
	}
	for _, one := range unproven {
		if err := s.deleteSignUp(ctx, tx, one.ID, one.Email); err != nil {
			return err
		}
		if one.DeletedAt == nil {
			audit.Write(tx, access.System(ExpireSignUps{}.Kind()), "user.delete", one.ID, audit.Meta{"reason": "unverified"})
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
	if err := query.deleteDataKey(ctx, tx, id); err != nil {
		return fmt.Errorf("delete a data key: %w", err)
	}
	if err := query.deleteSignUp(ctx, tx, id); err != nil {
		return fmt.Errorf("delete a sign-up: %w", err)
	}
	return nil
}

// free ends a sign-up that holds an address without having proven it, for who has a better right to it; false: there is none.
func (s *Service) free(ctx context.Context, tx *postgres.Tx, who access.Actor, email string) (bool, error) {
	id, err := query.endSquatter(ctx, tx, &tx.Now, email)
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("end a sign-up: %w", err)
	}
	audit.Write(tx, who, "user.delete", id, audit.Meta{"reason": "unverified"})
	return true, nil
}

// ExpireSignUps is the job that deletes sign-ups whose address was never proven.
type ExpireSignUps struct{}

// Kind names the job.
func (ExpireSignUps) Kind() string { return "user.expire-sign-ups" }
