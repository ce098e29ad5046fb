package events_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/app"
	"amrutam/internal/apptest"
)

// secondServer starts another server on the clinic's database, and returns a clinic whose requests go there.
func secondServer(t *testing.T, c *apptest.Clinic) *apptest.Clinic {
	t.Helper()
	cfg := *c.App.Config
	second, err := app.New(&cfg, c.App.DB, c.App.Sealer, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	cfg.PublicURL = "http://" + server.Listener.Addr().String()
	cfg.Hosts = nil
	second.API.Hosts = nil
	server.Config = app.Server(second.API.Handler())
	server.Start()
	t.Cleanup(func() {
		second.Streams.Close()
		server.Close()
		second.API.WaitForDenials()
	})
	other := c.In(t)
	other.App, other.URL = second, server.URL
	return other
}

// Both servers tell of what is done by way of either, and a client goes on at one where the other one stopped.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	second := secondServer(t, c)
	patient, doctor := c.Patient(), c.Doctor("500.00")
	here, there := open(t, c, patient, ""), open(t, second, doctor, "")
	<-here.opened
	<-there.opened
	booked := c.Post(patient, "consultations", map[string]any{
		"slotId": c.Slot(doctor, 48*time.Hour, 1), "reason": "Back pain"}).Want(201)
	last := here.want("consultation.changed", "REQUESTED").ID
	there.want("consultation.changed", "REQUESTED")

	c.App.Streams.Close()
	here.wantEnd()
	c.Get(patient, "events").Want(503, "busy")
	cancel := "consultations/" + booked.Text("id") + "/cancel"
	second.Post(patient, cancel, map[string]any{"reason": "Well again"}).Want(200)
	there.want("consultation.changed", "CANCELLED")
	open(t, second, patient, last).want("consultation.changed", "CANCELLED")
}

func TestPaymentsAndRefundsAreTold(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("500.00")
	mine, theirs := open(t, c, patient, ""), open(t, c, doctor, "")
	booked := c.Post(patient, "consultations", map[string]any{
		"slotId": c.Slot(doctor, 48*time.Hour, 1), "reason": "Back pain"}).Want(201)
	id := booked.Text("id")
	for _, s := range []*client{mine, theirs} {
		s.want("consultation.changed", "REQUESTED")
	}
	started := c.Post(patient, "payments/initiate", map[string]any{"consultationId": id}).Want(201)
	c.Report("payment.succeeded", started.Text("attempt", "transactionReference"), "500.00").Want(200)
	for _, s := range []*client{mine, theirs} {
		if paid := s.want("payment.changed", "SUCCESS"); paid.Data["consultationId"] != id {
			t.Errorf("%+v", paid)
		}
		if e := s.want("consultation.changed", "CONFIRMED"); e.Data["paymentStatus"] != "PAID" {
			t.Errorf("%+v", e)
		}
	}
	c.Post(doctor, "consultations/"+id+"/cancel", map[string]any{"reason": "Ill"}).Want(200)
	for _, s := range []*client{mine, theirs} {
		s.want("consultation.changed", "CANCELLED")
		s.want("refund.changed", "PENDING")
		s.want("refund.changed", "SUCCEEDED")
	}
}

// The connection that listens breaks, and with it all others: what happens meanwhile comes when it is back.
func TestDatabaseComesBack(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	s := open(t, c, patient, "")
	<-s.opened
	tx := begin(t, c)
	publish(t, tx, patient.ID, "before")
	commit(t, tx)
	s.want("offer.changed", "before")
	for range 3 {
		tx := begin(t, c)
		publish(t, tx, patient.ID, "meanwhile")
		_, err := tx.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND query = 'LISTEN "events"'`)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, tx)
		s.want("offer.changed", "meanwhile")
	}
}

// A commit has every server look for events, those that this one doesn't know too.
func TestServersAreToldAfterCommits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	conn, err := pgx.ConnectConfig(t.Context(), c.DB.Pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `LISTEN "events"`); err != nil {
		t.Fatal(err)
	}
	doctor := c.Doctor("500.00")
	for n := range 3 {
		booked := map[string]any{"slotId": c.Slot(doctor, time.Duration(48+n)*time.Hour, 1), "reason": "Back pain"}
		c.Post(c.Patient(), "consultations", booked).Want(201)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		message, err := conn.WaitForNotification(ctx)
		cancel()
		if err != nil || message.Payload != "" {
			t.Fatalf("%v, error %v", message, err)
		}
	}
}
