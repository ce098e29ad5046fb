package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// SameNumber is a doctor who gave the registration number of another one.
type SameNumber struct {
	_ struct{} `doc:"A doctor who gave the same registration number"`

	ID                 uuid.UUID        `json:"id" format:"uuid" doc:"The doctor's id"`
	FullName           *string          `json:"fullName" nullable:"true" doc:"Name in the profile; null when the account is deleted" example:"Dr. Ravi Nair"`
	RegistrationNumber string           `json:"registrationNumber" doc:"The number as this doctor wrote it" example:"AYU KL 20417"`
	State              ApplicationState `json:"state" doc:"Where the application of this doctor stands" example:"DECLINED"`
	DecidedAt          *time.Time       `json:"decidedAt" doc:"When it was last decided; null while it waits for its first decision"`
}

// maxSameNumber is how many others are named at most.
const maxSameNumber = 20

// addSameNumbers adds to each of some doctors the others with the same registration number.
func addSameNumbers(ctx context.Context, db postgres.Querier, doctors []Doctor) error {
	keys := make([]string, len(doctors))
	for i, d := range doctors {
		keys[i] = RegistrationKey(d.RegistrationNumber)
	}
	slices.Sort(keys)
	found, err := listSameNumbers(ctx, db, slices.Compact(keys), maxSameNumber+1)
	if err != nil {
		return fmt.Errorf("list who has the same registration number: %w", err)
	}
	byKey := map[string][]listSameNumbersRow{}
	for _, row := range found {
		byKey[row.Key] = append(byKey[row.Key], row)
	}
	for i := range doctors {
		d := &doctors[i]
		for _, row := range byKey[RegistrationKey(d.RegistrationNumber)] {
			if row.ID == d.ID || len(d.SameNumber) == maxSameNumber {
				continue
			}
			state := decision{isApproved: row.IsApproved, decidedAt: row.ApprovalDecidedAt,
				holdsNumber: row.HoldsNumber}.application().State
			d.SameNumber = append(d.SameNumber, SameNumber{ID: row.ID, FullName: row.FullName,
				RegistrationNumber: row.RegistrationNumber, State: state, DecidedAt: row.ApprovalDecidedAt})
		}
	}
	return nil
}

// withSameNumber returns a doctor with the others who gave the same registration number.
func withSameNumber(ctx context.Context, db postgres.Querier, d Doctor) (Doctor, error) {
	one := []Doctor{d}
	err := addSameNumbers(ctx, db, one)
	return one[0], err
}
