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
	"amrutam/internal/account/password"
	"amrutam/internal/audit"
	"amrutam/internal/language"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/session"
)

// A sign-up with an address that has a user is stored as pending beside that user, the owner of the address. If the
// address isn't verified yet, the pending sign-up has its own password and its own link, so nobody gets an address by
// signing up with it first. If the address is verified, it has no link and is called a decoy. A sign-in with its
// password gets the same answer in both cases, also later, so nobody learns whether an address has an account. All
// pending sign-ups for one address share one salt, so that one hash of a password can be compared with all of them,
// and equal hashes mean equal passwords. See ADR 13.
const (
	signUpTicket = "SIGNUP" // its link was mailed
	decoyTicket  = "DECOY"  // it has no link
	// unverifiedLife is how long a sign-up is stored whose address is not verified.
	unverifiedLife = 7 * 24 * time.Hour
	// maxDecoys is how many decoys of an address are stored: the newest.
	maxDecoys     = 20
	pendingColumn = "tickets.data"
)

// pendingSignUp has the new values of the owner, once the link of the sign-up is followed.
type pendingSignUp struct {
	PasswordHash string      `json:"passwordHash"`
	FullName     string      `json:"fullName"`
	Role         access.Role `json:"role"`
	Phone        string      `json:"phone"`
	Gender       Gender      `json:"gender"`
	// Language is empty in sign-ups that an earlier release stored.
	Language language.Tag `json:"language"`
}

// pendingSignUps reads and stores the pending sign-ups beside the owner of an address.
type pendingSignUps struct {
	sealer    *seal.Sealer
	passwords *password.Hasher
	owner     uuid.UUID
}

func (s *Service) pendingSignUps(owner uuid.UUID) pendingSignUps {
	return pendingSignUps{s.Sealer, s.Passwords, owner}
}

// open decrypts a pending sign-up from the data of its ticket.
func (p pendingSignUps) open(data []byte) (u pendingSignUp, err error) {
	text, err := p.sealer.System().Open(pendingColumn, p.owner, data)
	if err != nil {
		return u, fmt.Errorf("open a pending sign-up: %w", err)
	}
	if json.Unmarshal([]byte(text), &u) != nil {
		return u, errors.New("a pending sign-up can't be read") // an error of json would quote the text
	}
	return u, nil
}

// hashes returns the password hashes of the pending sign-ups in tickets.
func (p pendingSignUps) hashes(tickets [][]byte) ([]string, error) {
	hashes := make([]string, 0, len(tickets)+1)
	for _, data := range tickets {
		u, err := p.open(data)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, u.PasswordHash)
	}
	return hashes, nil
}

// allHashes returns the password hashes of all pending sign-ups for the address.
func (p pendingSignUps) allHashes(ctx context.Context, tx *postgres.Tx) ([]string, error) {
	tickets, err := listPendingSignUps(ctx, tx, &p.owner, tx.Now)
	if err != nil {
		return nil, fmt.Errorf("list pending sign-ups: %w", err)
	}
	return p.hashes(tickets)
}

// hashToMatch returns a hash with the salt that the pending sign-ups for the owner's address share, or "" if there is
// none yet. The hash of an owner with a verified address isn't used, because the owner may change the password and
// with it the salt.
func (p pendingSignUps) hashToMatch(owner findOwnerRow) (string, error) {
	switch {
	case len(owner.Pending) > 0:
		newest, err := p.open(owner.Pending)
		return newest.PasswordHash, err
	case owner.Taken:
		return "", nil
	}
	return owner.PasswordHash, nil
}

// match reports whether the password is that of a pending sign-up in tickets. It does the same work if there are none.
// Returns problem.Busy if too many callers wait.
func (p pendingSignUps) match(ctx context.Context, text string, tickets [][]byte) (bool, error) {
	hashes, err := p.hashes(tickets)
	if err != nil {
		return false, err
	}
	like := p.passwords.Dummy()
	if len(hashes) > 0 {
		like = hashes[0]
	}
	hash, err := p.passwords.HashLike(ctx, text, like)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(hashes,
		func(one string) bool { return subtle.ConstantTimeCompare([]byte(one), []byte(hash)) == 1 }), nil
}

// add stores a pending sign-up, and returns the token of its link.
func (p pendingSignUps) add(ctx context.Context, tx *postgres.Tx, kind string, u NewUser) (token string, err error) {
	text, err := json.Marshal(pendingSignUp{u.PasswordHash, u.FullName, u.Role, u.Phone, u.Gender, u.Language})
	if err != nil {
		return "", err
	}
	data, err := p.sealer.System().Seal(pendingColumn, p.owner, string(text))
	if err != nil {
		return "", fmt.Errorf("seal a pending sign-up: %w", err)
	}
	token, hash := session.NewToken("")
	if kind == decoyTicket { // sign-ups with a link are few, because their mails are limited
		if err := deleteOldDecoys(ctx, tx, &p.owner, maxDecoys-1); err != nil {
			return "", fmt.Errorf("delete old decoys: %w", err)
		}
	}
	err = insertTicket(ctx, tx, insertTicketParams{Hash: hash, Kind: kind, UserID: &p.owner, Data: data,
		Now: tx.Now, ExpiresAt: tx.Now.Add(unverifiedLife)})
	if err != nil {
		return "", fmt.Errorf("insert a pending sign-up: %w", err)
	}
	return token, nil
}

// addDecoys stores the hashes of sign-ups that were replaced, so that their passwords get the same answer as before
// and nobody learns that the address now has an owner. The hashes must have the shared salt.
func (p pendingSignUps) addDecoys(ctx context.Context, tx *postgres.Tx, hashes ...string) error {
	for _, hash := range hashes {
		if _, err := p.add(ctx, tx, decoyTicket, NewUser{PasswordHash: hash}); err != nil {
			return err
		}
	}
	return nil
}

// renewLink gives the newest pending sign-up another link, and returns its role. Returns pgx.ErrNoRows if there is
// none or the address is verified.
func (p pendingSignUps) renewLink(ctx context.Context, tx *postgres.Tx, hash []byte) (access.Role, error) {
	if _, err := lockUnverified(ctx, tx, p.owner); err != nil {
		return "", err
	}
	newest, err := findNewestSignUp(ctx, tx, &p.owner, tx.Now)
	if err != nil {
		return "", err
	}
	u, err := p.open(newest.Data)
	if err != nil {
		return "", err
	}
	if err := replaceSignUpToken(ctx, tx, hash, tx.Now, newest.Hash); err != nil {
		return "", fmt.Errorf("replace a link: %w", err)
	}
	return u.Role, nil
}

// sameSalt reports whether two hashes have the same salt and parameters.
func sameSalt(hash, other string) bool { return password.Salt(hash) == password.Salt(other) }

// releaseUnverifiedEmail deletes the user of a sign-up that has an address without having verified it, for a user who
// has verified the address or is invited. Returns the hashes of all sign-ups with the address, for addDecoys, or none
// if there was no such user.
func (s *Service) releaseUnverifiedEmail(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	email string) (hashes []string, err error) {
	first, err := softDeleteUnverified(ctx, tx, &tx.Now, email)
	if postgres.NoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("delete a sign-up: %w", err)
	}
	audit.Write(tx, actor, "user.delete", first.ID, audit.Meta{"reason": "unverified"})
	hashes, err = s.pendingSignUps(first.ID).allHashes(ctx, tx)
	return append(hashes, first.PasswordHash), err
}
