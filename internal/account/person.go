package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
)

// Person is what a doctor learns of a patient's profile.
type Person struct {
	FullName string
	Gender   *Gender
	// Language is a tag of BCP 47: en or hi.
	Language string
	// Age is in years, nil if the birth date isn't told.
	Age *int
}

// ReadPerson returns what a doctor may know of a patient: not the birth date, and no contact. Of an erased person it
// returns the name alone.
func (s *Service) ReadPerson(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Person, error) {
	row, err := readProfile(ctx, tx, id)
	if err != nil {
		return Person{}, fmt.Errorf("read a profile: %w", err)
	}
	p := Person{FullName: row.FullName, Language: row.Language, Gender: ptrOrNil(Gender(row.Gender))}
	key, err := s.Sealer.PersonKey(ctx, tx, id)
	if errors.Is(err, seal.ErrErased) {
		return p, nil
	}
	if err != nil {
		return Person{}, err
	}
	c, err := openContact(key, row)
	if err != nil {
		return Person{}, err
	}
	p.Age = ageOn(c.dateOfBirth, row.Timezone, tx.Now)
	return p, nil
}

// ageOn returns the age in years of somebody on the day that it is in their time zone, or nil for no date. Who is born
// on 29 February is a year older on 1 March of other years.
func ageOn(birth, zone string, now time.Time) *int {
	born, err := time.Parse(time.DateOnly, birth)
	if err != nil {
		return nil
	}
	if place, known := httpapi.Zone(zone); known {
		now = now.In(place)
	}
	age := now.Year() - born.Year()
	if now.Month() < born.Month() || (now.Month() == born.Month() && now.Day() < born.Day()) {
		age--
	}
	return &age
}
