package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"amrutam/internal/httpapi"
)

// BenchmarkCheckJSON reads 64 KiB of the worst of each kind, as if any number of values were taken.
func BenchmarkCheckJSON(b *testing.B) {
	const size = 64 << 10
	fill := func(begin, one, end string) string { return begin + strings.Repeat(one, size/len(one)) + end }
	var names strings.Builder
	for i := 0; names.Len() < size; i++ {
		fmt.Fprintf(&names, `,"%d":1`, i)
	}
	for _, of := range []struct{ name, text string }{
		{"tokens", fill("[1", ",1", "]")},
		{"nested", fill("[1", ","+strings.Repeat("[", 30)+strings.Repeat("]", 30), "]")},
		{"names", `{"a":1` + names.String() + "}"}, {"duplicates", fill(`{"a":1`, `,"a":1`, "}")},
		{"long-names", fill(`{"a":1`, `,"`+strings.Repeat("n", 1000)+`":1`, "}")}, {"text", fill(`"`, `\u0041`, `"`)},
	} {
		b.Run(of.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = httpapi.CheckJSON([]byte(of.text), 1<<20)
			}
		})
	}
}
