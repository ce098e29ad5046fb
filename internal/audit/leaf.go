package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
)

var errNoLeaf = errors.New("not an entry of the audit log")

// parse sets the entry to a leaf of the tree: a JSON array that begins with the id and ends with the time in
// microseconds since 1970.
func (e *entry) parse(leaf []byte) error {
	const idStart, idLength = 2, 36 // after ["
	micros := bytes.TrimSuffix(leaf[bytes.LastIndexByte(leaf, ' ')+1:], []byte("]"))
	created, err := strconv.ParseInt(string(micros), 10, 64)
	if err != nil || len(leaf) < idStart+idLength {
		return errNoLeaf
	}
	if e.id, err = uuid.ParseBytes(leaf[idStart : idStart+idLength]); err != nil {
		return errNoLeaf
	}
	e.leaf, e.created = leaf, time.UnixMicro(created).UTC()
	return nil
}

// parseEntry returns the entry of a leaf.
func parseEntry(leaf []byte) (e Entry, err error) {
	var micros int64
	fields := []any{&e.ID, &e.ActorID, &e.ActorRole, &e.Action, &e.EntityType, &e.EntityID, &e.Metadata, &e.IPAddress,
		&micros}
	want := len(fields)
	if err := json.Unmarshal(leaf, &fields); err != nil || len(fields) != want {
		return e, errNoLeaf
	}
	e.CreatedAt = time.UnixMicro(micros).UTC()
	return e, nil
}

// patients returns the patients whose records the entry says were read.
func (e Entry) patients() []string {
	if id, ok := e.Metadata[keyPatient].(string); ok {
		return []string{id}
	}
	var ids []string
	all, _ := e.Metadata[fieldPatientIDs].([]any)
	for _, id := range all {
		if id, ok := id.(string); ok {
			ids = append(ids, id)
		}
	}
	return ids
}
