package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"amrutam/internal/app"
	"amrutam/internal/audit"
	"amrutam/internal/backup"
	"amrutam/internal/config"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/restoremode"
	"amrutam/internal/seal"
)

type backupCommand struct {
	List      bool `help:"Only list the backups and the times that can be restored."`
	NewSeries bool `help:"Begin a new series: AMRUTAM_BACKUP_DIR is another folder than before, for good."`
}

// errManaged refuses to back up or restore a PostgreSQL that isn't the private one.
var errManaged = errors.New("DATABASE_URL is set, and this command is for the private PostgreSQL: see Managed " +
	"PostgreSQL in docs/operations/backup.md")

func (c backupCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(config.Keys)
	if err != nil {
		return err
	}
	switch {
	case cfg.DatabaseURL != "":
		return errManaged
	case cfg.BackupDir == "":
		return errors.New("AMRUTAM_BACKUP_DIR is needed: a folder on another disk than the data folder")
	case c.List:
		return listBackups(os.Stdout, cfg)
	}
	res, err := prepare(cfg, config.Keys)
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	sealer, err := res.openSealer(ctx)
	if err != nil {
		return err
	}
	mode, err := restoremode.Read(ctx, res.db)
	if err != nil {
		return res.describeError(err)
	}
	archiver, err := res.newArchiver(sealer, func() bool { return mode.On })
	if err != nil {
		return err
	}
	isBeside := !res.cluster.IsOwner() && !archiver.Source.Archives()
	base, dir, err := archiver.BackUp(ctx, c.NewSeries)
	if isBeside {
		// Nobody archives the WAL after this, and PostgreSQL must not keep it for ever.
		err = errors.Join(err, backup.Forget(context.WithoutCancel(ctx), archiver.Source.AdminDSN))
		_, _ = fmt.Fprintln(os.Stderr, "The server that runs on this data folder has no AMRUTAM_BACKUP_DIR: only "+
			"this moment can be restored, and nothing later.")
	}
	if err != nil {
		return err
	}
	_, err = fmt.Printf("backup %s in %s: %d files, %.1f MB, verified; it took %s\n", base.ID, dir, base.Files,
		float64(base.Bytes)/1e6, base.Ended.Sub(base.Began).Round(time.Millisecond))
	return err
}

// newArchiver returns what backs up the private PostgreSQL.
func (res *resources) newArchiver(sealer *seal.Sealer, held func() bool) (*backup.Archiver, error) {
	key, err := backup.DeriveKey(sealer)
	if err != nil {
		return nil, err
	}
	return &backup.Archiver{
		Dir: res.cfg.BackupDir,
		Source: backup.Source{
			AdminDSN: res.cluster.AdminDSN("postgres"),
			WAL:      res.cluster.WAL(),
			Root:     res.cluster.Root(),
			Files:    res.cfg.AuditFolder(),
		},
		Keys:    backup.Keys{Backup: key, Masters: res.cfg.MasterKeys},
		Keep:    res.cfg.BackupKeep,
		Program: programVersion(),
		Log:     res.log,
		Now:     res.db.Now,
		Held:    held,
		ExpiredFiles: func(ctx context.Context, before time.Time) ([]string, error) {
			return audit.ListExpiredFiles(ctx, res.db, before)
		},
	}, nil
}

// startArchiving backs up the private PostgreSQL while a server runs, if there is a folder for that. Call stop before
// PostgreSQL is stopped.
func (res *resources) startArchiving(ctx context.Context, a *app.App) (stop func(), err error) {
	if res.cluster == nil {
		return func() {}, nil
	}
	archiver, err := res.newArchiver(a.Sealer, a.Held)
	if err != nil {
		return nil, err
	}
	if res.cfg.BackupDir == "" {
		if archiver.Source.Archives() { // another server on this data folder
			return func() {}, nil
		}
		return func() {}, backup.Forget(ctx, archiver.Source.AdminDSN)
	}
	a.SetArchiver(archiver)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		archiver.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}, nil
}

