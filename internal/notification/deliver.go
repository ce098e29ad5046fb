package notification

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

// delivery is an attempt to send one mail, or several in a digest, that has ended.
type delivery struct {
	mails   []uuid.UUID
	kind    string
	failure Failure   // "" if the mail server took them
	at      time.Time // when they were still to be sent, however much later this is noted
}

// deliver renders a message and hands it to the sender. Returns an error if it must be tried again.
func (s *Service) deliver(ctx context.Context, l layoutData, m *Message) (failure Failure, err error) {
	if err = l.render(m); err == nil {
		err = s.sender.Send(ctx, *m)
	}
	if err != nil && !errors.As(err, &failure) {
		s.metrics.Mails.WithLabelValues(m.Kind, "delayed").Inc()
		return "", err
	}
	return failure, nil
}

// unnoted has deliveries that this server could not note, by the id of the mail or the digest.
type unnoted struct {
	mu  sync.Mutex
	all map[uuid.UUID]delivery
}

func (u *unnoted) get(job uuid.UUID) (delivery, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	d, ok := u.all[job]
	return d, ok
}

func (u *unnoted) add(job uuid.UUID, d delivery) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all[job] = d
}

func (u *unnoted) remove(job uuid.UUID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, job)
}

// note notes a delivery. If that fails, the job runs again, and noteAgain makes the note without sending again: so a
// mail isn't repeated however long the database takes no notes, unless this server ends meanwhile. job is the id of
// the mail or the digest whose job it is.
func (s *Service) note(ctx context.Context, job uuid.UUID, d delivery) error {
	if err := s.markMails(ctx, d); err != nil {
		s.unnoted.add(job, d)
		return err
	}
	s.unnoted.remove(job)
	return nil
}

// noteAgain notes what an earlier run of a job has delivered. Returns false if there is nothing of the kind.
func (s *Service) noteAgain(ctx context.Context, job uuid.UUID) (isDelivered bool, err error) {
	d, isDelivered := s.unnoted.get(job)
	if isDelivered {
		err = s.note(ctx, job, d)
	}
	return isDelivered, err
}
