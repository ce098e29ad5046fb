package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/pquerna/otp/totp"
)

func (t *Tour) signUp(ctx context.Context, p *person, role string) error {
	var created struct{ ID string }
	body := object{"email": p.email, "password": p.password, "fullName": p.name, "role": role}
	err := t.post(ctx, person{}, "auth/signup", body, http.StatusCreated, &created)
	p.id = created.ID
	return err
}

var tokenInLink = regexp.MustCompile(`/verify-email\?token=([A-Za-z0-9_-]+)`)

// waitForMail waits for a mail of the kind in the development mailbox and returns its text.
func (t *Tour) waitForMail(ctx context.Context, to, kind string) (text string, err error) {
	err = waitFor(ctx, func() error {
		var mailbox struct{ Items []struct{ Kind, Text string } }
		if err := t.get(ctx, person{}, "/dev/mailbox.json?to="+url.QueryEscape(to), &mailbox); err != nil {
			return fmt.Errorf("read the development mailbox: %w", err)
		}
		for _, m := range mailbox.Items {
			if m.Kind == kind {
				text = m.Text
				return nil
			}
		}
		return errNotYet
	})
	return text, err
}

func (t *Tour) verify(ctx context.Context, p person) error {
	text, err := t.waitForMail(ctx, p.email, "verify-email")
	if err != nil {
		return err
	}
	found := tokenInLink.FindStringSubmatch(text)
	if found == nil {
		return errors.New("the mail has no link with a token")
	}
	return t.post(ctx, person{}, "auth/verify-email", object{"token": found[1]}, http.StatusNoContent, nil)
}

func (t *Tour) signIn(ctx context.Context, p *person) error {
	var session struct{ AccessToken string }
	body := object{"email": p.email, "password": p.password}
	err := t.post(ctx, person{}, "auth/login", body, http.StatusOK, &session)
	p.token = session.AccessToken
	return err
}

// signInAdmin signs in with the password and a code of the authenticator. Each code works once. So if an earlier tour
// has used the current code, signInAdmin tries the next one, which the server accepts early; if that is used too, it
// waits for one that isn't.
func (t *Tour) signInAdmin(ctx context.Context) error {
	var login struct{ MFAToken string }
	body := object{"email": t.admin.email, "password": t.admin.password}
	if err := t.post(ctx, person{}, "auth/login", body, http.StatusOK, &login); err != nil {
		return fmt.Errorf("the server may use another database than this command (same DATABASE_URL and "+
			"AMRUTAM_DATA_DIR?): %w", err)
	}
	if login.MFAToken == "" {
		return errors.New("the administrator was signed in with the password alone")
	}
	if t.verifyAdminCode(ctx, login.MFAToken, t.Clock()) == nil {
		return nil
	}
	if t.verifyAdminCode(ctx, login.MFAToken, t.Clock().Add(codePeriod)) == nil {
		return nil
	}
	if err := pause(ctx, codePeriod); err != nil {
		return err
	}
	return t.verifyAdminCode(ctx, login.MFAToken, t.Clock().Add(codePeriod))
}

// verifyAdminCode finishes the administrator's sign-in with the code of an instant.
func (t *Tour) verifyAdminCode(ctx context.Context, mfaToken string, at time.Time) error {
	code, err := totp.GenerateCode(t.AdminSecret, at)
	if err != nil {
		return err
	}
	var session struct{ AccessToken string }
	r := request{
		method: http.MethodPost,
		path:   "auth/verify-mfa",
		body:   object{"mfaToken": mfaToken, "otp": code},
	}
	_, err = t.call(ctx, r, http.StatusOK, &session)
	t.admin.token = session.AccessToken
	return err
}

// codePeriod is how long an authenticator shows a code (RFC 6238).
const codePeriod = 30 * time.Second

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (t *Tour) signUpAndIn(ctx context.Context, p *person) error {
	if err := t.signUp(ctx, p, "PATIENT"); err != nil {
		return err
	}
	if err := t.verify(ctx, *p); err != nil {
		return err
	}
	return t.signIn(ctx, p)
}

func (t *Tour) consentAsPatient(ctx context.Context) error { return t.giveConsents(ctx, t.patient) }

// giveConsents gives all consents that a booking requires.
func (t *Tour) giveConsents(ctx context.Context, p person) error {
	var notices struct {
		Items []struct {
			Purpose, Text string
			NoticeVersion int
			Required      bool
		}
	}
	if err := t.get(ctx, p, "consents?language=hi", &notices); err != nil {
		return err
	}
	for _, n := range notices.Items {
		if !n.Required {
			continue
		}
		if n.Text == "" {
			return errors.New("the notice is empty")
		}
		body := object{"purpose": n.Purpose, "noticeVersion": n.NoticeVersion, "language": "hi"}
		if err := t.post(ctx, p, "consents", body, http.StatusCreated, nil); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tour) signOut(ctx context.Context) error {
	if err := t.post(ctx, t.patient, "auth/logout", nil, http.StatusNoContent, nil); err != nil {
		return err
	}
	r := request{caller: t.patient, method: http.MethodGet, path: "users/me"}
	_, err := t.call(ctx, r, http.StatusUnauthorized, nil)
	return err
}
