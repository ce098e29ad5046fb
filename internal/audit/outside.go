package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"amrutam/internal/audit/tree"
)

// Outside is a checkpoint from outside of the database.
type Outside struct {
	Place string // where it was read, such as "line 3 of …"
	Note  string // the signed note
	Cut   bool   // the line is no JSON
}

// ReadCheckpoints reads a file that FileSink has written. name is for messages.
func ReadCheckpoints(file io.Reader, name string) ([]Outside, error) {
	var all []Outside
	var cut []byte
	reader := bufio.NewReader(file)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(text) > 0 {
			line := bytes.TrimSuffix(text, []byte("\n"))
			// A write that was interrupted was repeated on the next line.
			if len(cut) > 0 && bytes.HasPrefix(line, cut) {
				all = all[:len(all)-1]
			}
			cut = nil
			var content fileLine
			isCut := json.Unmarshal(line, &content) != nil
			if isCut {
				cut = line
			}
			all = append(all, Outside{fmt.Sprintf("line %d of %s", number, name), content.Note, isCut})
		}
		if err != nil {
			return all, nil //nolint:nilerr // the end of the file
		}
	}
}

// addOutside checks the checkpoints from outside, and adds their roots to those that the tree is compared with. Those
// that a restore gave up are left out.
func (v *verifier) addOutside(outside []Outside) {
	checkpoints := make([]tree.Checkpoint, len(outside))
	for i, o := range outside {
		c, err := v.signer.Open(o.Note)
		switch {
		case o.Cut:
			v.find(&Finding{Text: o.Place + " is no checkpoint, or cut"})
			return
		case err != nil:
			v.find(&Finding{Text: o.Place + ": " + err.Error()})
			return
		case c.Restored:
			v.addRestore(c)
		}
		checkpoints[i] = c
	}
	for i, c := range checkpoints {
		place := outside[i].Place
		switch {
		case v.isGivenUp(c):
			v.result.GivenUp++
			continue
		case c.Size > v.state.Size:
			v.find(&Finding{Leaf: v.state.Size, Text: fmt.Sprintf("the log was cut: %s is a checkpoint of %d "+
				"entries, and the tree has %d", place, c.Size, v.state.Size)})
			return
		}
		if c.Size > 0 { // a restore may come before the first checkpoint
			v.roots = append(v.roots, rootAt{c.Size, c.Root, "the checkpoint in " + place})
		}
		v.result.Outside++
	}
	slices.SortStableFunc(v.roots, func(a, b rootAt) int { return int(a.size - b.size) })
}
