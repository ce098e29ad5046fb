package audit

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// monthsLock is the key of the lock under which months of the log are dropped.
const monthsLock = 0x616d72_00000003

// ForEachEntry calls fn for every entry of what a user did, the oldest first, for the export of the user's data. Call
// it in a snapshot. Returns postgres.ErrBusy while months are being dropped.
func (s *Service) ForEachEntry(ctx context.Context, r *postgres.Read, actor uuid.UUID, fn func(Entry) error) error {
	keptSince, err := s.hold(ctx, r)
	if err != nil {
		return err
	}
	f := filter{equal: []condition{{keyActor, "actor_id", actor.String()}}}
	inFiles := f.search(0)
	inFiles.folder, inFiles.to = s.Folder, keptSince
	inFiles.from, _ = around(actor) // nobody did anything before
	old, err := inFiles.all(ctx, r)
	if err != nil {
		return err
	}
	seen := map[uuid.UUID]bool{}
	for i := len(old) - 1; i >= 0; i-- {
		seen[old[i].ID] = true
		if err := fn(old[i]); err != nil {
			return err
		}
	}
	unseen := func(e Entry) error {
		if seen[e.ID] {
			return nil
		}
		return fn(e)
	}
	return postgres.ForEach(ctx, r, scanEntry, unseen,
		selectEntry+" WHERE actor_id = $1 AND created_at >= made_at($1) ORDER BY created_at, id", actor)
}

// ForEachReading calls fn for every reading of a patient's record, the newest first. Call it in a snapshot. Returns
// postgres.ErrBusy while months are being dropped.
func (s *Service) ForEachReading(ctx context.Context, r *postgres.Read, patient uuid.UUID,
	fn func(Reading) error) error {
	keptSince, err := s.hold(ctx, r)
	if err != nil {
		return err
	}
	from, _ := around(patient)
	f := readingFilter{patient: patient, reader: patient, from: from}
	seen := map[uuid.UUID]bool{}
	err = postgres.ForEach(ctx, r, scanReading, func(v Reading) error {
		if v.CreatedAt.Before(keptSince) {
			seen[v.ID] = true
		}
		return fn(v)
	}, selectReadings, f.queryArgs(r.Now, 0)...)
	if err != nil {
		return err
	}
	for {
		old, resume, err := s.searchReadings(ctx, r, f, keptSince, 0)
		if err != nil {
			return err
		}
		for _, v := range old {
			if seen[v.ID] {
				continue
			}
			if err := fn(v); err != nil {
				return err
			}
		}
		if resume.Value.IsZero() {
			return nil
		}
		f.after = resume
	}
}

// hold keeps months from being dropped until the transaction ends, and returns the time before which entries are only
// in files.
func (s *Service) hold(ctx context.Context, r *postgres.Read) (keptSince time.Time, err error) {
	held, err := holdMonths(ctx, r, monthsLock)
	if err != nil {
		return keptSince, err
	}
	if !held {
		return keptSince, postgres.ErrBusy
	}
	return readKeptSince(ctx, r)
}
