package totp

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

const (
	// quietZone is the width of the margin around a code, in modules (ISO/IEC 18004).
	quietZone = 4
	// pixelsPerModule is the size of a module in the picture.
	pixelsPerModule = 8
)

// QRCode draws a text as a PNG, and in characters for terminals.
func QRCode(text string) (picture []byte, characters string, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, "", fmt.Errorf("encode a QR code: %w", err)
	}
	size := pixelsPerModule * (code.Bounds().Dx() + 2*quietZone)
	scaled, err := barcode.Scale(code, size, size)
	if err != nil {
		return nil, "", fmt.Errorf("scale a QR code: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, scaled); err != nil {
		return nil, "", fmt.Errorf("draw a QR code: %w", err)
	}
	return out.Bytes(), inCharacters(code), nil
}

// inCharacters draws two rows of modules in one line. It draws the light modules, for terminals with a dark
// background.
func inCharacters(code barcode.Barcode) string {
	side := code.Bounds().Dx()
	light := func(x, y int) bool {
		return x < 0 || y < 0 || x >= side || y >= side || code.At(x, y) != color.Black
	}
	var text strings.Builder
	for y := -quietZone; y < side+quietZone; y += 2 {
		for x := -quietZone; x < side+quietZone; x++ {
			switch above, below := light(x, y), light(x, y+1); {
			case above && below:
				text.WriteString("█")
			case above:
				text.WriteString("▀")
			case below:
				text.WriteString("▄")
			default:
				text.WriteString(" ")
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}
