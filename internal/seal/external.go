package seal

import "github.com/google/uuid"

// WithMaster seals a secret that is kept outside of the database with the first master key. use names what it is for.
func WithMaster(raw [][]byte, use, secret string) ([]byte, error) {
	keys, err := newMasterKeys(raw)
	if err != nil {
		return nil, err
	}
	return keys[0].Seal(use, uuid.Nil, secret)
}

// OpenWithMaster opens what WithMaster has sealed with one of the master keys.
func OpenWithMaster(raw [][]byte, use string, sealed []byte) (string, error) {
	keys, err := newMasterKeys(raw)
	if err != nil {
		return "", err
	}
	secret, _, err := keys.open(use, uuid.Nil, sealed)
	return secret, err
}
