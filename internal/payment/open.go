package payment

import (
	"github.com/google/uuid"

	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Open adds the payment of a new consultation to the transaction. One of amount zero has succeeded at once.
func (s *Service) Open(tx *postgres.Tx, consultationID uuid.UUID, amount money.Amount, currency string) {
	status, provider := StatusInitiated, s.DefaultProvider
	if amount == 0 {
		status, provider = StatusSuccess, providerNone
	}
	queueInsertPayment(tx, queueInsertPaymentParams{ID: uuid.Must(uuid.NewV7()), ConsultationID: consultationID,
		Amount: amount, Currency: currency, Status: status, Provider: provider, Now: tx.Now})
}
