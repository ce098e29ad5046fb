package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

type finding struct {
	PatientID uuid.UUID `json:"patientId" health:"patient" doc:"Whose it is"`
	Notes     *string   `json:"notes,omitempty" health:"consultations.notes" doc:"What was found"`
}

type newFinding struct {
	Body struct {
		Notes string `json:"notes" health:"consultations.notes" maxLength:"100" doc:"What was found" example:"None"`
	}
}

func TestHealthDataNeedsAuditedReading(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, other := c.Doctor("0"), c.Patient(), c.Patient()
	const stored = "a finding of an earlier visit"
	probe := func(name string, show string, do func(tx *postgres.Tx, actor access.Actor)) string {
		op := probe(name, access.Doctor)
		op.Status = http.StatusOK
		httpapi.Command(c.App.API, op, func(_ context.Context, tx *postgres.Tx, actor access.Actor,
			in newFinding) (httpapi.Page[finding], error) {
			do(tx, actor)
			text := show
			if text == "" {
				text = in.Body.Notes
			}
			return httpapi.Page[finding]{Items: []finding{{PatientID: other.ID}, {patient.ID, &text}}}, nil
		})
		return "/probe/" + name
	}
	unrelated := func(tx *postgres.Tx, actor access.Actor) { audit.Write(tx, actor, "slot.create", uuid.New(), nil) }
	reading := func(action string, meta audit.Meta, patients ...uuid.UUID) func(*postgres.Tx, access.Actor) {
		return func(tx *postgres.Tx, actor access.Actor) {
			audit.WriteReading(tx, actor, action, actor.ID, meta, patients...)
		}
	}
	body := map[string]any{"notes": "sent with the request"}
	for name, path := range map[string]string{
		"an unrelated audit row": probe("unrelated", stored, unrelated),
		"another's reading":      probe("other", stored, reading("consultation.list", nil, other.ID)),
		"a reading without health data": probe("bare", stored,
			reading("consultation.read", audit.Meta{"healthData": false}, patient.ID)),
		"a row that no access log shows": probe("search", stored, reading("consultation.search", nil, patient.ID)),
	} {
		if a := c.Do(doctor, http.MethodPost, path, body); a.Status != http.StatusInternalServerError {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	readings := func() int { return len(c.Get(patient, "users/me/access-log").Want(200).Items()) }
	c.Do(doctor, http.MethodPost, probe("echo", "", unrelated), body).Want(200)
	if n := readings(); n != 0 {
		t.Errorf("%d readings of data that was refused, or sent with the request", n)
	}
	read := probe("read", stored, reading("consultation.list", nil, other.ID, patient.ID))
	c.Do(doctor, http.MethodPost, read, body).Want(200)
	if n := readings(); n != 1 {
		t.Errorf("%d readings, want 1", n)
	}
}

type untagged struct {
	Advice string `json:"advice" doc:"Whatever it is"`
}

type withoutPatient struct {
	Notes string `json:"notes" health:"consultations.notes" doc:"What was found"`
}

func TestHealthDataOutsideCommandPanics(t *testing.T) {
	t.Parallel()
	none := errors.New("unused")
	for name, register := range map[string]func(*httpapi.API, httpapi.Op){
		"query": func(a *httpapi.API, op httpapi.Op) {
			httpapi.Query(a, op, func(context.Context, *postgres.Read, access.Actor, struct{}) (finding, error) {
				return finding{}, none
			})
		},
		"handle": func(a *httpapi.API, op httpapi.Op) {
			httpapi.Handle(a, op, func(context.Context, access.Actor, struct{}) ([]*finding, error) {
				return nil, none
			})
		},
		"key without an audited replay": func(a *httpapi.API, op httpapi.Op) {
			op.Key = httpapi.Optional
			httpapi.Command(a, op, func(context.Context, *postgres.Tx, access.Actor, struct{}) (finding, error) {
				return finding{}, none
			})
		},
		"without a patient": func(a *httpapi.API, op httpapi.Op) {
			httpapi.Command(a, op, func(context.Context, *postgres.Tx, access.Actor, struct{}) (withoutPatient,
				error) {
				return withoutPatient{}, none
			})
		},
		"named like health data": func(a *httpapi.API, op httpapi.Op) {
			httpapi.Query(a, op, func(context.Context, *postgres.Read, access.Actor, struct{}) (map[string]untagged,
				error) {
				return nil, none
			})
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is registered", name)
				}
			}()
			op := probe("health", access.Doctor)
			op.Refusals = []*problem.Error{problem.NotFound}
			register(httpapi.New(http.NewServeMux(), &httpapi.API{}), op)
		}()
	}
}
