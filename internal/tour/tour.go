// Package tour walks through the whole journey over HTTP, from sign-up to prescription, as a client of the API does.
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

// Tour is one walk through the journey. It needs a development server, because it uses the server's mailbox and
// checkout page, and the credentials of an administrator.
type Tour struct {
	URL           string
	AdminEmail    string
	AdminPassword string
	// AdminSecret is the secret of the administrator's authenticator in base32 (RFC 6238).
	AdminSecret string
	// Out gets one line for each step.
	Out io.Writer
	// Clock returns the current time.
	Clock func() time.Time

	http     *http.Client
	runID    string
	keyCount int

	admin, doctor, patient, stranger person

	slot, laterSlot, consultation, prescription string
}

// Run walks through all steps, prints each with its duration, and stops at the first that fails.
func (t *Tour) Run(ctx context.Context) error {
	t.http = &http.Client{Timeout: 20 * time.Second}
	// Only letters, because the search treats words with digits differently.
	t.runID = strings.Map(func(r rune) rune { return 'a' + r%26 }, rand.Text()[:10])
	t.admin = person{name: "the administrator", email: t.AdminEmail, password: t.AdminPassword}
	t.doctor = t.newPerson("Meera")
	t.patient = t.newPerson("Ravi")
	t.stranger = t.newPerson("Another")
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

// newPerson returns a person with a mail address and a password that no other tour uses.
func (t *Tour) newPerson(name string) person {
	return person{
		name:     name + " Tour",
		email:    strings.ToLower(name) + "-" + t.runID + "@tour.example",
		password: rand.Text(),
	}
}
