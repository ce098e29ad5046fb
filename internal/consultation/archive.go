package consultation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// minArchiveAge is the youngest age at which archive_consultations archives. No younger consultation is looked for in
// the archive.
const minArchiveAge = 90 * 24 * time.Hour

// ErrArchiveBusy says that the database is too slow to move even the smallest batch in time.
var ErrArchiveBusy = fmt.Errorf("%d consultations can't be archived within %s: the database is too busy, or somebody "+
	"locks the tables; run it again later", minBatch, maxBatchTime)

const (
	// maxBatchTime ends the statement that moves a batch: for so long its rows are locked.
	maxBatchTime = 150 * time.Millisecond
	// batchTime is how long a batch should take.
	batchTime = 100 * time.Millisecond

	// The limits of a batch's size.
	minBatch, firstBatch, maxBatch = 20, 200, 5000
	// busyAttempts is how often the smallest batch is tried.
	busyAttempts = 20
	// busyPause is the time between two attempts when the database was busy.
	busyPause = 50 * time.Millisecond
)

// Archived counts what was moved to the archive.
type Archived struct {
	Consultations, Prescriptions, Consents, Batches int
	// DroppedMonths are the emptied partitions that were dropped.
	DroppedMonths []string
}

// ArchiveRun moves the consultations that were over before an instant to the archive.
type ArchiveRun struct {
	DB     *postgres.DB
	Before time.Time
	// Workers is how many batches are moved at the same time; 0 is 1.
	Workers int
	// Pause returns how long a worker waits after a batch that took so long; nil is no pause.
	Pause func(took time.Duration) time.Duration
	// Progress is called after each batch with the sums so far, never twice at the same time; it may be nil.
	Progress func(Archived)
}

// ArchiveJob is the kind of the job that archives, which is also the actor of its audit entries.
const ArchiveJob = "consultation.archive"

