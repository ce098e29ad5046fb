package payment

import "github.com/danielgtaylor/huma/v2"

func described(s *huma.Schema, text string) *huma.Schema {
	s.Description = text
	return s
}

// TransformSchema says what it is where a field refers to it.
func (Payment) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "The money of one consultation")
}

// TransformSchema says what it is where a field refers to it.
func (Attempt) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "One try to pay")
}

// TransformSchema says what it is where a field refers to it.
func (Checkout) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "The provider's page for the patient; null when there is none")
}

// TransformSchema says what it is where a field refers to it.
func (WebhookData) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return described(s, "Which attempt, and the money that moved")
}
