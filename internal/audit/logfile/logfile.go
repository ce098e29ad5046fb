// Package logfile reads and writes files of compressed audit entries that can be searched.
//
// A file is a sequence of zstd frames (RFC 8878): for each block of entries a frame with a line for each of them, and
// a skippable frame with a Bloom filter of their keys. The last frame is skippable too, and has the index of the
// blocks in JSON. So `zstd -dc` prints the entries.
package logfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// falsePositives is how often a filter says that a block may have a key that it doesn't have.
	falsePositives = 0.01

	skippableMagic = 0x184D2A50 // RFC 8878, section 3.1.2
	headerSize     = 8          // of a skippable frame: its magic number and its length
	trailerMagic   = "AMRAUDIT"
	trailerSize    = 8 + len(trailerMagic) // the length of the index, and the magic

	// What is read is bounded, so that a damaged file can't make the reader take all memory.
	maxIndex = 64 << 20
	maxBlock = 256 << 20 // uncompressed
)

// ErrDamaged is wrapped by the errors about files that aren't as they were written.
var ErrDamaged = errors.New("damaged")

// Block is some thousand entries that are compressed together.
type Block struct {
	First        int64     `json:"first"` // the place of its first entry among the leaves of the tree, from 0
	Count        int       `json:"count"`
	From         time.Time `json:"from"` // when the earliest of its entries was written
	To           time.Time `json:"to"`   // when the latest one was written
	Offset       int64     `json:"offset"`
	Size         int       `json:"size"` // of its frame, in bytes
	SHA256       string    `json:"sha256"`
	FilterSize   int       `json:"filterSize"` // of the skippable frame after it
	FilterSHA256 string    `json:"filterSha256"`
}

// Summary describes a file.
type Summary struct {
	First       int64 // the place of its first entry among the leaves of the tree, from 0
	Count       int64
	From, To    time.Time // when the earliest and the latest of its entries were written
	Size        int64     // in bytes
	SHA256      string    // of the file, in hexadecimal digits
	IndexSHA256 string
}

// SumOf returns the SHA-256 of data, in hexadecimal digits.
func SumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// parseIndex returns the blocks of an index, and checks that they follow each other.
func parseIndex(data []byte) ([]Block, error) {
	var blocks []Block
	if err := json.Unmarshal(data, &blocks); err != nil {
		return nil, fmt.Errorf("%w: its index is no JSON", ErrDamaged)
	}
	for i, b := range blocks {
		isNext := i == 0 && b.Offset == 0
		if i > 0 {
			before := blocks[i-1]
			isNext = b.First == before.First+int64(before.Count) &&
				b.Offset == before.Offset+int64(before.Size+before.FilterSize)
		}
		if !isNext || b.Count < 1 || b.Size < 1 || b.FilterSize <= headerSize {
			return nil, fmt.Errorf("%w: block %d of its index doesn't follow the one before", ErrDamaged, i)
		}
	}
	return blocks, nil
}
