package logfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/klauspost/compress/zstd"
)

// Reader reads the blocks of a file. It isn't safe for concurrent use.
type Reader struct {
	Blocks []Block

	in      io.ReaderAt
	decoder *zstd.Decoder
	lines   []byte
}

// Open reads the index of a file of size bytes. Returns ErrDamaged, also if the index hasn't the SHA-256.
func Open(in io.ReaderAt, size int64, indexSHA256 string) (*Reader, error) {
	trailer, err := readAt(in, size-int64(trailerSize), trailerSize)
	if err != nil || string(trailer[8:]) != trailerMagic {
		return nil, fmt.Errorf("%w: it does not end as such a file ends", ErrDamaged)
	}
	length := binary.LittleEndian.Uint64(trailer)
	if length > maxIndex {
		return nil, fmt.Errorf("%w: its index is too long", ErrDamaged)
	}
	index, err := readAt(in, size-int64(trailerSize)-int64(length), int(length))
	if err != nil || SumOf(index) != indexSHA256 {
		return nil, fmt.Errorf("%w: its index is not what was written", ErrDamaged)
	}
	blocks, err := parseIndex(index)
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, err
	}
	return &Reader{Blocks: blocks, in: in, decoder: decoder}, nil
}

// Close frees the reader's memory. It doesn't close the file.
func (r *Reader) Close() { r.decoder.Close() }

// Filter tells which keys the entries of a block may have.
type Filter struct{ bloom bloom.BloomFilter }

// Filter returns the filter of a block. Returns ErrDamaged.
func (r *Reader) Filter(b Block) (*Filter, error) {
	frame, err := r.read(b, b.Offset+int64(b.Size), b.FilterSize, b.FilterSHA256)
	if err != nil {
		return nil, err
	}
	var f Filter
	if _, err := f.bloom.ReadFrom(bytes.NewReader(frame[headerSize:])); err != nil {
		return nil, b.damaged()
	}
	return &f, nil
}

// MayHave reports whether an entry may have all these keys; one in a hundred times it has not. If it reports false,
// there is none.
func (f *Filter) MayHave(keys []string) bool {
	for _, key := range keys {
		if !f.bloom.TestString(key) {
			return false
		}
	}
	return true
}

// Entries calls fn with each entry of a block and its place among the leaves. The entry is valid until fn returns.
// Returns ErrDamaged.
func (r *Reader) Entries(b Block, fn func(leaf int64, entry []byte) error) error {
	frame, err := r.read(b, b.Offset, b.Size, b.SHA256)
	if err != nil {
		return err
	}
	if r.lines, err = r.decoder.DecodeAll(frame, r.lines[:0]); err != nil {
		return b.damaged()
	}
	rest, leaf := r.lines, b.First
	for len(rest) > 0 {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		if !complete || leaf == b.First+int64(b.Count) {
			return b.damaged()
		}
		if err := fn(leaf, line); err != nil {
			return err
		}
		rest = after
		leaf++
	}
	if leaf != b.First+int64(b.Count) {
		return b.damaged()
	}
	return nil
}

// read reads a frame of the block.
func (r *Reader) read(b Block, offset int64, size int, sum string) ([]byte, error) {
	frame, err := readAt(r.in, offset, size)
	if err != nil || SumOf(frame) != sum {
		return nil, b.damaged()
	}
	return frame, nil
}

func (b Block) damaged() error {
	return fmt.Errorf("%w: the block of entries %d to %d", ErrDamaged, b.First, b.First+int64(b.Count)-1)
}

func readAt(in io.ReaderAt, offset int64, size int) ([]byte, error) {
	if offset < 0 || size < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	data := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(in, offset, int64(size)), data)
	return data, err
}
