// Command go signs a patient in, finds a doctor and books a free slot, with the client that is made from openapi.json.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/google/uuid"

	"amrutam/examples/go/amrutam"
)

func main() {
	session := &session{}
	api, err := amrutam.NewClientWithResponses(os.Getenv("AMRUTAM_URL"), amrutam.WithHTTPClient(session))
	if err == nil {
		err = book(context.Background(), api, session)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// book goes from the sign-in to a booking that waits for its payment.
func book(ctx context.Context, api *amrutam.ClientWithResponses, session *session) error {
	signIn, err := api.SignInWithResponse(ctx, amrutam.SignInJSONRequestBody{
		Email: os.Getenv("AMRUTAM_EMAIL"), Password: os.Getenv("AMRUTAM_PASSWORD")})
	if err != nil {
		return err
	}
	if signIn.JSON200.AccessToken == nil {
		return errors.New("this user has a second factor: go on with /auth/verify-mfa")
	}
	session.token = *signIn.JSON200.AccessToken

	tomorrow := time.Now().Add(24 * time.Hour)
	doctors, err := api.SearchDoctorsWithResponse(ctx, &amrutam.SearchDoctorsParams{
		Language: new("en"), AvailableFrom: &tomorrow})
	if err != nil {
		return err
	}
	if len(doctors.JSON200.Items) == 0 {
		return errors.New("no doctor who speaks English is free")
	}
	doctor := doctors.JSON200.Items[0]

	slots, err := api.ListFreeSlotsWithResponse(ctx, doctor.ID, &amrutam.ListFreeSlotsParams{From: &tomorrow})
	if err != nil {
		return err
	}
	if len(slots.JSON200.Items) == 0 {
		return fmt.Errorf("%s has no free slot in the next days", doctor.FullName)
	}
	slot := slots.JSON200.Items[0]

	notices, err := api.ListConsentsWithResponse(ctx, &amrutam.ListConsentsParams{})
	if err != nil {
		return err
	}
	for _, notice := range notices.JSON200.Items {
		if notice.Purpose != "TREATMENT" || notice.GivenAt != nil {
			continue
		}
		fmt.Println(notice.Text)
		_, err := api.GiveConsentWithResponse(ctx, &amrutam.GiveConsentParams{},
			amrutam.GiveConsentJSONRequestBody{Purpose: notice.Purpose, NoticeVersion: notice.NoticeVersion})
		if err != nil {
			return err
		}
	}

	// The key makes it safe to send the same booking again when the answer was lost.
	booking, err := api.BookConsultationWithResponse(ctx,
		&amrutam.BookConsultationParams{IdempotencyKey: uuid.NewString()},
		amrutam.BookConsultationJSONRequestBody{SlotID: slot.ID, Reason: "Back pain for two weeks"})
	if err != nil {
		return err
	}
	fmt.Printf("booked %s with %s at %s: %s\n", booking.JSON201.ID, doctor.FullName,
		booking.JSON201.StartTime.Format(time.RFC3339), booking.JSON201.Status)
	return nil
}
