package httpapi

import (
	"encoding/json"
	"errors"
	"hash/maphash"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"amrutam/internal/problem"
)

// maxDepth of nested JSON; no operation needs more than a handful.
const maxDepth = 32

var (
	errSyntax    = errors.New("not JSON")
	errSurrogate = errors.New("half of a character")
	errTooMany   = errors.New("too many values")
)

// CheckJSON refuses what encoding/json lets pass: broken UTF-8, duplicate keys, NUL characters, excessive nesting, and
// more than so many values. It reads the body once, and allocates nothing for an ordinary one; only a body that is
// wrong is read anew, to tell where. What it accepts is one well-formed value.
func CheckJSON(body []byte, values int) error {
	if !utf8.Valid(body) {
		return problem.Malformed.WithDetail("The body isn't valid UTF-8.")
	}
	s := scan{body: body, left: values}
	err := s.value(0)
	switch {
	case errors.Is(err, errTooMany):
		return problem.TooLarge.WithDetail("The body holds more values than this operation takes.")
	case errors.Is(err, errSurrogate):
		return problem.Malformed.WithDetail(
			"The body holds half of a character: an escaped surrogate without its pair.")
	case err != nil:
		return problem.Malformed.WithDetail("The body isn't well-formed JSON.")
	}
	if s.space(); s.at < len(body) {
		return problem.Malformed.WithDetail("The body holds more than one JSON value.")
	}
	if !s.suspect {
		return nil
	}
	return findFaults(body)
}

// scan reads JSON (RFC 8259) without making anything of it.
type scan struct {
	body []byte
	at   int
	// left are the values that may still come.
	left    int
	objects uint64
	// few and many are the names that were met, each with its object, as hashes.
	few  [24]uint64
	met  int
	many map[uint64]struct{}
	// suspect: a name may be there twice, or a text holds a NUL.
	suspect bool
}

var nameSeed = maphash.MakeSeed()

func (s *scan) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// next is the byte that isn't space, or 0 at the end.
func (s *scan) next() byte {
	if s.space(); s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

func (s *scan) value(depth int) error {
	if depth > maxDepth {
		return errSyntax
	}
	if s.left--; s.left < 0 {
		return errTooMany
	}
	switch s.next() {
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case '"':
		_, _, err := s.text()
		return err
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scan) object(depth int) error {
	s.objects++
	object := s.objects
	s.at++
	if s.next() == '}' {
		s.at++
		return nil
	}
	for {
		if s.next() != '"' {
			return errSyntax
		}
		name, escaped, err := s.text()
		if err != nil {
			return err
		}
		s.meet(object, name, escaped)
		if s.next() != ':' {
			return errSyntax
		}
		s.at++
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if done, err := s.more('}'); done || err != nil {
			return err
		}
	}
}

func (s *scan) array(depth int) error {
	s.at++
	if s.next() == ']' {
		s.at++
		return nil
	}
	for {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if done, err := s.more(']'); done || err != nil {
			return err
		}
	}
}

// more reads what comes between two members, or behind the last.
func (s *scan) more(end byte) (done bool, err error) {
	c := s.next()
	s.at++
	switch c {
	case ',':
		return false, nil
	case end:
		return true, nil
	}
	return false, errSyntax
}

// meet notes a name, with its quotes. Two that differ have the same hash hardly ever; then the body is read once more
// in vain.
func (s *scan) meet(object uint64, name []byte, escaped bool) {
	plain := name[1 : len(name)-1]
	if escaped {
		var text string
		if json.Unmarshal(name, &text) != nil {
			s.suspect = true
			return
		}
		plain = []byte(text)
	}
	const golden = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio, as hash tables spread integers
	hash := maphash.Bytes(nameSeed, plain) ^ object*golden
	if s.many == nil && s.met < len(s.few) {
		s.suspect = s.suspect || slices.Contains(s.few[:s.met], hash)
		s.few[s.met] = hash
		s.met++
		return
	}
	if s.many == nil {
		s.many = make(map[uint64]struct{}, 4*len(s.few))
		for _, h := range s.few {
			s.many[h] = struct{}{}
		}
	}
	_, there := s.many[hash]
	s.suspect = s.suspect || there
	s.many[hash] = struct{}{}
}

func (s *scan) word(word string) error {
	if end := s.at + len(word); end <= len(s.body) && string(s.body[s.at:end]) == word {
		s.at = end
		return nil
	}
	return errSyntax
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

// peek is the byte here, or 0 at the end.
func (s *scan) peek() byte {
	if s.at < len(s.body) {
		return s.body[s.at]
	}
	return 0
}

// digits skips them, and tells whether there was one.
func (s *scan) digits() bool {
	began := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > began
}

// text is a string with its quotes.
func (s *scan) text() (text []byte, escaped bool, err error) {
	began := s.at
	for s.at++; s.at < len(s.body); s.at++ {
		switch c := s.body[s.at]; {
		case c == '"':
			s.at++
			return s.body[began:s.at], escaped, nil
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

// escape reads what follows a backslash, and stays on its last byte. A surrogate without its pair is read by
// encoding/json as U+FFFD, another text than was sent.
func (s *scan) escape() error {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return errSyntax
	}
	first, ok := s.unit()
	switch {
	case !ok:
		return errSyntax
	case first == 0:
		s.suspect = true
		return nil
	case !utf16.IsSurrogate(first):
		return nil
	case s.at+2 >= len(s.body) || s.body[s.at+1] != '\\' || s.body[s.at+2] != 'u':
		return errSurrogate
	}
	s.at += 2
	second, ok := s.unit()
	switch {
	case !ok:
		return errSyntax
	case utf16.DecodeRune(first, second) == utf8.RuneError:
		return errSurrogate
	}
	return nil
}

// unit is the code unit of the uXXXX here.
func (s *scan) unit() (unit rune, ok bool) {
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
