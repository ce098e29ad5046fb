package account

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"amrutam/internal/language"
	"amrutam/internal/problem"
)

//go:embed pages
var pageFiles embed.FS

// pageText is what a page says in one language. Button and Label are those of its form.
type pageText struct {
	Title  string `json:"title"`
	Text   string `json:"text"`
	Button string `json:"button"`
	Label  string `json:"label"`
}

// languageTexts are the texts of the pages in one language: by the name of the page, and the faults of a new password
// by their code, with {limit} for a number.
type languageTexts struct {
	Pages  map[string]pageText `json:"pages"`
	Faults map[string]string   `json:"faults"`
}

var pageTexts = readPageTexts()

func readPageTexts() map[language.Tag]languageTexts {
	all := map[language.Tag]languageTexts{}
	for _, l := range language.All {
		source, err := pageFiles.ReadFile("pages/" + string(l) + ".json")
		if err != nil {
			panic(err)
		}
		var texts languageTexts
		if err := json.Unmarshal(source, &texts); err != nil {
			panic(err)
		}
		all[l] = texts
	}
	return all
}

// fault returns a fault of a new password as a sentence.
func (t languageTexts) fault(f problem.Field) string {
	sentence, known := t.Faults[f.Code]
	if !known {
		return f.Message
	}
	return strings.ReplaceAll(sentence, "{limit}", fmt.Sprint(f.Params["limit"]))
}
