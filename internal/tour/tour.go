// Package tour walks the whole journey over HTTP, from sign-up to prescription, as an app built on the API would.
package tour

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Tour is one walk. It needs a development server, whose mailbox and checkout page it uses, and an administrator's
// credentials.
type Tour struct {
	URL           string
	AdminEmail    string
	AdminPassword string
	// AdminSecret is the administrator's authenticator: base32, RFC 6238.
	AdminSecret string
	// Out gets a line a step.
	Out io.Writer
	// Clock tells the steps' times.
	Clock func() time.Time

	http     *http.Client
	runID    string
	keyCount int

	admin, doctor, patient, stranger person

	slot, laterSlot, consultation, prescription string
}

// Run walks all steps, prints each with its time, and stops at the first that goes wrong.
func (t *Tour) Run(ctx context.Context) error {
	t.http = &http.Client{Timeout: 20 * time.Second}
	// Letters only: a search parses what begins like a number its own way.
	t.runID = strings.Map(func(r rune) rune { return 'a' + r%26 }, rand.Text()[:10])
	t.admin = person{name: "the administrator", email: t.AdminEmail, password: t.AdminPassword}
	for _, participant := range []struct {
		p    *person
		name string
	}{{&t.doctor, "Meera Tour"}, {&t.patient, "Ravi Tour"}, {&t.stranger, "Another Tour"}} {
		*participant.p = person{name: participant.name, password: rand.Text(),
			email: strings.ToLower(strings.Fields(participant.name)[0]) + "-" + t.runID + "@tour.example"}
	}
	start := t.Clock()
	for i, s := range steps {
		stepStart := t.Clock()
		err := s.run(t, ctx)
		took := t.Clock().Sub(stepStart).Round(100 * time.Microsecond)
		if err != nil {
			_, _ = fmt.Fprintf(t.Out, "%3d  WRONG  %-72s %10s\n", i+1, s.name, took)
			return fmt.Errorf("step %d (%s): %w", i+1, s.name, err)
		}
		if _, err := fmt.Fprintf(t.Out, "%3d  ok     %-72s %10s\n", i+1, s.name, took); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(t.Out, "The whole journey works: %d steps in %s.\n", len(steps),
		t.Clock().Sub(start).Round(time.Millisecond))
	return err
}
