package httpapi

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// optionalRetryAfter names the Retry-After of answers that may lack it.
const optionalRetryAfter = "Retry-After-Optional"

// fileOnly names the Content-Disposition of answers that are a file or JSON.
const fileOnly = "Content-Disposition-Optional"

var seconds = &huma.Schema{Type: huma.TypeInteger, Format: "int32", Minimum: ptr(1.0)}

// headers of answers, by their names in components/headers.
var headers = map[string]huma.Param{
	"Content-Disposition": {Required: true, Description: "The name to save the file under",
		Example: `attachment; filename="amrutam-2026-11-23.zip"`},
	fileOnly: {Description: "The name to save the file under, if the answer is one",
		Example: `attachment; filename="summary-2026-10-25-2026-11-23.csv"`},
	"Content-Language": {Required: true, Description: "The language of title and detail, as Accept-Language asks: " +
		"en or hi", Example: "en"},
	"ETag": {Required: true, Description: "The version of what is shown, for If-Match and If-None-Match",
		Example: `"k3x9"`},
	"Idempotency-Replayed": {Description: "true when this is the stored answer of the key's first request",
		Example: "true"},
	"Location": {Required: true, Description: "The address of the new resource",
		Example: Base + "/consultations/0199f3a2-7c1e-7000-8000-000000000030"},
	"RateLimit": {Description: "Requests that are left, and seconds until all are there again",
		Example: `"user";r=599;t=1`},
	"RateLimit-Policy": {Description: "Requests that are allowed in so many seconds", Example: `"user";q=600;w=60`},
	"Retry-After": {Required: true, Description: "Seconds to wait before asking again", Example: 2,
		Schema: seconds},
	optionalRetryAfter: {Description: "Seconds to wait before asking again, where waiting helps", Example: 2,
		Schema: seconds},
	"Set-Cookie": {Description: "The session or its end, for a browser that holds it in a cookie",
		Example: cookieName + "=kept-by-the-browser; Path=/; HttpOnly; Secure; SameSite=Lax"},
	"WWW-Authenticate": {Required: true, Description: "How to sign in", Example: `Bearer realm="amrutam"`},
	"X-Request-Id": {Required: true, Description: "Names this request in the server's log",
		Example: exampleRequest},
}

// addHeader documents by reference a header of an answer.
func (a *API) addHeader(r *huma.Response, component string) {
	h, known := headers[component]
	if !known {
		panic("httpapi: the header " + component + " is described nowhere")
	}
	if h.Schema == nil {
		h.Schema = &huma.Schema{Type: huma.TypeString}
	}
	a.Document().Components.Headers[component] = &h
	name := strings.TrimSuffix(component, "-Optional")
	r.Headers[name] = &huma.Param{Ref: "#/components/headers/" + component}
}

// commonHeaders are those of every answer of an operation.
func (a *API) commonHeaders(op Op) map[string]*huma.Param {
	r := &huma.Response{Headers: map[string]*huma.Param{}}
	a.addHeader(r, "X-Request-Id")
	if !op.Probe {
		a.addHeader(r, "RateLimit")
		a.addHeader(r, "RateLimit-Policy")
	}
	return r.Headers
}
