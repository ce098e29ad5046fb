// Package asset serves embedded files: compressed, with an ETag, and cached for good under an address that names their
// content.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Asset is a file of a page.
type Asset struct {
	// Tag is of the content, for the ETag and for the query "v" of its address.
	Tag string
	// Fixed says that the address itself names the content.
	Fixed bool

	contentType string
	packed      func() []byte // compressed by gzip; returns nil for small files
	plain       func() []byte
}

// New returns an asset. Content of a kilobyte and more is compressed when it is first needed.
func New(contentType string, content []byte) *Asset {
	a := &Asset{Tag: tagOf(content), contentType: contentType, plain: func() []byte { return content },
		packed: func() []byte { return nil }}
	if len(content) >= 1024 {
		a.packed = sync.OnceValue(func() []byte { return pack(content) })
	}
	return a
}

// NewPacked returns an asset whose content was compressed by gzip. It is decompressed when it is first needed, because
// nearly every client accepts gzip. ServeHTTP panics then if it is damaged.
func NewPacked(contentType string, packed []byte) *Asset {
	return &Asset{Tag: tagOf(packed), contentType: contentType, packed: func() []byte { return packed },
		plain: sync.OnceValue(func() []byte { return unpack(packed) })}
}

func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// ServeHTTP answers GET and HEAD.
func (a *Asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	if a.Fixed || r.URL.Query().Get("v") == a.Tag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache") // stored by the client, but validated by its ETag each time
	}
	packed := a.packed()
	if packed == nil {
		h.Set("ETag", `"`+a.Tag+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.plain()))
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+a.Tag+`-gzip"`) // RFC 9110 8.8.3: another coding is another representation
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(packed))
		return
	}
	h.Set("ETag", `"`+a.Tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.plain()))
}

// acceptsGzip tells whether an Accept-Encoding header (RFC 9110, 12.5.3) has gzip or *, with a weight above 0.
func acceptsGzip(header string) bool {
	wildcard := false
	for coding := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		isAccepted := true
		if weight, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); ok {
			q, err := strconv.ParseFloat(weight, 64)
			isAccepted = err == nil && q > 0
		}
		if name == "gzip" {
			return isAccepted
		}
		wildcard = isAccepted
	}
	return wildcard
}

func pack(plain []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(plain)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("asset: compress in memory: %v", err))
	}
	return out.Bytes()
}

func unpack(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("asset: " + err.Error())
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		panic("asset: " + err.Error())
	}
	return plain
}
