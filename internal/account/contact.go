package account

import (
	"errors"

	"github.com/google/uuid"

	"amrutam/internal/seal"
)

// The sealed columns of a profile, as seal names them. They are bound to the profile's own id.
const (
	birthColumn   = "profiles.date_of_birth"
	phoneColumn   = "profiles.phone"
	addressColumn = "profiles.address"
)

// contact has the decrypted values of the sealed columns; "" is a value that is not set.
type contact struct{ dateOfBirth, phone, address string }

type sealedContact struct{ dateOfBirth, phone, phoneIndex, address []byte }

func (s *Service) sealContact(key seal.Key, profile uuid.UUID, c contact) (sealedContact, error) {
	birth, err1 := key.Seal(birthColumn, profile, c.dateOfBirth)
	phone, err2 := key.Seal(phoneColumn, profile, c.phone)
	address, err3 := key.Seal(addressColumn, profile, c.address)
	out := sealedContact{dateOfBirth: birth, phone: phone, address: address}
	if c.phone != "" {
		out.phoneIndex = s.Sealer.BlindIndex(phoneColumn, c.phone)
	}
	return out, errors.Join(err1, err2, err3)
}

func openContact(key seal.Key, row readProfileRow) (contact, error) {
	birth, err1 := key.Open(birthColumn, row.ProfileID, row.DateOfBirth)
	phone, err2 := key.Open(phoneColumn, row.ProfileID, row.Phone)
	address, err3 := key.Open(addressColumn, row.ProfileID, row.Address)
	return contact{dateOfBirth: birth, phone: phone, address: address}, errors.Join(err1, err2, err3)
}
