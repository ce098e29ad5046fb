package seed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// batch is the rows of some thousand consultations with everything about them. Tables come after those that they refer
// to.
type batch struct {
	users, profiles, dataKeys, consents, sessions, tokens, doctors, slots, mails *table

	consultations, bookingConsents, payments, attempts, webhooks, refunds, prescriptions, reviews, seats, keys *table

	audits *table
	booked int // consultations
}

// batchSize is how many consultations a batch has, about 5 MB.
const batchSize = 1000

func newBatch() *batch {
	return &batch{
		users: newTable("users", "id email password_hash role is_email_verified mfa_enabled mfa_secret "+
			"totp_confirmed_at created_at updated_at"),
		profiles: newTable("profiles", "id user_id full_name gender date_of_birth phone phone_index address "+
			"created_at updated_at"),
		dataKeys: newTable("data_keys", "user_id wrapped created_at"),
		consents: newTable("consents", "id user_id purpose notice_version language channel given_at"),
		sessions: newTable("sessions", "id user_id user_agent ip_address created_at last_used_at expires_at "+
			"second_factor_at"),
		tokens: newTable("session_tokens", "hash session_id kind created_at expires_at"),
		doctors: newTable("doctors", "id user_id specialization years_of_experience registration_number "+
			"registration_key clinic_name consultation_fee currency languages_spoken bio is_approved "+
			"approval_reason approval_decided_at created_at updated_at"),
		slots: newTable("availability_slots", "id doctor_id start_time end_time status max_patients seats_taken "+
			"created_at updated_at"),
		mails: newTable("mails", "id user_id kind message_id created_at sent_at"),
		consultations: newTable("consultations", "id patient_id doctor_id slot_id status reason notes payment_status "+
			"fee currency scheduled_start scheduled_end payment_due_at cancelled_by cancellation_reason "+
			"cancelled_at started_at ended_at created_at updated_at absent"),
		bookingConsents: newTable("consultation_consents", "consultation_id basis notice_version actor_id given_at"),
		payments: newTable("payments", "id consultation_id amount currency status provider transaction_reference "+
			"created_at updated_at"),
		attempts: newTable("payment_attempts", "id payment_id provider transaction_reference amount currency "+
			"captured status failure_reason created_at updated_at"),
		webhooks: newTable("payment_webhooks", "provider webhook_id type transaction_reference amount currency "+
			"outcome received_at"),
		refunds: newTable("refunds", "id payment_id attempt_id amount currency reason status requested_by "+
			"created_at updated_at"),
		prescriptions: newTable("prescriptions", "id consultation_id doctor_id patient_id medications advice "+
			"supersedes created_at"),
		reviews: newTable("reviews", "id consultation_id doctor_id patient_id rating text month "+
			"created_at updated_at"),
		seats: newTable("seats", "slot_id patient_id consultation_id during doctor_id started"),
		keys: newTable("idempotency_keys", "id key user_id method path request_hash response_body status_code "+
			"location etag entity_type entity_id created_at expires_at"),
		audits: newTable("audit_logs", "id actor_id actor_role action entity_type entity_id metadata ip_address "+
			"created_at"),
	}
}

// people are the tables to which the others refer; care is what happens between them.
func (b *batch) people() []*table {
	return []*table{b.users, b.profiles, b.dataKeys, b.consents, b.sessions, b.tokens, b.doctors, b.slots, b.mails}
}

func (b *batch) care() []*table {
	return []*table{b.consultations, b.bookingConsents, b.payments, b.attempts, b.webhooks, b.refunds, b.prescriptions,
		b.reviews, b.seats, b.keys}
}

func (b *batch) all() []*table { return slices.Concat(b.people(), b.care(), []*table{b.audits}) }

// connections is how many connections write at once: people, then care and the audit log beside each other.
const connections = 3

// queued is how many batches wait between two steps. With those that are made and written, it bounds the memory.
const queued = 1

// writer stores batches in the order in which they are made. Each of its three steps has a connection of its own and
// works on another batch meanwhile, so that PostgreSQL uses three processors.
type writer struct {
	free   chan *batch // emptied batches, to be filled again
	people chan *batch
	report func(table string, rows int64, booked int)
}

func newWriter(report func(table string, rows int64, booked int)) *writer {
	w := &writer{free: make(chan *batch, connections+2*queued+1), people: make(chan *batch, queued), report: report}
	for range cap(w.free) {
		w.free <- newBatch()
	}
	return w
}

// next returns an empty batch when there is one.
func (w *writer) next(ctx context.Context) (*batch, error) {
	select {
	case b := <-w.free:
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *writer) submit(ctx context.Context, b *batch) error {
	select {
	case w.people <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes until the channel of batches is closed, or an error ends everything.
func (w *writer) run(ctx context.Context, conns []*pgx.Conn) error {
	group, ctx := errgroup.WithContext(ctx)
	care, audits := make(chan *batch, queued), make(chan *batch, queued)
	done := make(chan *batch, 2*cap(w.free))
	group.Go(func() error {
		defer close(care)
		defer close(audits)
		return w.step(ctx, conns[0], w.people, (*batch).people, care, audits)
	})
	group.Go(func() error { return w.step(ctx, conns[1], care, (*batch).care, done) })
	group.Go(func() error {
		return w.step(ctx, conns[2], audits, func(b *batch) []*table { return []*table{b.audits} }, done)
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		written := map[*batch]bool{}
		for b := range done {
			if !written[b] { // the other one of its last two steps is still at work
				written[b] = true
				continue
			}
			delete(written, b)
			w.report("", 0, b.booked)
			b.booked = 0
			w.free <- b
		}
	}()
	err := group.Wait()
	close(done)
	<-ended
	return err
}

// step writes the tables of each batch in one transaction, and passes the batch on.
func (w *writer) step(ctx context.Context, conn *pgx.Conn, from <-chan *batch, tables func(*batch) []*table,
	to ...chan<- *batch) error {
	for {
		select {
		case b, ok := <-from:
			if !ok {
				return nil
			}
			if err := w.write(ctx, conn, tables(b)); err != nil {
				return err
			}
			for _, next := range to {
				select {
				case next <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *writer) write(ctx context.Context, conn *pgx.Conn, tables []*table) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, t := range tables {
			rows, err := t.write(ctx, tx)
			if err != nil {
				return err
			}
			w.report(t.name, rows, 0)
		}
		return nil
	})
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("store a batch: %w", err)
	}
	return nil
}
