package problem

import (
	_ "embed"
	"encoding/json"

	"amrutam/internal/language"
)

//go:embed hi.json
var hindiTexts []byte

// Text is what people read of a problem, in one language.
type Text struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Advice string `json:"advice"`
}

// translations have the texts of all problems in each language but English, by slug.
var translations = map[language.Tag]map[string]Text{language.Hindi: readTexts(hindiTexts)}

func readTexts(source []byte) map[string]Text {
	texts := map[string]Text{}
	if err := json.Unmarshal(source, &texts); err != nil {
		panic(err)
	}
	return texts
}

// In returns the texts of the problem in a language. A detail that was made more precise stays in English.
func (e *Error) In(l language.Tag) Text {
	text, known := translations[l][e.Slug]
	if !known {
		return Text{e.Title, e.Detail, e.Advice}
	}
	if general := catalogue[e.Slug]; general == nil || general.Detail != e.Detail {
		text.Detail = e.Detail
	}
	return text
}
