package notification

import "amrutam/internal/jobs"

// registerJobs registers the sending of mails, outside a transaction because it uses the network, and the deletion of
// old ones.
func (s *Service) registerJobs() {
	jobs.Handle(s.queue, s.send)
	jobs.Handle(s.queue, s.sendDigest)
	s.queue.AddMaintenance(deleteOldMails)
}
