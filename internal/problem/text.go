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

// translatedMessages have the texts of all messages in each language but English, by code.
// translatedWords have the names that are parameters of messages, by their English.
var (
	translatedMessages = map[language.Tag]map[string]plural{}
	translatedWords    = map[language.Tag]map[string]string{}
)

func init() {
	var file struct {
		Messages map[string]plural `json:"messages"`
		Words    map[string]string `json:"words"`
	}
	if err := json.Unmarshal(hindiMessages, &file); err != nil {
		panic(err)
	}
	translatedMessages[language.Hindi], translatedWords[language.Hindi] = file.Messages, file.Words
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
