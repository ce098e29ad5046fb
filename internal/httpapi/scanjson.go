package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"hash/maphash"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"amrutam/internal/problem"
)

// maxDepth of nested JSON. No operation needs more than a few levels.
const maxDepth = 32

var (
	errSyntax    = errors.New("not JSON")
	errSurrogate = errors.New("half of a character")
	errTooMany   = errors.New("too many values")
)

// CheckJSON accepts one well-formed JSON value of at most maxValues values. It refuses what encoding/json accepts:
// broken UTF-8, duplicate keys, NUL characters and deep nesting. It reads the body once, without allocating for an
// ordinary one. A body that seems wrong is read again, to find where.
func CheckJSON(body []byte, maxValues int) error {
	if !utf8.Valid(body) {
		return problem.Malformed.WithDetail(detailNotUTF8)
	}
	s := scan{body: body, valuesLeft: maxValues}
	err := s.value(0)
	switch {
	case errors.Is(err, errTooMany):
		return problem.TooLarge.WithDetail(detailTooManyValues)
	case errors.Is(err, errSurrogate):
		return problem.Malformed.WithDetail(
			detailSurrogate)
	case err != nil:
		return problem.Malformed.WithDetail(detailNotJSON)
	}
	s.skipSpace()
	if s.at < len(body) {
		return problem.Malformed.WithDetail(detailTwoValues)
	}
	if !s.isSuspect {
		return nil
	}
	return locateFaults(body)
}

// scan checks the syntax of JSON (RFC 8259) without decoding it.
type scan struct {
	body []byte
	at   int
	// valuesLeft is how many values may still come.
	valuesLeft int
	objects    uint64
	// fewNames and manyNames are hashes of the names so far, each combined with its object. manyNames is used once
	// fewNames, which needs no allocation, is full.
	fewNames  [24]uint64
	nameCount int
	manyNames map[uint64]struct{}
	// isSuspect is set if a name may be there twice, or a text holds a NUL.
	isSuspect bool
}

var nameSeed = maphash.MakeSeed()

func (s *scan) skipSpace() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// peekToken skips space and returns the next byte, or 0 at the end.
func (s *scan) peekToken() byte {
	s.skipSpace()
	return s.peek()
}

func (s *scan) value(depth int) error {
	if depth > maxDepth {
		return errSyntax
	}
	if s.valuesLeft--; s.valuesLeft < 0 {
		return errTooMany
	}
	switch s.peekToken() {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		_, _, err := s.str()
		return err
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

func (s *scan) object(depth int) error {
	s.objects++
	object := s.objects
	s.at++
	if s.peekToken() == '}' {
		s.at++
		return nil
	}
	for {
		if s.peekToken() != '"' {
			return errSyntax
		}
		name, escaped, err := s.str()
		if err != nil {
			return err
		}
		s.addName(object, name, escaped)
		if s.peekToken() != ':' {
			return errSyntax
		}
		s.at++
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if done, err := s.separator('}'); done || err != nil {
			return err
		}
	}
}

func (s *scan) array(depth int) error {
	s.at++
	if s.peekToken() == ']' {
		s.at++
		return nil
	}
	for {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if done, err := s.separator(']'); done || err != nil {
			return err
		}
	}
}

// separator reads the comma between two members, or the end after the last one.
func (s *scan) separator(end byte) (done bool, err error) {
	c := s.peekToken()
	s.at++
	switch c {
	case ',':
		return false, nil
	case end:
		return true, nil
	}
	return false, errSyntax
}

// addName records a name of an object, given with its quotes. Different names almost never have the same hash; if they
// do, the body is read a second time for nothing.
func (s *scan) addName(object uint64, name []byte, escaped bool) {
	plain := name[1 : len(name)-1]
	if escaped {
		var text string
		if json.Unmarshal(name, &text) != nil {
			s.isSuspect = true
			return
		}
		plain = []byte(text)
	}
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio, as hash tables spread integers
	hash := maphash.Bytes(nameSeed, plain) ^ object*golden
	if s.manyNames == nil && s.nameCount < len(s.fewNames) {
		s.isSuspect = s.isSuspect || slices.Contains(s.fewNames[:s.nameCount], hash)
		s.fewNames[s.nameCount] = hash
		s.nameCount++
		return
	}
	if s.manyNames == nil {
		s.manyNames = make(map[uint64]struct{}, 4*len(s.fewNames))
		for _, h := range s.fewNames {
			s.manyNames[h] = struct{}{}
		}
	}
	_, isKnown := s.manyNames[hash]
	s.isSuspect = s.isSuspect || isKnown
	s.manyNames[hash] = struct{}{}
}

func (s *scan) literal(word string) error {
	if !bytes.HasPrefix(s.body[s.at:], []byte(word)) {
		return errSyntax
	}
	s.at += len(word)
	return nil
}

func (s *scan) number() error {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return errSyntax
	}
	if s.peek() == '.' {
		if s.at++; !s.digits() {
			return errSyntax
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return errSyntax
		}
	}
	return nil
}

// peek returns the next byte, or 0 at the end.
func (s *scan) peek() byte {
	if s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

// digits skips digits, and tells whether there was one.
func (s *scan) digits() bool {
	start := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > start
}

// str reads a string, and returns it with its quotes.
func (s *scan) str() (text []byte, escaped bool, err error) {
	start := s.at
	for s.at++; s.at < len(s.body); s.at++ {
		switch c := s.body[s.at]; {
		case c == '"':
			s.at++
			return s.body[start:s.at], escaped, nil
		case c < ' ':
			return nil, false, errSyntax
		case c == '\\':
			escaped = true
			s.at++
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		}
	}
	return nil, false, errSyntax
}

// escape reads what follows a backslash, up to its last byte. It refuses a surrogate without its pair, which
// encoding/json would replace by U+FFFD.
func (s *scan) escape() error {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return errSyntax
	}
	first, ok := s.codeUnit()
	switch {
	case !ok:
		return errSyntax
	case first == 0:
		s.isSuspect = true
		return nil
	case !utf16.IsSurrogate(first):
		return nil
	case s.at+2 >= len(s.body) || s.body[s.at+1] != '\\' || s.body[s.at+2] != 'u':
		return errSurrogate
	}
	s.at += 2
	second, ok := s.codeUnit()
	switch {
	case !ok:
		return errSyntax
	case utf16.DecodeRune(first, second) == utf8.RuneError:
		return errSurrogate
	}
	return nil
}

// codeUnit reads uXXXX, up to its last byte.
func (s *scan) codeUnit() (unit rune, ok bool) {
	if s.at+4 >= len(s.body) {
		return 0, false
	}
	for _, c := range s.body[s.at+1 : s.at+5] {
		unit <<= 4
		switch {
		case c >= '0' && c <= '9':
			unit |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			unit |= rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			unit |= rune(c-'A') + 10
		default:
			return 0, false
		}
	}
	s.at += 4
	return unit, true
}
