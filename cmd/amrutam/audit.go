package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"amrutam/internal/app"
	"amrutam/internal/audit"
	"amrutam/internal/audit/tree"
	"amrutam/internal/config"
)

type auditCommands struct {
	Verify auditVerify `cmd:"" help:"Compare every entry of the audit log with what was sealed; exits with 1 at the first difference."`
	Key    auditKey    `cmd:"" help:"Print the public key of the log's checkpoints."`
}

type auditVerify struct {
	Checkpoints string `type:"path" help:"A file of checkpoints that was kept outside of the database; unset: that of AMRUTAM_AUDIT_CHECKPOINTS."`
}

func (c auditVerify) Run(ctx context.Context) error {
	res, signer, err := openAudit(ctx)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	outside, err := res.readCheckpoints(c.Checkpoints)
	if err != nil {
		return err
	}
	began := time.Now()
	shown := began
	result, err := audit.Verify(ctx, res.db, signer, outside, func(done, total int64) {
		if now := time.Now(); now.Sub(shown) >= 10*time.Second {
			shown = now
			_, _ = fmt.Fprintf(os.Stderr, "%d of %d entries\n", done, total)
		}
	})
	if err != nil {
		return res.describeError(err)
	}
	return printVerification(result, time.Since(began))
}

// readCheckpoints reads the checkpoints of a file, or if path is "" those of the configured file, if it exists.
func (res *resources) readCheckpoints(path string) ([]audit.Outside, error) {
	configured := path == ""
	if configured {
		path = res.cfg.CheckpointSink()
		if path == "none" || strings.Contains(path, "://") {
			return nil, nil
		}
	}
	file, err := os.Open(path) //nolint:gosec // the operator's path
	if configured && errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return audit.ReadCheckpoints(file, path)
}

func printVerification(v audit.Verification, took time.Duration) error {
	if v.Finding != nil {
		return fmt.Errorf("entry %d of the audit log: %w", v.Finding.Leaf, v.Finding)
	}
	for _, r := range v.Restores {
		_, _ = fmt.Printf("the database was restored: since %s the log goes on from entry %d\n",
			r.Time.Format(time.RFC3339), r.Size)
	}
	if v.GivenUp > 0 {
		_, _ = fmt.Printf("%d checkpoints from outside of the database are of entries that a restore gave up\n",
			v.GivenUp)
	}
	_, err := fmt.Printf("%d entries are as they were sealed (%d checkpoints, %d from outside of the database; "+
		"%s, %.0f a second)\n%d are newer than the last checkpoint\n", v.Entries, v.Checkpoints, v.Outside,
		took.Round(time.Millisecond), float64(v.Entries)/took.Seconds(), v.Unsealed)
	return err
}

type auditKey struct{}

func (auditKey) Run(ctx context.Context) error {
	res, signer, err := openAudit(ctx)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	_, err = fmt.Println(signer.PublicKey())
	return err
}

// openAudit opens the database and the key of the audit log's checkpoints. The caller closes the resources.
func openAudit(ctx context.Context) (*resources, *tree.Signer, error) {
	res, err := load(config.Keys)
	if err != nil {
		return nil, nil, err
	}
	res.cfg.DatabaseConns = max(res.cfg.DatabaseConns, audit.VerifyConns)
	signer, err := res.openSigner(ctx)
	if err != nil {
		res.close(ctx)
		return nil, nil, err
	}
	return res, signer, nil
}

func (res *resources) openSigner(ctx context.Context) (*tree.Signer, error) {
	if err := res.openForCheck(ctx); err != nil {
		return nil, err
	}
	sealer, err := res.openSealer(ctx)
	if err != nil {
		return nil, err
	}
	return app.AuditSigner(sealer)
}
