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
	res, err := loadDevelopment(
		"the tour needs a development server: production has neither a mailbox nor a checkout page")
	if err != nil {
		return err
	}
	defer res.close(ctx)
	url := "http://" + res.cfg.Listen
	if isServing(ctx, url) {
		return res.tourRunningServer(ctx, url)
	}
	return res.tourOwnServer(ctx)
}

type code struct{}

func (code) Run(ctx context.Context) error {
	res, err := loadDevelopment("production has no demo administrator: each administrator's own authenticator shows " +
		"the codes")
	if err != nil {
		return err
	}
	defer res.close(ctx)
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	a, err := res.newApp(ctx)
	if err != nil {
		return err
	}
	secret, err := a.DemoSecret()
	if err != nil {
		return err
	}
	otp, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Println(otp)
	return err
}

// isServing reports whether an Amrutam server answers at url.
func isServing(ctx context.Context, url string) bool {
	client := &http.Client{Timeout: 2 * time.Second}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health/live", nil)
	if err != nil {
		return false
	}
	response, err := client.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	var health app.Health
	return json.NewDecoder(response.Body).Decode(&health) == nil && health.Status == "ok"
}

// tourRunningServer walks the tour on the server at url, which uses the same database as this command.
func (res *resources) tourRunningServer(ctx context.Context, url string) error {
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	a, err := res.newApp(ctx)
	if err != nil {
		return err
	}
	return runTour(ctx, a, url)
}

func runTour(ctx context.Context, a *app.App, url string) error {
	if _, err := a.CreateDemoAdmin(ctx); err != nil {
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
	t := tour.Tour{
		URL:           url,
		AdminEmail:    app.DemoAdmin.Email,
		AdminPassword: password,
		AdminSecret:   secret,
		Out:           os.Stdout,
		Clock:         time.Now,
	}
	return t.Run(ctx)
}

// tourOwnServer walks the tour on a server that it starts on a free port and stops afterwards.
func (res *resources) tourOwnServer(ctx context.Context) error {
	res.cfg.Listen = "127.0.0.1:0"
	res.cfg.MetricsListen = "off"
	res.cfg.PublicURL = ""
	res.cfg.DrainFor = 0
	res.log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	ports, err := app.Listen(ctx, res.cfg)
	if err != nil {
		return err
	}
	defer ports.Close()
	if err := res.openDatabase(ctx); err != nil {
		return err
	}
	a, err := res.newApp(ctx)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Serve(serving, ports) }()
	err = runTour(ctx, a, ports.URL())
	stop()
	return errors.Join(err, <-served)
}
