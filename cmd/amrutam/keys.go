package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"

	"github.com/google/uuid"
)

type keys struct {
	Rotate keysRotate `cmd:"" help:"Wrap every data key with the new master key while servers run; health data is not changed. If interrupted, run it again."`
}

type keysRotate struct{}

// progressInterval is how often a rotation prints its progress at most.
const progressInterval = 2 * time.Second

func (keysRotate) Run(ctx context.Context) error {
	res, err := load(config.Keys)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	if !res.cfg.OwnsMasterKey() && res.cfg.MasterKeyPrevious == "" {
		return errors.New("put the new key (openssl rand -base64 32) into AMRUTAM_MASTER_KEY and the previous one " +
			"into AMRUTAM_MASTER_KEY_PREVIOUS, for every server too, and run this again")
	}
	conn, err := res.db.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %s", postgres.Describe(err))
	}
	defer conn.Release()
	var done seal.Progress
	err = seal.WithRotationLock(ctx, conn.Conn(), func() error {
		// Check that the key belongs to this database before a file is changed.
		if _, err := seal.Open(ctx, conn, res.cfg.MasterKeys, res.db.Clock); err != nil {
			return err
		}
		if res.cfg.OwnsMasterKey() {
			if err := res.cfg.RenewMasterKey(); err != nil {
				return err
			}
		}
		sealer, err := seal.Open(ctx, conn, res.cfg.MasterKeys, res.db.Clock)
		if err != nil {
			return err
		}
		done, err = sealer.Rotate(ctx, conn.Conn(), progressPrinter())
		if err != nil || !res.cfg.OwnsMasterKey() {
			return err
		}
		return res.cfg.DropPreviousKey()
	})
	if err != nil {
		return err
	}
	err = res.db.Write(ctx, func(tx *postgres.Tx) error {
		audit.WriteFor(tx, access.System("keys rotate"), "master-key.rotate", "master-key", uuid.Nil.String(),
			audit.Meta{"keys": done.Seen, "rewrapped": done.Rewrapped})
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the audit row: %s", postgres.Describe(err))
	}
	_, err = fmt.Printf("done: all %d data keys are wrapped with the new master key, %d of them by this run; "+
		"no older master key is needed\n", done.Seen, done.Rewrapped)
	return err
}

// progressPrinter returns a function that prints the progress to standard error, at most every two seconds.
func progressPrinter() func(seal.Progress) {
	var last time.Time
	return func(p seal.Progress) {
		if now := time.Now(); now.Sub(last) >= progressInterval {
			last = now
			_, _ = fmt.Fprintf(os.Stderr, "%d data keys checked, %d wrapped again\n", p.Seen, p.Rewrapped)
		}
	}
}
