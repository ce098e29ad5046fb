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
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/session"
)

// A sign-up for an address that has a user waits beside that user, the owner of the address. If the address isn't
// proven yet, it has its own password and its own link: signing up first with somebody else's address doesn't get it.
// If the address is proven, it has no link. Signing in with its password gets the same answer in both cases, whatever
// happens later: nobody learns so whether an address has an account. All that wait for one address have one salt: one
// hash tells which of them a password is of, and whether they are of different people. See ADR 13.
const (
	signUpTicket = "SIGNUP" // its link was mailed
	decoyTicket  = "DECOY"  // it has no link
	// unverifiedLife is how long a sign-up waits for its address to be proven.
	unverifiedLife = 7 * 24 * time.Hour
	// maxDecoys of an address: the newest.
	maxDecoys     = 20
	pendingColumn = "tickets.data"
)

// pendingSignUp is what becomes of the owner when the link is followed.
type pendingSignUp struct {
	PasswordHash string      `json:"passwordHash"`
	FullName     string      `json:"fullName"`
	Role         access.Role `json:"role"`
	Phone        string      `json:"phone"`
	Gender       Gender      `json:"gender"`
}

// pendingSignUps are the sign-ups that wait beside the owner of their address.
type pendingSignUps struct {
	sealer *seal.Sealer
	owner  uuid.UUID
}

func (s *Service) pendingSignUps(owner uuid.UUID) pendingSignUps {
	return pendingSignUps{s.Sealer, owner}
}

// open reads one from its ticket.
func (p pendingSignUps) open(data []byte) (u pendingSignUp, err error) {
	text, err := p.sealer.System().Open(pendingColumn, p.owner, data)
	if err != nil {
		return u, fmt.Errorf("open a pending sign-up: %w", err)
	}
	if json.Unmarshal([]byte(text), &u) != nil {
		return u, errors.New("a pending sign-up can't be read") // json's own words quote it
	}
	return u, nil
}

// hashes of those whose tickets are given.
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

// allHashes are those of all that wait.
func (p pendingSignUps) allHashes(ctx context.Context, tx *postgres.Tx) ([]string, error) {
	tickets, err := listPendingSignUps(ctx, tx, &p.owner, tx.Now)
	if err != nil {
		return nil, fmt.Errorf("list pending sign-ups: %w", err)
	}
	return p.hashes(tickets)
}

// hashToMatch is a hash with the salt that sign-ups for the owner's address share, or "" for a new salt: an owner who
// has proven the address may change the password, and its salt.
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

// match reports whether the password is that of one whose ticket is given. Where there is none it does the same work.
// Returns problem.Busy if too many passwords are compared.
func (p pendingSignUps) match(ctx context.Context, text string, tickets [][]byte) (bool, error) {
	hashes, err := p.hashes(tickets)
	if err != nil {
		return false, err
	}
	like := passwords.Dummy()
	if len(hashes) > 0 {
		like = hashes[0]
	}
	hash, err := passwords.HashLike(ctx, text, like)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(hashes,
		func(one string) bool { return subtle.ConstantTimeCompare([]byte(one), []byte(hash)) == 1 }), nil
}

// add stores a sign-up, and returns the token of its link.
func (p pendingSignUps) add(ctx context.Context, tx *postgres.Tx, kind string, u NewUser) (token string, err error) {
	text, err := json.Marshal(pendingSignUp{u.PasswordHash, u.FullName, u.Role, u.Phone, u.Gender})
	if err != nil {
		return "", err
	}
	data, err := p.sealer.System().Seal(pendingColumn, p.owner, string(text))
	if err != nil {
		return "", fmt.Errorf("seal a pending sign-up: %w", err)
	}
	token, hash := session.NewToken("")
	if kind == decoyTicket { // those that were mailed are few, and each may be followed
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

// addDecoys stores hashes of sign-ups that came to nothing, so that their passwords are answered as before: their
// people don't learn that there is an owner now. The hashes have the salt of those that wait.
func (p pendingSignUps) addDecoys(ctx context.Context, tx *postgres.Tx, hashes ...string) error {
	for _, hash := range hashes {
		if _, err := p.add(ctx, tx, decoyTicket, NewUser{PasswordHash: hash}); err != nil {
			return err
		}
	}
	return nil
}

// renewLink gives the newest sign-up another link, and returns its role: a request for the mail is about that one.
// Returns pgx.ErrNoRows if none waits or the address is proven.
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

// sameSalt reports whether a hash may wait beside another one.
func sameSalt(hash, other string) bool { return password.Salt(hash) == password.Salt(other) }

// releaseUnverifiedEmail deletes the user of a sign-up that has an address without having proven it, for a user with a
// better right to it. Returns the hashes of the passwords of all sign-ups for it, for addDecoys, or none if there was
// no sign-up.
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
