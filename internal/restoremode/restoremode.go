// Package restoremode keeps a restored copy of the database from reaching anybody: while the mode is on, no mail,
// webhook, refund or job leaves it. It is a row of the database, so it survives restarts and holds for every server.
package restoremode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/audit/tree"
	"amrutam/internal/jobs"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Mode is the state of the mode.
type Mode struct {
	On     bool
	Reason string
	Since  time.Time
}

// Read returns the state of the mode.
func Read(ctx context.Context, db *postgres.DB) (m Mode, err error) {
	err = db.Read(ctx, func(r *postgres.Read) error {
		m, err = Find(ctx, r)
		return err
	})
	if err != nil {
		return m, fmt.Errorf("read the restore mode: %w", err)
	}
	return m, nil
}

// Find is Read on an open handle.
func Find(ctx context.Context, r *postgres.Read) (Mode, error) {
	row, err := readMode(ctx, r)
	return Mode{On: row.IsOn, Reason: row.Reason, Since: row.ChangedAt}, err
}

// ErrAlready says that the mode is what it is asked to be.
var ErrAlready = errors.New("nothing to do")

// TurnOn turns the mode on and says why. Returns ErrAlready if it is on.
func TurnOn(ctx context.Context, tx *postgres.Tx, actor access.Actor, reason string, meta audit.Meta) error {
	mode, err := lockMode(ctx, tx)
	if err != nil {
		return fmt.Errorf("lock the restore mode: %w", err)
	}
	if mode.IsOn {
		return ErrAlready
	}
	return set(ctx, tx, actor, "restore-mode.on", true, reason, meta)
}

// TurnOff turns the mode off. It states in the audit log, signed, that the log goes on from here: entries that were
// sealed after the moment of the restore are given up. Returns ErrAlready if it is off.
func TurnOff(ctx context.Context, tx *postgres.Tx, actor access.Actor, signer *tree.Signer) error {
	mode, err := lockMode(ctx, tx)
	if err != nil {
		return fmt.Errorf("lock the restore mode: %w", err)
	}
	if !mode.IsOn {
		return ErrAlready
	}
	size, err := audit.StateRestore(ctx, tx, signer)
	if err != nil {
		return err
	}
	return set(ctx, tx, actor, "restore-mode.off", false, "", audit.Meta{"since": mode.ChangedAt, "auditSize": size})
}

func set(ctx context.Context, tx *postgres.Tx, actor access.Actor, action string, isOn bool, reason string,
	meta audit.Meta) error {
	if err := setMode(ctx, tx, isOn, reason, tx.Now); err != nil {
		return fmt.Errorf("set the restore mode: %w", err)
	}
	audit.WriteFor(tx, actor, action, "database", uuid.Nil.String(), meta)
	return nil
}

// Waiting is what leaves the copy once the mode is off.
type Waiting struct {
	Jobs    []jobs.DueJobs
	Mails   []Mails
	Refunds []Refunds
}

// Mails counts the mails of a kind.
type Mails struct {
	Kind  string
	Count int64
}

// Refunds are the pending refunds of a currency.
type Refunds struct {
	Count int64
	Total money.Money
}

// ListWaiting returns what leaves the copy once the mode is off.
func ListWaiting(ctx context.Context, db *postgres.DB) (w Waiting, err error) {
	if w.Jobs, err = jobs.CountDueJobs(ctx, db); err != nil {
		return w, err
	}
	err = db.Read(ctx, func(r *postgres.Read) error {
		mails, err := countMails(ctx, r)
		if err != nil {
			return err
		}
		for _, m := range mails {
			w.Mails = append(w.Mails, Mails(m))
		}
		refunds, err := countRefunds(ctx, r)
		for _, f := range refunds {
			w.Refunds = append(w.Refunds, Refunds{f.Count, money.Money{Amount: f.Amount, Currency: f.Currency}})
		}
		return err
	})
	return w, err
}
