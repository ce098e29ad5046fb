package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/pquerna/otp/totp"

	"amrutam/internal/app"
	"amrutam/internal/tour"
)

type demo struct{}

func (demo) Run(ctx context.Context) error {
	o, err := loadDevelopment(
		"the tour needs a development server: production has neither a mailbox nor a checkout page")
	if err != nil {
		return err
	}
	defer o.close(ctx)
	url := "http://" + o.cfg.Listen
	if running(ctx, url) {
		return o.walk(ctx, url)
	}
	return o.walkAlone(ctx)
}

type code struct{}

func (code) Run(ctx context.Context) error {
	o, err := loadDevelopment("amrutam code is the demo administrator's, and production has none: codes come from " +
		"each administrator's own authenticator")
	if err != nil {
		return err
	}
	defer o.close(ctx)
	if err := o.open(ctx); err != nil {
		return err
	}
	a, err := o.app(ctx)
	if err != nil {
		return err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return err
	}
	now, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Println(now)
	return err
}

// running tells whether an Amrutam serves there.
func running(ctx context.Context, url string) bool {
	client := &http.Client{Timeout: 2 * time.Second}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health/live", nil)
	if err != nil {
		return false
	}
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	var health app.Health
	return json.NewDecoder(answer.Body).Decode(&health) == nil && health.Status == "ok"
}

// walk goes on the server at url, whose database this command shares.
func (o *opened) walk(ctx context.Context, url string) error {
	if err := o.open(ctx); err != nil {
		return err
	}
	a, err := o.app(ctx)
	if err != nil {
		return err
	}
	return tourOf(ctx, a, url)
}

func tourOf(ctx context.Context, a *app.App, url string) error {
	if _, err := a.MakeDemoAdmin(ctx); err != nil {
		return err
	}
	password, err := a.DemoPassword()
	if err != nil {
		return err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return err
	}
	return (&tour.Tour{URL: url, AdminEmail: app.DemoAdmin.Email, AdminPassword: password, AdminSecret: secret,
		Out: os.Stdout, Clock: time.Now}).Run(ctx)
}

// walkAlone serves on a free port for as long as the tour takes.
func (o *opened) walkAlone(ctx context.Context) error {
	o.cfg.Listen, o.cfg.MetricsListen, o.cfg.PublicURL, o.cfg.DrainFor = "127.0.0.1:0", "off", "", 0
	o.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	ports, err := app.Listen(ctx, o.cfg)
	if err != nil {
		return err
	}
	defer ports.Close()
	if err := o.open(ctx); err != nil {
		return err
	}
	a, err := o.app(ctx)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Serve(serving, ports) }()
	err = tourOf(ctx, a, ports.URL())
	stop()
	return errors.Join(err, <-served)
}
