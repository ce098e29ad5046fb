// Package amrutam is a typed client of the API. `go generate ./...` makes it from openapi.json.
package amrutam

//go:generate go tool oapi-codegen -config client.yaml ../../../openapi.json
