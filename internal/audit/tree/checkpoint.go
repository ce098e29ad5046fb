package tree

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says that the tree had this root when it had size leaves.
type Checkpoint struct {
	Size int64
	Root Hash
	Time time.Time
	// XID is the bound of the transactions whose entries are in the tree: all with a lower number, and no others.
	XID uint64
	// Restored says that the database was taken back to this size by a restore that somebody wanted: checkpoints of
	// larger trees that were signed before are given up.
	Restored bool
	// Partial says that there were more entries when it was signed: they are in later checkpoints of the same run.
	Partial bool
}

// The lines of a checkpoint that states a restore, and of one that is partial.
const (
	restoredLine = "restored\n"
	partialLine  = "partial\n"
)

// Errors of Open, beside those of a text that is no checkpoint.
var (
	ErrOtherKey     = errors.New("it is signed by another installation")
	ErrBadSignature = errors.New("its signature is wrong")
)

// ed25519Algorithm is the byte for Ed25519 in keys of signed notes.
const ed25519Algorithm = 1

// Signer signs checkpoints with an installation's key.
type Signer struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// NewSigner returns the signer whose Ed25519 key is made from a seed of 32 bytes.
func NewSigner(seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("a seed of %d bytes", len(seed))
	}
	public, ok := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	sum := sha256.Sum256(public)
	name := "amrutam-" + hex.EncodeToString(sum[:8])
	verifierKey, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return nil, err
	}
	s := &Signer{public: verifierKey}
	if s.verifier, err = note.NewVerifier(verifierKey); err != nil {
		return nil, err
	}
	s.signer, err = note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, s.verifier.KeyHash(),
		base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, seed...))))
	return s, err
}

// PublicKey returns the key for those who check checkpoints, as a verifier key of signed notes.
func (s *Signer) PublicKey() string { return s.public }

// Sign returns the checkpoint as a signed note: the name of the key, the size, the root, the time and the bound of
// transactions, one a line, "restored" if it states a restore, "partial" if there are more, and the signature.
func (s *Signer) Sign(c Checkpoint) (string, error) {
	text := fmt.Sprintf("%s\n%d\n%s\ntime %s\nxid %d\n", s.signer.Name(), c.Size, c.Root,
		c.Time.UTC().Format(time.RFC3339Nano), c.XID)
	if c.Restored {
		text += restoredLine
	}
	if c.Partial {
		text += partialLine
	}
	signed, err := note.Sign(&note.Note{Text: text}, s.signer)
	return string(signed), err
}

// Open returns the checkpoint in a note that this key signed. Returns ErrOtherKey, ErrBadSignature, or what is wrong
// with the text.
func (s *Signer) Open(signed string) (c Checkpoint, err error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(s.verifier))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		return c, ErrOtherKey
	case errors.As(err, &invalid):
		return c, ErrBadSignature
	case err != nil:
		return c, errors.New("it is no checkpoint, or cut")
	}
	text := opened.Text
	text, c.Partial = strings.CutSuffix(text, partialLine)
	text, c.Restored = strings.CutSuffix(text, restoredLine)
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[0] != s.verifier.Name() {
		return c, errors.New("it is no checkpoint of an audit log")
	}
	errs := make([]error, 4)
	c.Size, errs[0] = strconv.ParseInt(lines[1], 10, 64)
	c.Root, errs[1] = tlog.ParseHash(lines[2])
	c.Time, errs[2] = time.Parse(time.RFC3339Nano, strings.TrimPrefix(lines[3], "time "))
	c.XID, errs[3] = strconv.ParseUint(strings.TrimPrefix(lines[4], "xid "), 10, 64)
	if errors.Join(errs...) != nil || c.Size < 0 {
		return c, errors.New("it is no checkpoint of an audit log")
	}
	return c, nil
}
