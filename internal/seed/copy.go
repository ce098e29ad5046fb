package seed

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/money"
)

// table collects rows in the binary format of COPY (PostgreSQL's documentation of COPY, "Binary Format"). Its methods
// add one value each, in the order of the columns. They write into one buffer that is used again, so that memory stays
// bounded and the rows of a year leave no garbage.
type table struct {
	name    string
	columns []string
	rows    int64
	data    []byte
}

func newTable(name, columns string) *table {
	return &table{name: name, columns: strings.Fields(columns)}
}

// copyHeader is the signature, no flags, and no extension.
var copyHeader = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)

// copyEnd is the trailer: a row of -1 columns.
var copyEnd = []byte{0xff, 0xff}

// row begins a row.
func (t *table) row() {
	if len(t.data) == 0 {
		t.data = append(t.data, copyHeader...)
	}
	t.rows++
	t.data = binary.BigEndian.AppendUint16(t.data, uint16(len(t.columns))) //nolint:gosec // a few columns
}

func (t *table) length(n int) {
	t.data = binary.BigEndian.AppendUint32(t.data, uint32(n)) //nolint:gosec // values are short
}

func (t *table) null() { t.data = append(t.data, 0xff, 0xff, 0xff, 0xff) }

func (t *table) id(v uuid.UUID) {
	t.length(len(v))
	t.data = append(t.data, v[:]...)
}

// optionalID adds NULL for uuid.Nil.
func (t *table) optionalID(v uuid.UUID) {
	if v == uuid.Nil {
		t.null()
		return
	}
	t.id(v)
}

// text also adds values of enums.
func (t *table) text(v string) {
	t.length(len(v))
	t.data = append(t.data, v...)
}

// optionalText adds NULL for "".
func (t *table) optionalText(v string) {
	if v == "" {
		t.null()
		return
	}
	t.text(v)
}

// bytes adds NULL for nil.
func (t *table) bytes(v []byte) {
	if v == nil {
		t.null()
		return
	}
	t.length(len(v))
	t.data = append(t.data, v...)
}

func (t *table) bool(v bool) {
	t.length(1)
	if v {
		t.data = append(t.data, 1)
		return
	}
	t.data = append(t.data, 0)
}

func (t *table) int16(v int) {
	t.length(2)
	t.data = binary.BigEndian.AppendUint16(t.data, uint16(v)) //nolint:gosec // small numbers
}

func (t *table) int32(v int) {
	t.length(4)
	t.data = binary.BigEndian.AppendUint32(t.data, uint32(v)) //nolint:gosec // small numbers
}

func (t *table) int64(v int64) {
	t.length(8)
	t.data = binary.BigEndian.AppendUint64(t.data, uint64(v)) //nolint:gosec // the same bits
}

// postgresEpoch is the zero of PostgreSQL's times, which count microseconds.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// time adds NULL for the zero time.
func (t *table) time(v time.Time) {
	if v.IsZero() {
		t.null()
		return
	}
	t.int64(v.Sub(postgresEpoch).Microseconds())
}

// date adds the day of v in UTC.
func (t *table) date(v time.Time) { t.int32(int(v.Sub(postgresEpoch) / day)) }

// period adds a tstzrange from start until before end.
func (t *table) period(start, end time.Time) {
	const startIsIncluded = 2 // RANGE_LB_INC
	t.length(1 + 12 + 12)
	t.data = append(t.data, startIsIncluded)
	t.time(start)
	t.time(end)
}

// amount adds a numeric with two decimals: its digits in base 10000.
func (t *table) amount(v money.Amount) {
	whole, cents := int64(v)/100, int64(v)%100
	var digits []uint16
	for n := whole; n > 0; n /= 10_000 {
		digits = append(digits, uint16(n%10_000))
	}
	t.length(8 + 2*len(digits) + 2)
	for _, v := range []int{len(digits) + 1, len(digits) - 1, 0, 2} { // digits, weight of the first, sign, decimals
		t.data = binary.BigEndian.AppendUint16(t.data, uint16(v)) //nolint:gosec // -1 is the weight of a fraction
	}
	for i := len(digits) - 1; i >= 0; i-- {
		t.data = binary.BigEndian.AppendUint16(t.data, digits[i])
	}
	t.data = binary.BigEndian.AppendUint16(t.data, uint16(cents*100)) //nolint:gosec // below 10000
}

// texts adds a text[].
func (t *table) texts(all []string) {
	const textOID = 25
	size := 20
	for _, v := range all {
		size += 4 + len(v)
	}
	t.length(size)
	for _, v := range []int{1, 0, textOID, len(all), 1} { // dimensions, no NULLs, type, length, first index
		t.length(v)
	}
	for _, v := range all {
		t.text(v)
	}
}

// json adds a jsonb.
func (t *table) json(v string) {
	const version = 1
	t.length(1 + len(v))
	t.data = append(t.data, version)
	t.data = append(t.data, v...)
}

// write sends the collected rows, and empties the table.
func (t *table) write(ctx context.Context, tx pgx.Tx) (int64, error) {
	if t.rows == 0 {
		return 0, nil
	}
	t.data = append(t.data, copyEnd...)
	sql := "COPY " + t.name + " (" + strings.Join(t.columns, ", ") + ") FROM STDIN (FORMAT binary)"
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(t.data), sql)
	if err != nil {
		return 0, fmt.Errorf("copy into %s: %w", t.name, err)
	}
	t.data, t.rows = t.data[:0], 0
	return tag.RowsAffected(), nil
}