// Archive moves batch after batch, each in a transaction of its own, which either moves a consultation with all that
// belongs to it or nothing. So it may be killed at any point, and runs may overlap: one leaves out what another one,
// or anybody else, has locked. At the end it drops the months that are empty. Returns ErrArchiveBusy.
func (r ArchiveRun) Archive(ctx context.Context) (Archived, error) {
	var sum Archived
	oldest := r.Before
	err := r.DB.Write(ctx, func(tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT make_archive_partitions($1)", r.Before); err != nil {
			return err
		}
		made, err := findOldestConsultation(ctx, tx)
		if err == nil {
			oldest = made
		}
		if postgres.NoRows(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return sum, fmt.Errorf("make the partitions of the archive: %w", err)
	}
	group, groupCtx := errgroup.WithContext(ctx)
	spans := make(chan archiveSpan)
	group.Go(func() error {
		defer close(spans)
		return sendSpans(groupCtx, spans, oldest, r.Before)
	})
	var mu sync.Mutex
	done := func(batch archivedBatch) {
		mu.Lock()
		defer mu.Unlock()
		sum.add(batch)
		if r.Progress != nil {
			r.Progress(sum)
		}
	}
	for range max(r.Workers, 1) {
		group.Go(func() error {
			w := archiveWorker{ArchiveRun: r, size: firstBatch, done: done}
			for span := range spans {
				if err := w.moveSpan(groupCtx, span); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return sum, err
	}
	sum.DroppedMonths, err = r.dropEmptyMonths(ctx)
	return sum, err
}

// ReadOldestLive returns when the oldest consultation was booked that isn't archived; nil if there is none.
func ReadOldestLive(ctx context.Context, r *postgres.Read) (*time.Time, error) {
	made, err := findOldestConsultation(ctx, r)
	if postgres.NoRows(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	return &made, err
}

// archiveSpan is a range of ids: workers at different spans don't meet.
type archiveSpan struct{ after, until uuid.UUID }

// sendSpans sends the ids of each day between two instants.
func sendSpans(ctx context.Context, spans chan<- archiveSpan, from, before time.Time) error {
	const length = 24 * time.Hour
	for ; from.Before(before); from = from.Add(length) {
		span := archiveSpan{postgres.IDsFrom(from), postgres.IDsFrom(from.Add(length))}
		select {
		case spans <- span:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// archiveWorker moves one batch after the other.
type archiveWorker struct {
	ArchiveRun
	size     int // of the next batch
	attempts int // at moving the smallest batch, since the last that was moved
	done     func(archivedBatch)
}

// moveSpan moves the consultations of a span. Returns ErrArchiveBusy.
func (w *archiveWorker) moveSpan(ctx context.Context, span archiveSpan) error {
	for {
		batch, err := w.move(ctx, span, w.size)
		if postgres.Busy(err) && ctx.Err() == nil {
			if w.size == minBatch {
				if w.attempts++; w.attempts == busyAttempts {
					return ErrArchiveBusy
				}
			}
			w.size = max(w.size/4, minBatch)
			if err := pause(ctx, busyPause); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("archive a batch of consultations: %w", err)
		}
		if batch.last == nil {
			return nil
		}
		span.after, w.attempts = *batch.last, 0
		w.done(batch)
		w.size = nextBatch(w.size, batch.took)
		if w.Pause != nil {
			if err := pause(ctx, w.Pause(batch.took)); err != nil {
				return err
			}
		}
	}
}

func (a *Archived) add(b archivedBatch) {
	a.Consultations += b.consultations
	a.Prescriptions += b.prescriptions
	a.Consents += b.consents
	a.Batches++
}

// nextBatch returns a size that takes batchTime, at most twice the last size.
func nextBatch(size int, took time.Duration) int {
	fits := float64(size) * float64(batchTime) / float64(max(took, time.Millisecond))
	return max(minBatch, min(int(fits), 2*size, maxBatch))
}

// archivedBatch is what archive_consultations returns.
type archivedBatch struct {
	consultations, prescriptions, consents int
	first, last                            *uuid.UUID
	took                                   time.Duration
}

// move moves up to size consultations of a span, and audits that.
func (r ArchiveRun) move(ctx context.Context, span archiveSpan, size int) (b archivedBatch, err error) {
	err = r.DB.Write(ctx, func(tx *postgres.Tx) error {
		if err := limitStatements(ctx, tx); err != nil {
			return err
		}
		var seconds float64
		err := tx.QueryRow(ctx, `SELECT moved, moved_prescriptions, moved_consents, first_id, last_id, seconds
			FROM archive_consultations($1, $2, $3, $4)`, r.Before, span.after, span.until, size).
			Scan(&b.consultations, &b.prescriptions, &b.consents, &b.first, &b.last, &seconds)
		if err != nil || b.last == nil {
			return err
		}
		b.took = time.Duration(seconds * float64(time.Second))
		audit.WriteFor(tx, access.System(ArchiveJob), "archive.move", "archive", tx.NewID().String(), audit.Meta{
			"before": r.Before, "firstId": b.first, "lastId": b.last, "consultations": b.consultations,
			"prescriptions": b.prescriptions, "consents": b.consents,
		})
		return nil
	})
	return b, err
}

// limitStatements ends the transaction's statements so early that nobody waits long for their locks. Nor does the
// transaction wait for the disk: one that a crash undoes is done again.
func limitStatements(ctx context.Context, tx *postgres.Tx) error {
	const settings = "SELECT set_config('statement_timeout', $1, true), set_config('synchronous_commit', 'off', true)"
	_, err := tx.Exec(ctx, settings, strconv.FormatInt(maxBatchTime.Milliseconds(), 10))
	return err
}

// dropEmptyMonths drops the partitions of consultations that are empty and so old that they stay so. It gives up for
// today when the table is in use all the time.
func (r ArchiveRun) dropEmptyMonths(ctx context.Context) (dropped []string, err error) {
	for attempts := 0; attempts < busyAttempts; {
		var name *string
		err := r.DB.Write(ctx, func(tx *postgres.Tx) error {
			if err := limitStatements(ctx, tx); err != nil {
				return err
			}
			err := tx.QueryRow(ctx, "SELECT drop_archived_month($1)", r.Before).Scan(&name)
			if err != nil || name == nil {
				return err
			}
			audit.WriteFor(tx, access.System(ArchiveJob), "archive.drop-month", "archive", tx.NewID().String(),
				audit.Meta{"partition": *name})
			return nil
		})
		switch {
		case postgres.Busy(err) && ctx.Err() == nil:
			attempts++
			if err := pause(ctx, busyPause); err != nil {
				return dropped, err
			}
		case err != nil:
			return dropped, fmt.Errorf("drop an emptied month: %w", err)
		case name == nil:
			return dropped, nil
		default:
			dropped = append(dropped, *name)
		}
	}
	return dropped, nil
}

// pause waits. Returns an error if ctx ends meanwhile.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// StatusCount counts consultations of a status, with a few ids.
type StatusCount struct {
	Status   Status
	Count    int64
	Examples []uuid.UUID
}

// CountArchivable returns how many consultations of each status Archive would move.
func CountArchivable(ctx context.Context, db *postgres.DB, before time.Time) (all []StatusCount, err error) {
	err = longRead(ctx, db, func(tx *postgres.Tx) error {
		rows, err := countQuietConsultations(ctx, tx, before)
		for _, row := range rows {
			all = append(all, StatusCount{Status: row.Status, Count: row.N})
		}
		return err
	})
	return all, err
}

// ListLeftovers returns what is older than an instant and yet can't be archived: consultations that nobody ended, and
// those with money or an erasure under way or a late change.
func ListLeftovers(ctx context.Context, db *postgres.DB, before time.Time) (all []StatusCount, err error) {
	err = longRead(ctx, db, func(tx *postgres.Tx) error {
		rows, err := listLeftovers(ctx, tx, before)
		for _, row := range rows {
			all = append(all, StatusCount{Status: row.Status, Count: row.N, Examples: row.Examples})
		}
		return err
	})
	return all, err
}

// errOnlyRead rolls the transaction of longRead back.
var errOnlyRead = errors.New("nothing was changed")

// longRead calls fn with a transaction whose statements may take minutes, and rolls it back.
func longRead(ctx context.Context, db *postgres.DB, fn func(tx *postgres.Tx) error) error {
	err := db.Write(ctx, func(tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '15min'"); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return errOnlyRead
	})
	if errors.Is(err, errOnlyRead) {
		return nil
	}
	return err
}
