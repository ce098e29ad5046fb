package notification

import "amrutam/internal/jobs"

// registerJobs has mails sent. The network is asked outside a transaction.
func (s *Service) registerJobs() {
	jobs.Handle(s.queue, s.send)
	jobs.Handle(s.queue, s.sendDigest)
}
