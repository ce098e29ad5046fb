package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"amrutam/internal/postgres/cluster"
)

// recoverySettings are the settings of PostgreSQL while it replays the WAL. It runs in the folder of its data, so the
// command needs no quoting of paths. Nothing is lost if it is killed, because the draft is not used then.
var recoverySettings = map[string]string{
	"restore_command": `w=../wal/%f; [ -e "$w.yes" ] || : > "$w.ask"; until [ -e "$w.no" ]; do ` +
		`if [ -e "$w.yes" ]; then exec mv "$w.yes" "%p"; fi; sleep 0.02; done; rm "$w.no"; exit 1`,
	"recovery_target_timeline": "current",
	"recovery_target_action":   "promote",
	"hot_standby":              "off",
	"fsync":                    "off",
	"max_wal_size":             "4GB",
	"shared_buffers":           "256MB",
}

// neverReached is how PostgreSQL says that no transaction in the WAL is later than the time to stop at.
const neverReached = "recovery ended before configured recovery target was reached"

// Restore unpacks the base backup and the files of a plan into a draft, and replays the WAL. Nothing is used before it
// was checked. It returns the restored PostgreSQL, which the caller stops.
func Restore(ctx context.Context, p Plan, d *cluster.Draft) (*cluster.Cluster, error) {
	if err := errors.Join(p.unpackBase(d), p.unpackFiles(d)); err != nil {
		return nil, err
	}
	signal, err := d.CreateFile(filepath.Join(d.Data(), "recovery.signal"), 0o600)
	if err == nil {
		err = signal.Close()
	}
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for name, value := range recoverySettings {
		settings[name] = value
	}
	if !p.To.IsZero() {
		settings["recovery_target_time"] = p.To.UTC().Format("2006-01-02 15:04:05.999999+00")
	}
	c, err := p.replay(ctx, d, settings)
	if err != nil && strings.Contains(err.Error(), neverReached) {
		// Everything in the backups is earlier, as NewPlan has checked: the end is what was asked for.
		delete(settings, "recovery_target_time")
		c, err = p.replay(ctx, d, settings)
	}
	return c, err
}

// replay starts PostgreSQL and hands it the WAL that it asks for.
func (p Plan) replay(ctx context.Context, d *cluster.Draft, settings map[string]string) (*cluster.Cluster, error) {
	// What PostgreSQL asked for when it ran before is of no use.
	if err := errors.Join(os.RemoveAll(d.WAL()), d.MakeFolder(d.WAL(), 0o700)); err != nil {
		return nil, err
	}
	serving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	served := make(chan error, 1)
	go func() {
		err := (&walServer{plan: p, draft: d}).serve(serving)
		if err != nil {
			stop(err) // ends PostgreSQL, which would take the end of what it gets for the end of the WAL
		}
		served <- err
	}()
	c, err := d.Start(serving, settings)
	stop(nil)
	if serveErr := <-served; serveErr != nil {
		if c != nil {
			serveErr = errors.Join(serveErr, c.Stop(ctx))
		}
		return nil, serveErr
	}
	if err != nil {
		return nil, fmt.Errorf("replay the WAL: %w", err)
	}
	return c, nil
}

// draftTarget writes the files of a base backup into a draft.
type draftTarget struct{ draft *cluster.Draft }

func (t draftTarget) folder(path string, mode fs.FileMode) error {
	return t.draft.MakeFolder(filepath.Join(t.draft.Data(), path), mode)
}

func (t draftTarget) file(path string, mode fs.FileMode) (io.WriteCloser, error) {
	return t.draft.CreateFile(filepath.Join(t.draft.Data(), path), mode)
}

// unpackBase unpacks the base backup, and compares its files with the manifest.
func (p Plan) unpackBase(d *cluster.Draft) error {
	folder := filepath.Join(baseDir, p.Base.ID)
	var text []byte
	name := filepath.Join(folder, manifestFileName)
	err := p.Series.readAll(filepath.Join(p.Series.Dir, name), name, func(r io.Reader) (err error) {
		text, err = io.ReadAll(r)
		return err
	})
	if err != nil {
		return err
	}
	files, err := parseManifest(text)
	if err != nil {
		return err
	}
	var read map[string]content
	name = filepath.Join(folder, dataFile)
	err = p.Series.readAll(filepath.Join(p.Series.Dir, name), name, func(r io.Reader) (err error) {
		read, err = unpack(r, draftTarget{d})
		return err
	})
	if err != nil {
		return err
	}
	return files.compare(read)
}
