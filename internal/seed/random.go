package seed

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// random makes the choices. Two with the same seed and stream choose the same.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random {
	return random{rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // data for tests must be repeatable
}

// id returns a UUIDv7 of this instant (RFC 9562).
func (r random) id(at time.Time) uuid.UUID {
	id := postgres.IDsFrom(at)
	a, b := r.Uint64(), r.Uint64()
	binary.BigEndian.PutUint16(id[6:], 0x7000|uint16(a&0x0fff))
	binary.BigEndian.PutUint64(id[8:], 0x8000_0000_0000_0000|b>>2)
	return id
}

// bytes returns n bytes, a multiple of 8.
func (r random) bytes(n int) []byte {
	all := make([]byte, 0, n)
	for len(all) < n {
		all = binary.BigEndian.AppendUint64(all, r.Uint64())
	}
	return all
}

func (r random) chance(p float64) bool { return r.Float64() < p }

// between returns a duration from one until before the other, in microseconds, PostgreSQL's resolution. Without room
// between them it is the first.
func (r random) between(from, to time.Duration) time.Duration {
	if to-from < time.Microsecond {
		return from
	}
	return from + time.Duration(r.Int64N((to-from).Microseconds()))*time.Microsecond
}

// instant returns an instant between two.
func (r random) instant(from, to time.Time) time.Time { return from.Add(r.between(0, to.Sub(from))) }

// exponential returns a duration of an exponential distribution.
func (r random) exponential(mean time.Duration) time.Duration {
	return time.Duration(-math.Log(1-r.Float64()) * float64(mean)).Truncate(time.Microsecond)
}

func pick[T any](r random, from []T) T { return from[r.IntN(len(from))] }

// weighted is a value that is chosen in proportion to its weight.
type weighted[T any] struct {
	value  T
	weight int
}

func pickWeighted[T any](r random, from []weighted[T]) T {
	total := 0
	for _, w := range from {
		total += w.weight
	}
	n := r.IntN(total)
	for _, w := range from {
		if n -= w.weight; n < 0 {
			return w.value
		}
	}
	return from[0].value
}
