package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

func (t *Tour) apply(ctx context.Context) error {
	return t.post(ctx, t.doctor, "doctors", object{
		"specialization":     "Panchakarma " + t.runID,
		"yearsOfExperience":  12,
		"registrationNumber": "TOUR-" + t.runID,
		"consultationFee":    "500.00",
		"languagesSpoken":    []string{"en", "hi"},
		"bio":                "Takes part in a tour.",
	}, http.StatusCreated, nil)
}

type searchResult struct {
	Items []struct {
		ID           string
		NextFreeSlot *struct{ ID string }
	}
}

func (t *Tour) search(ctx context.Context) (result searchResult, err error) {
	err = t.get(ctx, person{}, "doctors?q="+t.runID+"&language=hi&minExperience=10&maxFee=500", &result)
	return result, err
}

func (t *Tour) checkNotFound(ctx context.Context) error {
	result, err := t.search(ctx)
	if err == nil && len(result.Items) != 0 {
		return errors.New("the search shows a doctor who is not approved")
	}
	return err
}

func (t *Tour) approve(ctx context.Context) error {
	var d struct{ IsApproved bool }
	err := t.patch(ctx, t.admin, "doctors/"+t.doctor.id+"/approve",
		object{"approved": true, "reason": "The registration was checked."}, &d)
	if err == nil && !d.IsApproved {
		return errors.New("the response says that the doctor is not approved")
	}
	return err
}

// withdrawApproval removes the tour's doctor from the search, so that patients don't find a doctor who isn't real.
func (t *Tour) withdrawApproval(ctx context.Context) error {
	err := t.patch(ctx, t.admin, "doctors/"+t.doctor.id+"/approve",
		object{"approved": false, "reason": "The tour is over."}, nil)
	if err != nil {
		return err
	}
	return t.checkNotFound(ctx)
}

// openSlots opens a slot whose consultation may start at once, and one that is far enough ahead to be cancelled.
func (t *Tour) openSlots(ctx context.Context) error {
	var err error
	if t.slot, err = t.openSlot(ctx, 10*time.Minute); err != nil {
		return err
	}
	t.laterSlot, err = t.openSlot(ctx, 26*time.Hour)
	return err
}

func (t *Tour) openSlot(ctx context.Context, ahead time.Duration) (id string, err error) {
	start := t.Clock().Add(ahead).UTC().Truncate(time.Second)
	var created struct{ ID string }
	err = t.post(ctx, t.doctor, "availability", object{
		"startTime":   start.Format(time.RFC3339),
		"endTime":     start.Add(30 * time.Minute).Format(time.RFC3339),
		"maxPatients": 1,
	}, http.StatusCreated, &created)
	return created.ID, err
}

func (t *Tour) checkFound(ctx context.Context) error {
	result, err := t.search(ctx)
	switch {
	case err != nil:
		return err
	case len(result.Items) != 1 || result.Items[0].ID != t.doctor.id:
		return fmt.Errorf("the search found %d doctors instead of only this one", len(result.Items))
	case result.Items[0].NextFreeSlot == nil || result.Items[0].NextFreeSlot.ID != t.slot:
		return errors.New("the search does not show the next free slot")
	}
	return nil
}

func (t *Tour) checkFreeSlots(ctx context.Context) error {
	var free struct{ Items []struct{ ID string } }
	err := t.get(ctx, person{}, "availability/doctor/"+t.doctor.id+"?timezone=Asia/Kolkata", &free)
	if err == nil && len(free.Items) != 2 {
		return fmt.Errorf("%d free slots instead of 2", len(free.Items))
	}
	return err
}

const praise = "Explained every step."

func (t *Tour) review(ctx context.Context) error {
	path := "consultations/" + t.consultation + "/review"
	err := t.post(ctx, t.patient, path, object{"rating": 5, "text": praise}, http.StatusCreated, nil)
	if err != nil {
		return err
	}
	var shown struct {
		Items []struct{ Author, Text string }
	}
	if err := t.get(ctx, person{}, "doctors/"+t.doctor.id+"/reviews", &shown); err != nil {
		return err
	}
	if len(shown.Items) != 1 || shown.Items[0].Text != praise || shown.Items[0].Author != t.patient.name[:1]+"." {
		return errors.New("the doctor's reviews don't show what the patient wrote")
	}
	return nil
}
