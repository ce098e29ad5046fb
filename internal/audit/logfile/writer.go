package logfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"time"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/klauspost/compress/zstd"
)

// Writer writes a file.
type Writer struct {
	out     io.Writer
	sum     hash.Hash
	encoder *zstd.Encoder
	summary Summary

	blockEntries int

	lines  []byte
	keys   map[string]bool // of the block
	block  Block
	blocks []Block
}

// NewWriter returns a writer of a file whose first entry has this place among the leaves. It compresses blockEntries
// entries together: with 4096 they are about a megabyte.
func NewWriter(out io.Writer, first int64, blockEntries int) (*Writer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	return &Writer{
		out:          out,
		sum:          sha256.New(),
		encoder:      encoder,
		summary:      Summary{First: first},
		blockEntries: blockEntries,
		keys:         map[string]bool{},
		block:        Block{First: first},
	}, nil
}

// Add adds the next entry, which has no line break, and the keys by which it can be found.
func (w *Writer) Add(entry []byte, created time.Time, keys []string) error {
	w.lines = append(append(w.lines, entry...), '\n')
	for _, key := range keys {
		w.keys[key] = true
	}
	if w.block.Count == 0 || created.Before(w.block.From) {
		w.block.From = created
	}
	if w.block.Count == 0 || created.After(w.block.To) {
		w.block.To = created
	}
	w.block.Count++
	if w.block.Count < w.blockEntries {
		return nil
	}
	return w.flush()
}

// flush writes the block.
func (w *Writer) flush() error {
	if w.block.Count == 0 {
		return nil
	}
	frame := w.encoder.EncodeAll(w.lines, nil)
	filter, err := w.filter()
	if err != nil {
		return err
	}
	b := w.block
	b.Offset, b.Size, b.SHA256 = w.summary.Size, len(frame), SumOf(frame)
	b.FilterSize, b.FilterSHA256 = len(filter), SumOf(filter)
	if err := w.write(frame); err != nil {
		return err
	}
	if err := w.write(filter); err != nil {
		return err
	}
	w.blocks = append(w.blocks, b)
	if w.summary.Count == 0 || b.From.Before(w.summary.From) {
		w.summary.From = b.From
	}
	if w.summary.Count == 0 || b.To.After(w.summary.To) {
		w.summary.To = b.To
	}
	w.summary.Count += int64(b.Count)
	w.lines, w.block = w.lines[:0], Block{First: b.First + int64(b.Count)}
	clear(w.keys)
	return nil
}

// filter returns the frame of the filter of the block's keys.
func (w *Writer) filter() ([]byte, error) {
	filter := bloom.NewWithEstimates(uint(max(len(w.keys), 1)), falsePositives)
	for key := range w.keys {
		filter.AddString(key)
	}
	var data bytes.Buffer
	if _, err := filter.WriteTo(&data); err != nil {
		return nil, err
	}
	return skippable(data.Bytes()), nil
}

func skippable(data []byte) []byte {
	frame := binary.LittleEndian.AppendUint32(make([]byte, 0, headerSize+len(data)), skippableMagic)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(data))) //nolint:gosec // at most maxIndex
	return append(frame, data...)
}

func (w *Writer) write(data []byte) error {
	w.sum.Write(data)
	w.summary.Size += int64(len(data))
	_, err := w.out.Write(data)
	return err
}

// Close writes the rest and the index. It doesn't close the underlying writer.
func (w *Writer) Close() (Summary, error) {
	if err := w.flush(); err != nil {
		return Summary{}, err
	}
	index, err := json.Marshal(w.blocks)
	if err != nil {
		return Summary{}, err
	}
	w.summary.IndexSHA256 = SumOf(index)
	trailer := binary.LittleEndian.AppendUint64(index, uint64(len(index)))
	if err := w.write(skippable(append(trailer, trailerMagic...))); err != nil {
		return Summary{}, err
	}
	w.summary.SHA256 = hex.EncodeToString(w.sum.Sum(nil))
	return w.summary, nil
}
