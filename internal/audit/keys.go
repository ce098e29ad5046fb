package audit

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// The names of keys by which files can be searched, as the API names them.
const (
	keyActor   = "actorId"
	keyEntity  = "entityId"
	keyAction  = "action"
	keyType    = "entityType"
	keyAddress = "ipAddress"
	keyRequest = "requestId"
	keyPatient = "patientId"
)

func key(name, value string) string { return name + "=" + value }

// leafFields has the key that each field of a leaf gives, or an empty text.
var leafFields = []string{"", keyActor, "", keyAction, keyType, keyEntity, fieldMetadata, keyAddress, ""}

const (
	fieldMetadata   = "metadata"
	fieldPatientIDs = "patientIds"
)

// keyScanner finds the keys by which entries can be found in a file. It makes no Entry of a leaf, since that would
// take most of the time of verifying a file.
type keyScanner struct {
	in      bytes.Buffer
	decoder jsontext.Decoder
	text    []byte // the keys of the leaf, one after another
	ends    []int  // where each key ends in text
	list    []string
}

// keys returns the keys of a leaf, which are valid until the next call.
func (s *keyScanner) keys(leaf []byte) ([]string, error) {
	s.in = *bytes.NewBuffer(leaf)
	s.decoder.Reset(&s.in, jsontext.AllowDuplicateNames(true))
	s.text, s.ends = s.text[:0], s.ends[:0]
	if t, err := s.decoder.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, errNoLeaf
	}
	for _, name := range leafFields {
		if err := s.field(name); err != nil {
			return nil, errNoLeaf
		}
	}
	if t, err := s.decoder.ReadToken(); err != nil || t.Kind() != ']' {
		return nil, errNoLeaf
	}
	return s.split(), nil
}

// field reads the next field of a leaf.
func (s *keyScanner) field(name string) error {
	switch {
	case name == "":
		return s.decoder.SkipValue()
	case name == fieldMetadata && s.decoder.PeekKind() == '{':
		return s.metadata()
	}
	return s.value(name)
}

// metadata reads the ids in an entry's metadata: the request's, and those of the patients whose records were read.
func (s *keyScanner) metadata() error {
	if _, err := s.decoder.ReadToken(); err != nil {
		return err
	}
	for s.decoder.PeekKind() == '"' {
		name, err := s.decoder.ReadValue()
		if err != nil {
			return err
		}
		switch string(name) {
		case `"` + keyRequest + `"`:
			err = s.value(keyRequest)
		case `"` + keyPatient + `"`:
			err = s.value(keyPatient)
		case `"` + fieldPatientIDs + `"`:
			err = s.values(keyPatient)
		default:
			err = s.decoder.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := s.decoder.ReadToken()
	return err
}

// values reads a list of values of a key.
func (s *keyScanner) values(name string) error {
	if s.decoder.PeekKind() != '[' {
		return s.decoder.SkipValue()
	}
	_, err := s.decoder.ReadToken()
	for err == nil && s.decoder.PeekKind() != ']' {
		err = s.value(name)
	}
	if err == nil {
		_, err = s.decoder.ReadToken()
	}
	return err
}

// value reads a value of a key. Only a text is one.
func (s *keyScanner) value(name string) error {
	if s.decoder.PeekKind() != '"' {
		return s.decoder.SkipValue()
	}
	value, err := s.decoder.ReadValue()
	if err != nil {
		return err
	}
	s.text = append(append(s.text, name...), '=')
	if s.text, err = jsontext.AppendUnquote(s.text, value); err != nil {
		return err
	}
	s.ends = append(s.ends, len(s.text))
	return nil
}

// split returns the keys one by one.
func (s *keyScanner) split() []string {
	text, start := string(s.text), 0
	s.list = s.list[:0]
	for _, end := range s.ends {
		s.list = append(s.list, text[start:end])
		start = end
	}
	return s.list
}