func listBackups(w io.Writer, cfg *config.Config) error {
	keys, err := cfg.ExistingMasterKeys()
	if err != nil {
		return err
	}
	all, err := backup.FindSeries(cfg.BackupDir, keys)
	if err != nil {
		return err
	}
	for _, s := range all {
		text, err := s.Describe()
		if err != nil {
			text = err.Error()
		}
		_, _ = fmt.Fprintf(w, "%s: %s\n", s.Dir, text)
		bases, err := s.Bases()
		if err != nil {
			return err
		}
		for _, b := range bases {
			_, _ = fmt.Fprintf(w, "  %s  PostgreSQL %d, %.1f MB\n", b.Ended.Format(time.RFC3339), b.Major,
				float64(b.Bytes)/1e6)
		}
	}
	return nil
}

type restoreCommand struct {
	To   string `help:"The time to restore to, like 2027-03-01T12:00:00Z; unset: the end of the backups." placeholder:"TIME"`
	From string `help:"The folder of the backups, or of one series in it; unset: AMRUTAM_BACKUP_DIR." placeholder:"FOLDER"`
}

func (c restoreCommand) Run(ctx context.Context) error {
	cfg, err := config.Load(config.Nothing)
	if err != nil {
		return err
	}
	res := newResources(cfg) // without secrets: a new master key would open nothing
	plan, keys, err := c.plan(res)
	if err != nil {
		return err
	}
	began := time.Now()
	draft, err := cluster.NewDraft(ctx, res.cfg.DataDir, plan.Base.Major, res.log)
	if err != nil {
		return err
	}
	restored, err := app.Restore(ctx, plan, draft, keys)
	if err = errors.Join(err, draft.Close()); err != nil {
		return err
	}
	return printRestored(plan, restored, res.cfg.DataDir, time.Since(began))
}

// plan reads the arguments and decides what to restore. It changes nothing.
func (c restoreCommand) plan(res *resources) (plan backup.Plan, keys func() ([][]byte, error), err error) {
	if res.cfg.DatabaseURL != "" {
		return plan, nil, errManaged
	}
	dir := c.From
	if dir == "" {
		dir = res.cfg.BackupDir
	}
	if dir == "" {
		return plan, nil, errors.New("name the folder of the backups: --from FOLDER, or AMRUTAM_BACKUP_DIR")
	}
	var to time.Time
	if c.To != "" {
		if to, err = time.Parse(time.RFC3339, c.To); err != nil {
			return plan, nil, errors.New("--to is no time like 2027-03-01T12:00:00Z or 2027-03-01T17:30:00+05:30")
		}
	}
	masters, err := res.cfg.ExistingMasterKeys()
	if err != nil {
		return plan, nil, err
	}
	all, err := backup.FindSeries(dir, masters)
	if err != nil {
		return plan, nil, err
	}
	plan, err = backup.NewPlan(all, to, time.Now())
	return plan, func() ([][]byte, error) { return masters, nil }, err
}

func printRestored(plan backup.Plan, r app.Restored, dir string, took time.Duration) error {
	reached := "the time of the base backup"
	if !r.Reached.IsZero() {
		reached = r.Reached.UTC().Format(time.RFC3339Nano)
		if later := plan.End.Sub(r.Reached); later > 0 {
			reached += fmt.Sprintf("; the last change in the backups is %s later", later.Round(time.Millisecond))
		}
	}
	_, err := fmt.Printf("restored into %s in %s\n"+
		"  base backup  %s, of %s\n  last change  %s\n"+
		"Restore mode is on: no mail, payment, refund or job leaves this copy. Next: docs/operations/backup.md\n",
		dir, took.Round(time.Millisecond), plan.Base.ID, plan.Base.Ended.Format(time.RFC3339), reached)
	return err
}
