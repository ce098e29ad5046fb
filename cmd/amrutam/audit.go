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
	"amrutam/internal/config"
)

type auditCommands struct {
	Verify   auditVerify   `cmd:"" help:"Compare every entry of the audit log with what was sealed; exits with 1 at the first difference."`
	Compress auditCompress `cmd:"" help:"Compress the months that are old enough, and drop what was kept long enough, as the server's job does."`
	Key      auditKey      `cmd:"" help:"Print the public key of the log's checkpoints."`
}

type auditVerify struct {
	Checkpoints string `type:"path" help:"A file of checkpoints that was kept outside of the database; unset: that of AMRUTAM_AUDIT_CHECKPOINTS."`
}

func (c auditVerify) Run(ctx context.Context) error {
	res, log, err := openAudit(ctx)
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
	result, err := log.Verify(ctx, outside, func(done, total int64) {
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
	_, err := fmt.Printf("%d entries are as they were sealed, %d of them in files (%d checkpoints, %d from outside "+
		"of the database; %s, %.0f a second)\n%d are newer than the last checkpoint\n", v.Entries, v.InFiles,
		v.Checkpoints, v.Outside, took.Round(time.Millisecond), float64(v.Entries)/took.Seconds(), v.Unsealed)
	if err == nil && v.Expired > 0 {
		_, err = fmt.Printf("%d older ones were kept as long as AMRUTAM_AUDIT_KEEP says, and dropped\n", v.Expired)
	}
	return err
}

type auditCompress struct{}

func (auditCompress) Run(ctx context.Context) error {
	res, log, err := openAudit(ctx)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	done, err := log.CompressNow(ctx)
	if err != nil {
		return res.describeError(err)
	}
	_, err = fmt.Printf("%d entries in %d new files; %d months dropped from the database; %d entries dropped for "+
		"good\n", done.Entries, done.Files, len(done.Months), done.Expired)
	return err
}

type auditKey struct{}

func (auditKey) Run(ctx context.Context) error {
	res, log, err := openAudit(ctx)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	_, err = fmt.Println(log.Signer.PublicKey())
	return err
}

// openAudit opens the database and the audit log. The caller closes the resources.
func openAudit(ctx context.Context) (*resources, *audit.Service, error) {
	res, err := load(config.Keys)
	if err != nil {
		return nil, nil, err
	}
	res.cfg.DatabaseConns = max(res.cfg.DatabaseConns, audit.VerifyConns)
	log, err := res.openAuditLog(ctx)
	if err != nil {
		res.close(ctx)
		return nil, nil, err
	}
	return res, log, nil
}

func (res *resources) openAuditLog(ctx context.Context) (*audit.Service, error) {
	if err := res.openForCheck(ctx); err != nil {
		return nil, err
	}
	sealer, err := res.openSealer(ctx)
	if err != nil {
		return nil, err
	}
	return app.NewAuditLog(res.cfg, res.db, sealer)
}
