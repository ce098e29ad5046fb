package problem

import (
	_ "embed"
	"encoding/json"

	"amrutam/internal/language"
)

//go:embed hi.json
var hindiTexts []byte

//go:embed messages_hi.json
var hindiMessages []byte

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

// messageTexts have what messages say in a language, by their code, and the words that stand in their parameters.
type messageTexts struct {
	Messages map[string]plural `json:"messages"`
	Words    map[string]string `json:"words"`
}

var translatedMessages = map[language.Tag]messageTexts{language.Hindi: readMessageTexts(hindiMessages)}

func readMessageTexts(text []byte) (c messageTexts) {
	if err := json.Unmarshal(text, &c); err != nil {
		panic(err)
	}
	return c
}

// In returns the texts of the problem in a language.
func (e *Error) In(l language.Tag) Text {
	text, known := translations[l][e.Slug]
	if !known {
		return Text{e.Title, e.Detail, e.Advice}
	}
	if e.Precise != nil {
		text.Detail = e.Precise.In(l)
	}
	return text
}
