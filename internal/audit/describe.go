package audit

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// describe adds to entries the names of their people, and which visits they are about.
func describe(ctx context.Context, db postgres.Querier, entries []Entry) error {
	var people, consultations []uuid.UUID
	for _, e := range entries {
		if e.ActorID != nil {
			people = append(people, *e.ActorID)
		}
		// Entries about lists have the id of whoever read them, whatever the lists are of.
		id, err := uuid.Parse(e.EntityID)
		if err != nil {
			continue
		}
		people = append(people, id)
		if e.EntityType == "consultation" {
			consultations = append(consultations, id)
		}
	}
	visits := map[uuid.UUID]listVisitsRow{}
	if len(consultations) > 0 {
		rows, err := listVisits(ctx, db, consultations)
		if err != nil {
			return fmt.Errorf("read the visits of entries: %w", err)
		}
		for _, row := range rows {
			visits[row.ID] = row
			people = append(people, row.PatientID, row.DoctorID)
		}
	}
	names, err := namesOf(ctx, db, people)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		if e.ActorID != nil {
			e.ActorName = names[*e.ActorID]
		}
		id, err := uuid.Parse(e.EntityID)
		if err != nil {
			continue
		}
		e.EntityName = names[id]
		if v, isVisit := visits[id]; isVisit {
			e.Visit = &AuditedVisit{StartTime: v.ScheduledStart, PatientName: names[v.PatientID],
				DoctorName: names[v.DoctorID]}
		}
	}
	return nil
}

// namesOf returns the names of people by their ids. Erased people have none.
func namesOf(ctx context.Context, db postgres.Querier, people []uuid.UUID) (map[uuid.UUID]*string, error) {
	names := map[uuid.UUID]*string{}
	if len(people) == 0 {
		return names, nil
	}
	rows, err := listNames(ctx, db, people)
	if err != nil {
		return nil, fmt.Errorf("read the names of people: %w", err)
	}
	for _, row := range rows {
		names[row.UserID] = &row.FullName
	}
	return names, nil
}
